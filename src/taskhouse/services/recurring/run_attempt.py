"""Attempts as task instances: each is submitted to the queue that jobs of clients go through, too, and followed to its end.

The pair (node instance, run) is the guid of the submission, so an attempt that is ordered twice is one task instance, whoever orders it and
whatever died in between. What a task instance commits to a table carries its id; recovery looks for that in the table's log before it
calls anything lost. A virtual node has no task instance.

Which code runs says `which_version`. Parameters are resolved at the start of each attempt from the instance's own times (D-39). Attempts run
for the administrator, narrowed by a policy to what whoever may publish into the task's project should be able to do (`rights_in`).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

import structlog

from taskhouse.domain.access import Policy, PolicyStatement
from taskhouse.domain.attempts import FailReason
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Instance, InstanceStatus, JobSpec, TaskSpec, TaskStatus
from taskhouse.domain.node_state import Run, RunOutcome
from taskhouse.domain.parameters import Parameters, read_parameters
from taskhouse.domain.published import Program, ProgramKind, PublishedNode, PublishedTask
from taskhouse.domain.recurring import Environment, Priority
from taskhouse.ports.executor import AttemptOrder, Found, Prepared
from taskhouse.services import submit_instance
from taskhouse.services.found_home import ADMINISTRATOR
from taskhouse.services.recurring.which_version import versions_that_run
from taskhouse.services.run_process import PARAMETERS
from taskhouse.services.world import Caller, World

_log = structlog.get_logger(__name__)

_MESSAGE_CHARS = 2000
_QUEUE_PRIORITY = {
    Priority.HIGHEST: 1,
    Priority.HIGH: 3,
    Priority.MIDDLE: 5,
    Priority.LOW: 7,
    Priority.LOWEST: 9,
}
_KEEPS_UNKNOWN = (ProgramKind.SHELL, ProgramKind.PYTHON)
"""In these languages `${name}` may mean something of their own."""

_READING = ("odps:Select", "odps:Describe", "odps:Download", "odps:List")


@dataclass(frozen=True, slots=True)
class Ready:
    """An attempt's program with everything filled in."""

    program: Program
    version: int
    code: str
    parameters: Mapping[str, str]


class TaskInstanceExecutor:
    """Implements `ports.executor.Executor` for a server. `zone`: the tenant's, in which scheduled times are written."""

    def __init__(self, world: World, zone: Callable[[], tzinfo]) -> None:
        self._world = world
        self._zone = zone
        self._lock = threading.Lock()
        self._following: dict[tuple[int, int], str] = {}
        """(node, serial) -> task instance."""
        self._runs: dict[str, tuple[int, int]] = {}
        self._ends: dict[str, Callable[[], None]] = {}
        self._touched: set[str] = set()
        self._outcomes: list[RunOutcome] = []
        self._callbacks: dict[object, Callable[[], None]] = {}

    # What will run

    def holds_slot(self, kind: ProgramKind) -> bool:
        return kind is not ProgramKind.VIRTUAL

    def prepare(self, orders: Sequence[AttemptOrder]) -> Sequence[Prepared]:
        real = [order for order in orders if order.kind is not ProgramKind.VIRTUAL]
        versions = versions_that_run(self._world.recurring, real)
        return [
            Prepared(order.generated, outcome=RunOutcome(order.node, order.serial))
            if order.kind is ProgramKind.VIRTUAL
            else self._prepared(order, versions.get(order.node))
            for order in orders
        ]

    def _prepared(self, order: AttemptOrder, task: PublishedTask | None) -> Prepared:
        if task is None:
            message = f"no version of task '{order.task}' that has its code is stored any more; publish it again"
            return Prepared(order.generated, outcome=RunOutcome(order.node, order.serial, FailReason.ERROR, message))
        try:
            ready = self._ready(order, task)
        except Fault as fault:
            outcome = RunOutcome(order.node, order.serial, FailReason.ERROR, str(fault))
            return Prepared(task.version, outcome=outcome)
        return Prepared(task.version, json.dumps(ready.parameters, ensure_ascii=False))

    def _ready(self, order: AttemptOrder, task: PublishedTask) -> Ready:
        """Raises `Fault` when the code names what does not exist."""
        node = task.node(order.node_id)
        if node is None:
            message = (
                f"version {task.version} of task '{task.id}' has no node '{order.node_id}'; rerun with the current code"
            )
            raise Fault(FaultCode.INVALID_STATE, message)
        code, values = filled_in(
            node, task, order.instance, order.bizdate, order.due_at.astimezone(self._zone()).replace(tzinfo=None)
        )
        return Ready(node.program, task.version, code, values)

    # Running

    def start(self, orders: Sequence[AttemptOrder]) -> None:
        store = self._world.recurring
        owners = {order.owner for order in orders}
        mine = {(run.node, run.serial, run.owner) for owner in owners for run in store.live_runs(owner)}
        for order in orders:
            if (order.node, order.serial, order.owner) not in mine:
                _log.warning("an order came too late", node=order.node, serial=order.serial, owner=order.owner)
                continue
            try:
                instance = self._submit(order)
            except Fault as fault:
                self._tell(RunOutcome(order.node, order.serial, FailReason.ERROR, str(fault)))
                continue
            except Exception as error:
                _log.exception("cannot submit an attempt", node=order.node, serial=order.serial)
                self._tell(
                    RunOutcome(order.node, order.serial, FailReason.ERROR, f"it could not be submitted: {error}")
                )
                continue
            is_live = self._world.recurring.set_task_instance(order.node, order.serial, instance.id)
            self._follow((order.node, order.serial), instance.id)
            if not is_live:  # it was superseded between its start and the order, and nobody knew then what to stop
                self._stop(instance.id)

    def _stop(self, instance: str) -> None:
        self._world.instances.stop(instance, self._world.clock.now())
        self._world.runs.cancel(instance)
        self._world.events.publish(f"instance:{instance}")

    def _submit(self, order: AttemptOrder) -> Instance:
        store = self._world.recurring
        key = (order.task, order.version)
        task = store.versions(order.environment, [key])[key]
        ready = self._ready(order, task)
        program = ready.program
        config = {PARAMETERS: json.dumps(ready.parameters, ensure_ascii=False)}
        spec = TaskSpec(_task_name(order.node_id), program.kind.value, ready.code, dict(program.settings), config)
        job = JobSpec(
            program.project,
            (spec,),
            _QUEUE_PRIORITY[order.priority],
            name=order.node_id,
            comment=f"attempt {order.number} of recurring instance {order.instance}",
            guid=guid_of(order.node, order.serial),
        )
        if self._world.catalogue.project(job.project) is None:
            raise Fault(FaultCode.NO_SUCH_PROJECT, f"Project not found - '{job.project}'")
        caller = Caller(self._owner(), is_admin=True, token_scope=rights_in(job.project))
        return submit_instance.queue(self._world, caller, job)

    def _owner(self) -> str:
        """The user whose task instances attempts are."""
        users = self._world.access.users()
        return next((user.name for user in users if user.is_admin), ADMINISTRATOR)

    def cancel(self, run: Run) -> bool:
        instance = self._instance_of(run)
        if instance is None:
            return True
        self._follow((run.node, run.serial), instance)
        self._stop(instance)
        return False

    def find(self, run: Run) -> RunOutcome | Found:
        with self._lock:
            if (run.node, run.serial) in self._following:
                return Found.RUNNING
        instance = self._instance_of(run)
        if instance is None:
            return Found.UNKNOWN
        if not run.task_instance:
            self._world.recurring.set_task_instance(run.node, run.serial, instance)
        self._follow((run.node, run.serial), instance)
        return Found.RUNNING

    def _instance_of(self, run: Run) -> str | None:
        with self._lock:
            known = self._following.get((run.node, run.serial)) or run.task_instance
        return known or self._submitted(guid_of(run.node, run.serial))

    def _submitted(self, guid: str) -> str | None:
        """Of an attempt whose scheduler died between submitting it and writing down its task instance."""
        owner, marker = self._owner(), ""
        while True:
            page = self._world.catalogue.projects(marker=marker)
            for project in page.items:
                found = self._world.instances.submitted(project.name, owner, guid)
                if found is not None:
                    return found.id
            marker = page.marker
            if not marker:
                return None

    # Ends

    def poll(self) -> Sequence[RunOutcome]:
        with self._lock:
            touched, self._touched = self._touched, set()
        for instance in touched:
            self._look(instance)
        with self._lock:
            found, self._outcomes = self._outcomes, []
            return found

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        key = object()
        with self._lock:
            self._callbacks[key] = callback

        def end() -> None:
            with self._lock:
                self._callbacks.pop(key, None)

        return end

    def _follow(self, run: tuple[int, int], instance: str) -> None:
        """Also of an instance that has ended already: the first `poll` finds out."""
        with self._lock:
            if instance not in self._runs:
                self._runs[instance] = run
                self._following[run] = instance
                self._ends[instance] = self._world.events.watch(f"instance:{instance}", lambda: self._touch(instance))
        self._touch(instance)

    def _touch(self, instance: str) -> None:
        with self._lock:
            self._touched.add(instance)
            callbacks = list(self._callbacks.values())
        for callback in callbacks:
            callback()

    def _tell(self, outcome: RunOutcome) -> None:
        with self._lock:
            self._outcomes.append(outcome)
            callbacks = list(self._callbacks.values())
        for callback in callbacks:
            callback()

    def _look(self, id: str) -> None:
        """Whether it has ended, and nothing of it runs any more: a worker may take a moment to let go of what was stopped."""
        with self._lock:
            run = self._runs.get(id)
        if run is None or self._world.runs.find(id) is not None:
            return
        instance = self._world.instances.get(None, id)
        if instance is not None and instance.status is not InstanceStatus.TERMINATED:
            return
        with self._lock:
            self._runs.pop(id, None)
            self._following.pop(run, None)
            end = self._ends.pop(id, None)
            self._outcomes.append(_outcome(run, id, instance))
        if end is not None:
            end()


def filled_in(
    node: PublishedNode, task: PublishedTask, instance: int, bizdate: date, due_at: datetime
) -> tuple[str, Mapping[str, str]]:
    """A node's code with everything filled in for an instance, and its parameters' values. `due_at` on the tenant's clocks, without a
    zone. Raises `Fault` when the code names what does not exist."""
    program = node.program
    parameters = Parameters(
        bizdate,
        due_at,
        read_parameters(program.parameters),
        {"nodeid": node.id, "taskid": str(instance), "project": program.project, "unit": _unit(task)},
    )
    code = parameters.substitute(program.code, keep_unknown=program.kind in _KEEPS_UNKNOWN)
    return code, parameters.values()


def rights_in(project: str) -> Policy:
    """What an attempt may do: everything to the objects of its own MaxCompute project, but not administer it; read tables elsewhere. So
    no task changes what another project has, and none of the development environment what production has."""
    own = f"acs:odps:*:projects/{project}"
    return Policy((PolicyStatement(True, ("*",), (own, f"{own}/*")), PolicyStatement(True, _READING, ("*",))))


def guid_of(node: int, serial: int) -> str:
    return f"recurring:{node}:{serial}"


def _outcome(run: tuple[int, int], id: str, instance: Instance | None) -> RunOutcome:
    node, serial = run
    if instance is None:
        message = f"its task instance {id} is gone"
        return RunOutcome(node, serial, FailReason.LOST, message, task_instance=id)
    ended_at: datetime | None = instance.ended_at
    task = instance.tasks[0]
    if task.status is TaskStatus.SUCCESS:
        return RunOutcome(node, serial, task_instance=id, ended_at=ended_at)
    error = task.summary.get("error")
    told = error.get("message") if isinstance(error, dict) else None
    message = (told or task.result_text)[-_MESSAGE_CHARS:]
    if task.status is TaskStatus.CANCELLED:
        return RunOutcome(
            node, serial, FailReason.STOPPED, message, cancelled=True, task_instance=id, ended_at=ended_at
        )
    interrupted = isinstance(error, dict) and error.get("code") == FaultCode.INTERRUPTED.wire_name
    reason = FailReason.LOST if interrupted else FailReason.ERROR
    return RunOutcome(node, serial, reason, message, task_instance=id, ended_at=ended_at)


def _unit(task: PublishedTask) -> str:
    """The business unit's name as code sees it: the development environment has one of its own."""
    suffix = "_dev" if task.environment is Environment.DEV and task.business_unit else ""
    return task.business_unit + suffix


def _task_name(node_id: str) -> str:
    """Names of tasks are names of XML elements' content: anything goes, but Logview reads better without the project."""
    return node_id.partition(".")[2] or node_id
