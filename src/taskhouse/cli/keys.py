"""`taskhouse key`: access keys."""

from __future__ import annotations

import json
from pathlib import Path

import click

from taskhouse.cli.options import administration, home_option, json_option, show
from taskhouse.domain.access import KeyKind, user_name


@click.group()
def key() -> None:
    """Manage access keys. A secret is shown once, when its key is made."""


@key.command("create")
@click.argument("user")
@click.option("--application", is_flag=True, help="A key that signs on behalf of an application; no login of its own.")
@click.option("--hours", type=float, default=None, help="Make a temporary (STS) key that lives this long.")
@click.option("--comment", default="", help="Shown by `key list`.")
@json_option
@home_option
def create(user: str, application: bool, hours: float | None, comment: str, home: Path, as_json: bool) -> None:
    """Make a key for USER."""
    from taskhouse.services.access import keys

    if application and hours is not None:
        raise click.UsageError("--application and --hours exclude one another")
    with administration(home) as world:
        token = ""
        if hours is not None:
            made, token = keys.issue_temporary(world, user_name(user), hours, comment)
        else:
            kind = KeyKind.APPLICATION if application else KeyKind.USER
            made = keys.issue(world, user_name(user), kind=kind, comment=comment)
    shown = {"access id": made.access_id, "secret": made.secret, **({"token": token} if token else {})}
    if as_json:
        click.echo(json.dumps({name.replace(" ", "_"): value for name, value in shown.items()}, indent=2))
    else:
        for name, value in shown.items():
            click.echo(f"{name:<10} {value}")


@key.command("list")
@click.argument("user", default="")
@json_option
@home_option
def list_keys(user: str, home: Path, as_json: bool) -> None:
    """Show all keys, or those of USER; never their secrets."""
    with administration(home) as world:
        rows = [
            (
                each.access_id,
                each.user,
                each.kind.value,
                "enabled" if each.enabled else "disabled",
                f"{each.created_at:%Y-%m-%d %H:%M}",
                f"{each.expires_at:%Y-%m-%d %H:%M}" if each.expires_at else "",
                each.comment,
            )
            for each in world.access.keys(user_name(user) if user else "")
        ]
    show(rows, ("ACCESS ID", "USER", "KIND", "STATE", "CREATED", "EXPIRES", "COMMENT"), as_json)


@key.command("disable")
@click.argument("access_id")
@home_option
def disable(access_id: str, home: Path) -> None:
    """Refuse a key until it is enabled again."""
    with administration(home) as world:
        world.access.enable_key(access_id, False)


@key.command("enable")
@click.argument("access_id")
@home_option
def enable(access_id: str, home: Path) -> None:
    """Accept a disabled key again."""
    with administration(home) as world:
        world.access.enable_key(access_id, True)


@key.command("revoke")
@click.argument("access_id")
@home_option
def revoke(access_id: str, home: Path) -> None:
    """Remove a key for good."""
    with administration(home) as world:
        world.access.drop_key(access_id)
