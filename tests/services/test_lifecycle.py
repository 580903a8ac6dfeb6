"""An instance's way through queue, workers, stops and ends, with real stores and threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import (
    Instance,
    InstanceStatus,
    JobSpec,
    Outcome,
    ResultKind,
    Stage,
    TaskSpec,
    TaskStatus,
)
from taskhouse.scheduler.dispatcher import Dispatcher
from taskhouse.services import inspect_instances, run_instance, stop_instance, submit_instance
from taskhouse.services.recover import recover
from taskhouse.services.task_run import TaskRun
from taskhouse.services.world import World
from tests.services.conftest import ADMIN, House


@pytest.fixture
def dispatcher(house: House) -> Iterator[Dispatcher]:
    made = Dispatcher(house.world)
    made.start()
    yield made
    assert made.stop(0.0)


class Gate:
    """A runner that reports a stage and waits until it is opened or cancelled. `order`: names of tasks as they began."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.entered = threading.Semaphore(0)
        self.opened = threading.Event()

    def __call__(self, world: World, run: TaskRun) -> Outcome:
        run.control.report((Stage("M1_job_0", workers_running=1, percent=40),))
        run.control.on_cancel(self.opened.set)
        self.order.append(run.task.spec.name)
        self.entered.release()
        assert self.opened.wait(30)
        run.control.check()
        return Outcome(TaskStatus.SUCCESS, ResultKind.TEXT, "done", stages=(Stage("M1_job_0", percent=100),))


def statuses(instance: Instance) -> list[str]:
    return [task.status.value for task in instance.tasks]


def test_a_job_runs_and_its_result_is_kept(house: House, dispatcher: Dispatcher) -> None:
    house.runners["Test"] = lambda world, run: Outcome(TaskStatus.SUCCESS, ResultKind.TEXT, run.task.spec.name)
    ended = house.ended(house.submit("x", tasks=3))
    assert statuses(ended) == ["Success"] * 3
    assert [task.result_text for task in ended.tasks] == ["x", "x1", "x2"]
    assert inspect_instances.percent(ended) == 100


def test_a_fault_fails_the_task_and_cancels_what_follows(house: House, dispatcher: Dispatcher) -> None:
    def fails(world: World, run: TaskRun) -> Outcome:
        raise Fault(FaultCode.NO_SUCH_TABLE, "Table not found - p.t")

    house.runners["Test"] = fails
    ended = house.ended(house.submit(tasks=2))
    assert statuses(ended) == ["Failed", "Cancelled"]
    assert ended.tasks[0].result_text == "ODPS-0130131: Table not found - p.t"
    assert ended.tasks[0].summary["error"] == {"code": "NoSuchTable", "message": ended.tasks[0].result_text}


def test_a_defect_fails_the_task_without_telling_its_insides(house: House, dispatcher: Dispatcher) -> None:
    def breaks(world: World, run: TaskRun) -> Outcome:
        raise ZeroDivisionError("secret")

    house.runners["Test"] = breaks
    ended = house.ended(house.submit())
    assert statuses(ended) == ["Failed"]
    assert "internal error" in ended.tasks[0].result_text and "secret" not in ended.tasks[0].result_text


def test_the_limit_bounds_what_runs_and_priority_orders_what_waits(house: House, dispatcher: Dispatcher) -> None:
    gate = Gate()
    house.runners["Test"] = gate
    running = [house.submit("r1"), house.submit("r2")]
    for _ in running:
        assert gate.entered.acquire(timeout=30)
    waiting = [house.submit("low", priority=9), house.submit("high", priority=0), house.submit("middle", priority=5)]
    assert [house.get(i).status for i in waiting] == [InstanceStatus.SUSPENDED] * 3
    assert statuses(house.get(waiting[0])) == ["Waiting"]
    assert house.get(running[0]).tasks[0].stages[0].percent == 40
    gate.opened.set()
    for each in (*running, *waiting):
        house.ended(each)
    assert set(gate.order[:2]) == {"r1", "r2"}
    assert gate.order.index("high") < gate.order.index("low")
    assert gate.order.index("middle") < gate.order.index("low")


def test_stop_interrupts_a_running_task(house: House, dispatcher: Dispatcher) -> None:
    gate = Gate()
    house.runners["Test"] = gate
    instance = house.submit(tasks=2)
    assert gate.entered.acquire(timeout=30)
    stop_instance.stop(house.world, ADMIN, "p", instance.id)
    ended = house.get(instance)
    assert ended.status is InstanceStatus.TERMINATED and statuses(ended) == ["Cancelled", "Cancelled"]
    assert ended.tasks[0].stages[0].percent == 40
    assert gate.opened.wait(30)
    with pytest.raises(Fault) as again:
        stop_instance.stop(house.world, ADMIN, "p", instance.id)
    assert again.value.code is FaultCode.INVALID_STATE


def test_a_stopped_waiting_instance_never_runs(house: House) -> None:
    gate = Gate()
    gate.opened.set()
    house.runners["Test"] = gate
    stopped, kept = house.submit("stopped"), house.submit("kept")
    stop_instance.stop(house.world, ADMIN, "p", stopped.id)
    dispatcher = Dispatcher(house.world)
    dispatcher.start()
    house.ended(kept)
    assert dispatcher.stop(10)
    assert gate.order == ["kept"]


def test_the_same_guid_runs_once(house: House, dispatcher: Dispatcher) -> None:
    first, second = house.submit(guid="g"), house.submit(guid="g")
    assert first.id == second.id
    house.ended(first)
    assert house.submit(guid="g").id == first.id


def test_scripts_that_wait_for_tasks_leave_their_workers_to_them(house: House) -> None:
    """Three at once with two workers, each waiting for a task that it submits: none could go on if they kept their places."""
    together = threading.Barrier(3)

    def script(world: World, run: TaskRun) -> Outcome:
        world.runs.step_aside()
        together.wait(30)
        house.ended(house.submit("inner"))
        return Outcome(TaskStatus.SUCCESS)

    house.runners["Script"] = script
    specs = [JobSpec("p", (TaskSpec("outer", "Script", ""),)) for _ in range(3)]
    dispatcher = Dispatcher(house.world)
    dispatcher.start()
    outer = [submit_instance.submit(house.world, ADMIN, spec) for spec in specs]
    assert [statuses(house.ended(each)) for each in outer] == [["Success"]] * 3
    house.ended(house.submit("after"))
    assert dispatcher.stop(10)
    assert dispatcher.busy == 0


def test_shutdown_lets_tasks_finish_within_the_grace(house: House) -> None:
    gate = Gate()
    house.runners["Test"] = gate
    dispatcher = Dispatcher(house.world)
    dispatcher.start()
    running = house.submit("running")
    assert gate.entered.acquire(timeout=30)
    ended = threading.Thread(target=dispatcher.stop, args=(30.0,))
    ended.start()
    waiting = house.submit("waiting")
    gate.opened.set()
    ended.join(30)
    assert statuses(house.get(running)) == ["Success"]
    assert house.get(waiting).status is InstanceStatus.SUSPENDED


def test_shutdown_interrupts_what_does_not_finish_and_says_why(house: House) -> None:
    gate = Gate()
    house.runners["Test"] = gate
    dispatcher = Dispatcher(house.world)
    dispatcher.start()
    running = house.submit()
    assert gate.entered.acquire(timeout=30)
    assert dispatcher.stop(0.0)
    ended = house.get(running)
    assert statuses(ended) == ["Failed"]
    assert "the server was shut down while the task ran" in ended.tasks[0].result_text


def test_what_a_dead_server_left_is_settled(house: House) -> None:
    """A claimed attempt whose process is gone ends as Failed; what waited still runs."""
    orphan, waiting = house.submit("orphan", tasks=2), house.submit("waiting")
    house.world.instances.claim(orphan.id, house.world.clock.now())
    assert recover(house.world) == ()
    ended = house.get(orphan)
    assert statuses(ended) == ["Failed", "Cancelled"]
    assert "the server stopped while the task ran" in ended.tasks[0].result_text
    attempt = house.world.instances.claim_next(house.world.clock.now())
    assert attempt is not None and attempt.instance_id == waiting.id
    run_instance.run(house.world, attempt)
    assert statuses(house.get(waiting)) == ["Success"]


def test_jobs_that_cannot_run_are_refused_when_submitted(house: House) -> None:
    from taskhouse.domain.instance import JobSpec, TaskSpec

    def refused(*tasks: TaskSpec, project: str = "p", priority: int = 9) -> str:
        with pytest.raises(Fault) as fault:
            submit_instance.submit(house.world, ADMIN, JobSpec(project, tasks, priority))
        return str(fault.value)

    task = TaskSpec("a", "Test", "")
    assert "Project not found - 'q'" in refused(task, project="q")
    assert "the job has no task" in refused()
    assert "priority 10 is not between 0" in refused(task, priority=10)
    assert "two tasks of the job are named 'a'" in refused(task, task)
    assert "tasks of type Graph are not supported; these are: Test" in refused(TaskSpec("g", "Graph", ""))
    assert "cannot be submitted by itself" in refused(TaskSpec("g", "XFlow", ""))
    assert "has no name" in refused(TaskSpec("", "Test", ""))


def test_text_that_is_not_unicode_is_refused(house: House) -> None:
    from taskhouse.domain.instance import JobSpec, TaskSpec

    for task in (TaskSpec("a", "Test", "\ud800"), TaskSpec("a", "Test", "", {"k": "\ud800"})):
        with pytest.raises(Fault, match="not Unicode"):
            submit_instance.submit(house.world, ADMIN, JobSpec("p", (task,)))


def test_an_outcome_that_cannot_be_stored_still_ends_the_instance(house: House, dispatcher: Dispatcher) -> None:
    house.runners["Test"] = lambda world, run: Outcome(
        TaskStatus.SUCCESS, ResultKind.TEXT, "\ud800", summary={"x": {1}}
    )
    ended = house.ended(house.submit())
    assert statuses(ended) == ["Success"]
    assert "The particulars could not be recorded" in ended.tasks[0].result_text


def test_notes_belong_to_a_task(house: House) -> None:
    instance = house.submit("t")
    inspect_instances.put_info(house.world, ADMIN, "p", instance.id, "t", "k", "v")
    assert inspect_instances.info(house.world, ADMIN, "p", instance.id, "t", "k") == "v"
    with pytest.raises(Fault, match="no task named 'u'"):
        inspect_instances.info(house.world, ADMIN, "p", instance.id, "u", "k")
