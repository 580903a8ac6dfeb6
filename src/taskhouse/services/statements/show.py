"""SHOW in its forms, and what a session or project is set to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from taskhouse.domain.access import project_target
from taskhouse.domain.catalogue import DEFAULT_SCHEMA
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import InstanceFilter
from taskhouse.domain.paging import Page
from taskhouse.services.access.authorize import check_project_admin, permits
from taskhouse.services.catalogue import names, tables
from taskhouse.services.statements.create_text import create_text
from taskhouse.services.statements.describe import clock
from taskhouse.services.statements.execution import DONE, Execution, StatementOutcome, shown
from taskhouse.sql.functions.registry import FUNCTIONS
from taskhouse.sql.statements import (
    SetFlag,
    SetProject,
    ShowColumns,
    ShowCreateTable,
    ShowFlags,
    ShowFunctions,
    ShowInstances,
    ShowPartitions,
    ShowProjects,
    ShowResources,
    ShowSchemas,
    ShowTables,
    UseProject,
    UseSchema,
)

T = TypeVar("T")
_INSTANCES_SHOWN = 50
_PAGE = 1000


def every(page_of: Callable[[str], Page[T]]) -> Iterator[T]:
    """The items of all pages; `page_of` takes the marker."""
    marker = ""
    while True:
        page = page_of(marker)
        yield from page.items
        marker = page.marker
        if not marker:
            return


def pattern(like: str | None) -> re.Pattern[str]:
    """A LIKE of SHOW: `*` any text, `|` alternatives; letter case does not matter."""
    if not like:
        return re.compile("")
    parts = (".*".join(map(re.escape, part.split("*"))) for part in like.split("|"))
    return re.compile("(?:" + "|".join(parts) + r")\Z", re.IGNORECASE)


def _lines(items: Iterator[str] | list[str]) -> StatementOutcome:
    return shown("".join(f"{item}\n" for item in items))


def show_tables(run: Execution, statement: ShowTables) -> StatementOutcome:
    named, inside = statement.project, statement.schema
    if named and not inside and run.session.schemas_enabled:
        named, inside = None, named
    project = run.project(named, statement.place)
    schema = inside or (run.session.schema if project is run.session.project else DEFAULT_SCHEMA)
    tables.require_schema(run.world, project.name, schema)
    tables.check_list(run.world, run.session.caller, project.name, schema)
    wanted = pattern(statement.like)
    catalogue = run.world.catalogue
    found = every(lambda marker: catalogue.tables(project.name, schema, marker=marker, limit=_PAGE))
    return _lines(
        [
            f"{table.owner}:{table.name.name}"
            for table in found
            if wanted.match(table.name.name) and (table.is_view or not statement.views)
        ]
    )


def show_partitions(run: Execution, statement: ShowPartitions) -> StatementOutcome:
    table = run.managed(statement.table, "Describe")
    if not table.is_partitioned:
        raise Fault(FaultCode.SEMANTIC, f"table {table.name} is not partitioned", statement.table.place)
    prefix: tuple[str, ...] = ()
    if statement.partition:
        prefix = names.values_of(table, statement.partition, prefix=True, place=statement.table.place)
    found = run.world.catalogue.all_partitions(table.id, prefix)
    return _lines([names.spec_text(table.partition_columns, partition.values) for partition in found])


def show_create_table(run: Execution, statement: ShowCreateTable) -> StatementOutcome:
    return shown(create_text(run.table(statement.table, "Describe")) + "\n")


def show_columns(run: Execution, statement: ShowColumns) -> StatementOutcome:
    table = run.table(statement.table, "Describe")
    return _lines([column.name for column in (*table.columns, *table.partition_columns)])


def show_functions(run: Execution, statement: ShowFunctions) -> StatementOutcome:
    wanted = pattern(statement.like)
    if statement.builtin:
        return _lines([name for name in sorted(FUNCTIONS) if wanted.match(name)])
    project, schema = run.session.project.name, run.session.schema
    tables.check_list(run.world, run.session.caller, project, schema)
    catalogue = run.world.catalogue
    found = every(lambda marker: catalogue.functions(project, schema, marker=marker, limit=_PAGE))
    return _lines([function.name for function in found if wanted.match(function.name)])


def show_resources(run: Execution, statement: ShowResources) -> StatementOutcome:
    wanted = pattern(statement.like)
    project, schema = run.session.project.name, run.session.schema
    tables.check_list(run.world, run.session.caller, project, schema)
    catalogue = run.world.catalogue
    found = every(lambda marker: catalogue.resources(project, schema, marker=marker, limit=_PAGE))
    return _lines([f"{item.name}\t{item.kind.upper()}\t{item.owner}" for item in found if wanted.match(item.name)])


def show_schemas(run: Execution, statement: ShowSchemas) -> StatementOutcome:
    project = run.project(statement.project, statement.place)
    run.check("List", project_target(project.name))
    catalogue = run.world.catalogue
    found = every(lambda marker: catalogue.schemas(project.name, marker=marker, limit=_PAGE))
    return _lines([schema.name for schema in found])


def show_projects(run: Execution, statement: ShowProjects) -> StatementOutcome:
    catalogue, caller = run.world.catalogue, run.session.caller
    found = every(lambda marker: catalogue.projects(marker=marker, limit=_PAGE))
    return _lines([item.name for item in found if permits(run.world, caller, "Read", project_target(item.name))])


def show_instances(run: Execution, statement: ShowInstances) -> StatementOutcome:
    """The project's latest task instances, newest first."""
    project = run.session.project.name
    run.check("List", project_target(project))
    limit = min(statement.limit or _INSTANCES_SHOWN, run.world.limits.page_items)
    page = run.world.instances.page(project, InstanceFilter(), "", max(limit, 1))
    zone = run.session.time_zone
    lines = ["StartTime\tRunTime\tStatus\tInstanceID\tOwner"]
    for item in page.items:
        began = item.started_at or item.submitted_at
        seconds = int(((item.ended_at or run.now) - began).total_seconds())
        lines.append(f"{clock(began, zone)}\t{max(seconds, 0)}s\t{item.status.value}\t{item.id}\t{item.owner}")
    lines.append(f"{len(page.items)} instances")
    return _lines(lines)


# --- settings ---------------------------------------------------------------------------------------------------------


def set_flag(run: Execution, statement: SetFlag) -> StatementOutcome:
    run.session.set(statement.name, statement.value)
    return DONE


def show_flags(run: Execution, statement: ShowFlags) -> StatementOutcome:
    return _lines([f"{name}={value}" for name, value in sorted(run.session.settings.items())])


def set_project(run: Execution, statement: SetProject) -> StatementOutcome:
    """Change the project's properties, an empty value removing one; without any, show them."""
    project = run.session.project
    if not statement.settings:
        run.check("Read", project_target(project.name))
        return _lines([f"{name}={value}" for name, value in sorted(project.properties.items())])
    check_project_admin(run.world, run.session.caller, project.name)
    changes = {name: value or None for name, value in statement.settings}
    run.session.project = run.world.catalogue.change_project(project.name, run.now, properties=changes)
    for name, value in statement.settings:
        run.session.set(name, value)
    return DONE


def use_project(run: Execution, statement: UseProject) -> StatementOutcome:
    run.session.project = run.project(statement.project, statement.place)
    run.session.schema = DEFAULT_SCHEMA
    return DONE


def use_schema(run: Execution, statement: UseSchema) -> StatementOutcome:
    tables.require_schema(run.world, run.session.project.name, statement.schema)
    run.session.schema = statement.schema
    return DONE
