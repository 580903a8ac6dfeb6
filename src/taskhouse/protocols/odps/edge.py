"""What clients ask around their real work: tenant, addresses of other services, quotas, health."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.protocols.odps import xml
from taskhouse.protocols.odps.faults import epoch_ms, epoch_s
from taskhouse.protocols.odps.locating import project_of
from taskhouse.protocols.odps.routing import BASE_PATH
from taskhouse.protocols.odps.web import FORK_SAFE, Reply, Request, Routes
from taskhouse.protocols.odps.xml import Xml, element
from taskhouse.services.world import World

routes = Routes()

QUOTA = "default"
REGION = "local"
TENANT = "taskhouse"
CONNECTION = "taskhouse"
"""The opaque connection text of interactive acceleration, which leads to the same instances."""
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def _text(text: str) -> Reply:
    return Reply(200, text, media_type="text/plain")


def _json(value: object) -> Reply:
    return Reply(200, json.dumps(value), media_type="application/json")


@routes.get("/tenants")
def tenants(world: World, request: Request) -> Reply:
    """Three-tier naming is a property of each project here, so the tenant does not ask for it."""
    document = {
        "Name": TENANT,
        "OwnerId": request.caller.user,
        "TenantId": TENANT,
        "TenantState": "NORMAL",
        "CreateTime": epoch_s(_BEGINNING),
        "UpdateTime": epoch_s(_BEGINNING),
        "TenantMeta": {},
        "Parameters": {"odps.namespace.schema": "false"},
    }
    return replace(_json({"Tenant": document}), headers=FORK_SAFE)


# addresses


class Addresses:
    """Where clients find this server: at `public_url` if there is one (`https://example.com/taskhouse`), otherwise where they
    sent their request. A caller on a Unix socket has no address to come back to: `open_port` makes one
    (`http://127.0.0.1:1234`)."""

    def __init__(self, public_url: str = "", open_port: Callable[[], str] | None = None) -> None:
        self._public_url = public_url.rstrip("/")
        self._open_port = open_port

    def base(self, request: Request) -> str:
        """Scheme, host and path without a slash at the end. Raises `Fault` (InvalidParameter) when there is no such address."""
        if self._public_url:
            return self._public_url
        host = request.headers.get("host", "")
        if host and host != "localhost" and "%" not in host and "/" not in host:
            return f"http://{host}"
        if self._open_port is None:
            raise Fault(FaultCode.INVALID_PARAMETER, "this server is reached through a socket only and has no address")
        return self._open_port().rstrip("/")

    def routes(self) -> Routes:
        routes = Routes()

        @routes.get("/logview/host")
        def logview_host(world: World, request: Request) -> Reply:
            """Below the base path only: paths without it are those of the tunnel, where clients test that nothing else answers."""
            if not request.url.startswith(BASE_PATH + "/"):
                raise Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - the tunnel has no path '{request.url}'")
            return _text(self.base(request))

        @routes.get("/projects/{project}/tunnel", "service")
        def tunnel_host(world: World, request: Request) -> Reply:
            """Without a base path: clients append paths of other interfaces to it. Every quota leads to the same tunnel."""
            project = project_of(request)
            if world.catalogue.project(project) is None:
                raise Fault(FaultCode.NO_SUCH_PROJECT, f"Project not found - '{project}'")
            return replace(_text(self.base(request).split("://", 1)[1]), headers=FORK_SAFE)

        return routes


@routes.get("/webconsole/host")
def webconsole_host(world: World, request: Request) -> Reply:
    raise Fault(FaultCode.NO_SUCH_OBJECT, "Object not found - there is no job insight console; Logview shows instances")


@routes.get("/catalogapi")
def catalog_host(world: World, request: Request) -> Reply:
    raise Fault(FaultCode.METHOD_NOT_ALLOWED, "the catalog interface (models) is not supported")


# quotas


def _quota_element(world: World) -> Xml:
    """The one quota there is: this machine."""
    return element(
        "Quota",
        element("Name", QUOTA),
        element("ID", "1"),
        element("Nickname", QUOTA),
        element("Region", REGION),
        element("TenantId", TENANT),
        element("CPU", world.limits.engine_threads or _cores()),
        element("MinCPU", 0),
        element("Memory", (world.limits.memory_bytes or _memory_bytes()) // 2**20),
        element("Status", "ON"),
        element("ResourceSystemType", "FUXI_OFFLINE"),
        element("IsEnabled", True),
        element("CreateTimeMs", epoch_ms(_BEGINNING)),
        element("LastModifiedTimeMs", epoch_ms(_BEGINNING)),
        element("Properties", "{}"),
        element("VirtualClusterConfig", "{}"),
        element("BillingPolicy", "{}"),
    )


def _memory_bytes() -> int:
    """The engine's share of the machine's memory (see `Limits.memory_bytes`)."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 6 // 10


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@routes.get("/quotas")
def list_quotas(world: World, request: Request) -> Reply:
    return Reply(200, xml.document(element("Quotas", element("Marker"), _quota_element(world))))


@routes.get("/quotas/{quota}")
def get_quota(world: World, request: Request) -> Reply:
    name = request.path["quota"]
    if name != QUOTA or request.query.get("region", REGION) not in ("", REGION):
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - quota '{name}'")
    return Reply(200, xml.document(_quota_element(world)), {"x-odps-mcqa-conn": CONNECTION})


@routes.get("/connection/mcqa")
def mcqa_connection(world: World, request: Request) -> Reply:
    name = request.query.get("quota") or QUOTA
    return _json({"connInfo": CONNECTION, "quotaNickName": name, "quotaType": "FUXI_VW"})


# noise and health


@routes.put("/projects/{project}/logs")
def client_log(world: World, request: Request) -> Reply:
    """Clients report which deprecated calls they make. Read and forgotten."""
    request.body()
    return Reply()


@routes.get("/projects/{project}/system")
def system(world: World, request: Request) -> Reply:
    return _json({"system": "taskhouse", "version": version("taskhouse")})


@routes.public("/healthz")
def health(world: World, request: Request) -> Reply:
    """200 once the metadata store answers."""
    counts = world.instances.counts()
    return _json({"status": "ok", "instances": {status.value: number for status, number in counts.items()}})
