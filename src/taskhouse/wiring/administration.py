"""The metadata of a home, for commands that manage users, keys and projects."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from taskhouse.domain.limits import Limits
from taskhouse.home import DATABASE, SECRET_KEY
from taskhouse.scheduler.clock import RandomIds, SystemClock
from taskhouse.services.world import World
from taskhouse.store.access import SqlAccessStore
from taskhouse.store.catalogue import SqlCatalogueStore
from taskhouse.store.database import Database
from taskhouse.store.migrations import migrate
from taskhouse.store.sign_in import SqlSignInStore
from taskhouse.store.workspace import SqlWorkspaceStore


@contextlib.contextmanager
def administration(home: Path) -> Iterator[World]:
    """The world of a home, made when missing, with or without a running server. There is no engine and no warehouse
    behind it: statements, instances and tables' data are the server's business."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(home / DATABASE)
    absent: Any = _Absent()
    try:
        migrate(database)
        yield World(
            instances=absent,
            catalogue=SqlCatalogueStore(database),
            access=SqlAccessStore(database, home.resolve() / SECRET_KEY),
            sessions=absent,
            models=absent,
            algorithms=absent,
            warehouse=absent,
            engine=absent,
            events=absent,
            clock=SystemClock(),
            ids=RandomIds(),
            limits=Limits(),
            blobs=home.resolve() / "blobs",
            workspace=SqlWorkspaceStore(database),
            sign_ins=SqlSignInStore(database),
        )
    finally:
        database.close()


class _Absent:
    def __getattr__(self, name: str) -> NoReturn:
        raise RuntimeError(f"'{name}' needs a running server")
