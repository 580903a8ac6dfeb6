"""What tunnel calls have in common: reading their parameters, answering with JSON, and streaming rows out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import pyarrow as pa

from taskhouse.domain.catalogue import Column, Table
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.protocols.odps.tunnel import encodings
from taskhouse.protocols.odps.tunnel.arrow_forms import to_wire, wire_type
from taskhouse.protocols.odps.tunnel.arrow_stream import encode_batches
from taskhouse.protocols.odps.tunnel.cost import TransferCost
from taskhouse.protocols.odps.tunnel.record_writer import encode_records
from taskhouse.protocols.odps.web import FORK_SAFE, Reply, Request
from taskhouse.services.tunnel.download import WireColumn

_RANGE = re.compile(r"\(\s*(\d{1,18})\s*,\s*(\d{1,18})\s*\)")
STREAM = "application/octet-stream"
_SHORT = 256 * 1024


def answer(document: Mapping[str, Any], request: Request, *, begun: bool = False) -> Reply:
    """A JSON reply. A client that asks by a quota's name wants to see it again. `begun`: it is about a new session."""
    body = dict(document)
    if request.query.get("quotaName"):
        body["QuotaName"] = request.query["quotaName"]
    headers = FORK_SAFE if begun else {}
    return Reply(200, json.dumps(body, ensure_ascii=False), headers, "application/json")


def row_range(request: Request) -> tuple[int, int]:
    """`rowrange=(start,count)`. Raises `Fault` (InvalidParameter)."""
    text = request.query.get("rowrange", "")
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        raise Fault(FaultCode.INVALID_PARAMETER, f"rowrange='{text}' is not (start,count)")
    return int(found.group(1)), int(found.group(2))


def flag(request: Request, key: str) -> bool:
    return request.query.get(key, "").lower() == "true"


def names(request: Request) -> list[str]:
    """`columns=a,b`."""
    return [name.strip().strip("`") for name in request.query.get("columns", "").split(",") if name.strip()]


def schema_document(columns: Sequence[tuple[str, str]], table: Table | None = None) -> dict[str, Any]:
    """The columns of a session, `(name, type text)`; of a table also what its definition adds."""
    known = {} if table is None else {column.name: column for column in table.columns}
    return {
        "columns": [_column_document(name, type_, known.get(name)) for name, type_ in columns],
        "partitionKeys": []
        if table is None
        else [_column_document(column.name, str(column.type), column) for column in table.partition_columns],
    }


def _column_document(name: str, type_: str, column: Column | None) -> dict[str, Any]:
    return {
        "name": name,
        "type": type_,
        "comment": "" if column is None else column.comment,
        "isNullable": column is None or column.nullable,
        "nullable": column is None or column.nullable,
    }


def record_reply(
    request: Request, batches: Iterator[pa.RecordBatch], columns: Sequence[WireColumn], cost: TransferCost
) -> Reply:
    """Rows as records."""
    stream = encode_records(cost.storing(batches), [column.type for column in columns], cost.document)
    return _stream_reply(request, stream, cost)


def arrow_reply(
    request: Request,
    batches: Iterator[pa.RecordBatch],
    columns: Sequence[WireColumn],
    cost: TransferCost,
    *,
    instants_as_structs: bool,
) -> Reply:
    """Rows as Arrow. Raises `Fault` (MethodNotAllowed) for a column that Arrow clients cannot read."""
    schema = arrow_schema(columns, instants_as_structs=instants_as_structs)
    converted = (
        arrow_batch(batch, columns, schema, instants_as_structs=instants_as_structs) for batch in cost.storing(batches)
    )
    return _stream_reply(request, encode_batches(converted), cost)


def arrow_schema(columns: Sequence[WireColumn], *, instants_as_structs: bool) -> pa.Schema:
    return pa.schema([pa.field(c.name, wire_type(c.type, instants_as_structs=instants_as_structs)) for c in columns])


def arrow_batch(
    batch: pa.RecordBatch, columns: Sequence[WireColumn], schema: pa.Schema, *, instants_as_structs: bool
) -> pa.RecordBatch:
    arrays = [
        to_wire(array, column.type, instants_as_structs=instants_as_structs)
        for array, column in zip(batch.columns, columns, strict=True)
    ]
    return pa.record_batch(arrays, schema=schema)


def _stream_reply(request: Request, stream: Iterator[bytes], cost: TransferCost) -> Reply:
    """The stream, encoded as the client asks. A short one goes out whole, in one piece with its headers."""
    encoding = encodings.chosen(request.headers.get("accept-encoding", ""))
    headers = {"Content-Encoding": encoding} if encoding else {}
    chunks = encodings.compressed(stream, encoding)
    first: list[bytes] = []
    size = 0
    for chunk in chunks:
        first.append(chunk)
        size += len(chunk)
        if size > _SHORT:
            return Reply(200, cost.sending(chain((b"".join(first),), chunks)), headers, STREAM)
    return Reply(200, b"".join(first), headers, STREAM)
