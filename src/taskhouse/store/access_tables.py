"""Tables of users, access keys and projects' access rules."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from taskhouse.store.schema import metadata

users = Table(
    "users",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("is_admin", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("comment", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""`number` is never used twice; the account id shown is made from it."""

access_keys = Table(
    "access_keys",
    metadata,
    Column("access_id", Text, primary_key=True),
    Column("user", Text, ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("token_digest", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("enabled", Boolean, nullable=False),
    Column("comment", Text, nullable=False),
    Index(None, "user"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user", Text, ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("comment", Text, nullable=False),
    Index(None, "user"),
)

members = Table(
    "project_members",
    metadata,
    Column("project", Text, primary_key=True),
    Column("user", Text, ForeignKey("users.name", ondelete="CASCADE"), primary_key=True),
    sqlite_with_rowid=False,
)

roles = Table(
    "roles",
    metadata,
    Column("project", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("comment", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

role_members = Table(
    "role_members",
    metadata,
    Column("project", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("user", Text, ForeignKey("users.name", ondelete="CASCADE"), primary_key=True),
    sqlite_with_rowid=False,
)

grants = Table(
    "grants",
    metadata,
    Column("project", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("object_name", Text, primary_key=True),
    Column("privilege", Text, primary_key=True),
    Column("to_role", Boolean, primary_key=True),
    Column("grantee", Text, primary_key=True),
    sqlite_with_rowid=False,
)

project_security = Table(
    "project_security",
    metadata,
    Column("project", Text, primary_key=True),
    Column("policy", Text, nullable=False),
    Column("configuration", Text, nullable=False),
    sqlite_with_rowid=False,
)

access_version = Table(
    "access_version",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
)
"""One row that grows with every change of access, so that what is kept in memory can be checked cheaply."""
