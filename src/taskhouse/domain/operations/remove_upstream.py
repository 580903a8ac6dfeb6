"""Remove upstream dependency: one instance, one cycle, no longer waits for the upstream instances that are named (D-31).

At least one upstream must remain; the root counts as one. Internal edges are nobody's to remove. It cannot be undone.
"""

from __future__ import annotations

from taskhouse.domain.instance_graph import ROOT_ID
from taskhouse.domain.operations.plan import Item, Plan, Refusal, RefusalCode, Sees
from taskhouse.domain.operations.request import RemoveUpstream, Target
from taskhouse.domain.operations.rewriting import boundary, views
from taskhouse.domain.operations.selecting import forbidden, select
from taskhouse.domain.recurring import EdgeKind
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass
from taskhouse.domain.transitions import Operation


def upstream_edges(snapshot: Snapshot, instance: int) -> dict[int, list[int]]:
    """Upstream instance id (`ROOT_ID` for the root) -> positions of edges from it, of those that can be removed."""
    graph = snapshot.graph
    found: dict[int, list[int]] = {}
    for node in graph.nodes_of_instance[instance]:
        for edge in snapshot.live_in_edges(node):
            if graph.edges[edge].kind is EdgeKind.INTERNAL:
                continue
            up = graph.edge_up[edge]
            owners = [ROOT_ID] if up < 0 else [graph.instances[i].id for i in graph.instances_of_node[up]]
            for owner in owners:
                found.setdefault(owner, []).append(edge)
    return found


def decide_remove_upstream(request: RemoveUpstream, snapshot: Snapshot) -> Plan:
    operation = Operation.REMOVE_UPSTREAM
    selection = select(snapshot, Target(request.instance))
    if isinstance(selection, Refusal):
        return Plan(operation, request.instance, refusals=(selection,))
    graph = snapshot.graph
    refusals = []
    no_permission = forbidden(snapshot, selection)
    if no_permission is not None:
        refusals.append(no_permission)
    edges = upstream_edges(snapshot, selection.instance)
    wanted = tuple(dict.fromkeys(request.upstream))
    name = graph.instances[selection.instance].name
    missing = [up for up in wanted if up not in edges]
    if not wanted:
        refusals.append(Refusal(RefusalCode.EMPTY_SCOPE, f"no upstream instance of '{name}' is named"))
    elif missing:
        items = tuple(Item(up, _name(snapshot, up), "", f"not upstream of '{name}'") for up in missing)
        refusals.append(Refusal(RefusalCode.NOT_FOUND, f"instance {missing[0]} is not upstream of '{name}'", items))
    removed = sorted({edge for up in wanted for edge in edges.get(up, ())})
    kept = {edge for its_edges in edges.values() for edge in its_edges} - set(removed)
    if wanted and not missing and not kept:
        items = tuple(Item(up, _name(snapshot, up)) for up in wanted)
        refusals.append(Refusal(RefusalCode.LAST_UPSTREAM, f"'{name}' must keep at least one upstream instance", items))
    nodes = list(dict.fromkeys(graph.edge_down[edge] for edge in removed))
    if not refusals:
        bare = _left_bare(snapshot, selection.instance, nodes, set(removed))
        if bare:
            message = f"'{bare[0].name}' shares a node with '{name}' and must keep at least one upstream instance, too"
            refusals.append(Refusal(RefusalCode.LAST_UPSTREAM, message, bare))
    return Plan(
        operation,
        request.instance,
        removed_edges=tuple(graph.edges[edge].id for edge in removed),
        removed_upstream=tuple(Item(up, _name(snapshot, up)) for up in wanted if up in edges),
        downstream=views(
            snapshot,
            boundary(snapshot, nodes, set(nodes)),
            not_running=Sees.STARTS_AFTER,
            waiting=Sees.RUNS_ON,
        ),
        notices=() if refusals else _effects(snapshot, nodes, set(removed)),
        refusals=tuple(refusals),
        options=(("upstream", ",".join(map(str, wanted))),),
    )


def _effects(snapshot: Snapshot, nodes: list[int], removed: set[int]) -> tuple[str, ...]:
    """What becomes of nodes that have not run. The operation itself changes no status; the scheduler goes on from there."""
    graph = snapshot.graph
    on: list[str] = []
    waiting: list[str] = []
    for node in nodes:
        if CLASS_OF[snapshot.status[node]] is not StatusClass.NOT_RUNNING:
            continue
        ups = {graph.edge_up[edge] for edge in snapshot.live_in_edges(node) if edge not in removed}
        unmet = any(up >= 0 and snapshot.status[up] is not NodeStatus.SUCCESS for up in ups)
        (waiting if unmet or node in snapshot.paused else on).append(graph.label(node))
    found = []
    if on:
        found.append(f"{_some(on)} will run once the scheduled time has come: nothing that remains upstream is missing")
    if waiting:
        found.append(f"{_some(waiting)} will not run yet: paused, or something that remains upstream has not succeeded")
    return tuple(found)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _left_bare(snapshot: Snapshot, instance: int, nodes: list[int], removed: set[int]) -> tuple[Item, ...]:
    """Other tables that share one of the nodes, and to which nothing would lead any more."""
    graph = snapshot.graph
    sharing = dict.fromkeys(other for node in nodes for other in graph.instances_of_node[node])
    found = []
    for other in sharing:
        if other == instance:
            continue
        before = {edge for its_edges in upstream_edges(snapshot, other).values() for edge in its_edges}
        if before and before <= removed:
            found.append(Item(graph.instances[other].id, graph.instances[other].name))
    return tuple(found)


def _name(snapshot: Snapshot, instance: int) -> str:
    at = snapshot.graph.instance_at.get(instance)
    if instance == ROOT_ID:
        return "virtual_root_node"
    return "" if at is None else snapshot.graph.instances[at].name
