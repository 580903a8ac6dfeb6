"""An ASGI application on a socket: uvicorn on a thread and event loop of its own.

The socket is bound before the server starts, so that a port of 0 is known at once and a taken one is an error of
the caller. Several listeners may share an application: a Unix socket for programs, a TCP port for browsers.
"""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from typing import Any

import uvicorn

KEEP_ALIVE_S = 120
"""Longer than clients keep an idle connection for, so that it is they who close it."""
_BACKLOG = 1024


def bind_tcp(host: str, port: int) -> socket.socket:
    """A listening TCP socket; `port` 0 picks a free one. Raises `OSError` naming the address."""
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
    return bound


def bind_unix(path: Path) -> socket.socket:
    """A listening Unix socket that only this user may connect to."""
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.bind(str(path))
        path.chmod(0o600)
        bound.listen(_BACKLOG)
    except OSError:
        bound.close()
        raise
    return bound


class Listener:
    def __init__(self, app: Any, bound: socket.socket) -> None:
        self._bound = bound
        self._ready = threading.Event()
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            loop="uvloop",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=True,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=5,
            backlog=_BACKLOG,
        )
        self._server = _Server(config, self._ready)
        self._thread = threading.Thread(target=self._run, name="taskhouse-http", daemon=True)
        self._error: BaseException | None = None

    @property
    def port(self) -> int:
        """The TCP port; 0 for a Unix socket."""
        return int(self._bound.getsockname()[1]) if self._bound.family != socket.AF_UNIX else 0

    def start(self) -> None:
        """Returns once requests are answered."""
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise RuntimeError("the HTTP server did not start") from self._error

    def stop(self) -> None:
        """Take no new connection, let requests under way finish for some seconds. Idempotent."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._bound.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._bound])
        except BaseException as error:
            self._error = error
        finally:
            self._ready.set()


class _Server(uvicorn.Server):
    """Tells when it has started."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()
