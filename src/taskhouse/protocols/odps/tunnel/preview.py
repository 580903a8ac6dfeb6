"""The first rows of a table as a plain Arrow IPC stream."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.protocols.odps.locating import table_of
from taskhouse.protocols.odps.tunnel import calls
from taskhouse.protocols.odps.web import Reply, Request, Routes
from taskhouse.services.tunnel import download, head
from taskhouse.services.world import World

routes = Routes()

_COMPRESSION = {"zstd": "zstd", "lz4_frame": "lz4"}


def preview(world: World, request: Request) -> Reply:
    """At most `limit` rows (-1: as many as a preview may have). `Accept-Encoding` asks for compressed Arrow buffers, not for a compressed body.

    Raises `Fault` (MethodNotAllowed) for a column that Arrow clients cannot read, at which they turn to the CSV preview.
    """
    text = request.query.get("limit", "-1")
    try:
        limit = int(text)
    except ValueError:
        raise Fault(FaultCode.INVALID_PARAMETER, f"limit='{text}' is not a number") from None
    most = world.limits.preview_rows
    found = head.head(
        world,
        request.caller,
        table_of(request),
        request.query.get("partition", ""),
        calls.names(request),
        most if limit < 0 else min(limit, most),
    )
    schema = calls.arrow_schema(found.columns, instants_as_structs=True)
    options = pa.ipc.IpcWriteOptions(
        compression=_COMPRESSION.get(request.headers.get("accept-encoding", "").strip().lower())
    )
    return Reply(200, _ipc(found.columns, found.batches, schema, options), {}, calls.STREAM)


def _ipc(
    columns: list[download.WireColumn],
    batches: Iterator[pa.RecordBatch],
    schema: pa.Schema,
    options: pa.ipc.IpcWriteOptions,
) -> Iterator[bytes]:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema, options=options) as writer:
        for batch in batches:
            writer.write_batch(calls.arrow_batch(batch, columns, schema, instants_as_structs=True))
    yield sink.getvalue().to_pybytes()


for _path in (
    "/projects/{project}/tables/{table}/preview",
    "/projects/{project}/schemas/{schema}/tables/{table}/preview",
):
    routes.get(_path)(preview)
