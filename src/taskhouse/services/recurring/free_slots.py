"""Whether what an operation starts finds a slot: when a resource group is full, nodes wait for one before they run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from taskhouse.domain.operations.plan import NodeChange, Part, Plan
from taskhouse.domain.published import ProgramKind, PublishedTask
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import NodeStatus
from taskhouse.ports.recurring_store import NodeRecord
from taskhouse.services.world import World

_OF_START = (Part.REQUESTED, Part.REQUIRED, Part.ASSOCIATED)
Versions = Mapping[tuple[str, int], PublishedTask]


def with_slots_noticed(
    world: World,
    snapshot: Snapshot,
    records: Sequence[NodeRecord],
    versions: Versions,
    plans: Sequence[Plan],
    now: datetime,
) -> tuple[Plan, ...]:
    """The plans, the first of them with a notice for each resource group that has fewer free slots than nodes that would start at once.
    Of the moment: not part of any digest."""
    node_at = snapshot.graph.node_at

    def task_of(node: int) -> PublishedTask:
        record = records[node_at[node]]
        return versions[record.task, record.version]

    def needs_slot(node: int) -> bool:
        found = task_of(node).node(records[node_at[node]].node_id)
        return found is not None and found.program.kind is not ProgramKind.VIRTUAL

    starting = [node for plan in plans for node in _starting(snapshot, plan, now)]
    needed = Counter(task_of(node).resource_group for node in starting if needs_slot(node))
    if not needed:
        return tuple(plans)
    released = {change.node for plan in plans for change in plan.changes if change.source is NodeStatus.RUNNING}
    live = {run.node for run in world.recurring.live_runs()} - released
    taken = Counter(task_of(node).resource_group for node in live if node in node_at)
    groups = world.workspace.tenant().resource_groups
    notices = []
    for group, count in sorted(needed.items()):
        slots = groups.get(group, 0)
        free = max(0, slots - taken[group])
        if free < count:
            notices.append(
                f"resource group '{group}': {free} of {slots} slots are free and {count} are needed at once; nodes that find none "
                "wait for one, which the expected times do not count"
            )
    return (replace(plans[0], notices=(*plans[0].notices, *notices)), *plans[1:])


def _starting(snapshot: Snapshot, plan: Plan, now: datetime) -> list[int]:
    """Ids of what would run at once: its upstream has succeeded and its time has come, or neither is asked for."""
    graph = snapshot.graph
    waiting = {check.node for check in plan.ancestor_checks if check.unmet}

    def starts(change: NodeChange) -> bool:
        if change.target is not NodeStatus.INIT or change.trigger is None:
            return False
        if change.skip_checks:
            return True
        instance = graph.instances_of_node[graph.node_at[change.node]][0]
        return change.part in _OF_START and change.node not in waiting and graph.instances[instance].due_at <= now

    return [change.node for change in plan.changes if starts(change)]
