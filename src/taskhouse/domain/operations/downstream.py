"""Rerun downstream, and force rerun downstream: a start point, and members downstream of it that run again in order.

Both reset members in place; no instance is created. The forced form resets every member first, in one transaction, whatever it was
doing, so that nothing runs against data that is half refreshed; only the start point then skips upstream and time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from operator import attrgetter

from taskhouse.domain.closure import Closure, closure
from taskhouse.domain.operations.plan import Item, NodeChange, Plan, PlannedMember, Refusal, RefusalCode, Sees
from taskhouse.domain.operations.request import (
    DownstreamScope,
    ForceRerunDownstream,
    RerunDownstream,
    StartMode,
    Target,
)
from taskhouse.domain.operations.rewriting import (
    Start,
    ancestor_checks,
    begin,
    boundary,
    dry_changes,
    final_status_refusals,
    forced_changes,
    limit_refusals,
    member_changes,
    neighbour_changes,
    paused_refusals,
    permission_refusals,
    rerun_changes,
    views,
)
from taskhouse.domain.operations.scope import Affected, Gate, affected
from taskhouse.domain.operations.selecting import field_label, select, status_items
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import ACTIVE_STATUSES, StatusClass
from taskhouse.domain.transitions import Operation


def decide_rerun_downstream(request: RerunDownstream, snapshot: Snapshot) -> Plan:
    return _decide(Operation.RERUN_DOWNSTREAM, request, snapshot, include_start=request.include_start)


def decide_force_rerun_downstream(request: ForceRerunDownstream, snapshot: Snapshot) -> Plan:
    return _decide(Operation.FORCE_RERUN_DOWNSTREAM, request, snapshot, include_start=True)


@dataclass(slots=True)
class _Members:
    """`closure` holds the nodes and fields of all members; `reach` the levels; `required` what cannot be left out."""

    closure: Closure
    reach: Affected
    required: Collection[int]
    excluded: tuple[Item, ...]
    refusals: list[Refusal]


def _decide(
    operation: Operation, request: RerunDownstream | ForceRerunDownstream, snapshot: Snapshot, *, include_start: bool
) -> Plan:
    force = operation is Operation.FORCE_RERUN_DOWNSTREAM
    options = (
        ("code", request.code.value),
        ("start mode", request.mode.value),
        ("scope", request.scope.value),
        ("include start", str(include_start).lower()),
        ("exclude forbidden", str(request.exclude_forbidden).lower()),
    )
    selection = select(snapshot, request.target)
    if isinstance(selection, Refusal):
        return Plan(operation, request.target.instance, refusals=(selection,), code=request.code, options=options)
    start = begin(snapshot, selection)
    refusals = permission_refusals(snapshot, start)
    if not force:
        refusals += final_status_refusals(snapshot, start)
    refusals += paused_refusals(snapshot, start)

    members = _members(snapshot, request, start)
    refusals += members.refusals
    nodes = [node for node in members.closure.nodes if node not in start.closure.node_via]
    if not force:
        refusals += _active_refusals(snapshot, nodes)
        if not nodes and not members.refusals:
            words = "nothing downstream failed" if request.scope is DownstreamScope.FAILED else "nothing downstream"
            refusals.append(Refusal(RefusalCode.EMPTY_SCOPE, f"{words}; there is nothing to rerun"))

    changes, unchanged = member_changes(snapshot, nodes, force=force)
    if include_start:
        started, waiting = _start_changes(snapshot, start, request.mode, force=force)
        changes += started
        unchanged += waiting
    scope = set(nodes) | start.closure.node_via.keys()
    beyond = boundary(snapshot, scope if include_start else nodes, scope)
    neighbours = neighbour_changes(snapshot, changes, beyond)
    refusals += limit_refusals(snapshot, len(scope) + len(neighbours))
    graph = snapshot.graph
    row = graph.instances[selection.instance]
    return Plan(
        operation,
        row.id,
        start.requested,
        start.required,
        start.associated,
        _describe(snapshot, members, nodes),
        _optional(snapshot, start, members),
        members.excluded,
        tuple(sorted(changes + neighbours)),
        tuple(sorted(graph.nodes[node].id for node in unchanged)),
        ancestor_checks(snapshot, start.closure.nodes) if include_start else (),
        views(snapshot, beyond, not_running=Sees.STARTS_AFTER),
        notices=(row.notice,) if row.notice else (),
        refusals=tuple(refusals),
        code=request.code,
        options=options,
    )


def _start_changes(
    snapshot: Snapshot, start: Start, mode: StartMode, *, force: bool
) -> tuple[list[NodeChange], list[int]]:
    if mode is StartMode.DRY_RUN:
        return dry_changes(snapshot, start), []
    if force:
        return forced_changes(snapshot, start), []
    return rerun_changes(snapshot, start)


def _members(snapshot: Snapshot, request: RerunDownstream | ForceRerunDownstream, start: Start) -> _Members:
    gate = Gate(snapshot)
    left_out: tuple[Collection[int], Collection[int]] = ((), ())
    """Fields, and nodes without fields, that would be members if nothing were held back."""
    start_nodes = start.selection.nodes if start.selection.entire else ()
    if request.scope is DownstreamScope.CUSTOM:
        found = _custom(snapshot, request.members, start, start_nodes, gate)
        if isinstance(found, Refusal):
            return _Members(closure(snapshot.graph.incidence, ()), Affected(), (), (), [found])
        reach, fields, nodes, required = found
    elif request.scope is DownstreamScope.ALL:
        reach = affected(snapshot, start.seeds, start_nodes, None if snapshot.actor.super_admin else gate.allows)
        fields, nodes = reach.fields, reach.bare
        required = reach.fields
        if gate.holds_back:
            full = affected(snapshot, start.seeds, start_nodes)
            for node in full.nodes.keys() - reach.nodes.keys():
                gate.allows(node)  # what is behind is named, too
            left_out = full.fields - fields, full.bare - nodes
    else:
        reach = affected(snapshot, start.seeds, start_nodes)
        wanted = {StatusClass.FAILED}
        if request.scope is DownstreamScope.FINAL:
            wanted.add(StatusClass.SUCCEEDED)
        wanted_fields = {f for f in reach.fields if snapshot.field_status(f) in wanted} - set(start.seeds)
        wanted_nodes = {n for n in reach.bare if snapshot.status_class(n) in wanted}
        fields, nodes = _permitted(snapshot, wanted_fields, wanted_nodes, gate)
        if gate.holds_back:
            held = {n for f in wanted_fields - fields for n in snapshot.graph.incidence.nodes_of[f]}
            held |= wanted_nodes - nodes
            beside = affected(snapshot, start.seeds, start_nodes, lambda node: node not in held)
            fields, nodes = fields & beside.fields, nodes & beside.bare
            left_out = wanted_fields - fields, wanted_nodes - nodes
        required = fields
    own = set(start.seeds)
    found_closure = closure(snapshot.graph.incidence, sorted(set(fields) - own), sorted(nodes))
    held_back = (*gate.forbidden.values(), *gate.forbidden_associated.values())
    refusals = []
    if held_back and not request.exclude_forbidden:
        code = RefusalCode.FORBIDDEN if gate.forbidden else RefusalCode.FORBIDDEN_ASSOCIATED
        message = f"you may not operate '{held_back[0].name}', which is downstream; confirm to leave it out"
        refusals.append(Refusal(code, message, held_back))
    excluded = (*held_back, *_along_with(snapshot, held_back, *left_out)) if request.exclude_forbidden else ()
    return _Members(found_closure, reach, required, excluded, refusals)


def _along_with(
    snapshot: Snapshot, held_back: Iterable[Item], fields: Collection[int], nodes: Collection[int]
) -> Iterable[Item]:
    """What is permitted and drops out nevertheless (D-27)."""
    graph = snapshot.graph
    named = {item.name for item in held_back}
    why = "reached only through, or written along with, what is left out"
    found = [Item(graph.fields[f].id, field_label(snapshot, f), "", why) for f in sorted(fields)]
    owners = dict.fromkeys(i for node in sorted(nodes) for i in graph.instances_of_node[node])
    found += [Item(graph.instances[i].id, graph.instances[i].name, "", why) for i in owners]
    return (item for item in found if item.name not in named)


def _permitted(snapshot: Snapshot, fields: set[int], nodes: set[int], gate: Gate) -> tuple[set[int], set[int]]:
    nodes_of = snapshot.graph.incidence.nodes_of
    allowed = {f for f in fields if all(gate.allows(n) for n in nodes_of[f])}
    return allowed, {n for n in nodes if gate.allows(n)}


def _custom(
    snapshot: Snapshot, targets: tuple[Target, ...], start: Start, start_nodes: Iterable[int], gate: Gate
) -> tuple[Affected, set[int], set[int], set[int]] | Refusal:
    """Members as they were chosen: their chosen fields, and of the chosen tables every field that depends directly on what is
    about to be rewritten (D-21)."""
    graph = snapshot.graph
    full = affected(snapshot, start.seeds, start_nodes)
    wider = affected(snapshot, start.closure.fields, start.closure.nodes)
    """Also what depends on fields that are only associated: optional, may be chosen."""
    dependent = set(closure(graph.incidence, sorted(full.fields | wider.fields)).fields)
    """With what is written along with them: a field that was shown as associated may be named, too."""
    chosen: set[int] = set()
    fields: set[int] = set()
    nodes: set[int] = set()
    for target in targets:
        selection = select(snapshot, target)
        if isinstance(selection, Refusal):
            return selection
        at = selection.instance
        chosen.add(at)
        if target.fields is not None:
            strange = [f for f in selection.fields if f not in dependent]
            if strange:
                items = tuple(
                    Item(graph.fields[f].id, field_label(snapshot, f), "", "not downstream of the start")
                    for f in strange
                )
                return Refusal(RefusalCode.NOT_FOUND, f"'{items[0].name}' does not depend on the start", items)
            fields.update(selection.fields)
            continue
        own = set(graph.fields_of_instance[at])
        depends = (own & full.fields) or (own & wider.fields)
        bare = {n for n in graph.nodes_of_instance[at] if n in full.bare or n in wider.bare}
        if not depends and not bare:
            row = graph.instances[at]
            items = (Item(row.id, row.name, "", "not downstream of the start"),)
            return Refusal(RefusalCode.NOT_FOUND, f"'{row.name}' does not depend on the start", items)
        fields |= depends
        nodes |= bare
    fields -= set(start.seeds)

    def is_chosen(node: int) -> bool:
        return any(instance in chosen for instance in graph.instances_of_node[node])

    within = affected(snapshot, (*start.seeds, *fields), (*start_nodes, *nodes), is_chosen)
    required = within.fields - set(start.seeds) - fields
    fields, nodes = _permitted(snapshot, fields | required, nodes | within.bare, gate)
    full.nodes = wider.nodes | full.nodes
    return full, fields, nodes, required & fields


def _active_refusals(snapshot: Snapshot, nodes: Iterable[int]) -> list[Refusal]:
    status = snapshot.status
    active = [node for node in nodes if status[node] in ACTIVE_STATUSES]
    if not active:
        return []
    items = status_items(snapshot, active, "in flight")
    message = f"'{items[0].name}' is {items[0].status}; leave it out, wait for it, or force the rerun"
    return [Refusal(RefusalCode.SCOPE_HAS_ACTIVE, message, items)]


def _describe(snapshot: Snapshot, members: _Members, nodes: Iterable[int]) -> tuple[PlannedMember, ...]:
    """Members by instance, by level and id."""
    graph, levels, paused = snapshot.graph, members.reach.nodes, snapshot.paused
    rows, every_field = graph.instances, graph.fields
    offsets, owners = graph.instances_of_node.offsets, graph.instances_of_node.targets
    by_instance: dict[int, list[int]] = {}
    alone: dict[int, int] = {}
    """Instances with one node so far, which most have: a list for each of a million scripts takes longer than all the rest."""
    for node in nodes:
        for instance in owners[offsets[node] : offsets[node + 1]]:
            if instance in by_instance:
                by_instance[instance].append(node)
            elif instance in alone:
                by_instance[instance] = [alone.pop(instance), node]
            else:
                alone[instance] = node
    fields: dict[int, list[int]] = {}
    for position in members.closure.fields:
        fields.setdefault(graph.field_instance[position], []).append(position)
    found = []
    for instance, node in alone.items():
        if instance in fields:
            by_instance[instance] = [node]
            continue
        row = rows[instance]
        is_paused = bool(paused) and node in paused
        found.append(PlannedMember(row.id, row.name, levels.get(node, 1), 1, (), (), is_paused))
    for instance, its_nodes in by_instance.items():
        row = rows[instance]
        its_fields = fields.get(instance, ())
        names = tuple(every_field[f].name for f in its_fields)
        required = tuple(every_field[f].name for f in its_fields if f in members.required)
        level = min((levels[n] for n in its_nodes if n in levels), default=1)
        is_paused = bool(paused) and any(n in paused for n in its_nodes)
        found.append(PlannedMember(row.id, row.name, level, len(its_nodes), names, required, is_paused))
    found.sort()  # by id; then, keeping that, by level
    found.sort(key=attrgetter("level"))
    return tuple(found)


def _optional(snapshot: Snapshot, start: Start, members: _Members) -> tuple[PlannedMember, ...]:
    """Instances that depend only on fields which are merely associated at the start: listed, and left out unless chosen."""
    if not start.associated:
        return ()
    graph = snapshot.graph
    wider = affected(snapshot, start.closure.fields, start.closure.nodes)
    taken = {i for n in members.closure.nodes for i in graph.instances_of_node[n]} | {start.selection.instance}
    reached = {i for n in members.reach.nodes if members.reach.nodes[n] for i in graph.instances_of_node[n]}
    found: dict[int, tuple[int, int]] = {}
    for node, level in wider.nodes.items():
        for instance in graph.instances_of_node[node]:
            if instance in taken or instance in reached:
                continue
            before = found.get(instance, (level, 0))
            found[instance] = (min(before[0], level), before[1] + 1)
    rows = graph.instances
    return tuple(
        PlannedMember(rows[i].id, rows[i].name, level, count)
        for i, (level, count) in sorted(found.items(), key=lambda kv: (kv[1][0], rows[kv[0]].id))
    )
