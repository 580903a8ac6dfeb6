"""What is too old to keep: tables and partitions past their lifecycle, and the trash."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, select

from taskhouse.domain.catalogue import PartitionValues, Table
from taskhouse.ports.catalogue_store import Trash, TrashKind
from taskhouse.store.catalogue import rows
from taskhouse.store.catalogue.schema import partitions, tables, trash
from taskhouse.store.catalogue.tables import to_trash
from taskhouse.store.database import Database
from taskhouse.store.schema import from_micros, to_micros

_DAY = 86_400_000_000
_ENABLED = func.coalesce(func.json_extract(tables.c.options, "$.lifecycle"), "") != "disabled"
_EXPIRED_TABLES = (
    select(tables)
    .where(
        tables.c.lifecycle.is_not(None),
        tables.c.partitioned.is_(False),
        tables.c.modified_at < bindparam("now") - tables.c.lifecycle * _DAY,
        _ENABLED,
    )
    .order_by(tables.c.modified_at)
    .limit(bindparam("limit"))
)
_EXPIRED_PARTITIONS = (
    select(tables, partitions.c.key)
    .join(partitions, partitions.c.table_id == tables.c.id)
    .where(
        tables.c.lifecycle.is_not(None),
        partitions.c.modified_at < bindparam("now") - tables.c.lifecycle * _DAY,
        _ENABLED,
        func.coalesce(func.json_extract(partitions.c.properties, "$.lifecycle"), "") != "disabled",
    )
    .order_by(tables.c.id, partitions.c.key)
    .limit(bindparam("limit"))
)
_TRASH = select(trash).where(trash.c.since < bindparam("before")).order_by(trash.c.since).limit(bindparam("limit"))
_FORGET = delete(trash).where(trash.c.kind == bindparam("k"), trash.c.key == bindparam("v"))


class LifecycleVerbs:
    _db: Database

    def expired_tables(self, now: datetime, limit: int) -> tuple[Table, ...]:
        bound = {"now": to_micros(now), "limit": limit}
        found = self._db.read(lambda connection: connection.execute(_EXPIRED_TABLES, bound).mappings().all())
        return tuple(rows.table_value(row) for row in found)

    def expired_partitions(self, now: datetime, limit: int) -> tuple[tuple[Table, PartitionValues], ...]:
        bound = {"now": to_micros(now), "limit": limit}
        found = self._db.read(lambda connection: connection.execute(_EXPIRED_PARTITIONS, bound).mappings().all())
        return tuple((rows.table_value(row), rows.partition_values(row["key"])) for row in found)

    def trash(self, before: datetime, limit: int) -> tuple[Trash, ...]:
        bound = {"before": to_micros(before), "limit": limit}
        found = self._db.read(lambda connection: connection.execute(_TRASH, bound).all())
        return tuple(Trash(TrashKind(kind), key, from_micros(since)) for kind, key, since in found)

    def throw_away(self, items: Iterable[tuple[TrashKind, str]], now: datetime) -> None:
        wanted = list(items)

        def write(connection: Connection) -> None:
            for kind in TrashKind:
                to_trash(connection, kind, [key for found, key in wanted if found is kind], now)

        self._db.write(write)

    def forget_trash(self, items: Iterable[Trash]) -> None:
        gone = [{"k": item.kind.value, "v": item.key} for item in items]
        if gone:
            self._db.write(lambda connection: connection.execute(_FORGET, gone) and None, durable=False)
