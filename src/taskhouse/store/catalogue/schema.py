"""The catalogue's tables. Columns of a table are one JSON text: they are always read together and change together."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from taskhouse.store.schema import metadata


def _text(name: str, *, default: str = "") -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def _time(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


projects = Table(
    "projects",
    metadata,
    Column("name", Text, primary_key=True),
    _text("owner"),
    _text("comment"),
    _time("created_at"),
    _time("modified_at"),
    Column("schemas_enabled", Boolean, nullable=False),
    _text("properties", default="{}"),
)

schemas = Table(
    "schemas",
    metadata,
    Column("project", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    _text("owner"),
    _text("comment"),
    _time("created_at"),
    _time("modified_at"),
    sqlite_with_rowid=False,
)

tables = Table(
    "catalogue_tables",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project", Text, nullable=False),
    Column("schema", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    _text("owner"),
    _text("comment"),
    _time("created_at"),
    _time("modified_at"),
    _time("ddl_at"),
    _time("accessed_at", nullable=True),
    Column("partitioned", Boolean, nullable=False),
    Column("columns", Text, nullable=False),
    _text("partition_columns", default="[]"),
    _text("hidden_columns", default="[]"),
    Column("lifecycle", Integer),
    _text("properties", default="{}"),
    _text("options", default="{}"),
    Column("clustering", Text),
    _text("primary_key", default="[]"),
    _text("view_text"),
    Column("version", Integer, nullable=False),
    _count("data_version"),
    Column("mixed_files", Boolean, nullable=False),
    _count("rows"),
    _count("bytes"),
    _count("files"),
    Column("log_version", BigInteger, nullable=False, server_default="-1"),
    Index("ix_catalogue_tables_name", "project", "schema", "name", unique=True),
)
"""`log_version`: version of the table's log that `rows`, `bytes` and `files` were taken from (-1: none)."""

Index("ix_catalogue_tables_lifecycle", tables.c.modified_at, sqlite_where=tables.c.lifecycle.is_not(None))

partitions = Table(
    "partitions",
    metadata,
    Column("table_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _time("created_at"),
    _time("modified_at"),
    _time("ddl_at"),
    _time("accessed_at", nullable=True),
    _count("rows"),
    _count("bytes"),
    _count("files"),
    Column("log_version", BigInteger, nullable=False, server_default="-1"),
    _text("properties", default="{}"),
    sqlite_with_rowid=False,
)
"""`key`: the values in order, each followed by U+0001, so that keys order as the lists of values do."""

resources = Table(
    "resources",
    metadata,
    Column("project", Text, primary_key=True),
    Column("schema", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    _text("owner"),
    _text("comment"),
    _time("created_at"),
    _time("modified_at"),
    _text("updated_by"),
    _count("size"),
    _text("md5"),
    _text("blob"),
    Column("temporary", Boolean, nullable=False),
    _text("source_table"),
    sqlite_with_rowid=False,
)

functions = Table(
    "functions",
    metadata,
    Column("project", Text, primary_key=True),
    Column("schema", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    _text("class_name"),
    _text("resources", default="[]"),
    _text("owner"),
    _time("created_at"),
    _time("modified_at"),
    sqlite_with_rowid=False,
)

trash = Table(
    "trash",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _time("since"),
    sqlite_with_rowid=False,
)
