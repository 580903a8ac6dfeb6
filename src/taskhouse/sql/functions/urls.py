"""URLs."""

from __future__ import annotations

from taskhouse.domain.datatypes import STRING
from taskhouse.sql.backends.duckdb import quote_text
from taskhouse.sql.backends.duckdb_macros import macro
from taskhouse.sql.functions.registry import Call, Group
from taskhouse.sql.typed import Typed

urls = Group("URLs")

macro(
    "mc_url_part(u, part) AS nullif(CASE part "
    r"WHEN 'HOST' THEN regexp_extract(u, '^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)', 1) "
    r"WHEN 'PATH' THEN regexp_extract(u, '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*([^?#]*)', 1) "
    r"WHEN 'QUERY' THEN regexp_extract(u, '^[^?#]*\?([^#]*)', 1) "
    r"WHEN 'REF' THEN regexp_extract(u, '#(.*)$', 1) "
    r"WHEN 'PROTOCOL' THEN regexp_extract(u, '^([a-zA-Z][a-zA-Z0-9+.-]*):', 1) "
    r"WHEN 'AUTHORITY' THEN regexp_extract(u, '^[a-zA-Z][a-zA-Z0-9+.-]*://([^/?#]*)', 1) "
    r"WHEN 'USERINFO' THEN regexp_extract(u, '^[a-zA-Z][a-zA-Z0-9+.-]*://([^/?#@]*)@', 1) "
    r"WHEN 'FILE' THEN regexp_extract(u, '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*([^#]*)', 1) "
    "END, '')"
)
macro(
    "mc_query_value(u, k) AS url_decode(list_extract(list_filter(string_split(regexp_extract(u, '^[^?#]*\\?([^#]*)', 1), '&'), "
    "lambda e: starts_with(e, k || '=')), 1)[length(k) + 2:])"
)


def _parse_url(call: Call) -> Typed:
    part = call.text(1, "the part").upper()
    if part not in ("HOST", "PATH", "QUERY", "REF", "PROTOCOL", "AUTHORITY", "FILE", "USERINFO"):
        call.fail(f"function parse_url: '{part}' is no part of a URL")
    if len(call.args) > 2:
        if part != "QUERY":
            call.fail("function parse_url: a key goes with QUERY only")
        return Typed(f"mc_query_value({call.args[0].sql}, {call.args[2].sql})", STRING)
    return Typed(f"mc_url_part({call.args[0].sql}, {quote_text(part)})", STRING)


urls.scalar(
    "parse_url(string, string[, string]) -> string",
    _parse_url,
    "A part of a URL: HOST, PATH, QUERY, REF, PROTOCOL, AUTHORITY, FILE, USERINFO; with a key, that value of the query.",
    (
        "parse_url('file://username@example.com:666/over/there/index.dtb?type=animal&name=narwhal#nose', 'HOST')",
        "example.com",
    ),
    ("parse_url('http://example.com/over?type=animal&name=narwhal#nose', 'QUERY', 'name')", "narwhal"),
    ("parse_url('http://example.com/a/b?x=1', 'PATH')", "/a/b"),
    ("parse_url('http://example.com/', 'REF')", None),
)
urls.scalar(
    "url_encode(string[, string]) -> string",
    "replace(url_encode({0}), '%20', '+')",
    "Percent-encoded, blanks as `+`.",
    ("url_encode('示例 a')", "%E7%A4%BA%E4%BE%8B+a"),
    difference="always UTF-8",
)
urls.scalar(
    "url_decode(string[, string]) -> string",
    "url_decode(replace({0}, '+', ' '))",
    "Percent-decoded, `+` as a blank.",
    ("url_decode('%E7%A4%BA%E4%BE%8B+a')", "示例 a"),
    difference="always UTF-8",
)
