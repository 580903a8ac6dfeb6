"""String functions: length, parts, cases, padding, joining."""

from __future__ import annotations

from taskhouse.domain.datatypes import BIGINT, STRING, DataType, Kind
from taskhouse.sql.backends.duckdb import quote_text
from taskhouse.sql.backends.duckdb_macros import MAX_TEXT_BYTES, macro, too_large
from taskhouse.sql.coercion import common_type
from taskhouse.sql.functions.registry import Call, Group
from taskhouse.sql.typed import Typed, text_constant

string = Group("strings")

# Positions count from 1, from the end when negative. `substr` outside the text gives ''.
macro(
    "mc_substr(s, p, n) AS CASE WHEN s IS NULL OR p IS NULL OR n IS NULL THEN NULL WHEN p = 0 OR n <= 0 OR abs(p) > length(s) AND p < 0 "
    "THEN '' ELSE substr(s, p, n) END"
)
macro(
    "mc_substr_hive(s, p, n) AS CASE WHEN n <= 0 OR -p > length(s) THEN '' ELSE substr(s, CASE WHEN p = 0 THEN 1 ELSE p END, n) END"
)
macro(
    "mc_instr(s, x, p, n) AS CASE WHEN s IS NULL OR x IS NULL OR p IS NULL OR n IS NULL THEN NULL "
    "WHEN p < 1 OR n < 1 THEN error('ODPS-0121095:Invalid arguments - in function instr, start position and occurrence must be greater than 0') "
    "WHEN x = '' THEN p WHEN length(string_split(substr(s, p), x)) <= n THEN 0 "
    "ELSE p + (n - 1) * length(x) + list_sum(list_transform(list_slice(string_split(substr(s, p), x), 1, n), lambda e: length(e))) END"
)
macro(
    "mc_join(l, d) AS CASE WHEN l IS NULL OR d IS NULL THEN NULL WHEN len(list_filter(l, lambda e: e IS NOT NULL)) = 0 THEN '' "
    "ELSE list_reduce(list_filter(l, lambda e: e IS NOT NULL), lambda a, b: a || d || b) END"
)
macro(
    "mc_split_part(s, d, a, b) AS CASE WHEN s IS NULL OR d IS NULL OR a IS NULL OR b IS NULL THEN NULL WHEN d = '' THEN s "
    "ELSE coalesce(mc_join(list_slice(string_split(s, d), "
    "CASE WHEN a < 0 THEN greatest(length(string_split(s, d)) + a + 1, 1) ELSE greatest(a, 1) END, "
    "CASE WHEN b < 0 THEN length(string_split(s, d)) + b + 1 ELSE b END), d), '') END"
)
# Limits are tested inside the argument: DuckDB computes a call of constants before it looks at the CASE around it.
_TOO_LONG = too_large(f"{MAX_TEXT_BYTES} bytes")
macro(
    "mc_repeat(s, n) AS CASE WHEN n <= 0 AND s IS NOT NULL THEN '' "
    f"ELSE repeat(s, CASE WHEN CAST(strlen(s) AS DOUBLE) * n > {MAX_TEXT_BYTES} THEN {_TOO_LONG} ELSE n END) END"
)
for _side, _pad in (("left", "lpad"), ("right", "rpad")):
    macro(
        f"mc_pad_{_side}(s, n, p) AS CASE WHEN n <= 0 OR p = '' THEN '' "
        f"ELSE {_pad}(s, CAST(CASE WHEN n > {MAX_TEXT_BYTES} THEN {_TOO_LONG} ELSE n END AS INTEGER), p) END"
    )
macro(
    "mc_keyvalue(s, p, q, k) AS CASE WHEN s IS NULL OR p IS NULL OR q IS NULL OR k IS NULL THEN NULL ELSE "
    "list_extract(list_filter(string_split(s, p), lambda e: split_part(e, q, 1) = k AND contains(e, q)), 1)[length(k) + length(q) + 1:] END"
)
_CODES = "translate(translate(upper(s), 'HW', ''), 'BFPVCGJKQSXZDTLMNRAEIOUY', '111122222222334556000000')"
for _digit in "123456":
    _CODES = f"regexp_replace({_CODES}, '{_digit}+', '{_digit}', 'g')"
macro(
    f"mc_soundex(s) AS CASE WHEN s <> '' THEN rpad(left(upper(left(s, 1)) || regexp_replace(({_CODES})[2:], '[^1-6]', '', 'g'), 4), 4, '0') "
    "ELSE s END"
)
macro(
    "mc_initcap(s) AS array_to_string(list_transform(string_split(s, ' '), lambda w: upper(left(w, 1)) || lower(w[2:])), ' ')"
)


def _substr(call: Call) -> Typed:
    s, start = call.args[0].sql, call.args[1].sql
    length = call.args[2] if len(call.args) > 2 else None
    first, count = call.args[1].value, length.value if length else None
    text = call.args[0].value
    if isinstance(text, str) and isinstance(first, int) and first > 0 and (length is None or isinstance(count, int)):
        end = len(text) if length is None else first - 1 + max(int(str(count)), 0)
        return text_constant(text[first - 1 : end])
    if isinstance(first, int) and first > 0 and (length is None or (isinstance(count, int) and count > 0)):
        return Typed(f"substr({s}, {first})" if length is None else f"substr({s}, {first}, {count})", STRING)
    macro_name = "mc_substr_hive" if call.hive else "mc_substr"
    return Typed(f"{macro_name}({s}, {start}, {length.sql if length else 'CAST(4294967295 AS BIGINT)'})", STRING)


def _concat(call: Call) -> Typed:
    """All arrays give an array, everything else texts; `||` passes NULL on, as MaxCompute does."""
    if call.args[0].type.kind is Kind.ARRAY:
        wide: DataType | None = call.args[0].type
        for arg in call.args[1:]:
            wide = common_type(wide, arg.type) if wide is not None else None
        if wide is None:
            call.fail("function concat: arrays and other types cannot be joined")
        return Typed("(" + " || ".join(call.to(i, wide).sql for i in range(len(call.args))) + ")", wide)
    parts = [call.to(i, STRING) for i in range(len(call.args))]
    texts = [p.value for p in parts if isinstance(p.value, str)]
    if len(texts) == len(parts):
        return text_constant("".join(texts))
    return Typed("(" + " || ".join(p.sql for p in parts) + ")", STRING)


def _instr(call: Call) -> Typed:
    s, x = call.args[0].sql, call.args[1].sql
    if len(call.args) == 2:
        return Typed(f"instr({s}, {x})", BIGINT)
    nth = call.args[3].sql if len(call.args) > 3 else "1"
    return Typed(f"CAST(mc_instr({s}, {x}, {call.args[2].sql}, {nth}) AS BIGINT)", BIGINT)


def _locate(call: Call) -> Typed:
    x, s = call.args[0].sql, call.args[1].sql
    if len(call.args) == 2:
        return Typed(f"instr({s}, {x})", BIGINT)
    return Typed(f"CAST(mc_instr({s}, {x}, {call.args[2].sql}, 1) AS BIGINT)", BIGINT)


def _split_part(call: Call) -> Typed:
    start = call.args[2].sql
    place = call.args[2].value
    if len(call.args) == 3 and isinstance(place, int) and place > 0 and call.args[1].value:
        return Typed(f"split_part({call.args[0].sql}, {call.args[1].sql}, {place})", STRING)
    end = call.args[3].sql if len(call.args) > 3 else start
    return Typed(f"mc_split_part({call.args[0].sql}, {call.args[1].sql}, {start}, {end})", STRING)


def _keyvalue(call: Call) -> Typed:
    if len(call.args) == 3:
        call.fail("function keyvalue takes 2 or 4 arguments")
    pair, between = (call.args[1].sql, call.args[2].sql) if len(call.args) == 4 else ("';'", "':'")
    return Typed(f"mc_keyvalue({call.args[0].sql}, {pair}, {between}, {call.args[-1].sql})", STRING)


def _soundex(call: Call) -> Typed:
    """Code of the first letter, then codes of the others without repeats, vowels, H and W, in four places."""
    return Typed(f"mc_soundex({call.args[0].sql})", STRING)


def _concat_ws(call: Call) -> Typed:
    """NULL in any argument gives NULL; arrays count as their elements."""
    separator = call.to(0, STRING).sql
    parts = []
    for i, arg in enumerate(call.args[1:], 1):
        if arg.type.is_complex:
            assert arg.type.element is not None
            if arg.kind.value != "array" or not (arg.type.element.is_text or arg.type.element.kind.value == "void"):
                call.fail(f"function concat_ws: argument {i + 1} must be STRING or ARRAY<STRING>")
            parts.append(
                f"(CASE WHEN len(list_filter({arg.sql}, lambda e: e IS NULL)) = 0 THEN mc_join({arg.sql}, {separator}) END)"
            )
        else:
            parts.append(call.to(i, STRING).sql)
    return Typed(
        "(" + f" || {separator} || ".join(parts) + (f" || left({separator}, 0)" if len(parts) == 1 else "") + ")",
        STRING,
    )


def _trim(call: Call) -> Typed:
    name = {"trim": "trim", "ltrim": "ltrim", "rtrim": "rtrim"}[call.name.lower()]
    chars = call.args[1].sql if len(call.args) > 1 else "' '"
    return Typed(f"{name}({call.args[0].sql}, {chars})", STRING)


string.scalar(
    "length(string) -> bigint",
    "length({0})",
    "Number of characters.",
    ("length('hi!')", 3),
    ("length('')", 0),
    ("length(12345)", 5),
    aliases="char_length character_length",
)
string.scalar(
    "lengthb(string) -> bigint",
    "CAST(strlen({0}) AS BIGINT)",
    "Number of bytes in UTF-8.",
    ("lengthb('中国')", 6),
    aliases="octet_length",
)
string.scalar("lower(string) -> string", "lower({0})", "Lower case.", ("lower('aBC')", "abc"), aliases="tolower lcase")
string.scalar("upper(string) -> string", "upper({0})", "Upper case.", ("upper('aBC')", "ABC"), aliases="toupper ucase")
string.scalar(
    "substr(string, bigint[, bigint]) -> string",
    _substr,
    "Part of a text from a position counted from 1, from the end when negative. Position 0 gives '' (1 with odps.sql.hive.compatible).",
    ("substr('abc', 2)", "bc"),
    ("substr('abc', 2, 1)", "b"),
    ("substr('abc', -2, 2)", "bc"),
    ("substr('abc', -3)", "abc"),
    ("substr('abc', 0)", ""),
    ("substr('abc', -5, 2)", ""),
    ("substr('abc', 1, 0)", ""),
    ("substr(CAST(NULL AS STRING), 2)", None),
    aliases="substring",
)
string.scalar(
    "substring_index(string, string, bigint) -> string",
    "(CASE WHEN {1} = '' OR {2} = 0 THEN left({0}, 0) WHEN {2} > 0 THEN mc_join(list_slice(string_split({0}, {1}), 1, {2}), {1}) "
    "ELSE mc_join(list_slice(string_split({0}, {1}), {2}, -1), {1}) END)",
    "Text before the n-th separator; from the end when negative.",
    ("substring_index('www.example.com', '.', 2)", "www.example"),
    ("substring_index('www.example.com', '.', -2)", "example.com"),
)
string.scalar(
    "concat(any...) -> string",
    lambda call: _concat(call),
    "Joins texts, or arrays; NULL if any is NULL.",
    ("concat('ab', 'c')", "abc"),
    ("concat('a', NULL, 'b')", None),
    ("concat(1, 'a')", "1a"),
    ("concat(array(1), array(2))", [1, 2]),
)
string.scalar(
    "concat_ws(string, any...) -> string",
    _concat_ws,
    "Joins texts and arrays of texts with a separator; NULL if any is NULL.",
    ("concat_ws('-', 'a', 'b')", "a-b"),
    ("concat_ws('-', 'a', NULL)", None),
    ("concat_ws(',', array('a', 'b'), 'c')", "a,b,c"),
)
string.scalar(
    "instr(string, string[, bigint, bigint]) -> bigint",
    lambda call: _instr(call),
    "Position of a text in another, 0 if absent; from a start position; of the n-th occurrence.",
    ("instr('Tech on the net', 'e')", 2),
    ("instr('Tech on the net', 'e', 1, 2)", 11),
    ("instr('Tech on the net', 'e', 1, 3)", 14),
    ("instr('abc', 'x')", 0),
    ("instr('abc', NULL)", None),
)
string.scalar(
    "locate(string, string[, bigint]) -> bigint",
    lambda call: _locate(call),
    "Position of the first text in the second.",
    ("locate('ab', 'abchelloabc')", 1),
    ("locate('hi', 'hanmeimei')", 0),
    ("locate('ab', 'abhiab', 2)", 5),
)
string.scalar(
    "position(string, string) -> bigint",
    "instr({1}, {0})",
    "Position of the first text in the second.",
    ("position('b', 'abc')", 2),
)
string.scalar(
    "split_part(string, string, bigint[, bigint]) -> string",
    lambda call: _split_part(call),
    "The n-th part between separators, or parts from n to m.",
    ("split_part('a,b,c,d', ',', 1)", "a"),
    ("split_part('a,b,c,d', ',', 1, 2)", "a,b"),
    ("split_part('a,b,c,d', ',', 10)", ""),
    ("split_part('a,b,c,d', ',', -1)", "d"),
    ("split_part('a,b', ',', NULL)", None),
)
string.scalar(
    "replace(string, string[, string]) -> string",
    lambda call: Typed(
        f"replace({call.args[0].sql}, {call.args[1].sql}, {call.args[2].sql if len(call.args) > 2 else quote_text('')})",
        STRING,
    ),
    "Every occurrence replaced.",
    ("replace('ababab', 'abab', 'Z')", "Zab"),
    ("replace('aXb', 'X')", "ab"),
)
string.scalar(
    "translate(string, string, string) -> string",
    "translate({0}, {1}, {2})",
    "Each character of the second text replaced by the one at the same place in the third.",
    ("translate('MaxCompute', 'puter', '')", "MaxCom"),
    ("translate('abc', 'ab', 'xy')", "xyc"),
)
string.scalar(
    [("reverse(string) -> string", "reverse({0})"), ("reverse(array<T>) -> array<T>", "list_reverse({0})")],
    "",
    "The characters of a text, or the elements of an ARRAY, in reverse order.",
    ("reverse('abc')", "cba"),
    ("reverse(array(1, 2))", [2, 1]),
)
string.scalar(
    "repeat(string, bigint) -> string",
    "mc_repeat({0}, {1})",
    "The text n times.",
    ("repeat('ab', 3)", "ababab"),
    ("repeat('ab', 0)", ""),
)
string.scalar("space(bigint) -> string", "mc_repeat(' ', {0})", "n blanks.", ("space(2)", "  "))
string.scalar(
    "lpad(string, bigint, string) -> string",
    "mc_pad_left({0}, {1}, {2})",
    "Padded on the left, or cut, to n characters.",
    ("lpad('abcdefgh', 10, '12')", "12abcdefgh"),
    ("lpad('abcdefgh', 5, '12')", "abcde"),
    ("lpad('abc', 0, '1')", ""),
)
string.scalar(
    "rpad(string, bigint, string) -> string",
    "mc_pad_right({0}, {1}, {2})",
    "Padded on the right, or cut, to n characters.",
    ("rpad('abcdefgh', 10, '12')", "abcdefgh12"),
    ("rpad('abc', 2, '1')", "ab"),
)
string.scalar(
    "trim(string[, string]) -> string",
    _trim,
    "Without blanks (or the given characters) at both ends.",
    ("trim(' abc ')", "abc"),
    ("trim('xyTxyx', 'xy')", "T"),
    aliases="btrim",
)
string.scalar(
    "ltrim(string[, string]) -> string",
    _trim,
    "Without blanks (or the given characters) at the left.",
    ("ltrim(' abc ')", "abc "),
)
string.scalar(
    "rtrim(string[, string]) -> string",
    _trim,
    "Without blanks (or the given characters) at the right.",
    ("rtrim(' abc ')", " abc"),
)
string.scalar(
    "ascii(string) -> bigint", "CAST(ascii({0}) AS BIGINT)", "Code of the first character.", ("ascii('abcde')", 97)
)
string.scalar(
    "chr(bigint) -> string", "chr(CAST({0} AS INTEGER))", "The character of a code.", ("chr(100)", "d"), aliases="char"
)
string.scalar(
    "initcap(string) -> string",
    "mc_initcap({0})",
    "Each word with a capital, the rest lower case.",
    ("initcap('oDps sql')", "Odps Sql"),
)
string.scalar(
    "find_in_set(string, string[, string]) -> bigint",
    lambda call: Typed(
        f"coalesce(CAST(list_position(string_split({call.args[1].sql}, {call.args[2].sql if len(call.args) > 2 else quote_text(',')}), {call.args[0].sql}) AS BIGINT), CASE WHEN {call.args[0].sql} IS NOT NULL AND {call.args[1].sql} IS NOT NULL THEN 0 END)",
        BIGINT,
    ),
    "Place of a text in a list separated by commas, 0 if absent.",
    ("find_in_set('ab', 'abc,hello,ab,c')", 3),
    ("find_in_set('hi', 'abc')", 0),
)
string.scalar(
    "startswith(string, string) -> boolean",
    "starts_with({0}, {1})",
    "Whether the text starts so.",
    ("startswith('abc', 'ab')", True),
    aliases="starts_with",
)
string.scalar(
    "endswith(string, string) -> boolean",
    "ends_with({0}, {1})",
    "Whether the text ends so.",
    ("endswith('abc', 'bc')", True),
    aliases="ends_with",
)
string.scalar(
    "keyvalue(string, string[, string, string]) -> string",
    lambda call: _keyvalue(call),
    "The value of a key in 'k:v;k:v' text.",
    ("keyvalue('0:1;1:2', 1)", "2"),
    ("keyvalue('a=1|b=2', '|', '=', 'b')", "2"),
    ("keyvalue('a:1', 'z')", None),
)
string.scalar(
    [("base64(binary) -> string", "to_base64({0})")],
    "",
    "Base64 text of bytes.",
    ("base64(cast('alibaba' as binary))", "YWxpYmFiYQ=="),
)
string.scalar(
    "unbase64(string) -> binary",
    "from_base64({0})",
    "Bytes of Base64 text.",
    ("cast(unbase64('YWxpYmFiYQ==') as string)", "alibaba"),
)
string.scalar(
    "encode(string, string) -> binary",
    "encode({0})",
    "Bytes of a text.",
    ("cast(encode('abc', 'UTF-8') as string)", "abc"),
    difference="always UTF-8",
)
string.scalar(
    "soundex(string) -> string",
    lambda call: _soundex(call),
    "The Soundex code.",
    ("soundex('hello')", "H400"),
    ("soundex('Robert')", "R163"),
)
string.scalar(
    "levenshtein(string, string) -> bigint",
    "CAST(levenshtein({0}, {1}) AS BIGINT)",
    "Edit distance.",
    ("levenshtein('kitten', 'sitting')", 3),
)
string.scalar(
    "char_matchcount(string, string) -> bigint",
    "CAST(len(list_filter(string_split({0}, ''), lambda c: contains({1}, c))) AS BIGINT)",
    "How many characters of the first text stand in the second.",
    ("char_matchcount('aabc', 'abcde')", 4),
)
string.missing("texts are UTF-8 always", "is_encoding")
string.missing("word segmentation and masking are not part of Taskhouse", "tokenize mask_hash sym_encrypt sym_decrypt")
