"""`connect`: PyODPS itself, bound to a server in this process.

What comes back is an `odps.ODPS` with two more abilities: it can be closed, and its Logview host is looked up only when an address is
printed, because that is what opens a loopback port; everything else goes through the Unix socket.
"""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

from taskhouse.client.servers import Lease, lease
from taskhouse.config import Config, load


def connect(folder: str | Path, project: str | None = None, *, config: Config | None = None, **options: Any) -> Any:
    """A real `odps.ODPS` on the home `folder`, which is made when missing.

    `project`: the default project, made when missing; without it the one that the home started with. `config`: settings
    and limits of the server, if this is the call that starts it. `options` go to `odps.ODPS` (`schema`, ...).
    Nothing is lost when it is not closed, the server then lives until the process ends. Close it with `close()` or use it in `with`. Raises `HomeInUseError` when another process holds the folder and cannot be joined.
    """
    _require_client()
    settings = config or load(None, {}, {"log_level": "warning", "grace_s": 1.0})
    share = lease(replace(settings, home=Path(folder), project=project or settings.project))
    try:
        name = _ensure_project(share, project) if project else share.login.project
        return _client_class()(share, name, **options)
    except BaseException:
        share.release()
        raise


def _require_client() -> None:
    """Raises `ImportError` that says what to install."""
    for package in ("odps", "requests_unixsocket"):
        if importlib.util.find_spec(package) is None:
            raise ImportError("taskhouse.connect() needs PyODPS and requests-unixsocket: install taskhouse[client]")


def _ensure_project(share: Lease, project: str) -> str:
    from taskhouse.domain.catalogue import Project
    from taskhouse.services.catalogue.names import project_name
    from taskhouse.wiring.administration import administration

    name = project_name(project)
    with administration(share.home) as world:
        if world.catalogue.project(name) is None:
            now = world.clock.now()
            world.catalogue.create_project(Project(name, share.login.user, "", now, now))
    return name


class LogviewHost(str):
    """The text of the server's address, asked of the server when it is first printed."""

    _look_up: Any

    def __new__(cls, look_up: Any) -> LogviewHost:
        made = super().__new__(cls, "http://taskhouse")
        made._look_up = functools.cache(look_up)
        return made

    def __str__(self) -> str:
        return str(self._look_up())

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def strip(self, chars: str | None = None) -> str:
        """Itself: stripping must not print it."""
        return self


@functools.cache
def _client_class() -> Any:
    """The class is made when it is first needed, so that importing this module does not import PyODPS."""
    from odps import ODPS

    class EmbeddedODPS(ODPS):  # type: ignore[misc]  # PyODPS carries no types
        """`odps.ODPS` on a server in this process (or one that serves the same folder in another)."""

        def __init__(self, share: Lease, project: str, **options: Any) -> None:
            key = share.login.key
            self._share = share
            super().__init__(
                key.access_id,
                key.secret,
                project=project,
                endpoint=share.endpoint,
                tunnel_endpoint=options.pop("tunnel_endpoint", share.endpoint),
                logview_host=LogviewHost(self._look_up_logview_host),
                overwrite_global=options.pop("overwrite_global", False),
                **options,
            )

        def _look_up_logview_host(self) -> str:
            return str(self.rest.get(self.endpoint + "/logview/host").text).strip()

        def close(self) -> None:
            """Let go of the server; the last connection of the process ends it. Idempotent."""
            self._share.release()

        def __enter__(self) -> EmbeddedODPS:
            return self

        def __exit__(self, *_: object) -> None:
            self.close()

    return EmbeddedODPS
