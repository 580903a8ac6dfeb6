"""Selections of instances in one text form, for console, CLI and API alike: `t0+3,status:failed,owner:alice`.

A selection is a union of groups, separated by spaces; a group holds terms that must all hold, separated by commas:

- `name` an instance by name or id (`*` and `?` stand for any text and one character); `name+3` with three levels downstream, `name+`
  with all; `2+name` and `+name` the same upstream; `1+name+` both.
- `key:value` an attribute: status, owner, project, name, task, kind, cycle, priority, tag, bizdate, paused. Several values
  with `|`; values of name, owner, project, task and tag may hold `*` and `?`.
- `!` before a term turns it round.

Names with other characters stand in double quotes, a quote or a backslash in them after a backslash. Printing a parsed selection
gives its normal form, which parses to the same value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache

from taskhouse.domain.calendar import bizdate_text, read_bizdate
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.graph import Edges, reach
from taskhouse.domain.operations.priority import shown_priorities
from taskhouse.domain.recurring import Priority, TableKind
from taskhouse.domain.schedule import Cycle
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import NodeStatus, StatusClass

_PLAIN = r"[\w.$*?-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_WORD = rf"(?:{_QUOTED}|{_PLAIN})"
_NEIGHBOURHOOD = re.compile(rf"(?:(?P<up>\d*)(?P<up_plus>\+))?(?P<name>{_WORD})(?:(?P<down_plus>\+)(?P<down>\d*))?")
_DOWNSTREAM = re.compile(rf"(?P<up>)(?P<up_plus>)(?P<name>{_WORD})(?:(?P<down_plus>\+)(?P<down>\d*))?")
"""Tried first: `12+3` is instance 12 with three levels down. Two levels above instance 12 are `2+"12"`."""
_ATTRIBUTE = re.compile(rf"(?P<key>[a-z_]+):(?P<values>{_WORD}(?:\|{_WORD})*)")
_VALUE = re.compile(_WORD)
_TERM = re.compile(rf"(?:{_QUOTED}|[^\s,\"])+")

UNLIMITED = -1
"""Levels of `name+`."""


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Instances by name or id with levels up and down (0: none, `UNLIMITED`: all)."""

    name: str
    up: int = 0
    down: int = 0
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Attribute:
    key: str
    values: tuple[str, ...]
    negated: bool = False


Term = Neighbourhood | Attribute


@dataclass(frozen=True, slots=True)
class InstanceSelection:
    """A union of groups of terms that must all hold. Without groups it selects everything."""

    groups: tuple[tuple[Term, ...], ...] = ()

    def __str__(self) -> str:
        return " ".join(",".join(map(_print, group)) for group in self.groups)


_STATUS_WORDS = {cls.name.lower(): cls for cls in StatusClass}
_WAITING_WORDS = {
    "waiting_for_time": NodeStatus.WAIT_SCHEDULE,
    "throttling": NodeStatus.DISPATCH_BLOCKED,
    "waiting_for_resources": NodeStatus.WAIT_RESOURCE,
}
"""Parts of `waiting`; an instance has one when any of its nodes does."""
_ENUMERATED: dict[str, frozenset[str]] = {
    "status": frozenset({*_STATUS_WORDS, *_WAITING_WORDS, "paused"}),
    "kind": frozenset({"script", *(kind.value.lower() for kind in TableKind)}),
    "cycle": frozenset(cycle.value.lower() for cycle in Cycle),
    "priority": frozenset(priority.name.lower() for priority in Priority),
    "paused": frozenset({"yes", "no", "partly"}),
}
_FREE = ("owner", "project", "name", "task", "tag")
KEYS = (*_ENUMERATED, *_FREE, "bizdate")


def parse(text: str) -> InstanceSelection:
    """Raises `Fault` (InvalidArgument) that names the term which is not understood."""
    return InstanceSelection(tuple(tuple(map(_parse_term, group)) for group in _split(text)))


def _split(text: str) -> Iterable[list[str]]:
    position, group, expects = 0, list[str](), True
    while position < len(text):
        if text[position].isspace():
            if group and not expects:
                yield group
                group, expects = [], True
            elif group:
                raise _wrong(text, "a term is missing after the comma")
            position += 1
            continue
        if text[position] == ",":
            if expects:
                raise _wrong(text, "a term is missing before the comma")
            expects = True
            position += 1
            continue
        match = _TERM.match(text, position)
        if match is None or not expects:
            raise _wrong(text, f"a quote is not closed or stands in the wrong place at character {position + 1}")
        group.append(match[0])
        position, expects = match.end(), False
    if group and expects:
        raise _wrong(text, "a term is missing after the comma")
    if group:
        yield group


def _parse_term(text: str) -> Term:
    body = text.removeprefix("!")
    negated = body != text
    match = _ATTRIBUTE.fullmatch(body)
    if match is not None:
        values = tuple(_unquote(value) for value in _VALUE.findall(match["values"]))
        return Attribute(match["key"], _checked(match["key"], values, text), negated)
    match = _DOWNSTREAM.fullmatch(body) or _NEIGHBOURHOOD.fullmatch(body)
    if match is None:
        raise _wrong(text, "it is neither a name with levels nor key:value")
    up = 0 if not match["up_plus"] else int(match["up"]) if match["up"] else UNLIMITED
    down = 0 if not match["down_plus"] else int(match["down"]) if match["down"] else UNLIMITED
    return Neighbourhood(_unquote(match["name"]), up, down, negated)


def _checked(key: str, values: tuple[str, ...], text: str) -> tuple[str, ...]:
    if key not in KEYS:
        raise _wrong(text, f"'{key}' is not an attribute; there are {', '.join(sorted(KEYS))}")
    if key == "bizdate":
        return tuple(bizdate_text(read_bizdate(value)) for value in values)
    allowed = _ENUMERATED.get(key)
    if allowed is None:
        return values
    lower = tuple(value.lower().replace("-", "_") for value in values)
    for value in lower:
        if value not in allowed:
            raise _wrong(text, f"'{value}' is not a {key}; there are {', '.join(sorted(allowed))}")
    return lower


def _wrong(text: str, why: str) -> Fault:
    return Fault(FaultCode.INVALID_ARGUMENT, f"'{text}' is not a selection: {why}")


def _unquote(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word


def _quote(word: str) -> str:
    if re.fullmatch(_PLAIN, word):
        return word
    return '"' + re.sub(r'(["\\])', r"\\\1", word) + '"'


def _print(term: Term) -> str:
    mark = "!" if term.negated else ""
    if isinstance(term, Attribute):
        return f"{mark}{term.key}:{'|'.join(map(_quote, term.values))}"
    up = "" if term.up == 0 else "+" if term.up == UNLIMITED else f"{term.up}+"
    down = "" if term.down == 0 else "+" if term.down == UNLIMITED else f"+{term.down}"
    name = f'"{term.name}"' if term.up > 0 and term.name.isdecimal() else _quote(term.name)
    return f"{mark}{up}{name}{down}"


def evaluate(selection: InstanceSelection, snapshot: Snapshot, edges: Edges) -> list[int]:
    """Positions of the selected instances, ascending. `edges` are those between instances (`InstanceEdges`, whose root vertex is
    ignored)."""
    every = range(len(snapshot.graph.instances))
    if not selection.groups:
        return list(every)
    found: set[int] = set()
    for group in selection.groups:
        chosen: set[int] | None = None
        # Neighbourhoods first: they are sets; attributes then look at what is left.
        for term in sorted(group, key=lambda term: isinstance(term, Attribute)):
            base: Iterable[int] = every if chosen is None else chosen
            if isinstance(term, Attribute):
                holds = _attribute(term, snapshot)
                chosen = {at for at in base if holds(at) != term.negated}
            else:
                around = _neighbourhood(term, snapshot, edges)
                chosen = {at for at in base if (at in around) != term.negated}
        found |= chosen or set()
    return sorted(found)


def _neighbourhood(term: Neighbourhood, snapshot: Snapshot, edges: Edges) -> set[int]:
    matches = _glob(term.name)
    rows = snapshot.graph.instances
    start = [at for at, row in enumerate(rows) if matches(row.name) or str(row.id) == term.name]
    found = set(start)
    for levels, adjacency in ((term.up, edges.up), (term.down, edges.down)):
        if levels:
            found.update(reach(adjacency, start, depth=None if levels == UNLIMITED else levels))
    found.discard(len(rows))
    return found


@lru_cache(256)
def _glob(pattern: str) -> Callable[[str], bool]:
    if "*" not in pattern and "?" not in pattern:
        return pattern.__eq__
    compiled = re.compile(translate(pattern.replace("[", "[[]")))
    return lambda text: compiled.match(text) is not None


def _attribute(term: Attribute, snapshot: Snapshot) -> Callable[[int], bool]:
    values = frozenset(term.values)
    if term.key == "status":
        return _has_status(values, snapshot)
    if term.key == "paused":
        return lambda at: _pausedness(snapshot, at) in values
    if term.key in _ENUMERATED or term.key == "bizdate":
        return lambda at: not values.isdisjoint(_facts(snapshot, at, term.key))
    globs = [_glob(value) for value in term.values]
    return lambda at: any(holds(fact) for fact in _facts(snapshot, at, term.key) for holds in globs)


def _has_status(values: frozenset[str], snapshot: Snapshot) -> Callable[[int], bool]:
    """An instance has a status when any of its fields has it (D-14)."""
    classes = {_STATUS_WORDS[value] for value in values if value in _STATUS_WORDS}
    waiting = {_WAITING_WORDS[value] for value in values if value in _WAITING_WORDS}
    paused = "paused" in values

    def holds(at: int) -> bool:
        if not classes.isdisjoint(snapshot.instance_statuses(at)):
            return True
        nodes = snapshot.graph.nodes_of_instance[at]
        return any(snapshot.status[n] in waiting or (paused and n in snapshot.paused) for n in nodes)

    return holds


def _pausedness(snapshot: Snapshot, instance: int) -> str:
    flags = [
        node in snapshot.paused
        for node in snapshot.graph.nodes_of_instance[instance]
        if not snapshot.status_class(node).is_final
    ]
    return "no" if not any(flags) else "yes" if all(flags) else "partly"


def _facts(snapshot: Snapshot, instance: int, key: str) -> list[str]:
    """What an attribute is compared with; metrics add their own owners and projects."""
    graph = snapshot.graph
    row = graph.instances[instance]
    metrics = [graph.fields[f] for f in graph.fields_of_instance[instance]]
    match key:
        case "owner":
            return [*row.owners, *(metric.owner for metric in metrics if metric.owner)]
        case "project":
            return [row.project, *(metric.project for metric in metrics if metric.project)]
        case "name":
            return [row.name]
        case "task":
            return [row.task]
        case "tag":
            return list(row.tags)
        case "kind":
            return [row.kind.value.lower() if row.kind else "script"]
        case "cycle":
            return [row.cycle.value.lower()]
        case "priority":
            return [priority.name.lower() for priority in shown_priorities(snapshot, instance)]
        case _:
            return [bizdate_text(row.bizdate)]
