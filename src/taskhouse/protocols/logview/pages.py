"""Logview's addresses: the page, its CSV download, its two static files.

The address a client gets (`get_logview_address()`) carries a bearer token that may read one instance for some hours. Nothing else
lets a viewer in: no cookie is set or read. A token of an XFlow instance opens its sub-instances, too.
Everything on the page comes from this server; the content security policy allows nothing else, no inline script or style either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from urllib.parse import urlencode

import jinja2
import pyarrow as pa

from taskhouse.domain.access import instance_target
from taskhouse.domain.datatypes import DataType, parse_type
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Instance, ResultKind, Task
from taskhouse.protocols.logview import view
from taskhouse.protocols.odps.web import Reply, Request, Routes
from taskhouse.services import csv_text, inspect_instances
from taskhouse.services.access import authorize, tokens
from taskhouse.services.world import World

routes = Routes()

PREVIEW_ROWS = 50
_STATIC = {"logview.css": "text/css; charset=utf-8", "logview.js": "text/javascript; charset=utf-8"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Link:
    name: str
    href: str


@dataclass(frozen=True, slots=True)
class Child:
    action: str
    id: str
    status: view.Status
    duration: str
    href: str


@dataclass(frozen=True, slots=True)
class PreviewColumn:
    name: str
    type: str
    is_number: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a SELECT; None is NULL."""

    columns: tuple[PreviewColumn, ...]
    rows: list[tuple[str | None, ...]]
    total: int


@routes.public("/logview")
def page(world: World, request: Request) -> Reply:
    """The page of instance `i` of project `p`; `task` chooses one of several tasks."""
    query = request.query
    try:
        instance = _open(world, query)
    except Fault as fault:
        return _refused(fault, query.get("i", ""))
    chosen = query.get("task", "")
    shown = view.look_at(instance, {}, int(chosen) if chosen.isdecimal() else None, world.clock.now())
    task = instance.tasks[shown.chosen.index]
    children = world.instances.children(instance.id)
    parent = world.instances.head(instance.project, instance.parent_id) if instance.parent_id else None
    text = (
        _templates()
        .get_template("page.html")
        .render(
            view=shown,
            body=task.spec.body,
            preview=_preview(world, task),
            children=[_child(world, query, child) for child in children],
            parent=Link(parent.tasks[0].spec.name if parent.tasks else parent.id, _href(query, i=parent.id))
            if parent
            else None,
            task_href=lambda index: _href(query, i=instance.id, task=str(index)),
            csv_href="/logview/csv" + _href(query, i=instance.id, task=str(task.index)),
        )
    )
    return Reply(200, text, _HEADERS, "text/html; charset=utf-8")


@routes.public("/logview/csv")
def download(world: World, request: Request) -> Reply:
    """The rows of a SELECT as CSV, as many as `?result` gives."""
    query = request.query
    try:
        instance = _open(world, query)
        index = query.get("task", "0")
        task = instance.tasks[int(index)] if index.isdecimal() and int(index) < len(instance.tasks) else None
        if task is None or not task.result_file:
            raise Fault(FaultCode.NO_SUCH_OBJECT, f"task {index} of instance {instance.id} has no rows to download")
        body = csv_text.csv_file(
            str(world.results / task.result_file), _columns(task), _time_zone(task), world.limits.result_rows
        )
    except FileNotFoundError:
        return _refused(Fault(FaultCode.NO_SUCH_OBJECT, "the result is not kept any more"), query.get("i", ""))
    except Fault as fault:
        return _refused(fault, query.get("i", ""))
    headers = {**_HEADERS, "Content-Disposition": f'attachment; filename="{instance.id}.csv"'}
    return Reply(200, body, headers, "text/csv; charset=utf-8")


@routes.public("/logview/assets/{name}")
def asset(world: World, request: Request) -> Reply:
    """Style and script; their addresses change with their content, so they may be kept for ever."""
    name = request.path["name"]
    if name not in _STATIC:
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Logview has no file '{name[:100]}'")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Reply(200, _static(name), headers, _STATIC[name])


def _open(world: World, query: Mapping[str, str]) -> Instance:
    """The instance, if the token may read it. Raises `Fault`; a token learns nothing about instances that it does not open."""
    caller = tokens.verify(world, query.get("token", ""))
    project, instance_id = query.get("p", "").lower(), query.get("i", "")
    try:
        return inspect_instances.get(world, caller, project, instance_id)
    except Fault as fault:
        known = fault.code is not FaultCode.NO_SUCH_OBJECT
        if known or authorize.permits(world, caller, "Read", instance_target(project, instance_id)):
            raise
        raise Fault(FaultCode.NO_PERMISSION, "the token was made for another instance") from None


def _refused(fault: Fault, instance_id: str) -> Reply:
    title, reason = {
        FaultCode.AUTHENTICATION_EXPIRED: (
            "This Logview address has expired",
            "Addresses carry a token with a limited life, and the life of this one is over. The instance is not affected.",
        ),
        FaultCode.AUTHORIZATION_REQUIRED: (
            "This Logview address is not valid",
            "Its token was not issued by this server, or was damaged on the way, for instance by a line break.",
        ),
        FaultCode.NO_PERMISSION: (
            "This Logview address opens another instance",
            "A token is worth one instance, and this is not the one that it was made for.",
        ),
    }.get(fault.code, ("Nothing to show", fault.message))
    status = 404 if fault.code is FaultCode.NO_SUCH_OBJECT else 403
    safe = instance_id if instance_id.isalnum() and len(instance_id) < 64 else ""
    text = _templates().get_template("refused.html").render(title=title, reason=reason, instance_id=safe)
    return Reply(status, text, _HEADERS, "text/html; charset=utf-8")


def _child(world: World, query: Mapping[str, str], child: Instance) -> Child:
    shown = view.look_at(child, {}, None, world.clock.now())
    began, ended = child.started_at, child.ended_at or world.clock.now()
    spent = view.duration(ended - began) if began else "–"
    return Child(child.action, child.id, shown.status, spent, _href(query, i=child.id))


def _href(query: Mapping[str, str], **changed: str) -> str:
    """A link with this page's token; relative, so that it holds behind any proxy."""
    kept = {name: query[name] for name in ("h", "p", "token", "theme") if query.get(name)}
    return "?" + urlencode({**kept, **changed})


def _columns(task: Task) -> list[tuple[str, DataType]]:
    return [(name, parse_type(text)) for name, text in task.result_columns]


def _time_zone(task: Task) -> str:
    return str(task.summary.get("time_zone") or task.spec.settings.get("odps.sql.timezone") or "UTC")


def _preview(world: World, task: Task) -> Preview | None:
    if task.result_kind is not ResultKind.ROWS or not task.result_file:
        return None
    columns = _columns(task)
    zone = csv_text.zone(_time_zone(task))
    rows: list[tuple[str | None, ...]] = []
    try:
        with pa.memory_map(str(world.results / task.result_file)) as source, pa.ipc.open_file(source) as reader:
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number)[: PREVIEW_ROWS - len(rows)]
                cells = [csv_text.cell_texts(batch.column(i), type_, zone) for i, (_, type_) in enumerate(columns)]
                rows.extend(zip(*cells, strict=True))
                if len(rows) >= PREVIEW_ROWS:
                    break
    except FileNotFoundError:
        return None
    shown = tuple(PreviewColumn(name, str(type_), type_.is_number) for name, type_ in columns)
    return Preview(shown, rows, task.result_rows)


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("taskhouse.protocols.logview"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    environment.globals["asset"] = lambda name: f"/logview/assets/{name}?v={_version(name)}"
    environment.globals["seconds"] = _seconds
    return environment


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 0.0995 else f"{seconds * 1000:.0f} ms"


@cache
def _static(name: str) -> bytes:
    return (files("taskhouse.protocols.logview") / "static" / name).read_bytes()


@cache
def _version(name: str) -> str:
    return hashlib.sha256(_static(name)).hexdigest()[:12]
