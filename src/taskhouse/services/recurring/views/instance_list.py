"""The list of recurring instances: what a person asks for, as a query of the store; pages, counts, and everything at once.

What somebody may not see is not in the list: instances of projects in which the person has no role, and of aggregate tables those none of
whose metrics is in such a project.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import Enum

from taskhouse.domain.calendar import ONE_DAY
from taskhouse.domain.recurring import Environment
from taskhouse.domain.roles import Actor
from taskhouse.domain.status import StatusClass
from taskhouse.ports.recurring_store import InstanceQuery
from taskhouse.services.recurring.permissions import visible_projects
from taskhouse.services.recurring.select_instances import MAX_DATES, selected
from taskhouse.services.recurring.views.instance_lines import InstanceLine, lines
from taskhouse.services.recurring.views.refusal import About, ViewCode, ViewRefused
from taskhouse.services.world import World

DEFAULT_LINES = 50
MAX_LINES = 1_000
EXPORT_LINES = 50_000
"""Lines read at once when everything is asked for."""
LATE_AFTER = timedelta(minutes=15)
"""An instance of production that has not started this long after it was due is late."""


class Mine(Enum):
    """Quick filters: instances of which the person asking is an owner."""

    FAILED = "failed"
    UNFINISHED = "unfinished"


_UNFINISHED = frozenset({StatusClass.NOT_RUNNING, StatusClass.WAITING, StatusClass.RUNNING})


@dataclass(frozen=True, slots=True)
class ListRequest:
    """`query` as the store takes it; its `projects` are those asked for, None for all. `late`: only what should have started by now.
    `selection` in its text form narrows the list further, on the data timestamps that are asked for (see `select_instances`)."""

    query: InstanceQuery = field(default_factory=InstanceQuery)
    mine: Mine | None = None
    selection: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class InstancePage:
    """`next_marker` is empty on the last page."""

    items: tuple[InstanceLine, ...]
    next_marker: str = ""


@dataclass(frozen=True, slots=True)
class InstanceCounts:
    """`total` instances; by status those that show it, so that the statuses may add up to more. `matching`: those that the list has, with
    the statuses asked for."""

    total: int
    statuses: Mapping[str, int]
    matching: int


def page(
    world: World, actor: Actor, request: ListRequest, marker: str = "", limit: int = DEFAULT_LINES, skip: int = 0
) -> InstancePage:
    """`skip` leaves out so many lines behind the marker. One store call, and one for versions of tasks never listed before; a selection adds those that bring the book up to date."""
    query = permitted(world, actor, request)
    found = world.recurring.page(query, marker, max(1, min(limit, MAX_LINES)), skip)
    return InstancePage(tuple(lines(world.recurring, found.items, world.clock.now())), found.marker)


def counts(world: World, actor: Actor, request: ListRequest) -> InstanceCounts:
    """Two store calls, three when statuses are asked for. For `total` and `statuses` they do not count: chips show what each of them
    would bring."""
    asked = permitted(world, actor, request)
    query = replace(asked, statuses=frozenset(), waiting=frozenset())
    by_class = world.recurring.counts(query)
    total = world.recurring.count(query)
    matching = total if query == asked else world.recurring.count(asked)
    return InstanceCounts(total, {cls.name: by_class.get(cls, 0) for cls in StatusClass}, matching)


def everything(world: World, actor: Actor, request: ListRequest) -> Iterator[InstanceLine]:
    """All lines in order, one store call for each `EXPORT_LINES`. The request is checked before the first is asked for."""
    query = permitted(world, actor, request)

    def read() -> Iterator[InstanceLine]:
        marker = ""
        while True:
            found = world.recurring.page(query, marker, EXPORT_LINES)
            yield from lines(world.recurring, found.items, world.clock.now())
            marker = found.marker
            if not marker:
                return

    return read()


def permitted(world: World, actor: Actor, request: ListRequest) -> InstanceQuery:
    """The query within what the actor may see. Raises `ViewRefused` (FORBIDDEN) for a project asked for by name that is not."""
    query = request.query
    visible = visible_projects(actor)
    if visible is not None:
        hidden = sorted((query.projects or frozenset()) - visible)
        if hidden:
            message = f"you may not see project '{hidden[0]}': it takes a role in it"
            raise ViewRefused(ViewCode.FORBIDDEN, message, *(About(0, name) for name in hidden))
        query = replace(query, projects=visible if query.projects is None else query.projects)
    if request.mine is not None:
        query = _mine(query, request.mine, actor)
    if request.late:
        query = _late(query, world.clock.now())
    if request.selection.strip():
        query = _select(world, actor, query, request.selection)
    return query


def _late(query: InstanceQuery, now: datetime) -> InstanceQuery:
    """Nothing is late in development: it waits until somebody runs it."""
    if query.environment is Environment.DEV:
        return replace(query, ids=frozenset())
    return replace(query, late_before=now - LATE_AFTER)


def _mine(query: InstanceQuery, mine: Mine, actor: Actor) -> InstanceQuery:
    statuses = frozenset({StatusClass.FAILED}) if mine is Mine.FAILED else _UNFINISHED
    both = query.statuses & statuses if query.statuses else statuses
    owners = frozenset({actor.user})
    if query.owners:
        owners &= query.owners
    if not both or not owners:
        return replace(query, ids=frozenset())
    return replace(query, statuses=both, owners=owners)


def _select(world: World, actor: Actor, query: InstanceQuery, selection: str) -> InstanceQuery:
    dates = query.bizdates or _between(query.bizdate_from, query.bizdate_to)
    ids = frozenset(selected(world, actor, query.environment, selection, dates))
    return replace(query, ids=ids if query.ids is None else ids & query.ids)


def _between(first: date | None, last: date | None) -> tuple[date, ...]:
    """Data timestamps from one to the other; one bound alone is one date."""
    first, last = first or last, last or first
    if first is None or last is None:
        return ()
    return tuple(first + ONE_DAY * n for n in range(min((last - first).days, MAX_DATES) + 1))
