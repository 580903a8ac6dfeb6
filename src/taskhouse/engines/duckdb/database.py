"""The one in-memory DuckDB database: how it is locked down, and the connections that queries run on.

Bound SQL comes from our own binder, which resolves every name itself; that is the first wall. The second is here, and holds even
for SQL that nobody bound: no file outside the warehouse can be opened, nothing can be attached,
installed or loaded, and no setting can be changed but those listed in `_FREE`. What cannot be shut are DuckDB's own
catalogue functions (`duckdb_settings()` and its like): they show the engine's settings, and need no file.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from taskhouse.domain.limits import Limits
from taskhouse.sql.backends.duckdb import quote_text
from taskhouse.sql.functions import prepare

_FREE = (
    "TimeZone",
    "enable_progress_bar",
    "enable_progress_bar_print",
    "progress_bar_time",
    "enable_profiling",
    "profiling_coverage",
)
"""Settings of one connection that may change after the lock; none opens anything."""
_NOWHERE = "/nonexistent"
_MEMORY_SHARE = 0.6
_SPILL_SHARE = 0.5
_IDLE_CURSORS = 64


@dataclass(slots=True)
class Cursor:
    """A connection of its own on the shared database. `time_zone` is what it is set to."""

    connection: duckdb.DuckDBPyConnection
    time_zone: str = ""

    def set_time_zone(self, name: str) -> None:
        if name != self.time_zone:
            self.connection.execute(f"SET TimeZone = {quote_text(name)}")
            self.time_zone = name


class Database:
    """Opens the database, locks it, and lends cursors."""

    def __init__(self, root: Path, spill: Path, limits: Limits) -> None:
        """`root`: the warehouse, the one folder that SQL may name; `spill`: for what does not fit in memory, emptied here.

        Raises `ValueError` for a folder whose name DuckDB would read as a pattern.
        """
        for folder in (root, spill):
            if set("*?[]") & set(str(folder)):
                raise ValueError(f"folder '{folder}': the characters * ? [ ] cannot stand in the path of a home")
        shutil.rmtree(spill, ignore_errors=True)
        spill.mkdir(parents=True)
        self.threads = limits.engine_threads or os.cpu_count() or 1
        self.memory_bytes = limits.memory_bytes or int(_machine_memory() * _MEMORY_SHARE)
        self._main = duckdb.connect(
            ":memory:",
            config={
                "threads": str(self.threads),
                "autoload_known_extensions": "false",
                "autoinstall_known_extensions": "false",
                "python_enable_replacements": "false",
            },
        )
        prepare(self._main)
        free_bytes = shutil.disk_usage(spill).free
        settings = {
            "memory_limit": quote_text(f"{self.memory_bytes // 1024}KiB"),
            "temp_directory": quote_text(str(spill)),
            "max_temp_directory_size": quote_text(f"{int(free_bytes * _SPILL_SHARE) // 1024}KiB"),
            "default_null_order": "'nulls_first_on_asc_last_on_desc'",
            "error_on_division_by_zero": "false",
            # Files are never changed once written, so what was read of them stays true.
            "parquet_metadata_cache": "true",
            "validate_external_file_cache": "'NO_VALIDATION'",
            "allow_persistent_secrets": "false",
            "secret_directory": quote_text(_NOWHERE),
            "extension_directory": quote_text(_NOWHERE),
            "home_directory": quote_text(_NOWHERE),
            "allow_community_extensions": "false",
            "allow_extension_repositories": "'forbidden'",
            "allowed_directories": f"[{quote_text(str(root))}]",
            "enable_external_access": "false",
            "allowed_configs": "[" + ", ".join(quote_text(name) for name in _FREE) + "]",
            "lock_configuration": "true",
        }
        for name, value in settings.items():
            self._main.execute(f"SET {name} = {value}")
        self._lock = threading.Lock()
        self._idle: list[Cursor] = []
        self._closed = False

    @contextlib.contextmanager
    def cursor(self, time_zone: str) -> Iterator[Cursor]:
        """Lend a cursor. One that fails is thrown away, so that nothing of a statement outlives it."""
        cursor = self._take()
        try:
            cursor.set_time_zone(time_zone)
            yield cursor
        except BaseException:
            cursor.connection.close()
            raise
        with self._lock:
            if not self._closed and len(self._idle) < _IDLE_CURSORS:
                self._idle.append(cursor)
                return
        cursor.connection.close()

    def _take(self) -> Cursor:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        connection = self._main.cursor()
        # Progress is asked for by another thread; a profile is read after the last row.
        connection.execute("SET enable_progress_bar = true")
        connection.execute("SET enable_progress_bar_print = false")
        connection.execute("SET progress_bar_time = 1")
        connection.execute("SET profiling_coverage = 'ALL'")
        connection.execute("SET enable_profiling = 'no_output'")
        return Cursor(connection)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for cursor in idle:
            cursor.connection.close()
        self._main.close()


def _machine_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
