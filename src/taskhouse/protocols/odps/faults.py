"""Faults on the wire, and times as the protocol writes them.

A client reads `Code`, `Message`, `RequestId` and `HostId`; it ignores an error document that lacks any of them, so all four
are always there. Tunnel paths answer in JSON, everything else in XML.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import format_datetime

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.protocols.odps import xml
from taskhouse.protocols.odps.web import Reply

HOST_ID = "taskhouse"
RETRY_AFTER_S = 1


def reply_for(fault: Fault, request_id: str, *, as_json: bool) -> Reply:
    """The reply that tells a client of a fault."""
    headers = {}
    if fault.code is FaultCode.FLOW_EXCEEDED:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return error_reply(fault.code.http_status, fault.code.wire_name, str(fault), request_id, as_json, headers)


def defect_reply(request_id: str, *, as_json: bool) -> Reply:
    """The reply for an exception that is nobody's answer; what happened is in the server's log under the request id."""
    message = f"ODPS-0010000: Internal server error; the server's log has the details under request id {request_id}"
    return error_reply(500, "InternalServerError", message, request_id, as_json, {})


def error_reply(status: int, code: str, message: str, request_id: str, as_json: bool, headers: dict[str, str]) -> Reply:
    if as_json:
        values = {"Code": code, "Message": message, "RequestId": request_id, "HostId": HOST_ID}
        return Reply(status, json.dumps(values, ensure_ascii=False), headers, "application/json")
    return Reply(status, error_document(code, message, request_id), headers)


def error_document(code: str, message: str, request_id: str) -> bytes:
    return xml.document(
        xml.element(
            "Error",
            xml.element("Code", code),
            xml.element("Message", message),
            xml.element("RequestId", request_id),
            xml.element("HostId", HOST_ID),
        )
    )


def http_time(moment: datetime) -> str:
    """RFC 1123 in GMT, whole seconds: `Fri, 20 Nov 2026 03:29:39 GMT`."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def epoch_s(moment: datetime) -> int:
    """Whole seconds since 1970."""
    return int(moment.timestamp())


def epoch_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
