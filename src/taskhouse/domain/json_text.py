"""JSON that clients send, read without trusting it."""

from __future__ import annotations

import json
from typing import Any

from taskhouse.domain.faults import Fault, FaultCode


def read_json(text: str | bytes, what: str) -> Any:
    """The document, UTF-8 if it is bytes; `what` names it in errors (`the policy`). Raises `Fault` (InvalidArgument) for what is no JSON, is nested too
    deeply to be read, or holds text that is not Unicode."""
    try:
        document = json.loads(text.decode() if isinstance(text, bytes) else text)
        json.dumps(document, ensure_ascii=False).encode()
    except RecursionError:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"{what} is nested too deeply") from None
    except ValueError as error:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"{what} is not a JSON document: {error}") from None
    return document
