"""Making the physical tables and views of what is published: as often as one likes, with the same end.

What is there already is completed: missing columns are added, lifecycles set, views written anew when their query changed. Nothing is
ever dropped; what no strategy uses any more ends with its lifecycle.
"""

from __future__ import annotations

from collections.abc import Iterable

from taskhouse.domain.catalogue import DEFAULT_SCHEMA, Column, Table, TableName
from taskhouse.domain.materialization.code import TableSpec, ViewSpec, literal, name
from taskhouse.services import statements
from taskhouse.services.catalogue import projects
from taskhouse.services.materialization.planning import Materialized
from taskhouse.services.sql_session import SqlSession, open_session
from taskhouse.services.task_run import Unwatched
from taskhouse.services.world import Caller, World
from taskhouse.sql import parser


def deploy(world: World, planned: Materialized, caller: Caller) -> list[str]:
    """Make what is missing, as `caller`; returns the statements that were run. Raises `Fault`: NO_PERMISSION when the caller may not
    create tables or projects there, SEMANTIC when a table stands where a view must be."""
    done: list[str] = []
    needed = [*(table.project for table in planned.tables), *(view.project for view in planned.views)]
    have_projects(
        world,
        dict.fromkeys((*needed, *(node.program.project for task in planned.tasks for node in task.nodes))),
        caller,
    )
    sessions: dict[str, SqlSession] = {}
    for table in planned.tables:
        existing = world.catalogue.table(TableName(table.project, DEFAULT_SCHEMA, table.table))
        for text in table_statements(table, existing):
            _run(world, caller, sessions, table.project, text)
            done.append(text)
    for view in planned.views:
        existing = world.catalogue.table(TableName(view.project, DEFAULT_SCHEMA, view.table))
        if existing is None or not _is_same(existing, view):
            _run(world, caller, sessions, view.project, view.definition())
            done.append(view.definition())
    return done


def _is_same(existing: Table, view: ViewSpec) -> bool:
    return existing.is_view and existing.view_text == view.query and existing.comment == view.comment


def have_projects(world: World, names: Iterable[str], caller: Caller) -> None:
    """Make the MaxCompute projects that a workspace needs, where they are missing. Raises `Fault` NO_PERMISSION unless the caller may."""
    for project in names:
        if world.catalogue.project(project) is None:
            projects.create(world, caller, project, properties=projects.DEFAULT_PROPERTIES)


def table_statements(spec: TableSpec, existing: Table | None) -> list[str]:
    """What brings a table from what it is to what it must be; empty when nothing is missing."""
    if existing is None:
        return [spec.definition()]
    found: list[str] = []
    known = {column.name: column for column in existing.columns}
    missing = [column for column in spec.columns if column[0] not in known]
    if missing:
        columns = ", ".join(
            f"{name(column)} {type_}{f' COMMENT {literal(comment)}' if comment else ''}"
            for column, type_, comment in missing
        )
        found.append(f"ALTER TABLE {spec.full_name} ADD COLUMNS ({columns})")
    found += [_comment(spec, known[column], comment) for column, _, comment in spec.columns if column in known
              and comment and known[column].comment != comment]  # fmt: skip
    days = None if existing.options.get("lifecycle") == "disabled" else existing.lifecycle
    if spec.lifecycle is not None and days != spec.lifecycle:
        found.append(f"ALTER TABLE {spec.full_name} SET LIFECYCLE {spec.lifecycle}")
        if days is None and existing.lifecycle is not None:
            found.append(f"ALTER TABLE {spec.full_name} ENABLE LIFECYCLE")
    elif spec.lifecycle is None and days is not None:
        found.append(f"ALTER TABLE {spec.full_name} DISABLE LIFECYCLE")
    return found


def _comment(spec: TableSpec, column: Column, comment: str) -> str:
    return f"ALTER TABLE {spec.full_name} CHANGE COLUMN {name(column.name)} COMMENT {literal(comment)}"


def _run(world: World, caller: Caller, sessions: dict[str, SqlSession], project: str, text: str) -> None:
    session = sessions.get(project)
    if session is None:
        found = world.catalogue.project(project)
        assert found is not None
        session = sessions[project] = open_session(
            caller,
            found,
            {},
            world.clock.now(),
            instance_id="deployment",
            task="deployment",
            attempt=1,
            default_time_zone=world.time_zone,
        )
    session.now = world.clock.now()
    for statement in parser.parse(text):
        statements.execute(world, session, statement, Unwatched())
