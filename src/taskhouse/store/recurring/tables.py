"""Tables of recurring instances.

What one insertion adds has consecutive ids, kept as a row of `generation_blocks`: a date is read by ranges of ids, in the order in which
it was written, and edges and links need no index for that. What never changes (`recurring_instances`, `node_instances`, `node_edges`)
is apart from what changes all the time (`node_states`, `instance_lists`), whose rows are narrow, so that a batch of changes
rewrites few pages.

`changed` holds the number of the change in the sequence (`recurring_counters`), so the feed of changes is an index range. Codes of words
are in `codes`; dates are ordinals.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, text

from taskhouse.store.schema import metadata


def _number(name: str, *, optional: bool = False, default: str | None = None) -> Column[int]:
    return Column(name, Integer, nullable=optional, server_default=None if default is None else text(default))


def _time(name: str, *, optional: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=optional)


def _key(name: str) -> Column[int]:
    return Column(name, Integer, primary_key=True, autoincrement=False, nullable=False)


counters = Table(
    "recurring_counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""The last number given: `change` of the sequence, and of ids `instance`, `node`, `edge`, `field`."""

revisions = Table("published_revisions", metadata, _key("environment"), _number("revision"))

published = Table(
    "published_tasks",
    metadata,
    Column("id", Integer, primary_key=True),
    _number("environment"),
    Column("task", Text, nullable=False),
    _number("version"),
    Column("search_name", Text, nullable=False),
    _number("biz_type"),
    _number("kind", optional=True),
    _number("cycle"),
    _number("current"),
    _time("published_at"),
)
"""Narrow, because lists look through all of them; what is published is in `published_documents`."""
Index("ix_published_tasks_version", published.c.environment, published.c.task, published.c.version, unique=True)
Index(
    "ix_published_tasks_current",
    published.c.environment,
    published.c.task,
    unique=True,
    sqlite_where=text("current = 1"),
)

documents = Table(
    "published_documents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("document", Text, nullable=False),
)

labels = Table(
    "published_labels",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    _key("publication"),
    sqlite_with_rowid=False,
)
"""Owners, projects and tags of publications, for lists: a million instances have a few thousand publications."""

generation_dates = Table(
    "generation_dates", metadata, _key("environment"), _key("run_date"), _time("at"), sqlite_with_rowid=False
)

blocks = Table(
    "generation_blocks",
    metadata,
    _key("environment"),
    _key("bizdate"),
    _key("first_instance"),
    _number("last_instance"),
    _number("first_node"),
    _number("last_node"),
    _number("first_edge"),
    _number("last_edge"),
    _number("first_field"),
    _number("last_field"),
    _time("first_due"),
    _time("last_due"),
    _number("changed"),
    sqlite_with_rowid=False,
)
"""Ids from first to last, both included; a range of nothing ends before it begins. `first_due` and `last_due` are the least and the greatest
scheduled time."""
Index("ix_generation_blocks_changed", blocks.c.changed)

instances = Table(
    "recurring_instances",
    metadata,
    Column("id", Integer, primary_key=True),
    _number("environment"),
    _number("bizdate"),
    Column("task", Text, nullable=False),
    _time("due_at"),
    _number("origin"),
    Column("backfill", Text, nullable=False),
    _number("publication"),
    _number("idx"),
    _number("first_field"),
    _number("dry_run"),
    _number("manual_priority", optional=True),
    _number("priority_changed", optional=True),
    _time("generated_at"),
    Column("notices", Text, nullable=False),
)
Index(
    "ix_recurring_instances_key",
    *(instances.c[name] for name in ("environment", "bizdate", "task", "due_at", "origin", "backfill")),
    unique=True,
)
Index(
    "ix_recurring_instances_priority",
    instances.c.priority_changed,
    sqlite_where=text("priority_changed IS NOT NULL"),
)

lists = Table(
    "instance_lists",
    metadata,
    Column("id", Integer, primary_key=True),
    _number("environment"),
    _number("bizdate"),
    _number("publication"),
    Column("name", Text, nullable=False),
    _time("due_at"),
    _number("biz_type"),
    _number("origin"),
    _number("priority"),
    _number("urgency"),
    _number("waiting"),
    _number("paused"),
    _time("started_at", optional=True),
    _time("ended_at", optional=True),
    _time("duration", optional=True),
    Column("fields", Text, nullable=False),
    Column("nodes", Text, nullable=False),
    _number("retried"),
    _number("retries"),
    _number("marks"),
)
"""One narrow row an instance with what lists filter and sort by. Indexes of orders also hold what rows are most often filtered by, so that
a walk along one looks only at rows that it wants. `urgency` is `status_order`; `waiting` has a bit for
each code of a status; `fields` and `nodes` are counts in the order of `summaries.CLASSES`."""
for _column in ("due_at", "name", "urgency", "started_at", "ended_at", "duration"):
    Index(
        f"ix_instance_lists_{_column}",
        *(lists.c[name] for name in ("environment", _column, "id", "bizdate", "publication", "biz_type")),
    )
Index("ix_instance_lists_bizdate", lists.c.environment, lists.c.bizdate)
Index("ix_instance_lists_publication", lists.c.environment, lists.c.publication, lists.c.bizdate)
Index("ix_instance_lists_paused", lists.c.environment, lists.c.id, sqlite_where=text("paused > 0"))

nodes = Table(
    "node_instances",
    metadata,
    Column("id", Integer, primary_key=True),
    _number("environment"),
    _number("bizdate"),
    Column("node", Text, nullable=False),
    _time("due_at"),
    _number("origin"),
    Column("backfill", Text, nullable=False),
    _number("publication"),
    _number("place"),
    _number("dry_run"),
    _number("first_edge"),
    _number("last_edge"),
)
"""`publication` and `place` (among the nodes of that task) say what it runs. Its edges from upstream have consecutive ids."""
Index(
    "ix_node_instances_key",
    *(nodes.c[name] for name in ("environment", "bizdate", "node", "due_at", "origin", "backfill")),
    unique=True,
)

MAY_MOVE = "(status < 6 AND flags & 4 <> 0) OR retry_at IS NOT NULL OR cancelling_until IS NOT NULL"
"""`NodeState.may_move`."""

states = Table(
    "node_states",
    metadata,
    Column("id", Integer, primary_key=True),
    _number("environment"),
    _number("bizdate"),
    _number("alone"),
    _number("status"),
    _number("lock_version"),
    _number("flags"),
    _number("attempt"),
    _number("retried"),
    _time("retry_at", optional=True),
    _number("reason", optional=True),
    _number("run"),
    _number("ran", optional=True),
    _time("cancelling_until", optional=True),
    Column("owner", Text, nullable=False),
    _time("started_at", optional=True),
    _time("ended_at", optional=True),
    _time("since", optional=True),
    _number("trigger"),
    _number("code"),
    _number("operation"),
    _number("operated"),
    _number("changed"),
)
"""`alone`: the instance whose only node this is and which has no fields, 0 for others. `ran`: why the latest run was begun. `operation` is
the last operation that wrote the row, and `operated` the lock version that it gave it. Born with `changed` 0: whoever follows the feed
learns of new nodes by their date."""
Index("ix_node_states_changed", states.c.changed, sqlite_where=text("changed > 0"))
Index(
    "ix_node_states_unfinished",
    states.c.environment,
    states.c.bizdate,
    sqlite_where=text(MAY_MOVE),
)

links = Table(
    "instance_nodes",
    metadata,
    _key("instance"),
    _key("place"),
    _number("node"),
    sqlite_with_rowid=False,
)
"""`place`: of the node among those of the instance's task."""
Index("ix_instance_nodes_node", links.c.node)

edges = Table(
    "node_edges",
    metadata,
    Column("id", Integer, primary_key=True),
    _number("up", optional=True),
    _number("down"),
    _number("kind"),
    _number("crosses"),
    Column("via", Text, nullable=False),
    _number("removed", optional=True),
    _number("operation", optional=True),
)
"""`crosses`: the upper node is not of the same block. `removed` is the number of the change, `operation` who did it. Edges are numbered in
the order of their lower nodes."""
Index("ix_node_edges_up", edges.c.crosses, edges.c.up, sqlite_where=text("up IS NOT NULL"))
Index("ix_node_edges_removed", edges.c.removed, sqlite_where=text("removed IS NOT NULL"))

metrics = Table("metric_priorities", metadata, _key("field"), _number("priority"), _number("changed"))
Index("ix_metric_priorities_changed", metrics.c.changed)

runs = Table(
    "node_runs",
    metadata,
    _key("node"),
    _key("serial"),
    _number("number"),
    _number("trigger"),
    _number("status"),
    _time("started_at", optional=True),
    _time("ended_at", optional=True),
    _number("reason", optional=True),
    Column("message", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("task_instance", Text, nullable=False),
    _number("version"),
    _number("code"),
    Column("parameters", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_node_runs_live", runs.c.owner, sqlite_where=text("status = 0"))

transitions = Table(
    "node_transitions",
    metadata,
    _key("node"),
    _key("lock_version"),
    _key("place"),
    _time("at"),
    _number("source", optional=True),
    _number("target"),
    _number("cause"),
    _number("run"),
    _number("operation"),
    sqlite_with_rowid=False,
)
"""`lock_version` is that of the write, `place` the position in it."""

operations = Table(
    "operation_log",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _time("at"),
    Column("operator", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("perspective", Text, nullable=False),
    _number("instance"),
    Column("outcome", Text, nullable=False),
    Column("error_code", Text),
    Column("reason", Text, nullable=False),
    Column("batch", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("instances", Text, nullable=False),
    Column("document", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_operation_log_request", operations.c.operator, operations.c.request_id, sqlite_where=text("request_id <> ''"))

touched = Table("operation_instances", metadata, _key("instance"), _key("operation"), sqlite_with_rowid=False)
"""To find the operations that touched an instance; `operation_log.instances` lists them, too, for whoever has the operation."""

leases = Table(
    "scheduler_leases",
    metadata,
    Column("owner", Text, primary_key=True),
    _time("until"),
    _number("expired"),
)

answers = Table(
    "request_answers",
    metadata,
    Column("user", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("request", Text, nullable=False),
    _number("status"),
    Column("body", LargeBinary, nullable=False),
    _time("at"),
    sqlite_with_rowid=False,
)
Index("ix_request_answers_at", answers.c.at)
