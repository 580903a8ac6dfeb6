"""`taskhouse token`: logins to the REST API."""

from __future__ import annotations

import json
from pathlib import Path

import click

from taskhouse.cli.options import administration, home_option, json_option, show
from taskhouse.domain.access import user_name


@click.group()
def token() -> None:
    """Manage tokens of the REST API. A token is shown once, when it is made."""


@token.command("create")
@click.option("--user", required=True, help="Whose token it is; whoever has the token is this user.")
@click.option("--hours", type=float, default=None, help="How long it lives. Without it, until it is revoked.")
@click.option("--comment", default="", help="Shown by `token list`.")
@json_option
@home_option
def create(user: str, hours: float | None, comment: str, home: Path, as_json: bool) -> None:
    """Make a token. Send it as `Authorization: Bearer <token>`."""
    from taskhouse.services.access import api_tokens

    with administration(home) as world:
        kept, text = api_tokens.issue(world, user_name(user), hours=hours, comment=comment)
    if as_json:
        expires = kept.expires_at.isoformat() if kept.expires_at else None
        click.echo(json.dumps({"id": kept.id, "user": kept.user, "token": text, "expires_at": expires}, indent=2))
    else:
        click.echo(text)


@token.command("list")
@click.argument("user", default="")
@json_option
@home_option
def list_tokens(user: str, home: Path, as_json: bool) -> None:
    """Show all tokens, or those of USER; never the tokens themselves."""
    with administration(home) as world:
        rows = [
            (
                each.id,
                each.user,
                f"{each.created_at:%Y-%m-%d %H:%M}",
                f"{each.expires_at:%Y-%m-%d %H:%M}" if each.expires_at else "",
                each.comment,
            )
            for each in world.access.tokens(user_name(user) if user else "")
        ]
    show(rows, ("ID", "USER", "CREATED", "EXPIRES", "COMMENT"), as_json)


@token.command("revoke")
@click.argument("id")
@home_option
def revoke(id: str, home: Path) -> None:
    """Refuse a token from now on (a running server within a second)."""
    with administration(home) as world:
        world.access.drop_token(id)
