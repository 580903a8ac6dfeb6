"""Resources: lists, metadata in headers, content, uploads whole or in parts."""

from __future__ import annotations

from taskhouse.domain.catalogue import Resource
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.byte_source import ByteSource
from taskhouse.protocols.odps.faults import http_time
from taskhouse.protocols.odps.lists import asked, page_reply
from taskhouse.protocols.odps.locating import number, project_of, schema_of
from taskhouse.protocols.odps.web import Reply, Request, Routes
from taskhouse.protocols.odps.xml import Xml, element
from taskhouse.services.catalogue import resources
from taskhouse.services.catalogue.resources import NewResource
from taskhouse.services.world import World

routes = Routes()

_ALL = "/projects/{project}/resources"
_ONE = "/projects/{project}/resources/{resource}"


def _header(request: Request, name: str) -> str:
    """Header values travel as Latin-1; clients put UTF-8 there."""
    text = request.headers.get(name, "").strip()
    try:
        return text.encode("latin-1").decode()
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def _new(request: Request, name: str = "") -> NewResource:
    given = name or _header(request, "x-odps-resource-name")
    if not given:
        raise Fault(FaultCode.INVALID_ARGUMENT, "the header x-odps-resource-name is missing")
    kind = _header(request, "x-odps-resource-type")
    if not kind:
        raise Fault(FaultCode.INVALID_ARGUMENT, "the header x-odps-resource-type is missing")
    return NewResource(
        name=given,
        kind=kind,
        comment=_header(request, "x-odps-comment"),
        temporary=_header(request, "x-odps-resource-istemp").lower() == "true" or request.has("rIsPart"),
        source_table=_header(request, "x-odps-copy-table-source"),
    )


def _item(resource: Resource) -> Xml:
    return element(
        "Resource",
        element("Name", resource.name),
        element("Owner", resource.owner),
        element("Comment", resource.comment),
        element("ResourceType", resource.kind),
        element("CreationTime", http_time(resource.created_at)),
        element("LastModifiedTime", http_time(resource.modified_at)),
        element("LastUpdator", resource.updated_by),
        element("ResourceSize", resource.size),
        element("TableName", resource.source_table) if resource.source_table else None,
    )


def _headers(resource: Resource) -> dict[str, str]:
    headers = {
        "x-odps-owner": resource.owner,
        "x-odps-resource-type": resource.kind,
        "x-odps-resource-name": resource.name,
        "x-odps-updator": resource.updated_by,
        "x-odps-resource-size": str(resource.size),
        "x-odps-creation-time": http_time(resource.created_at),
        "Last-Modified": http_time(resource.modified_at),
        "x-odps-resource-istemp": "true" if resource.temporary else "false",
    }
    if resource.comment:
        headers["x-odps-comment"] = resource.comment
    if resource.source_table:
        headers["x-odps-copy-table-source"] = resource.source_table
    if resource.md5:
        headers["Content-MD5"] = resource.md5
    return {name: value.encode().decode("latin-1") for name, value in headers.items()}


@routes.get(_ALL)
def list_resources(world: World, request: Request) -> Reply:
    page = resources.page(world, request.caller, project_of(request), schema_of(request), **asked(world, request))
    return page_reply("Resources", page, _item)


@routes.get(_ONE, "meta")
def get_meta(world: World, request: Request) -> Reply:
    found = resources.get(world, request.caller, project_of(request), schema_of(request), request.path["resource"])
    return Reply(200, b"", _headers(found))


@routes.get(_ONE)
def read_resource(world: World, request: Request) -> Reply:
    found = resources.get(world, request.caller, project_of(request), schema_of(request), request.path["resource"])
    size = number(request, "rSize", -1)
    chunks, more = resources.read(world, found, number(request, "rOffset", 0), None if size < 0 else size)
    headers = _headers(found) | {"x-odps-resource-has-remaining": "true" if more else "false"}
    return Reply(200, chunks, headers, media_type="application/octet-stream")


@routes.post(_ALL)
def create_resource(world: World, request: Request) -> Reply:
    made = resources.create(
        world, request.caller, project_of(request), schema_of(request), _new(request), _body(request)
    )
    return Reply(201, b"", _located(made))


@routes.put(_ONE)
def overwrite_resource(world: World, request: Request) -> Reply:
    made = resources.overwrite(
        world,
        request.caller,
        project_of(request),
        schema_of(request),
        _new(request, request.path["resource"]),
        _body(request),
    )
    return Reply(200, b"", _located(made))


@routes.post(_ALL, "rOpMerge")
def merge_parts(world: World, request: Request) -> Reply:
    return _merged(world, request, _new(request), replace=False)


@routes.put(_ONE, "rOpMerge")
def merge_parts_over(world: World, request: Request) -> Reply:
    return _merged(world, request, _new(request, request.path["resource"]), replace=True)


def _merged(world: World, request: Request, new: NewResource, *, replace: bool) -> Reply:
    text = _header(request, "x-odps-resource-merge-total-bytes")
    if text and not text.isdecimal():
        raise Fault(FaultCode.INVALID_ARGUMENT, f"x-odps-resource-merge-total-bytes='{text}' is not a number")
    try:
        instruction = request.body().decode()
    except UnicodeDecodeError:
        raise Fault(FaultCode.INVALID_ARGUMENT, "the list of parts is not UTF-8 text") from None
    made = resources.merge(
        world,
        request.caller,
        project_of(request),
        schema_of(request),
        new,
        instruction,
        int(text) if text else None,
        replace=replace,
    )
    return Reply(200 if replace else 201, b"", _located(made))


@routes.delete(_ONE)
def delete_resource(world: World, request: Request) -> Reply:
    resources.drop(world, request.caller, project_of(request), schema_of(request), request.path["resource"])
    return Reply()


def _body(request: Request) -> ByteSource:
    return request.stream


def _located(resource: Resource) -> dict[str, str]:
    return {"x-odps-resource-name": resource.name.encode().decode("latin-1")}
