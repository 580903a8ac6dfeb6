"""`taskhouse demo`: load real data into a running server, and publish a workspace on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taskhouse.cli.options import administration, home_option
from taskhouse.config import DEFAULT_PROJECT
from taskhouse.home import WORKSPACE, holder_of

if TYPE_CHECKING:
    from rich.console import Console

    from taskhouse.cli.demo_run import Connection
    from taskhouse.client.api.client import Client


@click.command("demo")
@home_option
@click.option("--project", default=DEFAULT_PROJECT, show_default=True, help="Project to load the tables into.")
@click.option("--endpoint", default="", help="A server elsewhere; then --access-id and --secret are needed.")
@click.option(
    "--access-id", default="", envvar="TASKHOUSE_ACCESS_ID", help="Key to use; the administrator's by default."
)
@click.option("--secret", default="", envvar="TASKHOUSE_SECRET", help="The key's secret.")
@click.option(
    "--url", default="", envvar="TASKHOUSE_URL", help="With --endpoint: the server's REST API, for the workspace."
)
@click.option("--token", default="", envvar="TASKHOUSE_TOKEN", help="Login to it.")
@click.option("--workspace/--no-workspace", default=True, help="Whether the workspace `flights` is published, too.")
def demo(
    home: Path, project: str, endpoint: str, access_id: str, secret: str, url: str, token: str, workspace: bool
) -> None:
    """Load real data into a running server: flights from New York, weather, planes, airports, airlines, iris.

    The rows travel through the tunnel, as any client's do. Running it again replaces them. On a server where nothing has been published it
    then publishes the workspace `flights` with instances of the last days; a copy of its files in the home is what the console edits.
    Needs the extra `demo`.
    """
    if endpoint:
        if not (access_id and secret):
            raise click.UsageError("--endpoint needs --access-id and --secret")
        api = RestApi(url, token) if url and token else None
    else:
        endpoint, access_id, secret, api = _local(home, project)
    load_demo(endpoint, project, access_id, secret, api if workspace else None)


@dataclass(frozen=True, slots=True)
class RestApi:
    """Where a server's REST API is, with a token. `home` is how commands on this machine name the server, empty for one elsewhere."""

    url: str
    token: str
    home: str = ""


def load_demo(endpoint: str, project: str, access_id: str, secret: str, api: RestApi | None = None) -> None:
    """Load the tables, publish the workspace, print how to use them; what goes wrong is one line."""
    try:
        from odps.errors import BaseODPSError
        from rich.console import Console

        from taskhouse.cli.demo_data import DemoDataMissingError
        from taskhouse.cli.demo_run import Connection, run
    except ImportError as error:
        raise click.ClickException(f"the demo needs {error.name}; install taskhouse[demo]") from None
    from taskhouse.client.api.errors import ApiError

    connection, console = Connection(endpoint, project, access_id, secret), Console()
    try:
        run(connection, console, lambda: "" if api is None else _workspace(connection, console, api))
    except ApiError as error:
        raise click.ClickException(f"the workspace cannot be published: {error}") from None
    except OSError as error:
        if error.filename:  # one of the demo's files; the client's own errors name none
            raise
        raise click.ClickException(f"no server answers at {endpoint}") from None
    except (DemoDataMissingError, BaseODPSError) as error:
        raise click.ClickException(str(error)) from None


def _workspace(connection: Connection, console: Console, api: RestApi) -> str:
    """Publish the workspace where nothing has been published; what there is to do in it, in words."""
    from taskhouse.cli.demo_workspace import DemoWorkspace, files, keep
    from taskhouse.client.api.client import Client

    if api.home:
        keep(Path(api.home) / WORKSPACE, files(connection.project))
    with Client(api.url, api.token) as client:
        if _is_rehearsal(client):
            return ""  # its clock stands still and nothing really runs
        workspace = DemoWorkspace(connection.open(), client, console)
        workspace.bring(datetime.now(UTC).date())
        return workspace.story(api.home)


def _is_rehearsal(client: Client) -> bool:
    from taskhouse.client.api.errors import NotFound

    try:
        client.rehearsal.clock()
    except NotFound:
        return False
    return True


def _local(home: Path, project: str) -> tuple[str, str, str, RestApi | None]:
    """Endpoint, key of the administrator, and REST API of the server that runs on `home`."""
    from taskhouse.services.found_home import found

    holder = holder_of(home)
    if holder is None or not holder.endpoint:
        raise click.ClickException(f"no server runs on {home}; start one with `taskhouse serve --home {home}`")
    with administration(home) as world:
        login = found(world, project)
    if login.project != project:
        raise click.ClickException(f"there is no project '{project}'; `taskhouse project create` makes one")
    api = RestApi(holder.rest_url, holder.token, str(home)) if holder.rest_url else None
    return holder.endpoint, login.key.access_id, login.key.secret, api
