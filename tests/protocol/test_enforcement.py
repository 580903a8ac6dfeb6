"""Grants, policies and tokens decide what SQL may touch, on a real server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from odps import ODPS, errors
from odps.accounts import BearerTokenAccount

from tools import server

READER = "ALIYUN$reader"


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[server.Ready, ODPS, ODPS]]:
    """A server, its administrator, and a member of the project who may submit and nothing else."""
    home = tmp_path_factory.mktemp("enforced") / "home"

    def command(*words: str) -> str:
        line = [sys.executable, "-m", "taskhouse", *words, "--home", str(home)]
        return subprocess.run(line, check=True, capture_output=True, text=True).stdout

    with server.running(home, home.parent / "server.log") as ready:
        admin = ODPS(ready.access_id, ready.secret, ready.project, ready.endpoint, overwrite_global=False)
        command("user", "create", READER)
        words = command("key", "create", READER).split()
        admin.run_security_query(f"add user {READER}")
        admin.run_security_query(f"grant CreateInstance on project {ready.project} to user {READER}")
        reader = ODPS(words[2], words[4], ready.project, ready.endpoint, overwrite_global=False)
        admin.execute_sql("create table secrets (a bigint) partitioned by (p string)")
        admin.execute_sql("insert into secrets partition (p='1') values (42)")
        admin.execute_sql("create view secret_view as select a from secrets")
        yield ready, admin, reader


def refused(client: ODPS, query: str) -> bool:
    try:
        client.execute_sql(query)
    except errors.NoPermission:
        return True
    return False


STATEMENTS = [
    "select * from secrets where p = '1'",
    "select count(*) from secret_view",
    "with x as (select a from secrets where p='1') select * from x",
    "select 1 where exists (select a from secrets where p = '1')",
    "create table stolen as select a from secrets where p='1'",
    "insert into secrets partition (p='2') values (1)",
    "insert overwrite table secrets partition (p) select a, p from secrets where p='1'",
    "alter table secrets add columns (b bigint)",
    "alter table secrets drop partition (p='1')",
    "truncate table secrets",
    "drop table secrets",
    "desc secrets",
    "explain select * from secrets where p = '1'",
    "select max_pt('secrets')",
    "explain insert into secrets partition (p='2') values (1)",
]


@pytest.mark.parametrize("query", STATEMENTS)
def test_nothing_granted_is_nothing_done(ready: tuple[server.Ready, ODPS, ODPS], query: str) -> None:
    _, admin, reader = ready
    assert refused(reader, query)
    assert [list(record.values) for record in admin.read_table("secrets", partition="p='1'")] == [[42, "1"]]


@pytest.mark.parametrize(
    "query",
    [
        "select b from secrets where p = '1'",
        "select a + p from secrets where p = '1' group by a",
        "insert into secrets partition (q='2') values (1)",
        "insert into secrets (b) values (1)",
    ],
)
def test_errors_tell_nothing_of_what_may_not_be_read(ready: tuple[server.Ready, ODPS, ODPS], query: str) -> None:
    assert refused(ready[2], query)


def test_names_are_suggested_to_those_who_may_list_them(ready: tuple[server.Ready, ODPS, ODPS]) -> None:
    _, admin, reader = ready
    for client, told in ((admin, True), (reader, False)):
        with pytest.raises(errors.NoSuchTable) as caught:
            client.execute_sql("select * from secretz")
        assert ("did you mean" in str(caught.value)) is told


def test_the_tunnel_and_the_catalogue_ask_too(ready: tuple[server.Ready, ODPS, ODPS]) -> None:
    _, _, reader = ready
    calls: list[Any] = [
        lambda: list(reader.read_table("secrets", partition="p='1'")),
        lambda: reader.write_table("secrets", [[1]], partition="p='1'"),
        lambda: reader.get_table("secrets").reload(),
        lambda: reader.get_table("secrets").head(1, partition="p='1'"),
        lambda: reader.delete_table("secrets"),
    ]
    for call in calls:
        with pytest.raises(errors.NoPermission):
            call()


def test_what_is_granted_can_be_done(ready: tuple[server.Ready, ODPS, ODPS]) -> None:
    taskhouse, admin, reader = ready
    admin.run_security_query(f"grant Describe, Select on table secrets to user {READER}")
    with reader.execute_sql("select a from secrets where p = '1'").open_reader(tunnel=True) as rows:
        assert [list(record.values) for record in rows] == [[42]]
    assert refused(reader, "insert into secrets partition (p='2') values (1)")
    assert refused(reader, "drop table secrets")
    admin.run_security_query(f"grant CreateTable on project {taskhouse.project} to user {READER}")
    reader.execute_sql("create table mine as select a from secrets where p = '1'")
    assert [list(record.values) for record in reader.read_table("mine")] == [[42]], "creators may use what they made"
    reader.execute_sql("select * from mine")
    admin.get_project().policy = {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": READER,
                "Action": ["odps:Select"],
                "Resource": f"acs:odps:*:projects/{taskhouse.project}/tables/*",
            }
        ],
    }
    assert refused(reader, "select a from secrets where p = '1'")
    assert refused(reader, "select * from mine")
    admin.get_project().policy = None
    reader.execute_sql("drop table mine")


def test_an_instance_may_do_no_more_than_the_token_that_submitted_it(ready: tuple[server.Ready, ODPS, ODPS]) -> None:
    taskhouse, admin, _ = ready
    project = f"acs:odps:*:projects/{taskhouse.project}"
    policy = {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": ["odps:CreateInstance"], "Resource": [project]},
            {
                "Effect": "Allow",
                "Action": ["odps:*"],
                "Resource": [f"{project}/instances/*", f"{project}/tables/open*"],
            },
        ],
    }
    token = admin.get_project().generate_auth_token(policy, "bearer", 1)
    account = BearerTokenAccount(token)
    limited = ODPS(account=account, project=taskhouse.project, endpoint=taskhouse.endpoint, overwrite_global=False)
    admin.execute_sql("create table open_table (a bigint)")
    assert limited.execute_sql("select * from open_table").is_successful()
    assert refused(limited, "select a from secrets where p = '1'")
    assert refused(limited, "drop table secrets")
    with pytest.raises(errors.NoPermission):
        limited.run_security_query("list users")
