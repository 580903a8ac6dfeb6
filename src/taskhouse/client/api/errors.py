"""What the REST API answers instead of a result, as exceptions: one class for each code that a program would act on."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Item(msgspec.Struct, frozen=True):
    """An object that an error is about. `id` is 0 when it has none."""

    id: int = 0
    name: str = ""
    status: str = ""
    reason: str = ""


class ApiError(Exception):
    """An answer with a status from 400 on. `code` is the server's word for it, `items` what it is about, `request_id` finds it in the
    server's log."""

    def __init__(
        self, code: str, message: str, items: Sequence[Item] = (), *, status: int = 0, request_id: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.items = tuple(items)
        self.status = status
        self.request_id = request_id


class ConnectionFailed(ApiError):
    """The server was not reached, or did not answer in time; `code` is UNREACHABLE. A request with an idempotency key may have been
    carried out."""


class Unauthorized(ApiError):
    """No token, or one that is not known or has expired."""


class InvalidArgument(ApiError):
    """Something in the request is not what it should be; the items name it."""


class NotFound(ApiError):
    """There is no such object."""


class Refused(ApiError):
    """The state of things, or a missing permission, does not admit what was asked. Nothing was changed."""


class Forbidden(Refused):
    """FORBIDDEN, or FORBIDDEN_ASSOCIATED: something of the closure lies where the user may not operate."""


class StatusNotAllowed(Refused):
    """The status of what was chosen does not admit the operation."""


class ClosureInFlight(Refused):
    """A node that would be rewritten along waits or runs."""


class ClosureChanged(Refused):
    """What was previewed is not what would happen now: preview again."""


class InstancePaused(Refused):
    """Something that would start is paused."""


class NotPaused(Refused):
    """There is nothing to resume."""


class LastUpstream(Refused):
    """At least one upstream instance must remain."""


class EmptyScope(Refused):
    """Nothing in the chosen scope qualifies."""


class ScopeHasActive(Refused):
    """A downstream member waits or runs."""


class Conflict(Refused):
    """Another operation came first."""


class CancelTimeout(Refused):
    """An attempt did not end in time after it was cancelled."""


class UnknownField(NotFound):
    """There is no such field, or it is a key, which only the entire table takes along."""


class LimitExceeded(Refused):
    """The operation would touch more nodes than are allowed."""


_OF_CODE: dict[str, type[ApiError]] = {
    "UNAUTHORIZED": Unauthorized,
    "INVALID_ARGUMENT": InvalidArgument,
    "NOT_FOUND": NotFound,
    "FORBIDDEN": Forbidden,
    "FORBIDDEN_ASSOCIATED": Forbidden,
    "STATUS_NOT_ALLOWED": StatusNotAllowed,
    "CLOSURE_IN_FLIGHT": ClosureInFlight,
    "CLOSURE_CHANGED": ClosureChanged,
    "INSTANCE_PAUSED": InstancePaused,
    "NOT_PAUSED": NotPaused,
    "LAST_UPSTREAM": LastUpstream,
    "EMPTY_SCOPE": EmptyScope,
    "SCOPE_HAS_ACTIVE": ScopeHasActive,
    "CONFLICT": Conflict,
    "CANCEL_TIMEOUT": CancelTimeout,
    "UNKNOWN_FIELD": UnknownField,
    "LIMIT_EXCEEDED": LimitExceeded,
}
_OF_STATUS: dict[int, type[ApiError]] = {
    400: InvalidArgument,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Refused,
}


class _Body(msgspec.Struct):
    code: str
    message: str
    items: list[Item] = []


def error_of(status: int, body: bytes, request_id: str) -> ApiError:
    """The exception for an answer; one that is not the API's own document (a proxy's page) becomes an `ApiError` HTTP_<status>."""
    try:
        told = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        shown = body[:200].decode(errors="replace").strip()
        told = _Body(f"HTTP_{status}", f"the server answered with status {status}: {shown}")
    kind = _OF_CODE.get(told.code) or _OF_STATUS.get(status) or ApiError
    return kind(told.code, told.message, told.items, status=status, request_id=request_id)
