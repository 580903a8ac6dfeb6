"""Operations on instances: `taskhouse rerun`, `taskhouse stop`, ... one command each, all with preview and question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from taskhouse.cli.operating import Going, code_option, fields_option, operation, read_targets
from taskhouse.cli.remote import Remote

if TYPE_CHECKING:
    from taskhouse.client.api.operations import Options, Target

_FORCED = "Forced attempts start without their upstream: they may fail, or compute wrong data."
_SCOPES = {"failed": "ALL_FAILED_INSTANCE", "final": "ALL_FINAL_INSTANCE", "all": "ALL_INSTANCE", "custom": "CUSTOM"}
_SUCCESS = {
    "failed": "FAILED_FIELDS",
    "not-run": "NOT_RUN_FIELDS",
    "failed-and-not-run": "FAILED_AND_NOT_RUN_FIELDS",
}
_PRIORITIES = ("highest", "high", "medium", "low", "lowest")


@click.command()
@operation
@fields_option
@code_option
@click.option(
    "--failed", "only", flag_value="RERUN_ALL_FAILED", default=None, help="Of each instance the failed fields."
)
@click.option("--final", "only", flag_value="RERUN_ALL_FINAL", help="Of each instance what succeeded or failed.")
def rerun(
    server: Remote, targets: Sequence[str], going: Going, fields: str, code: str | None, only: str | None, **where: Any
) -> None:
    """Run again what succeeded or failed, with all fields that share its nodes.

    TARGET is the id of an instance, several ids, or a selection such as `orders+2,status:failed`. Of several instances those that qualify
    are rerun.
    """
    _carry_out(server, going, only or "RERUN", targets, where, fields, _options(code=code))


@click.command("rerun-downstream")
@operation
@fields_option
@code_option
@click.option("--dry-run", is_flag=True, help="The start succeeds at once, keeping its data and times.")
@click.option(
    "--scope", type=click.Choice(list(_SCOPES)), default=None, help="Which instances downstream. [default: failed]"
)
@click.option(
    "--member",
    "members",
    multiple=True,
    metavar="ID[:F1,F2]",
    help="For the custom scope: an instance, or fields of it.",
)
@click.option("--without-start", is_flag=True, help="Leave the start alone.")
@click.option("--exclude-forbidden", is_flag=True, help="Leave out what you may not operate, instead of being refused.")
def rerun_downstream(
    server: Remote,
    targets: Sequence[str],
    going: Going,
    fields: str,
    code: str | None,
    dry_run: bool,
    scope: str | None,
    members: Sequence[str],
    without_start: bool,
    exclude_forbidden: bool,
    **where: Any,
) -> None:
    """Run an instance again, and those downstream that depend on it."""
    options = _options(
        code=code,
        start_mode="DRY_RUN" if dry_run else None,
        scope=_SCOPES[scope] if scope else None,
        members=_members(members),
        include_start=False if without_start else None,
        exclude_forbidden=exclude_forbidden or None,
    )
    _carry_out(server, going, "RERUN_DOWNSTREAM", targets, where, fields, options)


@click.command("force-rerun")
@operation
@fields_option
@code_option
@click.option(
    "--with-not-run", is_flag=True, help="With the descendants that have not run (force rerun all instances)."
)
def force_rerun(
    server: Remote,
    targets: Sequence[str],
    going: Going,
    fields: str,
    code: str | None,
    with_not_run: bool,
    **where: Any,
) -> None:
    """Run instances now, whatever their status, without asking for upstream and scheduled time."""
    name = "FORCE_RERUN_ALL" if with_not_run else "FORCE_RERUN_CURRENT"
    _carry_out(server, going, name, targets, where, fields, _options(code=code), warning=_FORCED)


@click.command("force-rerun-downstream")
@operation
@fields_option
@code_option
@click.option("--dry-run", is_flag=True, help="The start succeeds at once, keeping its data and times.")
@click.option(
    "--scope", type=click.Choice(["all", "custom"]), default=None, help="Which instances downstream. [default: all]"
)
@click.option(
    "--member",
    "members",
    multiple=True,
    metavar="ID[:F1,F2]",
    help="For the custom scope: an instance, or fields of it.",
)
@click.option("--exclude-forbidden", is_flag=True, help="Leave out what you may not operate, instead of being refused.")
def force_rerun_downstream(
    server: Remote,
    targets: Sequence[str],
    going: Going,
    fields: str,
    code: str | None,
    dry_run: bool,
    scope: str | None,
    members: Sequence[str],
    exclude_forbidden: bool,
    **where: Any,
) -> None:
    """Run an instance now and everything downstream after it: all members go to Not Running first, in one step."""
    options = _options(
        code=code,
        start_mode="DRY_RUN" if dry_run else None,
        scope=_SCOPES[scope] if scope else None,
        members=_members(members),
        exclude_forbidden=exclude_forbidden or None,
    )
    _carry_out(server, going, "FORCE_RERUN_DOWNSTREAM", targets, where, fields, options, warning=_FORCED)


@click.command()
@operation
@fields_option
def stop(server: Remote, targets: Sequence[str], going: Going, fields: str, **where: Any) -> None:
    """End what waits or runs; it is Failed and not tried again."""
    _carry_out(server, going, "STOP", targets, where, fields)


@click.command("set-success")
@operation
@fields_option
@click.option(
    "--scope", type=click.Choice(list(_SUCCESS)), default=None, help="Which fields. [default: failed-and-not-run]"
)
def set_success(
    server: Remote, targets: Sequence[str], going: Going, fields: str, scope: str | None, **where: Any
) -> None:
    """Call what failed or has not run Succeeded, without data, so that downstream goes on."""
    if fields and scope:
        raise click.UsageError("--fields says which; leave out --scope")
    options = _options(scope="CUSTOM" if fields else _SUCCESS[scope] if scope else None)
    _carry_out(server, going, "SET_SUCCESS", targets, where, fields, options)


@click.command()
@operation
@fields_option
def pause(server: Remote, targets: Sequence[str], going: Going, fields: str, **where: Any) -> None:
    """Keep what has not begun from being scheduled, this cycle."""
    _carry_out(server, going, "PAUSE", targets, where, fields)


@click.command()
@operation
@fields_option
def resume(server: Remote, targets: Sequence[str], going: Going, fields: str, **where: Any) -> None:
    """Let what is paused be scheduled again."""
    _carry_out(server, going, "RESUME", targets, where, fields)


@click.command("remove-upstream")
@operation
@click.option(
    "--upstream",
    "upstream",
    multiple=True,
    required=True,
    metavar="ID",
    help="An upstream instance to cut, or `root`; several times.",
)
def remove_upstream(
    server: Remote, targets: Sequence[str], going: Going, upstream: Sequence[str], **where: Any
) -> None:
    """Cut an instance from upstream instances, this cycle; at least one must remain."""
    ids = [_upstream(text) for text in upstream]
    _carry_out(server, going, "REMOVE_UPSTREAM", targets, where, "", _options(upstream=ids))


@click.command("set-priority")
@operation
@click.option("--to", "priority", type=click.Choice(_PRIORITIES), required=True, help="The new priority.")
def set_priority(server: Remote, targets: Sequence[str], going: Going, priority: str, **where: Any) -> None:
    """Change the priority; of an aggregate table, of all metrics that you may operate."""
    _carry_out(server, going, "MODIFY_PRIORITY", targets, where, "", _options(priority=priority.upper()))


def _carry_out(
    server: Remote,
    going: Going,
    name: str,
    words: Sequence[str],
    where: dict[str, Any],
    fields: str,
    options: Options | None = None,
    *,
    warning: str = "",
) -> None:
    targets = read_targets(server, words, where["environment"], where["bizdate"], fields)
    going.carry_out(name, targets, options or _options(), warning=warning)


def _options(*, code: str | None = None, **chosen: Any) -> Options:
    from taskhouse.client.api.operations import Options

    return Options(code=code.upper().replace("-", "_") if code else None, **chosen)


def _members(texts: Sequence[str]) -> list[Target] | None:
    from taskhouse.client.api.operations import Target

    found = []
    for text in texts:
        id, _, names = text.partition(":")
        if not (id.isascii() and id.isdigit()):
            raise click.BadParameter(f"'{text}' is not ID or ID:F1,F2", param_hint="--member")
        found.append(Target(int(id), [name for name in names.split(",") if name] or None))
    return found or None


def _upstream(text: str) -> int:
    if text == "root":
        return 0
    if not (text.isascii() and text.isdigit()):
        raise click.BadParameter(f"'{text}' is neither an id nor root", param_hint="--upstream")
    return int(text)


COMMANDS = (
    rerun,
    rerun_downstream,
    force_rerun,
    force_rerun_downstream,
    stop,
    set_success,
    pause,
    resume,
    remove_upstream,
    set_priority,
)
