"""The tenant, its projects and their members as last applied: what permissions and pages ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol, TypeVar

from taskhouse.domain.definition.tenant import Organisation, Project, Tenant
from taskhouse.domain.roles import ProjectRole

T = TypeVar("T")


class WorkspaceStore(Protocol):
    """Asked on every request: reads are cheap. User names are as in definitions, without a provider (`alice`)."""

    def organisation(self) -> tuple[int, Organisation]:
        """With its revision, which grows with every `save`; 0 and an empty one before the first."""
        ...

    def tenant(self) -> Tenant: ...

    def projects(self) -> Mapping[str, Project]: ...

    def roles_of(self, user: str) -> Mapping[str, frozenset[ProjectRole]]:
        """Project -> roles, for projects in which the user has one."""
        ...

    def is_super_admin(self, user: str) -> bool: ...

    def save(self, organisation: Organisation, now: datetime, publish: Callable[[], T], *, expected: int) -> T:
        """Replace what is stored and, in the same transaction, call `publish`; if it raises, nothing is stored. `publish` may
        only talk to stores of the same database. Raises `Fault` (INVALID_STATE) when the revision is not `expected` any more."""
        ...
