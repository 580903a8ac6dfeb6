"""The catalogue in the metadata store, on a real database file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from taskhouse.domain.catalogue import (
    Clustering,
    Column,
    Function,
    Project,
    Resource,
    Schema,
    Table,
    TableKind,
    TableName,
)
from taskhouse.domain.datatypes import BIGINT, STRING, parse_type
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.catalogue_store import CatalogueStore, TrashKind
from taskhouse.ports.warehouse import CommitResult
from taskhouse.store.catalogue import SqlCatalogueStore
from taskhouse.store.database import Database
from taskhouse.store.schema import metadata

NOW = datetime(2026, 11, 20, 5, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CatalogueStore]:
    database = Database(tmp_path / "meta.db")
    database.write(metadata.create_all)
    catalogue = SqlCatalogueStore(database)
    catalogue.create_project(Project("p", "ALIYUN$a", "", NOW, NOW))
    yield catalogue
    database.close()


def table(name: str, *, partitioned: bool = False, id_: str = "", **changes: object) -> Table:
    made = Table(
        id=id_ or f"id_{name}",
        name=TableName("p", "default", name),
        kind=TableKind.MANAGED,
        columns=(
            Column("a", BIGINT, "键", nullable=False),
            Column("b", parse_type("map<string,array<decimal(10,2)>>")),
        ),
        owner="ALIYUN$a",
        created_at=NOW,
        modified_at=NOW,
        ddl_at=NOW,
        partition_columns=(Column("pt", STRING), Column("hh", STRING)) if partitioned else (),
    )
    return replace(made, **changes)


def test_a_table_comes_back_as_it_was_created(store: CatalogueStore) -> None:
    made = table(
        "t",
        comment="it's",
        lifecycle=3,
        properties={"k": "v"},
        options={"shards": "4"},
        clustering=Clustering("hash", ("a",), (("a", False),), 10),
        primary_key=("a",),
        hidden_columns=(Column("old", STRING, physical="c1"),),
        mixed_files=True,
    )
    store.create_table(made)
    assert store.table(made.name) == made
    assert store.table_by_id(made.id) == made


def test_names_are_unique_and_schemas_must_exist(store: CatalogueStore) -> None:
    store.create_table(table("t"))
    with pytest.raises(Fault) as caught:
        store.create_table(table("t", id_="other"))
    assert caught.value.code is FaultCode.OBJECT_EXISTS
    with pytest.raises(Fault) as caught:
        store.create_table(replace(table("u"), name=TableName("p", "nowhere", "u")))
    assert caught.value.code is FaultCode.NO_SUCH_SCHEMA
    with pytest.raises(Fault) as caught:
        store.create_table(replace(table("u"), name=TableName("q", "default", "u")))
    assert caught.value.code is FaultCode.NO_SUCH_PROJECT


def test_a_change_of_definition_needs_the_version_it_was_made_from(store: CatalogueStore) -> None:
    made = table("t")
    store.create_table(made)
    changed = store.replace_table(replace(made, comment="new"), made.version)
    assert (changed.comment, changed.version) == ("new", 2)
    with pytest.raises(Fault) as caught:
        store.replace_table(replace(made, comment="late"), made.version)
    assert caught.value.code is FaultCode.CONFLICT
    store.create_table(table("u"))
    with pytest.raises(Fault) as caught:
        store.replace_table(replace(changed, name=TableName("p", "default", "u")), 2)
    assert caught.value.code is FaultCode.OBJECT_EXISTS


def test_lists_page_by_name_and_filter(store: CatalogueStore) -> None:
    for n in range(25):
        store.create_table(table(f"t{n:02d}", kind=TableKind.VIEW if n % 5 == 0 else TableKind.MANAGED))
    store.create_table(table("z"))
    seen, marker = [], ""
    while True:
        page = store.tables("p", "default", prefix="t", kind=TableKind.MANAGED, marker=marker, limit=7)
        seen += [item.name.name for item in page.items]
        marker = page.marker
        if not marker:
            break
    assert seen == [f"t{n:02d}" for n in range(25) if n % 5]
    assert store.tables("p", "default", owner="nobody").items == ()
    with pytest.raises(Fault) as caught:
        store.tables("p", "default", marker="%%%")
    assert caught.value.code is FaultCode.INVALID_PARAMETER


def test_partitions_order_by_value_and_not_by_joined_text(store: CatalogueStore) -> None:
    store.create_table(table("t", partitioned=True))
    values = [("a", "2"), ("a!", "1"), ("a", "1"), ("b", "中")]
    assert store.add_partitions("id_t", values, NOW, if_not_exists=False) == 4
    assert [p.values for p in store.all_partitions("id_t")] == sorted(values)
    assert [p.values for p in store.all_partitions("id_t", ("a",))] == [("a", "1"), ("a", "2")]
    page = store.partitions("id_t", reverse=True, limit=3)
    assert [p.values for p in page.items] == sorted(values, reverse=True)[:3]
    rest = store.partitions("id_t", reverse=True, limit=3, marker=page.marker)
    assert [p.values for p in rest.items] == [("a", "1")] and rest.marker == ""


def test_adding_partitions_is_all_or_nothing(store: CatalogueStore) -> None:
    store.create_table(table("t", partitioned=True))
    store.add_partitions("id_t", [("a", "1")], NOW, if_not_exists=False)
    with pytest.raises(Fault) as caught:
        store.add_partitions("id_t", [("b", "1"), ("a", "1")], NOW, if_not_exists=False)
    assert caught.value.code is FaultCode.OBJECT_EXISTS
    assert len(store.all_partitions("id_t")) == 1
    assert store.add_partitions("id_t", [("b", "1"), ("a", "1")], NOW, if_not_exists=True) == 1
    assert store.drop_partitions("id_t", [("b", "1"), ("c", "1")], NOW) == 1


def test_statistics_follow_the_newest_commit(store: CatalogueStore) -> None:
    store.create_table(table("t", partitioned=True))
    first = store.record_commit("id_t", CommitResult(2, {("b", "1"): (5, 50, 1), ("a", "1"): (1, 10, 1)}), NOW)
    late = store.record_commit("id_t", CommitResult(1, {("b", "1"): (3, 30, 1)}), NOW)
    assert (first, late) == (1, 2)
    found = store.partition("id_t", ("b", "1"))
    assert found is not None and (found.rows, found.bytes, found.files) == (5, 50, 1)
    totals = store.totals("id_t")
    assert (totals.rows, totals.bytes, totals.files, totals.partitions) == (6, 60, 2, 2)
    assert store.max_partition("id_t") == ("b", "1")
    store.add_partitions("id_t", [("z", "1")], NOW, if_not_exists=False)
    assert store.max_partition("id_t") == ("b", "1")

    store.create_table(table("u"))
    store.record_commit("id_u", CommitResult(4, {(): (9, 90, 3)}), NOW)
    store.record_commit("id_u", CommitResult(3, {(): (1, 10, 1)}), NOW)
    assert store.totals("id_u").rows == 9
    assert store.record_commit("gone", CommitResult(1, {}), NOW) == 0


def test_renaming_a_partition_keeps_its_statistics(store: CatalogueStore) -> None:
    store.create_table(table("t", partitioned=True))
    store.record_commit("id_t", CommitResult(1, {("a", "1"): (5, 50, 1)}), NOW)
    moved = CommitResult(2, {("a", "1"): (0, 0, 0), ("b", "1"): (5, 50, 1)})
    store.rename_partition("id_t", ("a", "1"), ("b", "1"), moved, NOW)
    assert [(p.values, p.rows) for p in store.all_partitions("id_t")] == [(("b", "1"), 5)]
    with pytest.raises(Fault) as caught:
        store.rename_partition("id_t", ("a", "1"), ("c", "1"), None, NOW)
    assert caught.value.code is FaultCode.NO_SUCH_PARTITION


def test_folders_are_trash_until_their_table_exists_and_after_it_is_gone(store: CatalogueStore) -> None:
    later = NOW + timedelta(hours=1)
    store.reserve_folder("id_t", NOW)
    assert [item.key for item in store.trash(later, 10)] == ["id_t"]
    store.create_table(table("t"))
    assert store.trash(later, 10) == ()
    assert store.drop_table("id_t", NOW) and not store.drop_table("id_t", NOW)
    items = store.trash(later, 10)
    assert [(item.kind, item.key) for item in items] == [(TrashKind.TABLE, "id_t")]
    assert store.trash(NOW, 10) == ()
    store.forget_trash(items)
    assert store.trash(later, 10) == ()


def test_replacing_a_table_is_one_transaction(store: CatalogueStore) -> None:
    store.create_table(table("t"))
    store.create_table(table("t", id_="second"), replaces="id_t", commit=CommitResult(1, {(): (3, 30, 1)}))
    found = store.table(TableName("p", "default", "t"))
    assert found is not None and (found.id, found.rows) == ("second", 3)
    assert [item.key for item in store.trash(NOW + timedelta(1), 10)] == ["id_t"]


def test_lifecycle_finds_what_is_older_than_its_days(store: CatalogueStore) -> None:
    store.create_table(table("young", lifecycle=3))
    store.create_table(table("old", lifecycle=1))
    store.create_table(table("kept", lifecycle=1, options={"lifecycle": "disabled"}))
    store.create_table(table("ever"))
    store.create_table(table("parts", partitioned=True, lifecycle=1))
    store.add_partitions("id_parts", [("a", "1"), ("b", "1")], NOW, if_not_exists=False)
    store.touch_partition("id_parts", ("b", "1"), NOW, properties={"lifecycle": "disabled"})
    later = NOW + timedelta(days=2)
    assert [item.name.name for item in store.expired_tables(later, 10)] == ["old"]
    assert [(t.name.name, values) for t, values in store.expired_partitions(later, 10)] == [("parts", ("a", "1"))]
    store.touch_partition("id_parts", ("a", "1"), later)
    assert store.expired_partitions(later, 10) == ()


def test_projects_and_schemas(store: CatalogueStore) -> None:
    with pytest.raises(Fault) as caught:
        store.create_project(Project("p", "x", "", NOW, NOW))
    assert caught.value.code is FaultCode.OBJECT_EXISTS
    store.change_project("p", NOW, properties={"a": "1", "b": "2"})
    changed = store.change_project("p", NOW, comment="c", properties={"a": None})
    assert (changed.comment, changed.properties) == ("c", {"b": "2"})
    store.create_schema(Schema("p", "s", "o", "", NOW, NOW))
    assert [item.name for item in store.schemas("p").items] == ["default", "s"]
    store.create_function(Function("p", "s", "f", "m.C", ("r",), "o", NOW, NOW))
    with pytest.raises(Fault):
        store.drop_schema("p", "s")
    assert store.drop_function("p", "s", "f")
    store.drop_schema("p", "s")
    assert store.schema("p", "s") is None
    with pytest.raises(Fault) as caught:
        store.drop_schema("p", "s")
    assert caught.value.code is FaultCode.NO_SUCH_SCHEMA


def test_dropping_a_project_leaves_nothing_but_trash(store: CatalogueStore) -> None:
    store.create_table(table("t", partitioned=True))
    store.add_partitions("id_t", [("a", "1")], NOW, if_not_exists=False)
    store.create_resource(Resource("p", "default", "r.py", "py", "o", "", NOW, NOW, "o", 1, "m", "blob1"))
    store.drop_project("p", NOW)
    assert store.project("p") is None
    assert store.table(TableName("p", "default", "t")) is None
    assert store.all_partitions("id_t") == ()
    assert {item.key for item in store.trash(NOW + timedelta(1), 10)} == {"id_t", "blob1"}


def test_resources_swap_blobs(store: CatalogueStore) -> None:
    made = Resource("p", "default", "r.py", "py", "o", "c", NOW, NOW, "o", 1, "m", "blob1")
    store.throw_away([(TrashKind.BLOB, "blob1")], NOW)
    store.create_resource(made)
    later = NOW + timedelta(1)
    assert store.trash(later, 10) == ()
    with pytest.raises(Fault) as caught:
        store.create_resource(made)
    assert caught.value.code is FaultCode.OBJECT_EXISTS
    store.throw_away([(TrashKind.BLOB, "blob2")], NOW)
    new = store.replace_resource(replace(made, owner="other", blob="blob2", created_at=later, modified_at=later), NOW)
    assert (new.owner, new.created_at, new.modified_at) == ("o", NOW, later)
    assert [item.key for item in store.trash(later, 10)] == ["blob1"]
    assert store.find_resources([("p", "default", "r.py")])[("p", "default", "r.py")] == new
    assert store.drop_resource("p", "default", "r.py", NOW)
    assert not store.drop_resource("p", "default", "r.py", NOW)
    with pytest.raises(Fault) as caught:
        store.replace_resource(made, NOW)
    assert caught.value.code is FaultCode.NO_SUCH_OBJECT
