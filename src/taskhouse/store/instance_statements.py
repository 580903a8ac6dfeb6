"""The statements of `store.instances`, prepared once. Parameters: `i` instance, `x` index of a task, `a` attempt, `t` time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, bindparam, delete, func, insert, select, text, update
from sqlalchemy.dialects.sqlite import insert as upsert

from taskhouse.domain.instance import InstanceStatus, TaskStatus
from taskhouse.store.instance_tables import (
    commit_intents,
    instance_sources,
    instances,
    task_notes,
    task_results,
    task_texts,
    tasks,
)
from taskhouse.store.prepared import Prepared

SUSPENDED = InstanceStatus.SUSPENDED.value
TERMINATED = InstanceStatus.TERMINATED.value

BY_GUID = Prepared(
    select(instances.c.id).where(
        instances.c.project == bindparam("p"), instances.c.owner == bindparam("o"), instances.c.guid == bindparam("g")
    )
)
IN_QUEUE = text("status = 'Suspended' AND parent_id IS NULL")
"""Written out, not bound: SQLite then knows that the partial indexes hold all the rows wanted."""
NOT_ENDED = text("instances.status <> 'Terminated'")
QUEUED = Prepared(
    select(func.count()).select_from(select(instances.c.seq).where(IN_QUEUE).limit(bindparam("n")).subquery())
)
COUNTS = Prepared(select(instances.c.status, func.count()).where(NOT_ENDED).group_by(instances.c.status))
NEXT_QUEUED = Prepared(select(instances.c.id).where(IN_QUEUE).order_by(instances.c.priority, instances.c.seq).limit(1))
INSTANCE = Prepared(select(instances).where(instances.c.id == bindparam("i")))
SOURCE = Prepared(select(instance_sources.c.source).where(instance_sources.c.instance_id == bindparam("i")))
CHILDREN = Prepared(select(instances).where(instances.c.parent_id == bindparam("i")).order_by(instances.c.seq))
CHILD_IDS = Prepared(select(instances.c.id).where(instances.c.parent_id == bindparam("i")).order_by(instances.c.seq))
HEADS = Prepared(select(tasks).where(tasks.c.instance_id == bindparam("i")).order_by(tasks.c.idx))
WHOLE = Prepared(
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
STATE = Prepared(
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
LIVE = Prepared(
    select(1).where(
        tasks.c.instance_id == bindparam("i"),
        tasks.c.idx == bindparam("x"),
        tasks.c.attempt == bindparam("a"),
        tasks.c.status == TaskStatus.RUNNING.value,
    )
)
ORPHANS = Prepared(
    select(instances.c.project, tasks.c.instance_id, tasks.c.idx, tasks.c.attempt)
    .select_from(instances.join(tasks, tasks.c.instance_id == instances.c.id))
    .where(
        instances.c.status == InstanceStatus.RUNNING.value,
        NOT_ENDED,
        tasks.c.status == TaskStatus.RUNNING.value,
    )
    .order_by(instances.c.seq)
)
INTENT = Prepared(
    select(commit_intents).where(
        commit_intents.c.instance_id == bindparam("i"),
        commit_intents.c.idx == bindparam("x"),
        commit_intents.c.attempt == bindparam("a"),
    )
)
FORGET_INTENTS = Prepared(delete(commit_intents).where(commit_intents.c.instance_id == bindparam("i")))
SET_TASK = Prepared(
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
SET_COMMITTING = Prepared(
    update(tasks)
    .where(tasks.c.instance_id == bindparam("i"), tasks.c.idx == bindparam("x"))
    .values(committing=bindparam("committing"))
)
START_INSTANCE = Prepared(
    update(instances)
    .where(instances.c.id == bindparam("i"))
    .values(status=InstanceStatus.RUNNING.value, started_at=func.coalesce(instances.c.started_at, bindparam("t")))
)
END_INSTANCE = Prepared(
    update(instances).where(instances.c.id == bindparam("i")).values(status=TERMINATED, ended_at=bindparam("t"))
)
REQUEST_STOP = Prepared(update(instances).where(instances.c.id == bindparam("i")).values(stop_requested=1))
NOTE = Prepared(
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


PUT_RESULT = Prepared(_result_upsert())
NEW_INSTANCE = Prepared(
    insert(instances),
    [c.name for c in instances.c if c.name not in ("seq", "started_at", "ended_at", "stop_requested")],
)
NEW_SOURCE = Prepared(insert(instance_sources))
NEW_TASKS = Prepared(insert(tasks), ["instance_id", "idx", "name", "type", "comment", "status"])
NEW_TEXTS = Prepared(insert(task_texts))
NEW_INTENT = Prepared(insert(commit_intents))
