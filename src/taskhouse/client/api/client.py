"""The way in: `Client(url, token)`.

    with Client(url, token) as client:
        for line in client.instances.list(bizdate="20260301", status=["FAILED"]):
            print(line.name, line.status_text)
        preview = client.operations.preview("RERUN", [Target(12, ["t1"])])
        client.operations.apply("RERUN", [Target(12, ["t1"])], digest=preview.digest)

`url` and `token` are `rest_url` and `token` of a server's ready file, or a token of `taskhouse token create`. Answers are Structs; what the
server refuses is an exception of `taskhouse.client.api.errors`. What reads, and what carries an idempotency key (everything that
changes), is sent again when the connection breaks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from urllib.parse import quote

from taskhouse.client.api.events import Event, follow
from taskhouse.client.api.instances import (
    FieldPage,
    InstanceCounts,
    InstanceDetail,
    InstanceLine,
    InstancePage,
    NodeLine,
    NodeList,
    Offers,
)
from taskhouse.client.api.operations import Applied, Operation, Options, Preview, Target
from taskhouse.client.api.pictures import CodePage, ConsumptionLineage, Dag, ProductionLineage
from taskhouse.client.api.records import DiagnosisPage, Gantt, OperationLog, RunContent, RunLog
from taskhouse.client.api.rehearsal import Rehearsal
from taskhouse.client.api.server import Health, Me, ProjectList
from taskhouse.client.api.tasks import TaskDag, TaskDetail, TaskLine, TaskPage, VersionList
from taskhouse.client.api.transport import Query, Transport, Value
from taskhouse.client.api.workspace import Workspaces

PAGE = 1_000
"""Lines asked for at once when all are wanted."""


class Client:
    """Safe from several threads. `timeout_s` bounds one try of one request."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 60.0) -> None:
        self.transport = Transport(url, token, timeout_s=timeout_s)
        self.instances = Instances(self.transport)
        self.operations = Operations(self.transport)
        self.tasks = Tasks(self.transport)
        self.workspace = Workspaces(self.transport)
        self.rehearsal = Rehearsal(self.transport)

    def me(self) -> Me:
        """Whose token it is."""
        return self.transport.get("/me", Me)

    def projects(self) -> ProjectList:
        return self.transport.get("/projects", ProjectList)

    def health(self) -> Health:
        return self.transport.get("/health", Health)

    def events(self, environment: str = "", since: int | None = None) -> Iterator[Event]:
        """Changes as they happen, without end, taken up again when the connection breaks. `since`: the number after which to begin."""
        return follow(self.transport, environment, since)

    def close(self) -> None:
        self.transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Instances:
    """Recurring instances. Filters of `list`, `page` and `counts` are the query parameters of `GET /instances`: `bizdate="20260301"`,
    `status=["FAILED"]`, `selection="t0+3,owner:alice"`, `sort="start"`, `order="asc"`, ..."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def page(self, *, marker: str = "", limit: int = 50, **filters: Value | Sequence[Value]) -> InstancePage:
        return self._transport.get("/instances", InstancePage, {**filters, "marker": marker or None, "limit": limit})

    def list(self, **filters: Value | Sequence[Value]) -> Iterator[InstanceLine]:
        """All that match, page after page as they are taken."""
        marker = ""
        while True:
            found = self.page(marker=marker, limit=PAGE, **filters)
            yield from found.items
            marker = found.next_marker
            if not marker:
                return

    def counts(self, **filters: Value | Sequence[Value]) -> InstanceCounts:
        return self._transport.get("/instances/counts", InstanceCounts, filters)

    def download(self, **filters: Value | Sequence[Value]) -> tuple[bytes, str]:
        """The spreadsheet of all that match, and its file name."""
        return self._transport.get_bytes("/instances.xlsx", filters)

    def get(self, instance: int) -> InstanceDetail:
        return self._transport.get(f"/instances/{instance}", InstanceDetail)

    def fields(self, instance: int, *, status: Sequence[str] = (), search: str = "") -> FieldPage:
        query: Query = {"status": tuple(status), "search": search or None}
        return self._transport.get(f"/instances/{instance}/fields", FieldPage, query)

    def nodes(self, instance: int) -> NodeList:
        return self._transport.get(f"/instances/{instance}/nodes", NodeList)

    def node(self, node_instance: int) -> NodeLine:
        return self._transport.get(f"/node-instances/{node_instance}", NodeLine)

    def offers(self, instance: int, operation: str | None = None) -> Offers:
        """Which operations are open; with `operation` also the fields that it lets be selected."""
        return self._transport.get(f"/instances/{instance}/offers", Offers, {"operation": operation})

    def dag(self, instance: int, *, up: int = 1, down: int = 1, limit: int = 500, expand: Sequence[int] = ()) -> Dag:
        """The surroundings: levels `up` and `down`, at most `limit` instances; `expand` opens instances into their nodes."""
        query: Query = {"up": up, "down": down, "limit": limit, "expand": tuple(expand)}
        return self._transport.get(f"/instances/{instance}/dag", Dag, query)

    def code(self, instance: int) -> CodePage:
        return self._transport.get(f"/instances/{instance}/code", CodePage)

    def production_lineage(self, instance: int, field: str) -> ProductionLineage:
        """How a field is made."""
        return self._transport.get(f"/instances/{instance}/lineage/production", ProductionLineage, {"field": field})

    def consumption_lineage(self, instance: int, field: str) -> ConsumptionLineage:
        """Who reads a field."""
        return self._transport.get(f"/instances/{instance}/lineage/consumption", ConsumptionLineage, {"field": field})

    def runs(self, node_instance: int) -> RunLog:
        """The run log of a node instance: every run, the latest first."""
        return self._transport.get(f"/node-instances/{node_instance}/runs", RunLog)

    def log(self, node_instance: int, serial: int) -> RunContent:
        """What one run wrote, or its error."""
        return self._transport.get(f"/node-instances/{node_instance}/runs/{serial}/log", RunContent)

    def operations(self, instance: int, *, before: int | None = None, limit: int = 50) -> OperationLog:
        """The operation log of an instance, the latest first; `before` an id, for the next page."""
        query: Query = {"before": before, "limit": limit}
        return self._transport.get(f"/instances/{instance}/operations", OperationLog, query)

    def diagnosis(self, instance: int) -> DiagnosisPage:
        """Why it does not run: the five checks for each node."""
        return self._transport.get(f"/instances/{instance}/diagnosis", DiagnosisPage)

    def gantt(self, instance: int, *, start: int | None = None, end: int | None = None) -> Gantt:
        """The critical path that ends (or, with `end`, begins) with the instance; from the root unless `start` is given."""
        return self._transport.get(f"/instances/{instance}/gantt", Gantt, {"start": start, "end": end})

    def neighbours(self, instance: int, levels: int | str = 1) -> tuple[bytes, str]:
        """The spreadsheet of up- and downstream instances, and its name. `levels`: 1 to 10, or `unlimited`."""
        return self._transport.get_bytes(f"/instances/{instance}/neighbours.xlsx", {"levels": levels})


class Tasks:
    """Recurring tasks as they are published. Filters are the query parameters of `GET /tasks`: `kind=["DIMENSION"]`, `owner=["alice"]`, ..."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def page(self, *, marker: str = "", limit: int = 50, **filters: Value | Sequence[Value]) -> TaskPage:
        return self._transport.get("/tasks", TaskPage, {**filters, "marker": marker or None, "limit": limit})

    def list(self, **filters: Value | Sequence[Value]) -> Iterator[TaskLine]:
        """All that match, page after page as they are taken."""
        marker = ""
        while True:
            found = self.page(marker=marker, limit=PAGE, **filters)
            yield from found.items
            marker = found.next_marker
            if not marker:
                return

    def get(self, task: str, *, environment: str = "PROD") -> TaskDetail:
        """`task` is the id, `project.name`."""
        return self._transport.get(f"/tasks/{quote(task, safe='')}", TaskDetail, {"environment": environment})

    def versions(self, task: str, *, environment: str = "PROD") -> VersionList:
        return self._transport.get(f"/tasks/{quote(task, safe='')}/versions", VersionList, {"environment": environment})

    def dag(self, task: str, *, environment: str = "PROD", up: int = 1, down: int = 1, limit: int = 500) -> TaskDag:
        query: Query = {"environment": environment, "up": up, "down": down, "limit": limit}
        return self._transport.get(f"/tasks/{quote(task, safe='')}/dag", TaskDag, query)


class Operations:
    """Previewed, applied, looked up. Names are those of the API: RERUN, FORCE_RERUN_DOWNSTREAM, RERUN_ALL_FAILED, ..."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def preview(self, operation: str, targets: Sequence[Target], options: Options | None = None) -> Preview:
        """What it would do, and why; refusals are part of it. Changes nothing."""
        return self._transport.ask("/operations/preview", _body(operation, targets, options, ""), Preview)

    def apply(
        self,
        operation: str,
        targets: Sequence[Target],
        options: Options | None = None,
        *,
        digest: str = "",
        key: str | None = None,
    ) -> Applied:
        """Carry it out. Operations that write data need the `digest` of the preview. `key`: the idempotency key; one is made up when None.
        Raises `ApiError`, of a refusal its own class."""
        return self._transport.post("/operations/apply", _body(operation, targets, options, digest), Applied, key=key)

    def get(self, operation: int) -> Operation:
        """An entry of the operation log."""
        return self._transport.get(f"/operations/{operation}", Operation)


def _body(operation: str, targets: Sequence[Target], options: Options | None, digest: str) -> dict[str, object]:
    return {"operation": operation, "targets": list(targets), "options": options or Options(), "digest": digest}
