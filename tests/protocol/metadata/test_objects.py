"""Projects, schemas, resources and functions as the official client sees them."""

from __future__ import annotations

import io

import pytest
import requests
from odps import ODPS, errors, options

from taskhouse.domain.catalogue import Project


def test_projects(o: ODPS) -> None:
    project = o.get_project()
    assert (project.name, project.owner, project.comment, project.status.value) == (
        "p",
        "ALIYUN$admin",
        "first",
        "AVAILABLE",
    )
    assert project.properties["odps.sql.timezone"] == "UTC"
    assert int(project.extended_properties["usedQuotaPhysicalSize"]) >= 0
    assert project.tenant_id == o.default_tenant.tenant_id
    assert (project.region_id, project.default_quota_nickname) == ("local", "default")
    assert project.get_property("nope", "absent") == "absent"
    assert [found.name for found in o.list_projects()] == ["other", "p"]
    assert o.exist_project("other") and not o.exist_project("nope")


def test_schemas(o: ODPS) -> None:
    made = o.create_schema("s1")
    assert made.owner == "ALIYUN$admin" and o.exist_schema("s1")
    assert [schema.name for schema in o.list_schemas()] == ["default", "s1"]
    o.create_table("t", "a bigint", schema="s1")
    assert o.exist_table("t", schema="s1") and not o.exist_table("t")
    assert [table.name for table in o.list_tables(schema="s1")] == ["t"]
    with pytest.raises(errors.ODPSError, match="not empty"):
        o.delete_schema("s1")
    o.delete_table("t", schema="s1")
    o.delete_schema("s1")
    assert not o.exist_schema("s1")
    assert not o.exist_function("f", schema="s1")


def test_resources_whole_and_in_parts(o: ODPS) -> None:
    made = o.create_resource("note.txt", "file", file_obj="line one\nzwei\n", comment="a note für")
    assert o.get_resource("note.txt").comment == "a note für"
    with o.open_resource("note.txt", mode="r+") as stream:
        assert stream.read() == "line one\nzwei\n"
        stream.write("drei\n")
    with o.open_resource("note.txt", mode="r", stream=True) as stream:
        assert stream.readlines() == ["line one\n", "zwei\n", "drei\n"]
    with pytest.raises(errors.ObjectAlreadyExists):
        o.create_resource("note.txt", "file", file_obj="again")
    data = bytes(range(256)) * 20
    chunk = options.resource_chunk_size
    options.resource_chunk_size = 1024
    try:
        o.create_resource("large.bin", "archive", fileobj=io.BytesIO(data))
    finally:
        options.resource_chunk_size = chunk
    with o.open_resource("empty", mode="w", stream=True):
        pass
    assert o.get_resource("empty").size == 0
    with o.open_resource("large.bin", mode="rb", stream=True) as stream:
        assert stream.read() == data
    assert {item.name for item in o.list_resources()} >= {"note.txt", "large.bin"}
    assert not [item.name for item in o.list_resources() if "part" in item.name]
    made.drop()
    assert not o.exist_resource("note.txt")


def test_table_resources(o: ODPS) -> None:
    table = o.create_table("res_table", ("a bigint", "pt string"))
    table.create_partition("pt=1")
    made = o.create_resource("tr", "table", table_name="res_table")
    assert made.get_source_table().name == "res_table" and made.partition is None
    changed = made.update(partition="pt=1")
    assert str(changed.partition.partition_spec) == "pt='1'"
    with pytest.raises(errors.NoSuchTable):
        o.create_resource("tr2", "table", table_name="nowhere")


def test_functions(catalogue, o: ODPS) -> None:
    o.create_resource("f.py", "py", file_obj="class C: pass")
    function = o.create_function("Plus", class_type="f.C", resources=["f.py"])
    assert (function.name, function.class_type, [r.name for r in function.resources]) == ("plus", "f.C", ["f.py"])
    assert [found.name for found in o.list_functions()] == ["plus"]
    with pytest.raises(errors.ObjectAlreadyExists):
        o.create_function("plus", class_type="f.C", resources=["f.py"])
    with pytest.raises(errors.NoSuchObject):
        o.create_function("minus", class_type="f.C", resources=["nope.py"])
    other = "ALIYUN$other"
    catalogue.world.access.ensure_user(other, catalogue.world.clock.now())
    function.update_owner(other)
    assert o.get_function("plus").owner == other
    with pytest.raises(errors.ODPSError, match="plus"):
        o.execute_sql("select plus(1)")
    o.delete_function("plus")
    assert not o.exist_function("plus")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/projects/p/tables?maxitems=x", 400),
        ("/projects/p/tables?marker=%25%25", 400),
        ("/projects/p/tables/nope?partitions", 404),
        ("/projects/p/resources/nope?meta", 404),
        ("/projects/nope", 404),
        ("/projects/p/registration%2Ffunctions/nope", 404),
        ("/projects/p/schemas/nope", 404),
    ],
)
def test_bad_requests_have_their_status(catalogue, o: ODPS, path: str, status: int) -> None:
    with pytest.raises(errors.ODPSError) as caught:
        o.rest.get(f"{catalogue.url}/api{path}")
    assert caught.value.status_code == status
    assert requests.get(f"{catalogue.url}/api{path}", timeout=10).status_code == 401


def test_a_project_is_not_deleted_by_a_slip(catalogue, o: ODPS) -> None:
    now = catalogue.world.clock.now()
    catalogue.world.catalogue.create_project(Project("doomed", "ALIYUN$admin", "", now, now))
    o.execute_sql("create table doomed.t (a bigint)")
    path = f"{catalogue.url}/api/projects/doomed"
    with pytest.raises(errors.InvalidArgument, match="not empty"):
        o.rest.delete(path)
    o.rest.delete(path, params={"force": "true"})
    assert not o.exist_project("doomed")
