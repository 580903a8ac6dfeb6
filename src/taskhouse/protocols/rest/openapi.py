"""The OpenAPI 3.1 document, written from the tables of routes."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from importlib.metadata import version
from typing import Any

import msgspec

from taskhouse.protocols.rest.errors import ErrorBody
from taskhouse.protocols.rest.routing import BASE_PATH, Nothing, Route

_REASONS = {
    400: "Something in the request is not what it should be; `items` names it",
    401: "No token, or one that is not known or has expired",
    403: "Not permitted",
    404: "There is no such object",
    409: "The state of things does not admit it",
    429: "Too many; `Retry-After` says when to try again",
    413: "The body is too large",
    415: "The body is not JSON",
    500: "A defect; the server's log has the details",
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 200},
    "description": "Chosen by the client. The same request with the same key is carried out once; repeating it gives the first answer.",
}


def document(routes: Iterable[Route], server: str = BASE_PATH) -> dict[str, Any]:
    """The whole document. `server` is the address of the API."""
    every = sorted(routes, key=lambda route: (route.path, route.method))
    types: list[Any] = [ErrorBody]
    for route in every:
        types += [kind for kind in (route.body, _json_reply(route)) if kind is not None]
        types.append(route.query)
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    of_type = dict(zip(map(_key_of, types), schemas, strict=True))
    taken = [of_type[_key_of(kind)] for route in every for kind in (route.body, route.query) if kind is not None]
    _require_all(components, _reachable(taken, components))
    queries = {route.query.__name__ for route in every}
    bodies = {kind.__name__ for route in every for kind in (route.body,) if kind is not None}
    paths: dict[str, dict[str, Any]] = {}
    for route in every:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, of_type, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Taskhouse",
            "version": version("taskhouse"),
            "description": "Operation and maintenance of recurring task instances.",
        },
        "servers": [{"url": server}],
        "security": [{"bearer": []}, {"session": []}],
        "tags": [{"name": tag} for tag in sorted({route.tag for route in every})],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in components.items() if name not in queries - bodies},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "taskhouse_<home>"},
            },
        },
    }


def _reachable(schemas: Iterable[Any], components: Mapping[str, Any]) -> set[str]:
    """Names of the components that the schemas refer to, at any depth."""
    found: set[str] = set()
    left = list(schemas)
    while left:
        each = left.pop()
        if isinstance(each, Mapping):
            name = str(each.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                left.append(components[name])
            left += each.values()
        elif isinstance(each, list):
            left += each
    return found


def _require_all(components: Mapping[str, Any], taken: Container[str]) -> None:
    """Answers have all their members, also those with defaults; only what clients send may leave them out."""
    for name, schema in components.items():
        if name not in taken and "properties" in schema:
            schema["required"] = list(schema["properties"])


def _key_of(kind: Any) -> str:
    return repr(kind)


def _json_reply(route: Route) -> Any:
    return None if isinstance(route.reply, str) else route.reply


def _operation(route: Route, of_type: Mapping[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "description": route.description,
    }
    parameters = [_placeholder(route, name) for name in route.placeholders]
    parameters += _query(route, of_type, components)
    if route.repeatable:
        parameters.append(_KEY)
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        content: dict[str, Any] = {"schema": of_type[_key_of(route.body)]}
        if route.example is not None:
            content["example"] = msgspec.to_builtins(route.example)
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    success: dict[str, Any] = {"description": "Done"}
    if isinstance(route.reply, str):
        success["content"] = {route.reply: {"schema": {"type": "string"}}}
    elif route.reply is not None:
        success["content"] = {"application/json": {"schema": of_type[_key_of(route.reply)]}}
    responses = {str(route.status): success}
    statuses = {400, 500, *route.errors} | (set() if route.public else {401})
    if route.body is not None:
        statuses |= {413, 415}
    for status in sorted(statuses):
        error = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
        responses[str(status)] = {"description": _REASONS.get(status, "An error"), "content": error}
    operation["responses"] = responses
    if route.public:
        operation["security"] = []
    return operation


def _placeholder(route: Route, name: str) -> dict[str, Any]:
    schema = {"type": "string"} if name in route.texts else {"type": "integer", "minimum": 0}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query(route: Route, of_type: Mapping[str, Any], components: Mapping[str, Any]) -> list[dict[str, Any]]:
    if route.query is Nothing:
        return []
    schema = components[route.query.__name__]
    required = set(schema.get("required", ()))
    found = []
    for name, its_schema in schema.get("properties", {}).items():
        parameter = {"name": name, "in": "query", "required": name in required, "schema": its_schema}
        description = its_schema.get("description")
        if description:
            parameter["description"] = description
        if its_schema.get("type") == "array":
            parameter |= {"style": "form", "explode": True}
        found.append(parameter)
    return found
