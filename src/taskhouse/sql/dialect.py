"""The trees: which sqlglot nodes a MaxCompute query becomes, where each node stands, and what is never let through.

Queries are read by our own grammar (`taskhouse.sql.grammar`), not by sqlglot's parser, for three reasons that a server has
and a transpiler has not: each construct of MaxCompute must be read exactly or refused by name (sqlglot accepts whatever
any of its dialects accept), every node must know its place, and no text may cost more than time linear in its length
(sqlglot tries alternatives and steps back). The trees are sqlglot's, as its Hive dialect would build them, so that its tools
(walk, transform, copy, generate) work on them. As nothing here subclasses its parser, the compiled `sqlglotc` does no harm.

The shapes, where they are not obvious:

| MaxCompute | tree |
|---|---|
| every function call, also count, sum, if, coalesce | `Anonymous(this=name as written, expressions=args)`; `f(distinct a, b)` has the one argument `Distinct(expressions=[a, b])`; `count(*)` has `Star()`; `f(a order by b)` has `Order(this=a, expressions)` last |
| current_date, current_timestamp, localtimestamp without parentheses | the same call without arguments |
| `proj:f(x)`, `proj.f(x)` | `Dot(this=Identifier, expression=Anonymous)` |
| `f(..) over (..)` | `Window(this, partition_by=[..], order=Order, spec=WindowSpec(kind, start, start_side, end, end_side), over="OVER")`; `over w`: `alias=Identifier`; a bound is an expression, "UNBOUNDED" or "CURRENT ROW" |
| `within group (order by ..)`, `filter (where ..)`, `ignore nulls` | `WithinGroup(this, expression=Order)`, `Filter(this, expression=Where)`, `IgnoreNulls(this)` around the call, inside the Window |
| cast(x as t), `1Y 1S 1L 1.1F 2D`, date'..', datetime'..', timestamp'..' | `Cast(this, to=DataType)`, the type by `type_of(node.args["to"])`; `3.5BD` is a Cast of the text '3.5' |
| case, `exists (q)`, `(q)` as a value | `Case(this, ifs=[If(this, true)], default)`, `Exists(this=query)`, `Subquery(this=query)` |
| `x not in/like/between/rlike`, `is not null` | `Not(this=..)` around the positive node |
| `in (1, 2)`, `in (select ..)` | `In(this, expressions=[..])`, `In(this, query=Subquery)` |
| `like p escape e`; `like any (..)`; `rlike`, `regexp` | `Escape(this=Like, expression=Literal)`; `Like(expression=Any(this=Tuple))`; `RegexpLike` |
| `<=>`, `is distinct from`, `div`, `||` | `NullSafeEQ`, `NullSafeNEQ`, `IntDiv`, `DPipe(this, expression, safe=False)` |
| interval '1' day, interval '1-2' year to month | `Interval(this, unit=Var or IntervalSpan(this=Var, expression=Var))` |
| extract(year from x), trim(leading 'a' from x) | `Extract(this=Var, expression)`, `Trim(this=x, expression='a', position="LEADING")` |
| names | `Identifier(this, quoted)`, letter case as written |
| `a`, `t.a`, `s.t.a`; more parts, or a field of a value | `Column(this, table, db)`; `Dot(this, expression=Identifier)`: whether `t` is a table or a struct column is the binder's to find |
| `x[i]` | `Bracket(this, expressions=[i])`, the index as written, from 0 for arrays |
| `x -> e`, `(x, y) -> e` | `Lambda(this=e, expressions=[Identifier, ..])`; parameters are `Column`s in the body |
| `*`, `t.*`, `* except (a) replace (e as b)` | `Star(except_=[Identifier], replace=[Alias])`, `Column(this=Star, table)` |
| `f(x) as (a, b)` | `Aliases(this, expressions=[Identifier, ..])` |
| `select [all\\|distinct]`, hints | `Select(distinct=Distinct(), hint=Hint(expressions=[Anonymous or Var]))` |
| tables `t`, `p.t`, `p:t`, `p.s.t` | `Table(this=Identifier, db, catalog, alias=TableAlias, sample=TableSample)` |
| joins | `Join(this, side="LEFT\\|RIGHT\\|FULL", kind="OUTER\\|SEMI\\|ANTI\\|INNER\\|CROSS", on, using=[Identifier], method="NATURAL")`; a comma is CROSS; no condition is `on=true` |
| lateral view [outer] f(..) t as a, b | `Lateral(this=Anonymous, view=True, outer, alias=TableAlias(this, columns))` in `Select.laterals`, applied after the joins; those written before a join are in `laterals` of the relation they follow |
| `(a join b on ..)` as a relation | `Subquery(this=Table with joins)` |
| values (..), (..) t(a, b), with or without parentheses | `Values(expressions=[Tuple, ..], alias)`; as a query of its own it is `select * from (values ..)` |
| with | `With(expressions=[CTE(this, alias)], recursive)` in `with_` of the query |
| `group by a, b grouping sets (..)`, `with cube`, `with rollup` | folded: `Group(expressions=[GroupingSets \\| Cube \\| Rollup \\| expression, ..])`; `group by all` is `Group(all=True)` |
| order by x desc nulls last | `Ordered(this, desc, nulls_first)`, always decided: NULL is the smallest value unless written otherwise |
| union [all\\|distinct], intersect, except, minus | `Union`, `Intersect`, `Except` with `distinct`; long chains of UNION, UNION ALL, AND, OR, `||` are balanced, not deep |
| limit n [offset m], limit m, n | `Limit(expression)`, `Offset(expression)` |
| distribute, sort, cluster by | `Distribute`, `Sort`, `Cluster` |
| `@a := select ..`, then `from @a` | `with_` of each query that uses it has a CTE named `@a`, in front of its own, and all that this one needs |
| `@n := 7` | the value, in parentheses, in its place |
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from taskhouse.domain.datatypes import DataType, parse_type
from taskhouse.domain.faults import Fault, FaultCode, Place


def place_of(node: exp.Expr | None) -> Place | None:
    """Where `node` starts in the submitted text: its own place, else its first part's, else its parent's."""
    above = node
    while above is not None:
        for part in above.walk(bfs=False):
            line = part.meta.get("line")
            if line is not None:
                return Place(line, part.meta["col"])
        above = above.parent
    return None


def set_place(node: exp.Expr, place: Place) -> None:
    node.meta["line"] = place.line
    node.meta["col"] = place.column


def type_node(type_: DataType) -> exp.DataType:
    """The node that stands for a MaxCompute type in a Cast; printed in any dialect it gives the type's text."""
    return exp.DataType(this=exp.DType.USERDEFINED, kind=str(type_))


def type_of(node: exp.DataType) -> DataType:
    """The MaxCompute type of a `DataType` node of our trees."""
    return parse_type(str(node.args["kind"]))


FORBIDDEN_FUNCTIONS = frozenset(
    "checkpoint copy_database current_setting force_checkpoint from_substrait from_substrait_json get_substrait getenv "
    "getvariable glob iceberg_scan delta_scan json_execute_serialized_sql json_serialize_plan json_serialize_sql "
    "json_deserialize_sql parquet_scan pg_attach postgres_attach postgres_query postgres_scan query query_table "
    "read_blob read_csv read_csv_auto read_json read_json_auto read_json_objects read_ndjson read_ndjson_auto "
    "read_ndjson_objects read_parquet read_text repeat_row seq_scan set_config setseed sniff_csv sqlite_attach sqlite_scan "
    "st_read st_drivers summary sql_auto_complete test_all_types which_secret arrow_scan arrow_scan_dumb pandas_scan "
    "python_map_function read_xlsx write_log parse_duckdb_log_message enable_logging disable_logging "
    "enable_profiling disable_profiling reservoir_quantile_file add_parquet_key".split()
)
"""Functions of engines that reach the host, the engine's own state, or run text as SQL."""
FORBIDDEN_PREFIXES = ("duckdb_", "pragma_", "read_", "parquet_", "iceberg_", "delta_", "sqlite_", "postgres_", "mysql_")


def refuse_forbidden_function(name: str, place: Place) -> None:
    """Raise `Fault` (NOT_SUPPORTED) for a function that no query may call, whatever the registry holds."""
    word = name.lower()
    if word in FORBIDDEN_FUNCTIONS or word.startswith(FORBIDDEN_PREFIXES):
        raise Fault(
            FaultCode.NOT_SUPPORTED, f"Function {name} is not supported: queries cannot reach the engine's host", place
        )


ALLOWED_NODES: frozenset[type[Any]] = frozenset(
    getattr(exp, name)
    for name in (
        "Add Alias Aliases All And Anonymous Any Between BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Boolean Bracket CTE Case "
        "Cast Cluster Column Cube DPipe DataType Distinct Distribute Div Dot EQ Escape Except Exists Extract Filter From GT "
        "GTE Group GroupingSets Having Hint Identifier If IgnoreNulls In IntDiv Intersect Interval IntervalSpan Is Join LT LTE "
        "Lambda Lateral Like Limit Literal Mod Mul NEQ Neg Not Null NullSafeEQ NullSafeNEQ Offset Or Order Ordered Paren "
        "Qualify RegexpLike RespectNulls Rollup Select Sort Star Sub Subquery Table TableAlias TableSample Trim Tuple Union "
        "Values Var Where Window WindowSpec With WithinGroup"
    ).split()
)
"""Every class of node that the grammar builds; the binder need not know of others."""
