"""Task instances: submit, list, follow, stop. What was recorded about one is in `instance_reports`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Instance, InstanceFilter, InstanceStatus, Task
from taskhouse.domain.paging import Page
from taskhouse.protocols.odps import xml
from taskhouse.protocols.odps.faults import http_time
from taskhouse.protocols.odps.instance_reports import queueing, result_elements
from taskhouse.protocols.odps.job_documents import read_job
from taskhouse.protocols.odps.locating import number, project_of
from taskhouse.protocols.odps.web import Reply, Request, Routes, on_worker
from taskhouse.protocols.odps.xml import Xml, element
from taskhouse.services import inspect_instances, stop_instance, submit_instance
from taskhouse.services.world import World
from taskhouse.services.xflow.submit import submit as submit_xflow

routes = Routes()

ALL = "/projects/{project}/instances"
ONE = "/projects/{project}/instances/{instance}"


# submit


def _submit(world: World, request: Request) -> Instance:
    job = read_job(project_of(request), request.body())
    if job.tasks[0].type == "XFlow":
        return submit_xflow(world, request.caller, job)
    return submit_instance.submit(world, request.caller, job)


def _location(request: Request, instance: Instance) -> dict[str, str]:
    return {"Location": f"{request.url.partition('?')[0].rstrip('/')}/{instance.id}"}


@routes.post(ALL)
def create(world: World, request: Request) -> Reply:
    """201 with the instance's place and an empty body: any body at all would be taken for the result of a finished one."""
    return Reply(201, b"", _location(request, _submit(world, request)))


@routes.waiting("POST", ALL, "tryWait")
async def create_and_wait(world: World, request: Request) -> Reply:
    """As `create`, but an instance that ends within the long poll's time is answered with 200 and its results."""
    instance = await on_worker(_submit, world, request)
    headers = _location(request, instance)
    if request.query["tryWait"].lower() == "false":
        return Reply(201, b"", headers)

    def look() -> Instance:
        return inspect_instances.head(world, request.caller, instance.project, instance.id)

    def answer() -> Reply:
        whole = inspect_instances.get(world, request.caller, instance.project, instance.id)
        return Reply(200, xml.document(element("Instance", result_elements(world, whole))), headers)

    latest = await until_ended(world, instance.id, look)
    if latest.status is not InstanceStatus.TERMINATED:
        return Reply(201, b"", headers)
    return await on_worker(answer)


# status


async def until_ended(world: World, instance_id: str, look: Callable[[], Instance]) -> Instance:
    """What `look`, a blocking read of the instance, returns once it is Terminated, or when the long poll's time is over.
    Occupies no thread in between."""
    loop = asyncio.get_running_loop()
    changed = asyncio.Event()
    end_watch = world.events.watch(f"instance:{instance_id}", lambda: _call_soon(loop, changed))
    deadline = time.monotonic() + world.limits.long_poll_s
    try:
        while True:
            changed.clear()
            instance = await on_worker(look)
            left = deadline - time.monotonic()
            if instance.status is InstanceStatus.TERMINATED or left <= 0:
                return instance
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), left)
    finally:
        end_watch()


def _call_soon(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(event.set)


def _status_reply(instance: Instance) -> Reply:
    headers = {
        "x-odps-owner": instance.owner,
        "x-odps-start-time": http_time(instance.started_at or instance.submitted_at),
    }
    if instance.ended_at is not None:
        headers["x-odps-end-time"] = http_time(instance.ended_at)
    return Reply(200, xml.document(element("Instance", element("Status", instance.status.value))), headers)


@routes.get(ONE)
def status(world: World, request: Request) -> Reply:
    return _status_reply(_head(world, request))


@routes.waiting("GET", ONE, "instancestatus")
async def status_at_end(world: World, request: Request) -> Reply:
    """Answers when the instance has ended, or with its status of the moment when the long poll's time is over."""
    return _status_reply(await until_ended(world, request.path["instance"], lambda: _head(world, request)))


def _head(world: World, request: Request) -> Instance:
    return inspect_instances.head(world, request.caller, project_of(request), request.path["instance"])


@routes.get(ONE, "taskstatus")
def task_status(world: World, request: Request) -> Reply:
    instance = _head(world, request)
    tasks = element("Tasks", [_task_element(task) for task in instance.tasks])
    return Reply(200, xml.document(element("Instance", element("Status", instance.status.value), tasks)))


def _task_element(task: Task) -> Xml:
    return element(
        "Task",
        element("Name", task.spec.name),
        element("StartTime", http_time(task.started_at)) if task.started_at else None,
        element("EndTime", http_time(task.ended_at)) if task.ended_at else None,
        element("Status", task.status.value),
        element("Histories"),
        Type=task.spec.type,
    )


# stop


@routes.put(ONE)
def stop(world: World, request: Request) -> Reply:
    wanted = xml.required_text(xml.parse(request.body()), "Status")
    if wanted != "Terminated":
        raise Fault(FaultCode.INVALID_PARAMETER, f"an instance can be set to 'Terminated' only, not to '{wanted}'")
    stop_instance.stop(world, request.caller, project_of(request), request.path["instance"])
    return Reply()


# list


def _moment(text: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        raise Fault(FaultCode.INVALID_PARAMETER, f"daterange: '{text}' is not a number of seconds since 1970") from None


def read_filter(request: Request) -> InstanceFilter:
    """`status`, `daterange=from:to` (epoch seconds, either may be blank), `onlyowner=yes|no`, `jobname`."""
    query = request.query
    status = None
    if query.get("status"):
        known = {each.value.lower(): each for each in InstanceStatus}
        status = known.get(query["status"].lower())
        if status is None:
            names = ", ".join(each.value for each in InstanceStatus)
            raise Fault(FaultCode.INVALID_PARAMETER, f"status '{query['status']}' is not one of {names}")
    only_owner = query.get("onlyowner", "no").lower()
    if only_owner not in ("yes", "no", "true", "false", ""):
        raise Fault(FaultCode.INVALID_PARAMETER, f"onlyowner='{only_owner}' is neither 'yes' nor 'no'")
    start, separator, end = query.get("daterange", "").partition(":")
    if start and not separator:
        raise Fault(
            FaultCode.INVALID_PARAMETER, "daterange must be 'from:to' in seconds since 1970; either may be blank"
        )
    owner = request.caller.user if only_owner in ("yes", "true") else ""
    return InstanceFilter(status, owner, query.get("jobname", ""), _moment(start), _moment(end))


def _page(world: World, request: Request) -> tuple[int, Page[Instance]]:
    """How many items were asked for (0: as many as the server likes), and these."""
    limit = number(request, "maxitems", 0)
    project, marker = project_of(request), request.query.get("marker", "")
    return limit, inspect_instances.page(world, request.caller, project, read_filter(request), marker, limit)


@routes.get(ALL)
def page(world: World, request: Request) -> Reply:
    limit, found = _page(world, request)
    items = [
        element(
            "Instance",
            element("Name", instance.id),
            element("Owner", instance.owner),
            element("StartTime", http_time(instance.started_at or instance.submitted_at)),
            element("EndTime", http_time(instance.ended_at)) if instance.ended_at else None,
            element("Status", instance.status.value),
        )
        for instance in found.items
    ]
    return Reply(
        200,
        xml.document(
            element("Instances", element("Marker", found.marker), element("MaxItems", limit or len(items)), items)
        ),
    )


@routes.get("/projects/{project}/cachedinstances")
def queue_page(world: World, request: Request) -> Reply:
    """What waits and runs, as queueing documents in JSON."""
    limit, found = _page(world, request)
    content = json.dumps([queueing(instance) for instance in found.items], ensure_ascii=False)
    return Reply(
        200,
        xml.document(
            element(
                "Instances",
                element("Marker", found.marker),
                element("MaxItems", limit or len(found.items)),
                element("Content", content),
            )
        ),
    )
