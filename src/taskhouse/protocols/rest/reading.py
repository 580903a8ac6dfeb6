"""From what a client sent to typed values, with errors that name what is wrong.

Query parameters fill the members of a Struct. A member that is a list takes the parameter several times or once with commas. Unknown
parameters and values of another kind are errors: what is silently ignored looks as if it had worked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec

from taskhouse.protocols.rest.errors import ApiError, bad_request
from taskhouse.protocols.rest.routing import MAX_ID

S = TypeVar("S", bound=msgspec.Struct)

_MAX_PARAMETERS = 200
_MISSING = re.compile(r"missing required field `([^`]*)`")
_UNKNOWN = re.compile(r"contains unknown field `([^`]*)`")
_PLACE = re.compile(r" - at `\$\.?(?P<place>[^`]*)`$")


def read_query(kind: type[S], text: str) -> S:
    """Raises `ApiError` (400) naming the parameter."""
    names = _members(kind)
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
    except ValueError:
        raise bad_request(f"a request has at most {_MAX_PARAMETERS} query parameters") from None
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name not in names:
            known = f"there are {', '.join(sorted(names))}" if names else "this path takes none"
            raise bad_request(f"there is no query parameter '{name}'; {known}", name)
        if names[name]:
            given.setdefault(name, []).extend(part for part in value.split(",") if part)
        elif name in given:
            raise bad_request(f"query parameter '{name}' is given twice", name)
        else:
            given[name] = value
    try:
        found = msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _named(error, "query parameter", given) from None
    for name in given:
        number = getattr(found, name, None)
        if isinstance(number, int) and not -MAX_ID <= number <= MAX_ID:
            raise bad_request(f"query parameter '{name}' = '{given[name]}': the number is too large", name)
    return found


@lru_cache(256)
def _members(kind: type[msgspec.Struct]) -> Mapping[str, bool]:
    """Name on the wire -> whether it is a list."""
    return {member.encode_name: _is_list(member.type) for member in msgspec.structs.fields(kind)}


def _is_list(annotation: Any) -> bool:
    if get_origin(annotation) in (list, tuple, set, frozenset):
        return True
    return any(_is_list(part) for part in get_args(annotation) if part is not type(None))


def read_body(kind: type[S], data: bytes, content_type: str) -> S:
    """Raises `ApiError`: 415 for another media type, 400 naming the member."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in ("", "application/json"):
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", f"the body must be application/json, not {media_type}")
    if not data:
        data = b"{}"
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise _named(error, "body", {}) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise bad_request(f"the body is not JSON: {why}") from None


def in_utc(at: datetime, name: str) -> datetime:
    """A time with a zone. Raises `ApiError` (400) where the years end: there may be no such time in UTC."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise bad_request(f"{name} = '{at.isoformat()}' lies outside the years 1 to 9999", name) from None


def _named(error: msgspec.ValidationError, what: str, given: Mapping[str, Any]) -> ApiError:
    text = str(error)
    match = _PLACE.search(text)
    place = match["place"] if match else ""
    why = text[: match.start()] if match else text
    missing = _MISSING.search(why)
    if missing:
        place = f"{place}.{missing[1]}".lstrip(".")
        return bad_request(f"{what} '{place}' is missing", place)
    unknown = _UNKNOWN.search(why)
    if unknown:
        place = f"{place}.{unknown[1]}".lstrip(".")
        return bad_request(f"{what} '{place}': there is no such member", place)
    name = re.split(r"[.\[]", place)[0]
    value = given.get(name)
    if isinstance(value, list):
        value = ",".join(value)
    shown = f" = '{value}'" if value is not None else ""
    where = f"{what} '{place}'" if place else what
    return bad_request(f"{where}{shown}: {why}", place or name)
