"""The REST application on a real socket, over a real access store; routes of the tests' own show what the frame does with each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
import pytest

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.limits import Limits
from taskhouse.protocols.mounting import Mounted
from taskhouse.protocols.odps.server import Server
from taskhouse.protocols.rest.api import all_routes
from taskhouse.protocols.rest.app import RestApp
from taskhouse.protocols.rest.bearer import Bearer
from taskhouse.protocols.rest.routing import BASE_PATH, Call, Reply, Routes
from taskhouse.scheduler.clock import RandomIds, SystemClock
from taskhouse.scheduler.events import LocalEvents
from taskhouse.services.world import World
from taskhouse.sim.memory_store import MemoryRecurringStore
from taskhouse.store.access import SqlAccessStore
from taskhouse.store.database import Database
from taskhouse.store.migrations import migrate

ADMIN, ALICE = "ALIYUN$admin", "ALIYUN$alice"


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    status: list[str] = []
    limit: int = 10
    paused: bool | None = None
    text: str = ""


class Thing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    size: int = 0
    inner: list[Any] = []


class Count(msgspec.Struct, frozen=True):
    count: int


class TestRoutes:
    """`made` counts what POST made."""

    __test__ = False

    def __init__(self) -> None:
        self.made = 0
        self.routes = Routes("test")
        routes = self.routes

        @routes.get("/test/things", query=Search, reply=Search)
        def search_things(call: Call[Search, None]) -> Search:
            """Search."""
            return call.query

        @routes.get("/test/things/{id}", reply=Count)
        def get_thing(call: Call[Any, None]) -> Count:
            """One."""
            return Count(call.number())

        @routes.get("/test/things/count", reply=Count)
        def count_things(call: Call[Any, None]) -> Count:
            """How many."""
            return Count(-1)

        @routes.get("/test/named/{name}", texts=["name"], reply=Thing)
        def get_named(call: Call[Any, None]) -> Thing:
            """By name."""
            return Thing(call.text("name"))

        @routes.post("/test/things", body=Thing, reply=Count, status=201, repeatable=True, example=Thing("a"))
        def make_thing(call: Call[Any, Thing]) -> Count:
            """Make one."""
            self.made += 1
            if call.body.name == "taken":
                raise Fault(FaultCode.OBJECT_EXISTS, "it is there")
            return Count(self.made)

        @routes.get("/test/defect", reply=Count)
        def defect(call: Call[Any, None]) -> Count:
            """A defect."""
            raise ZeroDivisionError("secret detail")

        @routes.get("/test/file", reply="text/plain")
        def download(call: Call[Any, None]) -> Reply:
            """A file."""
            return Reply(iter([b"a", b"b"]), media_type="text/plain", headers={"content-disposition": "attachment"})

        @routes.get("/test/stream", reply="text/event-stream", streaming=True)
        async def stream(call: Call[Any, None]) -> AsyncIterator[bytes]:
            """A stream without an end."""
            yield b"data: first\n\n"
            await asyncio.Event().wait()


class Elsewhere:
    """What answers outside `/api/v1`."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    def retire(self) -> None: ...

    def close(self) -> None: ...


@dataclass
class Api:
    world: World
    url: str
    token: str
    own: TestRoutes
    server: Server

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {"authorization": f"Bearer {self.token if token is None else token}"}
        return httpx.Client(base_url=self.url + BASE_PATH, headers=headers, timeout=30)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    home: Path = tmp_path_factory.mktemp("rest")
    database = Database(home / "meta.db")
    migrate(database)
    absent = cast(Any, None)
    world = World(
        instances=absent,
        catalogue=absent,
        access=SqlAccessStore(database),
        sessions=absent,
        models=absent,
        algorithms=absent,
        warehouse=absent,
        engine=absent,
        events=LocalEvents(),
        clock=SystemClock(),
        ids=RandomIds(),
        limits=Limits(),
        blobs=home,
        recurring=MemoryRecurringStore(),
    )
    world.access.add_user(ADMIN, world.clock.now(), is_admin=True)
    world.access.add_user(ALICE, world.clock.now())
    bearer = Bearer()
    own = TestRoutes()
    app = RestApp(world, all_routes([own.routes]), authenticate=bearer)
    server = Server(Mounted(Elsewhere(), {BASE_PATH: app}), host="127.0.0.1")
    server.start()
    yield Api(world, server.url, bearer.admit(ADMIN), own, server)
    server.stop()
    database.close()


@pytest.fixture(scope="module")
def client(api: Api) -> Iterator[httpx.Client]:
    with api.client() as opened:
        yield opened
