"""All routes of the REST API, collected into its application."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from taskhouse.protocols.rest import (
    identity,
    operations,
    runs,
    views,
    views_around,
    views_overview,
    views_tasks,
    warehouse,
    workspace,
    workspace_files,
)
from taskhouse.protocols.rest.app import Authenticate, Observe, RestApp
from taskhouse.protocols.rest.authentication import TokenOrSession
from taskhouse.protocols.rest.bearer import Bearer
from taskhouse.protocols.rest.events import Hub, event_routes
from taskhouse.protocols.rest.rehearsal import rehearsal_routes
from taskhouse.protocols.rest.routing import Route, Routes
from taskhouse.protocols.rest.session import session_routes
from taskhouse.services.access.attempts import Attempts
from taskhouse.services.world import World

GROUPS: tuple[Routes, ...] = (
    identity.routes,
    operations.routes,
    views.routes,
    views_around.routes,
    views_tasks.routes,
    views_overview.routes,
    runs.routes,
    warehouse.routes,
    workspace.routes,
    workspace_files.routes,
)
"""Whoever adds a module of routes adds its `routes` here."""


def all_routes(extra: Iterable[Routes] = ()) -> list[Route]:
    """`extra`: groups of routes that only some servers have."""
    found = [route for group in (*GROUPS, *extra) for route in group]
    found += identity.document_routes(lambda: found)
    return found


def build_rest_app(
    world: World,
    extra: Iterable[Routes] = (),
    *,
    authenticate: Authenticate | None = None,
    observe: Observe | None = None,
    is_secure: Callable[[], bool] = lambda: False,
    public_url: str = "",
) -> RestApp:
    """`authenticate` is a `Bearer`, kept by whoever wants to admit the server's own token. A world that rehearses has routes of its own, and
    requests that change something wait until its schedulers have come to rest. `is_secure`: browsers come by https.
    `public_url` as in `RestApp`."""
    hub = Hub(world)
    rehearsal = world.rehearsal
    groups = [event_routes(hub), session_routes(Attempts(), is_secure), *extra]
    if rehearsal is not None:
        groups.append(rehearsal_routes(rehearsal))
    return RestApp(
        world,
        all_routes(groups),
        authenticate=authenticate or TokenOrSession(Bearer()),
        observe=observe,
        settle=None if rehearsal is None else rehearsal.settle,
        at_end=hub.close,
        public_url=public_url,
    )


def documented_routes() -> list[Route]:
    """Every route that a server may have, for documents; not to be served."""
    nothing: Any = None
    return all_routes([event_routes(nothing), session_routes(nothing, nothing), rehearsal_routes(nothing)])
