"""Running an XFlow: its sub-instances one after another, and inside them the algorithms' own computations."""

from __future__ import annotations

from dataclasses import replace

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import (
    Instance,
    InstanceStatus,
    Outcome,
    ResultKind,
    Stage,
    TaskStatus,
)
from taskhouse.ports.model_store import OfflineModel
from taskhouse.services import run_instance, run_sql
from taskhouse.services.task_run import TaskRun
from taskhouse.services.world import World
from taskhouse.services.xflow.submit import ARGUMENT_PREFIX


def run(world: World, task_run: TaskRun) -> Outcome:
    """Runner of `XFlow`: succeeds when every sub-instance did; the first that does not ends it, and the rest is cancelled."""
    control = task_run.control
    planned = world.instances.children(task_run.instance.id)
    done: list[Instance] = []
    for number, child in enumerate(planned):
        control.check()
        control.report(_stages(planned, done, running=number))
        attempt = world.instances.claim(child.id, world.clock.now())
        if attempt is not None:
            world.events.publish(f"instance:{child.id}")
            run_instance.run(world, attempt)
        ended = world.instances.get(child.project, child.id)
        if ended is None or ended.status is not InstanceStatus.TERMINATED:
            raise Fault(FaultCode.INTERRUPTED, f"sub-instance {child.action} ({child.id}) did not end")
        done.append(ended)
        control.report(_stages(planned, done, running=None))
        control.check()
        if any(task.status is not TaskStatus.SUCCESS for task in ended.tasks):
            raise Fault(FaultCode.RUNTIME, _reason(ended))
    report = "".join(f"{child.action}\t{child.id}\t{TaskStatus.SUCCESS.value}\n" for child in done)
    return Outcome(TaskStatus.SUCCESS, ResultKind.TEXT, report, stages=control.stages)


def run_computation(world: World, task_run: TaskRun) -> Outcome:
    """Runner of `Algorithm`: selects the rows as the instance's owner, hands them to the algorithm's code, keeps its model."""
    instance, task = task_run.instance, task_run.task
    algorithm = world.algorithms.get(task.spec.config.get("xflow", ""))
    if algorithm is None:
        raise Fault(
            FaultCode.NO_SUCH_OBJECT, f"algorithm '{task.spec.config.get('xflow', '')}' is not offered any more"
        )
    selected = run_sql.run_text(world, task_run, task.spec.body)
    if selected.status is not TaskStatus.SUCCESS or not selected.result_file:
        return selected
    rows = world.results / selected.result_file
    arguments = {
        n.removeprefix(ARGUMENT_PREFIX): v for n, v in task.spec.config.items() if n.startswith(ARGUMENT_PREFIX)
    }
    stages = selected.stages
    working = Stage(
        f"C{len(stages) + 1}_{len(stages)}_job_0", task.spec.name, tuple(s.name for s in stages[-1:]), workers_running=1
    )
    task_run.control.report((*stages, working))
    try:
        computed = algorithm.compute(task.spec.name, arguments, str(rows))
    finally:
        rows.unlink(missing_ok=True)
    task_run.control.check()
    if computed.model is not None:
        now = world.clock.now()
        world.models.put(
            OfflineModel(
                instance.project,
                computed.model.name,
                instance.owner,
                algorithm.name,
                instance.id,
                now,
                now,
                computed.model.document,
            )
        )
    finished = replace(working, workers_running=0, workers_done=1, percent=100, rows_in=selected.result_rows)
    return Outcome(
        TaskStatus.SUCCESS,
        ResultKind.TEXT,
        computed.report,
        stages=(*stages, finished),
        summary={**selected.summary, **computed.figures},
        warnings=selected.warnings,
    )


def _stages(planned: tuple[Instance, ...], done: list[Instance], running: int | None) -> tuple[Stage, ...]:
    """One stage a sub-instance. One that did not succeed stays unfinished."""
    stages = []
    for number, child in enumerate(planned):
        ended = number < len(done) and all(task.status is TaskStatus.SUCCESS for task in done[number].tasks)
        stages.append(
            Stage(
                name=f"X{number + 1}_job_0",
                operator=child.action,
                upstream=(f"X{number}_job_0",) if number else (),
                workers_running=int(number == running),
                workers_done=int(ended),
                percent=100 if ended else 0,
                rows_out=_rows(done[number]) if ended else 0,
                seconds=_seconds(done[number]) if ended else 0.0,
            )
        )
    return tuple(stages)


def _seconds(instance: Instance) -> float:
    if instance.started_at is None or instance.ended_at is None:
        return 0.0
    return (instance.ended_at - instance.started_at).total_seconds()


def _rows(instance: Instance) -> int:
    """Rows that its last task wrote or selected."""
    found = instance.tasks[-1].summary.get("rows_out", 0)
    return found if isinstance(found, int) else 0


def _reason(ended: Instance) -> str:
    failed = next(task for task in ended.tasks if task.status is not TaskStatus.SUCCESS)
    return f"sub-instance {ended.action} ({ended.id}) ended as {failed.status.value}: {failed.result_text.strip()}"
