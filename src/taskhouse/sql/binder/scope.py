"""Names in scope: relations of a FROM clause, their columns, and how a written name finds one."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field

from sqlglot import exp

from taskhouse.domain.datatypes import DataType
from taskhouse.domain.faults import Fault, FaultCode, Place
from taskhouse.sql.backends.duckdb import identifier
from taskhouse.sql.typed import Origin, Typed


@dataclass(frozen=True, slots=True)
class RelationColumn:
    """`name` as users see it, lower case; `physical` the name inside the engine's relation."""

    name: str
    type: DataType
    physical: str
    origin: Origin | None = None


@dataclass(slots=True)
class Relation:
    """One item of FROM. `qualifiers` are the names a column may be written with (alias, else the table's names).

    `hidden`: not part of `*` and of unqualified names (the right side of a SEMI JOIN is not even kept).
    `nullable`: rows of this relation may be missing (outer joins), which limits pruning."""

    alias: str
    columns: list[RelationColumn]
    qualifiers: frozenset[str]
    nullable: bool = False
    by_name: dict[str, RelationColumn] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for column in self.columns:
            self.by_name.setdefault(column.name, column)

    def reference(self, column: RelationColumn) -> Typed:
        return Typed(f"{identifier(self.alias)}.{identifier(column.physical)}", column.type, origin=column.origin)


@dataclass(slots=True)
class Scope:
    """What a SELECT can name. `parent` is the enclosing query's scope (correlation); `merged` the columns of USING.

    The grouping state lives here, because a correlated subquery may touch an outer query's ungrouped column:
    `keys` holds the SQL of the grouping expressions once they are known; a column used outside of them and outside an
    aggregate is noted in `ungrouped`.
    """

    relations: list[Relation] = field(default_factory=list)
    parent: Scope | None = None
    merged: dict[str, Typed] = field(default_factory=dict)
    hidden: set[tuple[str, str]] = field(default_factory=set)
    """`(relation alias, column)` that a USING column stands for: left out of `*`."""
    aliases: dict[str, Typed] = field(default_factory=dict)
    """Output names, visible in HAVING, QUALIFY and ORDER BY."""
    keys: set[str] = field(default_factory=set)
    ungrouped: list[tuple[str, Place | None]] = field(default_factory=list)
    inside_aggregate: int = 0
    aggregated: bool = False
    outer_uses: int = 0
    """How often a subquery below has used a column of this scope or of one around it."""
    grouping_keys: list[Typed] = field(default_factory=list)
    clause: str = ""
    """The clause being bound, where window functions have no place; or empty."""
    windows: dict[str, exp.Window] = field(default_factory=dict)
    """Named windows of the WINDOW clause."""

    def find(self, name: str, qualifier: str | None, place: Place | None) -> Typed | None:
        """The column of that name here, not in parents. Raises `Fault` if two relations have it."""
        if qualifier is None and name in self.merged:
            return self.merged[name]
        found: tuple[Relation, RelationColumn] | None = None
        for relation in self.relations:
            if qualifier is not None and qualifier not in relation.qualifiers:
                continue
            column = relation.by_name.get(name)
            if column is None:
                continue
            if found is not None:
                full = f"{qualifier}.{name}" if qualifier else name
                raise Fault(
                    FaultCode.SEMANTIC,
                    f"Semantic analysis exception - column {full} is ambiguous, it is in {found[0].alias} and {relation.alias}",
                    place,
                )
            found = (relation, column)
        return found[0].reference(found[1]) if found else None

    def names(self) -> list[str]:
        """Every column name in sight, for suggestions."""
        found = [c.name for r in self.relations for c in r.columns]
        return found + (self.parent.names() if self.parent else [])

    def note_use(self, typed: Typed, name: str, place: Place | None) -> None:
        """A column of this scope was used: remember it if grouping does not cover it."""
        if not self.inside_aggregate and typed.sql not in self.keys:
            self.ungrouped.append((name, place))


def unresolved_column(name: str, qualifier: str | None, scope: Scope, place: Place | None) -> Fault:
    full = f"{qualifier}.{name}" if qualifier else name
    close = difflib.get_close_matches(name, scope.names(), 1, 0.6)
    hint = f", did you mean {close[0]}?" if close else ""
    return Fault(FaultCode.SEMANTIC, f"Semantic analysis exception - column {full} cannot be resolved{hint}", place)
