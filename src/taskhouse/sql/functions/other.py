"""Hashes, identifiers, sampling, types and what else there is."""

from __future__ import annotations

from taskhouse.domain.datatypes import BIGINT, BOOLEAN, STRING, Kind
from taskhouse.sql.backends.duckdb import quote_text
from taskhouse.sql.backends.duckdb_macros import macro
from taskhouse.sql.functions.registry import Call, Group, Rule
from taskhouse.sql.typed import Typed, text_constant

other = Group("other")

macro("mc_sha1(x) AS sha1(x)")
macro("mc_hash(x) AS CAST(hash(x) % 9223372036854775807 AS BIGINT)")


def _hash(call: Call) -> Typed:
    """Some hash; equal values have equal hashes."""
    return Typed(f"mc_hash(row({', '.join(a.sql for a in call.args)}))", BIGINT)


def _sample(call: Call) -> Typed:
    """SAMPLE(n[, k][, columns..]): the k-th of n parts, by the columns' hash or at random."""
    parts = call.constant(0, "the number of parts")
    if not isinstance(parts, int) or parts < 1:
        call.fail("function sample: the number of parts must be at least 1")
    which = call.args[1].value if len(call.args) > 1 else 1
    columns = (
        call.args[2:] if isinstance(which, int) or (len(call.args) > 1 and call.args[1].is_null) else call.args[1:]
    )
    which = which if isinstance(which, int) else 1
    if not 1 <= which <= parts:
        call.fail("function sample: the part must be between 1 and the number of parts")
    if not columns:
        return Typed(f"(floor(random() * {parts}) = {which - 1})", BOOLEAN)
    return Typed(f"(mc_hash(row({', '.join(c.sql for c in columns)})) % {parts} = {which - 1})", BOOLEAN)


def _gettype(call: Call) -> Typed:
    return text_constant(str(call.args[0].type))


def _sha2(call: Call) -> Typed:
    bits = call.constant(1, "the number of bits")
    if bits not in (0, 256):
        call.refuse(f"function sha2 of {bits} bits is not supported, 256 is")
    return Typed(f"sha256({call.args[0].sql})", STRING)


def _text_or_bytes(template: str) -> Rule:
    def rule(call: Call) -> Typed:
        value = call.args[0]
        sql = value.sql if value.kind is Kind.BINARY else call.to(0, STRING).sql
        return Typed(template.format(sql), STRING)

    return rule


other.scalar(
    "md5(any) -> string",
    _text_or_bytes("md5({0})"),
    "MD5 in hexadecimal digits.",
    ("md5('abc')", "900150983cd24fb0d6963f7d28e17f72"),
)
other.scalar(
    "sha1(any) -> string",
    _text_or_bytes("sha1({0})"),
    "SHA-1 in hexadecimal digits.",
    ("sha1('ABC')", "3c01bdbb26f358bab27f267924aa2c9a03fcfdb8"),
    aliases="sha",
)
other.scalar(
    "sha2(any, any) -> string",
    _sha2,
    "SHA-2 in hexadecimal digits.",
    ("sha2('ABC', 256)", "b5d4045c3f466fa91fe2cc6abe79232a1a57cdf104f7a26e716e0a1e2789df78"),
    difference="256 bits only",
)
other.scalar(
    "hash(any...) -> bigint",
    _hash,
    "Some hash of the values.",
    ("hash(1) = hash(1)", True),
    difference="other numbers than MaxCompute's",
)
other.scalar("uuid() -> string", "CAST(uuid() AS VARCHAR)", "A random identifier.", ("length(uuid())", 36))
other.scalar("unique_id() -> string", "CAST(uuid() AS VARCHAR)", "A random identifier.", ("length(unique_id())", 36))
other.scalar(
    "sample(any[, any...]) -> boolean",
    _sample,
    "Whether a row is in the k-th of n parts, by its columns' hash or at random.",
    ("sample(1)", True),
)
other.scalar(
    "gettype(any) -> string",
    _gettype,
    "Name of the argument's type.",
    ("gettype(1)", "int"),
    ("gettype('a')", "string"),
    aliases="typeof",
)
other.scalar(
    "assert_true(boolean) -> boolean",
    "(CASE WHEN {0} THEN CAST(NULL AS BOOLEAN) ELSE error('ODPS-0121095:Invalid argument - assert_true failed') END)",
    "NULL if true, else an error.",
    ("assert_true(1 = 1)", None),
)
other.scalar(
    "version() -> string", lambda call: text_constant("taskhouse"), "Name of the engine.", ("version()", "taskhouse")
)
other.scalar(
    "current_user() -> string",
    lambda call: Typed(quote_text(call.context.user), STRING),
    "Who runs the statement.",
    ("current_user()", "u"),
)
other.scalar(
    "current_project() -> string",
    lambda call: Typed(quote_text(call.context.project), STRING),
    "The session's project.",
    ("current_project()", "p"),
)
other.missing(
    "not part of Taskhouse yet",
    "compress decompress crc32 get_idcard_age get_idcard_birthday get_idcard_sex get_user_id partition_exists stack_udtf from_char_codes to_hex",
)
other.missing(
    "bitmap and sketch functions are not part of Taskhouse",
    "rb_build rb_or rb_and rb_cardinality approx_count_distinct_sketch hll_build",
)
other.missing(
    "spatial functions are not part of Taskhouse",
    "st_point st_contains st_distance st_geomfromtext st_astext st_area st_buffer st_within st_intersects",
)
other.missing("AI functions are not part of Taskhouse", "ai_generate ml_predict ai_embed")
