"""A day at a glance: what finished, runs, failed and is late, by project and hour, against the seven data timestamps before.

An instance counts once, under the most urgent status of its fields. It is finished when all of them succeeded. The day is read by one
store call, the days before by another one a minute, what is still failed of them by a third; see `overview_attention` for the rest.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from statistics import median
from time import monotonic
from weakref import WeakKeyDictionary

from taskhouse.domain.calendar import ONE_DAY, run_date_of
from taskhouse.domain.recurring import BizType, Environment
from taskhouse.domain.roles import Action, Actor
from taskhouse.domain.status import StatusClass
from taskhouse.ports.recurring_store import InstanceQuery, RecurringStore, Tally
from taskhouse.services.recurring.permissions import visible_projects
from taskhouse.services.recurring.views.instance_list import LATE_AFTER
from taskhouse.services.recurring.views.overview_attention import (
    FailedLine,
    GroupLine,
    LateLine,
    failed_lines,
    late_lines,
    resource_groups,
)
from taskhouse.services.recurring.views.overview_expected import expected_ends
from taskhouse.services.recurring.views.refusal import About, ViewCode, ViewRefused
from taskhouse.services.recurring.views.scene import zone_of
from taskhouse.services.world import World

SLOT = timedelta(minutes=15)
SLOTS = ONE_DAY // SLOT
HISTORY = 7
LEAST_COMPARED = 3
"""Days; of fewer a range and a median say nothing."""
KEPT = 64
KEPT_S = 60.0


@dataclass(frozen=True, slots=True)
class UsualShare:
    """What was finished at a time of the days before, in percent of each day's instances."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class HourLine:
    """`hour` of the run date, 24 for whatever is due after it. `tables`: how many of the instances are of logical tables."""

    hour: int
    total: int
    tables: int
    statuses: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """`title` is `English name (Chinese name)`; `types` as in `Overview`."""

    name: str
    title: str
    total: int
    statuses: Mapping[str, int]
    types: Mapping[str, Mapping[str, int]]
    late: int
    hours: tuple[HourLine, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """`statuses` count instances by their most urgent status, `types` those of logical tables and of scripts. `day_start` is the first moment of the run date. `finished`: percent of the
    instances that had finished `slot_minutes` * n after it, up to `now`, and `finished_now` by now; `expected`: those that will have by the
    ends of the slots after it, as long as nobody must act, empty for days that are not today and when it is not foreseen; `usual`: the same of the days in `compared_with`, for the whole
    day. Compared are the days before on which something finished that same day; with fewer than three both are empty. `behind` is how many percent less than the
    median finished so far, negative for more; None without a comparison. `late_before`: instances due before it that have not started are late; `latest` are some of
    them, the longest waiting first, and `failed` some of those that failed, the last first. `earlier_failed`: by type, instances of the data timestamps from
    `earlier_from` up to the day before that are failed still. `groups`: slots of the environment, whatever the date."""

    environment: str
    bizdate: date
    run_date: date
    now: datetime
    day_start: datetime
    total: int
    statuses: Mapping[str, int]
    types: Mapping[str, Mapping[str, int]]
    paused: int
    late: int
    late_types: Mapping[str, int]
    latest: tuple[LateLine, ...]
    late_before: datetime
    failed: tuple[FailedLine, ...]
    earlier_failed: Mapping[str, int]
    earlier_from: date
    slot_minutes: int
    finished: tuple[float, ...]
    finished_now: float
    expected: tuple[float, ...]
    usual: tuple[UsualShare, ...]
    compared_with: tuple[date, ...]
    behind: float | None
    projects: tuple[ProjectLine, ...]
    groups: tuple[GroupLine, ...]


def overview(
    world: World, actor: Actor, environment: Environment, bizdate: date, projects: frozenset[str] = frozenset()
) -> Overview:
    """`projects` empty: all that the actor may see. Raises `ViewRefused` (FORBIDDEN)."""
    visible = visible_projects(actor)
    if visible is not None and projects - visible:
        name = min(projects - visible)
        raise ViewRefused(ViewCode.FORBIDDEN, f"you may not see project '{name}'", About(0, name))
    world.books.of(environment).refresh()
    now = world.clock.now()
    late_before = now - LATE_AFTER
    query = InstanceQuery(
        environment,
        bizdate_from=bizdate - HISTORY * ONE_DAY,
        bizdate_to=bizdate,
        projects=projects or visible,
    )
    own = world.recurring.tally(replace(query, bizdate_from=bizdate), SLOT, late_before)
    by_date: defaultdict[date, list[Tally]] = defaultdict(list)
    for tally in _of_days_before(world, replace(query, bizdate_to=bizdate - ONE_DAY), late_before):
        by_date[tally.bizdate].append(tally)
    start = _start(world, bizdate)
    finished = _finished(own, start)[: _slots_until(now, start) + 1]
    before = {day: _finished(its, _start(world, day)) for day, its in sorted(by_date.items())}
    before = {day: shares for day, shares in before.items() if shares[-1] > 0}  # others ran at another time
    if len(before) < LEAST_COMPARED:
        before = {}
    usual = tuple(UsualShare(min(at), median(at), max(at)) for at in zip(*before.values(), strict=True))
    reached = len(finished) - 1
    share = _share(sum(each.number for each in own if each.finished is not None), _count(own))
    lateness = environment is Environment.PROD  # those of development wait until somebody runs them
    late = _late(own) if lateness else 0
    this_day = replace(query, bizdate_from=bizdate)
    statuses = _statuses(own)
    earlier = replace(query, bizdate_to=bizdate - ONE_DAY, statuses=frozenset({StatusClass.FAILED}))
    return Overview(
        environment.value,
        bizdate,
        run_date_of(bizdate),
        now,
        start,
        _count(own),
        statuses,
        _by_type(own),
        sum(each.number for each in own if each.is_paused),
        late,
        {kind.value: _late(each for each in own if each.biz_type is kind) if late else 0 for kind in BizType},
        late_lines(world, actor, this_day, late_before, now) if late else (),
        late_before,
        failed_lines(world, actor, this_day) if StatusClass.FAILED.name in statuses else (),
        {kind.value: world.recurring.count(replace(earlier, biz_type=kind)) for kind in BizType},
        bizdate - HISTORY * ONE_DAY,
        SLOT // timedelta(minutes=1),
        tuple(finished),
        share,
        _expected(world, actor, query, own, start, now) if lateness and 0 <= reached < SLOTS else (),
        usual,
        tuple(before),
        round(usual[reached].median - share, 1) if usual and own and reached >= 0 else None,
        _projects(world, actor, own, start, lateness=lateness),
        resource_groups(world, actor, environment),
    )


class _Kept:
    """Tallies of days before, by their query, with the time (monotonic seconds) until which they are good."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.tallies: dict[InstanceQuery, tuple[float, Sequence[Tally]]] = {}


_of_store: WeakKeyDictionary[RecurringStore, _Kept] = WeakKeyDictionary()
_guard = threading.Lock()


def _of_days_before(world: World, query: InstanceQuery, late_before: datetime) -> Sequence[Tally]:
    """Kept for a minute: they are seven eighths of what is counted, hardly change, and every viewer asks again and again."""
    with _guard:
        kept = _of_store.setdefault(world.recurring, _Kept())
    with kept.lock:  # one counts, others wait for it
        good_until, found = kept.tallies.get(query, (0.0, ()))
        if monotonic() >= good_until:
            found = world.recurring.tally(query, SLOT, late_before)
            if len(kept.tallies) >= KEPT:
                kept.tallies.clear()
            kept.tallies[query] = (monotonic() + KEPT_S, found)
        return found


def _start(world: World, bizdate: date) -> datetime:
    return datetime.combine(run_date_of(bizdate), time(), zone_of(world))


def _slots_until(now: datetime, start: datetime) -> int:
    """Whole slots since the start of the day; -1 before it."""
    return max(-1, min(SLOTS, (now - start) // SLOT))


def _finished(tallies: Sequence[Tally], start: datetime) -> list[float]:
    """Percent finished at the start of the day and after each slot of it."""
    total = _count(tallies)
    at: Counter[int] = Counter()
    for each in tallies:
        if each.finished is not None:
            at[max(0, (each.finished - start) // SLOT + 1)] += each.number
    shares, so_far = [], 0
    for slot in range(SLOTS + 1):
        so_far += at[slot]
        shares.append(_share(so_far, total))
    return shares


def _expected(
    world: World, actor: Actor, query: InstanceQuery, own: Sequence[Tally], start: datetime, now: datetime
) -> tuple[float, ...]:
    """At the end of each slot from the present one on."""
    ends = expected_ends(world, actor, query.bizdate_to or start.date(), query.projects, now)
    if not ends:
        return ()
    done, total = sum(each.number for each in own if each.finished is not None), _count(own)
    slots = range(_slots_until(now, start) + 1, SLOTS + 1)
    return tuple(_share(done + bisect_right(ends, start + slot * SLOT), total) for slot in slots)


def _share(part: int, total: int) -> float:
    return round(100 * part / total, 1) if total else 0.0


def _projects(
    world: World, actor: Actor, tallies: Sequence[Tally], start: datetime, *, lateness: bool
) -> tuple[ProjectLine, ...]:
    known = world.workspace.projects()
    by_project: defaultdict[str, list[Tally]] = defaultdict(list)
    for each in tallies:
        by_project[each.project].append(each)
    lines = []
    for name, own in sorted(by_project.items(), key=lambda item: (-_count(item[1]), item[0])):
        hours: defaultdict[int, list[Tally]] = defaultdict(list)
        for each in own:
            hours[max(0, min(24, (each.due - start) // timedelta(hours=1)))].append(each)
        title = known[name].title if name in known and actor.may(Action.VIEW, name) else name
        lines.append(
            ProjectLine(
                name,
                title,
                _count(own),
                _statuses(own),
                _by_type(own),
                _late(own) if lateness else 0,
                tuple(HourLine(hour, _count(its), _tables(its), _statuses(its)) for hour, its in sorted(hours.items())),
            )
        )
    return tuple(lines)


def _count(tallies: Iterable[Tally]) -> int:
    return sum(each.number for each in tallies)


def _late(tallies: Iterable[Tally]) -> int:
    return sum(each.number for each in tallies if each.is_late)


def _tables(tallies: Iterable[Tally]) -> int:
    return sum(each.number for each in tallies if each.biz_type is BizType.LOGICAL_TABLE)


def _by_type(tallies: Sequence[Tally]) -> Mapping[str, Mapping[str, int]]:
    return {kind.value: _statuses(each for each in tallies if each.biz_type is kind) for kind in BizType}


def _statuses(tallies: Iterable[Tally]) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for each in tallies:
        if each.status is not None:
            found[each.status.name] += each.number
    return dict(found)
