"""The tenant and its projects kept in memory: of simulations, and of a world that was given no store for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from taskhouse.domain.definition.tenant import Organisation, Project, Tenant
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.roles import ProjectRole

T = TypeVar("T")


class MemoryWorkspaceStore:
    def __init__(self, organisation: Organisation | None = None) -> None:
        self._lock = threading.Lock()
        self._kept = (int(organisation is not None), organisation or Organisation())

    def organisation(self) -> tuple[int, Organisation]:
        return self._kept

    def tenant(self) -> Tenant:
        return self._kept[1].tenant

    def projects(self) -> Mapping[str, Project]:
        return self._kept[1].projects

    def roles_of(self, user: str) -> Mapping[str, frozenset[ProjectRole]]:
        return self._kept[1].roles_of(user)

    def is_super_admin(self, user: str) -> bool:
        return self._kept[1].is_super_admin(user)

    def save(self, organisation: Organisation, now: datetime, publish: Callable[[], T], *, expected: int) -> T:
        with self._lock:
            if self._kept[0] != expected:
                raise Fault(FaultCode.INVALID_STATE, "the projects of the workspace were changed meanwhile; plan anew")
            result = publish()
            self._kept = (self._kept[0] + 1, organisation)
            return result
