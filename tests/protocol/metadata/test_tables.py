"""Tables and partitions as the official client sees them."""

from __future__ import annotations

import pytest
from odps import ODPS, errors
from odps.models import Table


def test_a_table_reads_back_as_it_was_created(o: ODPS) -> None:
    o.execute_sql(
        "create table fully (id bigint not null comment '键', m map<string,array<decimal(10,2)>>) comment 'it\\'s'"
        " partitioned by (pt string comment 'day') clustered by (id) sorted by (id desc) into 4 buckets"
        " tblproperties ('transactional'='true', 'k'='v') lifecycle 3"
    )
    table = o.get_table("FULLY")
    assert [(c.name, str(c.type).lower(), c.comment, c.nullable) for c in table.table_schema.simple_columns] == [
        ("id", "bigint", "键", False),
        ("m", "map<string,array<decimal(10,2)>>", "", True),
    ]
    assert [(c.name, c.comment) for c in table.table_schema.partitions] == [("pt", "day")]
    assert (table.comment, table.lifecycle, table.type) == ("it's", 3, Table.Type.MANAGED_TABLE)
    assert table.is_transactional and table.primary_key is None
    assert (table.cluster_info.bucket_num, table.cluster_info.sort_cols[0].order.value) == (4, "DESC")
    ddl = table.get_ddl()
    table.drop()
    o.execute_sql(ddl)
    assert o.get_table("fully").table_schema == table.table_schema
    o.delete_table("fully")
    assert not o.exist_table("fully")


def test_lists_go_on_over_pages_and_filter(o: ODPS) -> None:
    for number in range(8):
        o.execute_sql(f"create table many_{number} (a bigint)")
    o.execute_sql("create view many_v as select a from many_0")
    assert [t.name for t in o.list_tables(prefix="many_")] == [*(f"many_{n}" for n in range(8)), "many_v"]
    assert [t.name for t in o.list_tables(prefix="many_", type="virtual_view")] == ["many_v"]
    assert [t.name for t in o.list_tables(prefix="many_", type="managed_table")] == [f"many_{n}" for n in range(8)]
    assert list(o.list_tables(prefix="many_", type="external_table")) == []
    assert list(o.list_tables(prefix="many_", owner="ALIYUN$nobody")) == []
    listed = o.list_tables(prefix="many_v", extended=True)
    assert all(table._getattr("creation_time") is not None for table in listed)


def test_partitions_page_filter_and_reverse(o: ODPS) -> None:
    table = o.create_table("parts", ("a bigint", "pt string, hh bigint"))
    for pt, hh in (("a", 1), ("a", 2), ("b", 1), ("b", 2), ("中", 1)):
        table.create_partition(f"pt={pt},hh={hh}")
    specs = [str(p.partition_spec) for p in table.partitions]
    assert specs == ["pt='a',hh='1'", "pt='a',hh='2'", "pt='b',hh='1'", "pt='b',hh='2'", "pt='中',hh='1'"]
    assert [str(p.partition_spec) for p in table.iterate_partitions("pt=b", reverse=True)] == specs[2:4][::-1]
    assert table.exist_partition("pt='中',hh='1'") and not table.exist_partition("pt='c',hh='1'")
    assert table.exist_partitions("pt=a") and not table.exist_partitions("pt=zz")
    with pytest.raises(errors.ODPSError, match="not partitioned"):
        list(o.create_table("flat", "a bigint").iterate_partitions(None))
    table.delete_partition("pt=a,hh=1")
    assert not table.exist_partition("pt=a,hh=1")


def test_head_shows_rows_with_their_types(o: ODPS) -> None:
    o.execute_sql("create table heads (a bigint, b string, d datetime) partitioned by (pt string)")
    o.execute_sql(
        "insert into heads partition (pt='x') values (1, 'q\"\\n', datetime'2026-01-02 03:04:05'), (2, null, null)"
    )
    o.execute_sql("insert into heads partition (pt='y') values (3, 'z', null)")
    table = o.get_table("heads")
    rows = sorted((r.values for r in table.head(10)), key=lambda values: values[0])
    assert [values[0] for values in rows] == [1, 2, 3]
    assert rows[0][1] == 'q"\n' and str(rows[0][2]) == "2026-01-02 03:04:05" and rows[1][1] is None
    assert [r.values for r in table.head(10, partition="pt=y", columns=["b", "a"])] == [["z", 3]]
    assert len(list(table.head(1))) == 1
    with pytest.raises(errors.ODPSError, match="nope"):
        list(table.head(1, columns=["nope"]))
    with pytest.raises(errors.NoSuchPartition):
        list(table.head(1, partition="pt=nope"))


def test_absent_things_are_told_apart(o: ODPS) -> None:
    assert not o.exist_table("nowhere")
    assert not o.exist_table("nowhere", project="other")
    with pytest.raises(errors.NoSuchTable):
        o.get_table("nowhere").reload()
    with pytest.raises(errors.NoSuchProject):
        list(o.list_tables(project="no_such_project"))


def test_views_and_what_they_are_made_of(o: ODPS) -> None:
    o.execute_sql("create table base (a bigint, b string)")
    o.execute_sql("create view v (x comment 'c', n) comment 'view' as select a, count(*) from base group by a")
    view = o.get_table("v")
    assert (view.type, view.comment) == (Table.Type.VIRTUAL_VIEW, "view")
    assert [(c.name, str(c.type).lower(), c.comment) for c in view.table_schema.columns] == [
        ("x", "bigint", "c"),
        ("n", "bigint", ""),
    ]
    assert view.view_text == "select a, count(*) from base group by a"
    o.execute_sql("insert into base values (1, 'x'), (1, 'y')")
    with o.execute_sql("select * from v").open_reader(tunnel=False) as reader:
        assert reader.raw == '"x","n"\n1,2\n'
    with pytest.raises(errors.ODPSError, match=r"(cannot be resolved|not found)"):
        o.execute_sql("create view w as select nope from base")
    with pytest.raises(errors.ODPSError):
        o.execute_sql("create or replace view v as select * from v")
    with pytest.raises(errors.ODPSError):
        list(view.head(1))
    o.delete_view("v")
    assert not o.exist_table("v")


def test_rights_are_needed_to_look(catalogue, o: ODPS) -> None:
    o.execute_sql("create table secret (a bigint)")
    user = "ALIYUN$guest"
    catalogue.world.access.ensure_user(user, catalogue.world.clock.now())
    catalogue.world.access.add_member("p", user)
    guest = catalogue.client(user)
    with pytest.raises(errors.NoPermission):
        guest.get_table("secret").reload()
    o.execute_security_query("grant Describe on table secret to user ALIYUN$guest")
    assert guest.get_table("secret").table_schema.names == ["a"]
    with pytest.raises(errors.NoPermission):
        list(guest.get_table("secret").head(1))
    o.execute_sql("drop table secret; create table secret (a bigint)")
    with pytest.raises(errors.NoPermission):
        guest.get_table("secret").reload()
