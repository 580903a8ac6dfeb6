"""A server that dies at each step of a write: the next one finds out what happened and tells the truth.

The death is simulated at exact points (a verb of a port that never returns); tests/crash kills real processes at random ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from taskhouse.config import Config
from taskhouse.domain.catalogue import TableName
from taskhouse.domain.instance import Instance, JobSpec, TaskSpec
from taskhouse.services import inspect_instances, run_instance, submit_instance
from taskhouse.services.world import Caller, World
from taskhouse.wiring.server import Server

ADMIN = Caller("ALIYUN$admin", is_admin=True)


class Death(BaseException):
    """What is left of a process that was killed."""


class Dying:
    """A port of which one verb never returns: it dies before or after it did its work."""

    def __init__(self, port: Any, verb: str, *, after: bool, skip: int = 0) -> None:
        self._port, self._verb, self._after, self._skip = port, verb, after, skip

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._port, name)
        if name != self._verb:
            return real

        def call(*args: Any, **kwargs: Any) -> Any:
            if self._skip > 0:
                self._skip -= 1
                return real(*args, **kwargs)
            if self._after:
                real(*args, **kwargs)
            raise Death(name)

        return call


class House:
    """One home through several lives of its server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = self.start()

    def start(self) -> Server:
        server = Server(Config(home=self.folder / "home", grace_s=0), socket=self.folder / "s")
        server.start()
        return server

    def restart(self) -> None:
        self.server.close()
        self.server = self.start()

    @property
    def world(self) -> World:
        return self.server.world

    def run(self, text: str, world: World | None = None) -> Instance:
        """Submit and run here, without the dispatcher: nobody is told that there is work."""
        used = replace(world or self.world, events=type(self.world.events)())
        instance = submit_instance.submit(used, ADMIN, JobSpec("taskhouse", (TaskSpec("t", "SQL", text),)))
        attempt = used.instances.claim(instance.id, used.clock.now())
        assert attempt is not None
        try:
            run_instance.run(used, attempt)
        except Death:
            assert world is not None
        return inspect_instances.get(self.world, ADMIN, "taskhouse", instance.id)

    def dies(self, text: str, port: str, verb: str, *, after: bool, skip: int = 0) -> Instance:
        """Run with a world that dies, then restart the server; the instance after that."""
        dying = replace(self.world, **{port: Dying(getattr(self.world, port), verb, after=after, skip=skip)})
        instance = self.run(text, dying)
        assert instance.tasks[0].status.value == "Running"
        self.restart()
        return inspect_instances.get(self.world, ADMIN, "taskhouse", instance.id)

    def count(self, table: str) -> int:
        found = self.world.catalogue.table(TableName("taskhouse", "default", table))
        assert found is not None
        rows = self.world.warehouse.snapshot(found).rows
        known = self.world.catalogue.totals(found.id)
        assert known.rows == rows
        return rows

    def partitions(self, table: str) -> dict[tuple[str, ...], int]:
        """Rows of each partition that the catalogue knows."""
        found = self.world.catalogue.table(TableName("taskhouse", "default", table))
        assert found is not None
        return {partition.values: partition.rows for partition in self.world.catalogue.all_partitions(found.id)}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    made.run("create table t (a bigint)")
    made.run("create table u (a bigint)")
    made.run("create table p (a bigint) partitioned by (ds string)")
    made.run("insert into t values (1)")
    yield made
    made.server.close()


INSERT = "insert into t values (2), (3)"

BEFORE_THE_COMMIT: list[tuple[str, str, bool]] = [
    ("engine", "write", False),
    ("engine", "write", True),
    ("instances", "begin_commit", False),
    ("instances", "begin_commit", True),
    ("warehouse", "commit", False),
]
AFTER_THE_COMMIT: list[tuple[str, str, bool]] = [
    ("warehouse", "commit", True),
    ("catalogue", "record_commit", False),
    ("catalogue", "record_commit", True),
    ("instances", "record_outcome", False),
]


@pytest.mark.parametrize(("port", "verb", "after"), BEFORE_THE_COMMIT)
def test_a_write_cut_off_before_its_commit_never_happened(house: House, port: str, verb: str, after: bool) -> None:
    ended = house.dies(INSERT, port, verb, after=after)
    assert ended.status.value == "Terminated" and ended.tasks[0].status.value == "Failed"
    assert "the server stopped while the task ran" in ended.tasks[0].result_text
    assert house.count("t") == 1


@pytest.mark.parametrize(("port", "verb", "after"), AFTER_THE_COMMIT)
def test_a_write_cut_off_after_its_commit_happened(house: House, port: str, verb: str, after: bool) -> None:
    ended = house.dies(INSERT, port, verb, after=after)
    assert ended.status.value == "Terminated" and ended.tasks[0].status.value == "Success"
    assert ended.tasks[0].summary["statements"]
    assert house.count("t") == 3


@pytest.mark.parametrize(("port", "verb", "after"), AFTER_THE_COMMIT)
def test_partitions_are_known_after_a_cut_off_write(house: House, port: str, verb: str, after: bool) -> None:
    ended = house.dies("insert overwrite table p partition (ds) values (1L, 'a'), (2L, 'b')", port, verb, after=after)
    assert ended.tasks[0].status.value == "Success"
    assert house.count("p") == 2


@pytest.mark.parametrize(("verb", "port"), [("commit", "warehouse"), ("record_commit", "catalogue")])
def test_several_targets_are_finished_together(house: House, verb: str, port: str) -> None:
    """Dead after the first of two commits: the second is made from the staged files."""
    text = "from (select a from t) s insert into table t select a insert overwrite table u select a + 1 as a"
    ended = house.dies(text, port, verb, after=True)
    assert ended.tasks[0].status.value == "Success"
    assert (house.count("t"), house.count("u")) == (2, 1)


CREATE: list[tuple[str, str, bool, str]] = [
    ("warehouse", "create", True, "Failed"),
    ("instances", "begin_commit", True, "Failed"),
    ("warehouse", "commit", True, "Failed"),
    ("catalogue", "create_table", True, "Success"),
    ("instances", "record_outcome", False, "Success"),
]


@pytest.mark.parametrize(("port", "verb", "after", "status"), CREATE)
def test_create_table_as_is_all_or_nothing(house: House, port: str, verb: str, after: bool, status: str) -> None:
    ended = house.dies("create table n as select 5L as a", port, verb, after=after)
    assert ended.tasks[0].status.value == status
    exists = house.world.catalogue.table(TableName("taskhouse", "default", "n")) is not None
    assert exists == (status == "Success")
    if exists:
        assert house.count("n") == 1
    else:
        assert house.run("create table n as select 5L as a").tasks[0].status.value == "Success"


def test_a_script_that_lost_its_end_says_how_far_it_came(house: House) -> None:
    text = "insert into t values (2); insert into t values (3);"
    ended = house.dies(text, "warehouse", "commit", after=True)
    assert ended.tasks[0].status.value == "Failed"
    assert "Its statements up to number 1 were done, those after it were not" in ended.tasks[0].result_text
    assert house.count("t") == 2


def test_a_definition_cut_off_after_its_data_was_removed(house: House) -> None:
    house.run("insert into p partition (ds='x') values (1L)")
    ended = house.dies("truncate table p partition (ds='x')", "warehouse", "commit", after=True)
    assert ended.tasks[0].status.value == "Success"
    assert house.count("p") == 0


CUT_OFF: list[tuple[str, str, bool]] = [("warehouse", "commit", True), ("catalogue", "record_commit", True)]


@pytest.mark.parametrize(("port", "verb", "after"), CUT_OFF)
def test_a_dropped_partition_is_gone_though_its_statement_was_cut_off(
    house: House, port: str, verb: str, after: bool
) -> None:
    house.run("insert overwrite table p partition (ds) values (1L, 'x'), (2L, 'y')")
    ended = house.dies("alter table p drop partition (ds='x')", port, verb, after=after)
    assert ended.tasks[0].status.value == "Success"
    assert house.partitions("p") == {("y",): 1}
    assert house.count("p") == 1


def test_a_renamed_partition_has_its_new_name_alone(house: House) -> None:
    house.run("insert overwrite table p partition (ds) values (1L, 'x'), (2L, 'y')")
    text = "alter table p partition (ds='x') rename to partition (ds='z')"
    ended = house.dies(text, "warehouse", "commit", after=True)
    assert ended.tasks[0].status.value == "Success"
    assert house.partitions("p") == {("y",): 1, ("z",): 1}


@pytest.mark.parametrize(("port", "verb", "after"), CUT_OFF)
def test_merged_partitions_are_one(house: House, port: str, verb: str, after: bool) -> None:
    house.run("insert overwrite table p partition (ds) values (1L, 'x'), (2L, 'y')")
    text = "alter table p merge partition (ds='x'), partition (ds='y') overwrite partition (ds='m')"
    ended = house.dies(text, port, verb, after=after)
    assert ended.tasks[0].status.value == "Success"
    assert house.partitions("p") == {("m",): 2}


def test_a_change_of_type_cut_off_after_its_rewrite_did_not_happen(house: House) -> None:
    ended = house.dies("alter table t change column a a string", "warehouse", "commit", after=True)
    assert ended.tasks[0].status.value == "Failed"
    found = house.world.catalogue.table(TableName("taskhouse", "default", "t"))
    assert found is not None and str(found.columns[0].type) == "bigint"
    assert house.run("insert into t select a + 1 from t").tasks[0].status.value == "Success"
    assert house.run("alter table t change column a a string").tasks[0].status.value == "Success"
    assert house.count("t") == 2


def test_results_and_progress_survive(house: House) -> None:
    done = house.run("select 1 as a")
    house.restart()
    kept = inspect_instances.get(house.world, ADMIN, "taskhouse", done.id)
    assert kept == done
    assert (house.world.results / kept.tasks[0].result_file).exists()
