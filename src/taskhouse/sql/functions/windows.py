"""Window functions; they need OVER. Aggregates may have OVER as well."""

from __future__ import annotations

from taskhouse.domain.datatypes import BIGINT, BOOLEAN
from taskhouse.sql.functions.registry import Call, Group, Rule, null_of
from taskhouse.sql.typed import Typed

window = Group("window functions")


def _shifted(name: str) -> Rule:
    """LAG and LEAD: offset 1 and default NULL unless given; the offset must be a constant of at least 0."""

    def rule(call: Call) -> Typed:
        value = call.args[0]
        offset = call.constant(1, "the offset") if len(call.args) > 1 else 1
        if not isinstance(offset, int) or offset < 0:
            call.fail(f"function {call.name}: the offset must be a whole number of at least 0")
        default = call.to(2, value.type).sql if len(call.args) > 2 and not value.is_null else null_of(value.type)
        nulls = " IGNORE NULLS" if call.ignore_nulls else ""
        return Typed(f"{name}({value.sql}, {offset}, {default}{nulls}){call.tail}", value.type)

    return rule


def _ignores_nulls(call: Call, index: int) -> bool:
    """IGNORE NULLS, or MaxCompute's own form: a last argument of true."""
    if call.ignore_nulls:
        return True
    if len(call.args) <= index:
        return False
    return bool(call.constant(index, "ignore_nulls"))


def _ends(name: str) -> Rule:
    def rule(call: Call) -> Typed:
        nulls = " IGNORE NULLS" if _ignores_nulls(call, 1) else ""
        return Typed(f"{name}({call.args[0].sql}{nulls}){call.tail}", call.args[0].type)

    return rule


def _nth(call: Call) -> Typed:
    place = call.constant(1, "the place")
    if not isinstance(place, int) or place < 1:
        call.fail("function nth_value: the place must be a whole number of at least 1")
    nulls = " IGNORE NULLS" if _ignores_nulls(call, 2) else ""
    return Typed(f"nth_value({call.args[0].sql}, {place}{nulls}){call.tail}", call.args[0].type)


def _ntile(call: Call) -> Typed:
    parts = call.constant(0, "the number of parts")
    if not isinstance(parts, int) or parts < 1:
        call.fail("function ntile: the number of parts must be at least 1")
    return Typed(f"ntile({parts}){call.tail}", BIGINT)


def _cluster_sample(call: Call) -> Typed:
    """(n): n random rows of each partition. (n, m): m of n parts of it."""
    first = call.constant(0, "the number of rows")
    second = call.constant(1, "the number of parts") if len(call.args) > 1 else None
    if not isinstance(first, int) or first < 1 or (second is not None and (not isinstance(second, int) or second < 1)):
        call.fail("function cluster_sample takes whole numbers of at least 1")
    inside = call.tail.removeprefix(" OVER (").removesuffix(")")
    order = f" OVER ({inside} ORDER BY {call.random})".replace("( ", "(")
    if second is None:
        return Typed(f"(row_number(){order} <= {first})", BOOLEAN)
    return Typed(f"(row_number(){order} <= ceil(count(*){call.tail} * {second} / {first}))", BOOLEAN)


window.window(
    "row_number() -> bigint", "row_number(){w}", "Number of the row, from 1.", ("row_number() OVER (ORDER BY 1)", 1)
)
window.window("rank() -> bigint", "rank(){w}", "Rank with gaps.", ("rank() OVER (ORDER BY 1)", 1))
window.window("dense_rank() -> bigint", "dense_rank(){w}", "Rank without gaps.", ("dense_rank() OVER (ORDER BY 1)", 1))
window.window(
    "percent_rank() -> double",
    "percent_rank(){w}",
    "Rank as a share, from 0.",
    ("percent_rank() OVER (ORDER BY 1)", 0.0),
)
window.window(
    "cume_dist() -> double",
    "cume_dist(){w}",
    "Share of rows not behind this one.",
    ("cume_dist() OVER (ORDER BY 1)", 1.0),
)
window.window(
    "ntile(any) -> bigint", _ntile, "Number of the part among n equal ones.", ("ntile(2) OVER (ORDER BY 1)", 1)
)
window.window(
    "lag(any[, any, any]) -> same",
    _shifted("lag"),
    "Value some rows before.",
    ("lag(1) OVER (ORDER BY 1)", None),
    ("lag(1, 1, 9) OVER (ORDER BY 1)", 9),
)
window.window(
    "lead(any[, any, any]) -> same", _shifted("lead"), "Value some rows after.", ("lead(1, 0) OVER (ORDER BY 1)", 1)
)
window.window(
    "first_value(any[, boolean]) -> same",
    _ends("first_value"),
    "First value of the frame; with true, the first that is not NULL.",
    ("first_value(3) OVER (ORDER BY 1)", 3),
)
window.window(
    "last_value(any[, boolean]) -> same",
    _ends("last_value"),
    "Last value of the frame; with true, the last that is not NULL.",
    ("last_value(3) OVER (ORDER BY 1)", 3),
)
window.window(
    "nth_value(any, any[, boolean]) -> same",
    _nth,
    "The n-th value of the frame.",
    ("nth_value(3, 1) OVER (ORDER BY 1)", 3),
    ("nth_value(3, 2) OVER (ORDER BY 1)", None),
)
window.window(
    "cluster_sample(any[, any]) -> boolean",
    _cluster_sample,
    "Whether a row belongs to a random sample of its partition.",
    ("cluster_sample(1) OVER ()", True),
)
