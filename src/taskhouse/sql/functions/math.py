"""Mathematics. Text arguments count as DOUBLE; outside a function's domain the result is NULL."""

from __future__ import annotations

from taskhouse.domain.datatypes import BIGINT, DOUBLE, LEGACY_DECIMAL, STRING, Kind
from taskhouse.sql import operators
from taskhouse.sql.backends.duckdb import engine_type
from taskhouse.sql.backends.duckdb_macros import macro
from taskhouse.sql.coercion import bounded_decimal, decimal_shape
from taskhouse.sql.functions.registry import Call, Group, Rule, shown
from taskhouse.sql.typed import Typed

maths = Group("mathematics")

macro("mc_trunc(x, n) AS trunc(x * power(10e0, n) + sign(x) * 1e-9) / power(10e0, n)")
macro(
    "mc_to_base(v, b) AS CASE WHEN v IS NULL OR b IS NULL THEN NULL WHEN v = 0 THEN '0' WHEN v < 0 THEN '-' || to_base(-v, b) ELSE to_base(v, b) END"
)
macro(
    "mc_from_base(s, b) AS list_reduce(list_transform(string_split(lower(ltrim(s, '-')), ''), "
    "lambda c: CAST(instr('0123456789abcdefghijklmnopqrstuvwxyz', c) - 1 AS HUGEINT)), lambda a, d: a * b + d) * CASE WHEN starts_with(s, '-') THEN -1 ELSE 1 END"
)


def _number(call: Call, index: int = 0) -> Typed:
    value = call.args[index]
    if value.type.is_number:
        return value
    if value.is_null or value.type.is_text:
        return call.to(index, DOUBLE)
    return call.fail(f"function {call.name}: argument {index + 1} must be a number, not {shown(value.type)}")


def _double(name: str, template: str, summary: str, *examples: tuple[str, object], aliases: str = "") -> None:
    maths.scalar(f"{name}(double) -> double", template, summary, *examples, aliases=aliases)


def _abs(call: Call) -> Typed:
    value = _number(call)
    return Typed(f"abs({value.sql})", value.type)


def _whole(name: str) -> Rule:
    """CEIL and FLOOR: BIGINT of a DOUBLE, a DECIMAL without scale of a DECIMAL."""

    def rule(call: Call) -> Typed:
        value = _number(call)
        if value.type.is_integer:
            return Typed(f"CAST({value.sql} AS BIGINT)", BIGINT)
        if value.kind is Kind.DECIMAL and value.type != LEGACY_DECIMAL:
            p, s = decimal_shape(value.type)
            result = bounded_decimal(p - s + 1, 0)
            return Typed(f"CAST({name}({value.sql}) AS {engine_type(result)})", result)
        return Typed(f"CAST({name}({value.sql}) AS BIGINT)", BIGINT)

    return rule


def _round(call: Call) -> Typed:
    """Half away from zero. DECIMAL stays DECIMAL, integers and DOUBLE give DOUBLE."""
    value = _number(call)
    places = call.to(1, BIGINT) if len(call.args) > 1 else None
    if value.kind is Kind.DECIMAL:
        digits = places.value if places is not None else 0
        if not isinstance(digits, int):
            call.fail("function round: the places of a DECIMAL must be a constant")
        p, s = decimal_shape(value.type)
        scale = min(max(digits, 0), s)
        result = bounded_decimal(p - s + scale + 1, scale)
        if digits >= s:
            return Typed(f"CAST({value.sql} AS {engine_type(result)})", result)
        return Typed(f"CAST(round({value.sql}, {digits}) AS {engine_type(result)})", result)
    if places is None:
        return Typed(f"CAST(round({value.sql}) AS DOUBLE)", DOUBLE)
    return Typed(f"round(CAST({value.sql} AS DOUBLE), CAST({places.sql} AS INTEGER))", DOUBLE)


def _sign(call: Call) -> Typed:
    return Typed(f"CAST(sign({_number(call).sql}) AS DOUBLE)", DOUBLE)


def _pow(call: Call) -> Typed:
    return Typed(f"power({call.to(0, DOUBLE).sql}, {call.to(1, DOUBLE).sql})", DOUBLE)


def _pmod(call: Call) -> Typed:
    a, b = _number(call), _number(call, 1)
    inner = operators.arithmetic(a, "%", b, call.rules, wide=call.context.wide_decimals)
    assert inner is not None
    return Typed(f"(CASE WHEN {inner.sql} < 0 THEN {inner.sql} + abs({b.sql}) ELSE {inner.sql} END)", inner.type)


def _mod(call: Call) -> Typed:
    made = operators.arithmetic(_number(call), "%", _number(call, 1), call.rules, wide=call.context.wide_decimals)
    assert made is not None
    return made


def _conv(call: Call) -> Typed:
    start, end = (call.constant(i, "the base") for i in (1, 2))
    if not all(isinstance(b, int) and 2 <= abs(b) <= 36 for b in (start, end)):
        call.fail("function conv: bases are 2 to 36")
    return Typed(
        f"upper(mc_to_base(CAST(mc_from_base({call.to(0, STRING).sql}, {start}) AS BIGINT), {abs(end)}))", STRING
    )


def _hex(call: Call) -> Typed:
    value = call.args[0]
    if value.type.is_number:
        return Typed(f"hex({call.to(0, BIGINT).sql})", STRING)
    return Typed(f"hex({value.sql if value.kind is Kind.BINARY else call.to(0, STRING).sql})", STRING)


def _format_number(call: Call) -> Typed:
    places = call.constant(1, "the number of places")
    if not isinstance(places, int) or not 0 <= places <= 30:
        call.fail("function format_number: places must be 0 to 30")
    return Typed(f"format('{{:,.{places}f}}', {call.to(0, DOUBLE).sql})", STRING)


def _rand(call: Call) -> Typed:
    """With a seed, repeatable within the statement's plan only."""
    return Typed("random()", DOUBLE)


def _shift(template: str) -> Rule:
    def rule(call: Call) -> Typed:
        value = call.args[0] if call.args[0].type.is_integer else call.to(0, BIGINT)
        bits = 64 if value.kind is Kind.BIGINT else 32
        if bits == 32:
            value = Typed(f"CAST({value.sql} AS INTEGER)", value.type)
        count = f"(({call.to(1, BIGINT).sql}) & {bits - 1})"
        sql = template.format(value.sql, count, bits=bits, mask=2**bits, half=2 ** (bits - 1))
        result = BIGINT if bits == 64 else call.args[0].type
        return Typed(f"CAST({sql} AS {engine_type(result)})", result)

    return rule


_LEFT = (
    "(CASE WHEN ((CAST({0} AS HUGEINT) * power(2, {1})::HUGEINT) % {mask} + {mask}) % {mask} >= {half} "
    "THEN ((CAST({0} AS HUGEINT) * power(2, {1})::HUGEINT) % {mask} + {mask}) % {mask} - {mask} "
    "ELSE ((CAST({0} AS HUGEINT) * power(2, {1})::HUGEINT) % {mask} + {mask}) % {mask} END)"
)
_UNSIGNED = "((CASE WHEN {0} < 0 AND {1} > 0 THEN CAST({0} AS HUGEINT) + {mask} ELSE CAST({0} AS HUGEINT) END) >> CAST({1} AS INTEGER))"

maths.scalar(
    "abs(any) -> same",
    _abs,
    "Absolute value; the type stays.",
    ("abs(-1)", 1),
    ("abs('-123.56')", 123.56),
    ("abs(NULL)", None),
)
maths.scalar(
    "ceil(any) -> any",
    _whole("ceil"),
    "The least whole number not below.",
    ("ceil(1.1)", 2),
    ("ceil(-1.1)", -1),
    aliases="ceiling",
)
maths.scalar(
    "floor(any) -> any", _whole("floor"), "The greatest whole number not above.", ("floor(1.2)", 1), ("floor(-1.2)", -2)
)
maths.scalar(
    "round(any[, any]) -> any",
    _round,
    "Rounded half away from zero to places; DECIMAL stays DECIMAL.",
    ("round(125.315)", 125.0),
    ("round(125.315, 2)", 125.32),
    ("round(125.315, -2)", 100.0),
    ("round(2.5)", 3.0),
    ("round(123.345BD, 2)", "123.35"),
)
maths.scalar("sign(any) -> double", _sign, "-1, 0 or 1.", ("sign(-2.5)", -1.0))
maths.scalar("pow(any, any) -> double", _pow, "Power.", ("pow(2, 3)", 8.0), aliases="power")
maths.scalar(
    "mod(any, any) -> any", _mod, "Remainder; by zero NULL.", ("mod(7, 3)", 1), ("mod(-7, 3)", -1), ("mod(7, 0)", None)
)
maths.scalar("pmod(any, any) -> any", _pmod, "Remainder that is never negative.", ("pmod(-7, 3)", 2), ("pmod(7, 3)", 1))
_double("sqrt", "(CASE WHEN {0} >= 0 THEN sqrt({0}) END)", "Square root.", ("sqrt(4)", 2.0), ("sqrt(-1)", None))
_double("cbrt", "cbrt({0})", "Cube root.", ("cbrt(8)", 2.0))
_double("exp", "exp({0})", "e to the power.", ("exp(0)", 1.0))
_double("ln", "(CASE WHEN {0} > 0 THEN ln({0}) END)", "Natural logarithm.", ("ln(1)", 0.0), ("ln(0)", None))
_double("log2", "(CASE WHEN {0} > 0 THEN log2({0}) END)", "Logarithm to base 2.", ("log2(8)", 3.0))
_double("log10", "(CASE WHEN {0} > 0 THEN log10({0}) END)", "Logarithm to base 10.", ("log10(100)", 2.0))
maths.scalar(
    [
        ("log(double, double) -> double", "(CASE WHEN {0} > 0 AND {0} <> 1 AND {1} > 0 THEN ln({1}) / ln({0}) END)"),
        ("log(double) -> double", "(CASE WHEN {0} > 0 THEN ln({0}) END)"),
    ],
    "",
    "Logarithm of the second argument to the base of the first.",
    ("round(log(2, 8), 6)", 3.0),
)
for _name in ("sin", "cos", "tan", "atan", "sinh", "cosh", "tanh"):
    _double(
        _name, f"{_name}({{0}})", f"The function {_name}.", (f"{_name}(0)", 1.0 if _name in ("cos", "cosh") else 0.0)
    )
_double("cot", "(CASE WHEN sin({0}) <> 0 THEN cot({0}) END)", "Cotangent.")
_double("asin", "(CASE WHEN abs({0}) <= 1 THEN asin({0}) END)", "Arc sine.", ("asin(0)", 0.0), ("asin(2)", None))
_double("acos", "(CASE WHEN abs({0}) <= 1 THEN acos({0}) END)", "Arc cosine.", ("acos(1)", 0.0))
maths.scalar("atan2(double, double) -> double", "atan2({0}, {1})", "Angle of a point.", ("atan2(0, 1)", 0.0))
_double("degrees", "degrees({0})", "Radians as degrees.", ("degrees(0)", 0.0))
_double("radians", "radians({0})", "Degrees as radians.", ("radians(0)", 0.0))
maths.scalar("pi() -> double", "pi()", "The number pi.", ("round(pi(), 4)", 3.1416))
maths.scalar("e() -> double", "exp(1e0)", "The number e.", ("round(e(), 4)", 2.7183))
maths.scalar(
    "factorial(bigint) -> bigint",
    "(CASE WHEN {0} BETWEEN 0 AND 20 THEN CAST(factorial(CAST({0} AS INTEGER)) AS BIGINT) END)",
    "Factorial of 0 to 20.",
    ("factorial(5)", 120),
    ("factorial(21)", None),
)
maths.scalar(
    "rand([any]) -> double",
    _rand,
    "A random number from 0 to below 1.",
    difference="the seed is not used",
    aliases="random",
)
maths.scalar("isnan(double) -> boolean", "isnan({0})", "Whether it is NaN.", ("isnan(100)", False))
maths.scalar("isinf(double) -> boolean", "isinf({0})", "Whether it is infinite.", ("isinf(1)", False))
maths.scalar("negative(number) -> same", "(-{0})", "The number with its sign changed.", ("negative(2)", -2))
maths.scalar("positive(number) -> same", "{0}", "The number itself.", ("positive(2)", 2))
maths.scalar("bin(bigint) -> string", "bin({0})", "Binary digits.", ("bin(12)", "1100"))
maths.scalar(
    "hex(any) -> string",
    _hex,
    "Hexadecimal digits of a number, a text or bytes.",
    ("hex(17)", "11"),
    ("hex('abc')", "616263"),
)
maths.scalar(
    "unhex(string) -> binary", "unhex({0})", "Bytes of hexadecimal digits.", ("cast(unhex('616263') as string)", "abc")
)
maths.scalar(
    "conv(any, bigint, bigint) -> string",
    _conv,
    "A number from one base to another.",
    ("conv('1100', 2, 10)", "12"),
    ("conv('c', 16, 10)", "12"),
    ("conv(10, 10, 16)", "A"),
)
maths.scalar(
    "format_number(any, bigint) -> string",
    _format_number,
    "A number with separators and places.",
    ("format_number(5.230134523424545456, 3)", "5.230"),
    ("format_number(12332.123456, 4)", "12,332.1235"),
)
maths.scalar(
    "width_bucket(double, double, double, bigint) -> bigint",
    "(CASE WHEN {0} < {1} THEN 0 WHEN {0} >= {2} THEN {3} + 1 ELSE CAST(floor(({0} - {1}) / ({2} - {1}) * {3}) AS BIGINT) + 1 END)",
    "The place of a number among n equal parts of a range.",
    ("width_bucket(5, 0, 10, 5)", 3),
    ("width_bucket(-1, 0, 10, 5)", 0),
)
maths.scalar(
    "shiftleft(integer, any) -> same",
    _shift(_LEFT),
    "Bits shifted left.",
    ("shiftleft(1, 2)", 4),
    ("shiftleft(4L, 62)", 0),
)
maths.scalar(
    "shiftright(integer, any) -> same",
    _shift("({0} >> CAST({1} AS INTEGER))"),
    "Bits shifted right, with the sign.",
    ("shiftright(4, 1)", 2),
    ("shiftright(-8, 1)", -4),
)
maths.scalar(
    "shiftrightunsigned(integer, any) -> same",
    _shift(_UNSIGNED),
    "Bits shifted right, zeros in front.",
    ("shiftrightunsigned(-8, 28)", 15),
    ("shiftrightunsigned(8, 1)", 4),
)
maths.scalar("bit_count(bigint) -> bigint", "CAST(bit_count({0}) AS BIGINT)", "Bits that are set.", ("bit_count(7)", 3))
