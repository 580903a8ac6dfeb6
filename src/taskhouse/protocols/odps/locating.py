"""Where a metadata call points: the project of its path and the schema of its query, in lower case."""

from __future__ import annotations

from taskhouse.domain.catalogue import DEFAULT_SCHEMA, TableName
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.protocols.odps.web import Request


def project_of(request: Request) -> str:
    return request.path["project"].lower()


def schema_of(request: Request) -> str:
    """From the path, else `curr_schema` or `schema_name`, else `default`."""
    for text in (request.path.get("schema"), request.query.get("schema_name"), request.query.get("curr_schema")):
        if text:
            return text.lower()
    return DEFAULT_SCHEMA


def table_of(request: Request) -> TableName:
    return TableName(project_of(request), schema_of(request), request.path["table"].strip("`").lower())


def number(request: Request, key: str, default: int) -> int:
    """A whole number of the query that is not negative. Raises `Fault` (InvalidParameter)."""
    text = request.query.get(key, "")
    if not text:
        return default
    if not text.isdecimal() or len(text) > 18:
        raise Fault(FaultCode.INVALID_PARAMETER, f"{key}='{text}' is not a number")
    return int(text)
