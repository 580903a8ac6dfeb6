"""From stored rows to the instance graph: fields, what writes them, and which field is computed from which."""

from __future__ import annotations

from collections.abc import Iterator

from taskhouse.domain.instance_graph import FieldRow, InstanceGraph
from taskhouse.domain.published import PublishedTask
from taskhouse.ports.recurring_store import GraphRows, InstanceRecord


def graph_of(rows: GraphRows) -> InstanceGraph:
    """Positions are in the order of the rows: instance k is `rows.instances[k]`, node k is `rows.nodes[k]`."""
    return InstanceGraph(
        [record.row for record in rows.instances],
        [record.row for record in rows.nodes],
        rows.links,
        _fields(rows),
        _incidence(rows),
        rows.edges,
        set(_lineage(rows)),
    )


def _version(rows: GraphRows, record: InstanceRecord) -> PublishedTask:
    return rows.versions[record.row.task, record.version]


def _fields(rows: GraphRows) -> Iterator[FieldRow]:
    for record in rows.instances:
        for at, own in enumerate(_version(rows, record).fields):
            yield FieldRow(
                record.first_field + at, record.row.id, own.name, own.role, own.project, own.owner, own.priority
            )


class _Names:
    """Positions of fields, and what each node writes, once for each version of a task."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[dict[str, int], dict[str, tuple[str, ...]]]] = {}

    def of(self, task: PublishedTask) -> tuple[dict[str, int], dict[str, tuple[str, ...]]]:
        found = self._known.get(id(task))
        if found is None:
            places = {own.name: at for at, own in enumerate(task.fields)}
            found = places, {node.id: (*node.values, *node.keys) for node in task.nodes}
            self._known[id(task)] = found
        return found


def _incidence(rows: GraphRows) -> Iterator[tuple[int, int]]:
    names = _Names()
    records = {record.row.id: record for record in rows.instances}
    node_ids = {record.row.id: record.node_id for record in rows.nodes}
    for instance, node in rows.links:
        record = records[instance]
        task = _version(rows, record)
        if task.fields:
            places, written = names.of(task)
            for name in written.get(node_ids[node], ()):
                if name in places:
                    yield record.first_field + places[name], node


def _lineage(rows: GraphRows) -> Iterator[tuple[int, int]]:
    """Along edges, and inside a table: the pairs of fields of which the definition says that one is computed from the other."""
    names = _Names()
    records = {record.row.id: record for record in rows.instances}
    of_node: dict[int, list[InstanceRecord]] = {}
    for instance, node in rows.links:
        if _version(rows, records[instance]).fields:
            of_node.setdefault(node, []).append(records[instance])
    node_ids = {record.row.id: record.node_id for record in rows.nodes}
    for record in rows.instances:
        task = _version(rows, record)
        places, _ = names.of(task)
        for at, own in enumerate(task.fields):
            for up_task, up_field in own.sources:
                if up_task == task.id and up_field in places:
                    yield record.first_field + at, record.first_field + places[up_field]
    for edge in rows.edges:
        if edge.up is None:
            continue
        ups = {record.row.task: record for record in of_node.get(edge.up, ())}
        for down in of_node.get(edge.down, ()) if ups else ():
            task = _version(rows, down)
            places, written = names.of(task)
            for name in written.get(node_ids[edge.down], ()):
                for up_task, up_field in task.fields[places[name]].sources if name in places else ():
                    up = ups.get(up_task)
                    if up is not None and up.row.id != down.row.id:
                        up_places, _ = names.of(_version(rows, up))
                        if up_field in up_places:
                            yield down.first_field + places[name], up.first_field + up_places[up_field]
