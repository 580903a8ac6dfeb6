"""Users, access keys and access rules in SQL, kept in memory while nothing changes them."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import IntegrityError

from taskhouse.domain.access import (
    ADMIN_ROLES,
    AccessKey,
    ApiToken,
    Grant,
    ProjectAccess,
    Role,
    SecurityConfiguration,
    User,
)
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.access_store import STALE_S
from taskhouse.store.access_rows import (
    find_user,
    grant_values,
    insert_user,
    read_rules,
    to_key,
    to_token,
    to_user,
    token_values,
)
from taskhouse.store.access_tables import (
    access_keys,
    access_version,
    api_tokens,
    grants,
    members,
    project_security,
    role_members,
    roles,
    users,
)
from taskhouse.store.catalogue.schema import projects
from taskhouse.store.database import Database
from taskhouse.store.schema import optional_micros, to_micros
from taskhouse.store.sealing import Seal

T = TypeVar("T")

_KEPT = 4096
"""Keys and projects kept in memory, of each."""

_VERSION = select(
    select(access_version.c.version).scalar_subquery(), select(func.max(projects.c.modified_at)).scalar_subquery()
)
"""A project's owner is part of its rules, so that a change of projects counts too."""
_KEY_BY_ID = select(access_keys)
_USERS = select(users).order_by(users.c.name)


class SqlAccessStore:
    """`key_file` seals secrets; by default it is `secret.key` beside the database."""

    def __init__(self, database: Database, key_file: Path | None = None) -> None:
        self._database = database
        self._seal = Seal(key_file or database.path.parent / "secret.key")
        self._lock = threading.Lock()
        self._keys: OrderedDict[str, AccessKey] = OrderedDict()
        self._rules: OrderedDict[str, ProjectAccess] = OrderedDict()
        self._users: OrderedDict[str, User] = OrderedDict()
        self._tokens: OrderedDict[str, ApiToken] = OrderedDict()
        self._version: tuple[int | None, ...] = ()
        self._checked = -STALE_S

    # memory

    def _freshen(self) -> None:
        """Forget everything when another process changed something; looked up once per `STALE_S`."""
        now = monotonic()
        if now - self._checked < STALE_S:
            return
        version = tuple(self._database.read(lambda connection: connection.execute(_VERSION).one()))
        with self._lock:
            self._checked = now
            if version != self._version:
                self._forget()
                self._version = version

    def _forget(self) -> None:
        self._keys.clear()
        self._rules.clear()
        self._users.clear()
        self._tokens.clear()

    def _change(self, fn: Callable[[Connection], T]) -> T:
        def write(connection: Connection) -> T:
            result = fn(connection)
            bump = upsert(access_version).values(one=1, version=1)
            connection.execute(
                bump.on_conflict_do_update(index_elements=["one"], set_={"version": access_version.c.version + 1})
            )
            return result

        try:
            return self._database.write(write)
        finally:
            with self._lock:
                self._forget()
                self._checked = -STALE_S

    # users

    def add_user(self, name: str, now: datetime, *, is_admin: bool = False, comment: str = "") -> User:
        def write(connection: Connection) -> User:
            if find_user(connection, name) is not None:
                raise Fault(FaultCode.OBJECT_EXISTS, f"Object already exists - user '{name}'")
            return insert_user(connection, name, now, is_admin, comment)

        return self._change(write)

    def ensure_user(self, name: str, now: datetime) -> User:
        known = self.user(name)
        if known is not None:
            return known
        return self._change(
            lambda connection: find_user(connection, name) or insert_user(connection, name, now, False, "")
        )

    def drop_user(self, name: str) -> None:
        def write(connection: Connection) -> None:
            user = find_user(connection, name)
            if user is None:
                raise Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - user '{name}'")
            admins = select(users.c.name).where(users.c.is_admin)
            if user.is_admin and len(connection.execute(admins).all()) == 1:
                raise Fault(FaultCode.INVALID_ARGUMENT, f"'{name}' is the last administrator and cannot be removed")
            connection.execute(delete(grants).where(grants.c.grantee == name, grants.c.to_role.is_(False)))
            connection.execute(delete(users).where(users.c.name == name))

        self._change(write)

    def user(self, name_or_id: str) -> User | None:
        self._freshen()
        with self._lock:
            known = self._users.get(name_or_id)
            version = self._version
        if known is not None:
            return known
        user = self._database.read(lambda connection: find_user(connection, name_or_id))
        if user is not None:
            self._remember(self._users, name_or_id, user, version)
        return user

    def _remember(self, kept: OrderedDict[str, T], name: str, value: T, version: tuple[int | None, ...]) -> None:
        """Keep what was read while `version` was current, unless something changed meanwhile."""
        with self._lock:
            if version == self._version and self._checked >= 0:
                kept[name] = value
                if len(kept) > _KEPT:
                    kept.popitem(last=False)

    def users(self) -> tuple[User, ...]:
        rows = self._database.read(lambda connection: connection.execute(_USERS).mappings().all())
        return tuple(to_user(row) for row in rows)

    # keys

    def add_key(self, key: AccessKey) -> None:
        values = {
            "access_id": key.access_id,
            "user": key.user,
            "kind": key.kind.value,
            "sealed_secret": self._seal.close_up(key.access_id, key.secret),
            "token_digest": key.token_digest,
            "created_at": to_micros(key.created_at),
            "expires_at": optional_micros(key.expires_at),
            "enabled": key.enabled,
            "comment": key.comment,
        }

        def write(connection: Connection) -> None:
            if find_user(connection, key.user) is None:
                raise Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - user '{key.user}'")
            try:
                connection.execute(insert(access_keys).values(values))
            except IntegrityError:
                raise Fault(FaultCode.OBJECT_EXISTS, f"Object already exists - access key '{key.access_id}'") from None

        self._change(write)

    def key(self, access_id: str) -> AccessKey | None:
        self._freshen()
        with self._lock:
            known = self._keys.get(access_id)
            version = self._version
        if known is not None:
            return known
        query = _KEY_BY_ID.where(access_keys.c.access_id == access_id)
        row = self._database.read(lambda connection: connection.execute(query).mappings().first())
        if row is None:
            return None
        key = to_key(row, self._seal.open(access_id, row["sealed_secret"]))
        self._remember(self._keys, access_id, key, version)
        return key

    def keys(self, user: str = "") -> tuple[AccessKey, ...]:
        query = _KEY_BY_ID.order_by(access_keys.c.user, access_keys.c.created_at)
        if user:
            query = query.where(access_keys.c.user == user)
        rows = self._database.read(lambda connection: connection.execute(query).mappings().all())
        return tuple(to_key(row, "") for row in rows)

    def enable_key(self, access_id: str, enabled: bool) -> None:
        change = update(access_keys).where(access_keys.c.access_id == access_id).values(enabled=enabled)
        self._change(lambda connection: _require(connection.execute(change).rowcount, f"access key '{access_id}'"))

    def drop_key(self, access_id: str) -> None:
        change = delete(access_keys).where(access_keys.c.access_id == access_id)
        self._change(lambda connection: _require(connection.execute(change).rowcount, f"access key '{access_id}'"))

    def token_key(self) -> bytes:
        return self._seal.derive("bearer tokens")

    # tokens of the REST API

    def add_token(self, token: ApiToken) -> None:
        def write(connection: Connection) -> None:
            _require(int(find_user(connection, token.user) is not None), f"user '{token.user}'")
            connection.execute(insert(api_tokens).values(token_values(token)))

        self._change(write)

    def token(self, digest: str) -> ApiToken | None:
        self._freshen()
        with self._lock:
            known = self._tokens.get(digest)
            version = self._version
        if known is not None:
            return known
        query = select(api_tokens).where(api_tokens.c.digest == digest)
        row = self._database.read(lambda connection: connection.execute(query).mappings().first())
        if row is None:
            return None
        token = to_token(row)
        self._remember(self._tokens, digest, token, version)
        return token

    def tokens(self, user: str = "") -> tuple[ApiToken, ...]:
        query = select(api_tokens).order_by(api_tokens.c.user, api_tokens.c.created_at, api_tokens.c.id)
        if user:
            query = query.where(api_tokens.c.user == user)
        rows = self._database.read(lambda connection: connection.execute(query).mappings().all())
        return tuple(to_token(row) for row in rows)

    def drop_token(self, id: str) -> None:
        change = delete(api_tokens).where(api_tokens.c.id == id)
        self._change(lambda connection: _require(connection.execute(change).rowcount, f"token '{id}'"))

    # a project's rules

    def rules(self, project: str) -> ProjectAccess:
        self._freshen()
        with self._lock:
            known = self._rules.get(project)
            version = self._version
        if known is not None:
            return known
        rules = self._database.read(lambda connection: read_rules(connection, project))
        if rules.owner:
            self._remember(self._rules, project, rules, version)
        return rules

    def add_member(self, project: str, user: str) -> None:
        def write(connection: Connection) -> None:
            try:
                connection.execute(insert(members).values(project=project, user=user))
            except IntegrityError:
                raise Fault(
                    FaultCode.OBJECT_EXISTS, f"Object already exists - user '{user}' in project '{project}'"
                ) from None

        self._change(write)

    def remove_member(self, project: str, user: str) -> None:
        def write(connection: Connection) -> None:
            has = select(role_members.c.role).where(role_members.c.project == project, role_members.c.user == user)
            role = connection.execute(has).scalar()
            if role is not None:
                raise Fault(FaultCode.INVALID_ARGUMENT, f"user '{user}' still has role '{role}'; revoke it first")
            gone = delete(members).where(members.c.project == project, members.c.user == user)
            _require(connection.execute(gone).rowcount, f"user '{user}' in project '{project}'")
            connection.execute(
                delete(grants).where(grants.c.project == project, grants.c.grantee == user, grants.c.to_role.is_(False))
            )

        self._change(write)

    def create_role(self, project: str, role: Role) -> None:
        values = {
            "project": project,
            "name": role.name,
            "comment": role.comment,
            "policy": role.policy,
            "created_at": to_micros(role.created_at),
        }

        def write(connection: Connection) -> None:
            try:
                connection.execute(insert(roles).values(values))
            except IntegrityError:
                raise Fault(FaultCode.OBJECT_EXISTS, f"Object already exists - role '{role.name}'") from None

        self._change(write)

    def drop_role(self, project: str, role: str) -> None:
        def write(connection: Connection) -> None:
            has = select(role_members.c.user).where(role_members.c.project == project, role_members.c.role == role)
            user = connection.execute(has).scalar()
            if user is not None:
                raise Fault(FaultCode.INVALID_ARGUMENT, f"role '{role}' is still granted to '{user}'; revoke it first")
            gone = delete(roles).where(roles.c.project == project, roles.c.name == role)
            _require(connection.execute(gone).rowcount, f"role '{role}'")
            connection.execute(
                delete(grants).where(grants.c.project == project, grants.c.grantee == role, grants.c.to_role)
            )

        self._change(write)

    def put_role_policy(self, project: str, role: str, text: str) -> None:
        change = update(roles).where(roles.c.project == project, roles.c.name == role).values(policy=text)
        self._change(lambda connection: _require(connection.execute(change).rowcount, f"role '{role}'"))

    def assign_role(self, project: str, role: str, user: str) -> None:
        def write(connection: Connection) -> None:
            _require_role(connection, project, role)
            _require_member(connection, project, user)
            values = upsert(role_members).values(project=project, role=role, user=user)
            connection.execute(values.on_conflict_do_nothing())

        self._change(write)

    def withdraw_role(self, project: str, role: str, user: str) -> None:
        def write(connection: Connection) -> None:
            _require_role(connection, project, role)
            gone = delete(role_members).where(
                role_members.c.project == project, role_members.c.role == role, role_members.c.user == user
            )
            _require(connection.execute(gone).rowcount, f"role '{role}' of user '{user}'")

        self._change(write)

    def add_grants(self, project: str, grants: tuple[Grant, ...]) -> None:
        def write(connection: Connection) -> None:
            for grant in grants:
                if grant.to_role:
                    _require_role(connection, project, grant.grantee)
                else:
                    _require_member(connection, project, grant.grantee)
                connection.execute(upsert(_grants).values(grant_values(project, grant)).on_conflict_do_nothing())

        self._change(write)

    def remove_grants(self, project: str, grants: tuple[Grant, ...]) -> None:
        def write(connection: Connection) -> None:
            for grant in grants:
                statement = delete(_grants)
                for name, value in grant_values(project, grant).items():
                    statement = statement.where(_grants.c[name] == value)
                connection.execute(statement)

        self._change(write)

    def forget_object(self, project: str, kind: str, object_name: str) -> None:
        mine = (grants.c.project == project, grants.c.kind == kind, grants.c.object_name == object_name)
        rules = self.rules(project)
        if any(grant.kind.value == kind and grant.object_name == object_name for grant in rules.grants):
            self._change(lambda connection: connection.execute(delete(grants).where(*mine)))

    def forget_project(self, project: str) -> None:
        def write(connection: Connection) -> None:
            for table in (members, roles, role_members, grants, project_security):
                connection.execute(delete(table).where(table.c.project == project))

        self._change(write)

    def put_policy(self, project: str, text: str) -> None:
        self._put_security(project, "policy", text)

    def put_configuration(self, project: str, configuration: SecurityConfiguration) -> None:
        self._put_security(project, "configuration", json.dumps(asdict(configuration)))

    def _put_security(self, project: str, column: str, value: str) -> None:
        values: dict[str, Any] = {"project": project, "policy": "", "configuration": "{}"} | {column: value}
        statement = upsert(project_security).values(values)
        statement = statement.on_conflict_do_update(index_elements=["project"], set_={column: value})
        self._change(lambda connection: connection.execute(statement))


_grants = grants


def _require(count: int, what: str) -> None:
    if not count:
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - {what}")


def _require_role(connection: Connection, project: str, role: str) -> None:
    if role in ADMIN_ROLES:
        return
    found = connection.execute(select(roles.c.name).where(roles.c.project == project, roles.c.name == role)).scalar()
    _require(int(found is not None), f"role '{role}' in project '{project}'")


def _require_member(connection: Connection, project: str, user: str) -> None:
    mine = select(members.c.user).where(members.c.project == project, members.c.user == user)
    _require(int(connection.execute(mine).scalar() is not None), f"user '{user}' in project '{project}'")
