"""What all commands share that ask a server: where it is, tables or JSON, errors and exit codes.

Exit codes: 0 done; 1 failed (server not reached, request not understood, anything unforeseen); 2 the command line is wrong; 3 refused by
state or permission, nothing was changed; 4 there is no such object; 5 not confirmed, nothing was changed; 6 done for some instances, not
for others.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import click

from taskhouse.cli.wording import ZONE
from taskhouse.config import default_home

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from taskhouse.client.api.client import Client
    from taskhouse.client.api.errors import ApiError


FAILED, REFUSED, NO_SUCH, DECLINED, PARTLY = 1, 3, 4, 5, 6


class Remote:
    """The server that a command asks, and how it shows what it was told."""

    def __init__(self, url: str, token: str, home: Path | None, as_json: bool) -> None:
        self._given = (url, token, home)
        self.as_json = as_json
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        if self._client is None:
            with _without("httpx._main"):  # its own command line, which brings half of rich and pygments along
                from taskhouse.client.api.client import Client

            self._client = Client(*self._reach())
        return self._client

    def _reach(self) -> tuple[str, str]:
        """Address and token: as given, else of the server that runs on the home."""
        from taskhouse.home import holder_of

        url, token, home = self._given
        if url and token:
            return url, token
        folder = home or Path(os.environ.get("TASKHOUSE_HOME") or default_home())
        holder = holder_of(folder)
        if holder is None or not holder.rest_url:
            if url:
                raise click.UsageError("--url needs a --token (or TASKHOUSE_TOKEN); `taskhouse token create` makes one")
            from taskhouse.client.api.errors import ConnectionFailed

            message = f"no server runs on the home {folder}: name it with --home, or a server elsewhere with --url and --token"
            raise ConnectionFailed("UNREACHABLE", message)
        return url or holder.rest_url, token or holder.token

    def show(self, document: object, for_people: Callable[[], object]) -> None:
        """The document as JSON, or what `for_people` makes of it: a text, something that rich prints, or a list of such."""
        if self.as_json:
            click.echo(json_text(document))
        else:
            self.print(for_people())

    def print(self, made: object) -> None:
        for each in made if isinstance(made, list) else [made]:
            if isinstance(each, str):
                click.echo(each)
            else:
                self.console.print(each)

    def zone(self) -> tzinfo | None:
        """The tenant's, in which people mean scheduled times."""
        return self._zone

    @functools.cached_property
    def _zone(self) -> tzinfo | None:
        from zoneinfo import ZoneInfo

        return ZoneInfo(self.client.me().time_zone)

    @functools.cached_property
    def console(self) -> Console:
        from rich.console import Console

        wide = None if sys.stdout.isatty() else 200
        return Console(width=wide, highlight=False)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()


@contextmanager
def _without(module: str) -> Iterator[None]:
    """An optional module that is not to be imported meanwhile; its package does without."""
    if module in sys.modules:
        yield
        return
    cast("dict[str, ModuleType | None]", sys.modules)[module] = None
    try:
        yield
    finally:
        del sys.modules[module]


def remote(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the options of the connection and passes a `Remote` as its first argument."""

    @click.option(
        "--url",
        envvar="TASKHOUSE_URL",
        default="",
        help="The server's REST API, http://host:port/api/v1. [TASKHOUSE_URL]",
    )
    @click.option(
        "--token", envvar="TASKHOUSE_TOKEN", default="", help="Login to it; see `taskhouse token`. [TASKHOUSE_TOKEN]"
    )
    @click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False),
        default=None,
        help="Without --url: the home whose running server is asked. [TASKHOUSE_HOME]",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs; errors, too, on standard error.")
    @functools.wraps(command)
    def asked(*arguments: Any, url: str, token: str, home: Path | None, as_json: bool, **options: Any) -> Any:
        server = Remote(url, token, home, as_json)
        ZONE.set(server.zone)
        try:
            return command(server, *arguments, **options)
        except click.UsageError as error:
            if not as_json:
                raise
            click.echo(
                json_text({"error": {"code": "USAGE", "message": error.format_message(), "items": []}}), err=True
            )
            sys.exit(error.exit_code)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            sys.exit(_told(error, as_json))
        finally:
            server.close()

    return asked


def _told(error: Exception, as_json: bool) -> int:
    """Print an error of the API and return its exit code; others go on."""
    from taskhouse.client.api.errors import ApiError, NotFound, Refused

    if not isinstance(error, ApiError):
        raise error
    show_error(error, as_json)
    if isinstance(error, NotFound):
        return NO_SUCH
    return REFUSED if isinstance(error, Refused) else FAILED


def show_error(error: ApiError, as_json: bool) -> None:
    """`{"error": {code, message, items}}`, or a line for the error and one for each thing that it is about."""
    if as_json:
        click.echo(json_text({"error": {"code": error.code, "message": error.message, "items": error.items}}), err=True)
        return
    click.echo(f"taskhouse: {error.code}: {error.message}", err=True)
    for item in error.items:
        parts = [item.name or (str(item.id) if item.id else ""), item.status, item.reason]
        text = " · ".join(part for part in parts if part)
        if text and text not in error.message:
            click.echo(f"  {text}", err=True)


def json_text(document: object) -> str:
    """Any document of the client as JSON text, indented, letters as they are."""
    import msgspec

    return json.dumps(json.loads(msgspec.json.encode(document)), indent=2, ensure_ascii=False)


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """A table for people. A heading that begins with `>` is of numbers; without any heading there is no head. None is shown as a dash."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold", show_header=any(headings))
    for heading in headings:
        made.add_column(heading.lstrip(">"), justify="right" if heading.startswith(">") else "left", overflow="fold")
    for row in rows:
        made.add_row(*(_cell(value) for value in row))
    return made


def _cell(value: object) -> Any:
    if value is None or value == "":
        return "–"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "–"
    return value if hasattr(value, "__rich__") or hasattr(value, "__rich_console__") else str(value)
