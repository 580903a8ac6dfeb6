"""Running a claimed instance: each attempt to its outcome, task after task, on the calling thread."""

from __future__ import annotations

import contextlib

import structlog

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Attempt, Instance, Outcome, ResultKind, TaskStatus
from taskhouse.ports.instance_store import Recorded, StoreClosedError
from taskhouse.services.persistence import surely
from taskhouse.services.task_run import Control, TaskRun
from taskhouse.services.world import World

_log = structlog.get_logger(__name__)


def run(world: World, attempt: Attempt) -> None:
    """Run the instance of `attempt` until it is Terminated or was taken away (stopped). Never raises for what a task does."""
    instance = world.instances.get(None, attempt.instance_id)
    if instance is None:
        return
    following: Attempt | None = attempt
    while following is not None:
        following = _run_attempt(world, instance, following)
    world.events.publish(f"instance:{instance.id}")


def failed(control: Control, fault: Fault, summary: dict[str, object] | None = None) -> Outcome:
    """The outcome of an attempt that ended with a fault; Cancelled when it was cancelled by its user."""
    cancelled = fault.code is FaultCode.CANCELLED
    error: dict[str, object] = {"code": fault.code.wire_name, "message": str(fault)}
    if fault.place is not None:
        error |= {"line": fault.place.line, "column": fault.place.column}
    return Outcome(
        status=TaskStatus.CANCELLED if cancelled else TaskStatus.FAILED,
        result_kind=ResultKind.TEXT,
        result_text=str(fault),
        stages=control.stages,
        summary={**(summary or {}), "error": error},
    )


def _run_attempt(world: World, instance: Instance, attempt: Attempt) -> Attempt | None:
    task = instance.tasks[attempt.index]
    log = _log.bind(instance=instance.id, task=task.spec.name, attempt=attempt.number)
    control = world.runs.begin(attempt, world.instances.record_progress)
    try:
        if not world.instances.is_live(attempt):
            return None
        try:
            outcome = world.runners[task.spec.type](world, TaskRun(instance, task, attempt, control))
        except Fault as fault:
            outcome = failed(control, control.fault or fault)
        except Exception:
            log.exception("task run broke")
            unknown = Fault(
                FaultCode.INTERRUPTED,
                f"an internal error ended the task; the server's log tells more under instance {instance.id}",
            )
            outcome = failed(control, control.fault or unknown)
        recorded = _record(world, attempt, outcome)
        if not recorded.accepted and outcome.result_file:
            with contextlib.suppress(OSError):
                (world.results / outcome.result_file).unlink(missing_ok=True)
        world.measures.add("tasks_ended", type=task.spec.type, status=outcome.status.value)
        log.info("task ended", status=outcome.status.value, accepted=recorded.accepted)
        return recorded.next
    finally:
        world.runs.end(control)
        world.events.publish(f"instance:{instance.id}")


def _record(world: World, attempt: Attempt, outcome: Outcome) -> Recorded:
    """Record the outcome, however long that takes. What cannot be stored as it is (it should not happen) is stored without its
    particulars; the status is kept."""
    now = world.clock.now()
    try:
        return world.instances.record_outcome(attempt, outcome, now)
    except StoreClosedError:
        raise
    except Exception as error:
        _log.exception("cannot record an outcome", instance=attempt.instance_id, status=outcome.status.value)
        note = f"The particulars could not be recorded: {error}".encode(errors="replace").decode()
    bare = Outcome(outcome.status, ResultKind.TEXT, note, result_file=outcome.result_file)
    return surely(lambda: world.instances.record_outcome(attempt, bare, now), f"outcome of {attempt.instance_id}")
