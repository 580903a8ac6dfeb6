"""`taskhouse instances`: recurring instances listed, looked into, downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskhouse.cli.remote import Remote, remote, table
from taskhouse.cli.wording import command, counts, duration, moment, names, priority, short_moment, status

if TYPE_CHECKING:
    from taskhouse.client.api.instances import FieldPage, InstanceDetail, InstanceLine, NodeList, Offers

_ENVIRONMENT = click.option(
    "--env",
    "environment",
    type=click.Choice(["prod", "dev"]),
    default="prod",
    show_default=True,
    help="Production or development.",
)

_FILTERS = (
    _ENVIRONMENT,
    click.option("--bizdate", multiple=True, help="Data timestamp: 20260301, yesterday (scheduled today) or today."),
    click.option("--bizdate-from", help="First data timestamp."),
    click.option("--bizdate-to", help="Last data timestamp."),
    click.option("--search", help="Part of a name, or an id."),
    click.option("--status", multiple=True, help="SUCCEEDED, FAILED, RUNNING, WAITING, NOT_RUNNING, PAUSED."),
    click.option("--waiting", multiple=True, help="WAIT_SCHEDULE, DISPATCH_BLOCKED, WAIT_RESOURCE."),
    click.option("--paused/--not-paused", default=None, help="With or without a paused node."),
    click.option(
        "--type", "biz_type", type=click.Choice(["logical_table", "script"]), help="Logical tables, or scripts."
    ),
    click.option("--kind", multiple=True, help="DIMENSION, FACT, AGGREGATE."),
    click.option("--cycle", multiple=True, help="MINUTE, HOUR, DAY, WEEK, MONTH, YEAR."),
    click.option("--owner", multiple=True, help="Owner, of a metric too."),
    click.option("--priority", multiple=True, help="HIGHEST, HIGH, MEDIUM, LOW, LOWEST."),
    click.option("--project", multiple=True, help="Project."),
    click.option("--tag", multiple=True, help="Tag."),
    click.option("--task", multiple=True, help="Id of a task, project.name."),
    click.option("--origin", multiple=True, help="RECURRING, BACKFILL, ONE_TIME, MANUAL."),
    click.option("--started-from", help="First start: a date, or a time with its zone."),
    click.option("--started-to", help="Last start."),
    click.option("--due-from", help="First scheduled time."),
    click.option("--due-to", help="Last scheduled time."),
    click.option("--mine", type=click.Choice(["failed", "unfinished"]), help="My failed, or my unfinished instances."),
    click.option(
        "--sort",
        type=click.Choice(["name", "due", "start", "end", "duration", "status"]),
        help="[default: due, latest first]",
    ),
    click.option("--order", type=click.Choice(["asc", "desc"]), help="Direction of the sorting."),
)


def filters(asking: Any) -> Any:
    """All filters of lists, as query parameters of the API."""
    for option in reversed(_FILTERS):
        asking = option(asking)
    return asking


def _query(selection: Sequence[str], given: dict[str, Any]) -> dict[str, Any]:
    query = {name: value for name, value in given.items() if value not in (None, ())}
    query["environment"] = given["environment"].upper()
    query.pop("biz_type", None)
    if given.get("biz_type"):
        query["type"] = given["biz_type"].upper()
    if selection:
        query["selection"] = " ".join(selection)
    return query


@click.group()
def instances() -> None:
    """Look at recurring instances.

    A SELECTION says which in one text: `orders+2` (with two levels downstream), `status:failed,owner:alice`, ...
    """


@instances.command("list")
@remote
@click.argument("selection", nargs=-1)
@filters
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@click.option("--all", "everything", is_flag=True, help="All of them.")
def list_instances(server: Remote, selection: Sequence[str], limit: int, everything: bool, **given: Any) -> None:
    """List instances, those scheduled last first."""
    found = server.client.instances.list(**_query(selection, given))
    lines = list(found if everything else islice(found, limit + 1))
    more = not everything and len(lines) > limit
    lines = lines if everything else lines[:limit]
    server.show({"items": lines, "more": more}, lambda: _listed(lines, more))


@instances.command("count")
@remote
@click.argument("selection", nargs=-1)
@filters
def count(server: Remote, selection: Sequence[str], **given: Any) -> None:
    """Count instances, and those that show each status."""
    found = server.client.instances.counts(**_query(selection, given))
    rows = [(status(name), number) for name, number in found.statuses.items()]
    server.show(found, lambda: [table(("STATUS", ">INSTANCES"), rows), f"{found.total} instances"])


@instances.command("show")
@remote
@click.argument("id", type=int)
def show_instance(server: Remote, id: int) -> None:
    """What is known of one instance, and which operations are open."""
    found = server.client.instances.get(id)
    server.show(found, lambda: _detail(found))


@instances.command("fields")
@remote
@click.argument("id", type=int)
@click.option("--status", "statuses", multiple=True, help="SUCCEEDED, FAILED, RUNNING, WAITING, NOT_RUNNING.")
@click.option("--search", default="", help="Part of a name or label.")
def fields(server: Remote, id: int, statuses: Sequence[str], search: str) -> None:
    """The fields of a logical table's instance with their normalised status."""
    found = server.client.instances.fields(id, status=statuses, search=search)
    server.show(found, lambda: _fields(found))


@instances.command("nodes")
@remote
@click.argument("id", type=int)
def nodes(server: Remote, id: int) -> None:
    """The materialization nodes of an instance; a script has one."""
    found = server.client.instances.nodes(id)
    server.show(found, lambda: _nodes(found))


@instances.command("offers")
@remote
@click.argument("id", type=int)
@click.option("--operation", help="RERUN, STOP, ...: also the fields that it lets be selected.")
def offers(server: Remote, id: int, operation: str | None) -> None:
    """Which operations are open on an instance, and why others are not."""
    found = server.client.instances.offers(id, operation.upper().replace("-", "_") if operation else None)
    server.show(found, lambda: _offers(found))


@instances.command("download")
@remote
@click.argument("selection", nargs=-1)
@filters
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    default=None,
    help="File or folder. [default: the server's name, here]",
)
def download(server: Remote, selection: Sequence[str], output: Path | None, **given: Any) -> None:
    """All that match as a spreadsheet."""
    save(server, *server.client.instances.download(**_query(selection, given)), output)


def save(server: Remote, content: bytes, name: str, output: Path | None) -> None:
    """Write a download; prints where it is."""
    target = Path(name or "download.xlsx") if output is None else output / name if output.is_dir() else output
    target.write_bytes(content)
    server.show({"file": str(target), "bytes": len(content)}, lambda: str(target))


def _listed(lines: Sequence[InstanceLine], more: bool) -> list[object]:
    headings = (
        "ID",
        "INSTANCE",
        "STATUS",
        "FIELDS",
        "NODES",
        "DATA",
        "DUE",
        "START",
        "END",
        ">DURATION",
        "PRIORITY",
        "OWNER",
        "PROJECT",
        "MARKS",
    )
    rows = [
        (
            each.id,
            each.name,
            status(each.statuses[0] if each.statuses else None, paused=bool(each.paused)),
            counts(each.fields),
            counts(each.nodes),
            each.bizdate,
            short_moment(each.due_at),
            short_moment(each.started_at),
            short_moment(each.ended_at),
            duration(each.duration_s),
            priority(each.priority),
            names(each.owners, 2),
            names(each.projects or [each.project], 2),
            names([mark.replace("_", " ").lower() for mark in each.marks]),
        )
        for each in lines
    ]
    note = [f"{len(lines)} shown; more match (--limit, --all)"] if more else []
    return [table(headings, rows), *note]


def _detail(found: InstanceDetail) -> list[object]:
    line = found.line
    facts: list[tuple[str, object]] = [
        ("id", line.id),
        ("task", f"{line.task}, version {line.version}"),
        ("environment", line.environment.lower()),
        ("status", line.status_text),
        ("fields", counts(line.fields)),
        ("nodes", counts(line.nodes)),
        ("marks", names(line.marks)),
        ("data timestamp", line.bizdate),
        ("scheduled", moment(line.due_at)),
        ("started", moment(line.started_at)),
        ("ended", moment(line.ended_at)),
        ("duration", duration(line.duration_s)),
        ("retries", f"{line.retried} of {line.retries}"),
        ("priority", priority(line.priority)),
        ("owner", names(line.owners)),
        ("project", found.project_title or line.project),
        ("business unit", found.business_unit),
        ("view", found.view),
        ("tags", names(line.tags)),
        ("description", found.description),
    ]
    rows = [(name, value) for name, value in facts if value not in ("", None)]
    open_ = [command(name) for name, offer in found.operations.items() if offer.open]
    notices = [f"Note: {notice}" for notice in line.notices]
    return [line.name, table(("", ""), rows), *notices, f"Open operations: {', '.join(open_) or 'none'}"]


def _fields(found: FieldPage) -> list[object]:
    rows = [
        (
            each.name,
            each.role.lower(),
            each.type,
            status(each.waiting or each.status, paused=each.paused == "paused") if each.status else None,
            short_moment(each.started_at),
            short_moment(each.ended_at),
            duration(each.duration_s),
            names([node.name for node in each.nodes]),
            each.required,
        )
        for each in found.items
    ]
    headings = ("FIELD", "ROLE", "TYPE", "STATUS", "START", "END", ">DURATION", "NODES", "REQUIRED BECAUSE")
    return [f"{found.name} (instance {found.instance}), {found.count} fields", "", table(headings, rows)]


def _nodes(found: NodeList) -> list[object]:
    rows = [
        (
            each.id,
            each.name,
            each.kind,
            status(each.status, label=each.status_label, paused=each.paused),
            each.reason,
            each.attempt,
            short_moment(each.started_at),
            short_moment(each.ended_at),
            duration(each.duration_s),
            names(each.fields),
            each.table,
        )
        for each in found.items
    ]
    headings = ("ID", "NODE", "KIND", "STATUS", "REASON", ">ATTEMPT", "START", "END", ">DURATION", "FIELDS", "TABLE")
    return [table(headings, rows)]


def _offers(found: Offers) -> list[object]:
    rows = [
        (command(name), "open" if each.open else "closed", each.code, each.reason)
        for name, each in found.operations.items()
    ]
    made: list[object] = [table(("OPERATION", "", "CODE", "REASON"), rows)]
    if found.fields:
        lines = [
            (each.name, status(each.status), "yes" if each.required else "", "yes" if each.open else "no", each.reason)
            for each in found.fields
        ]
        made += ["", table(("FIELD", "STATUS", "REQUIRED", "SELECTABLE", "REASON"), lines)]
    return made
