"""Work grows with what is touched: counted in calls of Python functions and entries read, never in time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from random import Random
from types import FrameType

import pytest

from taskhouse.domain.instance_graph import EdgeRow, InstanceGraph, InstanceRow, NodeRow
from taskhouse.domain.operations import decide
from taskhouse.domain.operations.request import (
    DownstreamScope,
    ForceRerunDownstream,
    Request,
    Rerun,
    RerunDownstream,
    Target,
)
from taskhouse.domain.recurring import BizType
from taskhouse.domain.roles import Actor, ProjectRole
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import NodeStatus

DUE = datetime(2026, 3, 2, tzinfo=UTC)
WIDTH = 20


def layered(layers: int) -> Snapshot:
    """Scripts in layers of 20, each with three random parents in the layer above."""
    rng, size = Random(8), layers * WIDTH
    instances = [InstanceRow(n + 1, f"t{n}", "p", BizType.SCRIPT, date(2026, 3, 1), DUE) for n in range(size)]
    nodes = [NodeRow(n + 1, f"t{n}", DUE) for n in range(size)]
    edges: list[EdgeRow] = []
    for n in range(WIDTH, size):
        first = (n // WIDTH - 1) * WIDTH
        edges += [EdgeRow(3 * n + k, up + 1, n + 1) for k, up in enumerate(rng.sample(range(first, first + WIDTH), 3))]
    graph = InstanceGraph(instances, nodes, [(n + 1, n + 1) for n in range(size)], edges=edges)
    actor = Actor("ann", roles={"p": frozenset({ProjectRole.OPERATOR})})
    return Snapshot(graph, [NodeStatus.SUCCESS] * size, [0] * size, actor)


def calls(work: Callable[[], object]) -> int:
    """Python and C calls made by `work`."""
    count = 0

    def tick(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(tick)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "request_of",
    [lambda t: ForceRerunDownstream(t), lambda t: RerunDownstream(t, scope=DownstreamScope.ALL)],
    ids=["force rerun downstream", "rerun downstream"],
)
def test_downstream_operations_are_linear_in_their_members(request_of: Callable[[Target], Request]) -> None:
    costs = []
    for layers in (10, 100):
        snapshot = layered(layers)
        plan = decide(request_of(Target(1)), snapshot, DUE)
        assert plan.is_accepted and len(plan.changes) > layers * WIDTH / 2
        costs.append(calls(partial(decide, request_of(Target(1)), snapshot, DUE)) / len(plan.changes))
    assert costs[1] < costs[0] * 1.2


def test_an_operation_on_one_instance_does_not_see_the_others() -> None:
    worlds = [layered(layers) for layers in (10, 100)]
    small, large = (calls(partial(decide, Rerun(Target(1)), world, DUE)) for world in worlds)
    assert large <= small + 20
