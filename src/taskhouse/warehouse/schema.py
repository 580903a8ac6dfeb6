"""A table's definition as its Delta log holds it.

Data columns are in the stored form under their physical names. Partition columns are text whatever their type is:
their values are text in MaxCompute too, and a typed log would read `01` back as `1`. The real type stands in the
field's metadata as `taskhouse.type`, the comment as `comment`.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
from deltalake import DeltaTable
from deltalake import Schema as DeltaSchema

from taskhouse.domain.catalogue import Column, Table
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.sql.arrow import stored_type

TYPE_KEY = "taskhouse.type"
COMMENT_KEY = "comment"
_FORBIDDEN = frozenset(" ,;{}()\n\t=")
"""Characters that Delta does not allow in a column's name without a mapping."""


def delta_schema(table: Table) -> pa.Schema:
    """The whole schema: data columns, hidden ones, partition columns last."""
    fields = [data_field(c) for c in table.columns]
    fields += [data_field(c, nullable=True) for c in table.hidden_columns]
    fields += [
        pa.field(_checked(c.stored_as), pa.utf8(), nullable=True, metadata=field_metadata(c))
        for c in table.partition_columns
    ]
    return pa.schema(fields)


def data_field(column: Column, *, nullable: bool | None = None) -> pa.Field:
    return pa.field(
        _checked(column.stored_as),
        stored_type(column.type),
        nullable=column.nullable if nullable is None else nullable,
        metadata=field_metadata(column),
    )


def field_metadata(column: Column) -> dict[str, str]:
    found = {TYPE_KEY: str(column.type)}
    if column.comment:
        found[COMMENT_KEY] = column.comment
    return found


def alter(delta: DeltaTable, before: Table, after: Table) -> None:
    """Bring the log from one definition to the next, one entry per kind of change. Columns are told apart by physical name.

    Raises `Fault` (NotSupported) when a column's stored form changes or a column turns NOT NULL, and (CommitConflict) when the
    log knows an added column's name with another type.
    """
    old = {c.stored_as: c for c in (*before.columns, *before.partition_columns, *before.hidden_columns)}
    added = [c for c in after.columns if c.stored_as not in old]
    kept = [(old[c.stored_as], c) for c in (*after.columns, *after.partition_columns) if c.stored_as in old]
    for was, now in kept:
        if stored_type(was.type) != stored_type(now.type):
            raise Fault(
                FaultCode.NOT_SUPPORTED,
                f"column {now.name} cannot change from {was.type} to {now.type}: its files would not be readable",
            )
    in_log = {f.name: f for f in delta.schema().fields}
    missing = [c for c in added if c.stored_as not in in_log]
    for column in added:
        # A change that was cut short may have left its column in the log.
        left = in_log.get(column.stored_as)
        if left is not None and left.type != DeltaSchema.from_arrow(pa.schema([data_field(column)])).fields[0].type:
            raise Fault(FaultCode.CONFLICT, f"files of {after.name} have a column {column.stored_as} of another type")
    if missing:
        # Rows written earlier have NULL there, so the log cannot demand a value.
        fields = DeltaSchema.from_arrow(pa.schema([data_field(c, nullable=True) for c in missing])).fields
        delta.alter.add_columns(list(fields))
    for was, now in kept:
        if was.nullable and not now.nullable:
            raise Fault(FaultCode.NOT_SUPPORTED, f"column {now.name} cannot become NOT NULL")
        if now.nullable and not in_log[now.stored_as].nullable:
            delta.alter.drop_column_not_null(now.stored_as)
        if field_metadata(was) != field_metadata(now):
            delta.alter.set_column_metadata(now.stored_as, {COMMENT_KEY: now.comment, TYPE_KEY: str(now.type)})
    for column in _newly_hidden(before, after):
        if not in_log[column.stored_as].nullable:
            delta.alter.drop_column_not_null(column.stored_as)
    if before.comment != after.comment:
        delta.alter.set_table_description(after.comment)
    if before.name != after.name:
        delta.alter.set_table_name(str(after.name))


def _newly_hidden(before: Table, after: Table) -> Iterable[Column]:
    present = {c.stored_as for c in after.columns}
    return (c for c in before.columns if c.stored_as not in present)


def _checked(name: str) -> str:
    if not name or _FORBIDDEN & set(name):
        raise Fault(
            FaultCode.INVALID_ARGUMENT,
            f"column name '{name}' cannot be stored: blanks and any of , ; {{ }} ( ) = are not allowed in it",
        )
    return name
