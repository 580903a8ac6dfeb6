"""`taskhouse validate`, `plan`, `apply` and `schema`: definitions as files, checked and published."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taskhouse.cli.remote import DECLINED, FAILED, Remote, remote

if TYPE_CHECKING:
    from rich.text import Text

    from taskhouse.client.api.workspace import (
        Finding,
        ProjectChange,
        Publication,
        Setting,
        TaskChange,
        Touched,
        WorkspacePlan,
    )

_MARKS = {"ADDED": ("+", "green"), "REMOVED": ("-", "red"), "CHANGED": ("~", "yellow")}
_ASPECTS = {
    "TYPE": "type",
    "LOGIC": "logic",
    "PART": "a filter or atomic metric of it",
    "ROLE": "role",
    "ABOUT": "label, owner, project or priority",
    "REBUILT": "rebuilt",
    "CODE": "code",
    "FIELDS": "fields",
}
_MOST = 40
"""Lines of one kind shown of a task, unless all are asked for."""

_folder = click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), default=".")
_environment = click.option(
    "--env",
    "environment",
    type=click.Choice(["dev", "prod"]),
    default="prod",
    show_default=True,
    help="Where to publish. Basic projects are in prod only.",
)
_all = click.option("--all", "whole", is_flag=True, help="Show every field, node and downstream task.")


@click.command()
@_folder
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def validate(folder: Path, as_json: bool) -> None:
    """Check the definitions in FOLDER, without a server. Exit status 1 when something is wrong."""
    from taskhouse.services.definitions.plan_workspace import validate_alone

    found = validate_alone(_files(folder))
    errors = sum(not each.is_warning for each in found)
    if as_json:
        rows = [
            {
                "file": each.mark.file,
                "line": each.mark.line,
                "column": each.mark.column,
                "where": each.where,
                "message": each.message,
                "hint": each.hint,
                "warning": each.is_warning,
            }
            for each in found
        ]
        click.echo(json.dumps({"valid": not errors, "findings": rows}, indent=2, ensure_ascii=False))
    else:
        for each in found:
            click.echo(str(each))
        click.echo(f"{errors} error{'s' * (errors != 1)}" if errors else "the definitions are valid")
    sys.exit(FAILED if errors else 0)


@click.command()
@remote
@_folder
@_environment
@_all
def plan(server: Remote, folder: Path, environment: str, whole: bool) -> None:
    """Show what publishing the definitions in FOLDER would change. Exit status 1 when they have errors."""
    found = _planned(server, _files(folder), environment)
    server.show(found, lambda: lines(found, whole=whole))
    sys.exit(0 if found.valid else FAILED)


@click.command()
@remote
@_folder
@_environment
@_all
@click.option("--yes", is_flag=True, help="Publish without asking.")
@click.option("--digest", default="", help="Publish only if the plan still has this digest.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help="New tasks have instances from this run date on; those of days that have passed are generated at once. With nothing to publish: "
    "of all tasks.",
)
def apply(
    server: Remote, folder: Path, environment: str, whole: bool, yes: bool, digest: str, since: datetime | None
) -> None:
    """Publish the definitions in FOLDER: shows the plan, asks, and publishes all of it in one transaction."""
    files = _files(folder)
    found = _planned(server, files, environment)
    if not found.valid:
        server.show(found, lambda: lines(found, whole=whole))
        sys.exit(FAILED)
    first = since.date() if since is not None else None
    if not server.as_json:
        server.show(found, lambda: lines(found, whole=whole, since=first))
    if digest and found.digest != digest:
        raise click.ClickException(f"the plan is not the one of that digest any more; it is {found.digest} now")
    if found.empty and since is None:
        if server.as_json:
            server.show(found, lambda: "")
        return
    if not yes and not digest:
        if server.as_json or not sys.stdin.isatty():
            raise click.UsageError("publishing without a terminal to ask on needs --yes, or the --digest of a plan")
        if not click.confirm("Publish?"):
            click.echo("nothing was changed")
            sys.exit(DECLINED)
    made = server.client.workspace.apply(files, environment.upper(), digest=found.digest, since=first)
    server.show(made, lambda: _published(made, found))


@click.command()
def schema() -> None:
    """Print the JSON Schema of workspace files, for editors."""
    from taskhouse.services.definitions.json_schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def _files(folder: Path) -> dict[str, str]:
    from taskhouse.client.api.workspace import read_folder

    try:
        return read_folder(folder)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _planned(server: Remote, files: dict[str, str], environment: str) -> WorkspacePlan:
    return server.client.workspace.plan(files, environment.upper())


def lines(found: WorkspacePlan, *, whole: bool = False, since: date | None = None) -> list[object]:
    """A plan for people. `since`: the run date from which on new tasks are asked to have instances."""
    from rich.text import Text

    most = 10**9 if whole else _MOST
    made: list[object] = [_finding(each) for each in found.findings]
    if not found.valid:
        errors = sum(not each.warning for each in found.findings)
        return [*made, Text(f"{errors} error{'s' * (errors != 1)}; nothing can be published", style="red")]
    if found.empty:
        return [*made, Text(f"nothing to publish: {found.environment.lower()} is as the files say")]
    made.append(
        Text(f"Publishing to {found.environment.lower()} (revision {found.revision}) would change", style="bold")
    )
    if found.tenant:
        made.append(Text.assemble(("~ ", "yellow"), "tenant"))
        made += _settings(found.tenant, "    ")
    for project in found.projects:
        made += _project(project)
    for task in found.tasks:
        made += _task(task, most)
    if found.downstream:
        made.append(Text("Downstream: reads what is computed differently", style="bold"))
        made += _touched(found.downstream, most)
    made += ["", Text(summary(found), style="bold")]
    if any(task.change == "ADDED" for task in found.tasks):
        made.append(Text(f"New tasks have their first instances for {since or found.first_run_date}."))
    made.append(Text(f"digest {found.digest}", style="bright_black"))
    return made


def summary(found: WorkspacePlan) -> str:
    """`tasks: 3 added, 1 changed; 4 fields computed differently; 2 nodes rebuilt`."""
    by_change = {
        word: sum(task.change == change for task in found.tasks)
        for change, word in (("ADDED", "added"), ("CHANGED", "changed"), ("REMOVED", "retired"))
    }
    tasks = [f"{count} {word}" for word, count in by_change.items() if count]
    fields = sum(
        field.change == "CHANGED" and bool(set(field.aspects) - {"ABOUT"})
        for task in found.tasks
        for field in task.fields
    )
    nodes = sum("REBUILT" in node.aspects for task in found.tasks for node in task.nodes)
    parts = ["tasks: " + (", ".join(tasks) or "none")]
    if fields:
        parts.append(f"{fields} field{'s' * (fields != 1)} computed differently")
    if nodes:
        parts.append(f"{nodes} node{'s' * (nodes != 1)} rebuilt")
    touched = len(found.downstream)
    if touched:
        parts.append(f"{touched} downstream task{'s' * (touched != 1)} touched")
    return "; ".join(parts)


def _finding(each: Finding) -> Text:
    from rich.text import Text

    return Text(str(each), style="yellow" if each.warning else "red")


def _line(change: str, text: str, indent: str = "  ", note: str = "") -> Text:
    from rich.text import Text

    mark, colour = _MARKS[change]
    return Text.assemble(indent, (f"{mark} {text}", colour), (f"  {note}", "bright_black") if note else "")


def _settings(found: Iterable[Setting], indent: str) -> list[Text]:
    from rich.text import Text

    return [Text(f"{indent}{each.name}: {each.before or '–'} → {each.after or '–'}") for each in found]


def _project(project: ProjectChange) -> list[Text]:
    made = [_line(project.change, f"project {project.name}", "")]
    settings = project.settings if project.change == "CHANGED" else []
    return [*made, *_settings(settings, "    ")]


def _task(task: TaskChange, most: int) -> list[object]:
    note = f"version {task.version}" if task.version else "retired: no more instances"
    made: list[object] = [_line(task.change, f"{task.id} ({task.kind})", "", note)]
    if task.change == "REMOVED":
        return made
    if task.change == "ADDED":
        if task.fields:
            nodes = "; ".join(f"{node.name} {{{', '.join(node.fields)}}}" for node in task.nodes[:most])
            made.append(f"    {len(task.fields)} fields in {len(task.nodes)} nodes: {nodes}")
        made += [f"    after {'; '.join(task.dependencies_added)}"] if task.dependencies_added else []
        return made
    if task.strategy_after != task.strategy_before:
        why = "; ".join(task.rebuilt_because)
        made.append(
            _line(
                "CHANGED",
                f"strategy version {task.strategy_before} → {task.strategy_after}, tables are built anew",
                "    ",
                why,
            )
        )
    if task.key_changed:
        made.append(_line("CHANGED", "the key or the main source: every field is computed anew", "    "))
    made += _cut([_line(field.change, f"field {field.name}", "    ", _field_note(field.aspects, field.type_before, field.type_after)) for field in task.fields], most)  # fmt: skip
    made += _cut(
        [
            _line(node.change, f"node {node.name}", "    ", _node_note(node.aspects, node.table_before, node.table))
            for node in task.nodes
        ],
        most,
    )
    made += [_line("ADDED", f"after {each}", "    ") for each in task.dependencies_added]
    made += [_line("REMOVED", f"after {each}", "    ") for each in task.dependencies_removed]
    return [*made, *_settings(task.settings, "    ")]


def _field_note(aspects: Sequence[str], before: str, after: str) -> str:
    words = [f"type {before} → {after}" if each == "TYPE" else _ASPECTS[each] for each in aspects]
    return ", ".join(words) or before or after


def _node_note(aspects: Sequence[str], before: str, after: str) -> str:
    words = [f"rebuilt: {before} → {after}" if each == "REBUILT" else _ASPECTS[each] for each in aspects]
    return ", ".join(words) or before or after


def _touched(found: Sequence[Touched], most: int) -> list[object]:
    return _cut(
        [_line("CHANGED", each.id, "  ", f"level {each.level}" + (f": {', '.join(each.fields)}" if each.fields else "")) for each in found],
        most,
    )  # fmt: skip


def _cut(made: Sequence[object], most: int) -> list[object]:
    if len(made) <= most:
        return list(made)
    return [*made[:most], f"    … {len(made) - most} more (--all shows them)"]


def _published(made: Publication, found: WorkspacePlan) -> str:
    if found.empty:
        return f"{made.generated} instances of days that have passed; nothing to publish"
    past = f"; {made.generated} instances of days that have passed" if made.generated else ""
    return f"published to {made.environment.lower()} as revision {made.revision}: {summary(found)}{past}"
