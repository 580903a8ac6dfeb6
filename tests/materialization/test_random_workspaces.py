"""Random workspaces: whatever is declared, every node reads exactly the tables of the nodes that it waits for, and its code writes its fields."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime

import pytest

from taskhouse.domain.catalogue import TableName
from taskhouse.domain.generation import generate
from taskhouse.domain.materialization.layout import Layout
from taskhouse.domain.materialization.versions import changes
from taskhouse.domain.parameters import Parameters
from taskhouse.domain.recurring import EdgeKind
from taskhouse.services.materialization.shapes import layout_of
from taskhouse.sql.lineage import script_lineage
from tests.materialization.workspaces import planned, tasks, with_defaults

DAY = date(2026, 3, 2)


class Writer:
    """Dimensions over raw tables and one another, facts over them, metrics over both; nodes by hand or by rules."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.fields: dict[str, list[str]] = {}
        self.lines: list[str] = []

    def workspace(self) -> str:
        r = self.random
        dimensions = [f"dim{n}" for n in range(r.randint(1, 4))]
        self.lines = ["dimension_tables:"]
        for name in dimensions:
            self.table(name, key="key", section="attributes")
        self.lines.append("fact_tables:")
        facts = [f"fact{n}" for n in range(r.randint(1, 3))]
        for name in facts:
            self.table(name, key="keys", section="measures", reference=f"shop.{dimensions[0]}")
        self.metrics(facts, dimensions[0])
        return with_defaults("\n".join(self.lines) + "\n")

    def table(self, name: str, *, key: str, section: str, reference: str = "") -> None:
        r = self.random
        logical = [other for other in self.fields if other.startswith("dim")]
        source = r.choice([f"raw.{name}_source", *(f"shop.{other}" for other in logical)])
        lines = [f"  - name: {name}", f"    source: {{table: {source}, alias: s}}"]
        inputs = {"s": source}
        if logical and r.random() < 0.6:
            joined = r.choice(logical)
            lines.append(
                f"    joins: [{{table: shop.{joined}, alias: j, on: j.id = s.id, type: {r.choice(['LEFT', 'INNER'])}}}]"
            )
            inputs["j"] = f"shop.{joined}"
        if r.random() < 0.3:
            lines.append(f"    where: {self.column(inputs)} IS NOT NULL")
        id_field = "{name: id, type: STRING, expression: s.id}"
        lines.append(f"    key: {id_field}" if key == "key" else f"    keys: [{id_field}]")
        if reference:
            lines.append(f"    dimensions: [{{name: ref, type: STRING, dimension: {reference}, expression: s.id}}]")
        fields = [f"f{n}" for n in range(r.randint(1, 6))]
        lines.append(f"    {section}:")
        for field in fields:
            expression = " || ".join(self.column(inputs) for _ in range(r.randint(1, 2)))
            cost = ", cost: HEAVY" if r.random() < 0.2 else ""
            lines.append(f'      - {{name: {field}, type: STRING, expression: "{expression}"{cost}}}')
        every = [*(["ref"] if reference else []), *fields]
        lines.append(f"    materialization: {self.materialization(name, every)}")
        self.fields[name] = every
        self.lines += lines

    def column(self, inputs: dict[str, str]) -> str:
        alias = self.random.choice([*inputs])
        _, _, table = inputs[alias].partition(".")
        known = [field for field in self.fields.get(table, []) if field != "ref"]
        return f"{alias}.{self.random.choice([*known, 'id'])}" if known else f"{alias}.c{self.random.randint(0, 3)}"

    def materialization(self, name: str, fields: list[str]) -> str:
        r = self.random
        if r.random() < 0.4:
            return "{max_fields: 3}"
        nodes: dict[int, set[str]] = {}
        for field in fields:
            for _ in range(r.choice([1, 1, 2])):
                nodes.setdefault(r.randint(0, 2), set()).add(field)
        wishes = [f"{{name: {name}_n{n}, fields: [{', '.join(sorted(held))}]}}" for n, held in sorted(nodes.items())]
        return f"{{mode: CUSTOM, nodes: [{', '.join(wishes)}]}}"

    def metrics(self, facts: list[str], dimension: str) -> None:
        r = self.random
        grain = f"granularity: [shop.{dimension}]"
        atomics, derived, filters = ["atomic_metrics:"], ["derived_metrics:"], ["business_filters:"]
        names = []
        for n in range(r.randint(2, 6)):
            table = r.choice([*facts, dimension])
            fields = [field for field in self.fields[table] if field != "ref"]
            atomics.append(
                f"  - {{name: a{n}, table: shop.{table}, type: BIGINT, expression: COUNT({r.choice([*fields, 'id'])})}}"
            )
            filters.append(f"  - {{name: b{n}, table: shop.{table}, condition: {r.choice(fields)} IS NOT NULL}}")
            chosen = f", filters: b{n}" if r.random() < 0.4 else ""
            period = r.choice(["1d", "1d", "7d", "mtd", "all"])
            derived.append(f"  - {{name: m{n}, atomic: a{n}, period: {period}{chosen}, {grain}}}")
            names.append(f"m{n}")
        self.lines += [*atomics, *filters, *derived, "aggregate_tables:", f"  - name: agg\n    {grain}"]
        if r.random() < 0.6:
            one, two = r.sample(names, 2)
            self.lines.append(f"    metrics: [{{name: ratio, type: DOUBLE, expression: {one} / {two}}}]")
            names.append("ratio")
        self.lines.append(f"    materialization: {self.materialization('agg', names)}")


@pytest.mark.parametrize("seed", range(60))
def test_a_node_reads_what_it_waits_for(seed: int) -> None:
    text = Writer(seed).workspace()
    made = planned(text)
    published = tasks(made)
    assert planned(text).tasks == made.tasks
    blueprints = [task.blueprint() for task in made.tasks]
    generated = generate(DAY, blueprints, UTC)
    nodes = {node.id: node for task in made.tasks for node in task.nodes}
    waits: dict[str, set[str]] = {id: set() for id in nodes}
    for edge in generated.edges:
        if edge.up is not None and edge.kind in (EdgeKind.SAME, EdgeKind.INTERNAL):
            waits[edge.down.node].add(nodes[edge.up.node].table)
    parameters = Parameters(date(2026, 3, 1), datetime(2026, 3, 2))
    physical = {node.table for node in nodes.values()}
    for id, node in nodes.items():
        (statement,) = script_lineage(parameters.substitute(node.program.code), node.program.project).statements
        assert statement.writes is not None
        assert f"{statement.writes.project}.{statement.writes.name}" == node.table
        assert {column.name for column in statement.columns} == {*node.keys, *node.values}
        read = {f"{table.project}.{table.name}" for table in statement.reads}
        assert read & physical == waits[id], (id, node.program.code)
    _views_hold_every_field(made, published)


def _views_hold_every_field(made, published) -> None:
    types = {
        spec.full_name: {column for column, _, _ in spec.columns} | {c for c, _ in spec.partitions}
        for spec in made.tables
    }

    def columns_of(table: TableName) -> list[str]:
        return sorted(types[f"{table.project}.{table.name}"])

    for task in published.values():
        (view,) = [view for view in made.views if view.full_name == task.view]
        (statement,) = script_lineage(view.query, view.project, columns_of).statements
        assert {column.name for column in statement.columns} == {*(field.name for field in task.fields), "ds"}
        assert all(column.sources for column in statement.columns)


@pytest.mark.parametrize("seed", range(30))
def test_versions_follow_from_layouts(seed: int) -> None:
    """Publishing another random workspace over one: a table keeps its version exactly if nothing that rebuilds changed."""
    before = tasks(planned(Writer(seed).workspace()))
    after = tasks(planned(Writer(seed + 1_000).workspace(), previous=before))
    for id, task in after.items():
        if id in before:
            old, new = layout_of(before[id]), layout_of(task)
            rebuilds = any(
                change.rebuilds for change in changes(old, Layout(new.nodes, new.keys, new.types, new.partitions))
            )
            assert task.strategy == 1 + rebuilds
            assert all(("__v2" in node.table) == rebuilds for node in task.nodes)
