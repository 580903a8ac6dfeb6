"""Aggregate functions; each can also be a window function. NULLs are skipped; no rows give NULL (0 for COUNT)."""

from __future__ import annotations

from taskhouse.domain.datatypes import BIGINT, DOUBLE, STRING, Kind, array, map_of
from taskhouse.sql.backends.duckdb import engine_type
from taskhouse.sql.casts import double_as_decimal
from taskhouse.sql.coercion import average_type, sum_type
from taskhouse.sql.functions.registry import Call, Group, Rule, shown
from taskhouse.sql.typed import Typed

aggregate = Group("aggregates")


def _numeric(call: Call) -> Typed:
    """The first argument as a number; text counts as DOUBLE."""
    value = call.args[0]
    if value.type.is_number:
        return value
    if value.type.is_text or value.is_null:
        return call.to(0, DOUBLE)
    return call.fail(f"function {call.name} takes a number, not {shown(value.type)}")


def _count(call: Call) -> Typed:
    if not call.args:
        return Typed(call.render("count(*){w}"), BIGINT)
    if len(call.args) == 1:
        return Typed(call.render("count({d}{0}){w}", call.args[0].sql), BIGINT)
    # A row counts only when none of its values is NULL.
    values = [a.sql for a in call.args]
    present = " AND ".join(f"{v} IS NOT NULL" for v in values)
    row = f"CASE WHEN {present} THEN row({', '.join(values)}) END"
    return Typed(call.render("count({d}{0}){w}", row), BIGINT)


def _sum(call: Call) -> Typed:
    value = _numeric(call)
    result = sum_type(value.type)
    sql = call.render("sum({d}{0}){w}", value.sql)
    if result == DOUBLE:
        return Typed(
            sql if value.kind is Kind.DOUBLE else call.render("sum({d}CAST({0} AS DOUBLE)){w}", value.sql), DOUBLE
        )
    if result == BIGINT:
        sql = f"CAST({sql} AS BIGINT)"
    return Typed(sql, result)


def _avg(call: Call) -> Typed:
    value = _numeric(call)
    result = average_type(value.type)
    sql = call.render("avg({d}{0}){w}", value.sql)
    return Typed(sql if result == DOUBLE else double_as_decimal(sql, result), result)


def _extreme(call: Call) -> Typed:
    value = call.args[0]
    if value.type.is_complex:
        call.fail(f"function {call.name} cannot compare {shown(value.type)}")
    name = call.name.lower()
    return Typed(call.render(name + "({0}){w}", value.sql), value.type)


def _by(call: Call) -> Typed:
    name = {"max_by": "max_by", "min_by": "min_by"}[call.name.lower()]
    if len(call.args) == 3:
        return Typed(call.render(name + "({0}, {1}, {2}){w}", *(a.sql for a in call.args)), array(call.args[0].type))
    return Typed(call.render(name + "({0}, {1}){w}", *(a.sql for a in call.args)), call.args[0].type)


def _wm_concat(call: Call) -> Typed:
    if call.args[0].value is None:
        call.fail(f"function {call.name}: the separator must be a constant")
    order = call.order
    if call.distinct and not order and not call.args[1].is_constant:
        order = f" ORDER BY {call.args[1].sql}"
    sql = f"string_agg({'DISTINCT ' if call.distinct else ''}{call.args[1].sql}, {call.args[0].sql}{order}){call.tail}"
    return Typed(sql, STRING)


def _collect_list(call: Call) -> Typed:
    value = call.args[0]
    sql = call.render("list({d}{0}{o}) FILTER (WHERE {0} IS NOT NULL)", value.sql)
    if call.tail.startswith(" FILTER"):
        call.refuse(f"function {call.name} with FILTER is not supported, use CASE inside it")
    return Typed(f"coalesce({sql}{call.tail}, [])", array(value.type))


def _collect_set(call: Call) -> Typed:
    value = call.args[0]
    if call.tail.startswith(" FILTER"):
        call.refuse(f"function {call.name} with FILTER is not supported, use CASE inside it")
    sql = f"list(DISTINCT {value.sql}) FILTER (WHERE {value.sql} IS NOT NULL){call.tail}"
    return Typed(
        f"list_sort(coalesce({sql}, []))" if not value.type.is_complex else f"coalesce({sql}, [])", array(value.type)
    )


def _percentile(call: Call) -> Typed:
    """Exact, between the two nearest values; an array of fractions gives an array."""
    value, fraction = call.to(0, DOUBLE), call.args[1]
    if fraction.kind is Kind.ARRAY:
        fractions = _fractions(call)
        return Typed(call.render("quantile_cont({d}{0}, {1}){w}", value.sql, fractions), array(DOUBLE))
    return Typed(call.render("quantile_cont({d}{0}, {1}){w}", value.sql, _fraction(call, 1)), DOUBLE)


def _fractions(call: Call) -> str:
    """An array of fractions as SQL; it must not depend on a row."""
    made = call.to(1, array(DOUBLE)).sql
    if '"' in made:
        call.fail(f"function {call.name}: the fractions must be constants")
    return made


def _fraction(call: Call, index: int) -> str:
    number = call.constant(index, "the fraction")
    if not isinstance(number, (int, float)) or not 0 <= number <= 1:
        try:
            number = float(number)
        except (TypeError, ValueError):
            number = -1.0
        if not 0 <= number <= 1:
            call.fail(f"function {call.name}: the fraction must be between 0 and 1")
    return repr(float(number))


def _percentile_approx(call: Call) -> Typed:
    value, fraction = call.to(0, DOUBLE), call.args[1]
    if fraction.kind is Kind.ARRAY:
        fractions = _fractions(call)
        return Typed(call.render("quantile_cont({0}, {1}){w}", value.sql, fractions), array(DOUBLE))
    return Typed(call.render("quantile_cont({0}, {1}){w}", value.sql, _fraction(call, 1)), DOUBLE)


def _ordered_percentile(call: Call) -> Typed:
    """PERCENTILE_CONT(f) WITHIN GROUP (ORDER BY x), or (x, f)."""
    name = "quantile_cont" if call.name.lower() == "percentile_cont" else "quantile_disc"
    if len(call.args) == 2:
        return Typed(call.render(name + "({0}, {1}){w}", call.to(0, DOUBLE).sql, _fraction(call, 1)), DOUBLE)
    if not call.order:
        call.fail(f"function {call.name} needs WITHIN GROUP (ORDER BY ..)")
    word = call.name.lower()
    return Typed(f"CAST({word}({_fraction(call, 0)}) WITHIN GROUP ({call.order.strip()}){call.tail} AS DOUBLE)", DOUBLE)


def _statistic(engine: str) -> Rule:
    def rule(call: Call) -> Typed:
        return Typed(call.render(engine + "({d}{0}){w}", call.to(0, DOUBLE).sql), DOUBLE)

    return rule


def _pair(engine: str) -> Rule:
    def rule(call: Call) -> Typed:
        return Typed(call.render(engine + "({0}, {1}){w}", call.to(0, DOUBLE).sql, call.to(1, DOUBLE).sql), DOUBLE)

    return rule


def _histogram(call: Call) -> Typed:
    value = call.args[0]
    return Typed(
        call.render("CAST(histogram({0}){w} AS MAP(" + engine_type(value.type) + ", BIGINT))", value.sql),
        map_of(value.type, BIGINT),
    )


def _map_agg(call: Call) -> Typed:
    k, v = call.args
    entry = f"struct_pack(k := {k.sql}, v := {v.sql})"
    sql = f"map_from_entries(list({entry}) FILTER (WHERE {k.sql} IS NOT NULL){call.tail})"
    if call.tail.startswith(" FILTER"):
        call.refuse(f"function {call.name} with FILTER is not supported, use CASE inside it")
    return Typed(sql, map_of(k.type, v.type))


aggregate.aggregate(
    "count([any...]) -> bigint",
    _count,
    "Rows, or rows in which no argument is NULL; DISTINCT counts different ones.",
    ("count(1)", 1),
    ("count(NULL)", 0),
    ("count(*)", 1),
    ("count(DISTINCT 1, 2)", 1),
)
aggregate.aggregate(
    "sum(any) -> any",
    _sum,
    "Sum: BIGINT of integers, DECIMAL(38,s) of decimals, else DOUBLE. Overflow is an error.",
    ("sum(3)", 3),
    ("sum('1.5')", 1.5),
)
aggregate.aggregate("avg(any) -> any", _avg, "Mean: DECIMAL(p+4,s+4) of decimals, else DOUBLE.", ("avg(3)", 3.0))
aggregate.aggregate("max(any) -> same", _extreme, "Greatest value.", ("max('b')", "b"))
aggregate.aggregate("min(any) -> same", _extreme, "Smallest value.", ("min(2)", 2))
aggregate.aggregate(
    "max_by(any, any[, bigint]) -> same",
    _by,
    "The first argument where the second is greatest.",
    ("max_by('a', 1)", "a"),
    aliases="arg_max",
)
aggregate.aggregate(
    "min_by(any, any[, bigint]) -> same",
    _by,
    "The first argument where the second is smallest.",
    ("min_by('a', 1)", "a"),
    aliases="arg_min",
)
aggregate.aggregate(
    "any_value(any) -> same",
    lambda call: Typed(call.render("any_value({0}){w}", call.args[0].sql), call.args[0].type),
    "Some value that is not NULL.",
    ("any_value('x')", "x"),
)
aggregate.aggregate(
    "wm_concat(string, string) -> string",
    _wm_concat,
    "Values joined with a separator; NULLs are skipped, order only with WITHIN GROUP (ORDER BY ..).",
    ("wm_concat(',', 'a')", "a"),
    ("wm_concat(DISTINCT ',', 'a')", "a"),
)
aggregate.aggregate(
    "collect_list(any) -> any",
    _collect_list,
    "Values as an ARRAY, without NULLs.",
    ("collect_list(1)", [1]),
    ("collect_list(CAST(NULL AS BIGINT))", []),
    aliases="array_agg",
)
aggregate.aggregate(
    "collect_set(any) -> any",
    _collect_set,
    "Different values as an ARRAY, without NULLs.",
    ("collect_set('a')", ["a"]),
    difference="the elements are sorted",
)
aggregate.aggregate(
    "approx_distinct(any) -> bigint",
    lambda call: Typed(call.render("approx_count_distinct({0}){w}", call.args[0].sql), BIGINT),
    "Different values, approximately.",
    ("approx_distinct(7)", 1),
    aliases="approx_count_distinct",
)
aggregate.aggregate("median(any) -> double", _statistic("median"), "Median.", ("median(2)", 2.0))
aggregate.aggregate(
    "stddev(any) -> double",
    _statistic("stddev_pop"),
    "Population standard deviation.",
    ("stddev(1)", 0.0),
    aliases="stddev_pop",
)
aggregate.aggregate(
    "stddev_samp(any) -> double", _statistic("stddev_samp"), "Sample standard deviation.", ("stddev_samp(1)", None)
)
aggregate.aggregate(
    "variance(any) -> double", _statistic("var_pop"), "Population variance.", ("variance(1)", 0.0), aliases="var_pop"
)
aggregate.aggregate("var_samp(any) -> double", _statistic("var_samp"), "Sample variance.", ("var_samp(1)", None))
aggregate.aggregate("corr(any, any) -> double", _pair("corr"), "Correlation.")
aggregate.aggregate(
    "covar_pop(any, any) -> double", _pair("covar_pop"), "Population covariance.", ("covar_pop(1, 2)", 0.0)
)
aggregate.aggregate(
    "covar_samp(any, any) -> double", _pair("covar_samp"), "Sample covariance.", ("covar_samp(1, 2)", None)
)
for _name in ("regr_slope", "regr_intercept", "regr_r2", "regr_avgx", "regr_avgy", "regr_sxx", "regr_syy", "regr_sxy"):
    aggregate.aggregate(
        f"{_name}(any, any) -> double", _pair(_name), "Linear regression of the first argument on the second."
    )
aggregate.aggregate("skewness(any) -> double", _statistic("skewness"), "Skewness.")
aggregate.aggregate("kurtosis(any) -> double", _statistic("kurtosis"), "Kurtosis.")
aggregate.aggregate(
    "percentile(any, any) -> any",
    _percentile,
    "Exact percentile; an array of fractions gives an array.",
    ("percentile(10, 0.5)", 10.0),
)
aggregate.aggregate(
    "percentile_approx(any, any[, any]) -> any",
    _percentile_approx,
    "Percentile.",
    ("percentile_approx(10, 0.3)", 10.0),
    difference="exact, the accuracy argument is not needed",
)
aggregate.aggregate(
    "percentile_cont(any[, any]) -> double",
    _ordered_percentile,
    "Percentile between neighbours, WITHIN GROUP (ORDER BY x).",
    ("percentile_cont(0.5) WITHIN GROUP (ORDER BY 3)", 3.0),
)
aggregate.aggregate(
    "percentile_disc(any[, any]) -> double",
    _ordered_percentile,
    "Percentile that is one of the values.",
    ("percentile_disc(0.5) WITHIN GROUP (ORDER BY 3)", 3.0),
)
aggregate.aggregate(
    "bitwise_and_agg(bigint) -> bigint", "bit_and({0}){w}", "Bitwise AND of all values.", ("bitwise_and_agg(6)", 6)
)
aggregate.aggregate(
    "bitwise_or_agg(bigint) -> bigint", "bit_or({0}){w}", "Bitwise OR of all values.", ("bitwise_or_agg(6)", 6)
)
aggregate.aggregate(
    "bitwise_xor_agg(bigint) -> bigint", "bit_xor({0}){w}", "Bitwise XOR of all values.", ("bitwise_xor_agg(6)", 6)
)
aggregate.aggregate(
    "bool_and(boolean) -> boolean",
    "bool_and({0}){w}",
    "Whether all are true.",
    ("bool_and(true)", True),
    aliases="every",
)
aggregate.aggregate("bool_or(boolean) -> boolean", "bool_or({0}){w}", "Whether one is true.", ("bool_or(false)", False))
aggregate.aggregate(
    "count_if(boolean) -> bigint",
    "CAST(count_if({0}){w} AS BIGINT)",
    "Rows where the condition holds.",
    ("count_if(1 = 1)", 1),
)
aggregate.aggregate(
    "histogram(any) -> any", _histogram, "How often each value comes, as a MAP.", ("histogram('a')", {"a": 1})
)
aggregate.aggregate(
    "map_agg(any, any) -> any", _map_agg, "A MAP of keys and values; one value per key.", ("map_agg('k', 1)", {"k": 1})
)
aggregate.missing(
    "estimators of this kind are not part of Taskhouse",
    "histogram_numeric approx_histogram numeric_histogram map_union map_union_sum multimap_agg",
)
