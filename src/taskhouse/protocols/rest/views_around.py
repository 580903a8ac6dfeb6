"""Routes around an instance: DAG, lineage, code, logs, diagnosis, Gantt chart; and the two downloads."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import msgspec

from taskhouse.domain.instance_graph import ROOT_ID
from taskhouse.domain.neighbourhood import Direction
from taskhouse.protocols.rest.errors import bad_request
from taskhouse.protocols.rest.operation_results import OperationView, operation_view
from taskhouse.protocols.rest.routing import BASE_PATH, Call, Nothing, Reply, Routes
from taskhouse.protocols.rest.views import Filters, answered, list_request
from taskhouse.services.recurring.views import (
    code_page,
    dag,
    diagnosis_page,
    downloads,
    gantt,
    lineage,
    log_lines,
    run_log,
)
from taskhouse.services.recurring.views.code_page import CodePage
from taskhouse.services.recurring.views.dag import Dag
from taskhouse.services.recurring.views.diagnosis_page import DiagnosisPage
from taskhouse.services.recurring.views.downloads import Download
from taskhouse.services.recurring.views.gantt import Gantt
from taskhouse.services.recurring.views.lineage import ConsumptionLineage, ProductionLineage
from taskhouse.services.recurring.views.log_lines import LogLines, LogMatches
from taskhouse.services.recurring.views.run_log import RunContent, RunLog
from taskhouse.services.spreadsheet import MEDIA_TYPE

routes = Routes("instances")


class DagQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`up` and `down` levels, at most `limit` instances (500; up to 10000). `more`: further neighbours of instances that are shown,
    `up:12` or `down:12`, in the order in which they were asked for. `expand`: ids of instances whose nodes are shown, or `all`."""

    up: int = 1
    down: int = 1
    limit: int = 500
    more: list[str] = []
    expand: list[str] = []


class FieldName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field by name."""

    field: str


class GanttQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The path from `start` to `end`, ids of instances; one of them is the instance of the address. 0, or no start: the root. `others`: with
    what else lies between."""

    start: int | None = None
    end: int | None = None
    others: bool = False


class LevelsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`levels`: 1 to 10, or `unlimited`."""

    levels: str = "1"


class LogQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`before`: the id that the page before ended with."""

    before: int = 0
    limit: int = 50


class RunsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most `limit` runs, 1000."""

    limit: int = 100


class LinesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most `limit` lines, up to 5000, from `line` on, which counts from 1, or from the end when it is negative."""

    line: int = 1
    limit: int = 1_000


class FindQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a line, whatever its case."""

    text: str


class OperationList(msgspec.Struct, frozen=True):
    """The latest first. `next_before` is what `before` takes for the next page, None on the last."""

    items: list[OperationView]
    next_before: int | None


@routes.get("/instances/{id}/dag", query=DagQuery, reply=Dag, errors=(403, 404))
@answered
def show_dag(call: Call[DagQuery, None]) -> Dag:
    """An instance with what is upstream and downstream of it."""
    query = call.query
    everything = "all" in query.expand
    expand = [text for text in query.expand if text != "all"]
    wrong = next((text for text in expand if not text.isascii() or not text.isdigit()), None)
    if wrong is not None:
        raise bad_request(f"expand = '{wrong}' is neither an id nor 'all'", "expand")
    return dag.dag(
        call.world,
        call.actor,
        call.number(),
        up=query.up,
        down=query.down,
        limit=query.limit,
        more=[_more(text) for text in query.more],
        expand=[int(text) for text in expand],
        expand_all=everything,
    )


def _more(text: str) -> tuple[int, Direction]:
    side, _, id = text.partition(":")
    if side not in _SIDES or not id.isascii() or not id.isdigit():
        raise bad_request(f"more = '{text}' is neither 'up:' nor 'down:' and an id", "more")
    return int(id), _SIDES[side]


_SIDES = {"up": Direction.UPSTREAM, "down": Direction.DOWNSTREAM}


@routes.get("/instances/{id}/lineage/production", query=FieldName, reply=ProductionLineage, errors=(403, 404))
@answered
def show_production_lineage(call: Call[FieldName, None]) -> ProductionLineage:
    """How a field is made: by each node that computes it, from what, and what blocks that node."""
    return lineage.production(call.world, call.actor, call.number(), call.query.field)


@routes.get("/instances/{id}/lineage/consumption", query=FieldName, reply=ConsumptionLineage, errors=(403, 404))
@answered
def show_consumption_lineage(call: Call[FieldName, None]) -> ConsumptionLineage:
    """Who reads a field: downstream nodes with their fields that depend on it."""
    return lineage.consumption(call.world, call.actor, call.number(), call.query.field)


@routes.get("/instances/{id}/code", reply=CodePage, errors=(403, 404))
@answered
def show_code(call: Call[Nothing, None]) -> CodePage:
    """The code of each node: as its latest attempt ran it, and as it is published now."""
    return code_page.code_of(call.world, call.actor, call.number())


@routes.get("/instances/{id}/diagnosis", reply=DiagnosisPage, errors=(403, 404))
@answered
def diagnose_instance(call: Call[Nothing, None]) -> DiagnosisPage:
    """Why the nodes of an instance do not run, or how they ran: five checks each."""
    return diagnosis_page.diagnosis_of(call.world, call.actor, call.number())


@routes.get("/instances/{id}/gantt", query=GanttQuery, reply=Gantt, errors=(403, 404, 409))
@answered
def show_gantt(call: Call[GanttQuery, None]) -> Gantt:
    """The critical path that ends in an instance, from the root or another one; with `end` the path that starts in it."""
    own, start, end, others = call.number(), call.query.start, call.query.end, call.query.others
    if end is None or end == own:
        return gantt.gantt(call.world, call.actor, own, ROOT_ID if start is None else start, others=others)
    if start is not None and start != own:
        raise bad_request(f"start or end must be the instance {own} of the address", "start")
    return gantt.gantt(call.world, call.actor, end, own, others=others)


@routes.get("/instances/{id}/operations", query=LogQuery, reply=OperationList, errors=(403, 404))
@answered
def list_operations(call: Call[LogQuery, None]) -> OperationList:
    """The operation log of an instance, the latest first."""
    limit = max(1, min(call.query.limit, run_log.MAX_OPERATIONS))
    found = run_log.operations_of(call.world, call.actor, call.number(), before=call.query.before, limit=limit)
    more = len(found) == limit and found[-1].id > 1
    return OperationList([operation_view(entry) for entry in found], found[-1].id if more else None)


@routes.get("/node-instances/{id}/runs", query=RunsQuery, reply=RunLog, errors=(403, 404))
@answered
def list_runs(call: Call[RunsQuery, None]) -> RunLog:
    """The run log of a node instance: every run, the latest first."""
    return run_log.runs_of(call.world, call.actor, call.number(), call.query.limit)


@routes.get("/node-instances/{id}/runs/{serial}/log", reply=RunContent, errors=(403, 404))
@answered
def show_run_log(call: Call[Nothing, None]) -> RunContent:
    """What one run wrote, the code that was submitted, and the address of its Logview page."""
    found = run_log.content_of(call.world, call.actor, call.number(), call.number("serial"))
    return replace(found, logview=_absolute(call, found.logview))


@routes.get("/node-instances/{id}/runs/{serial}/lines", query=LinesQuery, reply=LogLines, errors=(403, 404))
@answered
def show_run_lines(call: Call[LinesQuery, None]) -> LogLines:
    """A window of what one run wrote, by lines."""
    line, limit = call.query.line, call.query.limit
    found = log_lines.lines_of(call.world, call.actor, call.number(), call.number("serial"), line=line, limit=limit)
    return replace(found, logview=_absolute(call, found.logview))


@routes.get("/node-instances/{id}/runs/{serial}/matches", query=FindQuery, reply=LogMatches, errors=(403, 404))
@answered
def find_in_run_log(call: Call[FindQuery, None]) -> LogMatches:
    """Which lines of what one run wrote have a text."""
    return log_lines.matches_of(call.world, call.actor, call.number(), call.number("serial"), call.query.text)


@routes.get("/node-instances/{id}/runs/{serial}/log.txt", reply="text/plain", errors=(403, 404))
@answered
def download_run_log(call: Call[Nothing, None]) -> Reply:
    """What one run wrote, as a file."""
    serial = call.number("serial")
    found = run_log.content_of(call.world, call.actor, call.number(), serial)
    name = f"node_{call.number()}_run_{serial}.log"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Reply(found.content.encode(), 200, "text/plain; charset=utf-8", headers)


def _absolute(call: Call[Any, None], logview: str) -> str:
    return call.base_url.removesuffix(BASE_PATH) + logview if logview else ""


@routes.get("/instances.xlsx", query=Filters, reply=MEDIA_TYPE, errors=(403,))
@answered
def download_instances(call: Call[Filters, None]) -> Reply:
    """All instances of the list as a spreadsheet, with the same filters and order."""
    return _file(downloads.instances(call.world, call.actor, list_request(call)))


@routes.get("/instances/{id}/neighbours.xlsx", query=LevelsQuery, reply=MEDIA_TYPE, errors=(403, 404))
@answered
def download_neighbours(call: Call[LevelsQuery, None]) -> Reply:
    """What is upstream and downstream of an instance as a spreadsheet."""
    text = call.query.levels.strip().lower()
    if text != "unlimited" and not re.fullmatch(r"\d{1,3}", text):
        raise bad_request(f"levels = '{call.query.levels}': it is 1 to {downloads.MAX_LEVELS} or unlimited", "levels")
    levels = None if text == "unlimited" else int(text)
    return _file(downloads.neighbours(call.world, call.actor, call.number(), levels))


def _file(download: Download) -> Reply:
    """Names outside ASCII are told in both forms of RFC 6266."""
    name = download.file_name
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    disposition = f'attachment; filename="{plain}"'
    if plain != name:
        disposition += f"; filename*=UTF-8''{quote(name)}"
    return Reply(download.content, 200, MEDIA_TYPE, {"content-disposition": disposition, "cache-control": "no-store"})
