"""YAML as nodes that know where they stand in their file.

Values stay text until a shape says what they are, so `on`, `no` and `00:30` are what they look like and not YAML 1.1's true, false and
1800. Tags are refused. Anchors and aliases are allowed, but what they expand to is bounded, as are size, depth and number of nodes:
a workspace comes from a client.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from taskhouse.domain.definition.places import Mark

MAX_DEPTH = 24
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "<<"
_NOTHING = frozenset(("", "~", "null", "Null", "NULL"))


_NOWHERE = Mark("", 0, 0)


@dataclass(slots=True)
class Node:
    mark: Mark


@dataclass(slots=True)
class Scalar(Node):
    """`is_plain`: written without quotes and not as a block, so that it may be a number, a flag, or nothing. `start` is where the text
    itself begins: after the quote, or at the first line of a block."""

    text: str
    is_plain: bool = False
    start: Mark = _NOWHERE

    @property
    def is_nothing(self) -> bool:
        return self.is_plain and self.text in _NOTHING


@dataclass(slots=True)
class Listing(Node):
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Entry:
    key: str
    mark: Mark
    """Of the key."""
    node: Node


@dataclass(slots=True)
class Keyed(Node):
    entries: list[Entry] = field(default_factory=list)

    def get(self, key: str) -> Node | None:
        return next((entry.node for entry in self.entries if entry.key == key), None)


class YamlError(Exception):
    """`message` is for people."""

    def __init__(self, mark: Mark, message: str) -> None:
        super().__init__(f"{mark}: {message}")
        self.mark = mark
        self.message = message


class NodeBudget:
    """How many nodes may still be read, over all files; what aliases repeat counts each time."""

    def __init__(self, nodes: int) -> None:
        self.total = nodes
        self._left = nodes

    def spend(self, count: int, mark: Mark) -> None:
        self._left -= count
        if self._left < 0:
            raise YamlError(mark, f"the workspace has more than {self.total} values; split it into several")


def documents(file: str, text: str, budget: NodeBudget) -> Iterator[Keyed]:
    """The documents of a file, empty ones left out. Raises `YamlError` for what is no YAML, no mapping, or not allowed."""
    reader = _Reader(file, text, budget)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            document = reader.take(event)
            if document is None:
                continue
            if isinstance(document, Scalar) and document.is_nothing:
                continue
            if not isinstance(document, Keyed):
                raise YamlError(document.mark, "a file of a workspace is a mapping of sections, such as `projects:`")
            yield document
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        mark = Mark(file, at.line + 1, at.column + 1) if at else Mark(file, 1, 1)
        said = ", ".join(part for part in (error.problem, error.context) if part)
        raise YamlError(mark, f"this is not YAML: {said}") from None
    except yaml.YAMLError as error:
        raise YamlError(Mark(file, 1, 1), f"this is not YAML: {error}") from None


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come. `key` waits for its value."""

    node: Listing | Keyed
    anchor: str | None
    key: Scalar | None = None
    merges: list[Keyed] = field(default_factory=list)
    seen: dict[str, Mark] = field(default_factory=dict)


class _Reader:
    def __init__(self, file: str, text: str, budget: NodeBudget) -> None:
        self._file = file
        self._lines = text.splitlines()
        self._budget = budget
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._sizes: dict[str, int] = {}

    def take(self, event: Any) -> Node | None:
        """The document's node when `event` completes it."""
        match event:
            case yaml.DocumentStartEvent():
                self._anchors.clear()
                self._sizes.clear()
            case yaml.ScalarEvent():
                self._check_tag(event)
                mark = self._mark(event)
                self._budget.spend(1, mark)
                scalar = Scalar(mark, event.value, bool(event.implicit[0]), self._start(mark, event))
                self._remember(event.anchor, scalar)
                return self._put(scalar)
            case yaml.AliasEvent():
                mark = self._mark(event)
                node = self._anchors.get(str(event.anchor))
                if node is None:
                    raise YamlError(mark, f"there is no complete anchor '&{event.anchor}' before this alias")
                self._budget.spend(self._sizes[str(event.anchor)], mark)
                return self._put(node)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._check_tag(event)
                mark = self._mark(event)
                self._budget.spend(1, mark)
                if len(self._stack) >= MAX_DEPTH:
                    raise YamlError(mark, f"values are nested more than {MAX_DEPTH} deep")
                made = Listing(mark) if isinstance(event, yaml.SequenceStartEvent) else Keyed(mark)
                self._stack.append(_Open(made, event.anchor))
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                done = self._stack.pop()
                if isinstance(done.node, Keyed):
                    _merge(done.node, done.merges)
                self._remember(done.anchor, done.node)
                return self._put(done.node)
        return None

    def _mark(self, event: Any) -> Mark:
        return Mark(self._file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _start(self, mark: Mark, event: Any) -> Mark:
        if event.style in ("|", ">"):
            for number in range(mark.line, len(self._lines)):
                line = self._lines[number]  # the first line with text says how far the block is indented
                if line.strip():
                    return Mark(self._file, mark.line + 1, len(line) - len(line.lstrip()) + 1)
        return Mark(self._file, mark.line, mark.column + (event.style in ("'", '"')))

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None and event.tag != "!":
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            raise YamlError(self._mark(event), f"tags such as {tag} are not allowed; write the value without it")

    def _remember(self, anchor: str | None, node: Node) -> None:
        if anchor:
            self._anchors[anchor] = node
            self._sizes[anchor] = _size(node, self._budget.total)

    def _put(self, node: Node) -> Node | None:
        if not self._stack:
            return node
        top = self._stack[-1]
        if isinstance(top.node, Listing):
            top.node.items.append(node)
        elif top.key is None:
            if not isinstance(node, Scalar):
                raise YamlError(node.mark, "a key must be a word")
            top.key = node
        else:
            self._put_entry(top, top.node, top.key, node)
            top.key = None
        return None

    def _put_entry(self, top: _Open, node: Keyed, key: Scalar, value: Node) -> None:
        if key.text == _MERGE and key.is_plain:
            found = value.items if isinstance(value, Listing) else [value]
            for item in found:
                if not isinstance(item, Keyed):
                    raise YamlError(value.mark, "`<<` takes a mapping, or a list of them")
                top.merges.append(item)
            return
        if key.text in top.seen:
            raise YamlError(key.mark, f"'{key.text}' is given twice, first in line {top.seen[key.text].line}")
        top.seen[key.text] = key.mark
        node.entries.append(Entry(key.text, key.mark, value))


def _merge(node: Keyed, merges: list[Keyed]) -> None:
    """Add the entries of `<<` that the mapping does not have itself; of several the first wins."""
    have = {entry.key for entry in node.entries}
    for other in merges:
        for entry in other.entries:
            if entry.key not in have:
                have.add(entry.key)
                node.entries.append(entry)


def _size(node: Node, most: int) -> int:
    """Number of nodes, what aliases repeat counted each time; stops counting past `most`."""
    count, todo = 0, [node]
    while todo and count <= most:
        count += 1
        match todo.pop():
            case Listing(items=items):
                todo += items
            case Keyed(entries=entries):
                todo += [entry.node for entry in entries]
    return count
