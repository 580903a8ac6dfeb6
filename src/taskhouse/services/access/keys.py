"""Access keys: made here, given out once in the clear, kept sealed."""

from __future__ import annotations

import hashlib
import secrets
import string
from datetime import timedelta

from taskhouse.domain.access import AccessKey, KeyKind
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.services.world import World

_LETTERS = string.ascii_letters + string.digits
MAX_TEMPORARY_HOURS = 36


def _text(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def token_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def issue(
    world: World, user: str, *, kind: KeyKind = KeyKind.USER, access_id: str = "", secret: str = "", comment: str = ""
) -> AccessKey:
    """A new key of `user`; `access_id` and `secret` are made up when empty. Raises `Fault`: NoSuchObject (user),
    ObjectAlreadyExists (access id), InvalidArgument."""
    if access_id and (not access_id.isascii() or not access_id.replace("_", "").replace("-", "").isalnum()):
        raise Fault(FaultCode.INVALID_ARGUMENT, f"'{access_id}' is not an access id: letters, digits, '_' and '-' only")
    key = AccessKey(access_id or f"TH{_text(18)}", user, secret or _text(30), kind, world.clock.now(), comment=comment)
    world.access.add_key(key)
    return key


def issue_temporary(world: World, user: str, hours: float, comment: str = "") -> tuple[AccessKey, str]:
    """A temporary key and its security token. Raises `Fault` (InvalidArgument) for a life over `MAX_TEMPORARY_HOURS`."""
    if not 0 < hours <= MAX_TEMPORARY_HOURS:
        raise Fault(
            FaultCode.INVALID_ARGUMENT, f"a temporary key lives more than 0 and at most {MAX_TEMPORARY_HOURS} hours"
        )
    now = world.clock.now()
    token = _text(64)
    key = AccessKey(
        f"STS.{_text(18)}",
        user,
        _text(30),
        KeyKind.STS,
        now,
        now + timedelta(hours=hours),
        token_digest=token_digest(token),
        comment=comment,
    )
    world.access.add_key(key)
    return key, token
