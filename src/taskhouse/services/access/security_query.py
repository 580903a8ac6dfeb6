"""Statements about users, roles and privileges: what clients send to a project's `/authorization`.

| statement | who may |
|---|---|
| `WHOAMI` | everybody |
| `SHOW GRANTS [FOR [USER] u \\| FOR ROLE r]` | everybody for themselves; administrators for others |
| `LIST USERS`, `LIST ROLES`, `DESCRIBE ROLE r`, `SHOW PRINCIPALS r`, `SHOW ACL FOR t [ON TYPE TABLE]`, `SHOW SECURITYCONFIGURATION`, `LIST ACCOUNTPROVIDERS` | administrators (the last: everybody) |
| `ADD USER u [COMMENT 'c']`, `REMOVE USER u` | administrators |
| `CREATE ROLE r [COMMENT 'c']`, `DROP ROLE r` | administrators |
| `GRANT r, ... TO u, ...`, `REVOKE r, ... FROM u, ...` | administrators |
| `GRANT p, ... ON type name TO USER\\|ROLE x`, `REVOKE p, ... ON type name FROM USER\\|ROLE x` | administrators, the object's creator |
| `SET <switch of the security configuration> = true\\|false` | administrators |

A result is a JSON value; clients that ask for text get it as lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from taskhouse.domain.access import (
    ADMIN_ROLES,
    PRIVILEGES,
    ROLE_NAME,
    Grant,
    ProjectAccess,
    ResourceKind,
    Role,
    SecurityConfiguration,
    Target,
    matches,
    user_name,
)
from taskhouse.domain.catalogue import DEFAULT_SCHEMA, TableName
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.services.access import authorize
from taskhouse.services.access.words import Words
from taskhouse.services.world import Caller, World

_TYPES = {
    "PROJECT": ResourceKind.PROJECT,
    "SCHEMA": ResourceKind.SCHEMA,
    "TABLE": ResourceKind.TABLE,
    "VIEW": ResourceKind.TABLE,
    "FUNCTION": ResourceKind.FUNCTION,
    "RESOURCE": ResourceKind.RESOURCE,
    "INSTANCE": ResourceKind.INSTANCE,
}
PACKAGES = re.compile(r"\s*(install|uninstall)\s+package\b", re.IGNORECASE)
"""Statements that run in the background in MaxCompute; so does their refusal here."""


def execute(world: World, caller: Caller, project: str, text: str) -> Any:
    """Run one statement and return its result as a JSON value. Raises `Fault`: ParseError, NotSupported, NoPermission,
    and what the change itself is refused with."""
    if world.catalogue.project(project) is None:
        raise Fault(FaultCode.NO_SUCH_PROJECT, f"Project not found - '{project}'")
    words = Words(text)
    for opening, run in _STATEMENTS.items():
        if words.skip(*opening.split()):
            return run(_Query(world, caller, project, words))
    raise Fault(FaultCode.NOT_SUPPORTED, f"security statement '{words.text[:200]}' is not supported")


def as_text(value: Any) -> str:
    """A result for clients that did not ask for JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(as_text(item) for item in value)
    if isinstance(value, dict):
        return "\n".join(
            f"{name}: {item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)}"
            for name, item in value.items()
        )
    return json.dumps(value)


class _Query:
    def __init__(self, world: World, caller: Caller, project: str, words: Words) -> None:
        self.world = world
        self.caller = caller
        self.project = project
        self.words = words

    @property
    def rules(self) -> ProjectAccess:
        return self.world.access.rules(self.project)

    def admin(self) -> None:
        authorize.check_project_admin(self.world, self.caller, self.project)

    # who

    def whoami(self) -> Any:
        self.words.end()
        user = self.world.access.user(self.caller.user)
        return {"DisplayName": self.caller.user, "ID": user.id if user else "", "Project": self.project}

    def show_grants(self) -> Any:
        words = self.words
        role = ""
        user = self.caller.user
        if words.skip("FOR"):
            if words.skip("ROLE"):
                role = words.take("a role")
            else:
                words.skip("USER")
                user = user_name(words.take("a user"))
        words.end()
        if role or user != self.caller.user:
            self.admin()
        rules = self.rules
        if role:
            self._known_role(role)
            roles: tuple[str, ...] = ()
            grants = [grant for grant in rules.grants if grant.to_role and grant.grantee == role]
        else:
            roles = rules.roles_of(user)
            grants = list(rules.grants_of(user, roles))
        return {"Principal": f"role/{role}" if role else user, "Roles": list(roles), "ACL": self._acl(grants)}

    def _acl(self, grants: list[Grant]) -> list[dict[str, Any]]:
        found: dict[tuple[str, str], list[str]] = {}
        for grant in grants:
            kind = "" if grant.kind is ResourceKind.PROJECT else f"/{grant.kind.value}/{grant.object_name}"
            who = f"role/{grant.grantee}" if grant.to_role else f"user/{grant.grantee}"
            found.setdefault((who, f"acs:odps:*:projects/{self.project}{kind}"), []).append(grant.privilege)
        return [
            {"Principal": who, "Object": what, "Privileges": sorted(privileges)}
            for (who, what), privileges in sorted(found.items())
        ]

    def show_acl(self) -> Any:
        self.words.need("FOR")
        name = self.words.take("an object")
        kind = ResourceKind.TABLE
        if self.words.skip("ON"):
            self.words.need("TYPE")
            kind = self._kind()
        self.words.end()
        self.admin()
        target = self._target(kind, name)
        return self._acl(
            [
                grant
                for grant in self.rules.grants
                if grant.kind is kind and matches(grant.object_name, target.object_name)
            ]
        )

    # users and roles

    def list_users(self) -> Any:
        self.words.end()
        self.admin()
        users = (self.world.access.user(name) for name in sorted(self.rules.members))
        return [{"DisplayName": user.name, "ID": user.id} for user in users if user is not None]

    def list_roles(self) -> Any:
        self.words.end()
        self.admin()
        return [{"Name": name} for name in sorted({*ADMIN_ROLES, *self.rules.roles})]

    def list_providers(self) -> Any:
        self.words.end()
        return ["ALIYUN", "RAM"]

    def describe_role(self) -> Any:
        role = self.words.take("a role")
        self.words.end()
        self.admin()
        self._known_role(role)
        rules = self.rules
        known = rules.roles.get(role)
        return {
            "Name": role,
            "Comment": known.comment if known else "",
            "Users": sorted(rules.role_members.get(role, ())),
            "ACL": self._acl([grant for grant in rules.grants if grant.to_role and grant.grantee == role]),
            "Policy": json.loads(known.policy) if known and known.policy else {},
        }

    def show_principals(self) -> Any:
        role = self.words.take("a role")
        self.words.end()
        self.admin()
        self._known_role(role)
        return sorted(self.rules.role_members.get(role, ()))

    def add_user(self) -> Any:
        name = user_name(self.words.take("a user"))
        if self.words.skip("COMMENT"):
            self.words.take("a comment")
        self.words.end()
        self.admin()
        self.world.access.ensure_user(name, self.world.clock.now())
        self.world.access.add_member(self.project, name)
        return "OK"

    def remove_user(self) -> Any:
        name = user_name(self.words.take("a user"))
        self.words.end()
        self.admin()
        self.world.access.remove_member(self.project, name)
        return "OK"

    def create_role(self) -> Any:
        name = self.words.take("a role")
        comment = self.words.take("a comment") if self.words.skip("COMMENT") else ""
        self.words.end()
        self.admin()
        if not ROLE_NAME.fullmatch(name):
            raise Fault(
                FaultCode.INVALID_ARGUMENT,
                f"'{name}' is not a role name: letters, digits and '_', at most 64, a letter first",
            )
        if name.lower() in ADMIN_ROLES:
            raise Fault(FaultCode.OBJECT_EXISTS, f"Object already exists - role '{name}' is built in")
        self.world.access.create_role(self.project, Role(name, self.world.clock.now(), comment))
        return "OK"

    def drop_role(self) -> Any:
        name = self.words.take("a role")
        self.words.end()
        self.admin()
        if name in ADMIN_ROLES:
            raise Fault(FaultCode.INVALID_ARGUMENT, f"role '{name}' is built in and cannot be dropped")
        self.world.access.drop_role(self.project, name)
        return "OK"

    def _known_role(self, role: str) -> None:
        if role not in ADMIN_ROLES and role not in self.rules.roles:
            raise Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - role '{role}' in project '{self.project}'")

    # grants

    def grant(self) -> Any:
        first = self.words.several("a role or privilege")
        if self.words.skip("ON"):
            grants = self._grants(first, "TO")
            self.world.access.add_grants(self.project, grants)
            return "OK"
        self.words.need("TO")
        users = self._users()
        for role in first:
            for user in users:
                self.world.access.assign_role(self.project, role, user)
        return "OK"

    def revoke(self) -> Any:
        first = self.words.several("a role or privilege")
        if self.words.skip("ON"):
            grants = self._grants(first, "FROM")
            self.world.access.remove_grants(self.project, grants)
            return "OK"
        self.words.need("FROM")
        users = self._users()
        for role in first:
            for user in users:
                self.world.access.withdraw_role(self.project, role, user)
        return "OK"

    def _users(self) -> list[str]:
        self.words.skip("USER")
        users = [user_name(word) for word in self.words.several("a user")]
        self.words.end()
        self.admin()
        return users

    def _grants(self, privileges: list[str], preposition: str) -> tuple[Grant, ...]:
        words = self.words
        kind = self._kind()
        target = self._target(kind, words.take("the object's name"))
        if words.skip("("):
            raise Fault(FaultCode.NOT_SUPPORTED, "privileges on single columns are not supported")
        words.need(preposition)
        to_role = words.skip("ROLE")
        if not to_role:
            words.skip("USER")
        grantees = words.several("a user or role")
        if words.peek():
            raise Fault(FaultCode.NOT_SUPPORTED, f"'{words.peek()}' after the grantee is not supported")
        self._may_grant(target)
        known = {privilege.lower(): privilege for privilege in PRIVILEGES[kind]}
        for privilege in privileges:
            if privilege.lower() not in known:
                raise Fault(
                    FaultCode.INVALID_ARGUMENT,
                    f"'{privilege}' is not a privilege on a {kind.value[:-1]}; these are: {', '.join(PRIVILEGES[kind])}",
                )
        return tuple(
            Grant(
                kind, target.object_name, known[privilege.lower()], to_role, grantee if to_role else user_name(grantee)
            )
            for privilege in privileges
            for grantee in grantees
        )

    def _kind(self) -> ResourceKind:
        word = self.words.take("the type of an object")
        kind = _TYPES.get(word.upper())
        if kind is None:
            raise Fault(
                FaultCode.NOT_SUPPORTED,
                f"privileges on a '{word}' are not supported; these types are: {', '.join(_TYPES)}",
            )
        return kind

    def _target(self, kind: ResourceKind, name: str) -> Target:
        if kind in (ResourceKind.PROJECT, ResourceKind.INSTANCE, ResourceKind.SCHEMA):
            plain = name.removeprefix(f"{self.project}.") if kind is not ResourceKind.PROJECT else name
            if kind is ResourceKind.PROJECT:
                if name.lower() != self.project:
                    raise Fault(FaultCode.INVALID_ARGUMENT, f"'{name}' is not this project, '{self.project}'")
                return Target(kind, self.project)
            return Target(kind, self.project, plain.lower())
        parts = name.split(".")
        if kind is ResourceKind.RESOURCE:
            return self._resource_target(name.removeprefix(f"{self.project}."))
        if len(parts) > 1 and parts[0].lower() == self.project:
            parts = parts[1:]
        if len(parts) > 2 or not all(parts):
            raise Fault(FaultCode.INVALID_ARGUMENT, f"'{name}' does not name an object of project '{self.project}'")
        schema = parts[0].lower() if len(parts) == 2 else DEFAULT_SCHEMA
        return Target(kind, self.project, parts[-1].lower(), schema)

    def _resource_target(self, name: str) -> Target:
        """Names of resources hold dots themselves: the first part is a schema only where one of that name exists."""
        schema, _, rest = name.partition(".")
        if rest and self.world.catalogue.schema(self.project, schema.lower()) is not None:
            return Target(ResourceKind.RESOURCE, self.project, rest, schema.lower())
        return Target(ResourceKind.RESOURCE, self.project, name, DEFAULT_SCHEMA)

    def _may_grant(self, target: Target) -> None:
        """Administrators, and the creator of the object while the project lets creators grant."""
        creator = self._creator(target)
        creators_grant = self.rules.configuration.object_creator_has_grant_permission
        if creators_grant and creator and creator == self.caller.user and self.caller.token_scope is None:
            return
        self.admin()

    def _creator(self, target: Target) -> str:
        """Raises `Fault` (NoSuchObject) when the object, named without wildcards, does not exist."""
        if "*" in target.name or "?" in target.name:
            return ""
        store = self.world.catalogue
        owner: str | None = None
        if target.kind is ResourceKind.TABLE:
            table = store.table(TableName(self.project, target.schema, target.name))
            owner = table.owner if table else None
        elif target.kind is ResourceKind.FUNCTION:
            function = store.function(self.project, target.schema, target.name)
            owner = function.owner if function else None
        elif target.kind is ResourceKind.RESOURCE:
            resource = store.resource(self.project, target.schema, target.name)
            owner = resource.owner if resource else None
        elif target.kind is ResourceKind.INSTANCE:
            instance = self.world.instances.head(self.project, target.name)
            owner = instance.owner if instance else None
        elif target.kind is ResourceKind.SCHEMA:
            schema = store.schema(self.project, target.name)
            owner = schema.owner if schema else None
        else:
            return ""
        if owner is None:
            code = FaultCode.NO_SUCH_TABLE if target.kind is ResourceKind.TABLE else FaultCode.NO_SUCH_OBJECT
            raise Fault(code, f"Object not found - {target.text}")
        return owner

    # the security configuration

    def show_configuration(self) -> Any:
        self.words.end()
        self.admin()
        configuration = asdict(self.rules.configuration)
        return {SecurityConfiguration.wire_name(name): value for name, value in configuration.items()}

    def set_switch(self) -> Any:
        word = self.words.take("a switch")
        self.words.need("=")
        value = self.words.take("true or false").lower()
        self.words.end()
        self.admin()
        names = {SecurityConfiguration.wire_name(name).lower(): name for name in SecurityConfiguration.names()}
        name = names.get(word.lower())
        if name is None:
            raise Fault(FaultCode.NOT_SUPPORTED, f"'{word}' is not a switch of the security configuration")
        if value not in ("true", "false"):
            raise Fault(FaultCode.INVALID_ARGUMENT, f"{word} is either true or false, not '{value}'")
        changed = replace(self.rules.configuration, **{name: value == "true"})
        self.world.access.put_configuration(self.project, changed)
        return "OK"


_STATEMENTS: dict[str, Callable[[_Query], Any]] = {
    "WHOAMI": _Query.whoami,
    "SHOW GRANTS": _Query.show_grants,
    "SHOW GRANT": _Query.show_grants,
    "SHOW ACL": _Query.show_acl,
    "SHOW PRINCIPALS": _Query.show_principals,
    "SHOW SECURITYCONFIGURATION": _Query.show_configuration,
    "LIST USERS": _Query.list_users,
    "LIST ROLES": _Query.list_roles,
    "LIST ACCOUNTPROVIDERS": _Query.list_providers,
    "DESCRIBE ROLE": _Query.describe_role,
    "DESC ROLE": _Query.describe_role,
    "ADD USER": _Query.add_user,
    "REMOVE USER": _Query.remove_user,
    "CREATE ROLE": _Query.create_role,
    "DROP ROLE": _Query.drop_role,
    "DELETE ROLE": _Query.drop_role,
    "GRANT": _Query.grant,
    "REVOKE": _Query.revoke,
    "SET": _Query.set_switch,
}
