"""Who may look at and operate recurring instances: the matrix of roles and kinds of action.

A check asks for the project of each object that an operation touches: the start table, downstream members, fields of other tables
that share a node; in aggregate tables the project of each metric.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class ProjectRole(Enum):
    PROJECT_ADMIN = "PROJECT_ADMIN"
    DEVELOPER = "DEVELOPER"
    OPERATOR = "OPERATOR"
    ANALYST = "ANALYST"
    VISITOR = "VISITOR"


class Action(Enum):
    VIEW = "VIEW"
    """Lists, DAG, field page, production and consumption lineage, the task."""
    INSPECT = "INSPECT"
    """Run log, materialization code, the way to the development or production node."""
    OPERATE = "OPERATE"
    """Everything that changes an instance."""


_WORKERS = frozenset({ProjectRole.PROJECT_ADMIN, ProjectRole.DEVELOPER, ProjectRole.OPERATOR})

ROLE_MATRIX: Mapping[Action, frozenset[ProjectRole]] = {
    Action.VIEW: frozenset(ProjectRole),
    Action.INSPECT: _WORKERS,
    Action.OPERATE: _WORKERS,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """A user with roles in projects. A super administrator may everything everywhere."""

    user: str
    super_admin: bool = False
    roles: Mapping[str, frozenset[ProjectRole]] = field(default_factory=dict)

    def may(self, action: Action, project: str) -> bool:
        return self.super_admin or not ROLE_MATRIX[action].isdisjoint(self.roles.get(project, ()))
