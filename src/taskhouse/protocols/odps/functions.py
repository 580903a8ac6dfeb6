"""Functions: registered class names and the resources they need."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from taskhouse.domain.catalogue import Function
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.protocols.odps import xml
from taskhouse.protocols.odps.faults import http_time
from taskhouse.protocols.odps.lists import asked, page_reply
from taskhouse.protocols.odps.locating import project_of, schema_of
from taskhouse.protocols.odps.web import Reply, Request, Routes
from taskhouse.protocols.odps.xml import Xml, element
from taskhouse.services.catalogue import functions
from taskhouse.services.world import World

routes = Routes()

_ALL = "/projects/{project}/registration/functions"
_ONE = "/projects/{project}/registration/functions/{function}"


def _element(function: Function) -> Xml:
    return element(
        "Function",
        element("Alias", function.name),
        element("Owner", function.owner),
        element("CreationTime", http_time(function.created_at)),
        element("ClassType", function.class_name),
        element("Resources", (element("ResourceName", name) for name in function.resources)),
        element("IsSqlFunction", False),
        element("IsEmbeddedFunction", False),
    )


def _definition(root: Element) -> tuple[str, list[str]]:
    """Class name and resources of a submitted function."""
    for tag in ("Code", "ProgramLanguage"):
        if xml.text_of(root, tag).strip():
            raise Fault(FaultCode.NOT_SUPPORTED, f"functions with embedded code (<{tag}>) are not supported")
    names = [(node.text or "").strip() for node in root.iterfind("Resources/ResourceName")]
    return xml.required_text(root, "ClassType"), [name for name in names if name]


@routes.get(_ALL)
def list_functions(world: World, request: Request) -> Reply:
    page = functions.page(world, request.caller, project_of(request), schema_of(request), **asked(world, request))
    return page_reply("Functions", page, _element)


@routes.post(_ALL)
def create_function(world: World, request: Request) -> Reply:
    root = xml.parse(request.body())
    class_name, names = _definition(root)
    functions.create(
        world,
        request.caller,
        project_of(request),
        schema_of(request),
        xml.required_text(root, "Alias"),
        class_name,
        names,
    )
    return Reply(201)


@routes.get(_ONE)
def get_function(world: World, request: Request) -> Reply:
    found = functions.get(world, request.caller, project_of(request), schema_of(request), request.path["function"])
    return Reply(200, xml.document(_element(found)))


@routes.put(_ONE)
def put_function(world: World, request: Request) -> Reply:
    class_name, names = _definition(xml.parse(request.body()))
    functions.change(
        world,
        request.caller,
        project_of(request),
        schema_of(request),
        request.path["function"],
        class_name,
        names,
    )
    return Reply()


@routes.put(_ONE, "updateowner")
def put_owner(world: World, request: Request) -> Reply:
    owner = request.headers.get("x-odps-owner", "").strip()
    if not owner:
        raise Fault(FaultCode.INVALID_ARGUMENT, "the header x-odps-owner is missing")
    functions.change_owner(
        world, request.caller, project_of(request), schema_of(request), request.path["function"], owner
    )
    return Reply()


@routes.delete(_ONE)
def delete_function(world: World, request: Request) -> Reply:
    functions.drop(world, request.caller, project_of(request), schema_of(request), request.path["function"])
    return Reply()
