"""everything.yaml: every kind of object from its file to its publication."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from taskhouse.domain.attempts import RetryPolicy
from taskhouse.domain.definition.metrics import Grain, PeriodUnit
from taskhouse.domain.definition.tables import Cost, DimensionKind, FactKind, FieldKind, JoinType, ReadPartition
from taskhouse.domain.definition.tasks import EndKind, Language, Upstream, WriteMode
from taskhouse.domain.definition.workspace import Workspace
from taskhouse.domain.dependency import Policy, Window
from taskhouse.domain.published import ProgramKind
from taskhouse.domain.recurring import Environment, Priority
from taskhouse.domain.schedule import LAST_DAY, Cycle, ScheduleType
from taskhouse.services.definitions.read_workspace import read_workspace
from tests.definitions.conftest import House
from tests.definitions.workspaces import BASE

FILES = {"base.yaml": BASE, "everything.yaml": Path(__file__).with_name("everything.yaml").read_text("utf-8")}


@pytest.fixture(scope="module")
def made() -> Workspace:
    read = read_workspace(FILES)
    assert read.findings.found == []
    return read.workspace


def test_dimension_tables(made: Workspace):
    item = made.dimensions["shop.dim_item"]
    assert [(each.name, each.kind, str(each.type), each.expression) for each in item.fields][:3] == [
        ("item_id", FieldKind.KEY, "bigint", "i.id"),
        ("price", FieldKind.ATTRIBUTE, "decimal(10,2)", "i.price"),
        ("brand", FieldKind.ATTRIBUTE, "string", "i.brand"),
    ]
    assert (item.event_time, item.latency_days) == ("changed_at", 3)
    assert (item.materialization.read, item.materialization.lifecycle_days) == (ReadPartition.MAX_PT, 30)
    [hierarchy] = item.hierarchies
    assert [(level.name, level.key) for level in hierarchy.levels] == [("maker", "maker"), ("brand", "brand")]
    assert item.settings.tags == ("core",) and item.settings.owners == ("alice",)
    state = made.dimensions["shop.dim_state"]
    assert state.kind is DimensionKind.ENUMERATION and state.rows == (("open", False, 1), ("it's", True, None))
    assert made.dimensions["shop.dim_channel"].kind is DimensionKind.VIRTUAL
    assert made.task("shop.dim_channel") is None


def test_fact_tables(made: Workspace):
    sale = made.facts["shop.sale"]
    assert sale.kind is FactKind.TRANSACTION and sale.where == "s.amount > 0" and sale.source.ready_at == 180
    assert [(join.source.table, join.source.alias, join.type) for join in sale.joins] == [
        ("shop.dim_item", "i", JoinType.LEFT),
        ("raw.extra", "e", JoinType.INNER),
    ]
    assert [(each.name, each.dimension, each.default) for each in sale.dimensions] == [
        ("item", "shop.dim_item", "-110"),
        ("channel", "shop.dim_channel", "unknown"),
        ("state", "shop.dim_state", "open"),
    ]
    assert [(each.name, each.cost) for each in sale.measures] == [("amount", Cost.NORMAL), ("score", Cost.HEAVY)]
    hourly = made.facts["shop.hourly"]
    assert (hourly.settings.schedule.cycle, hourly.settings.schedule.interval_min) == (Cycle.HOUR, 60)
    assert hourly.materialization.partitions == (("ds", "${bizdate}"), ("hh", "$[HH]"))
    assert made.facts["shop.stock"].kind is FactKind.PERIODIC_SNAPSHOT


def test_metrics(made: Workspace):
    week = made.derived["week"]
    assert (week.project, week.owner, week.priority, week.period) == ("raw", "rob", Priority.LOWEST, "this_week")
    assert made.periods["this_week"].unit is PeriodUnit.WEEK_TO_DATE and made.periods["3d"].days == 3
    assert made.derived["dear_3d"].filters == ("dear", "with_brand")
    channel = made.aggregates["shop.by_channel"]
    assert channel.grains == (Grain("shop.dim_channel"),) and channel.grains[0].column == "ch"
    assert [metric.name for metric in made.metrics(channel)] == ["dear_3d", "week", "ratio", "biggest"]
    both = made.aggregates["shop.by_both"]
    assert [grain.column for grain in both.grains] == ["channel", "state"]
    assert [metric.name for metric in made.metrics(both)] == ["both"]


def test_scripts_integration_tasks_and_virtual_nodes(made: Workspace):
    py, sh, sql = (made.scripts[id] for id in ("raw.py", "shop.sh", "shop.sql"))
    assert (py.language, py.parameters, py.outputs) == (Language.PYTHON, "day=$[yyyy-mm-dd]", ("raw.items",))
    assert py.settings.resource_group == "spark"
    schedule = sh.settings.schedule
    assert (schedule.cycle, schedule.month_days, schedule.type) == (Cycle.MONTH, {1, LAST_DAY}, ScheduleType.SKIP)
    assert sh.settings.priority is Priority.HIGHEST
    assert (sql.settings.schedule.type, sql.settings.schedule.months) == (ScheduleType.DRY_RUN, {1})
    assert sql.options == {"odps.sql.type.system.odps2": "true"}
    load, unload = made.integrations["raw.load"], made.integrations["shop.unload"]
    assert (load.source.kind, load.source.format, load.source.options) == (EndKind.FILE, "csv", {"delimiter": ";"})
    assert (load.target.name, load.target.partition, load.mode) == ("raw.sales", "ds=${bizdate}", WriteMode.OVERWRITE)
    assert (unload.target.url, unload.target.name, unload.mode) == ("connection:crm", "channels", WriteMode.APPEND)
    assert unload.columns == (("c", "ch"),)
    assert made.virtual_nodes["shop.done"].settings.dependencies == (
        Upstream("shop.by_channel"),
        Upstream("shop.by_item", fields=("left_now",)),
        Upstream("shop.sh", Window.PREVIOUS_N, Policy.FIRST, 3),
    )


def test_settings_that_nobody_gave(made: Workspace):
    settings = made.virtual_nodes["shop.landed"].settings
    assert settings.retry == RetryPolicy() and settings.priority is Priority.MIDDLE
    assert (settings.schedule.cycle, settings.schedule.at, settings.automatic) == (Cycle.DAY, time(0), True)


def test_it_is_published_in_both_environments(house: House):
    house.apply(FILES)
    tasks = house.published()
    assert len(tasks) == 17 and "shop.dim_channel" not in tasks
    kinds = {id: tasks[id].nodes[0].program.kind for id in ("raw.py", "shop.sh", "shop.sql", "raw.load", "shop.done")}
    assert list(kinds.values()) == [
        ProgramKind.PYTHON,
        ProgramKind.SHELL,
        ProgramKind.SQL,
        ProgramKind.TRANSFER,
        ProgramKind.VIRTUAL,
    ]
    ups = {dependency.up_task for dependency in tasks["shop.sale"].dependencies}
    assert ups == {"raw.load", "shop.landed", "shop.dim_item"}  # by target, by declared output, by source
    shared = [node.id for id in ("shop.left_half", "shop.right_half") for node in tasks[id].nodes]
    assert shared == ["shop.pair", "shop.own_b", "shop.pair"]
    metrics = {field.name: field for field in tasks["shop.by_channel"].fields}
    assert (metrics["week"].project, metrics["week"].owner, metrics["week"].priority) == ("raw", "rob", Priority.LOWEST)
    assert {"dim_item__maker", "dim_item__brand", "shared__pair", "by_channel"} <= set(house.tables("shop"))
    house.apply(FILES, Environment.DEV)
    assert set(house.published(Environment.DEV)) == {id for id in tasks if id.startswith("shop.")}
    assert house.apply(FILES).is_empty and house.apply(FILES, Environment.DEV).is_empty
