"""Rows of a SELECT through the tunnel, in any number, typed, in the order of the result."""

from __future__ import annotations

from taskhouse.domain.transfer import ResultDownload
from taskhouse.protocols.odps.locating import project_of
from taskhouse.protocols.odps.tunnel import calls
from taskhouse.protocols.odps.tunnel.cost import TransferCost
from taskhouse.protocols.odps.web import Reply, Request, Routes
from taskhouse.services.tunnel import download, results
from taskhouse.services.world import World

routes = Routes()

_ONE = "/projects/{project}/instances/{instance}"


def _document(found: ResultDownload) -> dict[str, object]:
    return {
        "DownloadID": found.id,
        "Status": "normal",
        "RecordCount": found.rows,
        "Schema": calls.schema_document(found.columns),
        "SupportReadByRawSize": False,
    }


def _find(world: World, request: Request) -> ResultDownload:
    return results.find(
        world, request.caller, project_of(request), request.path["instance"], request.query["downloadid"]
    )


@routes.post(_ONE, "downloads")
def begin(world: World, request: Request) -> Reply:
    found = results.begin(
        world,
        request.caller,
        project_of(request),
        request.path["instance"],
        limited=request.has("instance_tunnel_limit_enabled"),
    )
    return calls.answer(_document(found), request, begun=True)


@routes.get(_ONE, "downloadid")
def get(world: World, request: Request) -> Reply:
    return calls.answer(_document(_find(world, request)), request)


@routes.get(_ONE, "downloadid", "data")
def get_rows(world: World, request: Request) -> Reply:
    """Rows as records, or with `arrow` as Arrow, where a TIMESTAMP is a struct of seconds and nanoseconds."""
    cost = TransferCost()
    found = _find(world, request)
    start, count = calls.row_range(request)
    arrow = request.has("arrow")
    columns = download.selected(results.wire_columns(found), calls.names(request), in_order_of_names=not arrow)
    batches = results.rows(world, found, columns, start, count)
    if arrow:
        return calls.arrow_reply(request, batches, columns, cost, instants_as_structs=True)
    return calls.record_reply(request, batches, columns, cost)
