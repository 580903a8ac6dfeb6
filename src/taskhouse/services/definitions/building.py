"""From what was read of a logical table or a metric to its value in the domain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from taskhouse.domain.definition.metrics import (
    AggregateTable,
    AtomicMetric,
    BusinessFilter,
    CustomMetric,
    DerivedMetric,
    Grain,
    PeriodUnit,
    StatisticalPeriod,
)
from taskhouse.domain.definition.places import Place
from taskhouse.domain.definition.tables import (
    DEFAULT_REFERENCE,
    DimensionKind,
    DimensionTable,
    FactKind,
    FactTable,
    FieldDefinition,
    FieldKind,
    Hierarchy,
    Join,
    JoinType,
    Level,
    Materialization,
    NodeWish,
    Source,
)
from taskhouse.services.definitions.building_tasks import TaskBuilder, given_keys
from taskhouse.services.definitions.findings import suggestion
from taskhouse.services.definitions.shapes import Values

_PART = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Builder(TaskBuilder):
    __slots__ = ()

    def dimension(self, values: Values, place: Place) -> DimensionTable:
        kind = values.get("kind", DimensionKind.NORMAL)
        wanted, refused = _DIMENSION_KEYS[kind]
        for word in wanted:
            if not values.get(word):
                raise self.refuse(place, f"a dimension table of kind {kind.value} needs '{word}'")
        for word in refused:
            if values.get(word):
                raise self.refuse((*place, word), f"a dimension table of kind {kind.value} has no '{word}'")
        source = self._source(values["source"], (*place, "source")) if "source" in values else None
        alias = source.alias if source else ""
        key = self._field(values["key"], FieldKind.KEY, alias)
        attributes = tuple(
            self._field(item, FieldKind.ATTRIBUTE, alias, (*place, "attributes", item["name"]))
            for item in values.get("attributes", ())
        )
        return DimensionTable(
            project=values["project"],
            name=values["name"],
            kind=kind,
            key=key,
            attributes=attributes,
            settings=self.settings(values, place),
            source=source,
            joins=self._joins(values, place),
            rows=self._rows(values.get("rows", ()), [key, *attributes], (*place, "rows")),
            hierarchies=tuple(
                Hierarchy(
                    item["name"],
                    tuple(
                        Level(each["name"], each["key"], tuple(each.get("attributes", ()))) for each in item["levels"]
                    ),
                )
                for item in values.get("hierarchies", ())
            ),
            **self._of_source_table(values, place),
        )

    def fact(self, values: Values, place: Place) -> FactTable:
        source = self._source(values["source"], (*place, "source"))

        def fields(key: str, kind: FieldKind) -> tuple[FieldDefinition, ...]:
            return tuple(
                self._field(item, kind, source.alias, (*place, key, item["name"])) for item in values.get(key, ())
            )

        return FactTable(
            project=values["project"],
            name=values["name"],
            kind=values.get("kind", FactKind.TRANSACTION),
            source=source,
            settings=self.settings(values, place),
            keys=fields("keys", FieldKind.KEY),
            measures=fields("measures", FieldKind.MEASURE),
            dimensions=fields("dimensions", FieldKind.DIMENSION_REFERENCE),
            attributes=fields("attributes", FieldKind.FACT_ATTRIBUTE),
            joins=self._joins(values, place),
            business_process=values.get("business_process", ""),
            **self._of_source_table(values, place),
        )

    def aggregate(self, values: Values, place: Place) -> AggregateTable:
        return AggregateTable(
            project=values["project"],
            name=values["name"],
            grains=self._grains(values["granularity"]),
            settings=self.settings(values, place),
            custom=tuple(
                CustomMetric(
                    source=self._logical(item.get("source", "")),
                    **given_keys(
                        item, "name", "type", "expression", "where", "period", "project", "owner", "priority", "cost",
                        "label", "description",
                    ),
                )
                for item in values.get("metrics", ())
            ),
            materialization=self._materialization(values.get("materialization", {})),
            **given_keys(values, "label", "description"),
        )  # fmt: skip

    def _of_source_table(self, values: Values, place: Place) -> Values:
        return {
            "materialization": self._materialization(values.get("materialization", {})),
            **given_keys(values, "where", "event_time", "latency_days", "label", "description"),
        }

    def _source(self, values: Values, place: Place) -> Source:
        table = self._logical(values["table"])
        ready_at = values.get("ready_at")
        if ready_at is not None and table.lower() in self.logical:
            raise self.refuse((*place, "ready_at"), "a logical table says itself when it is ready, by its schedule")
        minutes = None if ready_at is None else ready_at.hour * 60 + ready_at.minute
        return Source(table, values.get("alias") or table.split(".")[1].lower(), values.get("where", ""), minutes)

    def _joins(self, values: Values, place: Place) -> tuple[Join, ...]:
        return tuple(
            Join(self._source(item, (*place, "joins", str(number))), item["on"], item.get("type", JoinType.LEFT))
            for number, item in enumerate(values.get("joins", ()))
        )

    def _field(self, values: Values, kind: FieldKind, alias: str, place: Place = ()) -> FieldDefinition:
        """`alias` is the main source's: a field without an expression is its namesake."""
        dimension = self._logical(values.get("dimension", ""))
        if not dimension:
            for key in ("role", "default"):
                if key in values:
                    raise self.refuse(
                        (*place, key), f"'{key}' belongs to a reference to a dimension", "add 'dimension'"
                    )
        return FieldDefinition(
            name=values["name"],
            kind=kind,
            type=values["type"],
            expression=values.get("expression") or (f"{alias}.{values['name']}" if alias else ""),
            dimension=dimension,
            default=values.get("default", DEFAULT_REFERENCE) if dimension else None,
            **given_keys(values, "label", "description", "role", "cost", "unit"),
        )

    def _rows(self, rows: Any, fields: list[FieldDefinition], place: Place) -> tuple[tuple[Any, ...], ...]:
        names = [item.name for item in fields]
        made: list[tuple[Any, ...]] = []
        seen: set[object] = set()
        for number, row in enumerate(rows):
            at = (*place, str(number))
            for word in row:
                if word not in names:
                    raise self.refuse((*at, word), f"the table has no field '{word}'", suggestion(word, names))
            values = tuple(row.get(word) for word in names)
            if values[0] is None or values[0] in seen:
                why = "has no key" if values[0] is None else f"has the key '{values[0]}' of a row above"
                raise self.refuse(at, f"the row {why}")
            seen.add(values[0])
            made.append(values)
        return tuple(made)

    def _materialization(self, values: Values) -> Materialization:
        nodes = tuple(
            NodeWish(item["name"], tuple(item["fields"]), item.get("shared", False)) for item in values.get("nodes", ())
        )
        given = given_keys(values, "mode", "lifecycle_days", "read", "max_fields")
        if "partitions" in values:
            given["partitions"] = tuple(values["partitions"].items())
        return Materialization(nodes=nodes, **given)

    def _logical(self, id: str) -> str:
        """A logical table by its id as it is declared, whatever the case of its letters here; any other name as it stands."""
        return self.logical.get(id.lower(), id)

    # Metrics

    def _grains(self, items: list[Values]) -> tuple[Grain, ...]:
        made = []
        for item in items:
            dimension = self._logical(item["dimension"])
            role = item.get("role", "")
            made.append(Grain(dimension, role, item.get("column") or role or self.keys.get(dimension, "")))
        return tuple(made)

    def atomic(self, values: Values) -> AtomicMetric:
        parts = tuple(dict.fromkeys(_PART.findall(values["expression"])))
        return AtomicMetric(
            table=self._logical(values.get("table", "")),
            parts=parts,
            **given_keys(values, "name", "expression", "type", "label", "description", "unit"),
        )

    def filter(self, values: Values) -> BusinessFilter:
        return BusinessFilter(
            table=self._logical(values["table"]), **given_keys(values, "name", "condition", "label", "description")
        )

    def period(self, values: Values, place: Place) -> StatisticalPeriod:
        made = StatisticalPeriod(
            values["name"], values.get("unit", PeriodUnit.DAYS), values.get("days", 1), values.get("label", "")
        )
        if "days" in values and made.unit is not PeriodUnit.DAYS:
            raise self.refuse((*place, "days"), f"'days' belongs to DAYS, not to {made.unit.value}")
        return made

    def derived(self, values: Values, place: Place) -> DerivedMetric:
        for number, item in enumerate(values["granularity"]):
            if "column" in item:
                raise self.refuse(
                    (*place, "granularity", str(number), "column"),
                    "the aggregate table names its columns, not a metric",
                )
        return DerivedMetric(
            granularity=frozenset(self._grains(values["granularity"])),
            filters=tuple(sorted(set(values.get("filters", ())))),
            **given_keys(
                values, "name", "project", "atomic", "period", "owner", "priority", "cost", "label", "description"
            ),
        )


_DIMENSION_KEYS: Mapping[DimensionKind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    DimensionKind.NORMAL: (("source", "attributes"), ("rows",)),
    DimensionKind.ENUMERATION: (("rows", "attributes"), ("source", "joins", "where", "latency_days", "event_time")),
    DimensionKind.VIRTUAL: (
        (),
        (
            "source",
            "joins",
            "where",
            "rows",
            "attributes",
            "latency_days",
            "event_time",
            "hierarchies",
            "materialization",
        ),
    ),
}
"""Of each kind: keys that it needs, and that it cannot have."""
