"""Shapes: what a value in a file may be. One description serves the reader, the JSON Schema of editors, and the reference page.

Reading a node by a shape gives a plain value (text, number, flag, list, `Values`) or notes what is wrong, and goes on: all
errors of a workspace are reported at once. It notes the mark of every place, too.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import Enum
from typing import Any, TypeAlias

from taskhouse.domain.datatypes import parse_type
from taskhouse.domain.definition.places import Mark, Place
from taskhouse.domain.faults import Fault
from taskhouse.services.definitions.findings import WRONG, Findings, Wrong, nearest, suggestion
from taskhouse.services.definitions.yaml_nodes import Keyed, Listing, Node, Scalar

Values: TypeAlias = dict[str, Any]
"""A record as read: only the keys that were given, and those with a default."""

JsonSchema: TypeAlias = dict[str, Any]


class Shape(ABC):
    """What every shape can do."""

    @property
    @abstractmethod
    def title(self) -> str:
        """Its name for people: `a number`."""

    @abstractmethod
    def read(self, node: Node, place: Place, to: Findings) -> Any:
        """The plain value of the node, or `WRONG` after noting why it is none."""

    @abstractmethod
    def schema(self) -> JsonSchema:
        """The same for editors."""

    def _refuse(self, node: Node, place: Place, to: Findings) -> Wrong:
        return to.note(node.mark, place, f"{_shown(node)} is not {self.title}")


def _shown(node: Node) -> str:
    match node:
        case Scalar(text=text):
            short = text if len(text) <= 60 else text[:57] + "..."
            return f"'{short}'"
        case Listing():
            return "a list"
        case _:
            return "a mapping"


@dataclass(frozen=True)
class Text(Shape):
    """`pattern` must match all of it; `title` says then what is expected."""

    title: str = "a text"
    pattern: str = ""
    max_chars: int = 4_000
    may_be_empty: bool = False
    may_be_number: bool = False
    """Whether digits match the pattern, for editors: to them `1` is no text."""

    def read(self, node: Node, place: Place, to: Findings) -> Any:
        if not isinstance(node, Scalar):
            return self._refuse(node, place, to)
        text = node.text.strip() if node.is_plain else node.text
        if node.is_nothing or not text.strip():
            return (
                text
                if self.may_be_empty
                else to.note(node.mark, place, f"nothing stands here; {self.title} is expected")
            )
        if len(text) > self.max_chars:
            return to.note(node.mark, place, f"{len(text)} characters are too many; {self.max_chars} are allowed")
        if self.pattern and not re.fullmatch(self.pattern, text):
            return self._refuse(node, place, to)
        return text

    def schema(self) -> JsonSchema:
        anything = ["string", "number", "boolean"]
        made: JsonSchema = {
            "type": anything if not self.pattern else ["string", "integer"] if self.may_be_number else "string"
        }
        if self.pattern:
            made["pattern"] = f"^(?:{self.pattern})$"
        return made | {"maxLength": self.max_chars}


@dataclass(frozen=True)
class Word(Shape):
    """One of the words of an Enum, in any case. `others` are more words for its members."""

    words: type[Enum]
    others: Mapping[str, Enum] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return "one of " + ", ".join(self._names())

    def _names(self) -> list[str]:
        instead = {member: word for word, member in self.others.items()}
        return [
            instead.get(member, member.value if isinstance(member.value, str) else member.name) for member in self.words
        ]

    def read(self, node: Node, place: Place, to: Findings) -> Any:
        if not isinstance(node, Scalar):
            return self._refuse(node, place, to)
        word = node.text.strip().upper().replace("-", "_").replace(" ", "_")
        for member in self.words:
            if word in (member.name, str(member.value).upper()):
                return member
        if word in self.others:
            return self.others[word]
        return to.note(
            node.mark,
            place,
            f"{_shown(node)} is not {self.title}",
            suggestion(node.text, self._names()),
        )

    def schema(self) -> JsonSchema:
        return {"enum": self._names()}


@dataclass(frozen=True)
class Number(Shape):
    least: float
    most: float
    is_whole: bool = True

    @property
    def title(self) -> str:
        return f"a {'whole ' if self.is_whole else ''}number from {self.least:g} to {self.most:g}"

    def read(self, node: Node, place: Place, to: Findings) -> Any:
        if not isinstance(node, Scalar) or not re.fullmatch(r"[+-]?\d{1,12}(\.\d{1,6})?", node.text.strip()):
            return self._refuse(node, place, to)
        value = float(node.text)
        if not self.least <= value <= self.most or (self.is_whole and value != int(value)):
            return self._refuse(node, place, to)
        return int(value) if self.is_whole else value

    def schema(self) -> JsonSchema:
        return {"type": "integer" if self.is_whole else "number", "minimum": self.least, "maximum": self.most}


class Flag(Shape):
    title = "true or false"

    def read(self, node: Node, place: Place, to: Findings) -> Any:
        word = node.text.strip().lower() if isinstance(node, Scalar) else ""
        if word not in ("true", "false", "yes", "no", "on", "off"):
            return self._refuse(node, place, to)
        return word in ("true", "yes", "on")

    def schema(self) -> JsonSchema:
        return {"type": "boolean"}


class TimeOfDay(Shape):
    title = "a time of day; write it like 00:30"

    def read(self, node: Node, place: Place, to: Findings) -> Any:
        match = re.fullmatch(r"(\d{1,2}):(\d{2})", node.text.strip()) if isinstance(node, Scalar) else None
        if match is None or int(match[1]) > 23 or int(match[2]) > 59:
            return self._refuse(node, place, to)
        return time(int(match[1]), int(match[2]))

    def schema(self) -> JsonSchema:
        return {"type": "string", "pattern": "^([01]?[0-9]|2[0-3]):[0-5][0-9]$"}


class TypeText(Shape):
    title = "a type of MaxCompute, such as BIGINT or DECIMAL(18,2)"

    def read(self, node: Node, place: Place, to: Findings) -> Any:
        if not isinstance(node, Scalar):
            return self._refuse(node, place, to)
        try:
            return parse_type(node.text)
        except Fault as fault:
            return to.note(node.mark, place, f"{_shown(node)} is not {self.title}", fault.message)

    def schema(self) -> JsonSchema:
        return {
            "type": "string",
            "examples": ["STRING", "BIGINT", "DOUBLE", "DECIMAL(18,2)", "DATE", "DATETIME", "BOOLEAN"],
        }


class Literal(Shape):
    """A value of a row: text, number, flag or nothing, as it is written."""

    title = "a text, a number, true, false or null"

    def read(self, node: Node, place: Place, to: Findings) -> Any:
        if not isinstance(node, Scalar):
            return self._refuse(node, place, to)
        if node.is_nothing:
            return None
        if node.is_plain:
            if node.text in ("true", "false"):
                return node.text == "true"
            if re.fullmatch(r"[+-]?\d{1,18}", node.text):
                return int(node.text)
            if re.fullmatch(r"[+-]?\d{1,18}\.\d{1,18}", node.text):
                return float(node.text)
        return node.text

    def schema(self) -> JsonSchema:
        return {"type": ["string", "number", "boolean", "null"]}


@dataclass(frozen=True)
class ListOf(Shape):
    """A single value stands for a list of one when `takes_one`. Items that are records with a `name` have unique names."""

    item: Shape
    takes_one: bool = False
    least: int = 0
    most: int = 10_000

    @property
    def title(self) -> str:
        return "a list"

    def read(self, node: Node, place: Place, to: Findings) -> Any:
        if self.takes_one and not isinstance(node, Listing):
            value = self.item.read(node, place, to)
            return WRONG if value is WRONG else [value]
        if isinstance(node, Scalar) and node.is_nothing:
            return []
        if not isinstance(node, Listing):
            return self._refuse(node, place, to)
        if not self.least <= len(node.items) <= self.most:
            few = len(node.items) < self.least
            return to.note(
                node.mark, place, f"the list has {len(node.items)} entries; {'at least' if few else 'at most'} "
                f"{self.least if few else self.most} are expected"
            )  # fmt: skip
        found: list[Any] = []
        first: dict[str, Mark] = {}
        for index, item in enumerate(node.items):
            name = item_name(item)
            inner = (*place, name or str(index))
            if name is not None:
                if name.lower() in first:
                    to.note(item.mark, inner, f"the name is given twice, first in line {first[name.lower()].line}")
                    continue
                first[name.lower()] = item.mark
            to.marks.setdefault(inner, item.mark)
            value = self.item.read(item, inner, to)
            if value is not WRONG:
                found.append(value)
        return found

    def schema(self) -> JsonSchema:
        many: JsonSchema = {"type": "array", "items": self.item.schema(), "maxItems": self.most}
        if self.least:
            many["minItems"] = self.least
        return {"anyOf": [self.item.schema(), many]} if self.takes_one else many


def item_name(node: Node) -> str | None:
    """The `name` of a record, if it has one as it should."""
    name = node.get("name") if isinstance(node, Keyed) else None
    return name.text.strip() if isinstance(name, Scalar) and name.text.strip() else None


@dataclass(frozen=True)
class MapOf(Shape):
    """Free keys, each with a value of one shape."""

    value: Shape
    key: str = r"\S.{0,127}"
    key_title: str = "a name"

    title = "a mapping"

    def read(self, node: Node, place: Place, to: Findings) -> Any:
        if not isinstance(node, Keyed):
            return self._refuse(node, place, to)
        found: Values = {}
        for entry in node.entries:
            inner = (*place, entry.key)
            to.marks[inner] = entry.mark
            if not re.fullmatch(self.key, entry.key):
                to.note(entry.mark, place, f"'{entry.key}' is not {self.key_title}")
                continue
            value = self.value.read(entry.node, inner, to)
            if value is not WRONG:
                found[entry.key] = value
        return found

    def schema(self) -> JsonSchema:
        return {
            "type": "object",
            "additionalProperties": self.value.schema(),
            "propertyNames": {"pattern": f"^(?:{self.key})$"},
        }


@dataclass(frozen=True)
class Key:
    """A key of a record: its shape, what it means, and its default in words for the reference."""

    shape: Shape
    doc: str
    is_required: bool = False
    default: str = ""


@dataclass(frozen=True)
class Record(Shape):
    """`short`: the key that a bare text stands for."""

    name: str
    keys: Mapping[str, Key]
    short: str = ""
    doc: str = ""

    @property
    def title(self) -> str:
        return "a mapping" + (f" or a text that is its `{self.short}`" if self.short else "")

    def read(self, node: Node, place: Place, to: Findings) -> Any:
        if self.short and isinstance(node, Scalar):
            value = self.keys[self.short].shape.read(node, place, to)
            return WRONG if value is WRONG else {self.short: value}
        if not isinstance(node, Keyed):
            return self._refuse(node, place, to)
        found, is_wrong = self.read_parts(node, place, to)
        return WRONG if is_wrong else found

    def read_parts(self, node: Keyed, place: Place, to: Findings) -> tuple[Values, bool]:
        """The keys that are right, and whether anything is wrong."""
        found: Values = {}
        is_wrong = False
        meant: set[str] = set()
        for entry in node.entries:
            key = self.keys.get(entry.key)
            inner = (*place, entry.key)
            if key is None:
                near = nearest(entry.key, self.keys)
                meant.add(near)
                hint = f"did you mean '{near}'?" if near else self._known()
                to.note(entry.mark, place, f"unknown key '{entry.key}'", hint)
                is_wrong = True
                continue
            to.marks[inner] = entry.node.mark
            if isinstance(entry.node, Scalar):
                to.starts[inner] = entry.node.start
            value = key.shape.read(entry.node, inner, to)
            if value is WRONG:
                is_wrong = True
            else:
                found[entry.key] = value
        given = {entry.key for entry in node.entries}
        for word, key in self.keys.items():
            if key.is_required and word not in given and word not in meant:
                to.note(node.mark, place, f"key '{word}' is missing", key.doc)
                is_wrong = True
        return found, is_wrong

    def _known(self) -> str:
        return "known keys: " + ", ".join(self.keys)

    def schema(self) -> JsonSchema:
        reference: JsonSchema = {"$ref": f"#/$defs/{self.name}"}
        return {"anyOf": [self.keys[self.short].shape.schema(), reference]} if self.short else reference

    def definition(self) -> JsonSchema:
        """What `#/$defs/<name>` is."""
        made: JsonSchema = {
            "type": "object",
            "additionalProperties": False,
            "properties": {word: _described(key) for word, key in self.keys.items()},
        }
        required = [word for word, key in self.keys.items() if key.is_required]
        if required:
            made["required"] = required
        if self.doc:
            made["description"] = self.doc
        return made

    def parts(self) -> Iterable[Shape]:
        return (key.shape for key in self.keys.values())


def _described(key: Key) -> JsonSchema:
    text = key.doc + (f" Default: {key.default}." if key.default else "")
    return key.shape.schema() | {"description": text}


def records(root: Record) -> dict[str, Record]:
    """Every record that a shape consists of, by name, itself first."""
    found: dict[str, Record] = {}
    todo: list[Shape] = [root]
    while todo:
        match todo.pop(0):
            case Record() as record:
                if record.name not in found:
                    found[record.name] = record
                    todo += record.parts()
            case ListOf(item=inner) | MapOf(value=inner):
                todo.append(inner)
    return found
