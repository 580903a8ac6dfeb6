"""From the texts of a workspace folder to its values, with every error at its file, line and field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from taskhouse.domain.definition.metrics import BUILT_IN_PERIODS
from taskhouse.domain.definition.places import Mark, Place
from taskhouse.domain.definition.tenant import Tenant
from taskhouse.domain.definition.workspace import Workspace
from taskhouse.domain.workspace_paths import DEFINITIONS, MAX_FILES, is_definition
from taskhouse.services.definitions.building import Builder
from taskhouse.services.definitions.building_tasks import BuildError
from taskhouse.services.definitions.checks import check
from taskhouse.services.definitions.findings import WRONG, Findings, suggestion
from taskhouse.services.definitions.sections import FILE, OF_A_PROJECT, SECTIONS, defaults, tenant
from taskhouse.services.definitions.shapes import Values
from taskhouse.services.definitions.yaml_nodes import (
    Entry,
    Keyed,
    Listing,
    Node,
    NodeBudget,
    Scalar,
    YamlError,
    documents,
)

MAX_FILE_CHARS = 4_000_000
MAX_CHARS = 32_000_000
MAX_NODES = 2_000_000


@dataclass(slots=True)
class ReadWorkspace:
    """`workspace` has what could be read; it may be published only if there are no errors in `findings`."""

    workspace: Workspace
    findings: Findings

    @property
    def is_good(self) -> bool:
        return not self.findings.errors


def read_workspace(files: Mapping[str, str], wanted: Callable[[], None] | None = None) -> ReadWorkspace:
    """`files` are texts by path inside the workspace folder, with `/`: definitions (`.yaml`, `.yml`) and files of code. `wanted` is called
    for each; what it raises ends the reading."""
    reading = _Reading(files, wanted)
    workspace = reading.run()
    reading.to.found.sort(key=lambda finding: (finding.mark.file, finding.mark.line, finding.mark.column))
    return ReadWorkspace(workspace, reading.to)


@dataclass(slots=True)
class _Item:
    """An object as read, with the `defaults` of its document put in."""

    section: str
    id: str
    values: Values

    @property
    def place(self) -> Place:
        return (self.section, self.id)


class _Reading:
    def __init__(self, files: Mapping[str, str], wanted: Callable[[], None] | None) -> None:
        self._files = files
        self._wanted = wanted
        self.to = Findings()
        self._items: list[_Item] = []
        self._tenant: Values | None = None
        self._tenant_mark: Mark | None = None
        self._declared: dict[str, dict[str, Mark]] = {section: {} for section in SECTIONS}
        """Of each section the ids that stand in files, rightly or wrongly."""
        self._tasks: dict[str, Mark] = {}
        """All ids of tasks and tables in lower case."""

    def run(self) -> Workspace:
        if self._fits():
            budget = NodeBudget(MAX_NODES)
            for file in sorted(self._files):
                if is_definition(file):
                    if self._wanted is not None:
                        self._wanted()
                    try:
                        for document in documents(file, self._files[file], budget):
                            self._read(document)
                    except YamlError as error:
                        self.to.note(error.mark, (), error.message)
        workspace = self._build()
        check(workspace, self.to, {section: frozenset(ids) for section, ids in self._declared.items()})
        return workspace

    def _fits(self) -> bool:
        whole = Mark("workspace", 1, 1)
        yaml_files = [file for file in self._files if is_definition(file)]
        if not yaml_files:
            self.to.note(
                whole,
                (),
                "the folder has no definitions",
                f"definitions are files that end in {' or '.join(DEFINITIONS)}",
            )
        if len(self._files) > MAX_FILES:
            self.to.note(whole, (), f"the folder has {len(self._files)} files; {MAX_FILES} are allowed")
        if sum(map(len, self._files.values())) > MAX_CHARS:
            self.to.note(whole, (), f"the files have more than {MAX_CHARS} characters together")
        for file, text in self._files.items():
            if len(text) > MAX_FILE_CHARS:
                self.to.note(Mark(file, 1, 1), (), f"the file has {len(text)} characters; {MAX_FILE_CHARS} are allowed")
        return not self.to.found

    # Reading

    def _read(self, document: Keyed) -> None:
        given: Values = {}
        node = document.get("defaults")
        if node is not None:
            self.to.marks[("defaults",)] = node.mark
            if isinstance(node, Keyed):
                given, _ = defaults.read_parts(node, ("defaults",), self.to)
            else:
                defaults.read(node, ("defaults",), self.to)
        for entry in document.entries:
            if entry.key in SECTIONS:
                self._section(entry, given)
            elif entry.key == "tenant":
                self._read_tenant(entry)
            elif entry.key != "defaults":
                hint = suggestion(entry.key, FILE.keys) or "sections: " + ", ".join(FILE.keys)
                self.to.note(entry.mark, (), f"unknown section '{entry.key}'", hint)

    def _read_tenant(self, entry: Entry) -> None:
        if self._tenant_mark is not None:
            self.to.note(entry.mark, ("tenant",), f"the tenant is declared twice, first in {self._tenant_mark}")
            return
        self._tenant_mark = entry.mark
        self.to.marks[("tenant",)] = entry.mark
        read = tenant.read(entry.node, ("tenant",), self.to)
        self._tenant = {"name": "tenant"} if read is WRONG else read

    def _section(self, entry: Entry, given: Values) -> None:
        section, record = entry.key, SECTIONS[entry.key]
        if isinstance(entry.node, Scalar) and entry.node.is_nothing:
            return
        if not isinstance(entry.node, Listing):
            self.to.note(entry.node.mark, (section,), "a list is expected: each object begins with '- name:'")
            return
        keys = {key: value for key, value in given.items() if key in record.keys}
        if section in ("derived_metrics", "projects"):
            keys.pop("owner", None)
            keys.pop("priority", None)
        for number, node in enumerate(entry.node.items):
            id = self._id(section, node, keys, number)
            if id is None:
                continue
            place = (section, id)
            self.to.marks[place] = node.mark
            for key in keys:
                self.to.marks[(*place, key)] = self.to.marks[("defaults", key)]
            read = record.read(node, place, self.to)
            if read is not WRONG:
                self._items.append(_Item(section, id, keys | read))

    def _id(self, section: str, node: Node, given: Values, number: int) -> str | None:
        """Of an object, noted as declared; None when it has none or it is taken."""
        name = _word(node, "name")
        if name is None:
            place = (section, str(number))
            self.to.marks[place] = node.mark
            SECTIONS[section].read(node, place, self.to)  # says what is missing, and what else is wrong
            return None
        id = name
        if section in OF_A_PROJECT or section == "derived_metrics":
            project = _word(node, "project") or given.get("project")
            if project is None:
                self.to.note(node.mark, (section, name), "key 'project' is missing", "or set it in `defaults`")
                return None
            if section in OF_A_PROJECT:
                id = f"{project}.{name}"
        taken = self._tasks if section in OF_A_PROJECT else self._declared[section]
        key = id.lower()
        if key in taken:
            self.to.note(node.mark, (section, id), f"'{id}' is declared twice, first in {taken[key]}")
            return None
        taken[key] = node.mark
        self._declared[section][id if section in OF_A_PROJECT else key] = node.mark
        return id

    # Building

    def _build(self) -> Workspace:
        logical = {
            id.lower(): id
            for section in ("dimension_tables", "fact_tables", "aggregate_tables")
            for id in self._declared[section]
        }
        builder = Builder(self._files, self.to, logical)
        owner = Tenant()
        if self._tenant is not None:
            builder.runs = self._tenant.get("runs", {})
            owner = builder.tenant(self._tenant)
        elif self._items:
            self.to.report(("tenant",), "no file declares the tenant", "add `tenant: {name: ..., time_zone: ...}`")
        for item in self._of("projects"):
            builder.owners[item.id] = item.values["owner"]
        for item in self._of("dimension_tables"):
            builder.keys[item.id] = item.values["key"]["name"]

        def build(section: str, make: Callable[[_Item], Any]) -> dict[str, Any]:
            made: dict[str, Any] = {}
            for item in self._of(section):
                try:
                    made[item.id] = make(item)
                except BuildError:
                    continue
            return made

        return Workspace(
            tenant=owner,
            business_units=build("business_units", lambda item: builder.business_unit(item.values)),
            projects=build("projects", lambda item: builder.project(item.values)),
            dimensions=build("dimension_tables", lambda item: builder.dimension(item.values, item.place)),
            facts=build("fact_tables", lambda item: builder.fact(item.values, item.place)),
            aggregates=build("aggregate_tables", lambda item: builder.aggregate(item.values, item.place)),
            atomics=build("atomic_metrics", lambda item: builder.atomic(item.values)),
            filters=build("business_filters", lambda item: builder.filter(item.values)),
            periods=BUILT_IN_PERIODS
            | build("statistical_periods", lambda item: builder.period(item.values, item.place)),
            derived=build("derived_metrics", lambda item: builder.derived(item.values, item.place)),
            scripts=build("scripts", lambda item: builder.script(item.values, item.place)),
            integrations=build("integration_tasks", lambda item: builder.integration(item.values, item.place)),
            virtual_nodes=build("virtual_nodes", lambda item: builder.virtual_node(item.values, item.place)),
        )

    def _of(self, section: str) -> list[_Item]:
        return [item for item in self._items if item.section == section]


def _word(node: Node, key: str) -> str | None:
    found = node.get(key) if isinstance(node, Keyed) else None
    return found.text.strip() if isinstance(found, Scalar) and not found.is_nothing and found.text.strip() else None
