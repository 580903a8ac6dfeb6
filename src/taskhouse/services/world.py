"""The world as a use case sees it: ports, limits, and who is calling. Built by `wiring` only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from taskhouse.domain.access import Policy
from taskhouse.domain.features import Features
from taskhouse.domain.instance import Outcome
from taskhouse.domain.limits import Limits
from taskhouse.ports.access_store import AccessStore
from taskhouse.ports.algorithms import Algorithms
from taskhouse.ports.catalogue_store import CatalogueStore
from taskhouse.ports.clock import Clock, Ids
from taskhouse.ports.engine import Engine
from taskhouse.ports.events import Events
from taskhouse.ports.instance_store import InstanceStore
from taskhouse.ports.model_store import ModelStore
from taskhouse.ports.recurring_store import RecurringStore
from taskhouse.ports.session_store import SessionStore
from taskhouse.ports.sign_in_store import SignInStore
from taskhouse.ports.warehouse import Warehouse
from taskhouse.ports.workspace_folder import WorkspaceFolder
from taskhouse.ports.workspace_store import WorkspaceStore
from taskhouse.services.definitions.memory_workspace import MemoryWorkspaceStore
from taskhouse.services.measure import Measures
from taskhouse.services.recurring.book import Books
from taskhouse.services.task_run import LiveRuns, TaskRun

if TYPE_CHECKING:
    from taskhouse.services.recurring.rehearsal import Rehearsal


class _Absent:
    """In the place of a part that a world was built without."""

    def __getattr__(self, name: str) -> NoReturn:
        raise RuntimeError(f"this world has no part with '{name}'")


ABSENT: Any = _Absent()


@dataclass(frozen=True, slots=True)
class World:
    """`blobs` is the folder of result files, resources and staged tunnel blocks outside the warehouse. `runners` says who runs
    a task, by its type (`SQL`, `Merge`, `XFlow`, ...); other types are refused when they are submitted."""

    instances: InstanceStore
    catalogue: CatalogueStore
    access: AccessStore
    sessions: SessionStore
    models: ModelStore
    algorithms: Algorithms
    warehouse: Warehouse
    engine: Engine
    events: Events
    clock: Clock
    ids: Ids
    limits: Limits
    blobs: Path
    runners: Mapping[str, Runner] = field(default_factory=dict)
    runs: LiveRuns = field(default_factory=LiveRuns)
    measures: Measures = field(default_factory=Measures)
    time_zone: str = "UTC"
    """IANA name of the zone that SQL works in when neither the statement nor its project says otherwise."""
    workspace: WorkspaceStore = field(default_factory=MemoryWorkspaceStore)
    recurring: RecurringStore = ABSENT
    books: Books = ABSENT
    """The recurring instances in memory, shared by the scheduler, operations and views."""
    rehearsal: Rehearsal | None = None
    """Only on a server that rehearses (`taskhouse serve --rehearsal`)."""

    folder: WorkspaceFolder | None = None
    """Where the workspace's files are, for those who change them in a browser."""
    features: Features = field(default_factory=Features)
    sign_ins: SignInStore = ABSENT

    @property
    def results(self) -> Path:
        """The folder of the result files of SELECTs, outside the warehouse."""
        return self.blobs / "results"


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated user, `ALIYUN$name` or `RAM$account:name`; `token_scope` is the policy that a bearer token carries:
    it narrows what the user may do. None means a full login."""

    user: str
    is_admin: bool = False
    token_scope: Policy | None = None


Runner: TypeAlias = Callable[[World, TaskRun], Outcome]
"""Runs one attempt of a task to its end, blocking. A `Fault` that it raises makes the task Failed (Cancelled for a stop)."""
