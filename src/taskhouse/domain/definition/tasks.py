"""What every recurring task has, and the tasks that are no logical tables: scripts, integration tasks, virtual nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from taskhouse.domain.attempts import RetryPolicy
from taskhouse.domain.definition.places import Place
from taskhouse.domain.dependency import ROOT, Dependency, Policy, Window, default_policy
from taskhouse.domain.readiness import SHARED_GROUP
from taskhouse.domain.recurring import Priority
from taskhouse.domain.schedule import Cycle, Schedule


@dataclass(frozen=True, slots=True)
class Upstream:
    """A dependency by hand. `task` is a task's id, or `ROOT`. Without a `policy` the system chooses (D-41). `fields`: of a logical
    upstream, empty for all. `readers`: the fields of this task that wait, empty for whoever reads."""

    task: str
    window: Window = Window.THIS
    policy: Policy | None = None
    n: int = 1
    fields: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()

    def settled(self, task: str, down: Cycle, up: Cycle, *, up_depends_on_itself: bool) -> Dependency:
        """With its policy decided, as a dependency of `task`. `up` is the upstream task's cycle; that of the root does not matter.

        A task of several instances a day that depends on its own previous cycle waits for its instance before, the day's first for the
        last of the day before."""
        policy = self.policy or default_policy(down, up, up_depends_on_itself=up_depends_on_itself)
        if self.policy is None and self.task == task and self.window is Window.PREVIOUS and down.is_within_day:
            policy = Policy.PREVIOUS
        if self.task == ROOT:
            policy = Policy.ALL
        return Dependency(self.task, self.window, policy, self.n, self.fields, self.readers)


@dataclass(frozen=True, slots=True)
class TaskSettings:
    """`automatic`: dependencies are also found in the code and sources. `ignored` are upstream tasks that must not become
    automatic dependencies. Logical tables always run in the group `shared`."""

    schedule: Schedule = field(default_factory=lambda: Schedule(Cycle.DAY))
    dependencies: tuple[Upstream, ...] = ()
    automatic: bool = True
    ignored: frozenset[str] = frozenset()
    priority: Priority = Priority.MIDDLE
    owners: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    resource_group: str = SHARED_GROUP


class Language(Enum):
    SQL = "SQL"
    PYTHON = "PYTHON"
    SHELL = "SHELL"


@dataclass(frozen=True, slots=True)
class ScriptTask:
    """`code` is the text itself, wherever it was written. `outputs` are the physical tables that it writes, `project.table`, by which
    others find it as their upstream; of SQL those in the code come on top. `parameters`: `KeyA=ValueA;KeyB=ValueB`."""

    project: str
    name: str
    language: Language
    code: str
    settings: TaskSettings
    outputs: tuple[str, ...] = ()
    parameters: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    """Settings of the task instance, such as `odps.sql.type.system.odps2`."""
    label: str = ""
    description: str = ""

    @property
    def id(self) -> str:
        return f"{self.project}.{self.name}"

    @property
    def place(self) -> Place:
        return ("scripts", self.id)


class EndKind(Enum):
    FILE = "FILE"
    DATABASE = "DATABASE"
    TABLE = "TABLE"


class WriteMode(Enum):
    OVERWRITE = "OVERWRITE"
    APPEND = "APPEND"


@dataclass(frozen=True, slots=True)
class TransferEnd:
    """One end of an integration task; exactly one of the two is a table. Texts may contain parameters.

    FILE: `path` (relative to the server's folder of files), `format` csv, parquet or jsonl. DATABASE: `url` (`sqlite:<path in the folder of
    files>`, `postgresql://...` without a password, or `connection:<entry of connections.toml>`), and `name` of a table, or `query` when it
    is read. TABLE: `name` is `project.table`, `partition` like `ds=${bizdate}`.
    """

    kind: EndKind
    name: str = ""
    partition: str = ""
    path: str = ""
    format: str = ""
    url: str = ""
    query: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    """Of the format: `header`, `delimiter`, `null`, `encoding`."""


@dataclass(frozen=True, slots=True)
class IntegrationTask:
    """`columns` maps columns of the target to those of the source, in order; empty: by name."""

    project: str
    name: str
    source: TransferEnd
    target: TransferEnd
    settings: TaskSettings
    mode: WriteMode = WriteMode.OVERWRITE
    columns: tuple[tuple[str, str], ...] = ()
    parameters: str = ""
    label: str = ""
    description: str = ""

    @property
    def id(self) -> str:
        return f"{self.project}.{self.name}"

    @property
    def place(self) -> Place:
        return ("integration_tasks", self.id)


@dataclass(frozen=True, slots=True)
class VirtualNode:
    """Runs nothing: a knot that several tasks wait for. `outputs` as of a script, for tables that somebody else writes."""

    project: str
    name: str
    settings: TaskSettings
    outputs: tuple[str, ...] = ()
    label: str = ""
    description: str = ""

    @property
    def id(self) -> str:
        return f"{self.project}.{self.name}"

    @property
    def place(self) -> Place:
        return ("virtual_nodes", self.id)
