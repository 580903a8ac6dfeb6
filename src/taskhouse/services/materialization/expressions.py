"""What the expressions of definitions read: the columns of each alias, told by the SQL parser."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from taskhouse.domain.catalogue import TableName
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.materialization import code
from taskhouse.domain.parameters import Parameters, read_parameters
from taskhouse.sql.lineage import Source, script_lineage

Use = tuple[str, str]
"""(alias, column), lower case."""

_SOME_DAY = date(2000, 1, 31)
_COLUMN = re.compile(r"\s*([A-Za-z_]\w*)\.([A-Za-z_]\w*)\s*")
_PART = re.compile(r"\{([^{}]+)\}")


def with_sample_values(text: str, parameters: str = "", project: str = "p") -> str:
    """`text` with every parameter replaced by the value of some day, so that it can be parsed; those that the system gives each attempt,
    too. `project` is what `${project}` stands for. Raises `Fault` (INVALID_ARGUMENT) for a parameter that nobody gives."""
    if "$" not in text and not parameters:
        return text
    system = {"nodeid": f"{project}.n", "taskid": "1", "project": project, "unit": "u"}
    return Parameters(_SOME_DAY, datetime(2000, 2, 1), read_parameters(parameters), system).substitute(text)


def uses(expression: str, inputs: Mapping[str, Sequence[str] | None]) -> frozenset[Use]:
    """The columns that an expression or condition names. `inputs`: alias -> its columns, None when they are not known.

    Raises `Fault`: PARSE_ERROR or NOT_SUPPORTED for what is no expression, SEMANTIC for an alias that is not among the inputs, or a column
    that no input has.
    """
    if not expression.strip():
        return frozenset()
    known = {alias.lower(): columns for alias, columns in inputs.items()}
    plain = _COLUMN.fullmatch(expression)
    if plain and plain[1].lower() in known and plain[1].upper() not in code.RESERVED:
        return frozenset({(plain[1].lower(), plain[2].lower())})  # most fields are just a column

    def columns_of(table: TableName) -> Sequence[str] | None:
        columns = known.get(table.name)
        return None if columns is None else [column.lower() for column in columns]

    aliases = ", ".join(code.name(alias) for alias in inputs)
    source = f" FROM {aliases}" if aliases else ""
    try:
        statements = script_lineage(
            f"SELECT\n{with_sample_values(expression)}\nAS e{source}", "p", columns_of
        ).statements
    except Fault as fault:
        raise Fault(fault.code, f"'{_short(expression)}' is no expression: {fault.message}") from None
    if len(statements) != 1 or len(statements[0].columns) != 1:
        raise Fault(FaultCode.SEMANTIC, f"'{_short(expression)}' is not one expression")
    unknown = sorted(statements[0].unknown)
    if unknown:
        raise Fault(
            FaultCode.SEMANTIC,
            f"'{_short(expression)}' names '{unknown[0]}', which is not there{_meant(unknown[0], known)}",
        )
    read = statements[0].columns[0].sources
    strange = sorted(source.table.name for source in read if source.table.name not in known)
    if strange:
        raise Fault(FaultCode.SEMANTIC, f"'{_short(expression)}' reads table '{strange[0]}', which is no source here")
    return frozenset(_use(source) for source in read)


def _use(source: Source) -> Use:
    return source.table.name, source.column


def _meant(unknown: str, inputs: Mapping[str, Sequence[str] | None]) -> str:
    """`; did you mean 'x'?`, or nothing when no column is near."""
    columns = {column.lower() for columns in inputs.values() for column in columns or ()}
    near = difflib.get_close_matches(unknown.rpartition(".")[2], sorted(columns), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 80 else flat[:77] + "..."


def expanded(name: str, expressions: Mapping[str, str], within: tuple[str, ...] = ()) -> str:
    """The expression of an atomic metric with its parts in their places. Raises `Fault` (SEMANTIC) for an unknown part and for one
    that contains itself."""
    if name in within:
        raise Fault(FaultCode.SEMANTIC, f"atomic metric '{name}' is composed of itself: {' -> '.join((*within, name))}")
    if name not in expressions:
        raise Fault(FaultCode.SEMANTIC, f"there is no atomic metric '{name}'")

    def part(match: re.Match[str]) -> str:
        return f"({expanded(match[1].strip(), expressions, (*within, name))})"

    if "{" not in expressions[name]:
        return expressions[name]
    return _PART.sub(part, expressions[name])
