"""Why a view is not shown, with a code that clients can act on."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class ViewCode(Enum):
    """The value is the HTTP status."""

    NOT_FOUND = ("NOT_FOUND", 404)
    UNKNOWN_FIELD = ("UNKNOWN_FIELD", 404)
    """No such field, or a key field, which has no status of its own."""
    NO_PATH = ("NO_PATH", 409)
    """Nothing leads from the start to the end."""
    FORBIDDEN = ("FORBIDDEN", 403)
    FEATURE_OFF = ("FEATURE_OFF", 403)
    """The server's settings switch it off."""
    LIMIT_EXCEEDED = ("LIMIT_EXCEEDED", 400)
    INVALID_ARGUMENT = ("INVALID_ARGUMENT", 400)


class About(NamedTuple):
    """An object that a refusal is about; `id` 0 when it has none."""

    id: int
    name: str
    reason: str = ""


class ViewRefused(Exception):
    def __init__(self, code: ViewCode, message: str, *items: About) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.items = items
