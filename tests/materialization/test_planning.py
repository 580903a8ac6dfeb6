"""From definitions to published tasks: nodes, what they read, dependencies, versions, environments, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from taskhouse.domain.catalogue import Column, Table, TableKind, TableName
from taskhouse.domain.datatypes import parse_type
from taskhouse.domain.dependency import DependencySource, Policy, Window
from taskhouse.domain.generation import generate
from taskhouse.domain.published import ProgramKind
from taskhouse.domain.recurring import EdgeKind, Environment, Role
from taskhouse.services.definitions.read_workspace import read_workspace
from taskhouse.services.materialization.planning import materialize
from tests.materialization.workspaces import ORDERS, code, folder, node, planned, tasks, with_defaults

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ORDERS = with_defaults(ORDERS)


def test_the_fixture_has_the_nodes_and_edges_of_the_rules() -> None:
    made = materialize(read_workspace(folder("examples/om-fixture")).workspace, Environment.PROD, {})
    published = tasks(made)
    generated = generate(date(2026, 3, 2), [task.blueprint() for task in made.tasks], UTC)
    assert (len(generated.instances), len(generated.nodes)) == (6, 10)
    edges = {
        (
            edge.up.node.removeprefix("shop.") if edge.up else "root",
            edge.down.node.removeprefix("shop."),
            *(f for _, f in edge.via),
        )
        for edge in generated.edges
    }
    assert edges == {
        ("root", "S0"), ("S0", "B"), ("S0", "C"), ("S0", "D"), ("B", "P", "t1"), ("D", "Q", "t4"), ("C", "V", "t3"),
        ("D", "Y", "t4"), ("P", "X", "m1"), ("V", "Z", "m3"),
    }  # fmt: skip
    fields = {field.name: field.role for field in published["shop.A"].fields}
    assert fields == {"id": Role.KEY} | dict.fromkeys(("t1", "t2", "t3", "t4"), Role.VALUE)
    assert {each.id: each.keys for each in published["shop.A"].nodes} == dict.fromkeys(
        ("shop.B", "shop.C", "shop.D"), ("id",)
    )


def test_what_a_node_reads_and_who_it_waits_for() -> None:
    made = planned(ORDERS)
    published = tasks(made)
    one_day = node(made, "shop.sales_orders_1d")
    assert one_day.reads == {"shop.orders": frozenset({"item_id", "amount", "pieces", "is_paid"})}
    assert one_day.values == ("amount_1d", "paid_1d", "price_1d", "share_paid")
    assert node(made, "shop.sales_calculated").inner == ("shop.sales_orders_1d", "shop.sales_orders_7d")
    assert node(made, "shop.order_who").reads == {}
    waits = {
        (d.up_task, d.window, d.policy, d.n, d.down_fields, d.source) for d in published["shop.sales"].dependencies
    }
    auto = DependencySource.AUTO
    assert waits == {
        ("shop.orders", Window.THIS, Policy.ALL, 1, (), auto),
        ("shop.orders", Window.PREVIOUS_N, Policy.ALL, 6, ("amount_7d",), auto),
        ("shop.sales", Window.PREVIOUS, Policy.PREVIOUS, 1, ("amount_all",), auto),
    }


def test_a_metric_of_several_days_waits_for_the_days_before() -> None:
    blueprints = [task.blueprint() for task in planned(ORDERS).tasks]
    days = [date(2026, 3, 2), date(2026, 3, 3)]
    first = generate(days[0], blueprints, UTC)
    earlier = {instance.key.task: [instance] for instance in first.instances}
    second = generate(days[1], blueprints, UTC, earlier=lambda task, day: earlier[task] if day == days[0] else ())
    crossing = {
        (e.kind, e.up.node, e.down.node, *(f for _, f in e.via))
        for e in second.edges
        if e.up and e.up.bizdate == date(2026, 3, 1)
    }
    assert crossing == {
        (EdgeKind.CROSS, "shop.order_who", "shop.sales_orders_7d", "item_id"),
        (EdgeKind.CROSS, "shop.order_what", "shop.sales_orders_7d", "amount"),
        (EdgeKind.SELF, "shop.sales_orders_all", "shop.sales_orders_all", "amount_all"),
    }


def test_code_takes_each_field_from_the_node_that_generation_chooses() -> None:
    """Of the copies of a redundant field the one that brings the fewest others; edge and code agree."""
    made = planned(ORDERS)
    generated = generate(date(2026, 3, 2), [task.blueprint() for task in made.tasks], UTC)
    tables = {each.id: each.table for task in made.tasks for each in task.nodes}
    for edge in generated.edges:
        if edge.up is not None and edge.kind is not EdgeKind.ROOT:
            assert tables[edge.up.node] in code(made, edge.down.node), (edge.up.node, edge.down.node)


def test_lineage_of_fields_reaches_through_joins_filters_and_parts() -> None:
    metrics = {field.name: field for field in tasks(planned(ORDERS))["shop.sales"].fields}
    assert set(metrics["paid_1d"].sources) == {("shop.orders", name) for name in ("amount", "is_paid", "item_id")}
    assert set(metrics["price_1d"].parts) == {"atomic:unit_price", "atomic:amount", "atomic:pieces"}
    assert set(metrics["paid_1d"].parts) == {"atomic:amount", "filter:paid"}
    assert metrics["trend"].sources == (("shop.sales", "amount_1d"), ("shop.sales", "amount_7d"))


def test_logic_changes_with_what_a_field_is_made_of_and_with_nothing_else() -> None:
    before = {field.name: field for field in tasks(planned(ORDERS))["shop.sales"].fields}
    other = ORDERS.replace("condition: is_paid", "condition: is_paid AND pieces > 0").replace(
        "name: sales", "name: sales\n    label: Sales"
    )
    after = {field.name: field for field in tasks(planned(other))["shop.sales"].fields}
    assert {name for name in before if before[name].parts != after[name].parts} == {"paid_1d"}
    assert {name for name in before if before[name].logic != after[name].logic} == set()
    item = ORDERS.replace("{name: name, type: STRING}", "{name: name, type: STRING, expression: UPPER(i.name)}")
    changed = tasks(planned(item))["shop.item"]
    assert [
        now.name
        for now, was in zip(changed.fields, tasks(planned(ORDERS))["shop.item"].fields, strict=True)
        if now.logic != was.logic
    ] == ["name"]
    assert changed.key_logic == tasks(planned(ORDERS))["shop.item"].key_logic
    moved = tasks(planned(ORDERS.replace("raw.items", "raw.items2")))["shop.item"]
    assert moved.key_logic != changed.key_logic


def test_the_same_workspace_is_planned_the_same() -> None:
    first = planned(ORDERS)
    again = planned(ORDERS, previous=tasks(first))
    assert again.tasks == first.tasks
    assert (again.tables, again.views, again.rebuilt) == (first.tables, first.views, {})


def test_a_changed_type_builds_all_tables_anew_under_the_next_version() -> None:
    first = tasks(planned(ORDERS))
    made = planned(
        ORDERS.replace(
            "{name: amount, type: DOUBLE}\n      - {name: pieces",
            '{name: amount, type: "DECIMAL(18,2)"}\n      - {name: pieces',
        ),
        previous=first,
    )
    assert {id: [change.text for change in found] for id, found in made.rebuilt.items()} == {
        "shop.orders": ["amount: the type of a field changes"]
    }
    published = tasks(made)
    assert published["shop.orders"].strategy == 2
    assert [each.table for each in published["shop.orders"].nodes] == [
        "shop.orders__order_who__v2", "shop.orders__order_what__v2", "shop.orders__order_state__v2",
    ]  # fmt: skip
    assert published["shop.sales"].strategy == 1
    assert "shop.orders__order_what__v2" in code(made, "shop.sales_orders_1d")


def test_a_field_added_keeps_the_tables() -> None:
    first = tasks(planned(ORDERS))
    text = ORDERS.replace("- {name: price,", "- {name: colour, type: STRING}\n      - {name: price,")
    made = planned(text, previous=first)
    assert tasks(made)["shop.item"].strategy == 1
    assert not made.rebuilt


def test_a_table_of_other_types_under_the_name_is_left_alone() -> None:
    """As after a field was dropped and came back with another type: versions know the last publication only."""
    columns = (Column("item_id", parse_type("bigint")), Column("name", parse_type("bigint")))
    old = Table("t1", TableName("shop", "default", "item__main"), TableKind.MANAGED, columns, "ann", NOW, NOW, NOW, partition_columns=(Column("ds", parse_type("string")),))  # fmt: skip
    made = planned(ORDERS, tables={"shop.item__main": old})
    assert tasks(made)["shop.item"].nodes[0].table == "shop.item__main__v2"


def test_development_has_twins_and_reads_production_of_basic_projects() -> None:
    text = (
        ORDERS
        + "scripts:\n  - {name: tell, type: SQL, code: \"SELECT shop.sales.amount_1d FROM shop.sales WHERE ds = MAX_PT('shop.sales__orders_1d')\"}\n"
    )
    raw = "defaults: {project: raw, owner: ann}\nscripts:\n  - {name: land, type: SQL, code: \"INSERT OVERWRITE TABLE raw.items SELECT 1, 'a', 2\"}\n"
    prod = planned(text, raw)
    made = planned(text, raw, environment=Environment.DEV, production=tasks(prod))
    published = tasks(made)
    assert "raw.land" not in published
    assert published["shop.item"].dependencies == ()
    assert [d.up_task for d in tasks(prod)["shop.item"].dependencies] == ["raw.land"]
    assert published["shop.item"].nodes[0].table == "shop_dev.item__main"
    assert "FROM raw.items i" in code(made, "shop.item_main")
    assert published["shop.tell"].nodes[0].program.code == (
        "SELECT shop.sales.amount_1d FROM shop_dev.sales WHERE ds = MAX_PT('shop_dev.sales__orders_1d')"
    ).replace("SELECT shop.", "SELECT shop_dev.")
    assert published["shop.tell"].nodes[0].reads == {
        "shop.sales": frozenset({"amount_1d", "paid_1d", "price_1d", "share_paid"})
    }


SHARED = """
fact_tables:
  - name: clicks
    source: {table: raw.visits, alias: v, where: "v.ds = '${bizdate}'"}
    keys: [{name: visit_id, type: BIGINT, expression: v.id}]
    measures: [{name: clicks, type: BIGINT}, {name: seconds, type: BIGINT}]
    materialization: {mode: CUSTOM, nodes: [{name: visit, fields: [clicks], shared: true}, {name: stay, fields: [seconds]}]}
  - name: buys
    source: {table: raw.visits, alias: v, where: "v.ds = '${bizdate}'"}
    keys: [{name: visit_id, type: BIGINT, expression: v.id}]
    measures: [{name: spent, type: DOUBLE}]
    materialization: {mode: CUSTOM, nodes: [{name: visit, fields: [spent], shared: true}]}
"""


def test_tables_share_a_node_with_one_program_and_one_version() -> None:
    made = planned(with_defaults(SHARED))
    published = tasks(made)
    nodes = [next(each for each in published[id].nodes if each.name == "visit") for id in ("shop.buys", "shop.clicks")]
    assert nodes[0].program == nodes[1].program
    assert [each.values for each in nodes] == [("spent",), ("clicks",)]
    assert "(visit_id, spent, clicks)" in nodes[0].program.code
    (spec,) = [spec for spec in made.tables if spec.table == "shared__visit"]
    assert {column for column, _, _ in spec.columns} == {"visit_id", "spent", "clicks"}
    changed = planned(
        with_defaults(SHARED.replace("{name: spent, type: DOUBLE}", "{name: spent, type: BIGINT}")), previous=published
    )
    assert {id: tasks(changed)[id].strategy for id in ("shop.buys", "shop.clicks")} == {
        "shop.buys": 2,
        "shop.clicks": 2,
    }
    assert tasks(changed)["shop.clicks"].nodes[1].table == "shop.clicks__stay__v2"


REFUSED = {
    "another source": (
        SHARED.replace("measures: [{name: spent", "where: v.id > 5\n    measures: [{name: spent"),
        "node 'visit' is shared with 'shop.buys', which has another key, source, join, condition or partition",
    ),
    "another expression": (
        SHARED.replace("{name: spent, type: DOUBLE}", "{name: clicks, type: BIGINT, expression: v.other}").replace("[spent]", "[clicks]"),
        "field 'clicks' has another expression in 'shop.clicks' than in 'shop.buys'",
    ),
    "a node with the name of a task": (
        SHARED + "  - name: plain\n    source: {table: raw.visits, alias: v}\n    measures: [{name: spent, type: DOUBLE}]\n"
        "scripts: [{name: plain_main, type: SHELL, code: ls}]\n",
        "node 'plain_main' of 'shop.plain' has the name of 'shop.plain_main'",
    ),
    "late data by months": (
        SHARED.replace(
            "{mode: CUSTOM, nodes: [{name: visit, fields: [spent], shared: true}]}",
            '{partitions: {m: "${yyyymm}"}}\n    event_time: at\n    latency_days: 3\n    attributes: [{name: at, type: DATETIME}]',
        ).replace("fields: [clicks], shared: true", "fields: [clicks]"),
        "data latency needs a table partitioned by day",
    ),
    "SQL that writes into another project": (
        'scripts: [{name: s, type: SQL, code: "INSERT INTO raw.visits SELECT 1 FROM raw.other"}]\n',
        "'raw.visits' is a table of another project; a task writes tables of its own project",
    ),
    "outputs of another project": (
        "scripts: [{name: s, type: SHELL, code: ls, outputs: raw.visits}]\n",
        "'raw.visits' is a table of another project; a task writes tables of its own project",
    ),
    "a transfer into another project": (
        "integration_tasks: [{name: i, source: {kind: FILE, path: a.csv}, target: {kind: TABLE, table: raw.visits}}]\n",
        "'raw.visits' is a table of another project; a task writes tables of its own project",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_by_name(case: str) -> None:
    text, message = REFUSED[case]
    made = planned(with_defaults(text))
    assert any(message in problem.message for problem in made.problems), made.problems


def test_late_data_rewrites_the_days_of_its_window() -> None:
    late = SHARED.replace(
        "{mode: CUSTOM, nodes: [{name: visit, fields: [spent], shared: true}]}",
        "{}\n    event_time: at\n    latency_days: 3\n    attributes: [{name: at, type: DATETIME}]",
    ).replace("fields: [clicks], shared: true", "fields: [clicks]")
    made = planned(with_defaults(late))
    assert tasks(made)["shop.buys"].latency_days == 3
    text = code(made, "shop.buys_main")
    days = ("${yyyymmdd-2}", "${yyyymmdd-1}", "${bizdate}")
    assert text.count("INSERT OVERWRITE TABLE shop.buys__main") == 3
    assert all(f"PARTITION (ds = '{day}')" in text and f"(TO_CHAR(v.at, 'yyyymmdd') = '{day}')" in text for day in days)


def test_scripts_integrations_and_virtual_nodes_have_one_node() -> None:
    raw = """
defaults: {project: raw, owner: ann}
scripts:
  - {name: py, type: PYTHON, code: "print(1)", outputs: raw.items, parameters: {day: "${bizdate}"}}
integration_tasks:
  - name: fetch
    source: {kind: FILE, path: "in.csv"}
    target: {kind: TABLE, table: raw.orders_day, partition: "ds=${bizdate}"}
virtual_nodes:
  - {name: knot, dependencies: [raw.py]}
"""
    made = planned(ORDERS, raw)
    published = tasks(made)
    kinds = {id: published[id].nodes[0].program.kind for id in ("raw.py", "raw.fetch", "raw.knot")}
    assert kinds == {"raw.py": ProgramKind.PYTHON, "raw.fetch": ProgramKind.TRANSFER, "raw.knot": ProgramKind.VIRTUAL}
    assert [d.up_task for d in published["shop.item"].dependencies] == ["raw.py"]
    assert [d.up_task for d in published["shop.orders"].dependencies] == ["raw.fetch"]
    assert published["raw.py"].nodes[0].reads is None
    assert published["raw.py"].nodes[0].program.parameters == "day=${bizdate}"


def test_a_script_reads_the_columns_that_its_sql_names() -> None:
    text = (
        ORDERS
        + """
scripts:
  - {name: some, type: SQL, code: "SELECT s.amount_1d FROM shop.sales s WHERE s.ds = '${bizdate}'"}
  - {name: every, type: SQL, code: "SELECT * FROM shop.sales"}
  - {name: counted, type: SQL, code: "SELECT COUNT(*) FROM shop.sales"}
"""
    )
    made = planned(text)
    assert node(made, "shop.some").reads == {"shop.sales": frozenset({"amount_1d"})}
    assert node(made, "shop.every").reads == {
        "shop.sales": frozenset(field.name for field in tasks(made)["shop.sales"].fields)
    }
    assert node(made, "shop.counted").reads == {"shop.sales": frozenset()}


def test_tables_of_nodes_and_of_levels_stand_for_their_logical_table() -> None:
    text = ORDERS.replace(
        '      - {name: price, type: "DECIMAL(10,2)"}',
        '      - {name: price, type: "DECIMAL(10,2)"}\n    hierarchies: [{name: names, levels: [{name: named, key: name}]}]',
    )
    text += """
scripts:
  - {name: node, type: SQL, code: "SELECT * FROM shop.orders__order_who"}
  - {name: level, type: SQL, code: "SELECT * FROM shop.item__named"}
"""
    made = planned(text)
    assert node(made, "shop.node").reads == {"shop.orders": frozenset({"item_id"})}
    assert node(made, "shop.level").reads == {"shop.item": frozenset()}
    assert [d.up_task for d in tasks(made)["shop.level"].dependencies] == ["shop.item"]


def test_dependencies_may_be_ignored_or_set_by_hand() -> None:
    ignored = ORDERS.replace("name: sales\n", "name: sales\n    ignored_dependencies: [shop.orders]\n")
    assert [d.up_task for d in tasks(planned(ignored))["shop.sales"].dependencies] == ["shop.sales"]
    by_hand = ORDERS.replace(
        "name: sales\n", "name: sales\n    auto_dependencies: false\n    dependencies: [shop.item]\n"
    )
    found = tasks(planned(by_hand))["shop.sales"].dependencies
    assert [(d.up_task, d.source) for d in found] == [("shop.item", DependencySource.MANUAL)]


def test_code_may_name_what_the_system_gives_each_attempt() -> None:
    text = (
        ORDERS
        + """
scripts:
  - name: counted
    type: SQL
    code: SELECT '${unit}', '${nodeid}', '${taskid}', '${bizdate}', amount FROM ${project}.orders
"""
    )
    made = planned(text)
    assert node(made, "shop.counted").reads == {"shop.orders": frozenset({"amount"})}
    assert [each.up_task for each in tasks(made)["shop.counted"].dependencies] == ["shop.orders"]


def test_an_hourly_task_that_depends_on_itself_waits_for_its_instance_before() -> None:
    text = (
        ORDERS
        + """
scripts:
  - name: hourly
    type: SQL
    code: SELECT 1
    schedule: {cycle: HOUR, hours: [0, 6, 12]}
    dependencies: [{task: shop.hourly, cycle: PREVIOUS_CYCLE}]
"""
    )
    hourly = tasks(planned(text))["shop.hourly"].blueprint()
    earlier = generate(date(2026, 3, 1), [hourly], UTC)
    made = generate(date(2026, 3, 2), [hourly], UTC, earlier=lambda task, day: earlier.instances)
    waits = {edge.down.due_at: edge.up and edge.up.due_at for edge in made.edges}
    first, second, third = (instance.due_at for instance in made.instances)
    assert waits == {first: max(each.due_at for each in earlier.instances), second: first, third: second}


def test_a_hierarchy_has_views_of_its_levels() -> None:
    text = ORDERS.replace(
        '      - {name: price, type: "DECIMAL(10,2)"}',
        '      - {name: price, type: "DECIMAL(10,2)"}\n      - {name: kind, type: STRING}\n'
        "    hierarchies:\n      - name: kinds\n        levels: [{name: kind, key: kind}, {name: priced, key: price, attributes: [name]}]",
    )
    views = {view.full_name: view.query for view in planned(text).views}
    assert views["shop.item__kind"] == "SELECT DISTINCT kind, ds FROM shop.item WHERE kind IS NOT NULL"
    assert views["shop.item__priced"] == "SELECT DISTINCT price, name, kind, ds FROM shop.item WHERE price IS NOT NULL"


def test_an_earlier_strategy_is_kept_as_the_version_of_the_next_plan() -> None:
    first = tasks(planned(ORDERS))
    first["shop.item"] = replace(first["shop.item"], strategy=4)
    assert tasks(planned(ORDERS, previous=first))["shop.item"].nodes[0].table == "shop.item__main__v4"
