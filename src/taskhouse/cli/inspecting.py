"""Commands of `taskhouse instances` that look around and into one instance: DAG, lineage, code, diagnosis, Gantt chart, logs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taskhouse.cli.instances import save
from taskhouse.cli.remote import Remote, remote, table
from taskhouse.cli.wording import counts, duration, moment, names, short_moment, status

if TYPE_CHECKING:
    from taskhouse.client.api.instances import NodeLine
    from taskhouse.client.api.operations import Operation
    from taskhouse.client.api.pictures import CodePage, ConsumptionLineage, Dag, ProductionLineage
    from taskhouse.client.api.records import DiagnosisPage, Gantt, RunContent, RunLog

_BAR = 30
_LOOK_S = 1.0


@click.command("dag")
@remote
@click.argument("id", type=int)
@click.option("--up", type=click.IntRange(min=0), default=1, show_default=True, help="Levels upstream.")
@click.option("--down", type=click.IntRange(min=0), default=1, show_default=True, help="Levels downstream.")
@click.option("--limit", type=click.IntRange(min=1), default=500, show_default=True, help="At most so many instances.")
@click.option("--expand", multiple=True, type=int, metavar="ID", help="Open an instance into its nodes.")
def dag(server: Remote, id: int, up: int, down: int, limit: int, expand: Sequence[int]) -> None:
    """What lies upstream and downstream of an instance."""
    found = server.client.instances.dag(id, up=up, down=down, limit=limit, expand=expand)
    server.show(found, lambda: _dag(found))


@click.command("lineage")
@remote
@click.argument("id", type=int)
@click.argument("field")
@click.option("--consumption", is_flag=True, help="Who reads the field, instead of how it is made.")
def lineage(server: Remote, id: int, field: str, consumption: bool) -> None:
    """How a field is made, by each node that computes it; or who reads it."""
    if consumption:
        read = server.client.instances.consumption_lineage(id, field)
        server.show(read, lambda: _consumption(read))
    else:
        made = server.client.instances.production_lineage(id, field)
        server.show(made, lambda: _production(made))


@click.command("code")
@remote
@click.argument("id", type=int)
@click.option("--node", default="", help="Of one node, by its name.")
@click.option("--current", is_flag=True, help="As published now, rather than as the latest attempt ran it.")
@click.option("--resolved", is_flag=True, help="With the values of its parameters.")
def code(server: Remote, id: int, node: str, current: bool, resolved: bool) -> None:
    """The code of an instance's nodes."""
    found = server.client.instances.code(id)
    server.show(found, lambda: _code(found, node, current, resolved))


@click.command("diagnose")
@remote
@click.argument("id", type=int)
def diagnose(server: Remote, id: int) -> None:
    """Why an instance does not run: upstream, scheduled time, throttling, resources, execution, for each node."""
    found = server.client.instances.diagnosis(id)
    server.show(found, lambda: _diagnosis(found))


@click.command("gantt")
@remote
@click.argument("id", type=int)
@click.option("--start", type=int, default=None, metavar="ID", help="Where the path begins; the root without it.")
@click.option(
    "--end", type=int, default=None, metavar="ID", help="Where the path ends, when the instance is its start."
)
def gantt(server: Remote, id: int, start: int | None, end: int | None) -> None:
    """The critical path to an instance: which chain decided when it was through, and where the time went."""
    found = server.client.instances.gantt(id, start=start, end=end)
    server.show(found, lambda: _gantt(found))


@click.command("logs")
@remote
@click.argument("id", type=int)
@click.option("--node", default="", help="Of one node, by its name; needed when the instance has several.")
@click.option(
    "--run", "serial", type=int, default=None, help="Of one run, by its serial number; the latest without it."
)
@click.option("--list", "list_runs", is_flag=True, help="Only list the runs.")
@click.option("--follow", "-f", is_flag=True, help="Go on while it runs.")
def logs(server: Remote, id: int, node: str, serial: int | None, list_runs: bool, follow: bool) -> None:
    """What an instance's node wrote while it ran, and all of its runs."""
    if follow and (list_runs or server.as_json):
        raise click.UsageError("--follow prints a log as it grows: leave out --list and --json")
    chosen = _node(server, id, node)
    log = server.client.instances.runs(chosen)
    if list_runs or (serial is None and not log.items):
        server.show(log, lambda: _runs(log))
        return
    serial = log.items[0].serial if serial is None else serial
    if follow:
        _follow(server, chosen, serial)
        return
    content = server.client.instances.log(chosen, serial)
    server.show(content, lambda: _content(content))


@click.command("operations")
@remote
@click.argument("id", type=int)
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="At most so many.")
@click.option(
    "--before", type=int, default=None, metavar="OPERATION", help="Only those before the operation of this id."
)
def operations(server: Remote, id: int, limit: int, before: int | None) -> None:
    """What people did to an instance, and what was refused, the latest first."""
    found = server.client.instances.operations(id, before=before, limit=limit)
    server.show(found, lambda: _operations(found.items))


@click.command("operation")
@remote
@click.argument("id", type=int)
def operation(server: Remote, id: int) -> None:
    """One entry of the operation log: options, fields, and what became of each node."""
    found = server.client.operations.get(id)
    server.show(found, lambda: _operation(found))


@click.command("neighbours")
@remote
@click.argument("id", type=int)
@click.option("--levels", default="1", show_default=True, help="1 to 10, or unlimited.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    default=None,
    help="File or folder. [default: the server's name, here]",
)
def neighbours(server: Remote, id: int, levels: str, output: Path | None) -> None:
    """Up- and downstream instances as a spreadsheet."""
    save(server, *server.client.instances.neighbours(id, levels), output)


def _node(server: Remote, id: int, name: str) -> int:
    """The id of a node of an instance. Raises `NotFound`, `InvalidArgument`."""
    from taskhouse.client.api.errors import InvalidArgument, NotFound

    found = server.client.instances.nodes(id).items
    known = ", ".join(node.name for node in found)
    if not name and len(found) == 1:
        return found[0].id
    if not name:
        raise InvalidArgument("INVALID_ARGUMENT", f"instance {id} has several nodes; choose with --node: {known}")
    for node in found:
        if name in (node.name, node.label, str(node.id)):
            return node.id
    raise NotFound("NOT_FOUND", f"instance {id} has no node '{name}'; it has {known}")


def _dag(found: Dag) -> list[object]:
    upstream: dict[int, list[str]] = {}
    called = {each.id: each.name for each in found.instances}
    for edge in found.edges:
        name = called.get(edge.up, "root" if edge.up == 0 else str(edge.up))
        upstream.setdefault(edge.down, []).append(f"{name} (cut)" if edge.removed else name)
    rows: list[tuple[object, ...]] = []
    for each in sorted(
        found.instances, key=lambda one: -one.level if one.direction.lower().startswith("up") else one.level
    ):
        sign = "-" if each.direction.lower().startswith("up") else "+" if each.level else ""
        rows.append(
            (
                f"{sign}{each.level}",
                each.id,
                each.name if each.visible else f"{each.name} (no permission)",
                status(each.statuses[0] if each.statuses else None, paused=bool(each.paused)),
                counts(each.node_statuses),
                short_moment(each.due_at),
                names(upstream.get(each.id, []), 4),
                f"{each.more_up or ''}",
                f"{each.more_down or ''}",
            )
        )
        rows += _opened(each.nodes or [])
    headings = (">LEVEL", "ID", "INSTANCE", "STATUS", "NODES", "DUE", "AFTER", ">MORE UP", ">MORE DOWN")
    return [table(headings, rows)]


def _opened(nodes: Sequence[NodeLine]) -> list[tuple[object, ...]]:
    """The nodes of an opened instance, under it."""
    return [
        (
            "",
            node.id,
            f"  {node.name}",
            status(node.status, label=node.status_label),
            "",
            "",
            names(node.fields),
            "",
            "",
        )
        for node in nodes
    ]


def _production(found: ProductionLineage) -> list[object]:
    field = found.field
    made: list[object] = [f"{field.name} of instance {found.instance}, from {names(field.sources) or 'nothing else'}"]
    rows = []
    for each in found.nodes:
        reads = [f"{one.name}({', '.join(one.fields)})" if one.fields else one.name for one in each.reads]
        node = each.node
        state = status(node.status, label=node.status_label, paused=node.paused)
        rows.append(
            (
                node.label,
                state,
                node.table,
                names(node.fields),
                names(reads),
                names([one.label for one in each.blocking]),
            )
        )
    return [*made, "", table(("NODE", "STATUS", "TABLE", "COMPUTES", "READS", "BLOCKED BY"), rows)]


def _consumption(found: ConsumptionLineage) -> list[object]:
    rows = [
        (
            each.instance,
            each.name,
            each.node.name if each.node else None,
            status(each.node.status, label=each.node.status_label) if each.node else None,
            names(each.fields),
            "cut" if each.removed else "",
        )
        for each in found.nodes
    ]
    return [
        f"{found.field} of instance {found.instance} is read by",
        "",
        table(("ID", "INSTANCE", "NODE", "STATUS", "FOR", ""), rows),
    ]


def _code(found: CodePage, node: str, current: bool, resolved: bool) -> list[object]:
    made: list[object] = []
    for each in found.items:
        if node and node not in (each.name, each.node):
            continue
        ran = each.latest
        version = each.current if current or ran is None else ran.code
        origin = "published now" if current or ran is None else f"as attempt {ran.number} ran it"
        made.append(f"-- {each.name}, {each.kind}, {names(each.fields) or 'no fields'}; {origin}")
        if each.changed:
            made.append(
                "-- differs from what is published now (--current)" if not current else "-- differs from what ran last"
            )
        text = "" if version is None else version.resolved or version.code if resolved else version.code
        made += [text, ""]
    if found.hidden:
        made.append(f"{found.hidden} nodes are not shown: it takes a role in their projects")
    return made


def _diagnosis(found: DiagnosisPage) -> list[object]:
    made: list[object] = []
    for each in found.items:
        node = each.node
        made.append(status(node.status, label=f"{node.label}: {node.status_label}", paused=False))
        rows = [
            (check.check.replace("_", " ").lower(), check.verdict.replace("_", " ").lower(), check.text)
            for check in each.checks
        ]
        made.append(table(("  CHECK", "VERDICT", ""), [(f"  {name}", verdict, text) for name, verdict, text in rows]))
        blocking = [
            f"{one.node.label} ({one.text or 'no permission'}, instance {one.node.instance})" for one in each.blocking
        ]
        held = [f"{ref.label} ({ref.status_label}, instance {ref.instance})" for ref in each.occupants]
        for word, shown, count in (
            ("blocked by", blocking, each.blocking_count),
            ("slots held by", held, each.occupied),
        ):
            if shown:
                made.append(f"  {word}: {names(shown)}" + (f" of {count}" if count > len(shown) else ""))
        made.append("")
    return made


def _gantt(found: Gantt) -> list[object]:
    from rich.text import Text

    longest = max((link.contribution_s for link in found.path), default=0.0) or 1.0
    rows = []
    for link in found.path:
        gap = max(0, round(link.gap_s / longest * _BAR))
        run = max(0, round(link.run_s / longest * _BAR)) or int(link.run_s > 0)
        bar = Text("·" * gap, style="magenta").append("█" * run, style="blue" if link.predicted else "green")
        decisive = [one.node.name for one in link.nodes if one.decisive]
        end = f"{'expected ' if link.predicted else ''}{short_moment(link.end)}{', blocked' if link.blocked else ''}"
        spent = names(
            [f"{phase.replace('_', ' ').lower()} {duration(seconds)}" for phase, seconds in link.gaps.items()]
        )
        rows.append(
            (
                link.instance or "–",
                link.name,
                short_moment(link.start),
                end,
                duration(link.contribution_s),
                duration(link.gap_s),
                duration(link.run_s),
                bar,
                names(decisive),
                spent,
            )
        )
    headings = ("ID", "INSTANCE", "START", "END", ">ADDED", ">WAITED", ">RAN", "", "DECISIVE", "WAITED FOR")
    return [table(headings, rows), f"In all {duration(found.total_s)}{', expected' if found.predicted else ''}."]


def _runs(found: RunLog) -> list[object]:
    rows = [
        (
            each.serial,
            each.number or None,
            each.trigger,
            status("SUCCEEDED" if each.status == "SUCCESS" else each.status)
            if each.status != "CANCELLED"
            else "Cancelled",
            each.reason,
            moment(each.started_at),
            moment(each.ended_at),
            duration(each.duration_s),
            each.version or None,
            each.message.splitlines()[0] if each.message else "",
        )
        for each in found.items
    ]
    headings = (">RUN", ">ATTEMPT", "TRIGGER", "STATUS", "REASON", "START", "END", ">DURATION", ">VERSION", "MESSAGE")
    return [found.name, table(headings, rows) if rows else "never ran"]


def _content(found: RunContent) -> list[object]:
    run = found.run
    head = f"-- run {run.serial}, {run.trigger}, {run.status}{f' ({run.reason})' if run.reason else ''}, {moment(run.started_at)}, {duration(run.duration_s)}"
    return [head, found.content or "(nothing was written)", *(["-- it still runs"] if found.live else [])]


def _follow(server: Remote, node: int, serial: int) -> None:
    """Print what is new once a second until the run has ended. Of a log whose middle is left out, what is shown of it is printed anew."""
    from threading import Event

    pause, shown = Event(), ""
    while True:
        found = server.client.instances.log(node, serial)
        new = found.content.removeprefix(shown) if found.content.startswith(shown) else f"\n{found.content}"
        click.echo(new, nl=False)
        shown = found.content
        if not found.live:
            break
        pause.wait(_LOOK_S)
    run = found.run
    click.echo(
        f"{'' if not shown or shown.endswith(chr(10)) else chr(10)}-- {run.status}{f' ({run.reason})' if run.reason else ''}"
    )


def _operations(found: Sequence[Operation]) -> list[object]:
    rows = [
        (
            each.id,
            moment(each.at),
            each.operator,
            each.operation,
            each.outcome.capitalize(),
            each.error_code,
            names(each.selected_fields),
            names([name for name in each.closure_fields if name not in each.selected_fields]),
            each.reason,
        )
        for each in found
    ]
    headings = (">ID", "AT", "BY", "OPERATION", "OUTCOME", "CODE", "FIELDS", "ALONG WITH", "REASON")
    return [table(headings, rows)]


def _operation(found: Operation) -> list[object]:
    facts: list[tuple[str, object]] = [
        ("at", moment(found.at)),
        ("by", found.operator),
        (
            "outcome",
            f"{found.outcome.capitalize()}{f', {found.error_code}: {found.reason}' if found.error_code else ''}",
        ),
        ("options", names([f"{name} {value}" for name, value in dict(found.document.get("params") or {}).items()])),
        ("selected fields", names(found.selected_fields)),
        ("with what belongs to them", names(found.closure_fields)),
        ("instances", names([str(id) for id in found.instances])),
        ("batch", found.batch),
    ]
    nodes = [(id, status(before), status(found.node_after.get(id))) for id, before in found.node_before.items()]
    made: list[object] = [
        f"operation {found.id}: {found.operation} on instance {found.instance}",
        table(("", ""), facts),
    ]
    return [*made, "", table(("NODE", "BEFORE", "AFTER"), nodes)] if nodes else made


COMMANDS = (dag, lineage, code, diagnose, gantt, logs, operations, neighbours)
