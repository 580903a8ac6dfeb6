"""`taskhouse watch`: changes of recurring instances as they happen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from taskhouse.cli.operating import environment_options, read_targets
from taskhouse.cli.remote import FAILED, Remote, remote
from taskhouse.cli.wording import names, status

if TYPE_CHECKING:
    from taskhouse.client.api.client import Client
    from taskhouse.client.api.events import ChangedNode, Event

_AT_ONCE = 500
"""Instances asked for in one request."""
_MOVING = {"RUNNING", "WAITING", "NOT_RUNNING"}


@click.command()
@remote
@click.argument("targets", nargs=-1, metavar="[TARGET...]")
@environment_options
@click.option("--since", type=int, default=None, help="Begin after the change of this number, rather than now.")
@click.option("--until-done", is_flag=True, help="End when all targets have ended; with status 1 when one has failed.")
def watch(
    server: Remote,
    targets: Sequence[str],
    environment: str,
    bizdate: Sequence[str],
    since: int | None,
    until_done: bool,
) -> None:
    """Follow changes as they happen, one line each, until it is interrupted.

    TARGET is the id of an instance, several ids, or a selection; without any, everything is followed. With --json each line is a JSON
    object: an event of the stream.
    """
    if until_done and not targets:
        raise click.UsageError("--until-done needs targets")
    client = server.client
    wanted = {target.instance for target in read_targets(server, targets, environment, bizdate)} if targets else None
    try:
        for event in client.events(environment.upper(), since):
            _show(server, event, wanted)
            if until_done and wanted is not None and (done := _done(client, wanted, event)) is not None:
                click.get_current_context().exit(0 if done else FAILED)
    except KeyboardInterrupt:
        return


def _done(client: Client, wanted: Collection[int], event: Event) -> bool | None:
    """Whether all succeeded, once all have ended. Asked only when something of them changed."""
    if event.name == "changes" and not set(event.instances) & set(wanted):
        return None
    ids = sorted(wanted)
    chunks = (ids[first : first + _AT_ONCE] for first in range(0, len(ids), _AT_ONCE))
    lines = [line for chunk in chunks for line in client.instances.list(id=",".join(map(str, chunk)))]
    if any(_MOVING & set(line.statuses) for line in lines):
        return None
    return all(line.statuses == ["SUCCEEDED"] for line in lines)


def _show(server: Remote, event: Event, wanted: Collection[int] | None) -> None:
    import msgspec

    if server.as_json:
        if event.name != "changes" or wanted is None or set(event.instances) & set(wanted):
            click.echo(msgspec.json.encode(event).decode())
        return
    if event.name == "reset":
        server.print("(too much happened to be told)")
    for node in _of(event, wanted):
        label = status(node.status, label=node.label)
        label.append(f"  {node.name or f'node {node.id}'}, attempt {node.attempt}", style="default")
        server.print(label)
    if event.generated:
        server.print(f"generated: data timestamps {names(event.generated)}")


def _of(event: Event, wanted: Collection[int] | None) -> Iterator[ChangedNode]:
    for node in event.nodes:
        if wanted is None or set(node.instances) & set(wanted):
            yield node
