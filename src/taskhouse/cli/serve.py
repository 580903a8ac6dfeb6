"""`taskhouse serve`: run a server until it is told to end."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskhouse.cli.demo import RestApi, load_demo
from taskhouse.cli.memory import MemoryBound
from taskhouse.config import LOG_FORMATS, LOG_LEVELS, load

if TYPE_CHECKING:
    from taskhouse.wiring.server import Reach


@click.command()
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder in which the server keeps everything; made when missing. [TASKHOUSE_HOME; default: the user's data folder]",
)
@click.option("--host", help="Address to listen on. [TASKHOUSE_HOST; default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on; 0 picks a free one. [TASKHOUSE_PORT; default: 8440]")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="TOML file with settings and limits. [TASKHOUSE_CONFIG]",
)
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Written, complete, once the server answers: a JSON document with endpoint, project, access_id, secret, "
    "console_url, rest_url, token, user, password and pid. [TASKHOUSE_READY_FILE]",
)
@click.option(
    "--public-url",
    help="How clients reach the server when it is behind a proxy: http://name:port. [TASKHOUSE_PUBLIC_URL]",
)
@click.option("--project", help="Project that a new home starts with. [TASKHOUSE_PROJECT; default: taskhouse]")
@click.option(
    "--time-zone",
    help="Zone in which SQL works by default, such as Asia/Shanghai. [TASKHOUSE_TIME_ZONE; default: the machine's]",
)
@click.option("--log-format", type=click.Choice(LOG_FORMATS), help="[TASKHOUSE_LOG_FORMAT; default: console]")
@click.option("--log-level", type=click.Choice(LOG_LEVELS), help="[TASKHOUSE_LOG_LEVEL; default: info]")
@click.option(
    "--grace-s",
    type=float,
    help="Seconds that running tasks get when the server is told to end. [TASKHOUSE_GRACE_S; default: 5]",
)
@click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the workspace's files, which the console then shows and changes. [TASKHOUSE_WORKSPACE; default: the folder "
    "`workspace` in the home, if there is one]",
)
@click.option(
    "--rehearsal",
    is_flag=True,
    default=None,
    help="Try operations on recurring instances: the clock stands still until it is set through the REST API, and nodes run until "
    "they are told how to end. For a home of its own. [TASKHOUSE_REHEARSAL]",
)
@click.option("--demo", is_flag=True, help="Load the demo's tables once the server answers.")
def serve(config_file: Path | None, demo: bool, **flags: Any) -> None:
    """Start a server and keep it running until it is told to end (Ctrl-C, SIGTERM).

    A new home starts with an administrator, one project and an access key, and prints how to connect. Every setting may
    also stand in the configuration file or in the environment; flags win over the environment, the environment over the file.
    Limits (body sizes, running tasks, result rows, ...) are set in the file's [limits], or as TASKHOUSE_LIMITS_<NAME>.
    """
    config = load(config_file, os.environ, flags)
    told = threading.Event()
    _end_on_signals(told)
    from taskhouse import logs
    from taskhouse.wiring.server import Server

    logs.configure(config.log_format, config.log_level)

    bound = MemoryBound()
    server = Server(config)
    ready = None
    try:
        if config.ready_file is not None:
            ready = ReadyFile(config.ready_file)
        reach = server.start()
        if not demo:
            _print_connection(reach)
        if ready is not None:
            ready.write(reach)
        if demo:
            key = reach.login.key
            api = RestApi(reach.rest_url, reach.token, str(config.home))
            load_demo(reach.endpoint, reach.login.project, key.access_id, key.secret, api)
        _print_console(reach)
        told.wait()
    finally:
        if ready is not None:
            ready.remove()
        server.close()
        bound.close()


class ReadyFile:
    """The file by which a server says that it answers. It is there, complete, only while that is so: one that a killed server left
    is removed at once. Raises `OSError` when it cannot be written later."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            os.close(os.open(self._unfinished, os.O_WRONLY | os.O_CREAT, 0o600))
            path.unlink(missing_ok=True)
        except OSError as error:
            raise OSError(error.errno, f"cannot write the ready file: {error.strerror}", str(path)) from None

    def write(self, reach: Reach) -> None:
        """Complete or not at all, readable by this user only."""
        document = {
            "endpoint": reach.endpoint,
            "project": reach.login.project,
            "access_id": reach.login.key.access_id,
            "secret": reach.login.key.secret,
            "console_url": reach.console_url,
            "rest_url": reach.rest_url,
            "token": reach.token,
            "user": reach.login.user.removeprefix("ALIYUN$"),
            "password": reach.password,
            "pid": os.getpid(),
        }
        self._unfinished.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        self._unfinished.replace(self._path)

    def remove(self) -> None:
        self._unfinished.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)


def _print_connection(reach: Reach) -> None:
    key = reach.login.key
    secret = key.secret if reach.login.is_new else "(shown when the key was made; `taskhouse key create` makes another)"
    click.echo(f"endpoint   {reach.endpoint}")
    click.echo(f"project    {reach.login.project}")
    click.echo(f"access id  {key.access_id}")
    click.echo(f"secret     {secret}")
    shown = key.secret if reach.login.is_new else "<secret>"
    click.echo(
        "\nfrom odps import ODPS\n"
        f'o = ODPS("{key.access_id}", "{shown}", "{reach.login.project}", endpoint="{reach.endpoint}")\n'
        'print(o.execute_sql("select 1 as one").open_reader().raw)\n'
    )


def _print_console(reach: Reach) -> None:
    """How to sign in: with the password that was made up just now, or with one that somebody knows or can set."""
    user = reach.login.user.removeprefix("ALIYUN$")
    password = reach.password or f"(shown when it was made; `taskhouse user password {user}` sets another)"
    click.echo(f"console    {reach.console_url}/console/")
    click.echo(f"user       {user}")
    click.echo(f"password   {password}\n")


def _end_on_signals(told: threading.Event) -> None:
    """The first signal asks for a graceful end, the second ends the process at once."""

    def end(number: int, _frame: object) -> None:
        if told.is_set():
            os._exit(128 + number)
        told.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
