"""The SQL of materialization nodes and views, put together from parts that definitions give. MaxCompute's dialect, made to be read.

Nothing is parsed here: expressions and conditions stand in it as they were written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

RESERVED = frozenset(
    "ALL AND AS BETWEEN BY CASE CROSS DISTINCT ELSE END EXCEPT FALSE FROM FULL GROUP HAVING IN INNER INTERSECT INTO IS JOIN "
    "LATERAL LEFT LIKE NATURAL NOT NULL ON OR ORDER OUTER RIGHT SELECT TABLESAMPLE THEN TRUE UNION USING VALUES WHEN WHERE "
    "WITH ANTI ASC CLUSTER DESC DISTRIBUTE INSERT LIMIT MINUS OFFSET OVER OVERWRITE PIVOT QUALIFY REGEXP RLIKE SEMI SORT UNPIVOT "
    "WINDOW".split()
)
"""Words that need back-ticks to be a name everywhere."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def name(text: str) -> str:
    """A column's or alias's name as it can stand in SQL."""
    return text if _PLAIN.match(text) and text.upper() not in RESERVED else f"`{text.replace('`', '``')}`"


def names(texts: Iterable[str]) -> str:
    return ", ".join(name(text) for text in texts)


def literal(value: str | int | float | bool | None) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
        case _:
            return repr(value)


def _indented(text: str, by: str = "  ") -> str:
    return "\n".join(by + line if line else line for line in text.split("\n"))


@dataclass(frozen=True, slots=True)
class Input:
    """Something in FROM under an alias. `table` is a table's name; `query` stands in parentheses instead when given. `on` and `join` (LEFT
    OUTER or INNER) are those of every input but the first."""

    alias: str
    table: str = ""
    query: str = ""
    on: str = ""
    join: str = ""

    @property
    def text(self) -> str:
        source = f"(\n{_indented(self.query)}\n)" if self.query else self.table
        shown = f"{source} {name(self.alias)}"
        return f"{self.join} JOIN {shown} ON {self.on}" if self.join else f"FROM {shown}"


def select(columns: Sequence[tuple[str, str]], inputs: Sequence[Input], where: Sequence[str] = ()) -> str:
    """`columns` are (name, expression). Conditions in `where` must all hold."""
    items = ",\n".join(f"  {expression} AS {name(column)}" for column, expression in columns)
    lines = [f"SELECT\n{items}", *(source.text for source in inputs)]
    if where:
        lines.append("WHERE " + _all(where))
    return "\n".join(lines)


def _all(conditions: Sequence[str]) -> str:
    return conditions[0] if len(conditions) == 1 else "\n  AND ".join(f"({condition})" for condition in conditions)


@dataclass(frozen=True, slots=True)
class NodeRead:
    """A node's physical table, the columns wanted of it besides the join columns, and the condition on its partitions."""

    table: str
    columns: tuple[str, ...]
    condition: str = ""


def read_nodes(reads: Sequence[NodeRead], join: Sequence[str], also: Sequence[str] = ()) -> str:
    """A logical table's columns out of its nodes: `join` columns, the columns of every read, and `also`, which all have (partition
    columns) and which are not joined by.

    Rows that only some of the nodes have are kept: a node that ran later than another may know more.
    """
    if len(reads) == 1:
        read = reads[0]
        text = f"SELECT {names(dict.fromkeys((*join, *read.columns, *also)))}\nFROM {read.table}"
        return f"{text}\nWHERE {read.condition}" if read.condition else text
    every = dict.fromkeys((*join, *(column for read in reads for column in read.columns)))
    items = [name(column) for column in every]
    items += [f"{_first(column, len(reads))} AS {name(column)}" for column in also if column not in every]
    lines = [f"SELECT {', '.join(items)}"]
    for n, read in enumerate(reads, start=1):
        inner = f"SELECT {names(dict.fromkeys((*join, *read.columns, *also)))} FROM {read.table}"
        if read.condition:
            inner += f" WHERE {read.condition}"
        lines.append(_joined(f"({inner}) n{n}", n, join))
    return "\n".join(lines)


def _first(column: str, count: int) -> str:
    return f"COALESCE({', '.join(f'n{n}.{name(column)}' for n in range(1, count + 1))})"


def _joined(source: str, n: int, join: Sequence[str]) -> str:
    if n == 1:
        return f"FROM {source}"
    return f"FULL OUTER JOIN {source} USING ({names(join)})" if join else f"CROSS JOIN {source}"


def insert(table: str, partitions: Sequence[tuple[str, str]], columns: Sequence[str], query: str) -> str:
    """Replace a table's partition. The columns are named, so that a table may have more of them than this code knows."""
    spec = ", ".join(f"{name(column)} = '{value}'" for column, value in partitions)
    target = f"{table} PARTITION ({spec})" if spec else table
    return f"INSERT OVERWRITE TABLE {target} ({names(columns)})\n{query};"


@dataclass(frozen=True, slots=True)
class MetricBlock:
    """Metrics computed in one pass: over the same rows of one logical table. `source` is a query; `keys` are (column of the aggregate
    table, field of the source); `metrics` (name, aggregate)."""

    source: str
    keys: tuple[tuple[str, str], ...]
    metrics: tuple[tuple[str, str], ...]
    where: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        columns = [(column, name(source)) for column, source in self.keys]
        query = select([*columns, *self.metrics], [Input("s", query=self.source)], self.where)
        return f"{query}\nGROUP BY {names(source for _, source in self.keys)}" if self.keys else query


def aggregate(queries: Sequence[str], keys: Sequence[str], fields: Sequence[str], calculated: Mapping[str, str]) -> str:
    """One row for each combination of keys that any of the queries has, with `fields` in order. `calculated`: name -> expression over
    columns of the queries. A single query without calculated fields has the keys and fields in this order already."""
    if len(queries) == 1 and not calculated:
        return queries[0]
    items = [*(name(key) for key in keys)]
    items += [f"{calculated[one]} AS {name(one)}" if one in calculated else name(one) for one in fields]
    lines = ["SELECT\n" + ",\n".join(f"  {item}" for item in items)]
    for n, query in enumerate(queries, start=1):
        lines.append(_joined(f"(\n{_indented(query)}\n) b{n}", n, keys))
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class ViewNode:
    """A node as the logical table's view reads it: `columns` maps fields to columns of `table`."""

    table: str
    columns: tuple[str, ...]


def table_view(nodes: Sequence[ViewNode], keys: Sequence[str], fields: Sequence[str], partitions: Sequence[str]) -> str:
    """The logical table as a query: all fields, then partition columns. A field in several nodes has the value of the first that has
    one; a partition that only some nodes have written shows NULL for the fields of the others."""
    if len(nodes) == 1:
        return f"SELECT {names(dict.fromkeys((*keys, *fields, *partitions)))} FROM {nodes[0].table}"
    items = []
    for one in dict.fromkeys((*keys, *fields)):
        holders = [n for n, node in enumerate(nodes, start=1) if one in node.columns]
        if one in keys:
            items.append(name(one))
        elif len(holders) == 1:
            # Tables keep columns of fields that are not written into them any more.
            items.append(f"n{holders[0]}.{name(one)}")
        else:
            items.append(f"COALESCE({', '.join(f'n{n}.{name(one)}' for n in holders)}) AS {name(one)}")
    items += [name(column) for column in partitions]
    lines = [f"SELECT {', '.join(items)}"]
    lines += [_joined(f"{node.table} n{n}", n, (*keys, *partitions)) for n, node in enumerate(nodes, start=1)]
    return " ".join(lines)


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A physical table that must be there: `columns` and `partitions` are (name, type, comment)."""

    project: str
    table: str
    columns: tuple[tuple[str, str, str], ...]
    partitions: tuple[tuple[str, str], ...]
    lifecycle: int | None = None
    comment: str = ""

    @property
    def full_name(self) -> str:
        return f"{self.project}.{self.table}"

    def definition(self) -> str:
        """CREATE TABLE, if it does not exist."""
        columns = ",\n".join(f"  {name(column)} {type_}{_comment(text)}" for column, type_, text in self.columns)
        parts = [f"CREATE TABLE IF NOT EXISTS {self.full_name} (\n{columns}\n)"]
        if self.comment:
            parts.append(_comment(self.comment).strip())
        if self.partitions:
            parts.append(
                f"PARTITIONED BY ({', '.join(f'{name(column)} {type_}' for column, type_ in self.partitions)})"
            )
        if self.lifecycle is not None:
            parts.append(f"LIFECYCLE {self.lifecycle}")
        return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class ViewSpec:
    """A view that must be there, with this query. `comments`: of its columns."""

    project: str
    table: str
    query: str
    comment: str = ""
    tables: tuple[str, ...] = field(default=())
    """What it reads, `project.table`."""

    @property
    def full_name(self) -> str:
        return f"{self.project}.{self.table}"

    def definition(self) -> str:
        return f"CREATE OR REPLACE VIEW {self.full_name}{_comment(self.comment)} AS\n{self.query}"


def _comment(text: str) -> str:
    return f" COMMENT {literal(text)}" if text else ""
