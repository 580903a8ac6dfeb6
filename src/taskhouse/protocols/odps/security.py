"""A project's access rules on the wire: policies, the security configuration, users, roles, statements, bearer tokens."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict

from taskhouse.domain.access import ADMIN_ROLES, ProjectAccess, SecurityConfiguration, User, read_policy, user_name
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.json_text import read_json
from taskhouse.protocols.odps import xml
from taskhouse.protocols.odps.locating import project_of
from taskhouse.protocols.odps.web import Reply, Request, Routes
from taskhouse.protocols.odps.xml import Xml, element
from taskhouse.services.access import authorize, security_query, tokens
from taskhouse.services.world import World

routes = Routes()

MAX_POLICY_BYTES = 32 * 1024


def _rules(world: World, request: Request) -> ProjectAccess:
    """The project's rules, for its administrators."""
    project = project_of(request)
    if world.catalogue.project(project) is None:
        raise Fault(FaultCode.NO_SUCH_PROJECT, f"Project not found - '{project}'")
    authorize.check_project_admin(world, request.caller, project)
    return world.access.rules(project)


def _policy_text(request: Request) -> str:
    """The body as text, checked: what is kept can be enforced. An empty one, or `null`, removes the policy."""
    body = request.body()
    if len(body) > MAX_POLICY_BYTES:
        raise Fault(FaultCode.QUOTA_EXCEEDED, f"a policy has at most {MAX_POLICY_BYTES} bytes")
    document = read_json(body, "the policy") if body.strip() else None
    if document is None or document == {}:
        return ""
    read_policy(document)
    return body.decode()


# policies and the security configuration


@routes.get("/projects/{project}", "policy")
def get_policy(world: World, request: Request) -> Reply:
    return Reply(200, _rules(world, request).policy_text, media_type="application/json")


@routes.put("/projects/{project}", "policy")
def put_policy(world: World, request: Request) -> Reply:
    _rules(world, request)
    world.access.put_policy(project_of(request), _policy_text(request))
    return Reply()


@routes.get("/projects/{project}/roles/{role}", "policy")
def get_role_policy(world: World, request: Request) -> Reply:
    role = _rules(world, request).roles.get(request.path["role"])
    if role is None:
        raise _unknown("role", request.path["role"])
    return Reply(200, role.policy or "{}", media_type="application/json")


@routes.put("/projects/{project}/roles/{role}", "policy")
def put_role_policy(world: World, request: Request) -> Reply:
    _rules(world, request)
    world.access.put_role_policy(project_of(request), request.path["role"], _policy_text(request))
    return Reply()


@routes.get("/projects/{project}", "security_configuration")
def get_configuration(world: World, request: Request) -> Reply:
    values = asdict(_rules(world, request).configuration)
    protected = values.pop("project_protection")
    switches = [element(SecurityConfiguration.wire_name(name), value) for name, value in values.items()]
    protection = element("ProjectProtection", element("Exceptions"), Protected="true" if protected else "false")
    return Reply(200, xml.document(element("SecurityConfiguration", switches, protection)))


@routes.put("/projects/{project}", "security_configuration")
def put_configuration(world: World, request: Request) -> Reply:
    """Switches that the document does not name stay as they are."""
    values = asdict(_rules(world, request).configuration)
    body = xml.parse(request.body())
    for name in values:
        wire = SecurityConfiguration.wire_name(name)
        found = body.find(wire)
        if found is not None:
            text = found.get("Protected") if name == "project_protection" else found.text
            values[name] = _flag(wire, text, values[name])
    world.access.put_configuration(project_of(request), SecurityConfiguration(**values))
    return Reply()


def _flag(name: str, text: str | None, unchanged: bool) -> bool:
    value = (text or "").strip().lower()
    if not value:
        return unchanged
    if value not in ("true", "false"):
        raise Fault(FaultCode.INVALID_ARGUMENT, f"<{name}> is either true or false, not '{value}'")
    return value == "true"


# users and roles


def _role_element(name: str, comment: str = "") -> Xml:
    return element("Role", element("Name", name), element("Comment", comment))


def _user_element(user: User) -> Xml:
    return element("User", element("ID", user.id), element("DisplayName", user.name), element("Comment", user.comment))


def _users_document(world: World, names: frozenset[str]) -> bytes:
    users = [world.access.user(name) for name in sorted(names)]
    return xml.document(element("Users", [_user_element(user) for user in users if user is not None]))


def _unknown(what: str, name: str) -> Fault:
    return Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - {what} '{name}'")


def _role(rules: ProjectAccess, name: str) -> None:
    if name not in rules.roles and name not in ADMIN_ROLES:
        raise _unknown("role", name)


def _member(world: World, rules: ProjectAccess, name_or_id: str) -> User:
    """By account id, or by display name."""
    name = name_or_id
    if not name_or_id.isdigit():
        try:
            name = user_name(name_or_id)
        except Fault:
            raise _unknown("user", name_or_id) from None
    user = world.access.user(name)
    if user is None or user.name not in rules.members:
        raise _unknown("user", name_or_id)
    return user


@routes.get("/projects/{project}/roles")
def list_roles(world: World, request: Request) -> Reply:
    rules = _rules(world, request)
    prefix = request.query.get("name", "")
    names = sorted(name for name in {*ADMIN_ROLES, *rules.roles} if name.startswith(prefix))
    comments = {name: role.comment for name, role in rules.roles.items()}
    return Reply(200, xml.document(element("Roles", [_role_element(name, comments.get(name, "")) for name in names])))


@routes.get("/projects/{project}/roles/{role}")
def get_role(world: World, request: Request) -> Reply:
    rules = _rules(world, request)
    name = request.path["role"]
    _role(rules, name)
    return Reply(200, xml.document(_role_element(name, rules.roles[name].comment if name in rules.roles else "")))


@routes.get("/projects/{project}/roles/{role}", "users")
def list_role_users(world: World, request: Request) -> Reply:
    rules = _rules(world, request)
    name = request.path["role"]
    _role(rules, name)
    return Reply(200, _users_document(world, rules.role_members.get(name, frozenset())))


@routes.get("/projects/{project}/users")
def list_users(world: World, request: Request) -> Reply:
    return Reply(200, _users_document(world, _rules(world, request).members))


@routes.get("/projects/{project}/users/{user}")
def get_user(world: World, request: Request) -> Reply:
    return Reply(200, xml.document(_user_element(_member(world, _rules(world, request), request.path["user"]))))


@routes.get("/projects/{project}/users/{user}", "roles")
def list_user_roles(world: World, request: Request) -> Reply:
    rules = _rules(world, request)
    user = _member(world, rules, request.path["user"])
    return Reply(200, xml.document(element("Roles", [_role_element(name) for name in rules.roles_of(user.name)])))


# statements and tokens


@routes.post("/projects/{project}/authorization")
def run_statement(world: World, request: Request) -> Reply:
    """200 with the result, or 202 with an id at which the outcome is asked for."""
    body = xml.parse(request.body())
    query = xml.required_text(body, "Query")
    if security_query.PACKAGES.match(query):
        return Reply(202, _result(_ticket("packages are not supported: '" + query.strip()[:200] + "'")))
    value = security_query.execute(world, request.caller, project_of(request), query)
    as_json = xml.text_of(body, "ResponseInJsonFormat", "true").strip().lower() != "false"
    text = json.dumps(value, ensure_ascii=False) if as_json else security_query.as_text(value)
    return Reply(200, _result(text))


def _result(text: str) -> bytes:
    return xml.document(element("Authorization", element("Result", text)))


def _ticket(refusal: str) -> str:
    """The id of a statement whose refusal is asked for later; it holds the refusal, so that nothing has to be kept."""
    return base64.urlsafe_b64encode(refusal.encode()).decode().rstrip("=")


@routes.get("/projects/{project}/authorization/{ticket}")
def statement_outcome(world: World, request: Request) -> Reply:
    ticket = request.path["ticket"]
    try:
        refusal = base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4)).decode()
    except (binascii.Error, ValueError):
        refusal = ""
    if not refusal or _ticket(refusal) != ticket:
        raise _unknown("security statement", ticket[:100])
    outcome = element("AuthorizationQuery", element("Result", refusal), element("Status", "FAILED"))
    return Reply(200, xml.document(outcome))


@routes.post("/projects/{project}/authorization", "sign_bearer_token")
def sign_bearer_token(world: World, request: Request) -> Reply:
    """The body is a JSON document: `expires_in_hours` and `policy`."""
    project = project_of(request)
    if world.catalogue.project(project) is None:
        raise Fault(FaultCode.NO_SUCH_PROJECT, f"Project not found - '{project}'")
    document = read_json(request.body(), "the request")
    hours = document.get("expires_in_hours") if isinstance(document, dict) else None
    if not isinstance(hours, int | float) or isinstance(hours, bool):
        raise Fault(FaultCode.INVALID_ARGUMENT, "'expires_in_hours' must be a number")
    return Reply(200, _result(tokens.issue(world, request.caller, document.get("policy"), hours)))
