"""Rules between the objects of a workspace: what is referred to exists and fits, names are unique, nothing waits for itself.

Each rule reports at the place that has to change. A reference to something that stands in a file but is wrong itself is not reported again.
What needs SQL to be understood is checked when the workspace is planned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from taskhouse.domain.definition.metrics import AggregateTable
from taskhouse.domain.definition.places import Place
from taskhouse.domain.definition.tables import DimensionTable, FactTable
from taskhouse.domain.definition.tasks import EndKind, IntegrationTask, ScriptTask, TaskSettings
from taskhouse.domain.definition.tenant import DEV_SUFFIX, ProjectMode
from taskhouse.domain.definition.workspace import LogicalTable, TaskDefinition, Workspace
from taskhouse.domain.dependency import ROOT, Dependency, dependency_cycle
from taskhouse.domain.faults import Fault
from taskhouse.domain.readiness import SHARED_GROUP
from taskhouse.services.definitions.findings import Findings, suggestion
from taskhouse.services.definitions.metric_checks import check_metrics
from taskhouse.services.definitions.table_checks import check_table, field_names

_PASSWORD = re.compile(r"://[^/@]*:[^/@]*@")

Declared = Mapping[str, frozenset[str]]
"""Section -> ids that stand in files."""

_TASK_SECTIONS = (
    "dimension_tables",
    "fact_tables",
    "aggregate_tables",
    "scripts",
    "integration_tasks",
    "virtual_nodes",
)


def check(workspace: Workspace, to: Findings, declared: Declared) -> None:
    names = Names(declared)
    _check_tenant(workspace, to)
    _check_projects(workspace, to, names)
    for task in every_task(workspace):
        _check_task(workspace, task, to, names)
        if isinstance(task, DimensionTable | FactTable):
            check_table(workspace, task, to, names)
    check_metrics(workspace, to, names)
    _check_node_names(workspace, to, names)
    _check_cycles(workspace, to)


class Names:
    """Which ids were declared, and complaints about those that were not."""

    def __init__(self, declared: Declared) -> None:
        self._declared = declared
        self.tasks = frozenset().union(*(declared.get(section, frozenset()) for section in _TASK_SECTIONS))
        self.logical = frozenset().union(*(declared.get(section, frozenset()) for section in _TASK_SECTIONS[:3]))

    def has(self, section: str, id: str) -> bool:
        """Whether the id stands in a file, rightly or wrongly."""
        return id in self._declared[section] or id.lower() in self._declared[section]

    def count(self, section: str) -> int:
        return len(self._declared[section])

    def hint(self, section: str, id: str) -> str:
        return suggestion(id, self._declared[section])

    def expect(self, to: Findings, place: Place, section: str, id: str, what: str) -> bool:
        """Whether it is declared; reports when it is not."""
        if self.has(section, id):
            return True
        to.report(place, f"there is no {what} '{id}'", self.hint(section, id))
        return False


def every_task(workspace: Workspace) -> Iterable[TaskDefinition]:
    """Virtual dimensions, too: they have a name, a project and a key like any other."""
    for group in (
        workspace.dimensions,
        workspace.facts,
        workspace.aggregates,
        workspace.scripts,
        workspace.integrations,
        workspace.virtual_nodes,
    ):
        yield from group.values()


def _check_tenant(workspace: Workspace, to: Findings) -> None:
    zone = workspace.tenant.time_zone
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        to.report(("tenant", "time_zone"), f"there is no time zone '{zone}'", "an IANA name such as Asia/Shanghai")


def _check_projects(workspace: Workspace, to: Findings, names: Names) -> None:
    for project in workspace.projects.values():
        if project.business_unit:
            names.expect(
                to, (*project.place, "business_unit"), "business_units", project.business_unit.lower(), "business unit"
            )
        dev = project.name + DEV_SUFFIX
        if project.mode is ProjectMode.DEV_PROD and dev in workspace.projects:
            to.report(
                workspace.projects[dev].place,
                f"'{dev}' is the development side of project '{project.name}' and cannot be a project of its own",
            )


def _check_task(workspace: Workspace, task: TaskDefinition, to: Findings, names: Names) -> None:
    names.expect(to, (*task.place, "project"), "projects", task.project, "project")
    _check_settings(workspace, task, task.settings, to, names)
    if isinstance(task, ScriptTask):
        for number, output in enumerate(task.outputs):
            if output.lower() in {id.lower() for id in names.logical}:
                to.report(
                    (*task.place, "outputs", str(number)), f"'{output}' is a logical table, which only its nodes write"
                )
    if isinstance(task, IntegrationTask):
        _check_integration(task, to)


def _check_settings(
    workspace: Workspace, task: TaskDefinition, settings: TaskSettings, to: Findings, names: Names
) -> None:
    if settings.resource_group not in workspace.tenant.resource_groups:
        to.report(
            (*task.place, "resource_group"),
            f"the tenant has no resource group '{settings.resource_group}'",
            suggestion(settings.resource_group, workspace.tenant.resource_groups)
            or f"declare it in the tenant's `resource_groups`, or leave it at '{SHARED_GROUP}'",
        )
    own = field_names(workspace, task)
    for number, upstream in enumerate(settings.dependencies):
        place = (*task.place, "dependencies", str(number))
        if upstream.task == ROOT:
            continue
        try:
            Dependency(upstream.task, upstream.window, n=upstream.n).check(task.id)
        except Fault as fault:
            to.report(place, fault.message, "choose cycle PREVIOUS_CYCLE")
        if upstream.task not in names.tasks:
            to.report(place, f"there is no task '{upstream.task}'", suggestion(upstream.task, names.tasks))
            continue
        up = workspace.task(upstream.task)
        if up is None:
            virtual = workspace.dimensions.get(upstream.task)
            if virtual is not None:
                to.report(place, f"'{upstream.task}' is a virtual dimension, which nothing computes")
            continue
        is_gathered = isinstance(up, AggregateTable) and len(workspace.derived) < names.count("derived_metrics")
        theirs = None if is_gathered else field_names(workspace, up)
        _expect_fields(to, (*place, "fields"), upstream.fields, theirs, upstream.task)
        _expect_fields(to, (*place, "readers"), upstream.readers, own, task.id)
    for number, id in enumerate(sorted(settings.ignored)):
        if id not in names.tasks:
            to.report(
                (*task.place, "ignored_dependencies", str(number)),
                f"there is no task '{id}'",
                suggestion(id, names.tasks),
            )


def _expect_fields(to: Findings, place: Place, wanted: Iterable[str], known: frozenset[str] | None, task: str) -> None:
    """`known` None: the fields cannot be told, something else is wrong."""
    for number, name in enumerate(wanted):
        if known is not None and name not in known:
            to.report((*place, str(number)), f"'{task}' has no field '{name}'", suggestion(name, known))


def _check_integration(task: IntegrationTask, to: Findings) -> None:
    ends = (("source", task.source), ("target", task.target))
    tables = [end for _, end in ends if end.kind is EndKind.TABLE]
    if len(tables) != 1:
        to.report(task.place, "exactly one end of an integration task is a TABLE; the other is a FILE or a DATABASE")
    for key, end in ends:
        place = (*task.place, key)
        match end.kind:
            case EndKind.FILE if not end.path:
                to.report(place, "a FILE needs 'path'")
            case EndKind.TABLE if not end.name:
                to.report(place, "a TABLE needs 'table'")
            case EndKind.TABLE if end.name.count(".") != 1:
                to.report((*place, "table"), f"'{end.name}' is not a table; write project.table")
            case EndKind.DATABASE if not end.url:
                to.report(place, "a DATABASE needs 'url'")
            case EndKind.DATABASE if _PASSWORD.search(end.url):
                hint = "put the URL into the server's connections.toml and write connection:<name>"
                to.report((*place, "url"), "a definition holds no password", hint)
            case EndKind.DATABASE if bool(end.name) == bool(end.query):
                to.report(place, "a DATABASE needs either 'table' or 'query'")
            case EndKind.DATABASE if key == "target" and end.query:
                to.report((*place, "query"), "a query can be read, not written to; name a 'table'")
            case _:
                pass


def _check_node_names(workspace: Workspace, to: Findings, names: Names) -> None:
    """Nodes made by hand have names of their own in the project, except those that tables share on purpose."""
    ids = {id.lower() for id in names.tasks}
    sharers: dict[str, list[tuple[Place, bool]]] = {}
    tables: list[LogicalTable] = [
        *workspace.dimensions.values(),
        *workspace.facts.values(),
        *workspace.aggregates.values(),
    ]
    for table in tables:
        for node in table.materialization.nodes:
            place = (*table.place, "materialization", "nodes", node.name)
            id = f"{table.project}.{node.name}".lower()
            if id in ids:
                to.report(place, f"'{table.project}.{node.name}' is a task; a node needs a name of its own")
            sharers.setdefault(id, []).append((place, node.shared))
    for found in sharers.values():
        for place, is_shared in found:
            if len(found) > 1 and not is_shared:
                other = next(each for each, _ in found if each != place)
                to.report(
                    place,
                    f"node '{place[-1]}' is also a node of '{other[1]}'",
                    "give it another name, or write `shared: true` in both tables",
                )
            elif len(found) == 1 and is_shared:
                to.report(place, f"no other table of the project has the node '{place[-1]}' to share")


def _check_cycles(workspace: Workspace, to: Findings) -> None:
    """Of dependencies by hand; those found in code are checked when the workspace is planned."""
    ring = dependency_cycle(
        {
            task.id: [Dependency(up.task, up.window) for up in task.settings.dependencies if up.task != task.id]
            for task in every_task(workspace)
        }
    )
    if ring:
        first = workspace.task(ring[0])
        place = (*first.place, "dependencies") if first is not None else ()
        to.report(place, "tasks wait for one another in this cycle: " + " -> ".join([*ring, ring[0]]))
