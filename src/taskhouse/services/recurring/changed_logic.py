"""Which fields' logic changed since their data was made, worked out for the tables that a decision asks about (D-21).

A table whose instances were generated with the present version has nothing to tell, which is nearly all of them; the store is asked
only for the others, one query for each instance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from taskhouse.domain.field_logic import FieldLogic, changed_fields
from taskhouse.domain.instance_graph import InstanceGraph
from taskhouse.domain.published import PublishedField, PublishedTask
from taskhouse.domain.recurring import Environment
from taskhouse.ports.recurring_store import InstanceRecord, NodeRecord, RecurringStore


class ChangedFields(Mapping[int, str]):
    """Position of a field -> why it is required."""

    def __init__(
        self,
        store: RecurringStore,
        environment: Environment,
        graph: InstanceGraph,
        records: Sequence[InstanceRecord],
        node_records: Sequence[NodeRecord],
        versions: Mapping[tuple[str, int], PublishedTask],
    ) -> None:
        self._store = store
        self._environment = environment
        self._graph = graph
        self._records = records
        self._node_records = node_records
        self._versions = dict(versions)
        self._current: dict[str, PublishedTask | None] = {}
        self._found: dict[int, Mapping[int, str]] = {}

    def __bool__(self) -> bool:
        return True  # unknown before somebody asks for a field

    def __getitem__(self, field: int) -> str:
        return self._of_instance(self._graph.field_instance[field])[field]

    def __iter__(self) -> Iterator[int]:
        for instance in range(len(self._records)):
            yield from self._of_instance(instance)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _of_instance(self, instance: int) -> Mapping[int, str]:
        found = self._found.get(instance)
        if found is None:
            found = self._found[instance] = self._work_out(instance)
        return found

    def _work_out(self, instance: int) -> Mapping[int, str]:
        record, graph = self._records[instance], self._graph
        task = record.row.task
        if task not in self._current:
            self._current[task] = self._store.current(self._environment, [task]).get(task)
        current = self._current[task]
        if current is None or current.version == record.version:
            return {}
        ids = [graph.nodes[node].id for node in graph.nodes_of_instance[instance]]
        ran = self._store.ran_versions(self._environment, ids)
        if not ran:
            return {}
        now = {own.name: own for own in current.fields}
        logic, key_changed = [], False
        for position in graph.fields_of_instance[instance]:
            name = graph.fields[position].name
            versions = [ran[graph.nodes[n].id] for n in graph.incidence.nodes_of[position] if graph.nodes[n].id in ran]
            if name not in now or not versions:
                continue
            before = self._task(task, min(versions))
            then = next((own for own in before.fields if own.name == name), None) if before else None
            key_changed |= before is not None and before.key_logic != current.key_logic
            logic.append(_logic(now[name], then))
        places = {graph.fields[f].name: f for f in graph.fields_of_instance[instance]}
        return {places[name]: why for name, why in changed_fields(logic, key_changed=key_changed).items()}

    def _task(self, task: str, version: int) -> PublishedTask | None:
        found = self._versions.get((task, version))
        if found is None:
            found = self._store.task_version(self._environment, task, version)
            if found is not None:
                self._versions[task, version] = found
        return found


def _logic(now: PublishedField, then: PublishedField | None) -> FieldLogic:
    return FieldLogic(now.name, now.logic, then.logic if then else "", now.parts, then.parts if then else {})
