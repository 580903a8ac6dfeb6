"""Resources: bytes that swap at once, parts that are merged, tables that stand for themselves."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.services.access import security_query
from taskhouse.services.catalogue import functions, resources
from taskhouse.services.catalogue.resources import NewResource
from taskhouse.services.world import Caller


def upload(shell, name: str, data: bytes, kind: str = "file", **facts: object):
    new = replace(NewResource(name, kind), **facts)
    return resources.create(shell.world, shell.caller, "p", "default", new, io.BytesIO(data))


def content(shell, name: str, offset: int = 0, size: int | None = None) -> tuple[bytes, bool]:
    found = resources.get(shell.world, shell.caller, "p", "default", name)
    chunks, more = resources.read(shell.world, found, offset, size)
    return b"".join(chunks), more


def blobs(shell) -> set[str]:
    return {str(path.relative_to(shell.world.blobs)) for path in (shell.world.blobs / "resources").glob("*")}


def test_content_is_read_whole_and_in_pieces(shell) -> None:
    made = upload(shell, "r.py", b"0123456789", "py", comment="c")
    assert (made.size, made.md5, made.kind) == (10, hashlib.md5(b"0123456789").hexdigest(), "py")
    assert content(shell, "r.py") == (b"0123456789", False)
    assert content(shell, "r.py", 2, 3) == (b"234", True)
    assert content(shell, "r.py", 8, 3) == (b"89", False)
    assert content(shell, "r.py", 99, 3) == (b"", False)


def test_overwriting_swaps_the_bytes_and_keeps_who_made_it(shell) -> None:
    first = upload(shell, "r", b"old")
    reading, _ = resources.read(shell.world, first, 0, None)
    shell.clock.ahead = timedelta(seconds=1)
    resources.overwrite(shell.world, shell.caller, "p", "default", NewResource("r", "file"), io.BytesIO(b"newer"))
    assert content(shell, "r") == (b"newer", False)
    assert b"".join(reading) == b"old"
    found = resources.get(shell.world, shell.caller, "p", "default", "r")
    assert (found.created_at, found.modified_at > first.modified_at) == (first.created_at, True)
    assert [item.key for item in shell.world.catalogue.trash(shell.clock.now() + timedelta(1), 9)] == [first.blob]
    with pytest.raises(Fault) as caught:
        upload(shell, "r", b"again")
    assert caught.value.code is FaultCode.OBJECT_EXISTS


def test_parts_are_merged_and_gone(shell) -> None:
    upload(shell, "r.part.0", b"abc", temporary=True)
    upload(shell, "r.part.1", b"def", temporary=True)
    digest = hashlib.md5(b"abcdef").hexdigest()

    def merge(instruction: str, total: int) -> None:
        resources.merge(
            shell.world, shell.caller, "p", "default", NewResource("r", "file"), instruction, total, replace=False
        )

    for instruction, total in (
        (f"{digest}|r.part.0", 3),
        (f"{digest}|r.part.1,r.part.0", 6),
        (f"{digest}|nope", 6),
        ("x", 6),
    ):
        with pytest.raises(Fault):
            merge(instruction, total)
    assert len(blobs(shell)) == 2
    merge(f"{digest}|r.part.0,r.part.1", 6)
    assert content(shell, "r") == (b"abcdef", False)
    left = resources.page(shell.world, shell.caller, "p", "default")
    assert [item.name for item in left.items] == ["r"]


def test_parts_of_others_are_not_for_the_taking(shell) -> None:
    """Neither their bytes, nor their MD5 in an error, nor their removal."""
    upload(shell, "theirs.py", b"secret", kind="py")
    shell.run("create table t (a bigint)")
    upload(shell, "atable", b"", "table", source_table="p.t")
    shell.world.access.add_user("ALIYUN$member", shell.clock.now())
    for query in ("add user ALIYUN$member", "grant CreateResource on project p to user ALIYUN$member"):
        security_query.execute(shell.world, shell.caller, "p", query)
    member = Caller("ALIYUN$member")

    def merge(caller: Caller, part: str) -> None:
        new = NewResource("mine", "file")
        instruction = f"{hashlib.md5(b'secret').hexdigest()}|{part}"
        resources.merge(shell.world, caller, "p", "default", new, instruction, 6, replace=False)

    for caller, part, code in (
        (member, "theirs.py", FaultCode.NO_PERMISSION),
        (shell.caller, "atable", FaultCode.INVALID_ARGUMENT),
    ):
        with pytest.raises(Fault) as caught:
            merge(caller, part)
        assert caught.value.code is code
        assert "MD5" not in caught.value.message
    assert content(shell, "theirs.py") == (b"secret", False)
    security_query.execute(
        shell.world, shell.caller, "p", "grant Read, Delete on resource theirs.py to user ALIYUN$member"
    )
    merge(member, "theirs.py")
    assert content(shell, "mine") == (b"secret", False)


def test_a_resource_too_large_leaves_nothing(shell) -> None:
    object.__setattr__(shell.world, "limits", replace(shell.world.limits, resource_bytes=4))
    with pytest.raises(Fault) as caught:
        upload(shell, "r", b"12345")
    assert caught.value.code is FaultCode.QUOTA_EXCEEDED
    assert blobs(shell) == set()
    assert shell.world.catalogue.resource("p", "default", "r") is None
    assert shell.world.catalogue.trash(shell.clock.now() + timedelta(1), 10) == ()


@pytest.mark.parametrize("name", ["", "../x", "a/b", "x" * 256, "a\nb"])
def test_names_that_could_be_paths_are_refused(shell, name: str) -> None:
    with pytest.raises(Fault) as caught:
        upload(shell, name, b"")
    assert caught.value.code is FaultCode.INVALID_ARGUMENT


def test_table_resources_name_a_table_that_exists(shell) -> None:
    shell.run("create table t (a bigint) partitioned by (pt string); alter table t add partition (pt='1')")
    made = upload(shell, "r", b"", "table", source_table="p.`T` partition(pt=1)")
    assert made.source_table == "p.t partition(pt='1')"
    for source in ("p.nope", "p.t partition(pt='2')", "p.t partition(x='2')", "a.b.c.d", ""):
        with pytest.raises(Fault):
            upload(shell, "s", b"", "table", source_table=source)
    with pytest.raises(Fault) as caught:
        content(shell, "r")
    assert "no content" in str(caught.value)


def test_functions_need_resources_that_exist(shell) -> None:
    upload(shell, "r.py", b"", "py")
    made = functions.create(
        shell.world,
        shell.caller,
        "p",
        "default",
        "F",
        "r.C",
        ["r.py", "p/resources/r.py", "p/schemas/default/resources/r.py"],
    )
    assert made.name == "f"
    with pytest.raises(Fault) as caught:
        functions.change(shell.world, shell.caller, "p", "default", "f", "r.D", ["nope"])
    assert caught.value.code is FaultCode.NO_SUCH_OBJECT
    with pytest.raises(Fault):
        shell.run("create function f as 'r.D' using 'r.py'")
    shell.run("create or replace function f as 'r.D' using 'r.py'")
    assert functions.get(shell.world, shell.caller, "p", "default", "F").class_name == "r.D"
