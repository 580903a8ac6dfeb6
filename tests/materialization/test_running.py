"""What materialization writes runs: on the real engine and warehouse, for every kind of table, period and reading; and deploying is idempotent."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pytest

from taskhouse.config import Config
from taskhouse.domain.calendar import bizdate_text
from taskhouse.domain.catalogue import Project, Table, TableName
from taskhouse.domain.faults import Fault
from taskhouse.domain.instance import InstanceStatus, JobSpec, TaskSpec, TaskStatus
from taskhouse.domain.limits import Limits
from taskhouse.domain.parameters import Parameters
from taskhouse.domain.published import ProgramKind, PublishedTask
from taskhouse.domain.recurring import Environment
from taskhouse.services import inspect_instances, submit_instance
from taskhouse.services.catalogue.projects import DEFAULT_PROPERTIES
from taskhouse.services.definitions.read_workspace import read_workspace
from taskhouse.services.materialization import Materialized, deploy, materialize
from taskhouse.services.world import Caller
from taskhouse.wiring.server import Server

ADMIN = Caller("ALIYUN$admin", is_admin=True)
DAY = date(2024, 5, 15)
"""A Wednesday in the middle of a month and of a quarter."""
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("materialization")
    made = Server(Config(home=folder / "home", limits=Limits(running_tasks=2), grace_s=0), socket=folder / "s")
    made.start()
    yield made
    made.close()


@dataclass
class House:
    """One workspace in projects of its own: names in texts get the test's number."""

    server: Server
    number: int
    published: dict[str, PublishedTask] = field(default_factory=dict)

    def name(self, text: str) -> str:
        return re.sub(r"\b(shop|raw)\b", rf"\g<1>{self.number}", text)

    def sql(self, text: str, *, project: str = "raw") -> list[tuple[Any, ...]]:
        world = self.server.world
        spec = JobSpec(self.name(project), (TaskSpec("t", "SQL", self.name(text)),))
        instance = submit_instance.submit(world, ADMIN, spec)
        head = inspect_instances.wait_for_end(world, self.name(project), instance.id, 60)
        assert head is not None and head.status is InstanceStatus.TERMINATED
        (task,) = inspect_instances.get(world, ADMIN, self.name(project), instance.id).tasks
        assert task.status is TaskStatus.SUCCESS, (task.result_text, self.name(text))
        if not task.result_file:
            return []
        with pa.OSFile(str(world.results / task.result_file)) as file:
            table = pa.ipc.open_file(file).read_all()
        return sorted(zip(*(column.to_pylist() for column in table.columns), strict=True), key=repr)

    def plan(self, text: str) -> Materialized:
        head = "tenant: {name: t}\nprojects:\n  - {name: shop, owner: ann}\n  - {name: raw, owner: ann}\ndefaults: {project: shop, owner: ann}\n"
        read = read_workspace({"w.yaml": self.name(head + text)})
        assert read.is_good, [str(finding) for finding in read.findings.found]
        made = materialize(read.workspace, Environment.PROD, self.published, self.server.world.catalogue.table)
        assert not made.problems, made.problems
        return made

    def publish(self, text: str) -> list[str]:
        """The statements that deploying took."""
        made = self.plan(text)
        done = deploy(self.server.world, made, ADMIN)
        self.published = {task.id: task for task in made.tasks}
        return done

    def run(self, day: date = DAY) -> None:
        """All nodes of all tasks for a data timestamp, after what they read."""
        nodes = {node.id: node for task in self.published.values() for node in task.nodes}
        upstream: dict[str, set[str]] = {}
        for task in self.published.values():
            for node in task.nodes:
                ups = {other.id for id in node.reads or {} for other in self.published[id].nodes}
                upstream.setdefault(node.id, set()).update(ups, node.inner)
        while upstream:
            ready = [id for id, ups in upstream.items() if not ups & upstream.keys()]
            assert ready, upstream
            for id in ready:
                del upstream[id]
                program = nodes[id].program
                if program.kind is ProgramKind.SQL:
                    due = datetime.combine(day + timedelta(days=1), time())
                    self.sql(Parameters(day, due).substitute(program.code), project=program.project)

    def run_alone(self, *tasks: str) -> None:
        """The nodes of these tasks, in the order of their inner reading."""
        for task in tasks:
            for node in sorted(self.published[self.name(task)].nodes, key=lambda each: len(each.inner)):
                due = datetime.combine(DAY + timedelta(days=1), time())
                self.sql(Parameters(DAY, due).substitute(node.program.code), project=node.program.project)

    def rows(self, table: str, day: date = DAY, columns: str = "*") -> list[tuple[Any, ...]]:
        return self.sql(f"SELECT {columns} FROM {table} WHERE ds = '{bizdate_text(day)}'")

    def table(self, name: str) -> Table:
        project, _, table = self.name(name).partition(".")
        found = self.server.world.catalogue.table(TableName(project, "default", table))
        assert found is not None, name
        return found


@pytest.fixture
def house(server: Server) -> House:
    made = House(server, next(_numbers))
    now = server.world.clock.now()
    for project in ("shop", "raw"):
        server.world.catalogue.create_project(
            Project(made.name(project), ADMIN.user, "", now, now, properties=dict(DEFAULT_PROPERTIES))
        )
    return made


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


SALES = """
dimension_tables:
  - name: item
    source: {table: raw.items, alias: i}
    key: {name: item, type: STRING}
    attributes:
      - {name: kind, type: STRING}
      - {name: price, type: "DECIMAL(10,2)", cost: HEAVY}
    hierarchies: [{name: kinds, levels: [{name: kind, key: kind}]}]
    materialization: {read: MAX_PT}
  - name: shop_day
    kind: ENUMERATION
    key: {name: weekday, type: BIGINT}
    attributes: [{name: "day_name", type: STRING}]
    rows: [{weekday: 0, day_name: "Monday's"}, {weekday: 1, day_name: null}]
fact_tables:
  - name: sale
    source: {table: raw.sales, alias: s, where: "s.ds = '${bizdate}'"}
    joins:
      - {table: shop.item, alias: it, on: it.item = s.item}
      - {table: raw.vat, alias: v, on: v.country = s.country, where: "v.rate > 0"}
    where: s.pieces > 0
    keys:
      - {name: number, type: BIGINT}
      - {name: line, type: BIGINT}
    dimensions:
      - {name: item, type: STRING, dimension: shop.item}
      - {name: weekday, type: BIGINT, dimension: shop.shop_day, default: "-1", expression: "WEEKDAY(TO_DATE(s.ds, 'yyyymmdd'))"}
    measures:
      - {name: pieces, type: BIGINT}
      - {name: amount, type: DOUBLE, expression: s.pieces * it.price}
      - {name: tax, type: DOUBLE, expression: "s.pieces * it.price * COALESCE(v.rate, 0)"}
    materialization:
      mode: CUSTOM
      nodes:
        - {name: sale_what, fields: [item, weekday, pieces]}
        - {name: sale_money, fields: [amount, tax, pieces]}
  - name: visit
    source: {table: raw.sales, alias: s, where: "s.ds = '${bizdate}'"}
    measures: [{name: pieces, type: BIGINT}]
atomic_metrics:
  - {name: pieces, table: shop.sale, type: BIGINT, expression: SUM(pieces)}
  - {name: money, table: shop.sale, type: DOUBLE, expression: SUM(amount + tax)}
  - {name: items, table: shop.item, type: BIGINT, expression: COUNT(item)}
  - {name: dearest, table: shop.item, type: "DECIMAL(10,2)", expression: MAX(price)}
business_filters: [{name: many, table: shop.sale, condition: pieces > 1}]
statistical_periods: [{name: 3d, days: 3}]
derived_metrics:
  - {name: pieces_1d, atomic: pieces, period: 1d, granularity: [shop.item]}
  - {name: pieces_3d, atomic: pieces, period: 3d, granularity: [shop.item]}
  - {name: pieces_wtd, atomic: pieces, period: wtd, granularity: [shop.item]}
  - {name: pieces_mtd, atomic: pieces, period: mtd, granularity: [shop.item]}
  - {name: pieces_qtd, atomic: pieces, period: qtd, granularity: [shop.item]}
  - {name: pieces_ytd, atomic: pieces, period: ytd, granularity: [shop.item]}
  - {name: pieces_all, atomic: pieces, period: all, granularity: [shop.item]}
  - {name: money_1d, atomic: money, filters: many, period: 1d, granularity: [shop.item]}
  - {name: price_1d, atomic: dearest, period: 1d, granularity: [shop.item]}
  - {name: both_1d, atomic: pieces, period: 1d, granularity: [shop.item, shop.shop_day]}
aggregate_tables:
  - name: by_item
    granularity: [shop.item]
    metrics:
      - {name: many_share, type: DOUBLE, expression: "COALESCE(money_1d, 0) / pieces_1d"}
      - {name: trend, type: DOUBLE, expression: pieces_1d / pieces_3d}
      - {name: largest, type: BIGINT, source: shop.sale, where: weekday >= 0, expression: MAX(pieces)}
  - name: by_item_and_day
    granularity: [shop.item, shop.shop_day]
"""


@pytest.fixture
def sales(house: House) -> House:
    house.sql(
        "CREATE TABLE items AS SELECT * FROM VALUES ('a', 'x', 2.5), ('b', 'x', 1), ('c', 'y', 4) t(item, kind, price)"
    )
    house.sql("CREATE TABLE vat AS SELECT * FROM VALUES ('de', 0.5), ('xx', -1.0) t(country, rate)")
    house.sql(
        "CREATE TABLE sales (number BIGINT, line BIGINT, item STRING, pieces BIGINT, country STRING) PARTITIONED BY (ds STRING)"
    )
    return house


def sell(house: House, day: date, *rows: str) -> None:
    house.sql(f"INSERT OVERWRITE TABLE sales PARTITION (ds = '{bizdate_text(day)}') VALUES {', '.join(rows)}")


def test_every_kind_of_table_runs_and_joins_to_a_view(sales: House) -> None:
    sell(
        sales,
        DAY,
        "(1, 1, 'a', 2, 'de')",
        "(1, 2, 'b', 1, 'de')",
        "(2, 1, 'a', 3, 'at')",
        "(3, 1, null, 5, 'xx')",
        "(4, 1, 'c', 0, 'de')",
    )
    sales.publish(SALES)
    sales.run()
    assert sales.rows("shop.item", columns="item, kind, CAST(price AS DOUBLE)") == [
        ("a", "x", 2.5),
        ("b", "x", 1.0),
        ("c", "y", 4.0),
    ]
    assert sales.rows("shop.item__kind", columns="kind") == [("x",), ("y",)]
    assert sales.rows("shop.shop_day", columns="weekday, day_name") == [(0, "Monday's"), (1, None)]
    assert sales.rows("shop.sale", columns="number, line, item, weekday, pieces, amount, tax") == [
        (1, 1, "a", 2, 2, 5.0, 2.5), (1, 2, "b", 2, 1, 1.0, 0.5), (2, 1, "a", 2, 3, 7.5, 0.0), (3, 1, "-110", 2, 5, None, None),
    ]  # fmt: skip
    assert len(sales.rows("shop.visit")) == 5
    metrics = "item, pieces_1d, money_1d, CAST(price_1d AS DOUBLE), many_share, largest"
    assert sales.rows("shop.by_item", columns=metrics) == [
        ("-110", 5, None, None, 0.0, 5), ("a", 5, 15.0, 2.5, 3.0, 3), ("b", 1, None, 1.0, 0.0, 1), ("c", None, None, 4.0, None, None),
    ]  # fmt: skip
    assert sales.rows("shop.by_item_and_day", columns="item, weekday, both_1d") == [
        ("-110", 2, 5),
        ("a", 2, 5),
        ("b", 2, 1),
    ]


def test_periods_take_the_days_that_they_name(sales: House) -> None:
    """A piece a day from the year before on: each metric is the number of its days."""
    sales.publish(SALES)
    first = date(2023, 12, 30)
    sales.sql(
        "INSERT OVERWRITE TABLE sales PARTITION (ds) SELECT 1, 1, 'a', 1, 'de', ds FROM VALUES "
        + ", ".join(f"('{bizdate_text(day)}')" for day in days(first, DAY))
        + " t(ds)"
    )
    sales.sql(
        "INSERT OVERWRITE TABLE shop.sale__sale_what PARTITION (ds) (number, line, item, pieces, ds) SELECT 1, 1, 'a', 1, ds FROM sales"
    )
    sales.sql(
        "INSERT OVERWRITE TABLE shop.sale__sale_money PARTITION (ds) (number, line, pieces, ds) SELECT 1, 1, 1, ds FROM sales"
    )
    sales.run()
    expected = {
        "pieces_1d": 1, "pieces_3d": 3, "pieces_wtd": 3, "pieces_mtd": 15, "pieces_qtd": 45,
        "pieces_ytd": len(days(date(2024, 1, 1), DAY)), "pieces_all": len(days(first, DAY)), "trend": 1 / 3,
    }  # fmt: skip
    (row,) = [row for row in sales.rows("shop.by_item", columns=f"item, {', '.join(expected)}") if row[0] == "a"]
    assert dict(zip(expected, row[1:], strict=True)) == pytest.approx(expected)


def test_a_node_alone_shows_what_it_knows(sales: House) -> None:
    """Before the others have run, and when it ran again on other rows, the view has all that there is."""
    sell(sales, DAY, "(1, 1, 'a', 2, 'de')")
    sales.publish(SALES)
    sales.run()
    sell(sales, DAY, "(1, 1, 'a', 4, 'de')", "(9, 1, 'b', 6, 'de')")
    task = sales.published[sales.name("shop.sale")]
    (money,) = [node for node in task.nodes if node.name == "sale_money"]
    sales.sql(Parameters(DAY, datetime(2024, 5, 16)).substitute(money.program.code), project="shop")
    assert sales.rows("shop.sale", columns="number, item, amount") == [(1, "a", 10.0), (9, None, 6.0)]


LATE = """
fact_tables:
  - name: event
    source: {table: raw.events, alias: e, where: "e.ds >= '${yyyymmdd-2}' AND e.ds <= '${bizdate}'"}
    keys: [{name: id, type: BIGINT}]
    measures: [{name: worth, type: BIGINT}]
    attributes: [{name: happened, type: DATETIME}]
    event_time: happened
    latency_days: 3
"""


def test_late_events_find_their_day(house: House) -> None:
    house.sql("CREATE TABLE events (id BIGINT, worth BIGINT, happened DATETIME) PARTITIONED BY (ds STRING)")
    house.publish(LATE)
    day_before = DAY - timedelta(days=1)

    def arrive(day: date, *rows: str) -> None:
        house.sql(f"INSERT OVERWRITE TABLE events PARTITION (ds = '{bizdate_text(day)}') VALUES {', '.join(rows)}")

    arrive(day_before, "(1, 10, datetime '2024-05-14 09:00:00')")
    house.run(day_before)
    arrive(
        DAY,
        "(2, 20, datetime '2024-05-15 09:00:00')",
        "(3, 30, datetime '2024-05-14 23:00:00')",
        "(4, 40, datetime '2024-05-01 00:00:00')",
    )
    house.run(DAY)
    assert house.rows("shop.event", DAY, "id, worth") == [(2, 20)]
    assert house.rows("shop.event", day_before, "id, worth") == [(1, 10), (3, 30)]
    assert house.rows("shop.event", DAY - timedelta(days=2)) == []


def test_deploying_again_does_nothing_and_changes_are_added(sales: House) -> None:
    assert len(sales.publish(SALES)) > 10
    assert sales.publish(SALES) == []
    wider = SALES.replace(
        "- {name: kind, type: STRING}",
        "- {name: kind, type: STRING, label: Kind}\n      - {name: colour, type: STRING, expression: \"'red'\"}",
    )
    wider = wider.replace("materialization: {read: MAX_PT}", "materialization: {read: MAX_PT, lifecycle_days: 30}")
    done = sales.publish(wider)
    assert [text.split("\n")[0].replace(str(sales.number), "") for text in done if "VIEW" not in text] == [
        "ALTER TABLE shop.item__main ADD COLUMNS (colour STRING)",
        "ALTER TABLE shop.item__main CHANGE COLUMN kind COMMENT 'Kind'",
        "ALTER TABLE shop.item__main SET LIFECYCLE 30",
        "ALTER TABLE shop.item__heavy SET LIFECYCLE 30",
    ]
    sales.run()
    assert sales.rows("shop.item", columns="item, colour")[0] == ("a", "red")
    dropped = SALES.replace("      - {name: kind, type: STRING}\n", "").replace(
        "    hierarchies: [{name: kinds, levels: [{name: kind, key: kind}]}]\n", ""
    )
    sales.publish(dropped)
    assert {column.name for column in sales.table("shop.item__main").columns} == {"item", "kind", "colour"}
    assert [column.name for column in sales.table("shop.item").columns] == ["item", "price", "ds"]


def test_a_rebuilt_table_leaves_the_old_one_and_is_read_instead(sales: House) -> None:
    sales.publish(SALES)
    sell(sales, DAY, "(1, 1, 'a', 2, 'de')")
    sales.run()
    sales.publish(
        SALES.replace(
            "{name: pieces, type: BIGINT}\n      - {name: amount", "{name: pieces, type: DOUBLE}\n      - {name: amount"
        )
    )
    assert sales.published[sales.name("shop.sale")].strategy == 2
    assert str(sales.table("shop.sale__sale_what").columns[-1].type) == "bigint"
    assert sales.rows("shop.sale") == []
    sales.run()
    assert sales.rows("shop.sale", columns="pieces") == [(2.0,)]
    assert sales.rows("shop.by_item", columns="item, pieces_1d")[0] == ("a", 2)


def test_a_table_where_the_view_must_be_is_told(sales: House) -> None:
    sales.sql("CREATE TABLE by_item (x BIGINT)", project="shop")
    with pytest.raises(Fault, match="by_item is a table and cannot be replaced"):
        sales.publish(SALES)


HOURLY = """
fact_tables:
  - name: tick
    schedule: {cycle: HOUR, hours: [0, 12]}
    source: {table: raw.ticks, alias: t, where: "t.ds = '${bizdate}' AND t.hh = '$[hh24]'"}
    keys: [{name: id, type: BIGINT}]
    dimensions: [{name: sort, type: STRING, dimension: shop.sort}]
    measures: [{name: worth, type: BIGINT}]
    materialization:
      mode: CUSTOM
      partitions: {ds: "${bizdate}", hh: "$[hh24]"}
      nodes: [{name: tick_sort, fields: [sort]}, {name: tick_worth, fields: [worth]}]
dimension_tables:
  - {name: sort, kind: VIRTUAL, key: {name: sort, type: STRING}}
  - name: last_seen
    source: {table: raw.seen, alias: before}
    joins: [{table: shop.tick, alias: k, on: k.id = before.id, where: "k.ds = '${bizdate}' AND k.hh = '12'"}]
    key: {name: id, type: BIGINT, expression: before.id}
    attributes: [{name: seen, type: BIGINT, expression: "before.seen + COALESCE(k.worth, 0)"}]
atomic_metrics: [{name: worth, table: shop.tick, type: BIGINT, expression: SUM(worth)}]
derived_metrics:
  - {name: worth_1d, atomic: worth, period: 1d, granularity: [shop.sort]}
  - {name: worth_7d, atomic: worth, period: 7d, granularity: [shop.sort]}
aggregate_tables:
  - {name: by_sort, granularity: [shop.sort]}
"""


def test_all_hours_of_a_day_are_read_unless_the_reader_chooses_one(house: House) -> None:
    house.sql("CREATE TABLE ticks (id BIGINT, sort STRING, worth BIGINT) PARTITIONED BY (ds STRING, hh STRING)")
    before = DAY - timedelta(days=1)
    for day, hour, rows in (
        (before, "12", "(1, 'a', 1)"),
        (DAY, "00", "(1, 'a', 10), (2, 'b', 20)"),
        (DAY, "12", "(1, 'a', 100)"),
    ):
        house.sql(f"INSERT OVERWRITE TABLE ticks PARTITION (ds = '{bizdate_text(day)}', hh = '{hour}') VALUES {rows}")
    house.sql("CREATE TABLE seen AS SELECT * FROM VALUES (1, 5), (2, 6) t(id, seen)")
    house.publish(HOURLY)
    ticks = house.published[house.name("shop.tick")]
    for day, hour in ((before, 12), (DAY, 0), (DAY, 12)):
        due = datetime.combine(day + timedelta(days=1), time(hour))
        for node in ticks.nodes:
            house.sql(Parameters(day, due).substitute(node.program.code), project="shop")
    del house.published[ticks.id]
    house.run_alone("shop.by_sort", "shop.last_seen")
    assert house.sql("SELECT id, sort, worth, ds, hh FROM shop.tick")[0] == (1, "a", 1, bizdate_text(before), "12")
    assert house.rows("shop.by_sort", columns="sort, worth_1d, worth_7d") == [("a", 110, 111), ("b", 20, 20)]
    assert house.rows("shop.last_seen", columns="id, seen") == [(1, 105), (2, 6)]


def test_lifecycles_come_and_go(sales: House) -> None:
    def with_days(days: str) -> str:
        return SALES.replace("materialization: {read: MAX_PT}", f"materialization: {{read: MAX_PT{days}}}")

    words = []
    for days in ("", ", lifecycle_days: 30", ", lifecycle_days: 7", "", "", ", lifecycle_days: 7"):
        done = sales.publish(with_days(days))
        words.append([" ".join(text.split()[3:]) for text in done if "item__main" in text and "LIFECYCLE" in text])
    assert words == [
        [], ["SET LIFECYCLE 30"], ["SET LIFECYCLE 7"], ["DISABLE LIFECYCLE"], [], ["SET LIFECYCLE 7", "ENABLE LIFECYCLE"],
    ]  # fmt: skip
    assert sales.publish(with_days(", lifecycle_days: 7")) == []
