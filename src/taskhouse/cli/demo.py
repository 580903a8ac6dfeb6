"""`taskhouse demo`: load real data into a running server."""

from __future__ import annotations

from pathlib import Path

import click

from taskhouse.cli.options import administration, home_option
from taskhouse.config import DEFAULT_PROJECT
from taskhouse.home import holder_of


@click.command("demo")
@home_option
@click.option("--project", default=DEFAULT_PROJECT, show_default=True, help="Project to load the tables into.")
@click.option("--endpoint", default="", help="A server elsewhere; then --access-id and --secret are needed.")
@click.option(
    "--access-id", default="", envvar="TASKHOUSE_ACCESS_ID", help="Key to use; the administrator's by default."
)
@click.option("--secret", default="", envvar="TASKHOUSE_SECRET", help="The key's secret.")
def demo(home: Path, project: str, endpoint: str, access_id: str, secret: str) -> None:
    """Load real data into a running server: flights from New York, weather, planes, airports, airlines, iris.

    The rows travel through the tunnel, as any client's do. Running it again replaces them. Needs the extra `demo`.
    """
    if endpoint:
        if not (access_id and secret):
            raise click.UsageError("--endpoint needs --access-id and --secret")
    else:
        endpoint, access_id, secret = _local(home, project)
    load_demo(endpoint, project, access_id, secret)


def load_demo(endpoint: str, project: str, access_id: str, secret: str) -> None:
    """Load the tables and print how to use them; what goes wrong is one line."""
    try:
        from odps.errors import BaseODPSError
        from rich.console import Console

        from taskhouse.cli.demo_data import DemoDataMissingError
        from taskhouse.cli.demo_run import Connection, run
    except ImportError as error:
        raise click.ClickException(f"the demo needs {error.name}; install taskhouse[demo]") from None
    try:
        run(Connection(endpoint, project, access_id, secret), Console())
    except OSError as error:
        if error.filename:  # one of the demo's files; the client's own errors name none
            raise
        raise click.ClickException(f"no server answers at {endpoint}") from None
    except (DemoDataMissingError, BaseODPSError) as error:
        raise click.ClickException(str(error)) from None


def _local(home: Path, project: str) -> tuple[str, str, str]:
    """Endpoint and key of the administrator of the server that runs on `home`."""
    from taskhouse.services.found_home import found

    holder = holder_of(home)
    if holder is None or not holder.endpoint:
        raise click.ClickException(f"no server runs on {home}; start one with `taskhouse serve --home {home}`")
    with administration(home) as world:
        login = found(world, project)
    if login.project != project:
        raise click.ClickException(f"there is no project '{project}'; `taskhouse project create` makes one")
    return holder.endpoint, login.key.access_id, login.key.secret
