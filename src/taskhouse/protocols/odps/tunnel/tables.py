"""Tables through the tunnel: upload sessions with blocks, download sessions with ranges of rows."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from taskhouse.domain.datatypes import DataType
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.byte_source import ByteSource
from taskhouse.protocols.odps.locating import number, table_of
from taskhouse.protocols.odps.tunnel import calls, encodings
from taskhouse.protocols.odps.tunnel.arrow_forms import from_wire
from taskhouse.protocols.odps.tunnel.arrow_stream import decode_batches
from taskhouse.protocols.odps.tunnel.cost import METRICS_HEADER, TransferCost
from taskhouse.protocols.odps.tunnel.record_reader import RecordDecoder
from taskhouse.protocols.odps.web import Reply, Request, Routes
from taskhouse.services.tunnel import download, upload
from taskhouse.services.world import World
from taskhouse.sql.arrow import stored_schema

routes = Routes()

_PATHS = ("/projects/{project}/tables/{table}", "/projects/{project}/schemas/{schema}/tables/{table}")


# uploads


def _upload_document(view: upload.UploadView, world: World) -> dict[str, object]:
    return {
        "UploadID": view.upload.id,
        "Status": view.upload.status.value,
        "UploadedBlockList": [
            {"BlockID": block.id, "CreateTime": 0, "Date": "", "FileName": str(block.id), "Size": block.bytes}
            for block in view.blocks
        ],
        "Schema": calls.schema_document([(name, type_) for name, _, type_ in view.upload.columns], view.table),
        "MaxFieldSize": upload.field_bytes(world, view),
    }


def begin_upload(world: World, request: Request) -> Reply:
    view = upload.begin(
        world,
        request.caller,
        table_of(request),
        request.query.get("partition", ""),
        create_partition=calls.flag(request, "create_partition"),
        overwrite=calls.flag(request, "overwrite"),
    )
    return calls.answer(_upload_document(view, world), request, begun=True)


def get_upload(world: World, request: Request) -> Reply:
    view = upload.find(world, request.caller, table_of(request), request.query["uploadid"])
    return calls.answer(_upload_document(view, world), request)


def put_block(world: World, request: Request) -> Reply:
    """A block: records, or Arrow with `arrow`. Sent again it replaces itself."""
    cost = TransferCost()
    view = upload.find(world, request.caller, table_of(request), request.query["uploadid"])
    if not request.query.get("blockid"):
        raise Fault(FaultCode.INVALID_PARAMETER, "a block needs its number: blockid")
    block_id = number(request, "blockid", 0)
    stream = encodings.decompressed(
        cost.receiving(request.stream), request.headers.get("content-encoding", ""), world.limits.block_bytes
    )
    columns = upload.wire_columns(view)
    if request.has("arrow"):
        batches = _arrow_batches(world, stream, columns)
    else:
        decoder = RecordDecoder(
            columns, field_bytes=upload.field_bytes(world, view), record_bytes=world.limits.record_bytes
        )
        batches = decoder.read(stream)
    upload.put_block(world, view, block_id, batches)
    return Reply(200, b"", {METRICS_HEADER: cost.document()}, "application/json")


def _arrow_batches(world: World, stream: ByteSource, columns: list[tuple[str, DataType]]) -> Iterator[pa.RecordBatch]:
    wire = calls.arrow_schema([download.WireColumn(n, n, t) for n, t in columns], instants_as_structs=False)
    schema = stored_schema(columns)
    for batch in decode_batches(stream, wire, world.limits.batch_bytes):
        arrays = []
        for (name, type_), array in zip(columns, batch.columns, strict=True):
            try:
                arrays.append(from_wire(array, type_))
            except (pa.ArrowException, OverflowError, ValueError) as error:
                raise Fault(FaultCode.INVALID_ARGUMENT, f"column {name} ({type_}): {error}") from None
        yield pa.record_batch(arrays, schema=schema)


def commit_upload(world: World, request: Request) -> Reply:
    view = upload.find(world, request.caller, table_of(request), request.query["uploadid"])
    closed = upload.commit(world, view)
    document = _upload_document(upload.UploadView(closed, view.table, view.blocks), world)
    return calls.answer(document, request)


# downloads


def _download_document(view: download.DownloadView) -> dict[str, object]:
    return {
        "DownloadID": view.download.id,
        "Status": "expired" if view.expired else "normal",
        "RecordCount": view.download.rows,
        "Schema": calls.schema_document([(name, type_) for name, _, type_ in view.download.columns], view.table),
        "SupportReadByRawSize": False,
    }


def begin_download(world: World, request: Request) -> Reply:
    view = download.begin(world, request.caller, table_of(request), request.query.get("partition", ""))
    return calls.answer(_download_document(view), request, begun=True)


def get_download(world: World, request: Request) -> Reply:
    view = download.find(world, request.caller, table_of(request), request.query["downloadid"])
    return calls.answer(_download_document(view), request)


def get_rows(world: World, request: Request) -> Reply:
    """Rows as records, columns in the client's order; with `arrow` as Arrow, columns in the table's order."""
    cost = TransferCost()
    found = download.find_for_rows(world, request.caller, table_of(request), request.query["downloadid"])
    start, count = calls.row_range(request)
    arrow = request.has("arrow")
    columns = download.selected(download.wire_columns(found.columns), calls.names(request), in_order_of_names=not arrow)
    batches = download.rows(found, columns, start, count)
    if arrow:
        return calls.arrow_reply(request, batches, columns, cost, instants_as_structs=False)
    return calls.record_reply(request, batches, columns, cost)


for _path in _PATHS:
    routes.post(_path, "uploads")(begin_upload)
    routes.get(_path, "uploadid")(get_upload)
    routes.put(_path, "uploadid")(put_block)
    routes.post(_path, "uploadid")(commit_upload)
    routes.post(_path, "downloads")(begin_download)
    routes.get(_path, "downloadid")(get_download)
    routes.get(_path, "downloadid", "data")(get_rows)
