"""Offline models: what a training algorithm leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from taskhouse.domain.paging import Page


@dataclass(frozen=True, slots=True)
class OfflineModel:
    """`instance_id` is the sub-instance that trained it. `document` is PMML text; empty in lists."""

    project: str
    name: str
    owner: str
    algorithm: str
    instance_id: str
    created_at: datetime
    modified_at: datetime
    document: str = ""


class ModelStore(Protocol):
    """Verbs on the metadata store. Every method is synchronous and one transaction. Names are matched in lower case."""

    def put(self, model: OfflineModel) -> None:
        """Create or replace; a replaced model keeps its first `created_at`."""
        ...

    def get(self, project: str, name: str) -> OfflineModel | None: ...

    def page(self, project: str, prefix: str, owner: str, marker: str, limit: int) -> Page[OfflineModel]:
        """By name. `prefix` and `owner` filter when they are not empty."""
        ...

    def delete(self, project: str, name: str) -> bool:
        """False when there is none."""
        ...
