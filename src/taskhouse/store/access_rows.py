"""Rows of the access tables as values."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from taskhouse.domain.access import (
    AccessKey,
    ApiToken,
    Grant,
    KeyKind,
    Policy,
    ProjectAccess,
    ResourceKind,
    Role,
    SecurityConfiguration,
    User,
    read_policy,
)
from taskhouse.store.access_tables import grants, members, project_security, role_members, roles, users
from taskhouse.store.catalogue.schema import projects
from taskhouse.store.schema import from_micros, optional_micros, optional_time, to_micros

_FIRST_ID = 1_000_000_000_000_000
"""Account ids shown are this and the user's number."""


def find_user(connection: Connection, name_or_id: str) -> User | None:
    query = select(users).where(users.c.name == name_or_id)
    if name_or_id.isascii() and name_or_id.isdigit() and len(name_or_id) < 19:
        query = select(users).where(users.c.number == int(name_or_id) - _FIRST_ID)
    row = connection.execute(query).mappings().first()
    return None if row is None else to_user(row)


def insert_user(connection: Connection, name: str, now: datetime, is_admin: bool, comment: str) -> User:
    values = {"name": name, "is_admin": is_admin, "created_at": to_micros(now), "comment": comment}
    connection.execute(insert(users).values(values))
    user = find_user(connection, name)
    assert user is not None
    return user


def to_user(row: RowMapping) -> User:
    return User(
        row["name"], str(_FIRST_ID + row["number"]), row["is_admin"], from_micros(row["created_at"]), row["comment"]
    )


def to_key(row: RowMapping, secret: str) -> AccessKey:
    return AccessKey(
        row["access_id"],
        row["user"],
        secret,
        KeyKind(row["kind"]),
        from_micros(row["created_at"]),
        optional_time(row["expires_at"]),
        row["enabled"],
        row["token_digest"],
        row["comment"],
    )


def token_values(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "user": token.user,
        "digest": token.digest,
        "created_at": to_micros(token.created_at),
        "expires_at": optional_micros(token.expires_at),
        "comment": token.comment,
    }


def to_token(row: RowMapping) -> ApiToken:
    return ApiToken(
        row["id"],
        row["user"],
        row["digest"],
        from_micros(row["created_at"]),
        optional_time(row["expires_at"]),
        row["comment"],
    )


def grant_values(project: str, grant: Grant) -> dict[str, Any]:
    return {
        "project": project,
        "kind": grant.kind.value,
        "object_name": grant.object_name,
        "privilege": grant.privilege,
        "to_role": grant.to_role,
        "grantee": grant.grantee,
    }


def read_rules(connection: Connection, project: str) -> ProjectAccess:
    owner = connection.execute(select(projects.c.owner).where(projects.c.name == project)).scalar() or ""
    security = (
        connection.execute(select(project_security).where(project_security.c.project == project)).mappings().first()
    )
    role_rows = (
        connection.execute(select(roles).where(roles.c.project == project).order_by(roles.c.name)).mappings().all()
    )
    assigned: dict[str, set[str]] = {}
    for role, user in connection.execute(
        select(role_members.c.role, role_members.c.user).where(role_members.c.project == project)
    ):
        assigned.setdefault(role, set()).add(user)
    grant_rows = connection.execute(select(grants).where(grants.c.project == project)).mappings().all()
    member_rows = connection.execute(select(members.c.user).where(members.c.project == project)).scalars().all()
    policy_text = security["policy"] if security else ""
    configuration = json.loads(security["configuration"]) if security else {}
    return ProjectAccess(
        project,
        owner,
        frozenset(member_rows),
        {
            row["name"]: Role(row["name"], from_micros(row["created_at"]), row["comment"], row["policy"])
            for row in role_rows
        },
        {role: frozenset(names) for role, names in assigned.items()},
        tuple(
            Grant(ResourceKind(row["kind"]), row["object_name"], row["privilege"], row["to_role"], row["grantee"])
            for row in grant_rows
        ),
        _policy(policy_text),
        {row["name"]: _policy(row["policy"]) for row in role_rows if row["policy"]},
        policy_text,
        SecurityConfiguration(**configuration),
    )


def _policy(text: str) -> Policy:
    return read_policy(json.loads(text)) if text else Policy()
