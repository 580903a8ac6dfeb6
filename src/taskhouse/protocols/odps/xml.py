"""XML of the protocol: reading what clients send, writing what they expect.

Reading refuses document types and entities altogether (no expansion, no external reference can happen) and is
bounded in depth and number of nodes, so that a small body cannot grow into a large tree. Writing builds text directly:
`Xml` marks text that is XML already, anything else is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element
from xml.parsers import expat

from taskhouse.domain.faults import Fault, FaultCode

MAX_DEPTH = 32
MAX_NODES = 50_000
"""Elements and attributes of one document."""

_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Xml(str):
    """Serialised XML."""

    __slots__ = ()


Child = Xml | str | int | float | bool | None


def is_speakable(text: str) -> bool:
    """Whether XML 1.0 can carry the text at all; if not, it has to travel as Base64."""
    return _UNSPEAKABLE.search(text) is None


def escape(text: str) -> str:
    """Escape for element content. Carriage returns are kept by reference, as a reader would turn them
    into line feeds. Characters that XML 1.0 cannot carry become U+FFFD."""
    return _SPECIAL.sub(lambda match: _ESCAPES.get(match.group(), "\ufffd"), text)


def escape_attribute(text: str) -> str:
    """Escape for an attribute's value, which a reader would otherwise strip of its line breaks."""
    return escape(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


def element(tag: str, *children: Child | Iterable[Xml], **attributes: str) -> Xml:
    """`element("Stage", element("Total", 3), ID="M1_job_0")`. None is left out, booleans are `true`/`false`."""
    parts: list[str] = []
    for child in children:
        if isinstance(child, Xml):
            parts.append(child)
        elif isinstance(child, str):
            parts.append(escape(child))
        elif child is None:
            continue
        elif isinstance(child, bool):
            parts.append("true" if child else "false")
        elif isinstance(child, int | float):
            parts.append(str(child))
        else:
            parts.extend(child)
    spec = "".join(f' {name}="{escape_attribute(value)}"' for name, value in attributes.items())
    inner = "".join(parts)
    if not inner:
        return Xml(f"<{tag}{spec}/>")
    return Xml(f"<{tag}{spec}>{inner}</{tag}>")


def document(root: Xml) -> bytes:
    """The document as UTF-8 bytes with its declaration."""
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + root.encode()


def dump(node: Element) -> Xml:
    """A parsed element as text again, such that reading it gives the same tree."""
    children = []
    for child in node:
        children.append(dump(child))
        if child.tail:
            children.append(Xml(escape(child.tail)))
    return element(node.tag, node.text, children, **node.attrib)


class _Reader:
    def __init__(self) -> None:
        self.stack: list[Element] = []
        self.root: Element | None = None
        self.nodes = 0
        self.last: Element | None = None
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text
        parser.StartDoctypeDeclHandler = self.refuse
        parser.EntityDeclHandler = self.refuse
        parser.ExternalEntityRefHandler = self.refuse
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser = parser

    def refuse(self, *_: object) -> int:
        raise Fault(FaultCode.INVALID_ARGUMENT, "the XML body must not hold a document type or entities")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.nodes += 1 + len(attributes)
        if self.nodes > MAX_NODES:
            raise Fault(FaultCode.INVALID_ARGUMENT, f"the XML body has more than {MAX_NODES} elements and attributes")
        if len(self.stack) >= MAX_DEPTH:
            raise Fault(FaultCode.INVALID_ARGUMENT, f"the XML body is nested deeper than {MAX_DEPTH} elements")
        node = Element(tag, attributes)
        if self.stack:
            self.stack[-1].append(node)
        else:
            self.root = node
        self.stack.append(node)
        self.last = None

    def end(self, tag: str) -> None:
        self.last = self.stack.pop()

    def text(self, data: str) -> None:
        if self.last is not None:
            self.last.tail = (self.last.tail or "") + data
        elif self.stack:
            node = self.stack[-1]
            node.text = (node.text or "") + data


def parse(body: bytes, what: str = "request body") -> Element:
    """The root element. Raises `Fault` (InvalidArgument) with line and column when the body is not well-formed, is empty,
    holds a document type, or is nested too deep."""
    if not body.strip():
        raise Fault(FaultCode.INVALID_ARGUMENT, f"the {what} is empty; an XML document is expected")
    reader = _Reader()
    try:
        reader.parser.Parse(body, True)
    except expat.ExpatError as error:
        reason = expat.errors.messages.get(error.code, "not well-formed")
        raise Fault(
            FaultCode.INVALID_ARGUMENT,
            f"the {what} is not well-formed XML: {reason} at line {error.lineno}, column {error.offset + 1}",
        ) from None
    except (LookupError, ValueError) as error:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"the {what} is not well-formed XML: {error}") from None
    if reader.root is None:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"the {what} is not an XML document")
    return reader.root


def text_of(node: Element, path: str, default: str = "") -> str:
    """The text of a child, `default` when it is absent; surrounding space is kept."""
    found = node.find(path)
    if found is None:
        return default
    return found.text or ""


def required_text(node: Element, path: str) -> str:
    """The stripped text of a child. Raises `Fault` (InvalidArgument) when it is absent or blank."""
    value = text_of(node, path).strip()
    if not value:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"the element <{node.tag}> lacks <{path}>")
    return value
