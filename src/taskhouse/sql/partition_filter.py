"""What a PARTITION (..) predicate says of a partition's values.

`as_spec` tells when a predicate simply names a partition; `matches` decides any predicate. Values are compared as text for
text columns and as numbers for whole-number columns, as MaxCompute compares them.
"""

from __future__ import annotations

from collections.abc import Mapping

from taskhouse.domain.datatypes import DataType
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.sql.statements import (
    Comparison,
    PartitionAll,
    PartitionAny,
    PartitionComparison,
    PartitionFilter,
    PartitionIn,
    PartitionNot,
    PartitionSpec,
)


def as_spec(filter_: PartitionFilter) -> PartitionSpec | None:
    """`(column, value)` pairs if the predicate is nothing but equalities of different columns, else None."""
    parts = filter_.parts if isinstance(filter_, PartitionAll) else (filter_,)
    spec: list[tuple[str, str | None]] = []
    for part in parts:
        if not isinstance(part, PartitionComparison) or part.operator is not Comparison.EQ:
            return None
        spec.append((part.column, part.value))
    return tuple(spec) if len({column for column, _ in spec}) == len(spec) else None


def columns_of(filter_: PartitionFilter) -> tuple[str, ...]:
    """The columns a predicate speaks of, in the order of first mention."""
    found: dict[str, None] = {}
    stack: list[PartitionFilter] = [filter_]
    while stack:
        part = stack.pop()
        match part:
            case PartitionComparison() | PartitionIn():
                found[part.column] = None
            case PartitionAll() | PartitionAny():
                stack.extend(reversed(part.parts))
            case PartitionNot():
                stack.append(part.part)
    return tuple(found)


def matches(filter_: PartitionFilter, values: Mapping[str, str], types: Mapping[str, DataType]) -> bool:
    """Whether a partition with `values` (by column) satisfies the predicate. `types`: the partition columns' types.

    Raises `Fault` (SEMANTIC) for a column that is no partition column, or a value that is no number where the column is one.
    """
    match filter_:
        case PartitionComparison():
            left = _comparable(filter_.column, values.get(filter_.column), types, filter_)
            right = _comparable(filter_.column, filter_.value, types, filter_)
            return _compare(left, right, filter_.operator)
        case PartitionIn():
            left = _comparable(filter_.column, values.get(filter_.column), types, filter_)
            found = any(
                _compare(left, _comparable(filter_.column, value, types, filter_), Comparison.EQ)
                for value in filter_.values
            )
            return found != filter_.negated
        case PartitionAll():
            return all(matches(part, values, types) for part in filter_.parts)
        case PartitionAny():
            return any(matches(part, values, types) for part in filter_.parts)
        case PartitionNot():
            return not matches(filter_.part, values, types)


def _comparable(
    column: str, value: str | None, types: Mapping[str, DataType], part: PartitionComparison | PartitionIn
) -> tuple[int, int | str]:
    type_ = types.get(column)
    if type_ is None or value is None:
        raise Fault(FaultCode.SEMANTIC, f"{column} is not a partition column", part.place)
    if not type_.is_integer:
        return (1, value)
    try:
        return (0, int(value))
    except ValueError:
        raise Fault(
            FaultCode.SEMANTIC, f"partition column {column} is {type_}, and '{value}' is no such value", part.place
        ) from None


def _compare(left: tuple[int, int | str], right: tuple[int, int | str], operator: Comparison) -> bool:
    a, b = left[1], right[1]
    if operator is Comparison.EQ:
        return a == b
    if operator is Comparison.NE:
        return a != b
    if isinstance(a, int) and isinstance(b, int):
        below, equal = a < b, a == b
    else:
        below, equal = str(a) < str(b), a == b
    match operator:
        case Comparison.LT:
            return below
        case Comparison.LE:
            return below or equal
        case Comparison.GT:
            return not below and not equal
        case _:
            return not below
