"""The workspace's definitions: checked, planned, published, and the schema of their files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date

import msgspec

from taskhouse.domain.definition.difference import (
    FieldChange,
    NodeDifference,
    ProjectDifference,
    SettingChange,
    TaskDifference,
)
from taskhouse.domain.definition.touched import Touched
from taskhouse.domain.recurring import Environment
from taskhouse.protocols.rest.errors import ApiError, ErrorItem, bad_request
from taskhouse.protocols.rest.routing import Call, Nothing, Routes
from taskhouse.services.definitions.apply_workspace import PlanChangedError, Publication, apply_workspace
from taskhouse.services.definitions.findings import Finding
from taskhouse.services.definitions.json_schema import json_schema
from taskhouse.services.definitions.plan_workspace import (
    InvalidWorkspaceError,
    WorkspacePlan,
    plan_workspace,
    validate,
)
from taskhouse.services.world import World

routes = Routes("workspace")

LARGE = 64 * 1024 * 1024
_FILE = "tenant: {name: demo}\nprojects:\n  - {name: shop, owner: alice}\n"


class WorkspaceBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`files`: the text of each file of the workspace folder by its path in it, with `/`. `environment`: DEV or PROD. `digest`: of
    the plan that was shown, to apply it. `since`: a run date like 2026-03-02, for applying: new tasks have instances from it on, and
    those of days that have passed are generated at once (with nothing to publish: of all tasks); empty: from the next generation on."""

    files: dict[str, str]
    environment: str = "PROD"
    digest: str = ""
    since: str = ""


class FindingView(msgspec.Struct, frozen=True):
    """`line` and `column` from 1. `where` is the place in words: `fact_tables.shop.orders.measures.amount.expression`. A warning keeps
    nothing from being published."""

    file: str
    line: int
    column: int
    where: str
    message: str
    hint: str
    warning: bool


class ValidationView(msgspec.Struct, frozen=True):
    valid: bool
    findings: list[FindingView]


class SettingView(msgspec.Struct, frozen=True):
    """Empty for not there."""

    name: str
    before: str
    after: str


class FieldChangeView(msgspec.Struct, frozen=True):
    """`change`: ADDED, REMOVED, CHANGED. `aspects`: TYPE, LOGIC, PART (a business filter or an atomic metric that it shares), ROLE,
    ABOUT (nothing that is computed)."""

    name: str
    change: str
    aspects: list[str]
    type_before: str
    type_after: str


class NodeChangeView(msgspec.Struct, frozen=True):
    """`aspects`: REBUILT (it writes another physical table), CODE, FIELDS."""

    id: str
    name: str
    change: str
    aspects: list[str]
    fields: list[str]
    table: str
    table_before: str


class TaskChangeView(msgspec.Struct, frozen=True):
    """`version` is what it will be published as, 0 for a removed one. `strategy` of its materialization, 0 for none. `key_changed`: its
    key or main source, so that every field is computed anew. `rebuilt_because`: why its physical tables are built anew."""

    id: str
    change: str
    kind: str
    version: int
    strategy_before: int
    strategy_after: int
    key_changed: bool
    rebuilt_because: list[str]
    fields: list[FieldChangeView]
    nodes: list[NodeChangeView]
    dependencies_added: list[str]
    dependencies_removed: list[str]
    settings: list[SettingView]


class TouchedView(msgspec.Struct, frozen=True):
    """A task that reads what changes, `level` steps away. `fields` depend on it; empty for a task without fields. `published`: with
    this plan, too."""

    id: str
    level: int
    fields: list[str]
    published: bool


class ProjectChangeView(msgspec.Struct, frozen=True):
    name: str
    change: str
    settings: list[SettingView]


class WorkspacePlanView(msgspec.Struct, frozen=True):
    """`digest` is presented to apply; empty when the definitions are not valid. `empty`: there is nothing to publish. New tasks have
    their first instances for `first_run_date`, and changed ones those of their new version."""

    environment: str
    valid: bool
    empty: bool
    digest: str
    revision: int
    first_run_date: str
    findings: list[FindingView]
    tenant: list[SettingView]
    projects: list[ProjectChangeView]
    tasks: list[TaskChangeView]
    downstream: list[TouchedView]


class PublicationView(msgspec.Struct, frozen=True):
    """`published` and `retired` are ids of tasks. `revision` is the environment's after it. `generated`: instances of days that have
    passed."""

    environment: str
    revision: int
    published: list[str]
    retired: list[str]
    at: str
    generated: int = 0


@routes.post("/workspace/validate", body=WorkspaceBody, reply=ValidationView, max_body=LARGE)
def validate_definitions(call: Call[Nothing, WorkspaceBody]) -> ValidationView:
    """Check definitions, with all that is wrong at once; writes nothing. `environment` is ignored: both are checked."""
    found = validate(call.world, call.body.files)
    return ValidationView(not any(not each.is_warning for each in found), findings_view(found))


@routes.post(
    "/workspace/plan",
    body=WorkspaceBody,
    reply=WorkspacePlanView,
    errors=(403, 409),
    max_body=LARGE,
    example=WorkspaceBody({"shop.yaml": _FILE}),
)
def plan_definitions(call: Call[Nothing, WorkspaceBody]) -> WorkspacePlanView:
    """What publishing definitions would change; writes nothing.

    Errors in definitions are part of the answer: it is 200 with `valid` false, and `findings` say where and why.
    """
    environment = environment_word(call.body.environment)
    try:
        return plan_view(plan_workspace(call.world, call.actor, environment, call.body.files))
    except InvalidWorkspaceError as error:
        return invalid_view(call.world, environment, error)


def invalid_view(world: World, environment: Environment, error: InvalidWorkspaceError) -> WorkspacePlanView:
    revision = world.recurring.published(environment)[0]
    return WorkspacePlanView(
        environment.value, False, True, "", revision, "", findings_view(error.findings), [], [], [], []
    )


@routes.post(
    "/workspace/apply",
    body=WorkspaceBody,
    reply=PublicationView,
    errors=(403, 409),
    repeatable=True,
    max_body=LARGE,
    example=WorkspaceBody({"shop.yaml": _FILE}, "PROD", "0a1b2c"),
)
def apply_definitions(call: Call[Nothing, WorkspaceBody]) -> PublicationView:
    """Publish definitions in one transaction. `digest` is that of the plan that was shown; another plan by now is 409 `PLAN_CHANGED`.

    Definitions with errors are 400 `INVALID_WORKSPACE`; each item names file, line and column.
    """
    environment = environment_word(call.body.environment)
    if not call.body.digest:
        raise bad_request("a publication needs the digest of its plan: POST /workspace/plan first", "digest")
    since = date_word(call.body.since)
    with refusals():
        made = apply_workspace(call.world, call.actor, environment, call.body.files, call.body.digest, since)
    return publication_view(made)


@contextmanager
def refusals() -> Iterator[None]:
    """Of publishing, as errors of the API."""
    try:
        yield
    except InvalidWorkspaceError as error:
        items = [
            ErrorItem(0, str(each.mark), each.where, f"{each.message} ({each.hint})" if each.hint else each.message)
            for each in error.findings
            if not each.is_warning
        ]
        raise ApiError(400, "INVALID_WORKSPACE", str(error), items) from None
    except PlanChangedError as error:
        raise ApiError(409, "PLAN_CHANGED", str(error)) from None


def publication_view(made: Publication) -> PublicationView:
    return PublicationView(
        made.plan.environment.value,
        made.revision,
        list(made.plan.difference.published),
        list(made.plan.difference.retired),
        made.at.isoformat(),
        made.generated,
    )


@routes.get("/workspace/schema", reply="application/json", public=True)
def definitions_schema(call: Call[Nothing, None]) -> dict[str, object]:
    """The JSON Schema of workspace files, for editors. Needs no token."""
    return json_schema()


def environment_word(word: str) -> Environment:
    try:
        return Environment(word.upper())
    except ValueError:
        raise bad_request(f"'{word}' is not an environment; write DEV or PROD", "environment") from None


def date_word(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise bad_request(f"'{text}' is not a date; write it like 2026-03-02", "since") from None


def findings_view(found: Iterable[Finding]) -> list[FindingView]:
    return [
        FindingView(
            each.mark.file, each.mark.line, each.mark.column, each.where, each.message, each.hint, each.is_warning
        )
        for each in found
    ]


def plan_view(made: WorkspacePlan) -> WorkspacePlanView:
    difference = made.difference
    return WorkspacePlanView(
        made.environment.value,
        True,
        difference.is_empty,
        made.digest,
        made.revision,
        made.first_run_date.isoformat(),
        findings_view(made.warnings),
        _settings(difference.tenant),
        [_project(each) for each in difference.projects],
        [
            task_view(each, [change.text for change in made.materialized.rebuilt.get(each.id, ())])
            for each in difference.tasks
        ],
        [_touched(each) for each in difference.downstream],
    )


def _settings(found: Iterable[SettingChange]) -> list[SettingView]:
    return [SettingView(each.name, each.before, each.after) for each in found]


def _project(each: ProjectDifference) -> ProjectChangeView:
    return ProjectChangeView(each.name, each.change.value, _settings(each.settings))


def _touched(each: Touched) -> TouchedView:
    return TouchedView(each.id, each.level, list(each.fields), each.is_published)


def task_view(each: TaskDifference, rebuilt_because: list[str]) -> TaskChangeView:
    return TaskChangeView(
        each.id,
        each.change.value,
        each.kind,
        each.version,
        each.strategy[0],
        each.strategy[1],
        each.key_changed,
        rebuilt_because,
        [_field(field) for field in each.fields],
        [_node(node) for node in each.nodes],
        list(each.dependencies_added),
        list(each.dependencies_removed),
        _settings(each.settings),
    )


def _field(each: FieldChange) -> FieldChangeView:
    aspects = [aspect.value for aspect in each.aspects]
    return FieldChangeView(each.name, each.change.value, aspects, each.type_before, each.type_after)


def _node(each: NodeDifference) -> NodeChangeView:
    aspects = [aspect.value for aspect in each.aspects]
    return NodeChangeView(
        each.id, each.name, each.change.value, aspects, list(each.values), each.table, each.table_before
    )
