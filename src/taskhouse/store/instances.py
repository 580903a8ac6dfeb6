"""Task instances in SQLite: see `ports.instance_store` for what each verb promises.

Every verb is one transaction. Whatever a runner records is guarded by its attempt's number in the same
statement that changes the row, so that a stopped or superseded runner changes nothing. Statements are built once, at import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, text, tuple_
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
from taskhouse.store import instance_statements as sql
from taskhouse.store.database import Database
from taskhouse.store.instance_lists import conditions
from taskhouse.store.instance_tables import (
    dumps,
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
from taskhouse.store.schema import to_micros


class SqlInstanceStore:
    """Implements `ports.instance_store.InstanceStore`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # ---- submitting and reading

    def submit(self, instance: Instance, children: Sequence[Instance] = (), *, max_queued: int) -> Instance:
        def work(connection: Connection) -> str:
            if instance.guid:
                first = _by_guid(connection, instance.project, instance.owner, instance.guid)
                if first is not None:
                    return first
            if sql.QUEUED.scalar(connection, {"n": max_queued}) >= max_queued:
                raise Fault(FaultCode.FLOW_EXCEEDED, f"{max_queued} instances are waiting already; submit again later")
            for each in (instance, *children):
                _insert_instance(connection, each)
            return instance.id

        stored = self._db.write(work)
        if stored == instance.id:
            return instance
        first = self.get(instance.project, stored)
        return first if first is not None else instance

    def submitted(self, project: str, owner: str, guid: str) -> Instance | None:
        found = self._db.read(lambda c: _by_guid(c, project, owner, guid))
        return None if found is None else self.get(project, found)

    def get(self, project: str | None, instance_id: str) -> Instance | None:
        def work(connection: Connection) -> Instance | None:
            row = sql.INSTANCE.first(connection, {"i": instance_id})
            if row is None or project not in (None, row.project):
                return None
            source = sql.SOURCE.scalar(connection, {"i": instance_id})
            whole = tuple(whole_task(r) for r in sql.WHOLE.rows(connection, {"i": instance_id}))
            return instance_value(row, whole, source)

        return self._db.read(work)

    def head(self, project: str, instance_id: str) -> Instance | None:
        def work(connection: Connection) -> Instance | None:
            row = sql.INSTANCE.first(connection, {"i": instance_id})
            if row is None or row.project != project:
                return None
            return _heads(connection, [row])[0]

        return self._db.read(work)

    def page(self, project: str, filter: InstanceFilter, marker: str, limit: int) -> Page[Instance]:
        query = select(instances).where(instances.c.project == project, *conditions(filter))
        if marker:
            query = query.where(tuple_(instances.c.submitted_at, instances.c.seq) < _after(marker))
        query = query.order_by(instances.c.submitted_at.desc(), instances.c.seq.desc()).limit(limit + 1)

        def work(connection: Connection) -> Page[Instance]:
            rows = list(connection.execute(query))
            shown = rows[:limit]
            last = shown[-1] if len(rows) > limit else None
            return Page(_heads(connection, shown), f"{last.submitted_at}.{last.seq}" if last is not None else "")

        return self._db.read(work)

    def beginnings(self, ids: Sequence[str], characters: int) -> Mapping[str, str]:
        body = func.substr(task_texts.c.body, 1, characters).label("body")
        query = select(task_texts.c.instance_id, body).where(task_texts.c.instance_id.in_(ids), task_texts.c.idx == 0)
        return {row.instance_id: row.body for row in self._db.read(lambda c: c.execute(query).all())}

    def children(self, instance_id: str) -> tuple[Instance, ...]:
        return self._db.read(lambda c: _heads(c, sql.CHILDREN.rows(c, {"i": instance_id})))

    def counts(self) -> Mapping[InstanceStatus, int]:
        found = self._db.read(lambda c: {InstanceStatus(status): n for status, n in sql.COUNTS.rows(c)})
        return {status: found.get(status, 0) for status in (InstanceStatus.SUSPENDED, InstanceStatus.RUNNING)}

    # ---- running

    def claim_next(self, now: datetime) -> Attempt | None:
        def work(connection: Connection) -> Attempt | None:
            instance_id = sql.NEXT_QUEUED.scalar(connection)
            return None if instance_id is None else _begin(connection, instance_id, now)

        return self._db.write(work, durable=False)

    def claim(self, instance_id: str, now: datetime) -> Attempt | None:
        def work(connection: Connection) -> Attempt | None:
            row = sql.INSTANCE.first(connection, {"i": instance_id})
            if row is None or row.status != sql.SUSPENDED:
                return None
            return _begin(connection, instance_id, now)

        return self._db.write(work, durable=False)

    def is_live(self, attempt: Attempt) -> bool:
        return self._db.read(lambda c: sql.LIVE.first(c, _key(attempt)) is not None)

    def begin_commit(self, attempt: Attempt, intent: CommitIntent) -> bool:
        def work(connection: Connection) -> bool:
            if sql.LIVE.first(connection, _key(attempt)) is None:
                return False
            sql.SET_COMMITTING.run(connection, {"i": attempt.instance_id, "x": attempt.index, "committing": 1})
            sql.FORGET_INTENTS.run(connection, {"i": attempt.instance_id})
            sql.NEW_INTENT.run(
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
            sql.FORGET_INTENTS.run(connection, {"i": attempt.instance_id})
            sql.SET_COMMITTING.run(connection, {"i": attempt.instance_id, "x": attempt.index, "committing": 0})
            return not state.stop_requested

        return self._db.write(work)

    def record_outcome(self, attempt: Attempt, outcome: Outcome, now: datetime) -> Recorded:
        def work(connection: Connection) -> Recorded:
            state = _State(connection, attempt.instance_id)
            if not state.is_live(attempt):
                return Recorded(accepted=False)
            _put_result(connection, attempt, outcome)
            if state.committing(attempt.index):
                sql.FORGET_INTENTS.run(connection, {"i": attempt.instance_id})
            statuses = after_outcome(state.statuses, attempt.index, outcome.status)
            if state.stop_requested:
                statuses = after_cancel(statuses)
            state.write(connection, statuses, now)
            if outcome.status is not TaskStatus.SUCCESS:
                for child in [row.id for row in sql.CHILD_IDS.rows(connection, {"i": attempt.instance_id})]:
                    _stop_one(connection, child, now)
            following = next_task(statuses)
            if following is None:
                return Recorded(accepted=True)
            return Recorded(accepted=True, next=_begin(connection, attempt.instance_id, now))

        return self._db.write(work, durable=not outcome.reads_only)

    def record_progress(self, attempt: Attempt, stages: Sequence[Stage]) -> None:
        def work(connection: Connection) -> None:
            if sql.LIVE.first(connection, _key(attempt)) is not None:
                _put_result(connection, attempt, Outcome(TaskStatus.FAILED, stages=tuple(stages)))

        self._db.write(work, durable=False)

    def stop(self, instance_id: str, now: datetime) -> InstanceStatus | None:
        def work(connection: Connection) -> InstanceStatus | None:
            state = _State(connection, instance_id)
            if state.status is None or state.status is InstanceStatus.TERMINATED:
                return None
            for child in [row.id for row in sql.CHILD_IDS.rows(connection, {"i": instance_id})]:
                _stop_one(connection, child, now)
            return _stop_one(connection, instance_id, now)

        return self._db.write(work)

    def orphans(self) -> tuple[Orphan, ...]:
        def work(connection: Connection) -> tuple[Orphan, ...]:
            found = []
            for row in sql.ORPHANS.rows(connection):
                attempt = Attempt(row.instance_id, row.idx, row.attempt)
                intent = sql.INTENT.first(connection, _key(attempt))
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
        found = self._db.read(lambda c: sql.NOTE.scalar(c, {"i": instance_id, "x": index, "k": key}))
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
        self._rows = sql.STATE.rows(connection, {"i": instance_id})
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
            sql.SET_TASK.run(
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
            sql.END_INSTANCE.run(connection, {"i": self.instance_id, "t": time})


def _key(attempt: Attempt) -> dict[str, object]:
    return {"i": attempt.instance_id, "x": attempt.index, "a": attempt.number}


def _put_result(connection: Connection, attempt: Attempt, outcome: Outcome) -> None:
    values = {"instance_id": attempt.instance_id, "idx": attempt.index, **result_values(outcome)}
    sql.PUT_RESULT.run(connection, values)


def _begin(connection: Connection, instance_id: str, now: datetime) -> Attempt | None:
    state = _State(connection, instance_id)
    index = next_task(state.statuses)
    if index is None:
        return None
    state.write(connection, after_start(state.statuses, index), now)
    sql.START_INSTANCE.run(connection, {"i": instance_id, "t": to_micros(now)})
    return Attempt(instance_id, index, state.attempt(index) + 1)


def _stop_one(connection: Connection, instance_id: str, now: datetime) -> InstanceStatus | None:
    state = _State(connection, instance_id)
    if state.status is None or state.status is InstanceStatus.TERMINATED:
        return None
    if state.any_committing():
        sql.REQUEST_STOP.run(connection, {"i": instance_id})
        return InstanceStatus.RUNNING
    state.write(connection, after_cancel(state.statuses), now)
    return InstanceStatus.TERMINATED


def _by_guid(connection: Connection, project: str, owner: str, guid: str) -> str | None:
    found = sql.BY_GUID.scalar(connection, {"p": project, "o": owner, "g": guid})
    return None if found is None else str(found)


def _insert_instance(connection: Connection, instance: Instance) -> None:
    sql.NEW_INSTANCE.run(
        connection,
        {
            "id": instance.id,
            "project": instance.project,
            "owner": instance.owner,
            "priority": instance.priority,
            "status": sql.SUSPENDED,
            "submitted_at": to_micros(instance.submitted_at),
            "name": instance.name,
            "comment": instance.comment,
            "guid": instance.guid or None,
            "parent_id": instance.parent_id or None,
            "action": instance.action,
        },
    )
    sql.NEW_SOURCE.run(connection, {"instance_id": instance.id, "source": instance.source})
    keys = [{"instance_id": instance.id, "idx": task.index} for task in instance.tasks]
    sql.NEW_TASKS.run_many(
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
    sql.NEW_TEXTS.run_many(
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
        found = sql.HEADS.rows(connection, {"i": rows[0].id})
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
