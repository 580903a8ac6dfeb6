"""The state of one statement's binding, shared by all its parts."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from sqlglot import exp

from taskhouse.domain.catalogue import Column, PartitionValues, Table, TableName
from taskhouse.domain.faults import Fault, FaultCode, Place
from taskhouse.sql.binder.places import place_of
from taskhouse.sql.bound import BoundScan
from taskhouse.sql.casts import CastRules
from taskhouse.sql.catalogue import BindContext
from taskhouse.sql.functions.registry import shown
from taskhouse.sql.typed import Origin, Typed

MAX_DEPTH = 200
"""Nesting of queries, views and expressions that is bound; deeper ones are refused."""
MAX_EXPRESSION_DEPTH = 180

PartitionTest = Callable[[PartitionValues], bool]


@dataclass(slots=True)
class ScanUse:
    """A table in FROM while it is bound: the columns used so far, and the conditions on its partitions."""

    table: Table
    place: Place | None
    used: set[str] = field(default_factory=set)
    tests: list[PartitionTest] = field(default_factory=list)

    def bound(self) -> BoundScan:
        every = (*self.table.columns, *self.table.partition_columns)
        wanted = tuple(c for c in every if c.name in self.used) or _cheapest(self.table)
        tests = tuple(self.tests)
        if not tests:
            return BoundScan(self.table, wanted)
        return BoundScan(self.table, wanted, lambda values: all(test(values) for test in tests))


def _cheapest(table: Table) -> tuple[Column, ...]:
    """One column to count rows by, when the query needs none: a narrow one if there is."""
    if table.partition_columns:
        return table.partition_columns[:1]
    plain = [c for c in table.columns if not c.type.is_complex]
    narrow = [c for c in plain if c.type.is_number or c.type.kind.value in ("boolean", "date", "datetime")]
    return ((narrow or plain or list(table.columns))[0],) if table.columns else ()


class Binding:
    def __init__(self, context: BindContext) -> None:
        self.context = context
        self.rules = CastRules(
            strict=context.flag("odps.function.strictmode", context.flag("odps.sql.udf.strict.mode", False)),
            trim_zeros=context.flag("odps.sql.decimal.tostring.trimzero", True),
            time_zone=context.time_zone,
        )
        self.hive = context.flag("odps.sql.hive.compatible", False)
        self.schemas_enabled = context.flag("odps.namespace.schema", False)
        self.scans: dict[str, ScanUse] = {}
        self.tables: dict[TableName, None] = {}
        self.view_stack: list[TableName] = []
        self.depth = 0
        self._names: dict[str, int] = {}
        self._cache: dict[TableName, Table | None] = {}

    def fail(self, message: str, node: exp.Expr | None) -> NoReturn:
        raise Fault(FaultCode.SEMANTIC, f"Semantic analysis exception - {message}", place_of(node))

    def refuse(self, message: str, node: exp.Expr | None) -> NoReturn:
        raise Fault(FaultCode.NOT_SUPPORTED, message, place_of(node))

    def incompatible(self, what: str, left: Typed, right: Typed, node: exp.Expr) -> NoReturn:
        self.fail(f"invalid operand type(s) {shown(left.type)},{shown(right.type)} for {what}", node)

    def enter(self, node: exp.Expr) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail("the query is nested too deeply", node)

    def leave(self) -> None:
        self.depth -= 1

    def alias(self, name: str) -> str:
        """A relation name that no other relation of the statement has; close to the written one, for readable plans.
        Never a placeholder's name."""
        if name.startswith("scan_"):
            name = f"q_{name}"
        count = self._names.get(name, 0)
        self._names[name] = count + 1
        return name if count == 0 else self.alias(f"{name}_{count}")

    def look_up(self, name: TableName) -> Table | None:
        if name not in self._cache:
            self._cache[name] = self.context.catalogue.table(name)
        return self._cache[name]

    def table_names(self, node: exp.Table) -> list[TableName]:
        """The names that a written table name may mean, likeliest first."""
        name = node.name.lower()
        first, second = node.text("catalog").lower(), node.text("db").lower()
        project, schema = self.context.project, self.context.schema
        if first:
            return [TableName(first, second, name)]
        if not second:
            return [TableName(project, schema, name)]
        as_project = TableName(second, schema if second == project else "default", name)
        as_schema = TableName(project, second, name)
        return [as_schema, as_project] if self.schemas_enabled else [as_project, as_schema]

    def table(self, node: exp.Table) -> Table:
        """The table a node names. Raises `Fault` (NO_SUCH_TABLE) with a suggestion."""
        names = self.table_names(node)
        for name in names:
            found = self.look_up(name)
            if found is not None:
                return found
        wanted = names[0]
        close = difflib.get_close_matches(
            wanted.name, self.context.catalogue.tables(wanted.project, wanted.schema), 1, 0.6
        )
        hint = f", did you mean {close[0]}?" if close else ""
        raise Fault(
            FaultCode.NO_SUCH_TABLE, f"Table not found - table {wanted} cannot be resolved{hint}", place_of(node)
        )

    def add_scan(self, table: Table, node: exp.Expr) -> str:
        placeholder = f"scan_{len(self.scans) + 1}"
        self.scans[placeholder] = ScanUse(table, place_of(node))
        return placeholder

    def note_table(self, table: Table) -> None:
        """The caller needs SELECT on it, unless a view stands in between."""
        if not self.view_stack and table.name not in self.tables:
            self.context.admit("Select", table)
            self.tables[table.name] = None

    def use(self, typed: Typed) -> Typed:
        """Note that a column's value is needed."""
        origin: Origin | None = typed.origin
        if origin is not None:
            scan = self.scans[origin.scan]
            scan.used.add(origin.column.name)
        return typed
