"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "access_version",
        sa.Column("one", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_access_version")),
    )
    op.create_table(
        "catalogue_tables",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("schema", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("ddl_at", sa.BigInteger(), nullable=False),
        sa.Column("accessed_at", sa.BigInteger(), nullable=True),
        sa.Column("partitioned", sa.Boolean(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("partition_columns", sa.Text(), server_default="[]", nullable=False),
        sa.Column("hidden_columns", sa.Text(), server_default="[]", nullable=False),
        sa.Column("lifecycle", sa.Integer(), nullable=True),
        sa.Column("properties", sa.Text(), server_default="{}", nullable=False),
        sa.Column("options", sa.Text(), server_default="{}", nullable=False),
        sa.Column("clustering", sa.Text(), nullable=True),
        sa.Column("primary_key", sa.Text(), server_default="[]", nullable=False),
        sa.Column("view_text", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("data_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("mixed_files", sa.Boolean(), nullable=False),
        sa.Column("rows", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("files", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("log_version", sa.BigInteger(), server_default="-1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_tables")),
    )
    op.create_index(
        "ix_catalogue_tables_lifecycle",
        "catalogue_tables",
        ["modified_at"],
        unique=False,
        sqlite_where=sa.text("lifecycle IS NOT NULL"),
    )
    op.create_index("ix_catalogue_tables_name", "catalogue_tables", ["project", "schema", "name"], unique=True)
    op.create_table(
        "functions",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("schema", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("class_name", sa.Text(), server_default="", nullable=False),
        sa.Column("resources", sa.Text(), server_default="[]", nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project", "schema", "name", name=op.f("pk_functions")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "grants",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_name", sa.Text(), nullable=False),
        sa.Column("privilege", sa.Text(), nullable=False),
        sa.Column("to_role", sa.Boolean(), nullable=False),
        sa.Column("grantee", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "project", "kind", "object_name", "privilege", "to_role", "grantee", name=op.f("pk_grants")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "instances",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("guid", sa.Text(), nullable=True),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("stop_requested", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_instances")),
        sa.UniqueConstraint("id", name=op.f("uq_instances_id")),
        sa.UniqueConstraint("project", "owner", "guid", name="uq_instances_guid"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_instances_ended", "instances", ["ended_at"], unique=False, sqlite_where=sa.text("status = 'Terminated'")
    )
    op.create_index("ix_instances_list", "instances", ["project", "submitted_at", "seq"], unique=False)
    op.create_index(
        "ix_instances_live", "instances", ["status"], unique=False, sqlite_where=sa.text("status <> 'Terminated'")
    )
    op.create_index("ix_instances_name", "instances", ["project", "name", "submitted_at", "seq"], unique=False)
    op.create_index("ix_instances_owner", "instances", ["project", "owner", "submitted_at", "seq"], unique=False)
    op.create_index(
        "ix_instances_parent",
        "instances",
        ["parent_id", "seq"],
        unique=False,
        sqlite_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "ix_instances_queue",
        "instances",
        ["priority", "seq"],
        unique=False,
        sqlite_where=sa.text("status = 'Suspended' AND parent_id IS NULL"),
    )
    op.create_index("ix_instances_status", "instances", ["project", "status", "submitted_at", "seq"], unique=False)
    op.create_table(
        "offline_models",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("project", "name", name=op.f("pk_offline_models")),
    )
    op.create_table(
        "partitions",
        sa.Column("table_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("ddl_at", sa.BigInteger(), nullable=False),
        sa.Column("accessed_at", sa.BigInteger(), nullable=True),
        sa.Column("rows", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("files", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("log_version", sa.BigInteger(), server_default="-1", nullable=False),
        sa.Column("properties", sa.Text(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("table_id", "key", name=op.f("pk_partitions")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "project_security",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("configuration", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("project", name=op.f("pk_project_security")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "projects",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("schemas_enabled", sa.Boolean(), nullable=False),
        sa.Column("properties", sa.Text(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_projects")),
    )
    op.create_table(
        "resources",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("schema", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("md5", sa.Text(), server_default="", nullable=False),
        sa.Column("blob", sa.Text(), server_default="", nullable=False),
        sa.Column("temporary", sa.Boolean(), nullable=False),
        sa.Column("source_table", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("project", "schema", "name", name=op.f("pk_resources")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "roles",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project", "name", name=op.f("pk_roles")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "schemas",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project", "name", name=op.f("pk_schemas")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trash",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_trash")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tunnel_blocks",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("block_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "block_id", name=op.f("pk_tunnel_blocks")),
    )
    op.create_table(
        "tunnel_sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("touched_at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tunnel_sessions")),
    )
    op.create_index("ix_tunnel_sessions_kind_touched_at", "tunnel_sessions", ["kind", "touched_at"], unique=False)
    op.create_table(
        "users",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "access_keys",
        sa.Column("access_id", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("token_digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f("fk_access_keys_user_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("access_id", name=op.f("pk_access_keys")),
    )
    op.create_index(op.f("ix_access_keys_user"), "access_keys", ["user"], unique=False)
    op.create_table(
        "commit_intents",
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instances.id"], name=op.f("fk_commit_intents_instance_id_instances"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("instance_id", "idx", "attempt", name=op.f("pk_commit_intents")),
    )
    op.create_table(
        "instance_sources",
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name=op.f("fk_instance_sources_instance_id_instances"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("instance_id", name=op.f("pk_instance_sources")),
    )
    op.create_table(
        "project_members",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user"], ["users.name"], name=op.f("fk_project_members_user_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project", "user", name=op.f("pk_project_members")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "role_members",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f("fk_role_members_user_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("project", "role", "user", name=op.f("pk_role_members")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "task_notes",
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instances.id"], name=op.f("fk_task_notes_instance_id_instances"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("instance_id", "idx", "key", name=op.f("pk_task_notes")),
    )
    op.create_table(
        "task_results",
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("stages", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instances.id"], name=op.f("fk_task_results_instance_id_instances"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("instance_id", "idx", name=op.f("pk_task_results")),
    )
    op.create_table(
        "task_texts",
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instances.id"], name=op.f("fk_task_texts_instance_id_instances"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("instance_id", "idx", name=op.f("pk_task_texts")),
    )
    op.create_table(
        "tasks",
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("committing", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instances.id"], name=op.f("fk_tasks_instance_id_instances"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("instance_id", "idx", name=op.f("pk_tasks")),
        sqlite_with_rowid=False,
    )
