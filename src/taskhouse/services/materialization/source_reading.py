"""What the expressions of a dimension or fact table use of its sources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from taskhouse.domain.definition.places import Place
from taskhouse.domain.definition.tables import DimensionTable, FieldDefinition, FieldKind, Join, JoinType, Source
from taskhouse.domain.definition.workspace import SourceTable
from taskhouse.domain.faults import Fault
from taskhouse.services.materialization.context import Context
from taskhouse.services.materialization.expressions import Use, uses


@dataclass(slots=True)
class SourceReading:
    """What the expressions of one table use. `problems` are reported while it is made."""

    context: Context
    table: SourceTable
    joins: tuple[Join, ...] = ()
    inputs: dict[str, Sequence[str] | None] = field(default_factory=dict)
    on: dict[str, frozenset[Use]] = field(default_factory=dict)
    """Alias of a join -> what its condition uses."""
    of_field: dict[str, frozenset[Use]] = field(default_factory=dict)
    where: frozenset[Use] = frozenset()
    within: dict[str, frozenset[Use]] = field(default_factory=dict)
    """Alias -> what the condition of the source itself uses."""

    def __post_init__(self) -> None:
        table, context = self.table, self.context
        if table.source is None:
            return
        self.joins = table.joins
        self.inputs = context.source_columns(self.sources)
        for source, place in zip(self.sources, self._places(), strict=True):
            one = {source.alias: self.inputs[source.alias]}
            self.within[source.alias.lower()] = self._uses((*place, "where"), source.where, one)
        for number, join in enumerate(self.joins):
            self.on[join.source.alias.lower()] = self._uses((*table.place, "joins", str(number), "on"), join.on)
        for each in table.fields:
            self.of_field[each.name] = self._uses((*field_place(table, each), "expression"), each.expression)
        self.where = self._uses((*table.place, "where"), table.where)

    @property
    def sources(self) -> list[Source]:
        assert self.table.source is not None
        return [self.table.source, *(join.source for join in self.table.joins)]

    def _places(self) -> list[Place]:
        joins = [(*self.table.place, "joins", str(number)) for number in range(len(self.table.joins))]
        return [(*self.table.place, "source"), *joins]

    def _uses(self, place: Place, text: str, inputs: dict[str, Sequence[str] | None] | None = None) -> frozenset[Use]:
        try:
            return uses(text, inputs or self.inputs)
        except Fault as fault:
            self.context.refuse(place, fault)
            return frozenset()

    def always(self) -> frozenset[Use]:
        """What decides which rows there are, whatever the field: the table's condition and its inner joins."""
        found = set(self.where)
        for join in self.joins:
            if join.type is JoinType.INNER:
                found |= self.on[join.source.alias.lower()]
                found.add((join.source.alias.lower(), ""))
        return frozenset(found)

    def reach(self, direct: Iterable[Use]) -> tuple[set[str], set[Use]]:
        """The aliases that code with these uses must join, the main source's always, and everything it then reads."""
        main = self.sources[0].alias.lower()
        used = {*direct, *self.always(), *self.within[main]}
        aliases = {main}
        todo = {alias for alias, _ in used} - aliases
        while todo:
            alias = todo.pop()
            aliases.add(alias)
            used |= self.on.get(alias, frozenset()) | self.within.get(alias, frozenset())
            todo |= {other for other, _ in used} - aliases
        return aliases, {use for use in used if use[1]}

    def of_fields(self, names: Iterable[str]) -> set[Use]:
        """Keys included."""
        wanted = {*names, *(key.name for key in self.table.keys)}
        return {use for name in wanted for use in self.of_field.get(name, ())}


def field_place(table: SourceTable, each: FieldDefinition) -> Place:
    sections = {
        FieldKind.ATTRIBUTE: "attributes",
        FieldKind.MEASURE: "measures",
        FieldKind.DIMENSION_REFERENCE: "dimensions",
        FieldKind.FACT_ATTRIBUTE: "attributes",
    }
    if each.kind is FieldKind.KEY:
        return (*table.place, "key") if isinstance(table, DimensionTable) else (*table.place, "keys", each.name)
    return (*table.place, sections[each.kind], each.name)
