"""How every operation is carried out from the command line: targets, preview, question, apply.

An operation is always previewed first. The preview is shown, the question is answered (or `--yes` given), and apply presents the preview's
digest, so that the server does what was shown or refuses.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from taskhouse.cli.remote import DECLINED, NO_SUCH, PARTLY, REFUSED, Remote, json_text, remote, show_error, table
from taskhouse.cli.wording import moment, names, short_moment

if TYPE_CHECKING:
    from taskhouse.client.api.operations import Applied, Options, Plan, Preview, Target

F = TypeVar("F", bound=Callable[..., Any])

_SHOWN = 40
"""Rows of each table of a preview; `--json` has all that the server sends."""
MOST_TARGETS = 10_000


def operation(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that all operations have; passes on `targets`, `environment`, `bizdate`, `fields` and how to go on (`Going`)."""

    @remote
    @click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
    @environment_options
    @click.option("--preview-only", is_flag=True, help="Show what would happen, and why; change nothing.")
    @click.option("--yes", "-y", is_flag=True, help="Do not ask.")
    @click.option("--digest", default="", help="Of a preview shown before: do that and nothing else, without asking.")
    @click.option("--key", default="", help="Idempotency key: the same command with the same key is carried out once.")
    @functools.wraps(command)
    def operated(
        server: Remote, *arguments: Any, preview_only: bool, yes: bool, digest: str, key: str, **options: Any
    ) -> Any:
        if server.as_json and not (preview_only or yes or digest):
            raise click.UsageError("--json asks nothing: add --preview-only, --yes or --digest")
        if preview_only and (yes or digest):
            raise click.UsageError("--preview-only changes nothing: leave out --yes and --digest")
        return command(server, *arguments, going=Going(server, preview_only, yes, digest, key), **options)

    return operated


def environment_options(command: F) -> F:
    """Where selections look."""
    command = click.option(
        "--bizdate",
        multiple=True,
        help="Data timestamps that a selection looks at, 20260301; yesterday's unless it names one.",
    )(command)
    return click.option(
        "--env",
        "environment",
        type=click.Choice(["prod", "dev"]),
        default="prod",
        show_default=True,
        help="Environment that a selection looks at.",
    )(command)


def fields_option(command: F) -> F:
    return click.option(
        "--fields", default="", metavar="F1,F2", help="Fields of the one instance; without it the entire table."
    )(command)


code_option = click.option(
    "--code",
    type=click.Choice(["current", "as-ran"]),
    default=None,
    help="Code of the new attempts: as it is now (default), or as it ran.",
)


class Going:
    """Carries an operation out, as far as the command line says."""

    def __init__(self, server: Remote, preview_only: bool, yes: bool, digest: str, key: str) -> None:
        self._server = server
        self._preview_only = preview_only
        self._yes = yes
        self._digest = digest
        self._key = key or None

    def carry_out(self, operation: str, targets: Sequence[Target], options: Options, *, warning: str = "") -> None:
        """Ends the command with the exit code that says how it went (see `remote`)."""
        server = self._server
        if self._digest:
            self._apply(None, operation, targets, options, self._digest)
            return
        preview = server.client.operations.preview(operation, targets, options)
        if self._preview_only or not server.as_json:
            server.show(preview, lambda: _preview_tables(preview))
        if not preview.accepted:
            _refused(preview, server)
        if self._preview_only:
            return
        if not self._yes:
            _ask(preview, warning)
        self._apply(preview, operation, targets, options, preview.digest)

    def _apply(
        self, preview: Preview | None, operation: str, targets: Sequence[Target], options: Options, digest: str
    ) -> None:
        server = self._server
        applied = server.client.operations.apply(operation, targets, options, digest=digest, key=self._key)
        server.show({"preview": preview, "applied": applied}, lambda: _applied_tables(applied))
        if applied.skipped:
            click.get_current_context().exit(PARTLY)


def read_targets(
    server: Remote, words: Sequence[str], environment: str, bizdates: Sequence[str], fields: str = ""
) -> list[Target]:
    """Ids, or a selection in its text form (`t0+3,status:failed owner:alice`): several words are joined by spaces."""
    from taskhouse.client.api.errors import NotFound
    from taskhouse.client.api.operations import Target

    chosen = [name for name in (part.strip() for part in fields.split(",")) if name] or None
    if all(word.isascii() and word.isdigit() for word in words):
        if bizdates:
            raise click.UsageError("--bizdate belongs to a selection; ids say of themselves which instances they are")
        ids = list(dict.fromkeys(int(word) for word in words))
    else:
        selection = " ".join(words)
        found = server.client.instances.list(
            selection=selection, environment=environment.upper(), bizdate=list(bizdates)
        )
        ids = []
        for line in found:
            ids.append(line.id)
            if len(ids) > MOST_TARGETS:
                raise click.UsageError(f"the selection has more than {MOST_TARGETS:,} instances; narrow it")
        if not ids:
            raise NotFound("NOT_FOUND", f"no instance matches '{selection}'")
    if chosen is not None and len(ids) > 1:
        raise click.UsageError(f"--fields belongs to one instance, and {len(ids)} were given")
    return [Target(id, chosen) for id in ids]


def _refused(preview: Preview, server: Remote) -> None:
    """Say why, and leave."""
    from taskhouse.client.api.errors import ApiError, Item

    if preview.refusals:
        first, *others = preview.refusals
        items = list(first.items)
        for other in others:
            for item in other.items or [Item()]:
                reason = item.reason or other.message
                items.append(Item(item.id, item.name, item.status, f"{other.code}: {reason}"))
        code, message = first.code, first.message
    else:
        items = [Item(each.instance, each.name, "", f"{each.code}: {each.reason}") for each in preview.skipped]
        code = preview.skipped[0].code if preview.skipped else "EMPTY_SCOPE"
        message = f"none of the {len(items)} instances qualifies for {preview.operation}"
    show_error(ApiError(code, message, items), server.as_json)
    click.get_current_context().exit(NO_SUCH if code in ("NOT_FOUND", "UNKNOWN_FIELD") else REFUSED)


def _ask(preview: Preview, warning: str) -> None:
    if warning:
        click.echo(f"\n{warning}")
    plans = preview.plans if preview.plan is None else [preview.plan]
    runs = sum(1 for plan in plans for node in plan.nodes if node.runs)
    changed = sum(plan.totals.get("nodes", len(plan.nodes)) for plan in plans)
    what = f"{changed} node{'s' * (changed != 1)}"
    running = f", {runs} of them run again" if runs else ""
    try:
        agreed = click.confirm(f"\n{preview.operation}: change {what}{running}?")
    except click.Abort:
        agreed = False
    if not agreed:
        click.echo("nothing was changed", err=True)
        click.get_current_context().exit(DECLINED)


def _preview_tables(preview: Preview) -> list[object]:
    made: list[object] = []
    plans = preview.plans if preview.plan is None else [preview.plan]
    for plan in plans[:_SHOWN]:
        made += _plan_tables(plan)
    if len(plans) > _SHOWN:
        made.append(f"... and {len(plans) - _SHOWN} instances more")
    if preview.skipped:
        rows = [(each.instance, each.name, each.code, each.reason) for each in preview.skipped]
        made += ["", table(("ID", "SKIPPED", "CODE", "REASON"), rows)]
    if preview.expected_finish is not None:
        made += ["", f"Expected to be through at {moment(preview.expected_finish)}."]
    return made


def _plan_tables(plan: Plan) -> list[object]:
    title = f"{plan.operation} {plan.name} (instance {plan.instance}, data timestamp {plan.bizdate})"
    made: list[object] = [title]
    fields = [
        (each.name, each.table if each.other_table else "", each.status, kind, each.reason, names(each.nodes))
        for kind, group in (
            ("selected", plan.requested),
            ("required", plan.required),
            ("associated", plan.associated),
        )
        for each in group[:_SHOWN]
    ]
    if fields:
        made += ["", table(("FIELD", "OTHER TABLE", "STATUS", "PART", "WHY", "WRITTEN BY"), fields)]
    if plan.nodes or plan.unchanged:
        nodes = [
            (
                each.name,
                each.before,
                each.after,
                _effect(each.runs, each.cancels, each.skips_checks, each.pauses),
                names(each.waits_for, 3),
                each.reason,
            )
            for each in [*plan.nodes[:_SHOWN], *plan.unchanged[:_SHOWN]]
        ]
        made += ["", table(("NODE", "NOW", "THEN", "EFFECT", "WAITS FOR", "WHY"), nodes)]
    for heading, members in (("DOWNSTREAM, IN THE SCOPE", plan.members), ("OPTIONAL", plan.optional)):
        if members:
            rows = [
                (
                    each.instance,
                    each.name,
                    each.level,
                    names(each.status),
                    short_moment(each.due_at),
                    names(each.fields),
                    names(each.required),
                )
                for each in members[:_SHOWN]
            ]
            made += ["", table(("ID", heading, ">LEVEL", "STATUS", "DUE", "FIELDS", "REQUIRED"), rows)]
    if plan.downstream:
        rows2 = [(each.name, each.status, each.meaning) for each in plan.downstream[:_SHOWN]]
        made += ["", table(("DIRECTLY DOWNSTREAM, OUTSIDE", "STATUS", "WHAT IT WILL SEE"), rows2)]
    if plan.excluded:
        made += ["", table(("LEFT OUT", "WHY"), [(each.name, each.reason) for each in plan.excluded])]
    if plan.removed_upstream:
        rows3 = [(each.id, each.name, each.status) for each in plan.removed_upstream]
        made += ["", table(("ID", "UPSTREAM CUT", "STATUS"), rows3)]
    if plan.priorities:
        rows4 = [(each.name, each.before, each.after) for each in plan.priorities]
        made += ["", table(("PRIORITY OF", "NOW", "THEN"), rows4)]
    cut = [f"{total} {what}" for what, total in plan.totals.items() if total > _SHOWN]
    if cut:
        made.append(f"Shown are the first {_SHOWN} of each; in all {', '.join(cut)}.")
    made += [f"Note: {notice}" for notice in plan.notices]
    return made


def _effect(runs: bool, cancels: str | None, skips_checks: bool, pauses: bool | None) -> str:
    parts = []
    if cancels:
        parts.append(f"its attempt is cancelled ({cancels})")
    if runs:
        parts.append("runs without asking for upstream and time" if skips_checks else "runs")
    if pauses is not None:
        parts.append("is paused" if pauses else "is resumed")
    return ", ".join(parts)


def _applied_tables(applied: Applied) -> list[object]:
    if applied.operation is not None:
        return [
            f"Accepted as operation {applied.operation.id}. What was set in motion runs now: `taskhouse watch` follows it."
        ]
    rows = [
        (each.instance, each.name, each.outcome, each.operation, each.code, each.reason) for each in applied.outcomes
    ]
    summary = f"Accepted for {applied.accepted}, skipped {applied.skipped}."
    return ["", table(("ID", "INSTANCE", "OUTCOME", "OPERATION", "CODE", "REASON"), rows), summary]


__all__ = ["Going", "code_option", "environment_options", "fields_option", "json_text", "operation", "read_targets"]
