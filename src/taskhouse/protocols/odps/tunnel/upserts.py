"""Upsert sessions through the tunnel: rows of tables with a primary key.

There is one slot with one bucket, so that rows of one key always come one after another.
"""

from __future__ import annotations

import re

from taskhouse.domain.transfer import UploadStatus
from taskhouse.protocols.odps.locating import table_of
from taskhouse.protocols.odps.tunnel import calls, encodings
from taskhouse.protocols.odps.tunnel.cost import METRICS_HEADER, TransferCost
from taskhouse.protocols.odps.tunnel.record_reader import RecordDecoder
from taskhouse.protocols.odps.web import Reply, Request, Routes
from taskhouse.services.tunnel import upsert
from taskhouse.services.tunnel.upload import UploadView
from taskhouse.services.world import World

routes = Routes()

_PATHS = (
    "/projects/{project}/tables/{table}/upserts",
    "/projects/{project}/schemas/{schema}/tables/{table}/upserts",
)
_STATUS = {
    UploadStatus.NORMAL: "normal",
    UploadStatus.CLOSING: "committing",
    UploadStatus.CLOSED: "committed",
    UploadStatus.CANCELED: "aborted",
}
_ADDRESS = re.compile(r"[\d.]+:\d{1,5}")
ROUTED_SERVER = "odps-tunnel-routed-server"


def _server(request: Request) -> str:
    """An address of the form that clients demand; they only repeat it in a header."""
    host = request.headers.get("host", "")
    return host if _ADDRESS.fullmatch(host) else "127.0.0.1:80"


def _document(view: UploadView, request: Request) -> dict[str, object]:
    return {
        "id": view.upload.id,
        "status": _STATUS[view.upload.status],
        "slots": [{"slot_id": 0, "buckets": [0], "worker_addr": _server(request)}],
        "hash_key": list(view.table.primary_key),
        "hasher": "default",
        "enable_partial_update": False,
        "schema": calls.schema_document([(name, type_) for name, _, type_ in view.upload.columns], view.table),
        "quota_name": request.query.get("quotaName", ""),
    }


def _found(world: World, request: Request) -> UploadView:
    return upsert.find(world, request.caller, table_of(request), request.query["upsertid"])


def begin(world: World, request: Request) -> Reply:
    view = upsert.begin(world, request.caller, table_of(request), request.query.get("partition", ""))
    return calls.answer(_document(view, request), request)


def get(world: World, request: Request) -> Reply:
    return calls.answer(_document(_found(world, request), request), request)


def put(world: World, request: Request) -> Reply:
    cost = TransferCost()
    view = _found(world, request)
    stream = encodings.decompressed(
        cost.receiving(request.stream), request.headers.get("content-encoding", ""), world.limits.block_bytes
    )
    decoder = RecordDecoder(
        upsert.wire_columns(view), field_bytes=world.limits.field_bytes, record_bytes=world.limits.record_bytes
    )
    upsert.put(world, view, decoder.read(stream))
    headers = {METRICS_HEADER: cost.document(), ROUTED_SERVER: _server(request)}
    return Reply(200, b"", headers, "application/json")


def commit(world: World, request: Request) -> Reply:
    view = _found(world, request)
    closed = upsert.commit(world, view)
    return calls.answer(_document(UploadView(closed, view.table, ()), request), request)


def abort(world: World, request: Request) -> Reply:
    upsert.abort(world, _found(world, request))
    return Reply(200, b"", {}, "application/json")


for _path in _PATHS:
    routes.post(_path)(begin)
    routes.get(_path, "upsertid")(get)
    routes.put(_path, "upsertid")(put)
    routes.post(_path, "upsertid")(commit)
    routes.delete(_path, "upsertid")(abort)
