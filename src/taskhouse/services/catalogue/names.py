"""Names: what may be one, how a partition is written, and where a name without its project or schema belongs.

Names are kept in lower case. Letters of any script, digits, `_` and, in quotes, some more may stand in them; what could be
taken for a path, a qualifier or markup may not.
"""

from __future__ import annotations

import re

from taskhouse.domain.catalogue import DEFAULT_SCHEMA, Column, PartitionValues, Table
from taskhouse.domain.datatypes import DataType, Kind
from taskhouse.domain.faults import Fault, FaultCode, Place

_OBJECT = re.compile(r"[\w$\-]{1,128}")
_COLUMN = re.compile(r"[^\x00-\x1f\x7f`]{1,128}")
_RESOURCE = re.compile(r"[\w.$\-+@ ()]{1,255}")
_PROJECT = re.compile(r"[a-z][a-z0-9_]{0,62}")
_UNSTORABLE = re.compile(r"[ ,;{}()\n\t=]")
_PARTITION_PART = re.compile(
    r"""\s*(?:`([^`]+)`|([^=,'"`/\s]+))\s*=\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^,/'"]*?))\s*(?:[,/]|\Z)"""
)
MAX_VALUE_CHARS = 255
_INTEGER = re.compile(r"[+-]?\d{1,19}")


def _bad(message: str, place: Place | None = None) -> Fault:
    return Fault(FaultCode.INVALID_ARGUMENT, message, place)


def object_name(text: str, what: str = "table", place: Place | None = None) -> str:
    """A table's, view's, schema's or function's name. Raises `Fault` (InvalidArgument)."""
    name = text.strip().lower()
    if _OBJECT.fullmatch(name) is None:
        raise _bad(f"'{text}' is not a {what} name: 1 to 128 letters, digits and '_' are expected", place)
    return name


def project_name(text: str) -> str:
    name = text.strip().lower()
    if _PROJECT.fullmatch(name) is None:
        raise _bad(f"'{text}' is not a project name: a letter, then up to 62 letters, digits and '_' are expected")
    return name


def column_name(text: str, place: Place | None = None) -> str:
    name = text.strip().lower()
    if _COLUMN.fullmatch(name) is None:
        raise _bad(f"'{text}' is not a column name", place)
    return name


def resource_name(text: str) -> str:
    """Resource names keep their letter case: they are file names that code refers to."""
    name = text.strip()
    if _RESOURCE.fullmatch(name) is None or name in (".", ".."):
        raise _bad(f"'{text}' is not a resource name: 1 to 255 letters, digits and any of . _ - $ + @ are expected")
    return name


def physical_name(name: str, taken: set[str], after: int = 0) -> str:
    """A name for a column inside files: its own if files can hold it and no other column has it, else one made from it. `after`
    skips so many candidates."""
    base = _UNSTORABLE.sub("_", name)
    number = 1 + after
    candidate = base if number == 1 else f"{base}__{number}"
    while candidate in taken:
        number += 1
        candidate = f"{base}__{number}"
    return candidate


# --- partitions -------------------------------------------------------------------------------------------------------


def read_spec(text: str) -> tuple[tuple[str, str], ...]:
    """`pt='a',hh=01` or `pt=a/hh=01` as `(column, value)` pairs. Raises `Fault` (InvalidArgument)."""
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(text.rstrip()):
        found = _PARTITION_PART.match(text, at)
        if found is None or found.end() == at:
            raise _bad(f"partition '{text}' cannot be read; write it as column='value',column2='value2'")
        quoted = found.group(3) if found.group(3) is not None else found.group(4)
        value = found.group(5) if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        pairs.append(((found.group(1) or found.group(2)).lower(), value))
        at = found.end()
    if not pairs:
        raise _bad("a partition is expected, as column='value'")
    return tuple(pairs)


def values_of(
    table: Table, pairs: tuple[tuple[str, str | None], ...], *, prefix: bool = False, place: Place | None = None
) -> PartitionValues:
    """The values in the order of the table's partition columns. `prefix`: the leading columns are enough.

    Raises `Fault` (InvalidArgument): the table has no partitions, a column is unknown, missing or named twice, or a value does not fit
    its type.
    """
    columns = table.partition_columns
    if not columns:
        raise _bad(f"table {table.name} is not partitioned", place)
    given = dict(pairs)
    known = {column.name for column in columns}
    for name, _ in pairs:
        if name not in known:
            raise _bad(f"'{name}' is not a partition column of {table.name}", place)
    if len(given) != len(pairs):
        raise _bad("a partition column is named twice", place)
    if len(given) < len(columns) and not prefix:
        missing = next(column.name for column in columns if column.name not in given)
        raise _bad(
            f"the partition lacks a value for '{missing}': {table.name} has {len(columns)} partition columns", place
        )
    wanted = columns[: len(given)]
    if any(column.name not in given for column in wanted):
        raise _bad(f"the partition must name the leading partition columns of {table.name}", place)
    return tuple(partition_value(column, given[column.name], place) for column in wanted)


def partition_value(column: Column, value: str | None, place: Place | None = None) -> str:
    """The text under which a value of a partition column is kept. Raises `Fault` (InvalidArgument)."""
    if value is None:
        raise _bad(f"partition column '{column.name}' needs a value", place)
    if column.type.is_integer:
        text = value.strip()
        if _INTEGER.fullmatch(text) is None:
            raise _bad(f"'{value}' is not a value of the partition column '{column.name}' ({column.type})", place)
        return str(int(text))
    if not value:
        raise _bad(f"partition column '{column.name}' needs a value that is not empty", place)
    if len(value) > MAX_VALUE_CHARS:
        raise _bad(f"the value of partition column '{column.name}' is longer than {MAX_VALUE_CHARS} characters", place)
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise _bad(f"the value of partition column '{column.name}' holds a control character", place)
    return value


PARTITION_KINDS = frozenset(
    {Kind.TINYINT, Kind.SMALLINT, Kind.INT, Kind.BIGINT, Kind.STRING, Kind.CHAR, Kind.VARCHAR, Kind.DATE}
)
"""Types whose values have one text each, whatever the time zone."""


def may_partition(type_: DataType) -> bool:
    return type_.kind in PARTITION_KINDS


def spec_text(columns: tuple[Column, ...], values: PartitionValues) -> str:
    """`pt=a/hh=01`, as SHOW PARTITIONS prints it."""
    return "/".join(f"{column.name}={value}" for column, value in zip(columns, values, strict=True))


def quoted_spec(columns: tuple[Column, ...], values: PartitionValues) -> str:
    """`pt='a',hh='01'`."""
    return ",".join(f"{column.name}='{value}'" for column, value in zip(columns, values, strict=True))


def table_source(text: str, project: str, schema: str) -> tuple[str, str, str, str]:
    """`p.t`, `p.s.t` or `t`, backquoted or not, with an optional ` partition(a='1')`: `(project, schema, table, partition text)`."""
    head, _, tail = text.partition(" partition(")
    parts = [part.strip().strip("`").lower() for part in head.strip().split(".")]
    if not all(parts) or len(parts) > 3:
        raise _bad(f"'{text}' does not name a table; write project.table or project.schema.table")
    if len(parts) == 1:
        parts = [project, schema, parts[0]]
    elif len(parts) == 2:
        parts = [parts[0], DEFAULT_SCHEMA, parts[1]]
    return parts[0], parts[1], parts[2], tail.rsplit(")", 1)[0].strip()
