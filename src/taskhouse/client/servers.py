"""The servers that run inside this process: one a home, shared by all connections to it.

A home is served by one process at a time. Whoever connects first starts a server on a Unix socket in a private folder; later
connections of the same process share it, and the last one to close ends it. When another process serves the home, a
connection joins that server instead, through its socket or port.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

from taskhouse.config import Config
from taskhouse.home import Holder, HomeInUseError, holder_of

if TYPE_CHECKING:
    from taskhouse.services.found_home import Login
    from taskhouse.wiring.server import Server

SOCKET = "s"
SOCKET_PATH_BYTES = 107
"""The longest path that a Unix socket may have."""
FOLDER_PREFIX = "taskhouse-"
JOIN_S = 15.0
"""How long another process may need until the server that it starts answers, or the one that it ends has ended."""
_LOOK_S = 0.05


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
            found = _start_or_find(replace(config, home=home))
            if isinstance(found, Holder):
                return _join(home, found)
            _running[home] = entry = found
        entry.users += 1
        reach = entry.server.reach
        return Lease(reach.endpoint, reach.login, home, own=True)


def _start_or_find(config: Config) -> _Entry | Holder:
    """A server of our own, or whoever serves the home already. A process that is only just starting or ending is waited for."""
    deadline = monotonic() + JOIN_S
    while True:
        try:
            return _start(config)
        except HomeInUseError as error:
            holder = error.holder
            if holder is not None and holder.pid == os.getpid():
                raise
            if holder is not None and _answers(holder):
                return holder
            if monotonic() > deadline:
                raise
        sleep(_LOOK_S)


def _answers(holder: Holder) -> bool:
    if not holder.socket:
        return bool(holder.endpoint)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return bool(holder.endpoint) and probe.connect_ex(holder.socket) == 0


def _start(config: Config) -> _Entry:
    from taskhouse import logs
    from taskhouse.wiring.server import Server

    logs.hand_over()
    before = holder_of(config.home)
    folder = _socket_folder()
    try:
        server = Server(config, socket=folder / SOCKET)
        _remove_folder_of_the_dead(before)
        server.start()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return _Entry(server, folder)


def _socket_folder() -> Path:
    """A new private folder whose path leaves room for the socket's: in the folder for temporary files, or if that is too deep, in /tmp."""
    folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
    if len(os.fsencode(folder / SOCKET)) > SOCKET_PATH_BYTES:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir="/tmp"))
    return folder


def _remove_folder_of_the_dead(before: Holder | None) -> None:
    """Called once the home is ours: whoever was its server was killed, and its socket's folder is still there."""
    if before is not None and before.socket:
        folder = Path(before.socket).parent
        if folder.name.startswith(FOLDER_PREFIX):
            shutil.rmtree(folder, ignore_errors=True)


def _forget_in_child() -> None:
    """A forked child has the parent's connections but not its threads: the servers go on in the parent, and only there."""
    global _lock
    _lock = threading.RLock()
    _running.clear()


os.register_at_fork(after_in_child=_forget_in_child)


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


def _join(home: Path, holder: Holder) -> Lease:
    from taskhouse.services.found_home import found
    from taskhouse.wiring.administration import administration

    with administration(home) as world:
        login = found(world, Config().project)
    return Lease(holder.endpoint, login, home, own=False)
