"""Task instances in SQLite: see `ports.instance_store` for what each verb promises.

Every verb is one transaction. Whatever a runner records is guarded by its attempt's number in the same
statement that changes the row, so that a stopped or superseded runner changes nothing. Statements are built once, at import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, select, text, tuple_, update
from sqlalchemy.dialects.sqlite import insert as upsert

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import (
    Attempt,
    Instance,
    InstanceFilter,
    InstanceStatus,
    Outcome,
    Stage,
    Task,
    TaskStatus,
    after_cancel,
    after_outcome,
    after_start,
    instance_status,
    next_task,
)
from taskhouse.domain.paging import Page
from taskhouse.ports.instance_store import CommitIntent, Orphan, Recorded
from taskhouse.store.database import Database
from taskhouse.store.instance_tables import (
    commit_intents,
    dumps,
    instance_sources,
    instance_value,
    instances,
    outcome_text,
    outcome_value,
    result_values,
    task_head,
    task_notes,
    task_results,
    task_texts,
    tasks,
    whole_task,
)
from taskhouse.store.prepared import Prepared
from taskhouse.store.schema import to_micros

_SUSPENDED = InstanceStatus.SUSPENDED.value
_TERMINATED = InstanceStatus.TERMINATED.value

_BY_GUID = Prepared(
    select(instances.c.id).where(
        instances.c.project == bindparam("p"), instances.c.owner == bindparam("o"), instances.c.guid == bindparam("g")
    )
)
_IN_QUEUE = text("status = 'Suspended' AND parent_id IS NULL")
"""Written out, not bound: SQLite then knows that the partial indexes hold all the rows wanted."""
_NOT_ENDED = text("instances.status <> 'Terminated'")
_QUEUED = Prepared(
    select(func.count()).select_from(select(instances.c.seq).where(_IN_QUEUE).limit(bindparam("n")).subquery())
)
_COUNTS = Prepared(select(instances.c.status, func.count()).where(_NOT_ENDED).group_by(instances.c.status))
_NEXT_QUEUED = Prepared(
    select(instances.c.id).where(_IN_QUEUE).order_by(instances.c.priority, instances.c.seq).limit(1)
)
_INSTANCE = Prepared(select(instances).where(instances.c.id == bindparam("i")))
_SOURCE = Prepared(select(instance_sources.c.source).where(instance_sources.c.instance_id == bindparam("i")))
_CHILDREN = Prepared(select(instances).where(instances.c.parent_id == bindparam("i")).order_by(instances.c.seq))
_CHILD_IDS = Prepared(select(instances.c.id).where(instances.c.parent_id == bindparam("i")).order_by(instances.c.seq))
_HEADS = Prepared(select(tasks).where(tasks.c.instance_id == bindparam("i")).order_by(tasks.c.idx))
_WHOLE = Prepared(
    select(
        tasks,
        *(c for c in task_texts.c if c.name not in ("instance_id", "idx")),
        *(c for c in task_results.c if c.name not in ("instance_id", "idx")),
    )
    .select_from(
        tasks.join(
            task_texts, and_(task_texts.c.instance_id == tasks.c.instance_id, task_texts.c.idx == tasks.c.idx)
        ).outerjoin(
            task_results, and_(task_results.c.instance_id == tasks.c.instance_id, task_results.c.idx == tasks.c.idx)
        )
    )
    .where(tasks.c.instance_id == bindparam("i"))
    .order_by(tasks.c.idx)
)
_STATE = Prepared(
    select(
        instances.c.status.label("instance_status"),
        instances.c.stop_requested,
        tasks.c.idx,
        tasks.c.status,
        tasks.c.attempt,
        tasks.c.committing,
    )
    .select_from(instances.join(tasks, tasks.c.instance_id == instances.c.id))
    .where(instances.c.id == bindparam("i"))
    .order_by(tasks.c.idx)
)
_LIVE = Prepared(
    select(1).where(
        tasks.c.instance_id == bindparam("i"),
        tasks.c.idx == bindparam("x"),
        tasks.c.attempt == bindparam("a"),
        tasks.c.status == TaskStatus.RUNNING.value,
    )
)
_ORPHANS = Prepared(
    select(instances.c.project, tasks.c.instance_id, tasks.c.idx, tasks.c.attempt)
    .select_from(instances.join(tasks, tasks.c.instance_id == instances.c.id))
    .where(
        instances.c.status == InstanceStatus.RUNNING.value,
        _NOT_ENDED,
        tasks.c.status == TaskStatus.RUNNING.value,
    )
    .order_by(instances.c.seq)
)
_INTENT = Prepared(
    select(commit_intents).where(
        commit_intents.c.instance_id == bindparam("i"),
        commit_intents.c.idx == bindparam("x"),
        commit_intents.c.attempt == bindparam("a"),
    )
)
_FORGET_INTENTS = Prepared(delete(commit_intents).where(commit_intents.c.instance_id == bindparam("i")))
_SET_TASK = Prepared(
    update(tasks)
    .where(tasks.c.instance_id == bindparam("i"), tasks.c.idx == bindparam("x"))
    .values(
        status=bindparam("status"),
        attempt=bindparam("attempt"),
        committing=bindparam("committing"),
        started_at=func.coalesce(bindparam("started"), tasks.c.started_at),
        ended_at=bindparam("ended"),
    )
)
_SET_COMMITTING = Prepared(
    update(tasks)
    .where(tasks.c.instance_id == bindparam("i"), tasks.c.idx == bindparam("x"))
    .values(committing=bindparam("committing"))
)
_START_INSTANCE = Prepared(
    update(instances)
    .where(instances.c.id == bindparam("i"))
    .values(status=InstanceStatus.RUNNING.value, started_at=func.coalesce(instances.c.started_at, bindparam("t")))
)
_END_INSTANCE = Prepared(
    update(instances).where(instances.c.id == bindparam("i")).values(status=_TERMINATED, ended_at=bindparam("t"))
)
_REQUEST_STOP = Prepared(update(instances).where(instances.c.id == bindparam("i")).values(stop_requested=1))
_NOTE = Prepared(
    select(task_notes.c.value).where(
        task_notes.c.instance_id == bindparam("i"),
        task_notes.c.idx == bindparam("x"),
        task_notes.c.key == bindparam("k"),
    )
)


def _result_upsert() -> Any:
    statement = upsert(task_results)
    kept = [c.name for c in task_results.c if c.name not in ("instance_id", "idx")]
    return statement.on_conflict_do_update(
        index_elements=["instance_id", "idx"], set_={name: statement.excluded[name] for name in kept}
    )


_PUT_RESULT = Prepared(_result_upsert())
_NEW_INSTANCE = Prepared(
    insert(instances),
    [c.name for c in instances.c if c.name not in ("seq", "started_at", "ended_at", "stop_requested")],
)
_NEW_SOURCE = Prepared(insert(instance_sources))
_NEW_TASKS = Prepared(insert(tasks), ["instance_id", "idx", "name", "type", "comment", "status"])
_NEW_TEXTS = Prepared(insert(task_texts))
_NEW_INTENT = Prepared(insert(commit_intents))


class SqlInstanceStore:
    """Implements `ports.instance_store.InstanceStore`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # ---- submitting and reading

    def submit(self, instance: Instance, children: Sequence[Instance] = (), *, max_queued: int) -> Instance:
        def work(connection: Connection) -> str:
            if instance.guid:
                first = _BY_GUID.scalar(connection, {"p": instance.project, "o": instance.owner, "g": instance.guid})
                if first is not None:
                    return str(first)
            if _QUEUED.scalar(connection, {"n": max_queued}) >= max_queued:
                raise Fault(FaultCode.FLOW_EXCEEDED, f"{max_queued} instances are waiting already; submit again later")
            for each in (instance, *children):
                _insert_instance(connection, each)
            return instance.id

        stored = self._db.write(work)
        if stored == instance.id:
            return instance
        first = self.get(instance.project, stored)
        return first if first is not None else instance

    def get(self, project: str | None, instance_id: str) -> Instance | None:
        def work(connection: Connection) -> Instance | None:
            row = _INSTANCE.first(connection, {"i": instance_id})
            if row is None or project not in (None, row.project):
                return None
            source = _SOURCE.scalar(connection, {"i": instance_id})
            whole = tuple(whole_task(r) for r in _WHOLE.rows(connection, {"i": instance_id}))
            return instance_value(row, whole, source)

        return self._db.read(work)

    def head(self, project: str, instance_id: str) -> Instance | None:
        def work(connection: Connection) -> Instance | None:
            row = _INSTANCE.first(connection, {"i": instance_id})
            if row is None or row.project != project:
                return None
            return _heads(connection, [row])[0]

        return self._db.read(work)

    def page(self, project: str, filter: InstanceFilter, marker: str, limit: int) -> Page[Instance]:
        query = select(instances).where(instances.c.project == project)
        if filter.status is not None:
            query = query.where(instances.c.status == filter.status.value)
        if filter.owner:
            query = query.where(instances.c.owner == filter.owner)
        if filter.name:
            query = query.where(instances.c.name == filter.name)
        if filter.submitted_from is not None:
            query = query.where(instances.c.submitted_at >= to_micros(filter.submitted_from))
        if filter.submitted_to is not None:
            query = query.where(instances.c.submitted_at <= to_micros(filter.submitted_to))
        if marker:
            query = query.where(tuple_(instances.c.submitted_at, instances.c.seq) < _after(marker))
        query = query.order_by(instances.c.submitted_at.desc(), instances.c.seq.desc()).limit(limit + 1)

        def work(connection: Connection) -> Page[Instance]:
            rows = list(connection.execute(query))
            shown = rows[:limit]
            last = shown[-1] if len(rows) > limit else None
            return Page(_heads(connection, shown), f"{last.submitted_at}.{last.seq}" if last is not None else "")

        return self._db.read(work)

    def children(self, instance_id: str) -> tuple[Instance, ...]:
        return self._db.read(lambda c: _heads(c, _CHILDREN.rows(c, {"i": instance_id})))

    def counts(self) -> Mapping[InstanceStatus, int]:
        found = self._db.read(lambda c: {InstanceStatus(status): n for status, n in _COUNTS.rows(c)})
        return {status: found.get(status, 0) for status in (InstanceStatus.SUSPENDED, InstanceStatus.RUNNING)}

    # ---- running

    def claim_next(self, now: datetime) -> Attempt | None:
        def work(connection: Connection) -> Attempt | None:
            instance_id = _NEXT_QUEUED.scalar(connection)
            return None if instance_id is None else _begin(connection, instance_id, now)

        return self._db.write(work, durable=False)

    def claim(self, instance_id: str, now: datetime) -> Attempt | None:
        def work(connection: Connection) -> Attempt | None:
            row = _INSTANCE.first(connection, {"i": instance_id})
            if row is None or row.status != _SUSPENDED:
                return None
            return _begin(connection, instance_id, now)

        return self._db.write(work, durable=False)

    def is_live(self, attempt: Attempt) -> bool:
        return self._db.read(lambda c: _LIVE.first(c, _key(attempt)) is not None)

    def begin_commit(self, attempt: Attempt, intent: CommitIntent) -> bool:
        def work(connection: Connection) -> bool:
            if _LIVE.first(connection, _key(attempt)) is None:
                return False
            _SET_COMMITTING.run(connection, {"i": attempt.instance_id, "x": attempt.index, "committing": 1})
            _FORGET_INTENTS.run(connection, {"i": attempt.instance_id})
            _NEW_INTENT.run(
                connection,
                {
                    "instance_id": attempt.instance_id,
                    "idx": attempt.index,
                    "attempt": attempt.number,
                    "step": intent.step,
                    "payload": intent.payload,
                    "last": int(intent.last),
                    "outcome": outcome_text(intent.outcome),
                },
            )
            return True

        return self._db.write(work)

    def end_commit(self, attempt: Attempt) -> bool:
        def work(connection: Connection) -> bool:
            state = _State(connection, attempt.instance_id)
            if not state.is_live(attempt):
                return False
            _FORGET_INTENTS.run(connection, {"i": attempt.instance_id})
            _SET_COMMITTING.run(connection, {"i": attempt.instance_id, "x": attempt.index, "committing": 0})
            return not state.stop_requested

        return self._db.write(work)

    def record_outcome(self, attempt: Attempt, outcome: Outcome, now: datetime) -> Recorded:
        def work(connection: Connection) -> Recorded:
            state = _State(connection, attempt.instance_id)
            if not state.is_live(attempt):
                return Recorded(accepted=False)
            _put_result(connection, attempt, outcome)
            if state.committing(attempt.index):
                _FORGET_INTENTS.run(connection, {"i": attempt.instance_id})
            statuses = after_outcome(state.statuses, attempt.index, outcome.status)
            if state.stop_requested:
                statuses = after_cancel(statuses)
            state.write(connection, statuses, now)
            if outcome.status is not TaskStatus.SUCCESS:
                for child in [row.id for row in _CHILD_IDS.rows(connection, {"i": attempt.instance_id})]:
                    _stop_one(connection, child, now)
            following = next_task(statuses)
            if following is None:
                return Recorded(accepted=True)
            return Recorded(accepted=True, next=_begin(connection, attempt.instance_id, now))

        return self._db.write(work, durable=not outcome.reads_only)

    def record_progress(self, attempt: Attempt, stages: Sequence[Stage]) -> None:
        def work(connection: Connection) -> None:
            if _LIVE.first(connection, _key(attempt)) is not None:
                _put_result(connection, attempt, Outcome(TaskStatus.FAILED, stages=tuple(stages)))

        self._db.write(work, durable=False)

    def stop(self, instance_id: str, now: datetime) -> InstanceStatus | None:
        def work(connection: Connection) -> InstanceStatus | None:
            state = _State(connection, instance_id)
            if state.status is None or state.status is InstanceStatus.TERMINATED:
                return None
            for child in [row.id for row in _CHILD_IDS.rows(connection, {"i": instance_id})]:
                _stop_one(connection, child, now)
            return _stop_one(connection, instance_id, now)

        return self._db.write(work)

    def orphans(self) -> tuple[Orphan, ...]:
        def work(connection: Connection) -> tuple[Orphan, ...]:
            found = []
            for row in _ORPHANS.rows(connection):
                attempt = Attempt(row.instance_id, row.idx, row.attempt)
                intent = _INTENT.first(connection, _key(attempt))
                found.append(Orphan(attempt, row.project, None if intent is None else _intent_value(intent)))
            return tuple(found)

        return self._db.read(work)

    # ---- notes and retention

    def put_info(self, instance_id: str, index: int, key: str, value: str) -> None:
        statement = upsert(task_notes).values(instance_id=instance_id, idx=index, key=key, value=value)
        statement = statement.on_conflict_do_update(
            index_elements=["instance_id", "idx", "key"], set_={"value": statement.excluded.value}
        )
        self._db.write(lambda c: c.execute(statement).rowcount)

    def info(self, instance_id: str, index: int, key: str) -> str | None:
        found = self._db.read(lambda c: _NOTE.scalar(c, {"i": instance_id, "x": index, "k": key}))
        return None if found is None else str(found)

    def forget_before(self, time: datetime, limit: int) -> tuple[int, tuple[str, ...]]:
        expired = (
            select(instances.c.id)
            .where(text("status = 'Terminated'"), instances.c.ended_at < to_micros(time))
            .order_by(instances.c.ended_at)
            .limit(limit)
        )

        def work(connection: Connection) -> tuple[int, tuple[str, ...]]:
            ids = connection.execute(expired).scalars().all()
            if not ids:
                return 0, ()
            files = connection.execute(
                select(task_results.c.file).where(task_results.c.instance_id.in_(ids), task_results.c.file != "")
            )
            names = tuple(files.scalars().all())
            connection.execute(delete(instances).where(instances.c.id.in_(ids)))
            return len(ids), names

        return self._db.write(work)


class _State:
    """Statuses of one instance inside a write transaction."""

    def __init__(self, connection: Connection, instance_id: str) -> None:
        self.instance_id = instance_id
        self._rows = _STATE.rows(connection, {"i": instance_id})
        self.status = InstanceStatus(self._rows[0].instance_status) if self._rows else None
        self.stop_requested = bool(self._rows and self._rows[0].stop_requested)
        self.statuses = tuple(TaskStatus(row.status) for row in self._rows)

    def is_live(self, attempt: Attempt) -> bool:
        return (
            attempt.index < len(self._rows)
            and self.statuses[attempt.index] is TaskStatus.RUNNING
            and self._rows[attempt.index].attempt == attempt.number
        )

    def committing(self, index: int) -> bool:
        return bool(self._rows[index].committing)

    def any_committing(self) -> bool:
        return any(row.committing for row in self._rows)

    def attempt(self, index: int) -> int:
        return int(self._rows[index].attempt)

    def write(self, connection: Connection, statuses: Sequence[TaskStatus], now: datetime) -> None:
        """Write the statuses that changed, and the end of the instance if these are all final."""
        time = to_micros(now)
        for index, (before, after) in enumerate(zip(self.statuses, statuses, strict=True)):
            if before is after:
                continue
            begins = after is TaskStatus.RUNNING
            _SET_TASK.run(
                connection,
                {
                    "i": self.instance_id,
                    "x": index,
                    "status": after.value,
                    "attempt": self.attempt(index) + int(begins),
                    "committing": 0,
                    "started": time if begins else None,
                    "ended": time if after.is_final else None,
                },
            )
        if instance_status(statuses) is InstanceStatus.TERMINATED:
            _END_INSTANCE.run(connection, {"i": self.instance_id, "t": time})


def _key(attempt: Attempt) -> dict[str, object]:
    return {"i": attempt.instance_id, "x": attempt.index, "a": attempt.number}


def _put_result(connection: Connection, attempt: Attempt, outcome: Outcome) -> None:
    values = {"instance_id": attempt.instance_id, "idx": attempt.index, **result_values(outcome)}
    _PUT_RESULT.run(connection, values)


def _begin(connection: Connection, instance_id: str, now: datetime) -> Attempt | None:
    state = _State(connection, instance_id)
    index = next_task(state.statuses)
    if index is None:
        return None
    state.write(connection, after_start(state.statuses, index), now)
    _START_INSTANCE.run(connection, {"i": instance_id, "t": to_micros(now)})
    return Attempt(instance_id, index, state.attempt(index) + 1)


def _stop_one(connection: Connection, instance_id: str, now: datetime) -> InstanceStatus | None:
    state = _State(connection, instance_id)
    if state.status is None or state.status is InstanceStatus.TERMINATED:
        return None
    if state.any_committing():
        _REQUEST_STOP.run(connection, {"i": instance_id})
        return InstanceStatus.RUNNING
    state.write(connection, after_cancel(state.statuses), now)
    return InstanceStatus.TERMINATED


def _insert_instance(connection: Connection, instance: Instance) -> None:
    _NEW_INSTANCE.run(
        connection,
        {
            "id": instance.id,
            "project": instance.project,
            "owner": instance.owner,
            "priority": instance.priority,
            "status": _SUSPENDED,
            "submitted_at": to_micros(instance.submitted_at),
            "name": instance.name,
            "comment": instance.comment,
            "guid": instance.guid or None,
            "parent_id": instance.parent_id or None,
            "action": instance.action,
        },
    )
    _NEW_SOURCE.run(connection, {"instance_id": instance.id, "source": instance.source})
    keys = [{"instance_id": instance.id, "idx": task.index} for task in instance.tasks]
    _NEW_TASKS.run_many(
        connection,
        [
            {
                **key,
                "name": task.spec.name,
                "type": task.spec.type,
                "comment": task.spec.comment,
                "status": TaskStatus.WAITING.value,
            }
            for key, task in zip(keys, instance.tasks, strict=True)
        ],
    )
    _NEW_TEXTS.run_many(
        connection,
        [
            {
                **key,
                "body": task.spec.body,
                "settings": dumps(task.spec.settings),
                "config": dumps(task.spec.config),
            }
            for key, task in zip(keys, instance.tasks, strict=True)
        ],
    )


def _heads(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[Instance, ...]:
    """Heads of instances with one query for all their tasks."""
    by_instance: dict[str, list[Task]] = {row.id: [] for row in rows}
    if len(rows) == 1:
        found = _HEADS.rows(connection, {"i": rows[0].id})
    else:
        wanted = select(tasks).where(tasks.c.instance_id.in_(list(by_instance)))
        found = list(connection.execute(wanted.order_by(tasks.c.instance_id, tasks.c.idx)))
    for row in found:
        by_instance[row.instance_id].append(task_head(row))
    return tuple(instance_value(row, tuple(by_instance[row.id])) for row in rows)


def _intent_value(row: Row[Any]) -> CommitIntent:
    return CommitIntent(row.step, row.payload, bool(row.last), outcome_value(row.outcome))


def _after(marker: str) -> Any:
    submitted_at, dot, seq = marker.partition(".")
    if not (dot and submitted_at.lstrip("-").isascii() and submitted_at.lstrip("-").isdigit() and seq.isdigit()):
        raise Fault(FaultCode.INVALID_PARAMETER, f"marker '{marker[:64]}' was not returned by a page of instances")
    return tuple_(int(submitted_at), int(seq))
