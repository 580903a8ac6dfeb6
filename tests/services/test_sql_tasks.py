"""SQL tasks from submission to result, on the real engine and warehouse."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from taskhouse.config import Config
from taskhouse.domain.catalogue import Project, TableName
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Instance, InstanceStatus, JobSpec, ResultKind, TaskSpec, TaskStatus
from taskhouse.domain.limits import Limits
from taskhouse.services import inspect_instances, stop_instance, submit_instance
from taskhouse.services.world import Caller, World
from taskhouse.wiring.server import Server

_numbers = itertools.count(1)
ADMIN = Caller("ALIYUN$admin", is_admin=True)


class Sql:
    def __init__(self, world: World, project: str) -> None:
        self.world = world
        self.project = project

    def submit(self, *texts: str, type: str = "SQL", settings: dict[str, str] | None = None) -> Instance:
        specs = tuple(TaskSpec(f"t{n}", type, text, settings or {}) for n, text in enumerate(texts))
        return submit_instance.submit(self.world, ADMIN, JobSpec(self.project, specs))

    def run(self, *texts: str, **more: Any) -> Instance:
        """The instance after its end."""
        instance = self.submit(*texts, **more)
        head = inspect_instances.wait_for_end(self.world, self.project, instance.id, 60)
        assert head is not None and head.status is InstanceStatus.TERMINATED
        return inspect_instances.get(self.world, ADMIN, self.project, instance.id)

    def ok(self, *texts: str, **more: Any) -> Instance:
        ended = self.run(*texts, **more)
        assert [t.status for t in ended.tasks] == [TaskStatus.SUCCESS] * len(ended.tasks), ended.tasks[0].result_text
        return ended

    def fails(self, text: str, **more: Any) -> str:
        ended = self.run(text, **more)
        assert ended.tasks[0].status is TaskStatus.FAILED
        return ended.tasks[0].result_text

    def rows(self, text: str, **more: Any) -> list[tuple[Any, ...]]:
        task = self.ok(text, **more).tasks[0]
        assert task.result_kind is ResultKind.ROWS
        with pa.OSFile(str(self.world.results / task.result_file)) as file:
            table = pa.ipc.open_file(file).read_all()
        assert table.num_rows == task.result_rows
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True)) if table.num_rows else []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("sql")
    made = Server(Config(home=folder / "home", limits=Limits(running_tasks=2), grace_s=0), socket=folder / "s")
    made.start()
    yield made
    made.close()


@pytest.fixture
def sql(server: Server) -> Sql:
    """A project of its own for each test."""
    name = f"p{next(_numbers)}"
    now = server.world.clock.now()
    server.world.catalogue.create_project(Project(name, ADMIN.user, "", now, now))
    return Sql(server.world, name)


def test_select(sql: Sql) -> None:
    ended = sql.ok("select 1 as a, 'x' as b;")
    task = ended.tasks[0]
    assert task.result_columns == (("a", "int"), ("b", "string")) and task.result_rows == 1
    assert [stage.percent for stage in task.stages] == [100] * len(task.stages) and task.stages
    assert all("_job_0" in stage.name for stage in task.stages)
    assert task.summary["statements"][0]["kind"] == "Query"


def test_insert_and_overwrite(sql: Sql) -> None:
    sql.ok("create table t (a bigint, b string)")
    ended = sql.ok("insert into t values (1, 'x'), (2, 'y')")
    assert ended.tasks[0].result_kind is ResultKind.NONE
    assert ended.tasks[0].summary["statements"][0]["tables"] == [{"name": f"{sql.project}.t", "rows": 2}]
    sql.ok("insert into table t select a + 10, b from t")
    assert sorted(sql.rows("select a, b from t")) == [(1, "x"), (2, "y"), (11, "x"), (12, "y")]
    sql.ok("insert overwrite table t select a, b from t where a = 11")
    assert sql.rows("select a, b from t") == [(11, "x")]
    table = sql.world.catalogue.table(TableName(sql.project, "default", "t"))
    assert table is not None and table.rows == 1


def test_partitions(sql: Sql) -> None:
    sql.ok("create table t (a bigint) partitioned by (ds string, hh string)")
    sql.ok("insert into t partition (ds='1', hh='a') values (1)")
    sql.ok("insert into t partition (ds='1', hh) select 2, 'b' union all select 3, 'c'")
    sql.ok("insert overwrite table t partition (ds='1', hh='a') values (9)")
    sql.ok("insert into t partition (ds='2', hh='empty') select 1 where false")
    assert sorted(sql.rows("select a, ds, hh from t where ds >= '1'")) == [(2, "1", "b"), (3, "1", "c"), (9, "1", "a")]
    table = sql.world.catalogue.table(TableName(sql.project, "default", "t"))
    assert table is not None
    made = {p.values: p.rows for p in sql.world.catalogue.all_partitions(table.id)}
    assert made == {("1", "a"): 1, ("1", "b"): 1, ("1", "c"): 1, ("2", "empty"): 0}


def test_create_table_as(sql: Sql) -> None:
    sql.ok("create table t as select 1 as a, 'x' as b")
    assert sql.rows("select * from t") == [(1, "x")]
    assert "already exists" in sql.fails("create table t as select 2 as a")
    sql.ok("create table if not exists t as select 2 as a")
    assert sql.rows("select * from t") == [(1, "x")]
    assert sql.fails("create table u as select a / 0 as q, cast(b as array<int>) as c from t")
    assert sql.world.catalogue.table(TableName(sql.project, "default", "u")) is None


def test_one_statement_writes_nothing_twice(sql: Sql) -> None:
    sql.ok("create table s (n bigint); insert into s values (1); create table flat (n bigint)")
    sql.ok("create table parts (n bigint) partitioned by (ds string)")
    assert "flat is written twice" in sql.fails("from s insert into flat select n insert overwrite table flat select n")
    twice = (
        "from s insert overwrite table parts partition (ds='1') select n insert into parts partition (ds) select n, '1'"
    )
    assert "partition (ds='1') is written twice" in sql.fails(twice)
    assert sql.rows("select * from flat") == sql.rows("select * from parts") == []
    sql.ok("from s insert into parts partition (ds='1') select n insert into parts partition (ds='2') select n")


def test_multi_insert(sql: Sql) -> None:
    sql.ok(
        "create table a (n bigint)", "create table b (n bigint)", "create table s as select 1L as n union all select 5L"
    )
    sql.ok("from s insert overwrite table a select n where n < 3 insert into table b select n where n >= 3")
    assert (sql.rows("select * from a"), sql.rows("select * from b")) == ([(1,)], [(5,)])


def test_several_statements_and_flags(sql: Sql) -> None:
    ended = sql.ok(
        "set odps.sql.timezone=Asia/Shanghai; create table t (a bigint); insert into t values (3); select a from t;"
    )
    assert ended.tasks[0].result_rows == 1 and ended.tasks[0].summary["time_zone"] == "Asia/Shanghai"
    names = [stage.name for stage in ended.tasks[0].stages]
    assert any(name.endswith("_job_0") for name in names) and any(name.endswith("_job_2") for name in names)
    assert len(names) == len(set(names))


def test_texts(sql: Sql) -> None:
    sql.ok("create table t (a bigint)")
    shown = sql.ok("show tables; desc t").tasks[0]
    assert shown.result_kind is ResultKind.TEXT
    assert ":t" in shown.result_text and "bigint" in shown.result_text
    assert sql.ok("explain select count(*) from t").tasks[0].result_text


def test_an_error_has_its_place_and_keeps_what_was_done(sql: Sql) -> None:
    text = sql.fails("create table t (a bigint);\nselect nope from t;")
    assert text.startswith("ODPS-0130071:[2,8]")
    assert sql.rows("select * from t") == []
    assert sql.fails("select * from nowhere").startswith("ODPS-0130131:[1,15]")


@pytest.mark.parametrize(
    ("text", "code"), [("selec 1", FaultCode.PARSE_ERROR), ("select 1 from", FaultCode.PARSE_ERROR)]
)
def test_what_does_not_parse_is_refused_at_once(sql: Sql, text: str, code: FaultCode) -> None:
    with pytest.raises(Fault) as refused:
        sql.submit(text)
    assert refused.value.code is code and refused.value.place is not None


def test_cost(sql: Sql) -> None:
    sql.ok("create table t as select 1L as a union all select 2L")
    document = json.loads(sql.ok("select a from t", type="SQLCost").tasks[0].result_text)
    assert document["Cost"]["SQL"]["Input"] >= 100
    assert document["Cost"]["SQL"]["UDF"] == 0
    empty = json.loads(sql.ok("select 1", type="SQLCost").tasks[0].result_text)
    assert empty["Cost"]["SQL"]["Input"] == 0


def test_merge(sql: Sql) -> None:
    sql.ok("create table t (a bigint)")
    for n in range(3):
        sql.ok(f"insert into t values ({n})")
    sql.ok(f"{sql.project}.t", type="Merge")
    table = sql.world.catalogue.table(TableName(sql.project, "default", "t"))
    assert table is not None and table.files == 1
    assert sorted(sql.rows("select a from t")) == [(0,), (1,), (2,)]
    with pytest.raises(Fault, match="one class of storage"):
        sql.submit("t", type="Merge", settings={"odps.merge.cold.storage.mode": "backup"})


LONG = "select count(*) from s a join s b on a.n <> b.n + 1 join s c on c.n <> b.n - 1 where a.n + b.n * c.n % 7 = 3"


@pytest.fixture
def big(sql: Sql) -> Sql:
    digits = "(values (0L), (1L), (2L), (3L), (4L), (5L), (6L), (7L), (8L), (9L)) d{0} (n{0})"
    every = " cross join ".join(digits.format(n) for n in range(4))
    sql.ok(f"create table s as select n0 + 10 * n1 + 100 * n2 + 1000 * n3 as n from {every}")
    return sql


def _wait_until_running(sql: Sql, instance: Instance) -> None:
    """Until the engine works on it: the stages come from its plan."""
    seen = threading.Event()
    while not seen.wait(0.01):
        control = sql.world.runs.find(instance.id)
        if control is not None and control.stages and control.stages[0].operator != "Query":
            return
        head = inspect_instances.head(sql.world, ADMIN, sql.project, instance.id)
        assert head.status is not InstanceStatus.TERMINATED


@pytest.mark.parametrize("kind", ["select", "insert"])
def test_stop_ends_a_running_statement(big: Sql, kind: str) -> None:
    big.ok(f"create table target_{kind} (n bigint)")
    text = LONG if kind == "select" else f"insert overwrite table target_{kind} {LONG}"
    instance = big.submit(text)
    _wait_until_running(big, instance)
    stop_instance.stop(big.world, ADMIN, big.project, instance.id)
    ended = inspect_instances.get(big.world, ADMIN, big.project, instance.id)
    assert ended.status is InstanceStatus.TERMINATED and ended.tasks[0].status is TaskStatus.CANCELLED
    assert big.rows(f"select count(*) from target_{kind}") == [(0,)]
    assert not list(big.world.results.glob(f"{instance.id}*"))


@pytest.mark.parametrize("value", ["a\\nb", "a\\001b", "a\x7fb", "x" * 256])
@pytest.mark.parametrize("form", ["partition (p='{}') values (1)", "partition (p) select 1, concat('{}', '')"])
def test_no_partition_is_written_that_cannot_be_named(sql: Sql, form: str, value: str) -> None:
    """A value that the catalogue refuses must not reach the table's log: the rows would be there and the task Failed."""
    name = f"named{next(_numbers)}"
    sql.ok(f"create table {name} (a bigint) partitioned by (p string)")
    sql.fails(f"insert into {name} {form.format(value)}")
    assert sql.rows(f"select count(*) from {name}") == [(0,)]
    table = sql.world.catalogue.table(TableName(sql.project, "default", name))
    assert table is not None and not sql.world.warehouse.snapshot(table).files
