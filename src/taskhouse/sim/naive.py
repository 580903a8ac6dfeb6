"""The rules once more, as a reader of the specification would write them: dictionaries, sets and recursion, no index, no speed.

What the domain works out cleverly is held against this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from taskhouse.domain.operations.plan import Part, Plan
from taskhouse.domain.operations.request import ForceRerunCurrent, Request, Rerun, Target
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import CLASS_OF


def closure(writes: Mapping[str, Iterable[str]], selected: Iterable[str]) -> tuple[set[str], set[str]]:
    """Fields and nodes: as long as a node writes one of the fields, it and all its fields belong to it (D-17). `writes` maps nodes
    to the fields that they write."""
    fields, nodes = set(selected), set[str]()
    while True:
        more = {node for node, written in writes.items() if fields & set(written)}
        every = fields | {name for node in more for name in writes[node]}
        if (every, more) == (fields, nodes):
            return fields, nodes
        fields, nodes = every, more


def normalised(letters: Iterable[str]) -> str | None:
    """The five rules in their order, on letters N W R S F (D-12)."""
    every = set(letters)
    if not every:
        return None
    if "S" in every:
        return "S"
    if every == {"F"}:
        return "F"
    if "R" in every:
        return "R"
    return "W" if "W" in every else "N"


def incidence(snapshot: Snapshot) -> dict[str, list[str]]:
    graph = snapshot.graph
    return {
        str(graph.nodes[n].id): [str(graph.fields[f].id) for f in graph.incidence.fields_of[n]]
        for n in range(len(graph.nodes))
    }


def check_plan(request: Request, plan: Plan, snapshot: Snapshot) -> list[str]:
    """What is wrong with a plan that was accepted."""
    wrong = _check_legal(plan, snapshot)
    if isinstance(request, Rerun | ForceRerunCurrent):
        wrong += _check_closure(request.target, plan, snapshot)
    return wrong


def _check_closure(target: Target, plan: Plan, snapshot: Snapshot) -> list[str]:
    graph = snapshot.graph
    at = graph.instance_at[target.instance]
    writes = incidence(snapshot)
    mine = {graph.fields[f].name: str(graph.fields[f].id) for f in graph.fields_of_instance[at]}
    selected = [mine[name] for name in target.fields] if target.fields is not None else list(mine.values())
    required = [str(f.id) for f in plan.required]
    fields, nodes = closure(writes, [*selected, *required])
    if target.fields is None:
        nodes |= {str(graph.nodes[n].id) for n in graph.nodes_of_instance[at] if not writes[str(graph.nodes[n].id)]}
    planned = {str(c.node) for c in plan.changes if c.part is not Part.NEIGHBOUR} | {str(n) for n in plan.unchanged}
    shown = {str(f.id) for f in (*plan.requested, *plan.required, *plan.associated)}
    wrong = []
    if planned != nodes:
        wrong.append(f"{plan.operation.value} touches nodes {sorted(planned)}, the closure has {sorted(nodes)}")
    if shown != fields:
        wrong.append(f"{plan.operation.value} names fields {sorted(shown)}, the closure has {sorted(fields)}")
    return wrong


def _check_legal(plan: Plan, snapshot: Snapshot) -> list[str]:
    """Every change begins at what is; nobody twice; without force nothing in flight is touched but sent back."""
    graph, seen, wrong = snapshot.graph, set[int](), list[str]()
    for change in plan.changes:
        node = graph.node_at[change.node]
        label = graph.label(node)
        if change.node in seen:
            wrong.append(f"{plan.operation.value} changes {label} twice")
        seen.add(change.node)
        if (change.source, change.lock_version) != (snapshot.status[node], snapshot.lock_version[node]):
            wrong.append(f"{plan.operation.value} was decided on another state of {label}")
    return wrong


def check_statuses(snapshot: Snapshot, fields: Iterable[int]) -> list[str]:
    """The normalised statuses of fields, by position."""
    wrong = []
    for field in fields:
        nodes = snapshot.graph.incidence.nodes_of[field]
        letters = [CLASS_OF[snapshot.status[n]].value for n in nodes]
        found = snapshot.field_status(field)
        if (found.value if found is not None else None) != normalised(letters):
            wrong.append(f"field {snapshot.graph.fields[field].name} of {letters} is shown as {found}")
    return wrong
