"""`taskhouse tasks`: recurring tasks as they are published."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from taskhouse.cli.remote import Remote, remote, table
from taskhouse.cli.wording import moment, names, priority

if TYPE_CHECKING:
    from taskhouse.client.api.tasks import Schedule, TaskDag, TaskDetail, TaskLine, VersionList

_ENVIRONMENT = click.option(
    "--env",
    "environment",
    type=click.Choice(["prod", "dev"]),
    default="prod",
    show_default=True,
    help="Production or development.",
)


@click.group()
def tasks() -> None:
    """Look at recurring tasks. A TASK is its id, project.name."""


@tasks.command("list")
@remote
@_ENVIRONMENT
@click.option("--search", help="Part of a name, or an id.")
@click.option("--type", "biz_type", type=click.Choice(["logical_table", "script"]), help="Logical tables, or scripts.")
@click.option("--kind", multiple=True, help="DIMENSION, FACT, AGGREGATE.")
@click.option("--project", multiple=True, help="Project.")
@click.option("--owner", multiple=True, help="Owner, of a metric too.")
@click.option("--cycle", multiple=True, help="MINUTE, HOUR, DAY, WEEK, MONTH, YEAR.")
@click.option("--priority", multiple=True, help="HIGHEST, HIGH, MEDIUM, LOW, LOWEST.")
@click.option("--tag", multiple=True, help="Tag.")
@click.option("--limit", type=click.IntRange(min=1), default=200, show_default=True, help="At most so many.")
def list_tasks(server: Remote, environment: str, biz_type: str | None, limit: int, **given: Any) -> None:
    """List tasks."""
    query = {name: value for name, value in given.items() if value not in (None, ())}
    query["environment"] = environment.upper()
    if biz_type:
        query["type"] = biz_type.upper()
    found = list(islice(server.client.tasks.list(**query), limit + 1))
    lines, more = found[:limit], len(found) > limit
    server.show({"items": lines, "more": more}, lambda: _listed(lines, more))


@tasks.command("show")
@remote
@click.argument("task")
@_ENVIRONMENT
@click.option("--code", is_flag=True, help="With the code of its nodes.")
def show_task(server: Remote, task: str, environment: str, code: bool) -> None:
    """Schedule, dependencies, fields and nodes of a task."""
    found = server.client.tasks.get(task, environment=environment.upper())
    server.show(found, lambda: _detail(found, code))


@tasks.command("versions")
@remote
@click.argument("task")
@_ENVIRONMENT
def versions(server: Remote, task: str, environment: str) -> None:
    """What its publications changed, the latest first."""
    found = server.client.tasks.versions(task, environment=environment.upper())
    server.show(found, lambda: _versions(found))


@tasks.command("dag")
@remote
@click.argument("task")
@_ENVIRONMENT
@click.option("--up", type=click.IntRange(min=0), default=1, show_default=True, help="Levels upstream.")
@click.option("--down", type=click.IntRange(min=0), default=1, show_default=True, help="Levels downstream.")
@click.option("--limit", type=click.IntRange(min=1), default=500, show_default=True, help="At most so many tasks.")
def dag(server: Remote, task: str, environment: str, up: int, down: int, limit: int) -> None:
    """What lies upstream and downstream of a task."""
    found = server.client.tasks.dag(task, environment=environment.upper(), up=up, down=down, limit=limit)
    server.show(found, lambda: _dag(found))


def _listed(lines: Sequence[TaskLine], more: bool) -> list[object]:
    rows = [
        (
            each.id,
            (each.kind or each.node_type).lower(),
            each.cycle.lower(),
            "" if each.schedule_type == "NORMAL" else each.schedule_type.lower(),
            each.field_count or None,
            each.node_count,
            each.version,
            priority(each.priority),
            names(each.owners, 2),
            names(each.tags, 3),
        )
        for each in lines
    ]
    headings = ("TASK", "KIND", "CYCLE", "SCHEDULE", ">FIELDS", ">NODES", ">VERSION", "PRIORITY", "OWNER", "TAGS")
    return [table(headings, rows), *([f"{len(lines)} shown; more match (--limit)"] if more else [])]


def _detail(found: TaskDetail, code: bool) -> list[object]:
    line = found.line
    facts = [
        ("version", f"{line.version}, published {moment(line.published_at)} by {line.published_by or '–'}"),
        ("schedule", _schedule(found.schedule)),
        ("owner", names(line.owners)),
        ("priority", priority(line.priority)),
        ("timeout", f"{found.timeout_h:g} h"),
        (
            "retries",
            f"{found.retries}, {found.retry_gap_min} min apart{', after timeouts too' if found.retry_after_timeout else ''}",
        ),
        ("first run date", found.first_run_date),
        ("view", found.view),
        ("tags", names(line.tags)),
        ("description", line.description),
    ]
    made: list[object] = [line.id, table(("", ""), [fact for fact in facts if fact[1]])]
    if found.dependencies:
        rows = [
            (each.task or "root", each.cycle.lower(), each.policy.lower(), names(each.up_fields), each.source.lower())
            for each in found.dependencies
        ]
        made += ["", table(("AFTER", "CYCLE", "POLICY", "FIELDS", "SOURCE"), rows)]
    if found.fields:
        fields = [
            (each.name, each.role.lower(), each.type, names(each.nodes), names(each.sources)) for each in found.fields
        ]
        made += ["", table(("FIELD", "ROLE", "TYPE", "NODES", "FROM"), fields)]
    nodes = [(each.name, each.kind, each.table, names(each.fields), names(each.keys)) for each in found.nodes]
    made += ["", table(("NODE", "KIND", "TABLE", "FIELDS", "KEYS"), nodes)]
    if code:
        for each in found.nodes:
            made += ["", f"-- {each.name}", "(it takes a role in the project)" if each.code is None else each.code]
    return made


def _schedule(found: Schedule) -> str:
    parts = [found.cycle.lower(), f"at {names(found.times)}" if found.times else ""]
    for word, values in (("weekdays", found.weekdays), ("days", found.month_days), ("months", found.months)):
        parts.append(f"{word} {names([str(value) for value in values])}" if values else "")
    parts += [found.time_zone, "" if found.type == "NORMAL" else found.type.lower()]
    return " ".join(part for part in parts if part)


def _versions(found: VersionList) -> list[object]:
    rows = [
        (
            each.version,
            moment(each.published_at),
            each.published_by,
            each.strategy,
            "yes" if each.rebuilt else "",
            _came_and_went(each.added_fields, each.removed_fields, []),
            _came_and_went(each.added_nodes, each.removed_nodes, each.changed_nodes),
            " ".join(
                word
                for word, changed in (("schedule", each.schedule_changed), ("dependencies", each.dependencies_changed))
                if changed
            ),
        )
        for each in found.items
    ]
    return [table((">VERSION", "PUBLISHED", "BY", ">STRATEGY", "REBUILT", "FIELDS", "NODES", "CHANGED"), rows)]


def _came_and_went(added: Sequence[str], removed: Sequence[str], changed: Sequence[str]) -> str:
    return names(
        [*(f"+{name}" for name in added), *(f"-{name}" for name in removed), *(f"~{name}" for name in changed)]
    )


def _dag(found: TaskDag) -> list[object]:
    upstream: dict[str, list[str]] = {}
    for edge in found.edges:
        upstream.setdefault(edge.down, []).append(edge.up or "root")
    rows = []
    for each in found.tasks:
        sign = "-" if each.direction.lower().startswith("up") else "+" if each.level else ""
        rows.append((f"{sign}{each.level}", each.id or "root", names(upstream.get(each.id, []), 4)))
    return [table((">LEVEL", "TASK", "AFTER"), rows)]
