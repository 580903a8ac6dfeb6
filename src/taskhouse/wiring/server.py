"""A whole server on one home: what `taskhouse serve` runs and what `taskhouse.connect` embeds."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from taskhouse.config import Config, ConfigError
from taskhouse.domain.features import Features
from taskhouse.domain.limits import Limits
from taskhouse.domain.snapshot import OperationSettings
from taskhouse.engines.algorithms import AlgorithmRegistry
from taskhouse.engines.process.processes import SupervisedProcesses
from taskhouse.engines.transfer.transfers import OutsideTransfers
from taskhouse.home import SECRET_KEY, WORKSPACE, Holder, Home
from taskhouse.ports.engine import Engine
from taskhouse.ports.processes import Language
from taskhouse.ports.warehouse import Warehouse
from taskhouse.protocols.console.site import CONSOLE_PATH, ConsoleSite, ToConsole
from taskhouse.protocols.logview.pages import routes as logview_routes
from taskhouse.protocols.mounting import Mounted
from taskhouse.protocols.odps.app import build_app
from taskhouse.protocols.odps.routing import BASE_PATH
from taskhouse.protocols.odps.server import Server as HttpServer
from taskhouse.protocols.rest.api import build_rest_app
from taskhouse.protocols.rest.authentication import TokenOrSession
from taskhouse.protocols.rest.bearer import Bearer
from taskhouse.protocols.rest.routing import BASE_PATH as REST_PATH
from taskhouse.scheduler.clock import RandomIds, SystemClock
from taskhouse.scheduler.dispatcher import Dispatcher
from taskhouse.scheduler.events import LocalEvents
from taskhouse.scheduler.sweeper import Sweeper
from taskhouse.services import merge_files, run_process, run_sql, sql_cost
from taskhouse.services.access import passwords
from taskhouse.services.found_home import Login, found
from taskhouse.services.recover import recover
from taskhouse.services.recurring.book import Books
from taskhouse.services.transfer import run as transfer_run
from taskhouse.services.tunnel.housekeeping import finish_commits
from taskhouse.services.world import Runner, World
from taskhouse.services.xflow import run as xflow_run
from taskhouse.store.access import SqlAccessStore
from taskhouse.store.catalogue import SqlCatalogueStore
from taskhouse.store.database import Database
from taskhouse.store.instances import SqlInstanceStore
from taskhouse.store.migrations import migrate
from taskhouse.store.models import SqlModelStore
from taskhouse.store.recurring.store import SqlRecurringStore
from taskhouse.store.sessions import SqlSessionStore
from taskhouse.store.sign_in import SqlSignInStore
from taskhouse.store.workspace import SqlWorkspaceStore
from taskhouse.store.workspace_folder import DiskWorkspaceFolder
from taskhouse.wiring.later import Later
from taskhouse.wiring.recurring import Recurring, check_purpose, rehearsing

_log = structlog.get_logger(__name__)

RUNNERS: dict[str, Runner] = {
    "SQL": run_sql.run,
    "SQLCost": sql_cost.run,
    "Merge": merge_files.run,
    "XFlow": xflow_run.run,
    "Algorithm": xflow_run.run_computation,
}


def scripts_and_transfers(home: Path, endpoint: Callable[[], str]) -> dict[str, Runner]:
    """Runners of the types of tasks that only recurring instances have. `endpoint`: where scripts reach this server."""
    processes = SupervisedProcesses()
    files = home / "files"
    files.mkdir(exist_ok=True)
    return {
        "Python": run_process.ProcessRunner(Language.PYTHON, processes, endpoint),
        "Shell": run_process.ProcessRunner(Language.SHELL, processes, endpoint),
        "Transfer": transfer_run.TransferRunner(OutsideTransfers(files, home / "connections.toml")),
    }


def build_world(
    home: Path,
    database: Database,
    warehouse: Warehouse,
    engine: Engine,
    limits: Limits,
    time_zone: str,
    endpoint: Callable[[], str],
    features: Features | None = None,
    operations: OperationSettings | None = None,
    workspace: Path | None = None,
) -> World:
    """The world on an open database. `endpoint` tells scripts where this server is reached. `workspace`: the folder of its files, if it
    is not the one in the home."""
    recurring = SqlRecurringStore(database)
    return World(
        instances=SqlInstanceStore(database),
        catalogue=SqlCatalogueStore(database),
        access=SqlAccessStore(database, home / SECRET_KEY),
        sessions=SqlSessionStore(database),
        models=SqlModelStore(database),
        algorithms=AlgorithmRegistry(),
        warehouse=warehouse,
        engine=engine,
        events=LocalEvents(),
        clock=SystemClock(),
        ids=RandomIds(),
        limits=limits,
        blobs=home / "blobs",
        runners=RUNNERS | scripts_and_transfers(home, endpoint),
        time_zone=time_zone,
        workspace=SqlWorkspaceStore(database),
        recurring=recurring,
        books=Books(recurring, operations),
        features=features or Features(),
        sign_ins=SqlSignInStore(database),
        folder=DiskWorkspaceFolder(workspace or home / WORKSPACE),
    )


@dataclass(frozen=True, slots=True)
class Reach:
    """How clients reach a running server. `endpoint` is what PyODPS takes; `console_url` is for browsers, empty without a port.
    `rest_url` is the REST API's address and `token` the administrator's login to it while this server runs. `password`: for signing in to
    the console, only where it was made up just now."""

    endpoint: str
    console_url: str
    login: Login
    rest_url: str = ""
    token: str = ""
    password: str = ""


class Server:
    """A server on the home of `config`. `socket`: serve on that Unix socket instead of a TCP port (one can be
    opened later, see `open_port`). Raises `HomeInUseError` at once when another server has the home.

    Everything is started by `start` and ended by `close`, in reverse order; what fails in between is undone.
    """

    def __init__(self, config: Config, *, socket: Path | None = None) -> None:
        self._config = config
        self._socket = socket
        self._ends = contextlib.ExitStack()
        self._http: HttpServer | None = None
        self._reach: Reach | None = None
        self._bearer = Bearer()
        if config.workspace is not None and not config.workspace.is_dir():
            raise ConfigError(f"the workspace {config.workspace} is not a folder")
        self.home = Home(config.home)
        self._ends.callback(self.home.close)
        with self._ends_on_error():
            self.world = self._open_world()
            self._recurring = self._open_recurring()

    @property
    def reach(self) -> Reach:
        if self._reach is None:
            raise RuntimeError("the server has not been started")
        return self._reach

    def start(self) -> Reach:
        """Settle what a dead server left, run the queue, answer requests. Returns once it answers."""
        with self._ends_on_error():
            http = self._bind()
            login = found(self.world, self._config.project)  # a new secret is shown once: not before the port is ours
            finish_commits(self.world)
            run_process.clear_work(self.world)
            dispatcher = Dispatcher(self.world, recover(self.world))
            self._ends.callback(self._recurring.stop)
            dispatcher.start()
            self._ends.callback(self._stop_dispatcher, dispatcher)
            self._recurring.start()
            self._ends.callback(self._recurring.drain)
            sweeper = Sweeper(self.world)
            sweeper.start()
            self._ends.callback(sweeper.stop)
            http.start()
            self._reach = self._reach_of(http, login, self._first_password(login))
            reach = self._reach
            self.home.announce(
                Holder(os.getpid(), reach.endpoint, str(self._socket or ""), reach.rest_url, reach.token)
            )
        _log.info("ready", endpoint=self._reach.endpoint, home=str(self.home.path), pid=os.getpid())
        return self._reach

    def close(self) -> None:
        """Begin nothing new, let running tasks finish for the configured grace, then interrupt them; then end the HTTP server.
        What waits in the queue stays there. Idempotent."""
        self._ends.close()

    def open_port(self) -> str:
        """The address for browsers, `http://host:port`. A server on a Unix socket opens a loopback port for it, once."""
        if self._http is None:
            raise RuntimeError("the server has not been started")
        return self._http.open_port()

    def _open_world(self) -> World:
        limits = self._config.limits
        database = Database(self.home.database)
        self._ends.callback(database.close)
        migrate(database)
        home = self.home
        warehouse = Later(lambda: _warehouse(home, limits))
        engine = Later(lambda: _engine(home, limits))
        self._ends.callback(lambda: engine.close() if engine.is_made else None)
        return build_world(
            self.home.path,
            database,
            warehouse,
            engine,
            limits,
            self._config.time_zone,
            self._endpoint_for_scripts,
            self._config.features,
            self._config.operations,
            self._config.workspace,
        )

    def _open_recurring(self) -> Recurring:
        """Recurring instances go by a clock of their own in a rehearsal, everything else by the real one."""
        rehearsal = self._config.rehearsal
        check_purpose(self.home.path, self.world, rehearsal=rehearsal)
        world = rehearsing(self.home.path, self.world) if rehearsal else self.world
        return Recurring(world, rehearsal=rehearsal)

    def _bind(self) -> HttpServer:
        """The HTTP server on its bound socket, not answering yet. It ends after the dispatcher, so that clients who wait for an
        instance hear of its end."""
        odps = build_app(self.world, [logview_routes], public_url=self._config.public_url, open_port=self.open_port)
        rest = build_rest_app(
            self._recurring.world,
            authenticate=TokenOrSession(self._bearer),
            observe=odps.observe,
            is_secure=self._is_secure,
            public_url=self._config.public_url,
        )
        app = Mounted(odps, {REST_PATH: rest, CONSOLE_PATH: ConsoleSite()}, {"/": ToConsole()})
        if self._socket is not None:
            self._http = HttpServer(app, path=self._socket)
        else:
            self._http = HttpServer(app, host=self._config.host, port=self._config.port)
        self._ends.callback(self._http.stop)
        return self._http

    def _reach_of(self, http: HttpServer, login: Login, password: str) -> Reach:
        token = self._bearer.admit(login.user)
        if self._socket is not None:
            return Reach(socket_endpoint(self._socket), "", login, socket_url(self._socket) + REST_PATH, token)
        assert http.address is not None
        host, port = http.address
        reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        url = self._config.public_url.rstrip("/") or f"http://{_in_url(reachable)}:{port}"
        return Reach(url + BASE_PATH, url, login, url + REST_PATH, token, password)

    def _endpoint_for_scripts(self) -> str:
        """By TCP on this machine: scripts need no library for Unix sockets."""
        assert self._http is not None
        return self._http.open_port() + BASE_PATH

    def _first_password(self, login: Login) -> str:
        """Nobody signs in to a server that has no port."""
        return passwords.first(self.world, login.user) if self._socket is None else ""

    def _is_secure(self) -> bool:
        return self._config.public_url.startswith("https:")

    def _stop_dispatcher(self, dispatcher: Dispatcher) -> None:
        if not dispatcher.stop(self._config.grace_s):
            _log.error("some tasks could not be interrupted; they are settled at the next start")

    @contextlib.contextmanager
    def _ends_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._ends.close()
            raise


def _engine(home: Home, limits: Limits) -> Engine:
    from taskhouse.engines.duckdb.engine import DuckDbEngine

    return DuckDbEngine(home.warehouse, home.blobs, limits)


def _warehouse(home: Home, limits: Limits) -> Warehouse:
    from taskhouse.warehouse.delta import DeltaWarehouse

    return DeltaWarehouse(home.warehouse, limits.retention_hours)


def socket_url(socket: Path) -> str:
    """How a server on a Unix socket is named in URLs."""
    quoted = str(socket).replace("%", "%25").replace("/", "%2F")
    return f"http+unix://{quoted}"


def socket_endpoint(socket: Path) -> str:
    """The endpoint by which PyODPS reaches a server on a Unix socket (with requests-unixsocket)."""
    return socket_url(socket) + BASE_PATH


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
