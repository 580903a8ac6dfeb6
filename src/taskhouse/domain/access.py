"""Who may do what: users, keys, roles, grants and policies, and the decision that follows from them.

The decision is a value computed from a project's access rules, without a store. Order: administrators and the project's owner
may do everything in it; a policy that denies wins over whatever allows; then object creators, grants and policies that
allow, each only while the project's security configuration has it switched on. What nothing allows is refused.

Source followed: MaxCompute's access control (ACL grants and policies, project security configuration).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum
from functools import lru_cache

from taskhouse.domain.catalogue import DEFAULT_SCHEMA, TableName
from taskhouse.domain.faults import Fault, FaultCode

ADMIN_ROLES = ("admin", "super_administrator")
"""Roles that every project has. Their members may do everything in it."""


@dataclass(frozen=True, slots=True)
class User:
    """`name` is `ALIYUN$name` or `RAM$account:name`. `id` is the numeric text shown as the account's id."""

    name: str
    id: str
    is_admin: bool
    created_at: datetime
    comment: str = ""


class KeyKind(Enum):
    USER = "user"
    STS = "sts"
    """A temporary key: every request also carries its security token."""
    APPLICATION = "application"
    """Signs a user's signature on behalf of an application; no login of its own."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """`secret` is in the clear; only its sealed form is ever stored. `token` is set on a fresh STS key only, `token_digest` is the
    SHA-256 of it in hexadecimal digits."""

    access_id: str
    user: str
    secret: str = field(repr=False)
    kind: KeyKind
    created_at: datetime
    expires_at: datetime | None = None
    enabled: bool = True
    token_digest: str = field(default="", repr=False)
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token of the REST API: whoever has it is `user`. Only `digest` is stored, the SHA-256 of the token in hexadecimal digits;
    `id` names the token in lists and logs. `expires_at` None: it never does."""

    id: str
    user: str
    digest: str = field(repr=False)
    created_at: datetime
    expires_at: datetime | None = None
    comment: str = ""


_USER = re.compile(r"(?:(ALIYUN|RAM)\$)?([^\s$;,'\"`<>&]{1,128})", re.IGNORECASE)
ROLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def user_name(text: str) -> str:
    """The full form of a user's name: `alice` is `ALIYUN$alice`. Raises `Fault` (InvalidArgument)."""
    match = _USER.fullmatch(text.strip())
    if match is None:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"'{text}' is not a user name; write ALIYUN$name or RAM$account:name")
    provider = (match.group(1) or "ALIYUN").upper()
    if provider == "RAM" and ":" not in match.group(2):
        raise Fault(FaultCode.INVALID_ARGUMENT, f"'{text}' is not a RAM user; write RAM$account:name")
    return f"{provider}${match.group(2)}"


class ResourceKind(Enum):
    """What an action is asked for. The value is the word in resource texts."""

    PROJECT = "projects"
    SCHEMA = "schemas"
    TABLE = "tables"
    FUNCTION = "functions"
    RESOURCE = "resources"
    INSTANCE = "instances"


PRIVILEGES: Mapping[ResourceKind, tuple[str, ...]] = {
    ResourceKind.PROJECT: (
        "Read",
        "Write",
        "List",
        "CreateTable",
        "CreateInstance",
        "CreateFunction",
        "CreateResource",
        "CreateSchema",
        "All",
    ),
    ResourceKind.SCHEMA: (
        "Read",
        "Write",
        "List",
        "CreateTable",
        "CreateFunction",
        "CreateResource",
        "Drop",
        "All",
    ),
    ResourceKind.TABLE: ("Describe", "Select", "Alter", "Update", "Drop", "Download", "ShowHistory", "All"),
    ResourceKind.FUNCTION: ("Read", "Write", "Delete", "Execute", "All"),
    ResourceKind.RESOURCE: ("Read", "Write", "Delete", "All"),
    ResourceKind.INSTANCE: ("Read", "Write", "All"),
}
"""What can be granted on each kind of object."""


@dataclass(frozen=True, slots=True)
class Target:
    """An object that an action is asked for. `name` is empty for the project itself; `schema` is empty when the kind lies in none."""

    kind: ResourceKind
    project: str
    name: str = ""
    schema: str = ""

    @property
    def text(self) -> str:
        """As policies name it: `acs:odps:*:projects/p/tables/t`, with `/schemas/s` before it outside the default schema."""
        base = f"acs:odps:*:projects/{self.project}"
        if self.kind is ResourceKind.PROJECT:
            return base
        if self.schema and self.schema != DEFAULT_SCHEMA:
            base += f"/schemas/{self.schema}"
        return f"{base}/{self.kind.value}/{self.name}"

    @property
    def object_name(self) -> str:
        """As grants name it: `t`, or `s.t` outside the default schema."""
        if self.kind is ResourceKind.PROJECT:
            return self.project
        if self.schema and self.schema != DEFAULT_SCHEMA:
            return f"{self.schema}.{self.name}"
        return self.name


def project_target(project: str) -> Target:
    return Target(ResourceKind.PROJECT, project)


def schema_target(project: str, schema: str) -> Target:
    return Target(ResourceKind.SCHEMA, project, schema)


def table_target(name: TableName) -> Target:
    return Target(ResourceKind.TABLE, name.project, name.name, name.schema)


def function_target(project: str, schema: str, name: str) -> Target:
    return Target(ResourceKind.FUNCTION, project, name, schema)


def resource_target(project: str, schema: str, name: str) -> Target:
    return Target(ResourceKind.RESOURCE, project, name, schema)


def instance_target(project: str, instance_id: str) -> Target:
    return Target(ResourceKind.INSTANCE, project, instance_id)


@lru_cache(4096)
def _pattern(glob: str) -> re.Pattern[str]:
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in glob)
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def matches(glob: str, text: str) -> bool:
    """`*` stands for any text, slashes included, `?` for one character; letter case does not matter."""
    if glob == "*":
        return True
    return _pattern(glob).fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class PolicyStatement:
    """`principals` is empty where the policy itself says for whom it is (a role's, a token's)."""

    allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...] = ()

    def covers(self, user: str, action: str, target: str) -> bool:
        if self.principals and not any(matches(principal, user) for principal in self.principals):
            return False
        return any(matches(glob, action) for glob in self.actions) and any(
            matches(glob, target) for glob in self.resources
        )


@dataclass(frozen=True, slots=True)
class Policy:
    statements: tuple[PolicyStatement, ...] = ()

    def allows(self, user: str, action: str, target: str) -> bool | None:
        """True or False when a statement says so (deny wins), None when none does."""
        verdict: bool | None = None
        for statement in self.statements:
            if statement.covers(user, action, target):
                if not statement.allow:
                    return False
                verdict = True
        return verdict


def policy_document(policy: Policy) -> dict[str, object]:
    """The JSON document that `read_policy` reads back."""
    statements: list[dict[str, object]] = []
    for statement in policy.statements:
        item: dict[str, object] = {
            "Effect": "Allow" if statement.allow else "Deny",
            "Action": list(statement.actions),
            "Resource": list(statement.resources),
        }
        if statement.principals:
            item["Principal"] = list(statement.principals)
        statements.append(item)
    return {"Version": "1", "Statement": statements}


def _words(value: object, what: str) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
        raise Fault(FaultCode.INVALID_ARGUMENT, f"the policy's '{what}' must be a text or a list of texts")
    return tuple(words)


def read_policy(document: object) -> Policy:
    """A policy from its JSON document. Raises `Fault` (InvalidArgument) that names what is wrong: a statement that could
    not be enforced as it is written is not accepted."""
    if not isinstance(document, dict) or not isinstance(document.get("Statement"), list):
        raise Fault(FaultCode.INVALID_ARGUMENT, "a policy is a JSON object with a list 'Statement'")
    statements = []
    for item in document["Statement"]:
        if not isinstance(item, dict):
            raise Fault(FaultCode.INVALID_ARGUMENT, "each statement of a policy must be a JSON object")
        unknown = set(item) - {"Action", "Effect", "Resource", "Principal", "Sid"}
        if unknown:
            raise Fault(FaultCode.INVALID_ARGUMENT, f"the policy uses '{min(unknown)}', which is not supported")
        effect = item.get("Effect")
        if effect not in ("Allow", "Deny"):
            raise Fault(FaultCode.INVALID_ARGUMENT, "the policy's 'Effect' must be 'Allow' or 'Deny'")
        principals = _words(item["Principal"], "Principal") if "Principal" in item else ()
        statements.append(
            PolicyStatement(
                effect == "Allow",
                _words(item.get("Action"), "Action"),
                _words(item.get("Resource"), "Resource"),
                principals,
            )
        )
    return Policy(tuple(statements))


@dataclass(frozen=True, slots=True)
class SecurityConfiguration:
    """A project's switches. `label_security` and `project_protection` are recorded; data labels and export protection have
    nothing to act on in a server that has neither."""

    check_permission_using_acl: bool = True
    check_permission_using_policy: bool = True
    label_security: bool = False
    object_creator_has_access_permission: bool = True
    object_creator_has_grant_permission: bool = True
    project_protection: bool = False

    @staticmethod
    def wire_name(name: str) -> str:
        """`check_permission_using_acl` -> `CheckPermissionUsingAcl`."""
        return "".join(word.capitalize() for word in name.split("_"))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(item.name for item in fields(cls))


@dataclass(frozen=True, slots=True)
class Grant:
    """A privilege on objects for a user or a role (`to_role`). `object_name` is as in `Target.object_name`, or a glob."""

    kind: ResourceKind
    object_name: str
    privilege: str
    to_role: bool
    grantee: str

    def covers(self, action: str, target: Target) -> bool:
        if self.kind is not target.kind:
            return False
        if self.privilege != "All" and self.privilege.lower() != action.lower():
            return False
        return matches(self.object_name, target.object_name)


@dataclass(frozen=True, slots=True)
class Role:
    """`policy` is the text as it was put, empty when there is none."""

    name: str
    created_at: datetime
    comment: str = ""
    policy: str = ""


@dataclass(frozen=True, slots=True)
class ProjectAccess:
    """All access rules of one project at one moment. `owner` is empty when there is no such project."""

    project: str
    owner: str = ""
    members: frozenset[str] = frozenset()
    roles: Mapping[str, Role] = field(default_factory=dict)
    role_members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Role -> users."""
    grants: tuple[Grant, ...] = ()
    policy: Policy = field(default_factory=Policy)
    role_policies: Mapping[str, Policy] = field(default_factory=dict)
    policy_text: str = ""
    configuration: SecurityConfiguration = field(default_factory=SecurityConfiguration)

    def roles_of(self, user: str) -> tuple[str, ...]:
        return tuple(sorted(role for role, users in self.role_members.items() if user in users))

    def is_admin(self, user: str) -> bool:
        """Whether the user owns the project or has one of its administrator roles."""
        return user == self.owner or any(user in self.role_members.get(role, ()) for role in ADMIN_ROLES)

    def permits(self, user: str, action: str, target: Target, creator: str = "") -> bool:
        """Whether `user` may do `action` (`Select`, `CreateInstance`) to `target`. `creator` made the object."""
        if self.is_admin(user):
            return True
        roles = self.roles_of(user)
        full_action = f"odps:{action}"
        allowed = False
        if self.configuration.check_permission_using_policy:
            text = target.text
            verdicts = [self.policy.allows(user, full_action, text)]
            verdicts += [
                self.role_policies[role].allows(user, full_action, text) for role in roles if role in self.role_policies
            ]
            if False in verdicts:
                return False
            allowed = True in verdicts
        if allowed:
            return True
        if user not in self.members:
            return False
        if creator and creator == user and self.configuration.object_creator_has_access_permission:
            return True
        if self.configuration.check_permission_using_acl:
            return any(grant.covers(action, target) for grant in self.grants_of(user, roles))
        return False

    def grants_of(self, user: str, roles: Iterable[str]) -> Iterable[Grant]:
        known = set(roles)
        return (grant for grant in self.grants if (grant.grantee in known if grant.to_role else grant.grantee == user))
