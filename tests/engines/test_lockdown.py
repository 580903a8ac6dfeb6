"""The second wall: SQL that no binder looked at still reaches nothing of the host.

The first wall is that users' text never gets here: the binder resolves every name and function itself.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from taskhouse.domain.faults import Fault
from taskhouse.domain.limits import Limits
from taskhouse.engines.duckdb.database import Database
from taskhouse.engines.duckdb.engine import DuckDbEngine

from .conftest import Bench

FORBIDDEN = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/proc/self/environ')",
    "SELECT * FROM read_json('/etc/hostname')",
    "SELECT * FROM read_parquet('/etc/passwd')",
    "SELECT * FROM parquet_metadata('/etc/passwd')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_text('{root}/../outside.txt')",
    "SELECT * FROM read_text('{root}/../results/*.arrow')",
    "SELECT * FROM read_duckdb('/tmp/x.db')",
    "SELECT getenv('HOME')",
    "SELECT * FROM read_csv('https://example.com/x.csv')",
    "SELECT * FROM read_parquet('s3://bucket/x')",
    "SELECT * FROM secret_frame",
    "SELECT * FROM duckdb_extensions()",
]
STATEMENTS = [
    "COPY (SELECT 1) TO '/tmp/taskhouse-escaped.csv'",
    "COPY (SELECT 1) TO '{root}/../escaped.csv'",
    "EXPORT DATABASE '/tmp/taskhouse-escaped'",
    "IMPORT DATABASE '/tmp/taskhouse-escaped'",
    "ATTACH '/tmp/taskhouse-escaped.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '/tmp/x.duckdb_extension'",
    "FORCE INSTALL 'x' FROM 'http://example.com'",
    "UPDATE EXTENSIONS",
    "CREATE SECRET (TYPE s3)",
    "CREATE PERSISTENT SECRET k (TYPE http)",
    "SET lock_configuration = false",
    "RESET lock_configuration",
    "SET enable_external_access = true",
    "SET allowed_directories = ['/']",
    "SET allowed_configs = ['threads']",
    "SET threads = 64",
    "SET memory_limit = '1TB'",
    "SET temp_directory = '/tmp'",
    "SET home_directory = '/'",
    "SET extension_directory = '/tmp'",
    "SET profiling_output = '/tmp/taskhouse-escaped.json'",
    "SET log_query_path = '/tmp/taskhouse-escaped.log'",
    "SET python_enable_replacements = true",
    "SET autoinstall_known_extensions = true",
    "CALL enable_logging(storage := 'file', storage_path := '/tmp/taskhouse-escaped')",
    "PRAGMA disable_verification; SET disabled_filesystems = ''",
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory):
    home = tmp_path_factory.mktemp("home")
    (home / "outside.txt").write_text("nobody reads this")
    for name in ("tables", "results"):
        (home / name).mkdir()
    opened = Database(home / "tables", home / "results" / "spill", Limits())
    yield opened, home
    opened.close()


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_a_query_opens_no_other_file(bench: Bench, sql: str) -> None:
    secret_frame = {"a": [1]}
    with pytest.raises(Fault) as refused:
        bench.result(sql.replace("{root}", bench.warehouse.root), "a string")
    assert secret_frame
    for leak in ("root:", "PATH=", os.environ.get("HOME", "nohome") + "/.", bench.warehouse.root):
        assert leak not in str(refused.value)


@pytest.mark.parametrize("sql", STATEMENTS)
def test_no_statement_leaves_the_warehouse_or_changes_a_setting(database, sql: str) -> None:
    import duckdb

    opened, home = database
    statement = sql.replace("{root}", str(home / "tables"))
    with pytest.raises(duckdb.Error), opened.cursor("UTC") as cursor:
        cursor.connection.execute(statement)
    assert sorted(os.listdir(home)) == ["outside.txt", "results", "tables"]
    assert not [p for p in os.listdir("/tmp") if p.startswith("taskhouse-escaped")]


def test_the_free_settings_open_nothing(database) -> None:
    opened, _ = database
    with opened.cursor("Asia/Shanghai") as cursor:
        cursor.connection.execute("SET TimeZone = 'America/New_York'")
    with opened.cursor("UTC") as cursor:
        settings = dict(
            cursor.connection.execute(
                "SELECT name, value FROM duckdb_settings() WHERE name IN ("
                "'enable_external_access', 'lock_configuration', 'autoload_known_extensions', "
                "'autoinstall_known_extensions', 'python_enable_replacements', 'allow_persistent_secrets')"
            ).fetchall()
        )
    assert settings == {
        "enable_external_access": "false",
        "lock_configuration": "true",
        "autoload_known_extensions": "false",
        "autoinstall_known_extensions": "false",
        "python_enable_replacements": "false",
        "allow_persistent_secrets": "false",
    }


def test_a_home_that_reads_as_a_pattern_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot stand in the path"):
        DuckDbEngine(tmp_path / "a[b]", tmp_path, Limits())
