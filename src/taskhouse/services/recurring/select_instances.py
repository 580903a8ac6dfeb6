"""Instances by the text form of selections, over the data timestamps that it speaks of.

A selection walks edges and asks for statuses, so its dates are loaded whole. Which ones: those given, else those that the text itself
names with `bizdate:`, else yesterday, as lists do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from taskhouse.domain.calendar import bizdate_of, read_bizdate
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance_graph import InstanceEdges
from taskhouse.domain.recurring import Environment
from taskhouse.domain.roles import Actor
from taskhouse.domain.selection import Attribute, InstanceSelection, evaluate, parse
from taskhouse.services.recurring.permissions import may_view
from taskhouse.services.world import World

MAX_DATES = 31
"""Data timestamps that one selection may look at."""


def selected(
    world: World, actor: Actor, environment: Environment, text: str, bizdates: Sequence[date] = ()
) -> list[int]:
    """Ids of the selected instances that the actor may view, in the order of data timestamp, scheduled time and id. Raises `Fault`
    (InvalidArgument) for a text that is not understood."""
    selection = parse(text)
    dates = list(bizdates) or named_dates(selection) or [yesterday(world)]
    if len(dates) > MAX_DATES:
        message = f"a selection looks at {MAX_DATES} data timestamps at most, not at {len(dates)}"
        raise Fault(FaultCode.INVALID_ARGUMENT, message)
    book = world.books.of(environment)
    book.cover(dates)
    book.refresh()
    with book.lock:
        snapshot = book.snapshot(actor)
    graph = snapshot.graph
    wanted = frozenset(dates)
    positions = [
        at
        for at in evaluate(selection, snapshot, InstanceEdges(graph, snapshot.removed))
        if graph.instances[at].bizdate in wanted and may_view(snapshot, at)
    ]
    positions.sort(key=lambda at: (graph.instances[at].bizdate, graph.instances[at].due_at, graph.instances[at].id))
    return [graph.instances[at].id for at in positions]


def named_dates(selection: InstanceSelection) -> list[date]:
    """The data timestamps that every group of a selection is narrowed to; none when a group leaves them open."""
    found: dict[date, None] = {}
    for group in selection.groups:
        own = [
            read_bizdate(value)
            for term in group
            if isinstance(term, Attribute) and term.key == "bizdate" and not term.negated
            for value in term.values
        ]
        if not own:
            return []
        found.update(dict.fromkeys(own))
    return list(found)


def yesterday(world: World) -> date:
    """The data timestamp that lists show by default: that of the instances which run today."""
    zone = ZoneInfo(world.workspace.tenant().time_zone)
    return bizdate_of(world.clock.now().astimezone(zone).date())
