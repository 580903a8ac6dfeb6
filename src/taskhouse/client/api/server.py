"""Answers about the server and who asks it."""

from __future__ import annotations

import msgspec


class Me(msgspec.Struct, frozen=True):
    """`roles`: project -> roles. A super administrator may everything, without roles. `time_zone`: the tenant's, in which scheduled times and
    data timestamps are meant."""

    user: str
    super_admin: bool = False
    roles: dict[str, list[str]] = {}
    time_zone: str = "UTC"


class Project(msgspec.Struct, frozen=True):
    name: str
    title: str = ""
    mode: str = ""
    owner: str = ""
    environments: list[str] = []
    may: list[str] = []


class ProjectList(msgspec.Struct, frozen=True):
    items: list[Project] = []


class Health(msgspec.Struct, frozen=True):
    """`cursor` is the number of the latest change of recurring instances."""

    status: str
    cursor: int = 0
