"""The client's types are those of the server's OpenAPI document: same members, same kinds of values."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from taskhouse.client.api import events, instances, operations, pictures, records, rehearsal, server, tasks
from taskhouse.protocols.rest.api import all_routes
from taskhouse.protocols.rest.openapi import document

NAMES = {
    "Offer": "OfferView",
    "FieldOffer": "FieldOfferLine",
    "Refusal": "RefusalView",
    "PlannedField": "FieldView",
    "NodeChange": "PlannedNodeView",
    "Member": "MemberView",
    "DownstreamNode": "DownstreamNodeView",
    "PriorityChange": "PriorityChangeView",
    "Plan": "PlanView",
    "Skipped": "SkippedView",
    "Preview": "PreviewView",
    "Operation": "OperationView",
    "Outcome": "OutcomeView",
    "Applied": "AppliedView",
    "Item": "ErrorItem",
    "Project": "ProjectView",
    "OperationLog": "OperationList",
    "Schedule": "ScheduleView",
    "Dependency": "DependencyView",
}
"""Of the client -> of the server, where they differ."""
REQUESTS = {"Target", "Options"}
APART = {"Event", "ChangedNode", "Clock", "Generated", "NodeState"}
"""Of routes that only some servers have, or that are no JSON answers."""


def structs() -> list[type[msgspec.Struct]]:
    modules = (events, instances, operations, pictures, records, rehearsal, server, tasks)
    found = {
        value.__name__: value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, msgspec.Struct) and value is not msgspec.Struct
    }
    return [found[name] for name in sorted(found.keys() - REQUESTS - APART)]


@pytest.fixture(scope="module")
def components() -> dict[str, Any]:
    return document(all_routes())["components"]["schemas"]


@pytest.mark.parametrize("kind", structs(), ids=lambda kind: kind.__name__)
def test_the_client_reads_what_the_server_writes(kind: type[msgspec.Struct], components: dict[str, Any]) -> None:
    (_, mine) = msgspec.json.schema_components([kind], ref_template="{name}")
    theirs = components[NAMES.get(kind.__name__, kind.__name__)]
    own = {name: shape(schema) for name, schema in mine[kind.__name__]["properties"].items()}
    told = {name: shape(schema) for name, schema in theirs["properties"].items()}
    assert own.keys() == told.keys()
    assert {name for name in own if own[name] not in (told[name], or_null(told[name]))} == set()


def or_null(shape: Any) -> Any:
    return sorted([shape, ("null", None)], key=repr)


def shape(schema: dict[str, Any]) -> Any:
    """What matters of a schema for a reader: the kind of value."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {NAMES.get(name, name)}
    if "anyOf" in schema:
        return sorted((shape(each) for each in schema["anyOf"]), key=repr)
    if schema.get("type") == "array":
        return [shape(schema["items"]) if "items" in schema else None]
    if schema.get("type") == "object":
        inner = schema.get("additionalProperties")
        return ("object", shape(inner) if isinstance(inner, dict) else None)
    return (schema.get("type"), schema.get("format"))
