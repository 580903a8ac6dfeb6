"""Databases by name, so that no password stands in a definition, which many may read.

A definition names a database in one of three ways:

    connection:crm                          an entry of the home's `connections.toml`
    sqlite:in/shop.db                       a SQLite file in the server's folder of files
    postgresql://reader@db.example/shop     without a password

    # connections.toml, readable by its owner only
    [crm]
    url = "postgresql://reader:secret@db.example/shop"
    projects = ["shop"]                     # absent: tasks of every project may use it
"""

from __future__ import annotations

import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.engines.transfer.files import inside

_NAMED = "connection:"
_SQLITE = "sqlite:"
_POSTGRESQL = ("postgresql", "postgres")


@dataclass(frozen=True, slots=True)
class Connection:
    """`shown` is what messages may say of it. `target`: a file's path or a URL."""

    driver: str
    target: str
    shown: str


class Connections:
    """The file is read at each use: a changed password counts at once."""

    def __init__(self, file: Path, folder: Path) -> None:
        self._file = file
        self._folder = folder

    def find(self, url: str, project: str) -> Connection:
        """Raises `Fault` (InvalidArgument, NoPermission)."""
        if url.startswith(_NAMED):
            name = url.removeprefix(_NAMED)
            return self._of_url(self._url_of(name, project), shown=url)
        if "@" in url and urlsplit(url).password is not None:
            raise _bad(
                f"a definition holds no password: put the URL into {self._file.name} and write connection:<name>"
            )
        return self._of_url(url, shown=url)

    def _of_url(self, url: str, shown: str) -> Connection:
        if url.startswith(_SQLITE):
            path = inside(self._folder, url.removeprefix(_SQLITE).removeprefix("//").lstrip("/"))
            return Connection("sqlite", str(path), shown)
        scheme = url.partition(":")[0]
        if scheme in _POSTGRESQL:
            return Connection("postgresql", url, shown)
        raise _bad(f"{shown}: a database is sqlite:<path>, postgresql://... or connection:<name>")

    def _url_of(self, name: str, project: str) -> str:
        entries = self._entries()
        entry = entries.get(name)
        if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
            known = ", ".join(sorted(entries)) or "none"
            raise _bad(f"connection:{name}: {self._file.name} has no [{name}] with a url; it has: {known}")
        projects = entry.get("projects")
        if projects is not None and project not in projects:
            raise Fault(FaultCode.NO_PERMISSION, f"connection:{name} may not be used by tasks of project '{project}'")
        return str(entry["url"])

    def _entries(self) -> dict[str, Any]:
        try:
            with open(self._file, "rb") as file:
                mode = stat.S_IMODE(self._file.stat().st_mode)
                if mode & 0o077:
                    raise _bad(f"{self._file.name} may hold passwords, but others can read it: chmod 600 {self._file}")
                return tomllib.load(file)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise _bad(f"{self._file.name} cannot be read: {error}") from None


def _bad(message: str) -> Fault:
    return Fault(FaultCode.INVALID_ARGUMENT, message)
