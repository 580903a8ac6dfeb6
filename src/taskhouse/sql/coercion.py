"""Which type wins: MaxCompute's implicit conversions as rules over types alone.

`common_type` serves CASE, COALESCE, UNION, VALUES, arrays; `conversion_cost` serves function arguments; arithmetic and
comparison have their own rules in `taskhouse.sql.operators`. Source followed: MaxCompute "Type conversions" and
"Operators"; data type edition 2.0.
"""

from __future__ import annotations

from taskhouse.domain.datatypes import (
    BIGINT,
    DOUBLE,
    LEGACY_DECIMAL,
    LEGACY_SCALE,
    STRING,
    TIMES,
    DataType,
    Field,
    Kind,
    array,
    decimal,
    map_of,
)

_RANK = {Kind.TINYINT: 0, Kind.SMALLINT: 1, Kind.INT: 2, Kind.BIGINT: 3, Kind.DECIMAL: 4, Kind.FLOAT: 5, Kind.DOUBLE: 6}
_TIME_RANK = {Kind.DATE: 0, Kind.DATETIME: 1, Kind.TIMESTAMP_NTZ: 2, Kind.TIMESTAMP: 3}
_DIGITS = {Kind.TINYINT: 3, Kind.SMALLINT: 5, Kind.INT: 10, Kind.BIGINT: 19}


def decimal_shape(type_: DataType) -> tuple[int, int]:
    """Precision and scale of a DECIMAL or of the DECIMAL that holds an integer type. Legacy counts as (38,18)."""
    if type_.kind is Kind.DECIMAL:
        if type_ == LEGACY_DECIMAL:
            return 38, LEGACY_SCALE
        assert type_.precision is not None and type_.scale is not None
        return type_.precision, type_.scale
    return _DIGITS[type_.kind], 0


def bounded_decimal(precision: int, scale: int) -> DataType:
    """DECIMAL within 38 digits and scale 18: digits in front of the point are kept, digits behind it given up."""
    scale = min(scale, 18)
    if precision > 38:
        scale = max(min(scale, 6), scale - (precision - 38))
        precision = 38
    return decimal(max(precision, scale, 1), scale)


def common_number(left: DataType, right: DataType) -> DataType:
    """The number type that holds both."""
    if left == right:
        return left
    low, high = sorted((left, right), key=lambda t: _RANK[t.kind])
    if high.kind is Kind.DECIMAL:
        if LEGACY_DECIMAL in (left, right):
            return LEGACY_DECIMAL
        (p1, s1), (p2, s2) = decimal_shape(left), decimal_shape(right)
        scale = max(s1, s2)
        return bounded_decimal(max(p1 - s1, p2 - s2) + scale, scale)
    if high.kind is Kind.FLOAT and low.kind in (Kind.DECIMAL, Kind.BIGINT, Kind.INT):
        return DOUBLE
    return high


def common_type(left: DataType, right: DataType) -> DataType | None:
    """The type that both convert to without being asked, or None."""
    if left == right:
        return left
    a, b = left.kind, right.kind
    if a is Kind.VOID:
        return right
    if b is Kind.VOID:
        return left
    if left.is_number and right.is_number:
        return common_number(left, right)
    if left.is_text and right.is_text:
        return STRING
    if a in TIMES and b in TIMES:
        return left if _TIME_RANK[a] >= _TIME_RANK[b] else right
    if left.is_complex or right.is_complex:
        return _common_complex(left, right)
    for one, other in ((left, right), (right, left)):
        if one.is_text and (other.is_number or other.kind in TIMES or other.kind in (Kind.BOOLEAN, Kind.JSON)):
            return STRING
    return None


def _common_complex(left: DataType, right: DataType) -> DataType | None:
    if left.kind is not right.kind:
        return None
    if left.kind is Kind.STRUCT:
        if len(left.fields) != len(right.fields):
            return None
        types = [common_type(x.type, y.type) for x, y in zip(left.fields, right.fields, strict=True)]
        if any(t is None for t in types):
            return None
        fields = tuple(Field(f.name, t) for f, t in zip(left.fields, types, strict=True) if t is not None)
        return DataType(Kind.STRUCT, fields=fields)
    assert left.element is not None and right.element is not None
    element = common_type(left.element, right.element)
    if element is None:
        return None
    if left.kind is Kind.ARRAY:
        return array(element)
    assert left.key is not None and right.key is not None
    key = common_type(left.key, right.key)
    return map_of(key, element) if key is not None else None


def conversion_cost(given: DataType, wanted: DataType) -> int | None:
    """How far `given` is from `wanted` as a function's argument: 0 the same, more is worse, None impossible."""
    if given == wanted:
        return 0
    a, b = given.kind, wanted.kind
    if a is Kind.VOID:
        return 1
    if a is b and not given.is_complex:
        return 1
    if given.is_text and wanted.is_text:
        return 1
    if given.is_number and wanted.is_number:
        step = _RANK[b] - _RANK[a]
        return 1 + step if step > 0 else 20 - step
    if a in TIMES and b in TIMES:
        step = _TIME_RANK[b] - _TIME_RANK[a]
        return 1 + step if step > 0 else 12 - step
    if given.is_text:
        if wanted.is_number:
            return 30 + abs(_RANK[b] - _RANK[Kind.DOUBLE])
        if b in TIMES:
            return 34 - _TIME_RANK[b] if b is not Kind.DATETIME else 31
        return 40 if b in (Kind.BINARY, Kind.JSON) else None
    if wanted.is_text:
        if given.is_number or a in TIMES or a in (Kind.BOOLEAN, Kind.JSON):
            return 25
        return 45 if a is Kind.BINARY else None
    if given.is_complex and a is b:
        return 2 if _common_complex(given, wanted) == wanted else None
    return None


def sum_type(type_: DataType) -> DataType:
    """Result of SUM: BIGINT of integers, DECIMAL(38,s), else DOUBLE."""
    if type_.is_integer:
        return BIGINT
    if type_.kind is Kind.DECIMAL:
        if type_ == LEGACY_DECIMAL:
            return LEGACY_DECIMAL
        return decimal(38, decimal_shape(type_)[1])
    return DOUBLE


def average_type(type_: DataType) -> DataType:
    """Result of AVG: DECIMAL(p+4,s+4) of decimals, else DOUBLE."""
    if type_.kind is Kind.DECIMAL:
        if type_ == LEGACY_DECIMAL:
            return LEGACY_DECIMAL
        p, s = decimal_shape(type_)
        return bounded_decimal(p + 4, s + 4)
    return DOUBLE
