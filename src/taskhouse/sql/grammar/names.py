"""The small parts that many statements share: table names, partition specs and predicates, column definitions, properties."""

from __future__ import annotations

from sqlglot import exp

from taskhouse.domain.catalogue import Clustering, Column
from taskhouse.domain.faults import Place
from taskhouse.sql.grammar.queries import Queries
from taskhouse.sql.lexer import Token, TokenKind, parse_fault
from taskhouse.sql.statements import (
    Comparison,
    PartitionAll,
    PartitionAny,
    PartitionComparison,
    PartitionFilter,
    PartitionIn,
    PartitionNot,
    PartitionSpec,
    TableRef,
)

_OPERATORS = {
    "=": Comparison.EQ,
    "==": Comparison.EQ,
    "<>": Comparison.NE,
    "!=": Comparison.NE,
    "<": Comparison.LT,
    "<=": Comparison.LE,
    ">": Comparison.GT,
    ">=": Comparison.GE,
}
_TURNED = {
    Comparison.LT: Comparison.GT,
    Comparison.LE: Comparison.GE,
    Comparison.GT: Comparison.LT,
    Comparison.GE: Comparison.LE,
}


def table_ref(read: Queries, what: str = "a table's name") -> TableRef:
    """`t`, `x.t`, `p:t`, `p.s.t`; lower case."""
    first = read.name(what)
    parts = [first.value.lower()]
    colon = False
    while len(parts) < 3 and (read.sees_operator(".") or (len(parts) == 1 and read.sees_operator(":"))):
        colon = colon or read.sees_operator(":")
        read.advance()
        parts.append(read.name(what).value.lower())
    if read.sees_operator("."):
        read.fail("at most project.schema.table")
    match parts:
        case [project, schema, name]:
            return TableRef(project, schema, name, first.place)
        case [project, name] if colon:
            return TableRef(project, None, name, first.place)
        case [qualifier, name]:
            return TableRef(None, None, name, first.place, qualifier)
        case _:
            return TableRef(None, None, parts[0], first.place)


def column_name(read: Queries) -> str:
    return read.name("a column's name").value.lower()


def owned_name(read: Queries, what: str) -> tuple[str | None, str]:
    """`name` or `project.name` or `project:name`; the project lower case, the name as written."""
    first = read.name(what)
    if read.accept_operator(".") or read.accept_operator(":"):
        return first.value.lower(), read.name(what).value
    return None, first.value


def if_exists(read: Queries) -> bool:
    return read.accept("IF", "EXISTS")


def if_not_exists(read: Queries) -> bool:
    return read.accept("IF", "NOT", "EXISTS")


# partitions


def partition_value(read: Queries) -> str:
    """A constant as text: a string, a number, DATE '..', or a script variable that stands for one."""
    token = read.token
    if token.kind is TokenKind.STRING:
        return read.string()
    sign = "-" if read.accept_operator("-") else ""
    if read.token.kind is TokenKind.NUMBER:
        return sign + read.advance().value
    if sign:
        read.fail("a number")
    if read.sees_any(("DATE", "DATETIME", "TIMESTAMP")) and read.ahead().kind is TokenKind.STRING:
        read.advance()
        return read.string()
    if read.sees_operator("@"):
        value: exp.Expr | None = read.expression()
        while isinstance(value, exp.Paren | exp.Cast):
            value = value.args["this"]
        if isinstance(value, exp.Literal):
            return str(value.this)
        raise parse_fault("a partition's value must be a constant", token.place)
    if read.accept("NULL"):
        raise parse_fault("a partition's value cannot be NULL", token.place)
    return read.fail("a constant as the partition's value")


def partition_spec(read: Queries, *, dynamic: bool = False) -> PartitionSpec:
    """`( column = value {, ..} )`; with `dynamic`, a bare column is a dynamic one. No column twice."""
    spec: dict[str, str | None] = {}

    def item() -> None:
        token = read.token
        name = column_name(read)
        if name in spec:
            raise parse_fault(f"partition column {name} stands twice", token.place)
        if read.accept_operator("=") or read.accept_operator("=="):
            spec[name] = partition_value(read)
        elif dynamic:
            spec[name] = None
        else:
            read.fail("'='")

    read.wrapped(item)
    return tuple(spec.items())


def optional_partition(read: Queries) -> PartitionSpec:
    """[PARTITION (..)]"""
    return partition_spec(read) if read.accept("PARTITION") else ()


def partition_filters(read: Queries) -> tuple[PartitionFilter, ...]:
    """PARTITION (predicate) {[,] PARTITION (predicate)}"""
    found = []
    while True:
        read.expect("PARTITION")
        read.expect_operator("(")
        parts = read.listed(lambda: _any_of(read))
        read.expect_operator(")")
        found.append(parts[0] if len(parts) == 1 else PartitionAll(tuple(parts)))
        read.accept_operator(",")
        if not read.sees("PARTITION"):
            return tuple(found)


def _any_of(read: Queries) -> PartitionFilter:
    read.enter()
    parts = [_all_of(read)]
    while read.accept("OR"):
        parts.append(_all_of(read))
    read.leave()
    return parts[0] if len(parts) == 1 else PartitionAny(tuple(parts))


def _all_of(read: Queries) -> PartitionFilter:
    parts = [_one(read)]
    while read.accept("AND"):
        parts.append(_one(read))
    return parts[0] if len(parts) == 1 else PartitionAll(tuple(parts))


def _one(read: Queries) -> PartitionFilter:
    if read.accept("NOT"):
        read.enter()
        negated = PartitionNot(_one(read))
        read.leave()
        return negated
    if read.accept_operator("("):
        inner = _any_of(read)
        read.expect_operator(")")
        return inner
    token = read.token
    if not read.sees_name() or read.ahead().kind is TokenKind.STRING:
        value = partition_value(read)
        operator = _operator(read)
        column = column_name(read)
        return PartitionComparison(column, _TURNED.get(operator, operator), value, token.place)
    column = column_name(read)
    if read.sees_operator("("):
        read.refuse(f"Function {token.value} in a partition predicate", token.place)
    negated_in = read.accept("NOT")
    if read.accept("IN"):
        return PartitionIn(column, tuple(read.wrapped(lambda: partition_value(read))), token.place, negated_in)
    if read.accept("BETWEEN"):
        low = partition_value(read)
        read.expect("AND")
        between = PartitionAll(
            (
                PartitionComparison(column, Comparison.GE, low, token.place),
                PartitionComparison(column, Comparison.LE, partition_value(read), token.place),
            )
        )
        return PartitionNot(between) if negated_in else between
    if negated_in:
        read.fail("IN or BETWEEN")
    return PartitionComparison(column, _operator(read), partition_value(read), token.place)


def _operator(read: Queries) -> Comparison:
    token = read.token
    operator = _OPERATORS.get(token.text) if token.kind is TokenKind.OPERATOR else None
    if operator is None:
        read.fail("a comparison")
    read.advance()
    return operator


# columns


def column_definition(read: Queries) -> Column:
    """`name type [NOT NULL] [DEFAULT value] [COMMENT '..']`, the parts after the type in any order."""
    name = read.name("a column's name")
    if read.sees_operator("."):
        read.refuse("A column inside a STRUCT as a column of its own", name.place)
    type_ = read.data_type()
    nullable, default, comment = True, None, ""
    while True:
        if read.accept("NOT", "NULL"):
            nullable = False
        elif read.accept("NULL"):
            nullable = True
        elif read.accept("DEFAULT"):
            default = default_text(read)
        elif read.accept("COMMENT"):
            comment = read.string("a comment")
        elif read.sees("GENERATED"):
            read.refuse("GENERATED ALWAYS AS")
        else:
            return Column(name.value.lower(), type_, comment=comment, nullable=nullable, default=default)


def default_text(read: Queries) -> str:
    """The text of a default value's expression."""
    first = read.token
    read.operand()
    return read.slice(first)


def named_columns(read: Queries) -> tuple[str, ...]:
    """`( a, b )`, no name twice."""
    first = read.token
    names = read.wrapped(lambda: column_name(read))
    if len(set(names)) != len(names):
        raise parse_fault("a column stands twice", first.place)
    return tuple(names)


def refuse_repeated(columns: tuple[Column, ...], place: Place) -> None:
    seen: set[str] = set()
    for column in columns:
        if column.name in seen:
            raise parse_fault(f"column {column.name} stands twice", place)
        seen.add(column.name)


# clauses


def properties(read: Queries) -> tuple[tuple[str, str], ...]:
    """`( 'name' = 'value' {, ..} )`; a later value replaces an earlier one."""
    found: dict[str, str] = {}

    def item() -> None:
        name = property_text(read)
        read.expect_operator("=")
        found[name] = property_text(read)

    read.wrapped(item)
    return tuple(found.items())


def property_text(read: Queries) -> str:
    token = read.token
    if token.kind is TokenKind.STRING:
        return read.string()
    if token.kind in (TokenKind.NUMBER, TokenKind.WORD, TokenKind.QUOTED):
        text = read.advance().value
        while read.sees_operator(".") and token.kind is TokenKind.WORD:
            read.advance()
            text += "." + read.name("a property's name", reserved=True).value
        return text
    return read.fail("a property's name or value")


def clustering(read: Queries) -> Clustering:
    """[RANGE] CLUSTERED BY (..) [SORTED BY (.. [ASC|DESC])] [INTO n BUCKETS]"""
    kind = "range" if read.accept("RANGE") else "hash"
    read.expect("CLUSTERED", "BY")
    columns = named_columns(read)
    sorted_by: list[tuple[str, bool]] = []
    if read.accept("SORTED", "BY"):
        sorted_by = read.wrapped(lambda: _sort_column(read))
    buckets = 0
    if read.sees("INTO") and read.ahead(2).upper == "BUCKETS":
        read.advance()
        buckets = read.whole_number("a number of buckets")
        read.expect("BUCKETS")
    return Clustering(kind=kind, columns=columns, sort_columns=tuple(sorted_by), buckets=buckets)


def _sort_column(read: Queries) -> tuple[str, bool]:
    name = column_name(read)
    if read.accept("DESC"):
        return name, False
    read.accept("ASC")
    return name, True


def lifecycle_days(read: Queries) -> int:
    token: Token = read.token
    days = read.whole_number("a number of days")
    if days < 1:
        raise parse_fault("a lifecycle is at least 1 day", token.place)
    return days
