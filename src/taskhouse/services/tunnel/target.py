"""Which table and which partition a transfer is about, and whether the caller may."""

from __future__ import annotations

import re

from taskhouse.domain.access import table_target
from taskhouse.domain.catalogue import PartitionValues, Table, TableName
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.services.access.authorize import check
from taskhouse.services.catalogue import names, tables
from taskhouse.services.world import Caller, World

READ, WRITE = "Select", "Update"


def find_table(world: World, caller: Caller, name: TableName, action: str) -> Table:
    """A table, not a view, that the caller may read or write. Raises `Fault`."""
    table = tables.find(world, caller, name, action)
    if table.is_view:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"{table.name} is a view: the tunnel moves the rows of tables only")
    return table


def table_of_session(world: World, caller: Caller, table_id: str, name: TableName, action: str) -> Table:
    """The table of a session, which must be the one that the request names; a table dropped and made again is another one."""
    table = world.catalogue.table_by_id(table_id)
    if table is None or table.name != name:
        raise Fault(FaultCode.NO_SUCH_TABLE, f"Table not found - the table of this session is no longer {name}")
    check(world, caller, action, table_target(table.name), table.owner)
    return table


def read_partition(table: Table, text: str) -> PartitionValues:
    """`pt=x,pt2=y` without quotes, values as they are: a value may hold anything but `,<next column>=`. Quoted values and `/` between
    columns are understood as well. `()` for an unpartitioned table.

    Raises `Fault` (InvalidArgument) unless all partition columns, and only those, have a value.
    """
    if not text.strip():
        if table.is_partitioned:
            columns = ", ".join(c.name for c in table.partition_columns)
            raise Fault(FaultCode.INVALID_ARGUMENT, f"{table.name} is partitioned: name one partition ({columns})")
        return ()
    if not table.is_partitioned:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"table {table.name} is not partitioned")
    known = "|".join(re.escape(c.name) for c in table.partition_columns)
    heads = list(re.finditer(rf"(?:\A|[,/])\s*`?({known})`?\s*=", text, re.IGNORECASE))
    if not heads or text[: heads[0].start()].strip():
        return names.values_of(table, names.read_spec(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    pairs = tuple(
        (head.group(1).lower(), _unquoted(text[head.end() : end].strip()))
        for head, end in zip(heads, ends, strict=True)
    )
    return names.values_of(table, pairs)


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value


def columns_of(table: Table) -> tuple[tuple[str, str, str], ...]:
    """The data columns as sessions keep them: `(name, physical name, type text)`."""
    return tuple((c.name, c.stored_as, str(c.type)) for c in table.columns)


def require_same_columns(table: Table, columns: tuple[tuple[str, str, str], ...]) -> None:
    """Raises `Fault` (TableModified) when the table's columns are not what they were when the session began."""
    if columns_of(table) != columns:
        raise Fault(
            FaultCode.TABLE_MODIFIED,
            f"the columns of {table.name} were changed after the session began; begin a new one",
        )
