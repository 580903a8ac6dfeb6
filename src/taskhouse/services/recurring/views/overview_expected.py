"""What share of a day is expected to have finished, time by time, from how long its nodes usually take (D-49)."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from time import monotonic
from weakref import WeakKeyDictionary

from taskhouse.domain.calendar import run_date_of
from taskhouse.domain.prediction import UNKNOWN_DURATION, Times, predict
from taskhouse.domain.recurring import Environment
from taskhouse.domain.roles import Action, Actor
from taskhouse.domain.status import NodeStatus
from taskhouse.ports.recurring_store import RecurringStore
from taskhouse.services.recurring.columns import Column
from taskhouse.services.recurring.expected_finish import RetryAt, usual_durations, with_unfinished_upstream
from taskhouse.services.recurring.views.scene import Scene, of_book
from taskhouse.services.world import World

MOST_NODES = 5_000
"""Unfinished nodes of a day; of more, looking that far is not worth what it costs every few seconds."""
KEPT_S = 600.0


@dataclass(slots=True)
class _Kept:
    """How long nodes usually take, by node and run date; it changes once a day."""

    good_until: float = 0.0
    durations: dict[tuple[str, date], timedelta] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


_of_store: WeakKeyDictionary[RecurringStore, _Kept] = WeakKeyDictionary()
_guard = threading.Lock()


def expected_ends(
    world: World, actor: Actor, bizdate: date, projects: frozenset[str] | None, now: datetime
) -> list[datetime]:
    """When those unfinished instances of production are expected to finish that need nobody, in order. Empty when schedulers do not hold the
    date, or when too much of it is unfinished. One store call for each run date whose nodes were not asked for within ten minutes."""
    scene = of_book(world, actor, world.books.of(Environment.PROD))
    mine = {
        at: nodes
        for at, record in enumerate(scene.records)
        if record.row.bizdate == bizdate and (nodes := _unfinished(scene, at)) and _is_wanted(scene, at, projects)
    }
    nodes = list(dict.fromkeys(node for each in mine.values() for node in each))
    if not nodes or len(nodes) > MOST_NODES:
        return []
    every = with_unfinished_upstream(scene.snapshot, nodes)
    durations = _usual(world.recurring, scene, every)
    size = len(scene.states)
    usual = Column(size, lambda node: durations.get(node, UNKNOWN_DURATION))
    started = Column(size, lambda node: scene.states[node].started_at)
    ended = Column(size, lambda node: scene.states[node].ended_at)
    ends = predict(scene.snapshot, Times(started, ended, usual, RetryAt(scene.states)), nodes, now)
    found = [[ends[node] for node in each] for each in mine.values()]
    return sorted(max(end for end in each if end is not None) for each in found if None not in each)


def _unfinished(scene: Scene, instance: int) -> list[int]:
    return [
        node for node in scene.graph.nodes_of_instance[instance] if scene.states[node].status is not NodeStatus.SUCCESS
    ]


def _is_wanted(scene: Scene, instance: int, projects: frozenset[str] | None) -> bool:
    if not scene.may(Action.VIEW, instance):
        return False
    graph = scene.graph
    if projects is None or graph.instances[instance].project in projects:
        return True
    return any(graph.project_of_field(f) in projects for f in graph.fields_of_instance[instance])


def _usual(store: RecurringStore, scene: Scene, nodes: Iterable[int]) -> Mapping[int, timedelta]:
    """By position."""
    with _guard:
        kept = _of_store.setdefault(store, _Kept())
    with kept.lock:
        if monotonic() >= kept.good_until:
            kept.durations.clear()
            kept.good_until = monotonic() + KEPT_S
        keys = {at: (record.node_id, run_date_of(record.bizdate)) for at in nodes if (record := scene.node_records[at])}
        missing = [at for at, key in keys.items() if key not in kept.durations]
        if missing:
            found = usual_durations(store, scene.node_records, missing)
            kept.durations.update((keys[at], usual) for at, usual in found.items())
        return {at: kept.durations[key] for at, key in keys.items()}
