"""`taskhouse user`: who may log in."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from taskhouse.cli.options import administration, home_option, json_option, show
from taskhouse.domain.access import user_name


@click.group()
def user() -> None:
    """Manage the users of a home.

    A name is ALIYUN$name or RAM$account:name; a plain name means ALIYUN$name.
    """


@user.command("create")
@click.argument("name")
@click.option("--admin", is_flag=True, help="An administrator may do everything in every project.")
@click.option("--comment", default="", help="Shown by `user list`.")
@home_option
def create(name: str, admin: bool, comment: str, home: Path) -> None:
    """Add a user. A key for it is made by `taskhouse key create`."""
    with administration(home, make=True) as world:
        made = world.access.add_user(user_name(name), world.clock.now(), is_admin=admin, comment=comment)
        click.echo(made.name)


@user.command("list")
@json_option
@home_option
def list_users(home: Path, as_json: bool) -> None:
    """Show all users."""
    with administration(home) as world:
        rows = [
            (
                each.name,
                each.id,
                "administrator" if each.is_admin else "",
                f"{each.created_at:%Y-%m-%d %H:%M}",
                each.comment,
            )
            for each in world.access.users()
        ]
    show(rows, ("NAME", "ID", "RIGHTS", "CREATED", "COMMENT"), as_json)


@user.command("remove")
@click.argument("name")
@home_option
def remove(name: str, home: Path) -> None:
    """Remove a user with its keys, memberships and grants. What it owns stays."""
    with administration(home) as world:
        world.access.drop_user(user_name(name))


@user.command("password")
@click.argument("name")
@click.option("--generate", is_flag=True, help="Make one up and print it, once.")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read it from standard input, for programs.")
@click.option("--remove", "is_removed", is_flag=True, help="Take it away: the user cannot sign in any more.")
@home_option
def password(name: str, generate: bool, from_stdin: bool, is_removed: bool, home: Path) -> None:
    """Set the password with which a user signs in to the console. Whoever is signed in as that user no longer is."""
    if generate + from_stdin + is_removed > 1:
        raise click.UsageError("--generate, --stdin and --remove exclude one another")
    from taskhouse.services.access import passwords

    with administration(home) as world:
        full = user_name(name)
        if is_removed:
            if not world.sign_ins.drop_password(full):
                raise click.ClickException(f"user '{full}' has no password")
            return
        if generate:
            chosen = passwords.generated()
        elif from_stdin:
            chosen = sys.stdin.readline().rstrip("\n")
        else:
            chosen = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        passwords.put(world, full, chosen)
        if generate:
            click.echo(chosen)


user.add_command(create, "add")
