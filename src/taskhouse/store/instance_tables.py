"""Tables of task instances, and how their rows become values.

What lists need lies in narrow tables (`instances`, `tasks`); job texts, settings and results lie in wide ones
(`instance_sources`, `task_texts`) that are read only for one instance at a time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Row, Table, Text, UniqueConstraint, text

from taskhouse.domain.instance import (
    Instance,
    InstanceStatus,
    Outcome,
    ResultKind,
    Stage,
    Task,
    TaskSpec,
    TaskStatus,
)
from taskhouse.store.schema import from_micros, metadata, optional_time

instances = Table(
    "instances",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("submitted_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("name", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("guid", Text),
    Column("parent_id", Text),
    Column("action", Text, nullable=False),
    Column("stop_requested", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("id"),
    UniqueConstraint("project", "owner", "guid", name="uq_instances_guid"),
    sqlite_autoincrement=True,
)
Index(
    "ix_instances_queue",
    instances.c.priority,
    instances.c.seq,
    sqlite_where=text("status = 'Suspended' AND parent_id IS NULL"),
)
Index("ix_instances_live", instances.c.status, sqlite_where=text("status <> 'Terminated'"))
Index("ix_instances_list", instances.c.project, instances.c.submitted_at, instances.c.seq)
Index("ix_instances_owner", instances.c.project, instances.c.owner, instances.c.submitted_at, instances.c.seq)
Index("ix_instances_status", instances.c.project, instances.c.status, instances.c.submitted_at, instances.c.seq)
Index("ix_instances_name", instances.c.project, instances.c.name, instances.c.submitted_at, instances.c.seq)
Index("ix_instances_parent", instances.c.parent_id, instances.c.seq, sqlite_where=text("parent_id IS NOT NULL"))
Index("ix_instances_ended", instances.c.ended_at, sqlite_where=text("status = 'Terminated'"))


instance_sources = Table(
    "instance_sources",
    metadata,
    Column("instance_id", Text, ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True),
    Column("source", Text, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    Column("instance_id", Text, ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True),
    Column("idx", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("committing", Integer, nullable=False, server_default=text("0")),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    sqlite_with_rowid=False,
)

task_texts = Table(
    "task_texts",
    metadata,
    Column("instance_id", Text, ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True),
    Column("idx", Integer, primary_key=True),
    Column("body", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("config", Text, nullable=False),
)

task_results = Table(
    "task_results",
    metadata,
    Column("instance_id", Text, ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True),
    Column("idx", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("columns", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("stages", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("warnings", Text, nullable=False),
)

task_notes = Table(
    "task_notes",
    metadata,
    Column("instance_id", Text, ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True),
    Column("idx", Integer, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

commit_intents = Table(
    "commit_intents",
    metadata,
    Column("instance_id", Text, ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True),
    Column("idx", Integer, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("step", Integer, nullable=False),
    Column("payload", Text, nullable=False),
    Column("last", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
)


def dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def stages_text(stages: Sequence[Stage]) -> str:
    return dumps([asdict(stage) for stage in stages]) if stages else "[]"


def stages_value(text_: str) -> tuple[Stage, ...]:
    return tuple(Stage(**{**item, "upstream": tuple(item["upstream"])}) for item in json.loads(text_))


def result_values(outcome: Outcome) -> dict[str, object]:
    """The columns of `task_results` for an outcome."""
    return {
        "kind": outcome.result_kind.value,
        "text": outcome.result_text,
        "file": outcome.result_file,
        "columns": dumps(outcome.result_columns),
        "rows": outcome.result_rows,
        "stages": stages_text(outcome.stages),
        "summary": dumps(outcome.summary),
        "warnings": dumps(outcome.warnings),
    }


def outcome_text(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    return dumps({"status": outcome.status.value, **result_values(outcome)})


def outcome_value(text_: str) -> Outcome | None:
    if not text_:
        return None
    values = json.loads(text_)
    return Outcome(
        status=TaskStatus(values["status"]),
        result_kind=ResultKind(values["kind"]),
        result_text=values["text"],
        result_file=values["file"],
        result_columns=tuple((name, type_) for name, type_ in json.loads(values["columns"])),
        result_rows=values["rows"],
        stages=stages_value(values["stages"]),
        summary=json.loads(values["summary"]),
        warnings=tuple(json.loads(values["warnings"])),
    )


def instance_value(row: Row[Any], tasks_: tuple[Task, ...], source: str = "") -> Instance:
    return Instance(
        id=row.id,
        project=row.project,
        owner=row.owner,
        priority=row.priority,
        status=InstanceStatus(row.status),
        submitted_at=from_micros(row.submitted_at),
        started_at=optional_time(row.started_at),
        ended_at=optional_time(row.ended_at),
        name=row.name,
        comment=row.comment,
        guid=row.guid or "",
        source=source,
        parent_id=row.parent_id or "",
        action=row.action,
        tasks=tasks_,
    )


def task_head(row: Row[Any]) -> Task:
    """A task without its texts and results."""
    return Task(
        instance_id=row.instance_id,
        index=row.idx,
        spec=TaskSpec(name=row.name, type=row.type, body="", comment=row.comment),
        status=TaskStatus(row.status),
        attempt=row.attempt,
        started_at=optional_time(row.started_at),
        ended_at=optional_time(row.ended_at),
    )


def whole_task(row: Row[Any]) -> Task:
    """A task from a row of `tasks` joined with its texts and, when it has any, its results (`kind` is None otherwise)."""
    spec = TaskSpec(
        name=row.name,
        type=row.type,
        body=row.body,
        settings=json.loads(row.settings),
        config=json.loads(row.config),
        comment=row.comment,
    )
    task = Task(
        instance_id=row.instance_id,
        index=row.idx,
        spec=spec,
        status=TaskStatus(row.status),
        attempt=row.attempt,
        started_at=optional_time(row.started_at),
        ended_at=optional_time(row.ended_at),
    )
    if row.kind is None:
        return task
    return Task(
        instance_id=task.instance_id,
        index=task.index,
        spec=spec,
        status=task.status,
        attempt=task.attempt,
        started_at=task.started_at,
        ended_at=task.ended_at,
        result_kind=ResultKind(row.kind),
        result_text=row.text,
        result_file=row.file,
        result_columns=tuple((name, type_) for name, type_ in json.loads(row.columns)),
        result_rows=row.rows,
        stages=stages_value(row.stages),
        summary=json.loads(row.summary),
        warnings=tuple(json.loads(row.warnings)),
    )
