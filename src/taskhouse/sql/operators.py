"""Operators: which types they take, what MaxCompute converts on the way, and the engine SQL.

Every function takes bound operands and gives a bound result, or None when the types do not go together. Columns stay uncast
wherever DuckDB computes the same by itself, because a cast column can neither be pruned nor pushed into a scan.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from taskhouse.domain.datatypes import (
    BIGINT,
    BOOLEAN,
    DATE,
    DATETIME,
    DOUBLE,
    INT,
    INTERVAL_DAY_TIME,
    INTERVAL_YEAR_MONTH,
    LEGACY_DECIMAL,
    TIMES,
    DataType,
    Kind,
)
from taskhouse.sql.backends.duckdb import engine_type
from taskhouse.sql.casts import CastRules, convert, datetime_constant, double_as_decimal, read_moment, read_number
from taskhouse.sql.coercion import bounded_decimal, common_number, common_type, decimal_shape
from taskhouse.sql.typed import (
    BIGINT_LIMIT,
    Typed,
    bare_number,
    boolean_constant,
    date_constant,
    double_constant,
    integer_constant,
)

INTERVALS = (Kind.INTERVAL_YEAR_MONTH, Kind.INTERVAL_DAY_TIME)
COMPARISONS = {"=": "=", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "<=>": "IS NOT DISTINCT FROM"}


def compare(left: Typed, operator: str, right: Typed, rules: CastRules) -> Typed | None:
    """`left operator right` as a condition; operators are the keys of `COMPARISONS` and `IS DISTINCT FROM`."""
    pair = comparable(left, right, rules)
    if pair is None:
        return None
    a, b = pair
    return Typed(f"({a} {COMPARISONS.get(operator, operator)} {b})", BOOLEAN)


def comparable(left: Typed, right: Typed, rules: CastRules) -> tuple[str, str] | None:
    """Both operands as SQL that DuckDB compares the way MaxCompute does, or None."""
    a, b = left.type, right.type
    if a.is_number and b.is_number:
        return _comparable_numbers(left, right)
    if left.is_null or right.is_null:
        return left.sql, right.sql
    if a.is_text and b.is_text:
        return _unpadded(left), _unpadded(right)
    if a.is_text or b.is_text:
        found = _comparable_text(left, right, rules) if a.is_text else _comparable_text(right, left, rules)
        if found is None:
            return None
        return found if a.is_text else (found[1], found[0])
    wide = common_type(a, b)
    if wide is None:
        return None
    x, y = convert(left, wide, rules), convert(right, wide, rules)
    return (x.sql, y.sql) if x is not None and y is not None else None


def _unpadded(typed: Typed) -> str:
    """A CHAR's trailing blanks take no part in comparisons."""
    if typed.kind is Kind.CHAR:
        return f"rtrim({typed.sql}, ' ')"
    return typed.sql


def _comparable_numbers(left: Typed, right: Typed) -> tuple[str, str]:
    """A constant beside an exact number stands bare, so that it, and not the column, is converted."""
    if left.value is not None and right.type.kind in (Kind.DECIMAL, *_INTEGERS) and right.value is None:
        return _bare_beside(left, right), right.sql
    if right.value is not None and left.type.kind in (Kind.DECIMAL, *_INTEGERS) and left.value is None:
        return left.sql, _bare_beside(right, left)
    return left.sql, right.sql


_INTEGERS = (Kind.TINYINT, Kind.SMALLINT, Kind.INT, Kind.BIGINT)


def _bare_beside(constant: Typed, column: Typed) -> str:
    value = constant.value
    if isinstance(value, float):
        if column.type.is_integer and not value.is_integer():
            return constant.sql
        number = Decimal(repr(value)) if value == value and abs(value) < 1e18 else None
        if number is None or int(number.as_tuple().exponent) < -18:
            return constant.sql
        return str(int(number)) if number >= 0 and number == int(number) else bare_number(constant)
    return bare_number(constant)


def _comparable_text(text: Typed, other: Typed, rules: CastRules) -> tuple[str, str] | None:
    """A STRING beside something else, in this order. Numbers meet as DOUBLE, times as the time."""
    kind = other.kind
    if other.type.is_number:
        if isinstance(text.value, str):
            number = read_number(text.value)
            if number is None:
                as_double = convert(text, DOUBLE, rules)
                return (as_double.sql, other.sql) if as_double is not None else None
            if other.type.is_integer and number == number.to_integral_value() and abs(number) < BIGINT_LIMIT:
                return bare_number(integer_constant(int(number))), other.sql
            if other.kind is Kind.DECIMAL and abs(number) < Decimal(10) ** 18:
                return bare_number(Typed("", DOUBLE, number)), other.sql
        x, y = convert(text, DOUBLE, rules), convert(other, DOUBLE, rules)
        if other.value is not None and isinstance(other.value, (int, float)):
            y = double_constant(float(other.value))
        return (x.sql, y.sql) if x is not None and y is not None else None
    if kind in TIMES:
        target = other.type
        if kind is Kind.DATE and isinstance(text.value, str):
            moment = read_moment(text.value)
            if moment is not None and moment.time() != dt.time():
                target = DATETIME
        x, y = convert(text, target, rules), convert(other, target, rules)
        return (x.sql, y.sql) if x is not None and y is not None else None
    if kind in (Kind.BINARY, Kind.BOOLEAN):
        made = convert(text, other.type, rules)
        if kind is Kind.BOOLEAN and isinstance(text.value, str) and text.value.lower() in ("true", "false"):
            made = boolean_constant(text.value.lower() == "true")
        return (made.sql, other.sql) if made is not None else None
    if kind is Kind.JSON:
        return text.sql, other.sql
    if kind in INTERVALS:
        return None
    return None


# --- arithmetic -------------------------------------------------------------------------------------------------------


def as_operand(typed: Typed, rules: CastRules) -> Typed | None:
    """An operand of arithmetic: numbers as they are, text as DOUBLE, NULL as it is; None for anything else."""
    if typed.type.is_number or typed.is_null:
        return typed
    if typed.type.is_text:
        return convert(typed, DOUBLE, rules)
    return None


def arithmetic(left: Typed, operator: str, right: Typed, rules: CastRules, *, wide: bool) -> Typed | None:
    """`+ - * / % DIV` on numbers, and `+ -` with times and intervals. `wide`: see `BindContext.wide_decimals`."""
    if operator in "+-" and (
        left.kind in TIMES or right.kind in TIMES or left.kind in INTERVALS or right.kind in INTERVALS
    ):
        return time_arithmetic(left, operator, right, rules)
    x, y = as_operand(left, rules), as_operand(right, rules)
    if x is None or y is None:
        return None
    if x.is_null or y.is_null:
        other = y if x.is_null else x
        result = DOUBLE if other.is_null or operator == "/" else other.type
        return Typed(f"CAST(NULL AS {engine_type(result)})", result)
    folded = _fold(x, operator, y)
    if folded is not None:
        return folded
    if operator == "/":
        return _divide(x, y)
    if operator in ("%", "DIV"):
        return _remainder(x, operator, y)
    if Kind.DECIMAL in (x.kind, y.kind) and not {Kind.DOUBLE, Kind.FLOAT} & {_variable_kind(x), _variable_kind(y)}:
        return _decimal_arithmetic(x, operator, y, wide=wide)
    result = DOUBLE if Kind.DECIMAL in (x.kind, y.kind) else common_number(x.type, y.type)
    if result.is_integer:
        a, b = _widened(x, result), _widened(y, result)
        if x.value is not None and y.value is not None:
            a = f"CAST({a} AS {engine_type(result)})"
        return Typed(f"({a} {operator} {b})", result)
    if Kind.DOUBLE in (x.kind, y.kind) or result.kind is not Kind.DOUBLE:
        return Typed(f"({x.sql} {operator} {y.sql})", result)
    return Typed(f"(CAST({x.sql} AS DOUBLE) {operator} {y.sql})", result)


def _variable_kind(typed: Typed) -> Kind:
    """A DOUBLE literal beside a DECIMAL counts as the DECIMAL it is written as."""
    if typed.kind is Kind.DOUBLE and typed.value is not None and _literal_decimal(typed) is not None:
        return Kind.DECIMAL
    return typed.kind


def _literal_decimal(typed: Typed) -> Decimal | None:
    if isinstance(typed.value, float) and typed.value == typed.value and abs(typed.value) < 1e18:
        number = Decimal(repr(typed.value))
        return number if int(number.as_tuple().exponent) >= -18 else None
    return None


def _widened(typed: Typed, result: DataType) -> str:
    """An integer operand as wide as the result: a bare literal takes its neighbour's type, a narrower column is cast."""
    if typed.type == result:
        return typed.sql
    if typed.value is not None:
        return bare_number(typed)
    return f"CAST({typed.sql} AS {engine_type(result)})"


def _fold(x: Typed, operator: str, y: Typed) -> Typed | None:
    """Integer constants are computed here, so that partition filters over them stay constants."""
    a, b = x.value, y.value
    if type(a) is not int or type(b) is not int or operator not in "+-*":
        return None
    value = a + b if operator == "+" else a - b if operator == "-" else a * b
    result = common_number(x.type, y.type)
    if result == INT and not -(2**31) <= value < 2**31:
        result = BIGINT
    return (
        integer_constant(value, result)
        if abs(value) < BIGINT_LIMIT and result.kind in (Kind.INT, Kind.BIGINT)
        else None
    )


def _non_zero(divisor: Typed, sql: str) -> str:
    if divisor.value is not None and divisor.value != 0:
        return sql
    return f"NULLIF({sql}, 0)"


def _divide(x: Typed, y: Typed) -> Typed:
    """Integers and doubles divide as DOUBLE, decimals as DECIMAL. By zero: NULL."""
    if Kind.DECIMAL in (x.kind, y.kind) and not {Kind.DOUBLE, Kind.FLOAT} & {_variable_kind(x), _variable_kind(y)}:
        (p1, s1), (p2, s2) = _shape(x), _shape(y)
        scale = max(6, s1 + p2 + 1)
        result = bounded_decimal(p1 - s1 + s2 + scale, scale)
        if LEGACY_DECIMAL in (x.type, y.type):
            result = LEGACY_DECIMAL
        if p1 + result_scale(result) + s2 <= 38 and p2 + s2 <= 38:
            return Typed(_exact_quotient(x, y, result), result)
        a, b = (f"CAST({bare_number(t) if t.value is not None else t.sql} AS DOUBLE)" for t in (x, y))
        return Typed(double_as_decimal(f"({a} / {_non_zero(y, b)})", result), result)
    if x.kind is Kind.FLOAT or y.kind is Kind.FLOAT:
        return Typed(f"(CAST({x.sql} AS DOUBLE) / {_non_zero(y, y.sql)})", DOUBLE)
    a, b = (f"CAST({t.sql} AS DOUBLE)" if t.kind is Kind.DECIMAL else t.sql for t in (x, y))
    return Typed(f"({a} / {_non_zero(y, b)})", DOUBLE)


def result_scale(type_: DataType) -> int:
    return decimal_shape(type_)[1]


def _exact_quotient(x: Typed, y: Typed, result: DataType) -> str:
    """A quotient by whole numbers: the dividend with as many digits more as the result has places, divided and rounded half up."""
    (_, s1), (p2, s2) = _shape(x), _shape(y)
    scale = result_scale(result)
    dividend = f"CAST(CAST({_digits(x)} AS DECIMAL(38,{s1})) * {10 ** (scale + s2)} AS HUGEINT)"
    divisor = f"CAST(CAST({_digits(y)} AS DECIMAL({min(p2 + s2, 38)},{s2})) * {10**s2} AS HUGEINT)"
    whole = f"CAST(mc_divide({dividend}, {divisor}) AS DECIMAL(38,0))"
    return f"CAST({whole} * CAST('{Decimal(1).scaleb(-scale):f}' AS DECIMAL({scale + 1},{scale})) AS {engine_type(result)})"


def _digits(typed: Typed) -> str:
    return bare_number(typed) if typed.value is not None else typed.sql


def _remainder(x: Typed, operator: str, y: Typed) -> Typed:
    """`%` keeps the type; `DIV` truncates to a whole number."""
    result = common_number(x.type, y.type)
    if operator == "DIV":
        if result.is_integer:
            return Typed(f"({_widened(x, result)} // {_non_zero(y, _widened(y, result))})", result)
        return Typed(f"CAST(trunc({x.sql} / {_non_zero(y, y.sql)}) AS BIGINT)", BIGINT)
    if result.is_integer:
        return Typed(f"({_widened(x, result)} % {_non_zero(y, _widened(y, result))})", result)
    a, b = (t.sql if t.type == result else f"CAST({t.sql} AS {engine_type(result)})" for t in (x, y))
    return Typed(f"({a} % {_non_zero(y, b)})", result)


def _shape(typed: Typed) -> tuple[int, int]:
    value: object = typed.value
    if typed.kind is Kind.DECIMAL:
        return decimal_shape(typed.type)
    if isinstance(value, float):
        value = _literal_decimal(typed)
    if isinstance(value, Decimal):
        exponent = max(-int(value.as_tuple().exponent), 0)
        return max(value.adjusted() + 1 + exponent, exponent, 1), exponent
    if isinstance(value, int) and not isinstance(value, bool):
        return len(str(abs(value))), 0
    return decimal_shape(typed.type)


def _decimal_arithmetic(x: Typed, operator: str, y: Typed, *, wide: bool) -> Typed:
    (p1, s1), (p2, s2) = _shape(x), _shape(y)
    a, b = (bare_number(t) if t.value is not None else t.sql for t in (x, y))
    if operator == "*":
        result = bounded_decimal(p1 + p2 + 1, s1 + s2)
        if LEGACY_DECIMAL in (x.type, y.type):
            result = LEGACY_DECIMAL
        engine_type(result)
        if p1 + p2 > 38 and s1 + s2 > 18:
            return Typed(_long_product(a, b, s1 + s2, result), result)
        if wide and p1 + p2 > 18 and p1 <= 18 and p2 <= 18:
            a = f"CAST({a} AS DECIMAL(19,{s1}))"
        product = f"({a} * {b})"
        return Typed(f"CAST({product} AS {engine_type(result)})" if s1 + s2 > 18 else product, result)
    scale = max(s1, s2)
    result = bounded_decimal(max(p1 - s1, p2 - s2) + scale + 1, scale)
    if LEGACY_DECIMAL in (x.type, y.type):
        result = LEGACY_DECIMAL
    if wide and max(p1 - s1, p2 - s2) + scale + 1 > 18 and p1 <= 18 and p2 <= 18:
        a = f"CAST({a} AS DECIMAL(19,{min(s1, 18)}))"
    return Typed(f"({a} {operator} {b})", result)


def _long_product(a: str, b: str, scale: int, result: DataType) -> str:
    """A product whose digits may not fit 38: exact where they do, or where nine places hold each factor, else what DOUBLE gives."""
    shape = engine_type(result)
    product = f"CAST({a} AS DOUBLE) * CAST({b} AS DOUBLE)"
    short_a, short_b = f"CAST({a} AS DECIMAL(38,9))", f"CAST({b} AS DECIMAL(38,9))"
    return (
        f"(CASE WHEN abs({product}) < 1e{37 - scale} THEN CAST({a} * {b} AS {shape}) "
        f"WHEN {a} = {short_a} AND {b} = {short_b} AND abs({product}) < 1e19 THEN CAST({short_a} * {short_b} AS {shape}) "
        f"ELSE {double_as_decimal(f'({product})', result)} END)"
    )


# --- times ------------------------------------------------------------------------------------------------------------


DAY_NS = 86_400_000_000_000


def interval_constant(months: int | None, nanoseconds: int | None) -> Typed:
    """A constant interval: of months, or else of nanoseconds."""
    if months is not None:
        return Typed(f"CAST({months} AS INTEGER)", INTERVAL_YEAR_MONTH, months=months)
    return Typed(f"CAST({nanoseconds} AS BIGINT)", INTERVAL_DAY_TIME, nanoseconds=nanoseconds)


def time_arithmetic(left: Typed, operator: str, right: Typed, rules: CastRules) -> Typed | None:
    """A time and an interval, two times, or two intervals."""
    if left.kind in INTERVALS and right.kind in INTERVALS:
        if left.kind is not right.kind:
            return None
        return Typed(f"({left.sql} {operator} {right.sql})", left.type)
    if left.kind in INTERVALS and operator == "+":
        left, right = right, left
    if left.type.is_text and right.kind in INTERVALS:
        read = convert(left, DATETIME, rules)
        if read is None:
            return None
        left = read
    if left.kind in TIMES and right.kind in INTERVALS:
        return shift(left, right if operator == "+" else _negated(right), rules)
    if left.kind in TIMES and right.kind in TIMES and operator == "-":
        a, b = convert(left, _instant(left), rules), convert(right, _instant(right), rules)
        if a is None or b is None:
            return None
        return Typed(f"(epoch_ns({a.sql}) - epoch_ns({b.sql}))", INTERVAL_DAY_TIME)
    return None


def _instant(typed: Typed) -> DataType:
    return DATETIME if typed.kind is Kind.DATE else typed.type


def _negated(interval: Typed) -> Typed:
    if interval.months is not None:
        return interval_constant(-interval.months, None)
    if interval.nanoseconds is not None:
        return interval_constant(None, -interval.nanoseconds)
    return Typed(f"(-{interval.sql})", interval.type)


def shift(moment: Typed, interval: Typed, rules: CastRules) -> Typed | None:
    """A time moved by an interval; the type stays, but a DATE moved by parts of a day becomes a DATETIME."""
    value = moment.value
    if moment.kind is Kind.DATE:
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            folded = _shift_date(value, interval)
            if folded is not None:
                return folded
        if interval.nanoseconds is not None and interval.nanoseconds % DAY_NS == 0:
            days = interval.nanoseconds // DAY_NS
            return Typed(f"({moment.sql} {'-' if days < 0 else '+'} {abs(days)})", DATE)
        if interval.kind is Kind.INTERVAL_YEAR_MONTH:
            return Typed(f"CAST({moment.sql} + to_months({interval.sql}) AS DATE)", DATE)
        as_datetime = convert(moment, DATETIME, rules)
        return shift(as_datetime, interval, rules) if as_datetime is not None else None
    if moment.kind is Kind.DATETIME:
        if isinstance(value, dt.datetime) and interval.nanoseconds is not None:
            try:
                return datetime_constant(value + dt.timedelta(microseconds=interval.nanoseconds // 1000), rules)
            except OverflowError:
                return None
    elif interval.kind is Kind.INTERVAL_DAY_TIME:
        name = "mc_timestamp_move" if moment.kind is Kind.TIMESTAMP else "mc_naive_move"
        return Typed(f"{name}({moment.sql}, {interval.sql})", moment.type)
    if interval.kind is Kind.INTERVAL_YEAR_MONTH:
        return _shift_by(moment, f"to_months({interval.sql})")
    return _shift_by(moment, f"to_microseconds({interval.sql} // 1000)")


def shift_days(moment: Typed, days: str) -> Typed:
    """A DATETIME or TIMESTAMP moved by whole days on the wall clock, also where the zone changes its clocks."""
    return _shift_by(moment, f"to_days({days})")


def _shift_by(moment: Typed, interval: str) -> Typed:
    """`interval` is SQL of DuckDB's INTERVAL."""
    if moment.kind is Kind.DATETIME:
        return Typed(f"({moment.sql} + {interval})", DATETIME)
    name = "mc_timestamp_shift" if moment.kind is Kind.TIMESTAMP else "mc_naive_shift"
    return Typed(f"{name}({moment.sql}, {interval})", moment.type)


def _shift_date(value: dt.date, interval: Typed) -> Typed | None:
    try:
        if interval.months is not None:
            return date_constant(add_months(value, interval.months))
        if interval.nanoseconds is not None and interval.nanoseconds % DAY_NS == 0:
            return date_constant(value + dt.timedelta(days=interval.nanoseconds // DAY_NS))
    except (OverflowError, ValueError):
        return None
    return None


def add_months(value: dt.date, months: int) -> dt.date:
    """The same day of a later month, or that month's last day."""
    total = value.year * 12 + value.month - 1 + months
    year, month = divmod(total, 12)
    first_of_next = dt.date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (first_of_next - dt.timedelta(days=1)).day
    return dt.date(year, month + 1, min(value.day, last))
