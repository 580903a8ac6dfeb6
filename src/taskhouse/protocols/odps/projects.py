"""Projects and schemas."""

from __future__ import annotations

from collections.abc import Mapping

from taskhouse.domain.catalogue import Project, Schema
from taskhouse.protocols.odps import xml
from taskhouse.protocols.odps.edge import QUOTA, REGION, TENANT
from taskhouse.protocols.odps.faults import http_time
from taskhouse.protocols.odps.lists import asked, page_reply
from taskhouse.protocols.odps.locating import project_of
from taskhouse.protocols.odps.web import Reply, Request, Routes
from taskhouse.protocols.odps.xml import Xml, element
from taskhouse.services.catalogue import projects
from taskhouse.services.world import World

routes = Routes()

_SCHEMA = "/projects/{project}/schemas/{schema}"


def _properties(tag: str, values: Mapping[str, str]) -> Xml:
    return element(
        tag,
        (element("Property", element("Name", name), element("Value", value)) for name, value in sorted(values.items())),
    )


def _headers(owner: str, item: Project | Schema) -> dict[str, str]:
    return {
        "x-odps-owner": owner,
        "x-odps-creation-time": http_time(item.created_at),
        "Last-Modified": http_time(item.modified_at),
    }


def _shown_properties(world: World, project: Project) -> dict[str, str]:
    zone = {"odps.sql.timezone": world.time_zone}
    enabled = {"odps.namespace.schema": "true" if project.schemas_enabled else "false"}
    return {**projects.DEFAULT_PROPERTIES, **zone, **enabled, **project.properties}


def _extended(world: World, project: Project) -> Xml:
    return _properties("ExtendedProperties", projects.usage(world, project))


@routes.get("/projects")
def list_projects(world: World, request: Request) -> Reply:
    return page_reply("Projects", projects.page(world, request.caller, **asked(world, request)), _summary)


def _summary(project: Project) -> Xml:
    return element(
        "Project",
        element("Name", project.name),
        element("Type", "managed"),
        element("Comment", project.comment),
        element("Owner", project.owner),
        element("State", "AVAILABLE"),
        element("CreationTime", http_time(project.created_at)),
        element("LastModifiedTime", http_time(project.modified_at)),
    )


@routes.get("/projects/{project}")
def get_project(world: World, request: Request) -> Reply:
    found = projects.get(world, request.caller, project_of(request))
    root = element(
        "Project",
        element("Name", found.name),
        element("Type", "managed"),
        element("Comment", found.comment),
        element("Owner", found.owner),
        element("SuperAdministrator", found.owner),
        element("State", "AVAILABLE"),
        element("CreationTime", http_time(found.created_at)),
        element("LastModifiedTime", http_time(found.modified_at)),
        element("ProjectGroupName"),
        _properties("Properties", _shown_properties(world, found)),
        element("Clusters", element("Cluster", element("Name", "default"), element("QuotaID", "1"))),
        element("Region", REGION),
        element("TenantId", TENANT),
        element("DefaultQuotaNickname", QUOTA),
        element("Allow3Tier", found.schemas_enabled),
    )
    return Reply(200, xml.document(root), _headers(found.owner, found))


@routes.get("/projects/{project}", "extended")
def get_extended(world: World, request: Request) -> Reply:
    found = projects.get(world, request.caller, project_of(request))
    root = element("Project", element("Name", found.name), _extended(world, found))
    return Reply(200, xml.document(root), _headers(found.owner, found))


@routes.put("/projects/{project}")
def put_project(world: World, request: Request) -> Reply:
    """Comment and properties, each if given; a property with an empty value is removed."""
    root = xml.parse(request.body())
    comment = root.find("Comment")
    given: dict[str, str | None] = {}
    for node in root.iterfind("Properties/Property"):
        given[xml.required_text(node, "Name")] = xml.text_of(node, "Value").strip()
    changed = projects.change(
        world,
        request.caller,
        project_of(request),
        comment=None if comment is None else comment.text or "",
        properties=given,
    )
    return Reply(200, b"", _headers(changed.owner, changed))


@routes.post("/projects")
def post_project(world: World, request: Request) -> Reply:
    root = xml.parse(request.body())
    made = projects.create(
        world,
        request.caller,
        xml.required_text(root, "Name"),
        owner=xml.text_of(root, "Owner").strip(),
        comment=xml.text_of(root, "Comment"),
        schemas_enabled=xml.text_of(root, "Allow3Tier").strip().lower() == "true",
        properties={
            xml.required_text(node, "Name"): xml.text_of(node, "Value").strip()
            for node in root.iterfind("Properties/Property")
        },
    )
    return Reply(201, b"", _headers(made.owner, made))


@routes.delete("/projects/{project}")
def delete_project(world: World, request: Request) -> Reply:
    force = request.query.get("force", "").lower() == "true"
    projects.drop(world, request.caller, project_of(request), force=force)
    return Reply()


# --- schemas ----------------------------------------------------------------------------------------------------------


def _schema(item: Schema) -> Xml:
    return element(
        "Schema",
        element("Name", item.name),
        element("Owner", item.owner),
        element("Description", item.comment),
        element("CreateTime", http_time(item.created_at)),
        element("ModifyTime", http_time(item.modified_at)),
        element("Type", "MANAGED"),
    )


@routes.get("/projects/{project}/schemas")
def list_schemas(world: World, request: Request) -> Reply:
    page = projects.schema_page(world, request.caller, project_of(request), **asked(world, request))
    return page_reply("Schemas", page, _schema)


@routes.post("/projects/{project}/schemas")
def post_schema(world: World, request: Request) -> Reply:
    root = xml.parse(request.body())
    made = projects.create_schema(
        world,
        request.caller,
        project_of(request),
        xml.required_text(root, "Name"),
        xml.text_of(root, "Description"),
    )
    return Reply(201, b"", _headers(made.owner, made))


@routes.get(_SCHEMA)
def get_schema(world: World, request: Request) -> Reply:
    found = projects.get_schema(world, request.caller, project_of(request), request.path["schema"].lower())
    return Reply(200, xml.document(_schema(found)), _headers(found.owner, found))


@routes.delete(_SCHEMA)
def delete_schema(world: World, request: Request) -> Reply:
    projects.drop_schema(world, request.caller, project_of(request), request.path["schema"].lower())
    return Reply()
