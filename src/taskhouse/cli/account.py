"""`taskhouse whoami`: whose login it is, and what it may in which projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from taskhouse.cli.remote import Remote, remote, table
from taskhouse.cli.wording import names

if TYPE_CHECKING:
    from taskhouse.client.api.server import Me, Project


@click.command()
@remote
def whoami(server: Remote) -> None:
    """Who the server takes you for, and what you may in the projects that you see."""
    me, projects = server.client.me(), server.client.projects().items
    server.show({"me": me, "projects": projects}, lambda: _account(me, projects))


def _account(me: Me, projects: list[Project]) -> list[object]:
    role = "super administrator" if me.super_admin else f"roles in {len(me.roles)} projects"
    rows = [
        (
            each.title,
            each.mode.lower(),
            names([environment.lower() for environment in each.environments]),
            names([role.lower() for role in me.roles.get(each.name, [])]),
            names([action.lower() for action in each.may]),
        )
        for each in projects
    ]
    return [f"{me.user}, {role}; times are of {me.time_zone}", table(("PROJECT", "MODE", "IN", "ROLES", "MAY"), rows)]
