"""The world as a use case sees it: ports, limits, and who is calling. Built by `wiring` only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from taskhouse.domain.access import Policy
from taskhouse.domain.limits import Limits
from taskhouse.ports.access_store import AccessStore
from taskhouse.ports.algorithms import Algorithms
from taskhouse.ports.catalogue_store import CatalogueStore
from taskhouse.ports.clock import Clock, Ids
from taskhouse.ports.engine import Engine
from taskhouse.ports.events import Events
from taskhouse.ports.instance_store import InstanceStore
from taskhouse.ports.model_store import ModelStore
from taskhouse.ports.session_store import SessionStore
from taskhouse.ports.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class World:
    """`blobs` is the folder of result files, resources and staged tunnel blocks outside the warehouse."""

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


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated user, `ALIYUN$name` or `RAM$account:name`; `token_scope` is the policy that a bearer token carries:
    it narrows what the user may do. None means a full login."""

    user: str
    is_admin: bool = False
    token_scope: Policy | None = None
