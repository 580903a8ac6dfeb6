"""What is known about one instance: results, progress, source, summary, details, queueing, notes, sub-instances."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from taskhouse.domain.datatypes import parse_type
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Instance, InstanceStatus, ResultKind, Stage, Task, TaskStatus
from taskhouse.protocols.odps import xml
from taskhouse.protocols.odps.job_documents import source_document
from taskhouse.protocols.odps.locating import project_of
from taskhouse.protocols.odps.web import Reply, Request, Routes
from taskhouse.protocols.odps.xml import Xml, element
from taskhouse.services import inspect_instances
from taskhouse.services.csv_text import csv_file
from taskhouse.services.world import World

routes = Routes()

ONE = "/projects/{project}/instances/{instance}"


def _get(world: World, request: Request) -> Instance:
    return inspect_instances.get(world, request.caller, project_of(request), request.path["instance"])


def _task(world: World, request: Request) -> tuple[Instance, Task]:
    """The task named by `taskname`; the only one when it is not given."""
    instance = _get(world, request)
    name = request.query.get("taskname", "")
    if not name:
        if len(instance.tasks) != 1:
            raise Fault(
                FaultCode.INVALID_PARAMETER, f"the instance has {len(instance.tasks)} tasks; say which by 'taskname'"
            )
        return instance, instance.tasks[0]
    return instance, inspect_instances.task(instance, name)


def _json(value: Any, **headers: str) -> Reply:
    return Reply(200, json.dumps(value, ensure_ascii=False), headers, "application/json")


# results


@routes.get(ONE, "result")
def result(world: World, request: Request) -> Reply:
    return Reply(200, xml.document(element("Instance", result_elements(world, _get(world, request)))))


def result_elements(world: World, instance: Instance) -> Xml:
    """`<Tasks>` with the results of all tasks, in the order submitted; a task that has not ended has an empty one."""
    return element("Tasks", [_result_element(world, task) for task in instance.tasks])


def _result_element(world: World, task: Task) -> Xml:
    text: bytes | str = task.result_text
    kind = "text"
    descriptor = None
    if task.status is TaskStatus.SUCCESS and task.result_kind is ResultKind.ROWS:
        kind = "csv"
        limit = world.limits.result_rows
        columns = [(name, parse_type(type_)) for name, type_ in task.result_columns]
        text = csv_file(str(world.results / task.result_file), columns, _time_zone(task), limit)
        descriptor = {"IsSelect": True, "SelectResultStatus": "TRUNCATED" if task.result_rows > limit else "FULL"}
    return element(
        "Task",
        element("Name", task.spec.name),
        _result_text(text, kind),
        element("ResultDescriptor", json.dumps(descriptor)) if descriptor else None,
        element("Status", task.status.value),
        Type=task.spec.type,
    )


def _result_text(content: bytes | str, kind: str) -> Xml:
    """As text where XML can carry it, in Base64 where it cannot: control characters, bytes that are not UTF-8."""
    if isinstance(content, bytes):
        try:
            text = content.decode()
        except UnicodeDecodeError:
            return element("Result", base64.b64encode(content).decode(), Transform="Base64", Format=kind)
    else:
        text = content
    if xml.is_speakable(text):
        return element("Result", text, Format=kind)
    data = text.encode("utf-8", "surrogatepass")
    return element("Result", base64.b64encode(data).decode(), Transform="Base64", Format=kind)


def _time_zone(task: Task) -> str:
    zone = task.summary.get("time_zone") or task.spec.settings.get("odps.sql.timezone")
    return str(zone) if zone else "UTC"


# progress and facts


@routes.get(ONE, "instanceprogress")
def progress(world: World, request: Request) -> Reply:
    instance = _get(world, request)
    task = inspect_instances.task(instance, request.query["instanceprogress"] or request.query.get("taskname", ""))
    return Reply(200, xml.document(element("Progress", [_stage_element(stage) for stage in task.stages])))


def _stage_element(stage: Stage) -> Xml:
    return element(
        "Stage",
        element("BackupWorkers", 0),
        element("TerminatedWorkers", stage.workers_done),
        element("RunningWorkers", stage.workers_running),
        element("TotalWorkers", stage.workers_total),
        element("InputRecords", stage.rows_in),
        element("OutputRecords", stage.rows_out),
        element("FinishedPercentage", stage.percent),
        ID=stage.name,
    )


@routes.get(ONE, "source")
def source(world: World, request: Request) -> Reply:
    return Reply(200, source_document(_get(world, request)))


@routes.get(ONE, "instancesummary")
def summary(world: World, request: Request) -> Reply:
    instance, task = _task(world, request)
    finalized = "true" if task.status.is_final else "false"
    headers = {"x-odps-task-finalized": finalized}
    if not task.status.is_final:
        return _json({"Instance": {}}, **headers)
    facts = dict(task.summary)
    facts["Cost"] = _cost(task)
    facts["Stages"] = [_stage_facts(stage) for stage in task.stages]
    document = {
        "JsonSummary": json.dumps(facts, ensure_ascii=False, default=str),
        "Summary": _summary_text(instance, task),
    }
    return _json({"Instance": document}, **headers)


def _amount(task: Task, *names: str) -> float:
    for name in names:
        value = task.summary.get(name)
        if isinstance(value, int | float):
            return value
    return 0


def _cost(task: Task) -> dict[str, int]:
    """`CPU` in hundredths of core seconds, `Memory` in MiB seconds, `Input` in bytes."""
    seconds = (task.ended_at - task.started_at).total_seconds() if task.ended_at and task.started_at else 0.0
    return {
        "CPU": round(_amount(task, "cpu_seconds") * 100),
        "Memory": round(_amount(task, "peak_memory_bytes") / 2**20 * seconds),
        "Input": int(_amount(task, "bytes_in")),
    }


def _stage_facts(stage: Stage) -> dict[str, object]:
    return {
        "Name": stage.name,
        "Operator": stage.operator,
        "Upstream": list(stage.upstream),
        "InputRecords": stage.rows_in,
        "OutputRecords": stage.rows_out,
        "Seconds": stage.seconds,
    }


def _summary_text(instance: Instance, task: Task) -> str:
    cost = _cost(task)
    lines = [
        f"instance: {instance.id}",
        f"task: {task.spec.name} ({task.spec.type}) {task.status.value}",
        f"resource cost: cpu {cost['CPU'] / 100:.2f} Core * Sec, memory {cost['Memory']} MiB * Sec, input {cost['Input']} bytes",
    ]
    lines.extend(
        f"{stage.name}: {stage.operator} input records {stage.rows_in} output records {stage.rows_out}"
        for stage in task.stages
    )
    return "\n".join(lines)


@routes.get(ONE, "instancedetail")
@routes.get(ONE, "detail")
def detail(world: World, request: Request) -> Reply:
    """The stages with their parallel parts as `instances`, which clients show as workers."""
    instance, task = _task(world, request)
    mapred = {
        "jobs": [
            {
                "name": task.spec.name,
                "status": task.status.value,
                "tasks": [_worker_group(task, stage) for stage in task.stages],
            }
        ]
    }
    return _json({"Instance": instance.id, "mapReduce": mapred})


MAX_WORKERS_SHOWN = 64


def _worker_group(task: Task, stage: Stage) -> dict[str, object]:
    workers = []
    for number in range(min(stage.workers_total, MAX_WORKERS_SHOWN)):
        done = number < stage.workers_done
        running = not done and number < stage.workers_done + stage.workers_running
        workers.append(
            {
                "id": f"{stage.name}#{number}_0",
                "logId": f"{task.index}.{stage.name}.{number}",
                "startTime": int(task.started_at.timestamp()) if task.started_at else 0,
                "endTime": int(task.ended_at.timestamp()) if task.ended_at else 0,
                "status": "Terminated" if done else "Running" if running else "Ready",
            }
        )
    return {
        "name": stage.name,
        "operator": stage.operator,
        "inputRecords": stage.rows_in,
        "outputRecords": stage.rows_out,
        "seconds": stage.seconds,
        "instances": workers,
    }


@routes.get(ONE, "log")
def worker_log(world: World, request: Request) -> Reply:
    """What was recorded of one stage, as lines of text; `id` comes from `detail`."""
    instance = _get(world, request)
    log_id = request.query.get("id", "")
    index, _, rest = log_id.partition(".")
    name = rest.rpartition(".")[0]
    for task in instance.tasks:
        if str(task.index) != index:
            continue
        for stage in task.stages:
            if stage.name == name:
                return Reply(200, _log_text(task, stage, request.query.get("logtype", "")), media_type="text/plain")
    raise Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - log '{log_id[:100]}' of instance '{instance.id}'")


def _log_text(task: Task, stage: Stage, kind: str) -> str:
    if kind not in ("", "stdout", "coreinfo", "waterfall_summary"):
        return f"a stage of an SQL task writes no {kind} here\n"
    started = f"{task.started_at:%Y-%m-%d %H:%M:%S} " if task.started_at else ""
    lines = [
        f"{started}{stage.name} {stage.operator}",
        f"{stage.workers_done} of {stage.workers_total} parts done, {stage.percent}%",
        f"input records: {stage.rows_in}",
        f"output records: {stage.rows_out}",
        f"seconds: {stage.seconds:.3f}",
    ]
    return "\n".join([*lines, *task.warnings, ""])


# queueing


def queueing(instance: Instance) -> dict[str, object]:
    """The queueing document of an instance."""
    task = instance.tasks[0] if instance.tasks else None
    history = [{"start": _stamp(instance.submitted_at), "description": "Waiting for a free slot"}]
    if instance.started_at is not None:
        history.append({"start": _stamp(instance.started_at), "description": "Running"})
    if instance.ended_at is not None:
        history.append({"start": _stamp(instance.ended_at), "description": "Terminated"})
    return {
        "instanceId": instance.id,
        "instancePriority": instance.priority,
        "instanceProcess": inspect_instances.percent(instance),
        "jobName": instance.name,
        "projectName": instance.project,
        "skynetId": "",
        "startTime": _stamp(instance.started_at or instance.submitted_at),
        "taskType": task.spec.type if task else "",
        "taskName": task.spec.name if task else "",
        "userAccount": instance.owner,
        "status": instance.status.value,
        "subStatusHistory": history,
    }


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} +0000"


@routes.get(ONE, "cached")
def queueing_info(world: World, request: Request) -> Reply:
    return _json(queueing(_get(world, request)))


@routes.get(ONE, "instancequota")
def quota(world: World, request: Request) -> Reply:
    instance, task = _task(world, request)
    waiting = instance.status is InstanceStatus.SUSPENDED
    return _json(
        {"taskName": task.spec.name, "quota": "default", "slots": world.limits.running_tasks, "waiting": waiting}
    )


# notes


@routes.get(ONE, "info")
def get_info(world: World, request: Request) -> Reply:
    instance, task = _task(world, request)
    key = request.query.get("key", "")
    if key == "warnings":
        return _json({"warnings": list(task.warnings)})
    value = inspect_instances.info(world, request.caller, instance.project, instance.id, task.spec.name, key)
    return Reply(200, value or "", media_type="text/plain")


@routes.put(ONE, "info")
def put_info(world: World, request: Request) -> Reply:
    """The reply's body is empty: nothing at the other end has an answer to it."""
    body = xml.parse(request.body())
    instance, task = _task(world, request)
    key = xml.required_text(body, "Key")
    value = xml.text_of(body, "Value")
    inspect_instances.put_info(world, request.caller, instance.project, instance.id, task.spec.name, key, value)
    return Reply()


# XFlow


@routes.get(ONE, "xresult")
def xflow_result(world: World, request: Request) -> Reply:
    """The sub-instances that an XFlow planned, by the names of its actions, with the results they have so far."""
    instance = _get(world, request)
    actions = []
    for child in inspect_instances.children(world, request.caller, instance.project, instance.id):
        whole = inspect_instances.get(world, request.caller, child.project, child.id)
        actions.append(
            element(
                "Action",
                element("Name", child.action),
                element("InstanceId", child.id),
                element("Result", result_elements(world, whole)),
                NodeType="Instance",
            )
        )
    return Reply(200, xml.document(element("XflowResult", element("Actions", actions))))


@routes.get(ONE, "xsource")
def xflow_source(world: World, request: Request) -> Reply:
    instance = _get(world, request)
    if not any(task.spec.type == "XFlow" for task in instance.tasks):
        raise Fault(FaultCode.INVALID_PARAMETER, f"instance '{instance.id}' is not an XFlow instance")
    return Reply(200, instance.source)
