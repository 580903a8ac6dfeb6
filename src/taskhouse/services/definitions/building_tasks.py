"""From what was read of a project or a task that is no logical table to its value in the domain.

Shapes have checked every value by itself; here are the rules between keys of one object. What is wrong is reported and the object
left out, so that everything else is still checked.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from taskhouse.domain.attempts import RetryPolicy
from taskhouse.domain.definition.places import Mark, Place
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
from taskhouse.domain.workspace_paths import is_definition
from taskhouse.services.definitions.findings import Findings, suggestion
from taskhouse.services.definitions.shapes import Values

_ROOT_WORD = "root"


class BuildError(Exception):
    """What was wrong has been reported."""


@dataclass(slots=True)
class TaskBuilder:
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
        return BusinessUnit(**given_keys(values, "name", "label", "description"))

    def project(self, values: Values) -> Project:
        members = {user: frozenset(roles) for user, roles in values.get("members", {}).items()}
        return Project(
            members=members, **given_keys(values, "name", "label", "mode", "owner", "business_unit", "description")
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

    # Scripts, integration tasks, virtual nodes

    def script(self, values: Values, place: Place) -> ScriptTask:
        return ScriptTask(
            language=values["type"],
            code=self._code(values, place),
            settings=self.settings(values, place),
            outputs=tuple(values.get("outputs", ())),
            parameters=self._parameters(values, place),
            options=values.get("settings", {}),
            **given_keys(values, "project", "name", "label", "description"),
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
            known = [other for other in self.files if not is_definition(other)]
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
            **given_keys(values, "project", "name", "label", "description"),
        )

    def _end(self, values: Values, place: Place) -> TransferEnd:
        kind = values["kind"]
        allowed = _END_KEYS[kind.value]
        for key in values:
            if key != "kind" and key not in allowed:
                raise self.refuse(
                    (*place, key), f"'{key}' does not belong to {kind.value}", "keys: " + ", ".join(allowed)
                )
        given = given_keys(values, "path", "format", "url", "query", "partition", "options")
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
            **given_keys(values, "project", "name", "label", "description"),
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
_END_KEYS = {
    "FILE": ("path", "format", "options"),
    "DATABASE": ("url", "table", "query"),
    "TABLE": ("table", "partition"),
}


def given_keys(values: Values, *keys: str) -> Values:
    return {key: values[key] for key in keys if key in values}
