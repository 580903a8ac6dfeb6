"""`taskhouse project`: projects."""

from __future__ import annotations

from pathlib import Path

import click

from taskhouse.cli.options import administration, home_option, json_option, show
from taskhouse.domain.access import user_name
from taskhouse.domain.catalogue import Project
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.services.catalogue.names import project_name


@click.group()
def project() -> None:
    """Manage the projects of a home."""


@project.command("create")
@click.argument("name")
@click.option("--schemas", is_flag=True, help="Three-tier names: project, schema, table.")
@click.option("--owner", default="", help="User who owns it; the first administrator by default.")
@click.option("--comment", default="", help="Shown by `project list`.")
@home_option
def create(name: str, schemas: bool, owner: str, comment: str, home: Path) -> None:
    """Make a project."""
    with administration(home) as world:
        if owner:
            found = world.access.user(user_name(owner))
            if found is None:
                raise Fault(FaultCode.NO_SUCH_OBJECT, f"there is no user '{user_name(owner)}'")
        else:
            found = next((user for user in world.access.users() if user.is_admin), None)
            if found is None:
                raise Fault(FaultCode.NO_SUCH_OBJECT, "the home has no administrator yet; name the owner with --owner")
        now = world.clock.now()
        world.catalogue.create_project(
            Project(project_name(name), found.name, comment, now, now, schemas_enabled=schemas)
        )
        click.echo(project_name(name))


@project.command("list")
@json_option
@home_option
def list_projects(home: Path, as_json: bool) -> None:
    """Show all projects."""
    rows: list[tuple[str, ...]] = []
    with administration(home) as world:
        marker = ""
        while True:
            page = world.catalogue.projects(marker=marker)
            rows += [
                (
                    each.name,
                    each.owner,
                    "schemas" if each.schemas_enabled else "",
                    f"{each.created_at:%Y-%m-%d %H:%M}",
                    each.comment,
                )
                for each in page.items
            ]
            marker = page.marker
            if not marker:
                break
    show(rows, ("NAME", "OWNER", "TIERS", "CREATED", "COMMENT"), as_json)


@project.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@home_option
def remove(name: str, yes: bool, home: Path) -> None:
    """Remove a project with everything in it."""
    if not yes:
        click.confirm(f"Remove project {name} with all its tables?", abort=True)
    with administration(home) as world:
        world.catalogue.drop_project(project_name(name), world.clock.now())
        world.access.forget_project(project_name(name))
