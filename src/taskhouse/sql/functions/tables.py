"""Table functions: a row in, rows out. `sql.binder.laterals` makes their SQL."""

from __future__ import annotations

from taskhouse.sql.functions.registry import Group

table = Group("table functions")

table.table("explode(any) -> any", "One row for each element of an ARRAY, or each key and value of a MAP.")
table.table("posexplode(any) -> any", "One row for each element of an ARRAY with its place from 0.")
table.table("inline(any) -> any", "One row for each STRUCT of an ARRAY, a column for each field.")
table.table("stack(bigint, any...) -> any", "The values in n rows.")
table.table("json_tuple(string, string...) -> string", "The values of several keys of a JSON text, a column each.")
table.table(
    "keyvalue_tuple(string, string, string, string...) -> string",
    "The values of several keys of `k:v;k:v` text, a column each.",
)
table.table(
    "parse_url_tuple(string, string...) -> string",
    "Several parts of a URL, a column each; `QUERY:key` is a value of the query.",
)
table.table(
    "trans_array(bigint, string, any...) -> any", "Texts with a separator turned into rows beside n key columns."
)
table.table("trans_cols(bigint, any...) -> any", "Columns turned into rows, numbered from 1, beside n key columns.")
