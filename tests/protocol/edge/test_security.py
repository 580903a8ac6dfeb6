"""Users, roles, grants, policies and tokens through the official client."""

from __future__ import annotations

import json
from typing import Any

import pytest
from odps import ODPS, errors
from odps.accounts import BearerTokenAccount
from odps.models import Project

from taskhouse.domain.access import AccessKey

from .conftest import ADMIN, Edge

POLICY = {
    "Version": "1",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": ["ALIYUN$nobody"],
            "Action": ["odps:Select", "odps:Describe"],
            "Resource": ["acs:odps:*:projects/edge/tables/*"],
        }
    ],
}


@pytest.fixture
def project(edge: Edge) -> Project:
    return edge.client().get_project()


def test_whoami(edge: Edge, project: Project) -> None:
    assert project.current_user.display_name == ADMIN
    assert project.current_user.id.isdigit()
    assert edge.client().run_security_query("whoami")["DisplayName"] == ADMIN


def test_policies_come_back_as_they_were_put(edge: Edge, project: Project) -> None:
    project.policy = POLICY
    project.reload()
    assert json.dumps(project.policy) == json.dumps(POLICY)
    project.policy = None
    project.reload()
    assert not project.policy
    for bad in (
        "[1]",
        '{"Statement": [{"Effect": "Maybe"}]}',
        "{",
        '{"Statement": [{"Effect": "Deny", "Condition": {}}]}',
    ):
        with pytest.raises(errors.InvalidArgument):
            project.policy = bad


def test_the_security_configuration(project: Project) -> None:
    options = project.security_options
    assert options.check_permission_using_acl
    assert not options.label_security
    options.label_security = True
    options.update()
    options.reload()
    assert options.label_security
    assert options.check_permission_using_acl
    options.label_security = False
    options.update()


def test_users_and_roles(edge: Edge, project: Project) -> None:
    user = project.users.create("RAM$house:second")
    assert "RAM$house:second" in project.users
    assert "RAM$house:second" in [each.display_name for each in project.users]
    assert "non_exist_user" not in project.users
    role = project.roles.create("readers")
    assert "readers" in project.roles
    assert role in project.roles
    assert "readers" in [each.name for each in project.roles]
    assert "writers" not in project.roles
    role.grant_to(user)
    assert user in role.users
    assert role in user.roles
    for statement in ("drop role readers", "remove user RAM$house:second"):
        with pytest.raises(errors.InvalidArgument, match="revoke"):
            edge.client().run_security_query(statement)
    user.revoke_role(role)
    assert user not in role.users
    assert role not in user.roles
    role.policy = POLICY
    role.reload()
    assert json.dumps(role.policy) == json.dumps(POLICY)
    project.users.delete("RAM$house:second")
    project.roles.delete("readers")
    assert "RAM$house:second" not in project.users
    assert "readers" not in project.roles


def test_statements_that_are_refused(edge: Edge) -> None:
    client = edge.client()
    assert "RAM" in client.run_security_query("LIST ACCOUNTPROVIDERS")
    waiting = client.run_security_query("INSTALL PACKAGE edge.none")
    with pytest.raises(errors.SecurityQueryError, match="packages are not supported"):
        waiting.wait_for_success()
    assert waiting.is_terminated and not waiting.is_successful
    for statement, problem in [
        ("dance", "not supported"),
        ("create role", "a role expected at the end"),
        ("create role 'a b'", "not a role name"),
        ("grant", "a role or privilege expected"),
        ("grant none to ALIYUN$admin", "role 'none'"),
        ("grant Select on table missing to user ALIYUN$admin", "Object not found"),
        ("grant Fly on project edge to user ALIYUN$admin", "'Fly' is not a privilege"),
        ("grant Select on package p to user ALIYUN$admin", "'package' are not supported"),
        ("grant Read on project other to user ALIYUN$admin", "not this project"),
        ("grant Read on project edge to user ALIYUN$unknown", "ALIYUN$unknown"),
        ("add user a$b$c", "not a user name"),
        ("add user RAM$nobody", "not a RAM user"),
        ("add user 'x", "cannot read"),
        ("whoami now", "nothing expected after"),
        ("set LabelSecurity=maybe", "either true or false"),
    ]:
        with pytest.raises(errors.ODPSError) as caught:
            client.run_security_query(statement)
        assert problem in str(caught.value), statement


def refused(edge: Edge, key: AccessKey, statement: str) -> bool:
    try:
        edge.client(key).run_security_query(statement)
    except errors.NoPermission:
        return True
    return False


def test_grants_open_what_they_name(edge: Edge) -> None:
    client = edge.client()
    key = edge.user("ALIYUN$worker")
    worker = edge.client(key)
    assert worker.run_security_query("whoami")["DisplayName"] == "ALIYUN$worker"
    assert refused(edge, key, "list users")
    with pytest.raises(errors.NoPermission, match="odps:CreateInstance"):
        worker.run_sql("select 1")
    client.run_security_query("create role submitters")
    client.run_security_query("grant CreateInstance on project edge to role submitters")
    client.run_security_query("grant submitters to ALIYUN$worker")
    instance = worker.execute_sql("select 1")
    assert instance.is_successful()
    shown = worker.run_security_query("show grants")
    assert shown["Roles"] == ["submitters"]
    assert shown["ACL"] == [
        {
            "Principal": "role/submitters",
            "Object": "acs:odps:*:projects/edge",
            "Privileges": ["CreateInstance"],
        }
    ]
    described = client.run_security_query("describe role submitters")
    assert described["Users"] == ["ALIYUN$worker"]
    others = client.execute_sql("select 1")
    with pytest.raises(errors.NoPermission):
        worker.get_instance(others.id).reload()
    client.run_security_query(f"grant Read on instance {others.id} to user ALIYUN$worker")
    worker.get_instance(others.id).reload()
    with pytest.raises(errors.NoPermission):
        worker.get_instance(others.id).stop()
    client.run_security_query(f"revoke Read on instance {others.id} from user ALIYUN$worker")
    client.run_security_query("revoke submitters from ALIYUN$worker")
    with pytest.raises(errors.NoPermission):
        worker.get_instance(others.id).reload()
    with pytest.raises(errors.NoPermission):
        worker.run_sql("select 1")
    assert instance.is_successful()
    client.run_security_query("drop role submitters")


def test_a_policy_that_denies_wins(edge: Edge, project: Project) -> None:
    key = edge.user("ALIYUN$denied")
    denied = edge.client(key)
    edge.client().run_security_query("grant CreateInstance on project edge to user ALIYUN$denied")
    denied.execute_sql("select 1")
    statement: dict[str, Any] = {
        "Effect": "Deny",
        "Principal": "ALIYUN$denied",
        "Action": "odps:Create*",
        "Resource": "acs:odps:*:projects/edge",
    }
    project.policy = {"Version": "1", "Statement": [statement]}
    with pytest.raises(errors.NoPermission):
        denied.run_sql("select 1")
    project.policy = {"Version": "1", "Statement": [statement | {"Effect": "Allow"}]}
    edge.client().run_security_query("revoke CreateInstance on project edge from user ALIYUN$denied")
    denied.execute_sql("select 1")
    project.policy = None
    with pytest.raises(errors.NoPermission):
        denied.run_sql("select 1")


def test_project_administrators_may_do_everything_in_it(edge: Edge) -> None:
    key = edge.user("ALIYUN$deputy")
    edge.client().run_security_query("grant admin to ALIYUN$deputy")
    deputy = edge.client(key)
    deputy.execute_sql("select 1")
    assert "ALIYUN$deputy" in [each["DisplayName"] for each in deputy.run_security_query("list users")]
    edge.client().run_security_query("revoke admin from ALIYUN$deputy")
    assert refused(edge, key, "list users")


def bearer(edge: Edge, token: str) -> ODPS:
    return ODPS(account=BearerTokenAccount(token), project="edge", endpoint=edge.url + "/api", overwrite_global=False)


def test_a_logview_token_reads_one_instance(edge: Edge) -> None:
    client = edge.client()
    instance = client.execute_sql("select 1")
    other = client.execute_sql("select 1")
    address = instance.get_logview_address()
    assert address.startswith(f"{edge.url}/logview/?h=")
    token = address.partition("token=")[2]
    reader = bearer(edge, token)
    assert reader.get_instance(instance.id).get_task_result() == "ran: select 1;"
    with pytest.raises(errors.NoPermission):
        reader.get_instance(other.id).reload()
    with pytest.raises(errors.NoPermission):
        reader.run_sql("select 1")
    with pytest.raises(errors.NoPermission):
        next(reader.list_instances())
    with pytest.raises(errors.NoPermission):
        reader.run_security_query("list users")
    with pytest.raises(errors.NoPermission):
        reader.get_project().generate_auth_token(POLICY, "bearer", 1)


def test_a_wide_token_can_do_what_its_user_can(edge: Edge) -> None:
    policy = {"Version": "1", "Statement": [{"Action": ["odps:*"], "Resource": "acs:odps:*:*", "Effect": "Allow"}]}
    token = edge.client().get_project().generate_auth_token(policy, "bearer", 5)
    assert bearer(edge, token).execute_sql("select 1").is_successful()
    with pytest.raises(errors.InvalidArgument, match="at most 720 hours"):
        edge.client().get_project().generate_auth_token(policy, "bearer", 100_000)


def test_answers_as_text(edge: Edge, project: Project) -> None:
    from odps.models import Project as ProjectModel

    request = ProjectModel.AuthQueryRequest(query="list roles", use_json=False)
    reply = edge.client().rest.post(project.auth_resource(), data=request.serialize())
    assert "Name: admin" in ProjectModel.AuthQueryResponse.parse(reply).result
