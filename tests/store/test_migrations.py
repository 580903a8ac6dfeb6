"""A database made new and one brought up step by step have the same schema."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection

from taskhouse.ports.recurring_store import InstanceQuery
from taskhouse.store import migrations
from taskhouse.store.database import Database
from taskhouse.store.migrations import HEAD, NewerSchemaError, migrate, upgrade, version
from taskhouse.store.recurring import SqlRecurringStore
from tests.store.recurring.tenant import desk


def schema(connection: Connection) -> dict[str, object]:
    """Every table with its columns, keys and options, every index with its text."""
    found: dict[str, object] = {}
    rows = connection.exec_driver_sql(
        "select type, name, tbl_name, sql from sqlite_master where name not like 'sqlite_%'"
    )
    for kind, name, table, sql in rows.all():
        if table == "alembic_version":
            continue
        text = re.sub(r"\s+", " ", str(sql)).replace('"', "").strip().lower()
        if kind == "table":
            head, _, body = text.partition("(")
            body, _, options = body.rpartition(")")
            found[name] = (head.strip(), frozenset(part.strip() for part in _parts(body)), options.strip())
        else:
            found[name] = text
    return found


def _parts(body: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for n, letter in enumerate(body):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append(body[start:n])
            start = n + 1
    return [*parts, body[start:]]


def test_stepwise_and_new_agree(tmp_path: Path) -> None:
    new, stepwise = Database(tmp_path / "new.db"), Database(tmp_path / "steps.db")
    migrate(new)
    stepwise.write(upgrade)
    assert new.read(version) == stepwise.read(version) == HEAD
    assert new.read(schema) == stepwise.read(schema)
    migrate(stepwise)
    new.close()
    stepwise.close()


def test_a_home_of_the_first_step_keeps_what_is_in_it_and_can_hold_recurring_instances(tmp_path: Path) -> None:
    database = Database(tmp_path / "meta.db")
    database.write(partial(upgrade, to="0001"))
    assert database.read(version) == "0001"
    database.write(_fill)
    before = {name: database.read(partial(_rows, name=name)) for name in database.read(_tables)}
    assert sum(map(len, before.values())) >= len(before) > 10
    migrate(database)
    assert database.read(version) == HEAD
    assert {name: database.read(partial(_rows, name=name)) for name in before} == before
    store = SqlRecurringStore(database)
    at_desk = desk(store)
    at_desk.run("S0", 1, 2)
    assert store.count(InstanceQuery()) == 9
    database.close()


def _tables(connection: Connection) -> list[str]:
    found = connection.exec_driver_sql(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name <> 'alembic_version'"
    )
    return [name for (name,) in found]


def _rows(connection: Connection, name: str) -> list[tuple[object, ...]]:
    """The columns of the first step may have become more."""
    return [tuple(row) for row in connection.exec_driver_sql(f'select * from "{name}"')]


def _fill(connection: Connection) -> None:
    """A row in each table, whatever it means: numbers for numbers, words for words."""
    connection.exec_driver_sql("pragma defer_foreign_keys = on")
    for name in _tables(connection):
        columns = connection.exec_driver_sql(f'pragma table_info("{name}")').all()
        values = [1 if "INT" in kind.upper() or "BOOL" in kind.upper() else "x" for _, _, kind, *_ in columns]
        connection.exec_driver_sql(f'insert into "{name}" values ({", ".join("?" * len(values))})', tuple(values))


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    database = Database(tmp_path / "meta.db")
    migrate(database)
    database.write(lambda c: c.exec_driver_sql("update alembic_version set version_num = '9999'"))
    with pytest.raises(NewerSchemaError, match="is at step 9999"):
        migrate(database)
    database.close()


def test_the_newest_step_is_the_head() -> None:
    steps = sorted(path.name for path in (Path(migrations.__file__).parent / "versions").glob("[0-9]*.py"))
    assert steps[-1].startswith(HEAD)
