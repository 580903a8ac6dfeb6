"""The HTTP server: uvicorn, started and stopped from the program, on a TCP port, a Unix socket, or both."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from taskhouse.protocols.bounded_http import BoundedProtocol
from taskhouse.protocols.mounting import Application

KEEP_ALIVE_S = 120
"""Longer than clients keep an idle connection for, so that it is they who close it."""
STOP_S = 10
"""How long requests under way may take to end when the server stops."""
_BACKLOG = 2048


class _Uvicorn(uvicorn.Server):
    """Tells when it has started. Signals are the program's business, not the server thread's."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()


class Server:
    """Serves `app` on a thread of its own. `host` and `port` for TCP (port 0 picks a free one), `path` for a Unix socket
    that only this user may connect to; at least one of the two. Sockets are bound here, so that an address in use is an
    `OSError` of the caller. A TCP port can also be opened later, while it runs."""

    def __init__(self, app: Application, *, host: str = "", port: int = 0, path: Path | None = None) -> None:
        self._app = app
        self.path = path
        self._sockets: list[socket.socket] = []
        self._opening = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.address: tuple[str, int] | None = None
        """Host and port listened on, None without TCP."""
        if host:
            self._bind_tcp(host, port)
        if path is not None:
            self._sockets.append(_bind_unix(path))
        config = uvicorn.Config(
            app,
            http=BoundedProtocol,
            loop="uvloop",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=STOP_S,
            backlog=_BACKLOG,
        )
        self._ready = threading.Event()
        self._server = _Uvicorn(config, self._ready)
        self._thread = threading.Thread(target=self._run, name="taskhouse-http", daemon=True)
        self._failure: BaseException | None = None

    @property
    def url(self) -> str:
        """`http://host:port`. Raises `RuntimeError` without TCP."""
        if self.address is None:
            raise RuntimeError("the server listens on no TCP port")
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def start(self) -> None:
        """Returns once connections are accepted."""
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise RuntimeError("the HTTP server did not start") from self._failure

    def open_port(self, host: str = "127.0.0.1") -> str:
        """Listen on a free TCP port too, and return its `url`; the port there is when asked again. Not on the server's own thread."""
        with self._opening:
            if self.address is None:
                self._ready.wait()
                self._bind_tcp(host, 0)
                assert self._loop is not None
                asyncio.run_coroutine_threadsafe(self._add(self._sockets[-1]), self._loop).result()
        return self.url

    def stop(self) -> None:
        """Take no new connection, let requests under way end, close. Idempotent."""
        self._app.retire()
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        for bound in self._sockets:
            bound.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        self._app.close()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=self._server.config.get_loop_factory()) as runner:
                self._loop = runner.get_loop()
                runner.run(self._server.serve(sockets=self._sockets))
        except BaseException as failure:
            self._failure = failure
        finally:
            self._ready.set()

    async def _add(self, bound: socket.socket) -> None:
        config, state = self._server.config, self._server.server_state
        added = await asyncio.get_running_loop().create_server(
            lambda: BoundedProtocol(config=config, server_state=state, app_state={}), sock=bound, backlog=_BACKLOG
        )
        self._server.servers.append(added)

    def _bind_tcp(self, host: str, port: int) -> None:
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        except socket.gaierror as error:
            raise OSError(f"cannot resolve host '{host}': {error.strerror}") from None
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, port))
            bound.listen(_BACKLOG)
        except OSError as error:
            bound.close()
            raise OSError(error.errno, f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}") from None
        self._sockets.append(bound)
        self.address = (host, bound.getsockname()[1])


def _bind_unix(path: Path) -> socket.socket:
    """A socket file left by a process that died is replaced; one that somebody listens on is an `OSError`."""
    if path.exists():
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            if probe.connect_ex(str(path)) == 0:
                raise OSError(f"another server listens on {path}")
        path.unlink()
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.bind(str(path))
        path.chmod(0o600)
        bound.listen(_BACKLOG)
    except OSError:
        bound.close()
        raise
    return bound
