"""The folder in which a server keeps everything, and the lock that lets one process at a time be its server.

    meta.db       metadata (SQLite): projects, tables, instances, users
    secret.key    seals the secrets in it
    warehouse/    the tables' data
    blobs/        results, resources, staged uploads
    files/        what integration tasks read and write
    server.lock   held by the running server; says who that is

The lock is the operating system's, so it vanishes with the process however that ends.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

DATABASE = "meta.db"
SECRET_KEY = "secret.key"
WORKSPACE = "workspace"
"""Folder of the workspace's files, where a server is given no other."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who serves a home. `endpoint` is empty until the server answers; `socket` is the path of its Unix socket, if it has one.
    `rest_url` and `token` are the address of its REST API and the administrator's login to it, for those who may read the file."""

    pid: int
    endpoint: str = ""
    socket: str = ""
    rest_url: str = ""
    token: str = ""


class HomeInUseError(RuntimeError):
    """Another process (or another server in this one) serves the home."""

    def __init__(self, path: Path, holder: Holder | None) -> None:
        self.holder = holder
        if holder is None:
            who = "another process"
        else:
            where = holder.endpoint or holder.socket
            who = f"process {holder.pid}" + (f" ({where})" if where else "")
        super().__init__(f"the home {path} is in use by {who}")


class Home:
    """Opens (and makes, if missing) the folders of a home and takes its lock. Raises `HomeInUseError`."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = os.open(self.path / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise HomeInUseError(self.path, holder_of(self.path)) from None
        self.announce(Holder(os.getpid()))
        for folder in (self.warehouse, self.blobs, self.blobs / "results"):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def database(self) -> Path:
        return self.path / DATABASE

    @property
    def warehouse(self) -> Path:
        return self.path / "warehouse"

    @property
    def blobs(self) -> Path:
        return self.path / "blobs"

    def announce(self, holder: Holder) -> None:
        """Say in the lock file who serves the home, for those who find it taken."""
        text = json.dumps(asdict(holder)).encode()
        os.pwrite(self._lock, text + b"\n", 0)
        os.ftruncate(self._lock, len(text) + 1)

    def close(self) -> None:
        """Give the lock back. Idempotent."""
        if self._lock >= 0:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = -1


def is_home(path: Path) -> bool:
    """Whether the folder has been served or managed before."""
    return (path / DATABASE).is_file()


def holder_of(path: Path) -> Holder | None:
    """Who holds the home's lock, as the lock file says; None when nobody does or it cannot be read yet."""
    try:
        text = (path / "server.lock").read_text(encoding="utf-8")
        document = json.loads(text)
        texts = (str(document.get(name, "")) for name in ("endpoint", "socket", "rest_url", "token"))
        return Holder(int(document["pid"]), *texts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
