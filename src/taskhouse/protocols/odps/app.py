"""All routes of the MaxCompute protocol, collected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from taskhouse.protocols.odps import (
    edge,
    functions,
    instance_reports,
    instances,
    projects,
    resources,
    security,
    tables,
    xflows,
)
from taskhouse.protocols.odps.absent import absent_routes
from taskhouse.protocols.odps.asgi import App
from taskhouse.protocols.odps.metrics import Metrics
from taskhouse.protocols.odps.signature import authenticate
from taskhouse.protocols.odps.tunnel import instances as tunnel_instances
from taskhouse.protocols.odps.tunnel import preview as tunnel_preview
from taskhouse.protocols.odps.tunnel import tables as tunnel_tables
from taskhouse.protocols.odps.tunnel import upserts as tunnel_upserts
from taskhouse.protocols.odps.web import Routes
from taskhouse.services.world import World

ACCELERATED = "/mcqa"
"""Clients that ask for interactive acceleration put this before paths of instances. There is one way to run work
here, so they get the same instances."""


def all_routes() -> list[Routes]:
    return [
        tunnel_tables.routes,
        tunnel_upserts.routes,
        tunnel_instances.routes,
        tunnel_preview.routes,
        instances.routes,
        instance_reports.routes,
        edge.routes,
        security.routes,
        projects.routes,
        tables.routes,
        resources.routes,
        functions.routes,
        xflows.routes,
    ]


def build_app(
    world: World,
    extra: Iterable[Routes] = (),
    *,
    public_url: str = "",
    open_port: Callable[[], str] | None = None,
) -> App:
    """The application of one server. `extra` are routes of other protocols (Logview). For `public_url` and `open_port`
    see `edge.Addresses`."""
    metrics = Metrics(world)
    present = Routes()
    for group in [*all_routes(), *extra, edge.Addresses(public_url, open_port).routes(), metrics.routes()]:
        present.all.extend(group.all)
    for route in (*instances.routes.all, *instance_reports.routes.all):
        present.all.append(replace(route, pattern=ACCELERATED + route.pattern))
    return App(world, [present, absent_routes(present)], authenticate=authenticate, observe=metrics.observe)
