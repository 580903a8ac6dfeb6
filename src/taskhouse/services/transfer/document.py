"""The text of a Transfer task: a JSON document that says from where, to where and how.

    {"source": {"kind": "FILE", "path": "in/orders_20260301.csv", "format": "csv", "options": {"delimiter": ";"}},
     "target": {"kind": "TABLE", "name": "shop.orders", "partition": "ds=20260301"},
     "mode": "OVERWRITE",
     "columns": {"order_id": "id", "amount": "total"}}

An end is a FILE (`path`, `format`, `options`), a DATABASE (`url`, and `name` of a table, or `query` for reading) or a TABLE (`name`,
`partition`); exactly one of the two is a TABLE. `columns` maps columns of the target to those of the source, in order; absent or empty:
by name. `mode` is OVERWRITE (default) or APPEND. Members are those of `domain.definition.tasks.IntegrationTask`; others are refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from taskhouse.domain.definition.tasks import EndKind, IntegrationTask, TransferEnd, WriteMode
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.json_text import read_json

_MEMBERS = {"source", "target", "mode", "columns"}
_END_MEMBERS = {"kind", "name", "partition", "path", "format", "url", "query", "options"}
_NEEDED = {EndKind.FILE: "path", EndKind.DATABASE: "url", EndKind.TABLE: "name"}
_ALLOWED = {
    EndKind.FILE: {"kind", "path", "format", "options"},
    EndKind.DATABASE: {"kind", "url", "name", "query"},
    EndKind.TABLE: {"kind", "name", "partition"},
}


@dataclass(frozen=True, slots=True)
class TransferDocument:
    """`columns` are (target, source)."""

    source: TransferEnd
    target: TransferEnd
    mode: WriteMode = WriteMode.OVERWRITE
    columns: tuple[tuple[str, str], ...] = ()


def document_of(task: IntegrationTask) -> TransferDocument:
    return TransferDocument(task.source, task.target, task.mode, task.columns)


def write_document(document: TransferDocument) -> str:
    """The JSON text that `read_document` reads back; parameters in it may be resolved in between."""
    content: dict[str, object] = {
        "source": _end_content(document.source),
        "target": _end_content(document.target),
        "mode": document.mode.value,
    }
    if document.columns:
        content["columns"] = dict(document.columns)
    return json.dumps(content, ensure_ascii=False, indent=2)


def read_document(text: str) -> TransferDocument:
    """Raises `Fault` (InvalidArgument) that names what is wrong."""
    content = _object(read_json(text, "the transfer document"), "the document", _MEMBERS)
    source, target = _end(content.get("source"), "source"), _end(content.get("target"), "target")
    tables = [end.kind for end in (source, target)].count(EndKind.TABLE)
    if tables != 1:
        raise _bad("exactly one of source and target must be a TABLE")
    mode = content.get("mode", WriteMode.OVERWRITE.value)
    if mode not in WriteMode.__members__:
        raise _bad(f"mode is OVERWRITE or APPEND, not {mode!r}")
    columns = _texts(content.get("columns", {}), "columns")
    return TransferDocument(source, target, WriteMode(mode), tuple(columns.items()))


def _end(content: object, what: str) -> TransferEnd:
    members = _object(content, what, _END_MEMBERS)
    kind = members.get("kind")
    if kind not in EndKind.__members__:
        raise _bad(f"{what}.kind is FILE, DATABASE or TABLE, not {kind!r}")
    end = EndKind(kind)
    unfit = sorted(members.keys() - _ALLOWED[end])
    if unfit:
        raise _bad(f"{what}: a {end.value} has no '{unfit[0]}'")
    options = _texts(members.get("options", {}), f"{what}.options")
    texts = _texts({name: value for name, value in members.items() if name not in ("kind", "options")}, what)
    if not texts.get(_NEEDED[end]):
        raise _bad(f"{what}: a {end.value} needs '{_NEEDED[end]}'")
    return TransferEnd(kind=end, options=options, **texts)


def _end_content(end: TransferEnd) -> dict[str, object]:
    names = ("name", "partition", "path", "format", "url", "query")
    content: dict[str, object] = {"kind": end.kind.value}
    content |= {name: getattr(end, name) for name in names if getattr(end, name)}
    if end.options:
        content["options"] = dict(end.options)
    return content


def _object(content: object, what: str, members: set[str]) -> Mapping[str, object]:
    if not isinstance(content, dict):
        raise _bad(f"{what} must be a JSON object")
    unknown = sorted(content.keys() - members)
    if unknown:
        raise _bad(f"{what} has no member '{unknown[0]}'; it may have: {', '.join(sorted(members))}")
    return content


def _texts(content: object, what: str) -> dict[str, str]:
    if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
        raise _bad(f"the values of {what} must be texts")
    return {str(name): value for name, value in content.items()}


def _bad(message: str) -> Fault:
    return Fault(FaultCode.INVALID_ARGUMENT, f"transfer: {message}")
