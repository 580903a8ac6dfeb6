r"""Leaf macros of the DuckDB backend: pieces of MaxCompute's meaning that DuckDB has no single function for.

They are inlined by DuckDB's binder, so a call costs nothing by itself. A macro never calls an overloaded macro and takes
no lambda, two limits of DuckDB 2.0. Names start with `mc_`; a `_strict` twin fails where the plain one gives NULL.
Arguments may be evaluated more than once in the text; DuckDB computes common parts once.
"""

from __future__ import annotations

_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
_DAY = r"\d{4}-\d{2}-\d{2}"
_MOMENT = _DAY + r"( \d{2}:\d{2}:\d{2}(\.\d{1,9})?)?"


MAX_TEXT_BYTES = 8 * 1024 * 1024
MAX_ELEMENTS = 1_000_000
"""Largest values that functions make out of a number: the engine builds each whole in memory, outside its memory limit."""


def too_large(limit: str) -> str:
    """The error of a function that would make a larger value."""
    return f"error('ODPS-0121095:Invalid argument - the value would be larger than {limit}')"


def _illegal(target: str) -> str:
    """The error of a failed strict cast, with the value in it."""
    return (
        "error('ODPS-0123091:Illegal type cast - in function cast, value ''' || s || "
        f"''' cannot be casted from String to {target}.')"
    )


def _text_casts() -> list[str]:
    """Readers of text: each as a lenient macro and a strict one."""
    plain = rf"regexp_full_match(s, '\s*{_NUMBER}\s*')"
    prefix = rf"nullif(regexp_extract(s, '^\s*({_NUMBER})', 1), '')"
    moment = rf"regexp_full_match(s, '{_MOMENT}')"
    bigint = (
        r"WHEN regexp_full_match(s, '\s*[+-]?\d{1,18}\s*') THEN CAST(trim(s) AS BIGINT) "
        r"WHEN regexp_full_match(s, '\s*[+-]?\d+\s*') THEN TRY_CAST(trim(s) AS BIGINT) "
        rf"WHEN {plain} THEN TRY_CAST(trunc(CAST(s AS DOUBLE)) AS BIGINT)"
    )
    double = f"WHEN {plain} THEN CAST(trim(s) AS DOUBLE)"
    number = f"WHEN {plain} THEN trim(s)"
    date = rf"WHEN {moment} THEN TRY_CAST(left(s, 10) AS DATE)"
    datetime = rf"WHEN {moment} THEN TRY_CAST(left(s, 23) AS TIMESTAMPTZ)"
    timestamp = rf"WHEN {moment} THEN TRY_CAST(s AS TIMESTAMPTZ_NS)"
    naive = rf"WHEN {moment} THEN TRY_CAST(s AS TIMESTAMP_NS)"
    rows = [
        ("bigint", bigint, f"TRY_CAST(trunc(CAST({prefix} AS DOUBLE)) AS BIGINT)", "Bigint"),
        ("double", double, f"CAST({prefix} AS DOUBLE)", "Double"),
        ("number", number, prefix, "Decimal"),
        ("date", date, "NULL", "Date"),
        ("datetime", datetime, "NULL", "Datetime"),
        ("timestamp", timestamp, "NULL", "Timestamp"),
        ("timestamp_ntz", naive, "NULL", "Timestamp_ntz"),
    ]
    made = []
    for name, branches, otherwise, shown in rows:
        made.append(f"mc_text_{name}(s) AS CASE {branches} ELSE {otherwise} END")
        lenient = f"CASE {branches} END"
        made.append(
            f"mc_text_{name}_strict(s) AS CASE WHEN s IS NULL THEN NULL ELSE coalesce({lenient}, {_illegal(shown)}) END"
        )
    return made


_EXPONENT = r"regexp_replace(regexp_replace(t, '^(-?\d)e', '\1.0e'), 'e\+?(-?)0*(\d+)', 'E\1\2')"

_BODIES: list[str] = [
    # Whole numbers divided, rounded half away from zero; by zero NULL.
    "mc_divide(n, d) AS CASE WHEN (n < 0) = (d < 0) THEN (abs(n) + abs(d) // 2) // NULLIF(abs(d), 0) "
    "ELSE -((abs(n) + abs(d) // 2) // NULLIF(abs(d), 0)) END",
    # Text forms of values.
    f"mc_float_form(t) AS CASE WHEN contains(t, 'e') THEN {_EXPONENT} WHEN t = 'nan' THEN 'NaN' "
    "WHEN t = 'inf' THEN 'Infinity' WHEN t = '-inf' THEN '-Infinity' ELSE t END",
    "mc_double_text(x) AS mc_float_form(CAST(x AS VARCHAR))",
    "mc_trim_zeros(t) AS CASE WHEN contains(t, '.') THEN rtrim(rtrim(t, '0'), '.') ELSE t END",
    "mc_datetime_text(x) AS strftime(x, '%Y-%m-%d %H:%M:%S')",
    "mc_timestamp_text(x) AS mc_trim_zeros(strftime(x, '%Y-%m-%d %H:%M:%S.%n'))",
    "mc_months_text(m) AS CASE WHEN m < 0 THEN '-' ELSE '' END || "
    "CAST(abs(m) // 12 AS VARCHAR) || '-' || CAST(abs(m) % 12 AS VARCHAR)",
    "mc_span_text(n) AS CASE WHEN n < 0 THEN '-' ELSE '' END || "
    "CAST(abs(n) // 86400000000000 AS VARCHAR) || ' ' || "
    "lpad(CAST(abs(n) // 3600000000000 % 24 AS VARCHAR), 2, '0') || ':' || "
    "lpad(CAST(abs(n) // 60000000000 % 60 AS VARCHAR), 2, '0') || ':' || "
    "lpad(CAST(abs(n) // 1000000000 % 60 AS VARCHAR), 2, '0') || '.' || "
    "lpad(CAST(abs(n) % 1000000000 AS VARCHAR), 9, '0')",
    "mc_binary_text(x) AS decode(x)",
    # Moments. DuckDB has no arithmetic on TIMESTAMPTZ_NS, so it is done on microseconds and the rest is put back.
    "mc_timestamp_shift(x, i) AS timezone('UTC', make_timestamp_ns(epoch_ns(CAST(x AS TIMESTAMPTZ) + i) + epoch_ns(x) % 1000))",
    "mc_timestamp_move(x, n) AS timezone('UTC', make_timestamp_ns(epoch_ns(x) + n))",
    "mc_naive_move(x, n) AS make_timestamp_ns(epoch_ns(x) + n)",
    "mc_naive_shift(x, i) AS make_timestamp_ns(epoch_ns(CAST(x AS TIMESTAMP) + i) + epoch_ns(x) % 1000)",
    "mc_truncate_ms(x) AS date_trunc('millisecond', x)",
    # JSON text.
    "mc_json_scalar(j) AS json_extract_string(CASE WHEN json_valid(j) THEN j END, '$')",
    *_text_casts(),
]

MACROS: list[str] = [f"CREATE OR REPLACE MACRO {body}" for body in _BODIES]
"""Statements that create the macros, in an order in which each finds those it uses. `sql.functions` adds its own."""


def macro(body: str) -> None:
    """Register one more leaf macro, `name(args) AS expression`; called while the function modules load."""
    MACROS.append(f"CREATE OR REPLACE MACRO {body}")


macro("mc_json_path(j, p) AS json_extract_string(CASE WHEN json_valid(j) THEN j END, p)")
