"""Recurring instances: what is published, what is generated from it, and how that fares."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "generation_blocks",
        sa.Column("environment", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bizdate", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_instance", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_instance", sa.Integer(), nullable=False),
        sa.Column("first_node", sa.Integer(), nullable=False),
        sa.Column("last_node", sa.Integer(), nullable=False),
        sa.Column("first_edge", sa.Integer(), nullable=False),
        sa.Column("last_edge", sa.Integer(), nullable=False),
        sa.Column("first_field", sa.Integer(), nullable=False),
        sa.Column("last_field", sa.Integer(), nullable=False),
        sa.Column("first_due", sa.BigInteger(), nullable=False),
        sa.Column("last_due", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("environment", "bizdate", "first_instance", name=op.f("pk_generation_blocks")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_generation_blocks_changed", "generation_blocks", ["changed"], unique=False)
    op.create_table(
        "generation_dates",
        sa.Column("environment", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_date", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("environment", "run_date", name=op.f("pk_generation_dates")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "instance_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("bizdate", sa.Integer(), nullable=False),
        sa.Column("publication", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("biz_type", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("paused", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("duration", sa.BigInteger(), nullable=True),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("nodes", sa.Text(), nullable=False),
        sa.Column("retried", sa.Integer(), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=False),
        sa.Column("marks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance_lists")),
    )
    op.create_index("ix_instance_lists_bizdate", "instance_lists", ["environment", "bizdate"], unique=False)
    op.create_index(
        "ix_instance_lists_due_at",
        "instance_lists",
        ["environment", "due_at", "id", "bizdate", "publication", "biz_type"],
        unique=False,
    )
    op.create_index(
        "ix_instance_lists_duration",
        "instance_lists",
        ["environment", "duration", "id", "bizdate", "publication", "biz_type"],
        unique=False,
    )
    op.create_index(
        "ix_instance_lists_ended_at",
        "instance_lists",
        ["environment", "ended_at", "id", "bizdate", "publication", "biz_type"],
        unique=False,
    )
    op.create_index(
        "ix_instance_lists_name",
        "instance_lists",
        ["environment", "name", "id", "bizdate", "publication", "biz_type"],
        unique=False,
    )
    op.create_index(
        "ix_instance_lists_paused",
        "instance_lists",
        ["environment", "id"],
        unique=False,
        sqlite_where=sa.text("paused > 0"),
    )
    op.create_index(
        "ix_instance_lists_publication", "instance_lists", ["environment", "publication", "bizdate"], unique=False
    )
    op.create_index(
        "ix_instance_lists_started_at",
        "instance_lists",
        ["environment", "started_at", "id", "bizdate", "publication", "biz_type"],
        unique=False,
    )
    op.create_index(
        "ix_instance_lists_urgency",
        "instance_lists",
        ["environment", "urgency", "id", "bizdate", "publication", "biz_type"],
        unique=False,
    )
    op.create_table(
        "instance_nodes",
        sa.Column("instance", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("node", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("instance", "place", name=op.f("pk_instance_nodes")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_instance_nodes_node", "instance_nodes", ["node"], unique=False)
    op.create_table(
        "metric_priorities",
        sa.Column("field", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("field", name=op.f("pk_metric_priorities")),
    )
    op.create_index("ix_metric_priorities_changed", "metric_priorities", ["changed"], unique=False)
    op.create_table(
        "node_edges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("up", sa.Integer(), nullable=True),
        sa.Column("down", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("crosses", sa.Integer(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=True),
        sa.Column("operation", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node_edges")),
    )
    op.create_index(
        "ix_node_edges_removed", "node_edges", ["removed"], unique=False, sqlite_where=sa.text("removed IS NOT NULL")
    )
    op.create_index(
        "ix_node_edges_up", "node_edges", ["crosses", "up"], unique=False, sqlite_where=sa.text("up IS NOT NULL")
    )
    op.create_table(
        "node_instances",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("bizdate", sa.Integer(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Integer(), nullable=False),
        sa.Column("backfill", sa.Text(), nullable=False),
        sa.Column("publication", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("dry_run", sa.Integer(), nullable=False),
        sa.Column("first_edge", sa.Integer(), nullable=False),
        sa.Column("last_edge", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node_instances")),
    )
    op.create_index(
        "ix_node_instances_key",
        "node_instances",
        ["environment", "bizdate", "node", "due_at", "origin", "backfill"],
        unique=True,
    )
    op.create_table(
        "node_runs",
        sa.Column("node", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("serial", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("trigger", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Integer(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("task_instance", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node", "serial", name=op.f("pk_node_runs")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_node_runs_live", "node_runs", ["owner"], unique=False, sqlite_where=sa.text("status = 0"))
    op.create_table(
        "node_states",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("bizdate", sa.Integer(), nullable=False),
        sa.Column("alone", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("retried", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Integer(), nullable=True),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("ran", sa.Integer(), nullable=True),
        sa.Column("cancelling_until", sa.BigInteger(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("trigger", sa.Integer(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("operation", sa.Integer(), nullable=False),
        sa.Column("operated", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node_states")),
    )
    op.create_index(
        "ix_node_states_changed", "node_states", ["changed"], unique=False, sqlite_where=sa.text("changed > 0")
    )
    op.create_index(
        "ix_node_states_unfinished",
        "node_states",
        ["environment", "bizdate"],
        unique=False,
        sqlite_where=sa.text("(status < 6 AND flags & 4 <> 0) OR retry_at IS NOT NULL OR cancelling_until IS NOT NULL"),
    )
    op.create_table(
        "node_transitions",
        sa.Column("node", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("lock_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Integer(), nullable=True),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("operation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("node", "lock_version", "place", name=op.f("pk_node_transitions")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "operation_instances",
        sa.Column("instance", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("operation", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("instance", "operation", name=op.f("pk_operation_instances")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "operation_log",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("perspective", sa.Text(), nullable=False),
        sa.Column("instance", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("instances", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation_log")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_operation_log_request",
        "operation_log",
        ["operator", "request_id"],
        unique=False,
        sqlite_where=sa.text("request_id <> ''"),
    )
    op.create_table(
        "published_documents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_documents")),
    )
    op.create_table(
        "published_labels",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("publication", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("kind", "value", "publication", name=op.f("pk_published_labels")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "published_revisions",
        sa.Column("environment", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("environment", name=op.f("pk_published_revisions")),
    )
    op.create_table(
        "published_tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_name", sa.Text(), nullable=False),
        sa.Column("biz_type", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=True),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("current", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_tasks")),
    )
    op.create_index(
        "ix_published_tasks_current",
        "published_tasks",
        ["environment", "task"],
        unique=True,
        sqlite_where=sa.text("current = 1"),
    )
    op.create_index("ix_published_tasks_version", "published_tasks", ["environment", "task", "version"], unique=True)
    op.create_table(
        "recurring_counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_recurring_counters")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recurring_instances",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("environment", sa.Integer(), nullable=False),
        sa.Column("bizdate", sa.Integer(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Integer(), nullable=False),
        sa.Column("backfill", sa.Text(), nullable=False),
        sa.Column("publication", sa.Integer(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("first_field", sa.Integer(), nullable=False),
        sa.Column("dry_run", sa.Integer(), nullable=False),
        sa.Column("manual_priority", sa.Integer(), nullable=True),
        sa.Column("priority_changed", sa.Integer(), nullable=True),
        sa.Column("generated_at", sa.BigInteger(), nullable=False),
        sa.Column("notices", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recurring_instances")),
    )
    op.create_index(
        "ix_recurring_instances_key",
        "recurring_instances",
        ["environment", "bizdate", "task", "due_at", "origin", "backfill"],
        unique=True,
    )
    op.create_index(
        "ix_recurring_instances_priority",
        "recurring_instances",
        ["priority_changed"],
        unique=False,
        sqlite_where=sa.text("priority_changed IS NOT NULL"),
    )
    op.create_table(
        "request_answers",
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user", "request_id", name=op.f("pk_request_answers")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_request_answers_at", "request_answers", ["at"], unique=False)
    op.create_table(
        "scheduler_leases",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("expired", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_scheduler_leases")),
    )
