"""`taskhouse rehearsal`: direct a rehearsal (`taskhouse serve --rehearsal`), in which no code runs and the clock is set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from taskhouse.cli.remote import Remote, remote, table
from taskhouse.cli.wording import moment, status

if TYPE_CHECKING:
    from taskhouse.client.api.rehearsal import Clock, Generated, NodeState

_NODES = (
    "A node is its id, or TASK/NODE such as `A/B` (a script: its name) of the data timestamp given by --bizdate, "
    "by default that of the latest instances."
)


@click.group()
def rehearsal() -> None:
    """Direct a rehearsal: its clock, its instances, how attempts end."""


@rehearsal.command("clock")
@remote
@click.argument("now", default="", metavar="[TIME]")
def clock(server: Remote, now: str) -> None:
    """Show the clock, or set it to TIME, such as 2026-03-01T18:00 (the tenant's zone) or with a zone of its own.

    Whatever is due by then happens.
    """
    director = server.client.rehearsal
    found = director.set_clock(_with_zone(director.clock(), now)) if now else director.clock()
    server.show(found, lambda: _clock(found))


@rehearsal.command("generate")
@remote
@click.argument("run_date")
@click.option("--env", "environment", type=click.Choice(["prod", "dev"]), default="prod", show_default=True)
def generate_in_rehearsal(server: Remote, run_date: str, environment: str) -> None:
    """Generate the instances that are scheduled on RUN_DATE (2026-03-02), whatever the clock says."""
    found = server.client.rehearsal.generate(run_date, environment.upper())
    server.show(found, lambda: _generated(found))


@rehearsal.command("finish", epilog=_NODES)
@remote
@click.argument("nodes", nargs=-1, required=True, metavar="NODE...")
@click.option("--failed", is_flag=True, help="The attempts fail; without it they succeed.")
@click.option(
    "--reason", type=click.Choice(["ERROR", "TIMEOUT", "LOST", "QUALITY_STRONG"]), default=None, help="Why they fail."
)
@click.option("--message", default="", help="For the run log.")
@click.option("--bizdate", default="", help="Data timestamp of nodes given by name.")
def finish(server: Remote, nodes: Sequence[str], failed: bool, reason: str | None, message: str, bizdate: str) -> None:
    """End the attempts that nodes are held with."""
    director = server.client.rehearsal
    outcome = "failed" if failed or reason else "success"
    found = [
        director.finish(node, outcome, reason=reason, message=message) for node in node_ids(server, nodes, bizdate)
    ]
    server.show({"items": found}, lambda: _nodes_table(found))


@rehearsal.command("set-status", epilog=_NODES)
@remote
@click.argument("nodes", nargs=-1, required=True, metavar="NODE...")
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Choice(
        ["INIT", "WAIT_SCHEDULE", "DISPATCH_BLOCKED", "WAIT_RESOURCE", "RUNNING", "SUCCESS", "FAILED"],
        case_sensitive=False,
    ),
    help="The status.",
)
@click.option("--paused", is_flag=True, help="With the pause flag, so that the scheduler leaves it there.")
@click.option("--bizdate", default="", help="Data timestamp of nodes given by name.")
def set_status(server: Remote, nodes: Sequence[str], target: str, paused: bool, bizdate: str) -> None:
    """Put nodes in a status, as if they had got there by themselves; the scheduler moves them on from there."""
    director = server.client.rehearsal
    found = [director.set_status(node, target.upper(), paused=paused) for node in node_ids(server, nodes, bizdate)]
    server.show({"items": found}, lambda: _nodes_table(found))


def node_ids(server: Remote, words: Sequence[str], bizdate: str) -> list[int]:
    """Ids of node instances given as ids or as names. Raises `NotFound`."""
    from taskhouse.client.api.errors import InvalidArgument, NotFound

    client = server.client
    known: dict[str, list[int]] = {}
    found = []
    for word in words:
        if word.isascii() and word.isdigit():
            found.append(int(word))
            continue
        if not known:
            lines = list(client.instances.list(**({"bizdate": bizdate} if bizdate else {})))
            latest = max((line.bizdate for line in lines if line.bizdate), default=None)
            for line in lines:
                if bizdate or line.bizdate == latest:
                    for node in client.instances.nodes(line.id).items:
                        for name in {
                            f"{line.name}/{node.name}",
                            node.label,
                            *([line.name] if line.biz_type == "SCRIPT" else []),
                        }:
                            known.setdefault(name, []).append(node.id)
        ids = known.get(word, [])
        if not ids:
            raise NotFound("NOT_FOUND", f"there is no node '{word}'; there are {', '.join(sorted(known)) or 'none'}")
        if len(ids) > 1:
            raise InvalidArgument("INVALID_ARGUMENT", f"'{word}' is several node instances: {', '.join(map(str, ids))}")
        found += ids
    return found


def _with_zone(clock: Clock, text: str) -> str:
    """A time without a zone is meant on the tenant's clocks."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"'{text}' is not a time; write it like 2026-03-01T18:00", param_hint="TIME") from None
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(clock.time_zone))).isoformat()


def _clock(found: Clock) -> str:
    local = found.local or found.now
    return f"{local:%Y-%m-%d %H:%M:%S} {found.time_zone}"


def _generated(found: Generated) -> str:
    return f"{found.added} instances added with data timestamp {found.bizdate} ({found.environment.lower()})"


def _nodes_table(found: Sequence[NodeState]) -> object:
    rows = [
        (
            each.id,
            status(each.status, label=each.label, paused=each.paused),
            each.reason,
            each.attempt,
            moment(each.started_at),
            moment(each.ended_at),
            moment(each.retry_at),
        )
        for each in found
    ]
    return table(("NODE", "STATUS", "REASON", ">ATTEMPT", "START", "END", "RETRY AT"), rows)
