"""What a project's rules permit, as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from taskhouse.domain.access import (
    Grant,
    Policy,
    ProjectAccess,
    ResourceKind,
    SecurityConfiguration,
    Target,
    function_target,
    instance_target,
    matches,
    project_target,
    read_policy,
    resource_target,
    schema_target,
    table_target,
    user_name,
)
from taskhouse.domain.catalogue import TableName
from taskhouse.domain.faults import Fault

OWNER, MEMBER, OTHER = "ALIYUN$owner", "ALIYUN$member", "ALIYUN$other"
T = table_target(TableName("p", "default", "t"))
S = table_target(TableName("p", "s", "t"))


def policy(effect: str, action: str, resource: str, principal: str | None = None) -> Policy:
    statement = {"Effect": effect, "Action": action, "Resource": resource}
    if principal:
        statement["Principal"] = principal
    return read_policy({"Version": "1", "Statement": [statement]})


RULES = ProjectAccess("p", OWNER, frozenset({MEMBER}))


def grant(
    name: str, privilege: str, kind: ResourceKind = ResourceKind.TABLE, to: str = MEMBER, role: bool = False
) -> Grant:
    return Grant(kind, name, privilege, role, to)


ROLE = {"role_members": {"r": frozenset({MEMBER})}}
ALL = "acs:odps:*:projects/p/*"
OFF = SecurityConfiguration(
    check_permission_using_acl=False, check_permission_using_policy=False, object_creator_has_access_permission=False
)

CASES: list[tuple[str, ProjectAccess, str, str, Target, str, bool]] = [
    ("the owner", RULES, OWNER, "Drop", T, "", True),
    ("a member without grants", RULES, MEMBER, "Select", T, "", False),
    ("a stranger", RULES, OTHER, "Select", T, "", False),
    ("an administrator", replace(RULES, role_members={"admin": frozenset({OTHER})}), OTHER, "Drop", T, "", True),
    ("a grant", replace(RULES, grants=(grant("t", "Select"),)), MEMBER, "Select", T, "", True),
    ("a grant of something else", replace(RULES, grants=(grant("t", "Select"),)), MEMBER, "Drop", T, "", False),
    ("a grant on something else", replace(RULES, grants=(grant("u", "Select"),)), MEMBER, "Select", T, "", False),
    ("a grant on a name alike", replace(RULES, grants=(grant("t", "Select"),)), MEMBER, "Select", S, "", False),
    ("a grant in a schema", replace(RULES, grants=(grant("s.t", "Select"),)), MEMBER, "Select", S, "", True),
    ("a grant of all", replace(RULES, grants=(grant("t", "All"),)), MEMBER, "Drop", T, "", True),
    ("a grant on many", replace(RULES, grants=(grant("t*", "Select"),)), MEMBER, "Select", T, "", True),
    ("a grant to another", replace(RULES, grants=(grant("t", "All", to=OTHER),)), MEMBER, "Drop", T, "", False),
    ("a grant to no member", replace(RULES, grants=(grant("t", "All", to=OTHER),)), OTHER, "Drop", T, "", False),
    ("a role's grant", replace(RULES, grants=(grant("t", "All", to="r", role=True),), **ROLE), MEMBER, "Drop", T, "", True),
    ("a role one lacks", replace(RULES, grants=(grant("t", "All", to="r", role=True),)), MEMBER, "Drop", T, "", False),
    ("the project's grant is not its tables'", replace(RULES, grants=(grant("p", "All", ResourceKind.PROJECT),)), MEMBER, "Select", T, "", False),
    ("the creator", RULES, MEMBER, "Drop", T, MEMBER, True),
    ("a creator who left", RULES, OTHER, "Drop", T, OTHER, False),
    ("the creator, switched off", replace(RULES, configuration=OFF), MEMBER, "Drop", T, MEMBER, False),
    ("a grant, switched off", replace(RULES, configuration=OFF, grants=(grant("t", "All"),)), MEMBER, "Drop", T, "", False),
    ("an allowing policy", replace(RULES, policy=policy("Allow", "odps:*", ALL)), OTHER, "Drop", T, "", True),
    ("a policy for another", replace(RULES, policy=policy("Allow", "odps:*", ALL, MEMBER)), OTHER, "Drop", T, "", False),
    ("a policy for all", replace(RULES, policy=policy("Allow", "odps:*", ALL, "*")), OTHER, "Drop", T, "", True),
    ("a policy, switched off", replace(RULES, configuration=OFF, policy=policy("Allow", "odps:*", ALL)), OTHER, "Drop", T, "", False),
    ("letter case does not matter", replace(RULES, policy=policy("Allow", "ODPS:select", ALL)), MEMBER, "Select", T, "", True),
    ("deny over a grant", replace(RULES, policy=policy("Deny", "odps:Drop", ALL), grants=(grant("t", "All"),)), MEMBER, "Drop", T, "", False),
    ("deny over the creator", replace(RULES, policy=policy("Deny", "odps:Drop", ALL)), MEMBER, "Drop", T, MEMBER, False),
    ("deny does not bind the owner", replace(RULES, policy=policy("Deny", "odps:Drop", ALL)), OWNER, "Drop", T, "", True),
    ("a role's policy", replace(RULES, role_policies={"r": policy("Allow", "odps:Select", ALL)}, **ROLE), MEMBER, "Select", T, "", True),
    ("a role's denial over the project's policy", replace(RULES, policy=policy("Allow", "odps:*", ALL), role_policies={"r": policy("Deny", "odps:Select", ALL)}, **ROLE), MEMBER, "Select", T, "", False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "user", "action", "target", "creator", "permitted"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_decisions(rules: ProjectAccess, user: str, action: str, target: Target, creator: str, permitted: bool) -> None:
    assert rules.permits(user, action, target, creator) is permitted


def test_objects_have_texts() -> None:
    assert [
        target.text.removeprefix("acs:odps:*:")
        for target in (
            project_target("p"),
            schema_target("p", "s"),
            T,
            S,
            function_target("p", "default", "f"),
            resource_target("p", "s", "a.py"),
            instance_target("p", "i"),
        )
    ] == [
        "projects/p",
        "projects/p/schemas/s",
        "projects/p/tables/t",
        "projects/p/schemas/s/tables/t",
        "projects/p/functions/f",
        "projects/p/schemas/s/resources/a.py",
        "projects/p/instances/i",
    ]


def test_globs_are_no_regular_expressions() -> None:
    assert matches("a.c", "a.c")
    assert not matches("a.c", "abc")
    assert matches("a?c", "abc")
    assert matches("[a]*", "[a]b/c")
    assert not matches("a", "ab")


@pytest.mark.parametrize(
    ("text", "name"),
    [("alice", "ALIYUN$alice"), ("aliyun$alice@x.com", "ALIYUN$alice@x.com"), ("RAM$house:bob", "RAM$house:bob")],
)
def test_users_have_full_names(text: str, name: str) -> None:
    assert user_name(text) == name


@pytest.mark.parametrize("text", ["", "a b", "a$b", "RAM$bob", "x" * 200, "a;b", "a'b"])
def test_texts_that_are_no_users(text: str) -> None:
    with pytest.raises(Fault):
        user_name(text)


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"Statement": {}},
        {"Statement": [1]},
        {"Statement": [{"Effect": "Allow", "Action": "odps:*"}]},
        {"Statement": [{"Effect": "Allow", "Action": [], "Resource": "*"}]},
        {"Statement": [{"Effect": "Allow", "Action": [1], "Resource": "*"}]},
        {"Statement": [{"Effect": "allow", "Action": "*", "Resource": "*"}]},
        {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {}}]},
    ],
)
def test_policies_that_could_not_be_enforced(document: object) -> None:
    with pytest.raises(Fault, match="polic"):
        read_policy(document)
