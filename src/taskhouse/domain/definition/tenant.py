"""The tenant, its business units and projects, and who may do what in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from taskhouse.domain.definition.places import Place
from taskhouse.domain.readiness import SHARED_GROUP, SHARED_SLOTS
from taskhouse.domain.recurring import Environment
from taskhouse.domain.roles import ProjectRole

DEV_SUFFIX = "_dev"


@dataclass(frozen=True, slots=True)
class Tenant:
    """`time_zone`: IANA name of the zone of scheduled times. `admins` are super administrators. `resource_groups`: name -> how many
    nodes may run in it at once; `shared` is always there."""

    name: str = "tenant"
    time_zone: str = "UTC"
    admins: tuple[str, ...] = ()
    resource_groups: Mapping[str, int] = field(default_factory=lambda: {SHARED_GROUP: SHARED_SLOTS})

    @property
    def place(self) -> Place:
        return ("tenant",)


@dataclass(frozen=True, slots=True)
class BusinessUnit:
    name: str
    label: str = ""
    description: str = ""

    @property
    def place(self) -> Place:
        return ("business_units", self.name)


class ProjectMode(Enum):
    BASIC = "BASIC"
    """What is published runs in production; there is no development environment."""
    DEV_PROD = "DEV_PROD"
    """A pair of MaxCompute projects: `<name>` in production, `<name>_dev` in development."""


@dataclass(frozen=True, slots=True)
class Project:
    """`label` is the Chinese (or any second) name. `members`: user -> roles. `owner` owns what names no owner."""

    name: str
    label: str = ""
    mode: ProjectMode = ProjectMode.BASIC
    owner: str = ""
    business_unit: str = ""
    members: Mapping[str, frozenset[ProjectRole]] = field(default_factory=dict)
    description: str = ""

    @property
    def place(self) -> Place:
        return ("projects", self.name)

    @property
    def title(self) -> str:
        """As pages show it: `shop (商店)`."""
        return f"{self.name} ({self.label})" if self.label else self.name

    def exists_in(self, environment: Environment) -> bool:
        return environment is Environment.PROD or self.mode is ProjectMode.DEV_PROD

    def maxcompute(self, environment: Environment) -> str:
        """The MaxCompute project that holds its tables in an environment. A Basic project has the production one only, which is also
        what the development environment of other projects reads."""
        if environment is Environment.DEV and self.mode is ProjectMode.DEV_PROD:
            return self.name + DEV_SUFFIX
        return self.name


@dataclass(frozen=True, slots=True)
class Organisation:
    """What both environments share: the tenant, its business units, its projects with their members."""

    tenant: Tenant = field(default_factory=Tenant)
    business_units: Mapping[str, BusinessUnit] = field(default_factory=dict)
    projects: Mapping[str, Project] = field(default_factory=dict)

    def roles_of(self, user: str) -> Mapping[str, frozenset[ProjectRole]]:
        """Project -> the user's roles in it, for the projects where there is one. A project's owner administers it."""
        found: dict[str, frozenset[ProjectRole]] = {}
        for project in self.projects.values():
            roles = project.members.get(user, frozenset())
            if project.owner == user:
                roles |= {ProjectRole.PROJECT_ADMIN}
            if roles:
                found[project.name] = roles
        return found

    def is_super_admin(self, user: str) -> bool:
        return user in self.tenant.admins
