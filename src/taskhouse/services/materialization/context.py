"""What planning knows while it works: the workspace, who writes which table, shapes, and what is wrong so far."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from taskhouse.domain.catalogue import DEFAULT_SCHEMA, Table, TableName
from taskhouse.domain.definition.places import Place, Problem
from taskhouse.domain.definition.tables import Source
from taskhouse.domain.definition.tasks import TaskSettings
from taskhouse.domain.definition.workspace import TaskDefinition, Workspace
from taskhouse.domain.dependency import Dependency, DependencySource, Window, default_policy
from taskhouse.domain.faults import Fault
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import Environment
from taskhouse.services.materialization.shapes import Shape

ExistingTable = Callable[[TableName], Table | None]
"""What the catalogue has under a name, or None."""


def digest(*parts: object) -> str:
    """A short hash of values that JSON can write; equal values have equal hashes in every process."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(slots=True)
class Context:
    """`shapes` by id of the logical table. `writers`: physical table (`project.table`, names of definitions, lower case) -> the tasks
    that write it."""

    workspace: Workspace
    environment: Environment
    previous: Mapping[str, PublishedTask]
    existing: ExistingTable
    production: Mapping[str, PublishedTask] = field(default_factory=dict)
    """What is published in production: of Basic projects, whose tables other environments read."""
    shapes: dict[str, Shape] = field(default_factory=dict)
    writers: dict[str, list[str]] = field(default_factory=dict)
    node_fields: dict[str, frozenset[str]] = field(default_factory=dict)
    """Physical table of a node, by the names of definitions -> the fields that it holds; `writers` has its logical table."""
    problems: list[Problem] = field(default_factory=list)
    tasks: Mapping[str, TaskDefinition] = field(default_factory=dict)
    """The tasks of this environment, by id."""
    _by_lower: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.existing = functools.cache(self.existing)  # one planning sees one catalogue, and asks once
        self.tasks = {task.id: task for task in self.workspace.tasks(self.environment)}
        logical = (*self.workspace.dimensions, *self.workspace.facts, *self.workspace.aggregates)
        self._by_lower = {id.lower(): id for id in logical}

    def refuse(self, place: Place, problem: str | Fault, hint: str = "") -> None:
        if isinstance(problem, Fault):
            inside = (problem.place.line, problem.place.column) if problem.place else None
            self.problems.append(Problem(place, problem.message, hint, inside=inside))
        else:
            self.problems.append(Problem(place, problem, hint))

    # --- names --------------------------------------------------------------------------------------------------------

    def physical(self, table: str) -> str:
        """`project.table` of a definition as it is called in this environment."""
        project, _, name = table.partition(".")
        return f"{self.workspace.maxcompute(project, self.environment)}.{name}".lower()

    def logical(self, table: str) -> str | None:
        """The id of the logical table that a name in code means."""
        return self._by_lower.get(table.lower())

    def shape(self, table: str) -> Shape | None:
        id = self.logical(table)
        return self.shapes.get(id) if id else None

    def columns(self, table: str) -> Sequence[str] | None:
        """The columns of a logical or physical table, None when nobody knows them."""
        shape = self.shape(table)
        if shape is not None:
            return [column.lower() for column in shape.column_names]
        project, _, name = self.physical(table).partition(".")
        found = self.existing(TableName(project, DEFAULT_SCHEMA, name))
        if found is None:
            return None
        return [column.name for column in (*found.columns, *found.partition_columns)]

    def columns_of(self, table: TableName) -> Sequence[str] | None:
        """As `columns`, in the form that lineage asks in."""
        return self.columns(f"{table.project}.{table.name}")

    def source_columns(self, sources: Sequence[Source]) -> dict[str, Sequence[str] | None]:
        return {source.alias: self.columns(source.table) for source in sources}

    # --- dependencies -------------------------------------------------------------------------------------------------

    def upstream_tasks(self, table: str) -> list[str]:
        """The tasks that a reader of a physical or logical table waits for."""
        id = self.logical(table)
        if id is not None:
            return [id] if id in self.tasks else []
        return self.writers.get(table.lower(), [])

    def dependencies(
        self, task: TaskDefinition, reads: Mapping[str, frozenset[str]], further: Sequence[Dependency] = ()
    ) -> tuple[Dependency, ...]:
        """Those by hand, and automatic ones on everything that is read, this cycle. `further` are automatic, too. A dependency by hand
        on the same task and cycle takes the automatic one's place."""
        settings = task.settings
        cycle = settings.schedule.cycle
        found: list[Dependency] = []
        for upstream in settings.dependencies:
            up = self.tasks.get(upstream.task)
            if upstream.task and up is None:
                continue  # it does not exist in this environment
            up_cycle = up.settings.schedule.cycle if up else cycle
            found.append(upstream.settled(task.id, cycle, up_cycle, up_depends_on_itself=_on_itself(up)))
        if settings.automatic:
            by_hand = {(dependency.up_task, dependency.window) for dependency in found}
            for id in reads:
                up = self.tasks.get(id)
                if up is None or id == task.id or id in settings.ignored or (id, Window.THIS) in by_hand:
                    continue
                policy = default_policy(cycle, up.settings.schedule.cycle, up_depends_on_itself=_on_itself(up))
                found.append(Dependency(id, Window.THIS, policy, source=DependencySource.AUTO))
            found += [
                dependency
                for dependency in further
                if dependency.up_task not in settings.ignored
                and dependency.up_task in self.tasks
                and (dependency.up_task, dependency.window) not in by_hand
            ]
        return tuple(dict.fromkeys(found))


def _on_itself(task: TaskDefinition | None) -> bool:
    return task is not None and any(upstream.task == task.id for upstream in task.settings.dependencies)


def owners(settings: TaskSettings, fallback: str) -> tuple[str, ...]:
    return settings.owners or ((fallback,) if fallback else ())
