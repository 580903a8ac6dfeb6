"""The queue of task instances: order, fencing, stops, lists, recovery, retention."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import (
    Attempt,
    Instance,
    InstanceFilter,
    InstanceStatus,
    Outcome,
    ResultKind,
    Stage,
    Task,
    TaskSpec,
    TaskStatus,
)
from taskhouse.ports.instance_store import CommitIntent
from taskhouse.store import instance_statements
from taskhouse.store.database import Database
from taskhouse.store.instances import SqlInstanceStore
from taskhouse.store.schema import metadata

NOW = datetime(2026, 3, 20, 3, 29, 38, 206000, tzinfo=UTC)
SUCCESS = Outcome(TaskStatus.SUCCESS)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "meta.db")
    database.write(metadata.create_all)
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> SqlInstanceStore:
    return SqlInstanceStore(database)


def instance(
    id_: str, *, tasks: int = 1, priority: int = 9, guid: str = "", owner: str = "ALIYUN$a", **more
) -> Instance:
    return Instance(
        id=id_,
        project=more.pop("project", "p"),
        owner=owner,
        priority=priority,
        status=InstanceStatus.SUSPENDED,
        submitted_at=more.pop("at", NOW),
        guid=guid,
        source=f"<Job>{id_}</Job>",
        tasks=tuple(
            Task(id_, n, TaskSpec(f"task{n}", "SQL", "select 1;", {"a": "b"}, {"uuid": "u"}), TaskStatus.WAITING)
            for n in range(tasks)
        ),
        **more,
    )


def submit(store: SqlInstanceStore, *args, **more) -> Instance:
    return store.submit(instance(*args, **more), max_queued=1000)


def test_what_was_submitted_is_read_back(store: SqlInstanceStore) -> None:
    stored = submit(store, "i1", tasks=2, name="job", comment="why", guid="g")
    assert store.get("p", "i1") == stored == instance("i1", tasks=2, name="job", comment="why", guid="g")
    assert store.get("other", "i1") is None
    assert store.get("p", "i2") is None
    head = store.head("p", "i1")
    assert head is not None and head.source == "" and [t.spec.body for t in head.tasks] == ["", ""]


def test_the_same_guid_gives_the_first_instance(store: SqlInstanceStore) -> None:
    submit(store, "i1", guid="g")
    assert submit(store, "i2", guid="g").id == "i1"
    assert submit(store, "i3", guid="g", owner="ALIYUN$b").id == "i3"
    assert submit(store, "i4", guid="g", project="q").id == "i4"
    assert store.get("p", "i2") is None


def test_a_full_queue_refuses(store: SqlInstanceStore) -> None:
    store.submit(instance("i1"), max_queued=1)
    with pytest.raises(Fault) as refused:
        store.submit(instance("i2"), max_queued=1)
    assert refused.value.code is FaultCode.FLOW_EXCEEDED
    assert store.get("p", "i2") is None


def test_the_queue_goes_by_priority_then_by_submission(store: SqlInstanceStore) -> None:
    for id_, priority in (("a", 9), ("b", 0), ("c", 5), ("d", 0)):
        submit(store, id_, priority=priority)
    claimed = [store.claim_next(NOW) for _ in range(5)]
    assert [c.instance_id if c else None for c in claimed] == ["b", "d", "c", "a", None]
    running = store.get("p", "b")
    assert running is not None and running.status is InstanceStatus.RUNNING and running.started_at == NOW
    assert running.tasks[0].status is TaskStatus.RUNNING and running.tasks[0].attempt == 1


def test_many_claimants_never_share_an_instance(store: SqlInstanceStore) -> None:
    for n in range(40):
        submit(store, f"i{n}")
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda _: store.claim_next(NOW), range(60)))
    ids = [c.instance_id for c in claimed if c is not None]
    assert len(ids) == len(set(ids)) == 40


def test_tasks_run_in_sequence_and_end_the_instance(store: SqlInstanceStore) -> None:
    submit(store, "i", tasks=2)
    first = store.claim_next(NOW)
    assert first == Attempt("i", 0, 1)
    result = Outcome(
        TaskStatus.SUCCESS,
        ResultKind.ROWS,
        result_file="i_0.arrow",
        result_columns=(("a", "bigint"),),
        result_rows=3,
        stages=(Stage("M1_job_0", upstream=("M0",), percent=100),),
        summary={"rows": 3},
        warnings=("w",),
    )
    recorded = store.record_outcome(first, result, NOW)
    assert recorded.accepted and recorded.next == Attempt("i", 1, 1)
    between = store.get("p", "i")
    assert between is not None and between.status is InstanceStatus.RUNNING
    task = between.tasks[0]
    assert (task.status, task.result_file, task.result_columns) == (TaskStatus.SUCCESS, "i_0.arrow", (("a", "bigint"),))
    assert (task.stages, task.summary, task.warnings) == (result.stages, {"rows": 3}, ("w",))
    later = NOW + timedelta(seconds=2)
    assert store.record_outcome(recorded.next, SUCCESS, later).next is None
    ended = store.head("p", "i")
    assert ended is not None and ended.status is InstanceStatus.TERMINATED and ended.ended_at == later


def test_a_failure_cancels_the_tasks_after_it(store: SqlInstanceStore) -> None:
    submit(store, "i", tasks=3)
    attempt = store.claim_next(NOW)
    assert attempt is not None
    store.record_outcome(attempt, Outcome(TaskStatus.FAILED, ResultKind.TEXT, "ODPS-0130131: no"), NOW)
    ended = store.get("p", "i")
    assert ended is not None and ended.status is InstanceStatus.TERMINATED
    assert [t.status.value for t in ended.tasks] == ["Failed", "Cancelled", "Cancelled"]


def test_stop_before_the_run_leaves_nothing_to_claim(store: SqlInstanceStore) -> None:
    submit(store, "i")
    assert store.stop("i", NOW) is InstanceStatus.TERMINATED
    assert store.stop("i", NOW) is None
    assert store.claim_next(NOW) is None
    stopped = store.head("p", "i")
    assert stopped is not None and stopped.tasks[0].status is TaskStatus.CANCELLED and stopped.ended_at == NOW


def test_a_stopped_attempt_can_neither_commit_nor_end(store: SqlInstanceStore) -> None:
    submit(store, "i")
    attempt = store.claim_next(NOW)
    assert attempt is not None
    store.stop("i", NOW)
    assert not store.is_live(attempt)
    assert not store.begin_commit(attempt, CommitIntent(0, "{}"))
    assert not store.record_outcome(attempt, SUCCESS, NOW).accepted


def test_a_stop_during_a_commit_waits_for_the_outcome(store: SqlInstanceStore) -> None:
    submit(store, "i", tasks=2)
    attempt = store.claim_next(NOW)
    assert attempt is not None
    assert store.begin_commit(attempt, CommitIntent(0, '{"t":1}', last=True, outcome=SUCCESS))
    assert store.stop("i", NOW) is InstanceStatus.RUNNING
    assert store.is_live(attempt)
    recorded = store.record_outcome(attempt, SUCCESS, NOW)
    assert recorded.accepted and recorded.next is None
    ended = store.head("p", "i")
    assert ended is not None and [t.status.value for t in ended.tasks] == ["Success", "Cancelled"]
    assert ended.status is InstanceStatus.TERMINATED


def test_a_stop_during_a_commit_ends_a_script_after_it(store: SqlInstanceStore) -> None:
    submit(store, "i")
    attempt = store.claim_next(NOW)
    assert attempt is not None
    store.begin_commit(attempt, CommitIntent(0, "{}"))
    assert store.end_commit(attempt)
    store.begin_commit(attempt, CommitIntent(1, "{}"))
    store.stop("i", NOW)
    assert not store.end_commit(attempt)
    assert store.record_outcome(attempt, Outcome(TaskStatus.CANCELLED), NOW).accepted


def test_orphans_carry_their_intent(store: SqlInstanceStore) -> None:
    for id_ in ("a", "b", "c", "d"):
        submit(store, id_)
    first, second, third = (store.claim_next(NOW) for _ in range(3))
    assert first and second and third
    intent = CommitIntent(2, '{"t":1}', True, Outcome(TaskStatus.SUCCESS, ResultKind.TEXT, "ok"))
    store.begin_commit(second, intent)
    store.record_outcome(third, SUCCESS, NOW)
    assert [(o.attempt, o.project, o.intent) for o in store.orphans()] == [(first, "p", None), (second, "p", intent)]


def test_progress_is_kept_only_while_the_attempt_lives(store: SqlInstanceStore) -> None:
    submit(store, "i")
    attempt = store.claim_next(NOW)
    assert attempt is not None
    stage = Stage("M1_job_0", percent=40)
    store.record_progress(attempt, (stage,))
    seen = store.get("p", "i")
    assert seen is not None and seen.tasks[0].stages == (stage,)
    store.record_outcome(attempt, Outcome(TaskStatus.SUCCESS, stages=(Stage("M1_job_0", percent=100),)), NOW)
    store.record_progress(attempt, (stage,))
    seen = store.get("p", "i")
    assert seen is not None and seen.tasks[0].stages[0].percent == 100


def test_sub_instances_are_planned_with_their_parent_and_not_queued(store: SqlInstanceStore) -> None:
    children = [instance(f"c{n}", parent_id="x", action=f"step{n}") for n in range(2)]
    store.submit(instance("x"), children, max_queued=10)
    assert [(c.id, c.action, c.status.value) for c in store.children("x")] == [
        ("c0", "step0", "Suspended"),
        ("c1", "step1", "Suspended"),
    ]
    assert store.claim_next(NOW) == Attempt("x", 0, 1)
    assert store.claim_next(NOW) is None
    assert store.claim("c0", NOW) == Attempt("c0", 0, 1)
    assert store.claim("c0", NOW) is None
    store.stop("x", NOW)
    assert {c.status for c in store.children("x")} == {InstanceStatus.TERMINATED}


def test_lists_are_filtered_and_paged_newest_first(store: SqlInstanceStore) -> None:
    for n in range(10):
        submit(store, f"i{n}", at=NOW + timedelta(seconds=n // 2), owner=f"ALIYUN${n % 2}", name="job" if n < 3 else "")
    store.claim_next(NOW)
    seen, marker = [], ""
    while True:
        page = store.page("p", InstanceFilter(), marker, 3)
        seen += [i.id for i in page.items]
        marker = page.marker
        if not marker:
            break
    assert seen == [f"i{n}" for n in reversed(range(10))]

    def ids(**conditions) -> list[str]:
        return [i.id for i in store.page("p", InstanceFilter(**conditions), "", 100).items]

    assert ids(owner="ALIYUN$1") == ["i9", "i7", "i5", "i3", "i1"]
    assert ids(status=InstanceStatus.RUNNING) == ["i0"]
    assert ids(name="job") == ["i2", "i1", "i0"]
    assert ids(containing="JO") == ["i2", "i1", "i0"] and ids(containing="i7") == ["i7"] and ids(containing="%") == []
    assert ids(submitted_from=NOW + timedelta(seconds=3), submitted_to=NOW + timedelta(seconds=3)) == ["i7", "i6"]
    assert store.page("q", InstanceFilter(), "", 100).items == ()
    with pytest.raises(Fault, match="marker 'x' was not returned"):
        store.page("p", InstanceFilter(), "x", 1)


def test_a_list_knows_how_instances_ended(store: SqlInstanceStore) -> None:
    for n, ended in enumerate((TaskStatus.SUCCESS, TaskStatus.FAILED, TaskStatus.CANCELLED)):
        submit(store, f"i{n}")
        attempt = store.claim_next(NOW)
        assert attempt is not None
        store.record_outcome(attempt, Outcome(ended), NOW)
    submit(store, "waiting")
    for n, ended in enumerate((TaskStatus.SUCCESS, TaskStatus.FAILED, TaskStatus.CANCELLED)):
        assert [i.id for i in store.page("p", InstanceFilter(outcome=ended), "", 9).items] == [f"i{n}"]
    text = store.get("p", "i0").tasks[0].spec.body
    assert store.beginnings(["i0", "nowhere"], 3) == {"i0": text[:3]}


def test_counts_and_notes(store: SqlInstanceStore) -> None:
    submit(store, "i")
    submit(store, "j")
    store.claim_next(NOW)
    assert store.counts() == {InstanceStatus.SUSPENDED: 1, InstanceStatus.RUNNING: 1}
    store.put_info("i", 0, "k", "v1")
    store.put_info("i", 0, "k", "v2")
    assert store.info("i", 0, "k") == "v2"
    assert store.info("i", 0, "other") is None


def test_old_instances_are_forgotten_with_all_they_had(store: SqlInstanceStore, database: Database) -> None:
    for n in range(3):
        submit(store, f"i{n}")
        attempt = store.claim_next(NOW)
        assert attempt is not None
        store.record_outcome(attempt, Outcome(TaskStatus.SUCCESS, result_file=f"f{n}"), NOW + timedelta(days=n))
    submit(store, "waiting")
    assert store.forget_before(NOW + timedelta(days=1, seconds=1), 10) == (2, ("f0", "f1"))
    assert store.get("p", "i0") is None and store.get("p", "i2") is not None and store.get("p", "waiting") is not None
    for table in ("tasks", "task_texts", "task_results", "instance_sources"):
        left = database.read(lambda c, t=table: c.exec_driver_sql(f"select count(*) from {t} where instance_id='i0'"))
        assert left.scalar_one() == 0


@pytest.mark.parametrize("name", ["NEXT_QUEUED", "COUNTS", "ORPHANS", "CHILDREN", "QUEUED"])
def test_no_request_scans_all_instances(database: Database, name: str) -> None:
    statement = getattr(instance_statements, name)

    def plan(connection: Connection) -> str:
        values = tuple("x" for _ in range(statement.sql.count("?")))
        return "\n".join(str(r[3]) for r in connection.exec_driver_sql("explain query plan " + statement.sql, values))

    text = database.read(plan)
    assert "SCAN instances\n" not in text + "\n", text
    assert "INDEX ix_instances_" in text, text
