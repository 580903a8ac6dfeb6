"""The servers that run inside this process: one a home, shared by all connections to it.

A home is served by one process at a time. Whoever connects first starts a server on a Unix socket in a private folder; later
connections of the same process share it, and the last one to close ends it. When another process serves the home, a
connection joins that server instead, through its socket or port.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from taskhouse.config import Config
from taskhouse.home import HomeInUseError

if TYPE_CHECKING:
    from taskhouse.services.found_home import Login
    from taskhouse.wiring.server import Server

SOCKET = "s"
"""The socket's name: a Unix socket's whole path may have 107 bytes."""


@dataclass(slots=True)
class _Entry:
    server: Server
    folder: Path
    users: int = 0


_lock = threading.RLock()
_running: dict[Path, _Entry] = {}


@dataclass(slots=True)
class Lease:
    """A share in a server. `endpoint` is what PyODPS takes. `release` gives it back; the last one ends an own server."""

    endpoint: str
    login: Login
    home: Path
    own: bool
    _released: bool = False

    def release(self) -> None:
        """Idempotent."""
        with _lock:
            if self._released:
                return
            self._released = True
            entry = _running.get(self.home) if self.own else None
            if entry is None:
                return
            entry.users -= 1
            if entry.users > 0:
                return
            del _running[self.home]
            try:
                entry.server.close()
            finally:
                shutil.rmtree(entry.folder, ignore_errors=True)


def lease(config: Config) -> Lease:
    """A share in the server of `config.home`, which is started unless it runs.

    Raises `HomeInUseError` when another process holds the home and cannot be joined; the message names it.
    """
    home = config.home.expanduser().resolve()
    with _lock:
        entry = _running.get(home)
        if entry is None:
            try:
                entry = _start(replace(config, home=home))
            except HomeInUseError as error:
                return _join(home, error)
            _running[home] = entry
        entry.users += 1
        reach = entry.server.reach
        return Lease(reach.endpoint, reach.login, home, own=True)


def _start(config: Config) -> _Entry:
    from taskhouse import logs
    from taskhouse.wiring.server import Server

    logs.hand_over()
    folder = Path(tempfile.mkdtemp(prefix="taskhouse-"))
    try:
        server = Server(config, socket=folder / SOCKET)
        server.start()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return _Entry(server, folder)


@atexit.register
def _end_all() -> None:
    """End the servers of connections that nobody closed."""
    with _lock:
        entries = list(_running.values())
        _running.clear()
    for entry in entries:
        try:
            entry.server.close()
        finally:
            shutil.rmtree(entry.folder, ignore_errors=True)


def _join(home: Path, error: HomeInUseError) -> Lease:
    from taskhouse.services.found_home import found
    from taskhouse.wiring.administration import administration

    holder = error.holder
    if holder is None or not holder.endpoint or holder.pid == os.getpid():
        raise error
    with administration(home) as world:
        login = found(world, Config().project)
    return Lease(holder.endpoint, login, home, own=False)
