"""Errors as answers: `{code, message, items}`, with the HTTP status that follows from the code.

Operations refuse with the codes of the domain's refusals; everything else with those below. Whatever a client sends, it gets one of these
and never a trace of the program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.operations.plan import Item, Refusal, RefusalCode


class ErrorItem(msgspec.Struct, frozen=True, omit_defaults=False):
    """An object that an error is about. `id` is 0 when it has none."""

    id: int
    name: str
    status: str = ""
    reason: str = ""


class ErrorBody(msgspec.Struct, frozen=True):
    """Every answer with a status from 400 on."""

    code: str
    message: str
    items: list[ErrorItem] = []


class ApiError(Exception):
    """An answer that is an error. `headers` go with it (`Allow`, `Retry-After`, `WWW-Authenticate`)."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        items: Sequence[ErrorItem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = ErrorBody(code, message, list(items))
        self.headers = dict(headers or {})


def bad_request(message: str, name: str = "") -> ApiError:
    """400 for a value that is not one; `name` is the parameter or member that it is about."""
    return ApiError(400, "INVALID_ARGUMENT", message, [ErrorItem(0, name)] if name else [])


def not_found(message: str, id: int = 0, name: str = "") -> ApiError:
    return ApiError(404, "NOT_FOUND", message, [ErrorItem(id, name)] if id or name else [])


def forbidden(message: str, items: Sequence[ErrorItem] = ()) -> ApiError:
    return ApiError(403, "FORBIDDEN", message, items)


REFUSAL_STATUS: Mapping[RefusalCode, int] = {
    RefusalCode.FORBIDDEN: 403,
    RefusalCode.FORBIDDEN_ASSOCIATED: 403,
    RefusalCode.NOT_FOUND: 404,
    RefusalCode.UNKNOWN_FIELD: 404,
    RefusalCode.EMPTY_SCOPE: 409,
    RefusalCode.LIMIT_EXCEEDED: 400,
}
"""Statuses of refusals; 409 for those that are not listed: they are about the state of things."""


def refused(refusals: Sequence[Refusal]) -> ApiError:
    """The error of a refused operation: the code, message and items of the first refusal; items of the others follow, each with the
    code of its own refusal in front of the reason."""
    first = refusals[0]
    items = [_item(item) for item in first.items]
    for refusal in refusals[1:]:
        for item in refusal.items or (Item(0, ""),):
            reason = item.reason or refusal.message
            items.append(ErrorItem(item.id, item.name, item.status, f"{refusal.code.value}: {reason}"))
    return ApiError(REFUSAL_STATUS.get(first.code, 409), first.code.value, first.message, items)


def _item(item: Item) -> ErrorItem:
    return ErrorItem(item.id, item.name, item.status, item.reason)


_FAULT_CODES: Mapping[FaultCode, str] = {
    FaultCode.NO_SUCH_OBJECT: "NOT_FOUND",
    FaultCode.NO_SUCH_PROJECT: "NOT_FOUND",
    FaultCode.NO_SUCH_TABLE: "NOT_FOUND",
    FaultCode.NO_PERMISSION: "FORBIDDEN",
    FaultCode.INVALID_PARAMETER: "INVALID_ARGUMENT",
    FaultCode.AUTHORIZATION_REQUIRED: "UNAUTHORIZED",
    FaultCode.AUTHENTICATION_EXPIRED: "UNAUTHORIZED",
}


def from_fault(fault: Fault) -> ApiError:
    """A fault at a place in SQL is told with it, as the MaxCompute protocol does: `ODPS-0130161:[1,7] Parse exception - ...`."""
    message = fault.message if fault.place is None else str(fault)
    return ApiError(fault.code.http_status, _FAULT_CODES.get(fault.code, fault.code.name), message)
