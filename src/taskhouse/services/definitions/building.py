"""From what was read of one object to its value in the domain.

Shapes have checked every value by itself; here are the rules between keys of one object. What is wrong is reported and the object
left out, so that everything else is still checked.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from taskhouse.domain.attempts import RetryPolicy
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
from taskhouse.domain.definition.places import Mark, Place
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
from taskhouse.domain.definition.tasks import (
    IntegrationTask,
    ScriptTask,
    TaskSettings,
    TransferEnd,
    Upstream,
    VirtualNode,
    WriteMode,
)
from taskhouse.domain.definition.tenant import BusinessUnit, Project, Tenant
from taskhouse.domain.dependency import ROOT, Window
from taskhouse.domain.faults import Fault
from taskhouse.domain.readiness import SHARED_GROUP, SHARED_SLOTS
from taskhouse.domain.recurring import Priority
from taskhouse.domain.schedule import LAST_DAY, Cycle, Schedule, ScheduleType
from taskhouse.services.definitions.shapes import Findings, Values, suggestion

_PART = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_ROOT_WORD = "root"


class BuildError(Exception):
    """What was wrong has been reported."""


@dataclass(slots=True)
class Builder:
    """`files` are the texts of the workspace by path. `logical` maps the lower-case ids of all logical tables to their ids, `keys` each
    dimension table's id to the name of its key. `runs` are the tenant's retries and timeouts."""

    files: Mapping[str, str]
    to: Findings
    logical: Mapping[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    """Project -> its owner."""
    runs: Values = field(default_factory=dict)

    def refuse(self, place: Place, message: str, hint: str = "") -> BuildError:
        self.to.report(place, message, hint)
        return BuildError()

    def _checked(self, place: Place, make: Callable[[], Any]) -> Any:
        try:
            return make()
        except Fault as fault:
            raise self.refuse(place, fault.message) from None

    # The tenant and its projects

    def tenant(self, values: Values) -> Tenant:
        groups = {SHARED_GROUP: SHARED_SLOTS} | values.get("resource_groups", {})
        return Tenant(values["name"], values.get("time_zone", "UTC"), tuple(values.get("admins", ())), groups)

    def business_unit(self, values: Values) -> BusinessUnit:
        return BusinessUnit(**_given(values, "name", "label", "description"))

    def project(self, values: Values) -> Project:
        members = {user: frozenset(roles) for user, roles in values.get("members", {}).items()}
        return Project(
            members=members, **_given(values, "name", "label", "mode", "owner", "business_unit", "description")
        )

    # What all tasks have

    def settings(self, values: Values, place: Place) -> TaskSettings:
        runs = self.runs | values
        retry = self._checked(
            place,
            lambda: RetryPolicy(
                runs.get("timeout_h", 48.0),
                runs.get("retries", 1),
                runs.get("retry_interval_min", 5),
                runs.get("retry_after_timeout", False),
            ),
        )
        owner = self.owners.get(values["project"], "")
        return TaskSettings(
            schedule=self.schedule(values.get("schedule", {}), (*place, "schedule")),
            dependencies=tuple(
                self._upstream(item, (*place, "dependencies", str(number)))
                for number, item in enumerate(values.get("dependencies", ()))
            ),
            automatic=values.get("auto_dependencies", True),
            ignored=frozenset(values.get("ignored_dependencies", ())),
            priority=values.get("priority", Priority.MIDDLE),
            owners=tuple(values.get("owner") or ([owner] if owner else ())),
            tags=tuple(dict.fromkeys(values.get("tags", ()))),
            retry=retry,
            resource_group=values.get("resource_group", SHARED_GROUP),
        )

    def schedule(self, values: Values, place: Place) -> Schedule:
        cycle = values.get("cycle", Cycle.DAY)
        for key, cycles in _ONLY_WITH.items():
            if key in values and cycle not in cycles:
                words = " and ".join(sorted(allowed.value for allowed in cycles))
                raise self.refuse((*place, key), f"'{key}' belongs to {words}, not to {cycle.value}")
        days = (LAST_DAY if day == "LAST" else int(day) for day in values.get("month_days", ()))
        made: Schedule = self._checked(
            place,
            lambda: Schedule(
                cycle,
                at=values.get("at", time(0, 0)),
                weekdays=frozenset(values.get("weekdays", ())),
                month_days=frozenset(days),
                months=frozenset(values.get("months", ())),
                hours=tuple(sorted(set(values.get("hours", ())))),
                interval_min=values.get("every_min", 0),
                until=values.get("until", time(23, 59)),
                type=values.get("type", ScheduleType.NORMAL),
            ),
        )
        if made.interval_min and made.until < made.at:
            raise self.refuse((*place, "until"), f"the interval ends at {made.until:%H:%M}, before it begins")
        return made

    def _upstream(self, values: Values, place: Place) -> Upstream:
        window = values.get("cycle", Window.THIS)
        if "cycles" in values and window is not Window.PREVIOUS_N:
            raise self.refuse((*place, "cycles"), "'cycles' belongs to cycle PREVIOUS_N_CYCLES")
        return Upstream(
            ROOT if values["task"] == _ROOT_WORD else values["task"],
            window,
            values.get("policy"),
            values.get("cycles", 1),
            tuple(values.get("fields", ())),
            tuple(values.get("readers", ())),
        )

    # Logical tables

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
                    **_given(
                        item, "name", "type", "expression", "where", "period", "project", "owner", "priority", "cost",
                        "label", "description",
                    ),
                )
                for item in values.get("metrics", ())
            ),
            materialization=self._materialization(values.get("materialization", {})),
            **_given(values, "label", "description"),
        )  # fmt: skip

    def _of_source_table(self, values: Values, place: Place) -> Values:
        return {
            "materialization": self._materialization(values.get("materialization", {})),
            **_given(values, "where", "event_time", "latency_days", "label", "description"),
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
            **_given(values, "label", "description", "role", "cost", "unit"),
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
        given = _given(values, "mode", "lifecycle_days", "read", "max_fields")
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
            **_given(values, "name", "expression", "type", "label", "description", "unit"),
        )

    def filter(self, values: Values) -> BusinessFilter:
        return BusinessFilter(
            table=self._logical(values["table"]), **_given(values, "name", "condition", "label", "description")
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
            **_given(
                values, "name", "project", "atomic", "period", "owner", "priority", "cost", "label", "description"
            ),
        )

    # Scripts, integration tasks, virtual nodes

    def script(self, values: Values, place: Place) -> ScriptTask:
        return ScriptTask(
            language=values["type"],
            code=self._code(values, place),
            settings=self.settings(values, place),
            outputs=tuple(values.get("outputs", ())),
            parameters=self._parameters(values, place),
            options=values.get("settings", {}),
            **_given(values, "project", "name", "label", "description"),
        )

    def _code(self, values: Values, place: Place) -> str:
        if ("code" in values) == ("file" in values):
            raise self.refuse(place, "a script has either 'code' or 'file'")
        if "code" in values:
            return str(values["code"])
        mark = self.to.locate((*place, "file"))
        path = posixpath.normpath(posixpath.join(posixpath.dirname(mark.file), values["file"]))
        if path.startswith(("../", "/")) or path == "..":
            raise self.refuse((*place, "file"), f"'{values['file']}' lies outside the workspace")
        text = self.files.get(path)
        if text is None:
            known = [other for other in self.files if not other.endswith((".yaml", ".yml"))]
            raise self.refuse((*place, "file"), f"there is no file '{path}' in the workspace", suggestion(path, known))
        if not text.strip():
            raise self.refuse((*place, "file"), f"the file '{path}' is empty")
        self.to.marks[(*place, "code")] = self.to.starts[(*place, "code")] = Mark(path, 1, 1)
        return text

    def _parameters(self, values: Values, place: Place) -> str:
        made = values.get("parameters", {})
        for key, value in made.items():
            if ";" in value:
                raise self.refuse((*place, "parameters", key), "the value of a parameter cannot contain ';'")
        return ";".join(f"{key}={value}" for key, value in made.items())

    def integration(self, values: Values, place: Place) -> IntegrationTask:
        return IntegrationTask(
            source=self._end(values["source"], (*place, "source")),
            target=self._end(values["target"], (*place, "target")),
            settings=self.settings(values, place),
            mode=values.get("mode", WriteMode.OVERWRITE),
            columns=tuple(values.get("columns", {}).items()),
            parameters=self._parameters(values, place),
            **_given(values, "project", "name", "label", "description"),
        )

    def _end(self, values: Values, place: Place) -> TransferEnd:
        kind = values["kind"]
        allowed = _END_KEYS[kind.value]
        for key in values:
            if key != "kind" and key not in allowed:
                raise self.refuse(
                    (*place, key), f"'{key}' does not belong to {kind.value}", "keys: " + ", ".join(allowed)
                )
        given = _given(values, "path", "format", "url", "query", "partition", "options")
        if "path" in given and "format" not in given:
            ending = posixpath.splitext(given["path"].lower().removesuffix(".gz"))[1].lstrip(".")
            given["format"] = {"csv": "csv", "parquet": "parquet", "jsonl": "jsonl", "ndjson": "jsonl"}.get(ending, "")
            if not given["format"]:
                raise self.refuse(place, f"the ending of '{given['path']}' names no format", "add 'format'")
        return TransferEnd(kind, name=values.get("table", ""), **given)

    def virtual_node(self, values: Values, place: Place) -> VirtualNode:
        return VirtualNode(
            settings=self.settings(values, place),
            outputs=tuple(values.get("outputs", ())),
            **_given(values, "project", "name", "label", "description"),
        )


_WITHIN = frozenset((Cycle.HOUR, Cycle.MINUTE))
_ONLY_WITH: Mapping[str, frozenset[Cycle]] = {
    "weekdays": frozenset((Cycle.WEEK,)),
    "month_days": frozenset((Cycle.MONTH, Cycle.YEAR)),
    "months": frozenset((Cycle.YEAR,)),
    "hours": frozenset((Cycle.HOUR,)),
    "every_min": _WITHIN,
    "until": _WITHIN,
}
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
_END_KEYS = {
    "FILE": ("path", "format", "options"),
    "DATABASE": ("url", "table", "query"),
    "TABLE": ("table", "partition"),
}


def _given(values: Values, *keys: str) -> Values:
    return {key: values[key] for key in keys if key in values}
