"""Partitions, empty ones included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, update

from taskhouse.domain.catalogue import Partition, PartitionValues
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.paging import Page
from taskhouse.ports.warehouse import CommitResult
from taskhouse.store.catalogue import rows
from taskhouse.store.catalogue.schema import partitions as stored
from taskhouse.store.catalogue.schema import tables
from taskhouse.store.catalogue.tables import record
from taskhouse.store.database import Database
from taskhouse.store.schema import to_micros

_ONE = select(stored).where(stored.c.table_id == bindparam("id"), stored.c.key == bindparam("key"))
_MAX = (
    select(stored.c.key)
    .where(stored.c.table_id == bindparam("id"), stored.c.files > 0, stored.c.rows > 0)
    .order_by(stored.c.key.desc())
    .limit(1)
)
_TOUCH_TABLE = update(tables).where(tables.c.id == bindparam("table_id")).values(ddl_at=bindparam("now"))
_BATCH = 500
"""Keys in one statement at most."""


def _batches(keys: list[str]) -> Iterable[list[str]]:
    return (keys[at : at + _BATCH] for at in range(0, len(keys), _BATCH))


def _found(connection: Connection, table_id: str, keys: list[str]) -> list[str]:
    return [
        key
        for batch in _batches(keys)
        for (key,) in connection.execute(
            select(stored.c.key).where(stored.c.table_id == table_id, stored.c.key.in_(batch))
        )
    ]


def _under(table_id: str, prefix: PartitionValues) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [stored.c.table_id == table_id]
    if prefix:
        key = rows.partition_key(prefix)
        conditions += [stored.c.key >= key, stored.c.key < key[:-1] + "\x02"]
    return conditions


def _require_table(connection: Connection, table_id: str, moment: int) -> None:
    if connection.execute(_TOUCH_TABLE, {"table_id": table_id, "now": moment}).rowcount == 0:
        raise Fault(FaultCode.NO_SUCH_TABLE, "Table not found - it was dropped meanwhile")


def _fresh(table_id: str, key: str, moment: int) -> dict[str, Any]:
    return {"table_id": table_id, "key": key, "created_at": moment, "modified_at": moment, "ddl_at": moment}


def _show(values: PartitionValues) -> str:
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"


class PartitionVerbs:
    _db: Database

    def add_partitions(
        self, table_id: str, partitions: Sequence[PartitionValues], now: datetime, *, if_not_exists: bool
    ) -> int:
        keys = {rows.partition_key(values): values for values in partitions}
        moment = to_micros(now)

        def write(connection: Connection) -> int:
            _require_table(connection, table_id, moment)
            present = set(_found(connection, table_id, list(keys)))
            if present and not if_not_exists:
                first = next(values for key, values in keys.items() if key in present)
                raise Fault(FaultCode.OBJECT_EXISTS, f"Partition already exists - {_show(first)}")
            new = [_fresh(table_id, key, moment) for key in keys if key not in present]
            if new:
                connection.execute(insert(stored), new)
            return len(new)

        return self._db.write(write)

    def partition(self, table_id: str, values: PartitionValues) -> Partition | None:
        key = rows.partition_key(values)
        row = self._db.read(
            lambda connection: connection.execute(_ONE, {"id": table_id, "key": key}).mappings().first()
        )
        return None if row is None else rows.partition_value(row)

    def partitions(
        self,
        table_id: str,
        *,
        prefix: PartitionValues = (),
        reverse: bool = False,
        marker: str = "",
        limit: int = 1000,
    ) -> Page[Partition]:
        key = stored.c.key
        query = select(stored).where(*_under(table_id, prefix))
        if marker:
            after = rows.key_of(marker)
            query = query.where(key < after if reverse else key > after)
        query = query.order_by(key.desc() if reverse else key).limit(limit + 1)
        found = self._db.read(lambda connection: connection.execute(query).mappings().all())
        items = tuple(rows.partition_value(row) for row in found[:limit])
        return Page(items, rows.marker_of(found[limit - 1]["key"]) if len(found) > limit else "")

    def all_partitions(self, table_id: str, prefix: PartitionValues = ()) -> tuple[Partition, ...]:
        query = select(stored).where(*_under(table_id, prefix)).order_by(stored.c.key)
        found = self._db.read(lambda connection: connection.execute(query).mappings().all())
        return tuple(rows.partition_value(row) for row in found)

    def drop_partitions(self, table_id: str, partitions: Sequence[PartitionValues], now: datetime) -> int:
        keys = [rows.partition_key(values) for values in partitions]

        def write(connection: Connection) -> int:
            _require_table(connection, table_id, to_micros(now))
            return sum(
                connection.execute(
                    delete(stored).where(stored.c.table_id == table_id, stored.c.key.in_(batch))
                ).rowcount
                for batch in _batches(keys)
            )

        return self._db.write(write)

    def rename_partition(
        self, table_id: str, old: PartitionValues, new: PartitionValues, commit: CommitResult | None, now: datetime
    ) -> None:
        old_key, new_key = rows.partition_key(old), rows.partition_key(new)
        moment = to_micros(now)

        def write(connection: Connection) -> None:
            _require_table(connection, table_id, moment)
            row = connection.execute(_ONE, {"id": table_id, "key": old_key}).mappings().first()
            if row is None:
                raise Fault(FaultCode.NO_SUCH_PARTITION, f"Partition not found - {_show(old)}")
            if connection.execute(_ONE, {"id": table_id, "key": new_key}).first() is not None:
                raise Fault(FaultCode.OBJECT_EXISTS, f"Partition already exists - {_show(new)}")
            connection.execute(delete(stored).where(stored.c.table_id == table_id, stored.c.key == old_key))
            connection.execute(insert(stored), dict(row) | {"key": new_key, "ddl_at": moment})
            if commit is not None:
                moved = {values: counts for values, counts in commit.statistics.items() if values != old}
                record(connection, table_id, CommitResult(commit.version, moved), now)

        self._db.write(write)

    def touch_partition(
        self,
        table_id: str,
        values: PartitionValues,
        now: datetime,
        *,
        properties: Mapping[str, str | None] | None = None,
    ) -> Partition:
        key = rows.partition_key(values)
        moment = to_micros(now)

        def write(connection: Connection) -> Partition:
            row = connection.execute(_ONE, {"id": table_id, "key": key}).mappings().first()
            if row is None:
                raise Fault(FaultCode.NO_SUCH_PARTITION, f"Partition not found - {_show(values)}")
            changes: dict[str, Any] = {"modified_at": moment, "ddl_at": moment}
            if properties is not None:
                changes = {"ddl_at": moment, "properties": rows.merge(row["properties"], properties)}
            connection.execute(update(stored).where(stored.c.table_id == table_id, stored.c.key == key).values(changes))
            return rows.partition_value(connection.execute(_ONE, {"id": table_id, "key": key}).mappings().one())

        return self._db.write(write)

    def max_partition(self, table_id: str) -> PartitionValues | None:
        key = self._db.read(lambda connection: connection.execute(_MAX, {"id": table_id}).scalar())
        return None if key is None else rows.partition_values(key)
