"""Pieces of MaxCompute SQL that several algorithms write: quoted names, the rows of an input table, a new output table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from taskhouse.domain.catalogue import DEFAULT_SCHEMA, Column, Table
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.algorithms import Arguments, Parameter, ParameterKind

INPUT = Parameter("inputTableName", ParameterKind.INPUT_TABLE, "the table to read", required=True)
INPUT_PARTITIONS = Parameter("inputTablePartitions", ParameterKind.PARTITIONS, "partitions to read; all when absent")
OUTPUT = Parameter("outputTableName", ParameterKind.OUTPUT_TABLE, "the table to create", required=True)
LIFECYCLE = Parameter("lifecycle", ParameterKind.INTEGER, "days to keep the output table", minimum=1)
CORES = Parameter("coreNum", ParameterKind.INTEGER, "accepted; the server decides how many threads run", minimum=1)
MEMORY = Parameter("memSizePerCore", ParameterKind.INTEGER, "accepted; the server's memory limit holds", minimum=1)
SIZING = (LIFECYCLE, CORES, MEMORY)


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def table_name(table: Table) -> str:
    name = table.name
    parts = [name.project, name.name] if name.schema == DEFAULT_SCHEMA else [name.project, name.schema, name.name]
    return ".".join(quoted(part) for part in parts)


def new_table_name(given: str) -> str:
    return ".".join(quoted(part.lower()) for part in given.split("."))


def partition_filter(table: Table, given: str) -> str:
    """A WHERE condition for `ds=1,region=a;ds=2,region=b`; empty when none was given."""
    if not given.strip():
        return ""
    known = {c.name.lower(): c for c in table.partition_columns}
    alternatives = []
    for spec in given.split(";"):
        conditions = []
        for pair in spec.split(","):
            name, equals, value = pair.partition("=")
            if not equals or name.strip().lower() not in known:
                raise Fault(
                    FaultCode.INVALID_PARAMETER,
                    f"inputTablePartitions: '{pair.strip()}' is not column=value of a partition column of {table.name}",
                )
            conditions.append(f"{quoted(name.strip())} = {text(value.strip().strip(chr(39)))}")
        alternatives.append("(" + " and ".join(conditions) + ")")
    return " or ".join(alternatives)


def source(arguments: Arguments, parameter: str = "inputTableName") -> str:
    """`from` and `where` of the input rows. The whole of a partitioned table is read when no partition is named."""
    table = arguments.tables[parameter]
    condition = partition_filter(table, arguments.text("inputTablePartitions"))
    return f"from {table_name(table)}" + (f"\nwhere {condition}" if condition else "")


def create_as(arguments: Arguments, parameter: str, select: str) -> str:
    """`create table .. as ..`, full scans allowed, in script mode."""
    lifecycle = f" lifecycle {arguments.text('lifecycle')}" if arguments.text("lifecycle") else ""
    name = new_table_name(arguments.text(parameter))
    return f"set odps.sql.allow.fullscan=true;\ncreate table {name}{lifecycle} as\n{select};"


def all_columns(table: Table) -> tuple[Column, ...]:
    return (*table.columns, *table.partition_columns)


def chosen_columns(table: Table, names: Iterable[str], parameter: str) -> tuple[Column, ...]:
    """Columns by name, in the order asked for. Raises `Fault` INVALID_PARAMETER naming an unknown or repeated one."""
    known: Mapping[str, Column] = {c.name.lower(): c for c in all_columns(table)}
    chosen: list[Column] = []
    for name in names:
        column = known.get(name.lower())
        if column is None:
            raise Fault(FaultCode.INVALID_PARAMETER, f"{parameter}: table {table.name} has no column '{name}'")
        if column in chosen:
            raise Fault(FaultCode.INVALID_PARAMETER, f"{parameter}: column '{name}' is named twice")
        chosen.append(column)
    return tuple(chosen)


def require_numbers(columns: Iterable[Column], parameter: str) -> None:
    for column in columns:
        if not column.type.is_number:
            raise Fault(
                FaultCode.INVALID_PARAMETER, f"{parameter}: column '{column.name}' is {column.type}, not a number"
            )


def refuse_existing(table: Table, name: str, parameter: str) -> None:
    """A new column's name must be free."""
    if any(c.name.lower() == name.lower() for c in all_columns(table)):
        raise Fault(FaultCode.INVALID_PARAMETER, f"{parameter}: table {table.name} has a column '{name}' already")
