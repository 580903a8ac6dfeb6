"""Parts of MaxCompute that Taskhouse does not have: refused by name, so that nobody wonders about an unknown path."""

from __future__ import annotations

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.protocols.odps.web import Handler, Reply, Request, Routes
from taskhouse.services.world import World

_PROJECT = "/projects/{project}"
_TABLES = (f"{_PROJECT}/tables/{{table}}", f"{_PROJECT}/schemas/{{schema}}/tables/{{table}}")
_METHODS = ("GET", "POST", "PUT", "DELETE")

_ABSENT = {
    "volumes": (
        f"{_PROJECT}/volumes",
        f"{_PROJECT}/volumes/{{volume}}",
        f"{_PROJECT}/volumes/{{volume}}/{{partition}}",
    ),
    "volume tunnel sessions": (
        f"{_PROJECT}/tunnel/uploads",
        f"{_PROJECT}/tunnel/uploads/{{session}}",
        f"{_PROJECT}/tunnel/downloads",
        f"{_PROJECT}/tunnel/downloads/{{session}}",
    ),
    "stream upload sessions": tuple(f"{table}/streams" for table in _TABLES),
    "the storage interface": (
        "/storage/{version}",
        "/storage/{version}/projects/{project}/schemas/{schema}/tables/{table}/sessions",
        "/storage/{version}/projects/{project}/schemas/{schema}/tables/{table}/sessions/{session}",
        "/storage/{version}/projects/{project}/schemas/{schema}/tables/{table}/data",
        "/storage/{version}/projects/{project}/schemas/{schema}/tables/{table}/commit",
    ),
    "packages": (f"{_PROJECT}/packages", f"{_PROJECT}/packages/{{package}}"),
}


def absent_routes(present: Routes) -> Routes:
    """Routes that refuse, for all paths above that `present` does not serve."""
    served = {(route.method, route.pattern) for route in present.all}
    routes = Routes()
    for name, patterns in _ABSENT.items():
        for pattern in patterns:
            for method in _METHODS:
                if (method, pattern) not in served:
                    routes.add(method, pattern)(_refuser(name))
    return routes


def _refuser(name: str) -> Handler:
    def refuse(world: World, request: Request) -> Reply:
        raise Fault(
            FaultCode.METHOD_NOT_ALLOWED,
            f"{name} are not supported" if name.endswith("s") else f"{name} is not supported",
        )

    return refuse
