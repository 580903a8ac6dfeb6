"""XFlows and offline models. XFlows are the algorithms of `algo_public`: they come with the server and cannot be changed."""

from __future__ import annotations

from datetime import UTC, datetime

from taskhouse.domain.access import project_target
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.algorithms import Algorithm
from taskhouse.ports.model_store import OfflineModel
from taskhouse.protocols.odps import xml
from taskhouse.protocols.odps.faults import http_time
from taskhouse.protocols.odps.lists import asked, page_reply
from taskhouse.protocols.odps.locating import project_of
from taskhouse.protocols.odps.web import Reply, Request, Routes
from taskhouse.protocols.odps.xml import Xml, element
from taskhouse.services.access import authorize
from taskhouse.services.world import World
from taskhouse.services.xflow.request import ALGORITHM_PROJECT, algorithm_of

routes = Routes()

ALL = "/projects/{project}/xflows"
ONE = "/projects/{project}/xflows/{name}"
MODELS = "/projects/{project}/offlinemodels"
MODEL = "/projects/{project}/offlinemodels/{name}"

OWNER = "ALIYUN$taskhouse"
RELEASED = datetime(2026, 11, 20, tzinfo=UTC)
"""Creation time of the built-in algorithms."""


@routes.get(ALL)
def page(world: World, request: Request) -> Reply:
    """`owner` filters. Projects other than `algo_public` have none."""
    _project(world, request)
    items: list[Xml] = []
    if project_of(request) == ALGORITHM_PROJECT and request.query.get("owner", OWNER) == OWNER:
        for name in world.algorithms.names():
            times = [element(tag, http_time(RELEASED)) for tag in ("CreationTime", "LastModifiedTime")]
            items.append(element("odpsalgo", element("Name", name), element("Owner", OWNER), times))
    return Reply(200, xml.document(element("xflows", element("Marker"), element("MaxItems", len(items)), items)))


@routes.get(ONE)
def get(world: World, request: Request) -> Reply:
    """What an algorithm does and takes."""
    _project(world, request)
    algorithm = algorithm_of(world, project_of(request), request.path["name"])
    headers = {
        "x-odps-owner": OWNER,
        "x-odps-creation-time": http_time(RELEASED),
        "Last-Modified": http_time(RELEASED),
    }
    return Reply(200, xml.document(_definition(algorithm)), headers)


def _definition(algorithm: Algorithm) -> Xml:
    parameters = [
        element(
            "parameter",
            element("comment", parameter.meaning),
            element("type", parameter.kind.value),
            element("default", parameter.default) if parameter.default else None,
            element("choices", ",".join(parameter.choices)) if parameter.choices else None,
            name=parameter.name,
            required="true" if parameter.required else "false",
        )
        for parameter in algorithm.parameters
    ]
    return element(
        "xflow", element("comment", algorithm.summary), element("parameters", parameters), name=algorithm.name
    )


@routes.post(ALL)
def create(world: World, request: Request) -> Reply:
    raise Fault(FaultCode.METHOD_NOT_ALLOWED, "XFlows of one's own are not supported; algorithms come with the server")


@routes.put(ONE)
def change(world: World, request: Request) -> Reply:
    raise Fault(FaultCode.METHOD_NOT_ALLOWED, "XFlows come with the server and cannot be changed")


@routes.delete(ONE)
def drop(world: World, request: Request) -> Reply:
    raise Fault(FaultCode.METHOD_NOT_ALLOWED, "XFlows come with the server and cannot be deleted")


def _project(world: World, request: Request) -> None:
    name = project_of(request)
    if name != ALGORITHM_PROJECT and world.catalogue.project(name) is None:
        raise Fault(FaultCode.NO_SUCH_PROJECT, f"Project not found - '{name}'")


# offline models


@routes.get(MODELS)
def model_page(world: World, request: Request) -> Reply:
    """`name` is a prefix; `owner` filters."""
    project = project_of(request)
    _project(world, request)
    authorize.check(world, request.caller, "List", project_target(project))
    wanted = asked(world, request)
    limit = min(max(wanted["limit"], 1), world.limits.page_items)
    found = world.models.page(project, wanted["prefix"], wanted["owner"], wanted["marker"], limit)
    return page_reply("OfflineModels", found, _model_element)


@routes.get(MODEL)
def model(world: World, request: Request) -> Reply:
    return Reply(200, xml.document(_model_element(_model(world, request, "Read"))))


@routes.get(MODEL, "data")
def model_document(world: World, request: Request) -> Reply:
    """The model as PMML."""
    return Reply(200, _model(world, request, "Read").document)


@routes.delete(MODEL)
def drop_model(world: World, request: Request) -> Reply:
    found = _model(world, request, "Write")
    world.models.delete(found.project, found.name)
    return Reply(204)


@routes.post(MODELS)
def copy_model(world: World, request: Request) -> Reply:
    raise Fault(FaultCode.METHOD_NOT_ALLOWED, "offline models are made by training; copying one is not supported")


def _model(world: World, request: Request, action: str) -> OfflineModel:
    project, name = project_of(request), request.path["name"]
    _project(world, request)
    found = world.models.get(project, name)
    authorize.check(world, request.caller, action, project_target(project), found.owner if found else "")
    if found is None:
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - project '{project}' has no offline model '{name}'")
    return found


def _model_element(model: OfflineModel) -> Xml:
    return element(
        "OfflineModel",
        element("Name", model.name),
        element("Owner", model.owner),
        element("Type", model.algorithm),
        element("InstanceId", model.instance_id),
        element("CreationTime", http_time(model.created_at)),
        element("LastModifiedTime", http_time(model.modified_at)),
    )
