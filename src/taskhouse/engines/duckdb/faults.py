"""DuckDB's errors as faults: what went wrong with the data, without the engine's SQL, paths, hints and type names."""

from __future__ import annotations

import re

from taskhouse.domain.faults import Fault, FaultCode

_PREFIX = re.compile(r"^(?:([A-Z][A-Za-z -]*?) Error: )")
_AFTER = re.compile(
    r"\n\s*LINE \d+:|\n\s*Candidate|\nDid you mean|\n\s*Possible solutions|\n\nHint|\n\* |, to be explicit|\nTry |"
    r" when casting from source column|\nStack Trace|\n+Use .SET |\n\nPlease|\n\nAlternatively",
    re.IGNORECASE,
)
_PATH = re.compile(r"(?<![\w.])/(?:[^\s'\",;()\[\]]+/)+[^\s'\",;()\[\]]*")
_TYPES = {
    "INT8": "TINYINT", "INT16": "SMALLINT", "INT32": "INT", "INTEGER": "INT", "INT64": "BIGINT", "INT128": "a wide integer",
    "HUGEINT": "a wide integer", "VARCHAR": "STRING", "BLOB": "BINARY", "TIMESTAMP WITH TIME ZONE": "DATETIME",
    "TIMESTAMP_NS": "TIMESTAMP_NTZ", "TIMESTAMPTZ_NS": "TIMESTAMP", "BOOL": "BOOLEAN",
}  # fmt: skip
_TYPE = re.compile(r"\b(" + "|".join(sorted(map(re.escape, _TYPES), key=len, reverse=True)) + r")\b(?!\()")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_OWN = re.compile(r"(ODPS-\d{7}):\s*(.*)", re.DOTALL)
_BY_NUMBER = {code.number: code for code in (FaultCode.ILLEGAL_CAST, FaultCode.BAD_PARTITION)}
_DATA_FAULTS = frozenset(
    {"Conversion", "Out of Range", "Invalid Input", "Constraint", "Mismatch Type", "Division by Zero"}
)
_BOUND_FAULTS = frozenset({"Binder", "Catalog", "Parser", "Syntax", "Invalid Type"})


def fault_of(error: Exception, *, cancelled: bool, closed: bool) -> Fault:
    """The fault for an exception that DuckDB or its Arrow stream raised. `cancelled`: somebody asked the run to stop;
    `closed`: the engine is going down."""
    text = str(error)
    found = _PREFIX.match(text)
    kind = found.group(1) if found else ""
    if kind == "INTERRUPT" or "INTERRUPT" in text[:40] or cancelled:
        if closed and not cancelled:
            return Fault(FaultCode.INTERRUPTED, "the server stopped while the statement ran")
        return Fault(FaultCode.CANCELLED, "the statement was stopped")
    if closed:
        return Fault(FaultCode.INTERRUPTED, "the server stopped while the statement ran")
    lowered = text.lower()
    if "no space left" in lowered or "disk quota" in lowered:
        return Fault(FaultCode.RUNTIME, "the disk is full")
    if kind == "Out of Memory" or "out of memory" in lowered[:40]:
        if "temp_directory" in lowered or "offload" in lowered:
            return Fault(
                FaultCode.RUNTIME,
                "the statement needs more memory and more disk for its intermediate rows than there is",
            )
        return Fault(FaultCode.RUNTIME, "the statement needs more memory than the engine has")
    if kind in ("IO", "HTTP", "Permission", "Serialization"):
        if "file name too long" in lowered:
            return Fault(FaultCode.INVALID_ARGUMENT, "a partition value is too long to be stored")
        if "no files found" in lowered or "no such file" in lowered:
            return Fault(
                FaultCode.RUNTIME, "a file of a table is gone: it was removed longer ago than removed files are kept"
            )
        return Fault(FaultCode.RUNTIME, f"a file cannot be read or written: {_PATH.sub('<file>', clean(text))}")
    if kind in _BOUND_FAULTS:
        return Fault(FaultCode.SEMANTIC, clean(text))
    if kind in _DATA_FAULTS:
        return _data_fault(clean(text))
    return Fault(FaultCode.RUNTIME, f"the engine failed: {clean(text)}")


def _data_fault(message: str) -> Fault:
    """Errors that bound SQL raises by itself begin with their ODPS number, which is the fault's code then."""
    found = _OWN.match(message)
    if found is None:
        return Fault(FaultCode.RUNTIME, message)
    return Fault(_BY_NUMBER.get(found.group(1), FaultCode.RUNTIME), found.group(2))


def clean(text: str) -> str:
    """The message alone: its first sentence, with our names of types. Quoted pieces are data and stay as they are."""
    found = _PREFIX.match(text)
    body = text[found.end() :] if found else text
    cut = _AFTER.search(body)
    if cut:
        body = body[: cut.start()]
    body = body.strip()
    pieces: list[str] = []
    at = 0
    for quoted in _QUOTED.finditer(body):
        pieces.append(_our_types(body[at : quoted.start()]))
        pieces.append(quoted.group())
        at = quoted.end()
    pieces.append(_our_types(body[at:]))
    return " ".join("".join(pieces).split("\n"))


def _our_types(text: str) -> str:
    return _TYPE.sub(lambda m: _TYPES[m.group(1)], text)
