"""Automatic splitting: which fields of a logical table are written by one node.

Every rule divides what the rules before it put together. What is left together goes into one table, in the order of the definition;
only a width beyond `max_fields` divides it further. The primary key is in every node; without one there is nothing to join tables by, so
all fields are in one node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

INTERVAL_MIN = 60
"""Inputs that are ready within this many minutes of the earliest count as ready at the same time."""
MAIN = "main"


@dataclass(frozen=True, slots=True)
class FieldTraits:
    """What the rules look at. `ready_at`: minutes after midnight when the last of its inputs is ready. `is_behaviour`: it is computed from
    a fact or aggregate table, not from what the object itself is. `is_heavy`: declared dear. Of metrics: `source` is the table that
    it aggregates and `period` the statistical period."""

    name: str
    ready_at: int = 0
    is_behaviour: bool = False
    is_heavy: bool = False
    source: str = ""
    period: str = ""


@dataclass(frozen=True, slots=True)
class SplittingRule:
    """`key` gives what must be equal for fields to stay together; its text becomes part of the node's label, empty for the usual. A label
    says nothing of other fields, so that a field's node keeps its name when others come or go."""

    name: str
    applies_to: str
    why: str
    key: Callable[[FieldTraits], str] | None = None


def _clock(minutes: int) -> str:
    return f"at{minutes // 60:02}{minutes % 60:02}"


OUTPUT_TIME = SplittingRule(
    "output time",
    "dimension and fact tables",
    f"fields whose sources are ready more than {INTERVAL_MIN} minutes later than those of others do not delay them",
)
BEHAVIOUR = SplittingRule(
    "behaviour attributes",
    "dimension tables",
    "what facts say about an object changes daily and is ready later than what the object is",
    lambda traits: "behaviour" if traits.is_behaviour else "",
)
SOURCE = SplittingRule(
    "source table",
    "aggregate tables",
    "metrics of different logical tables wait for different things",
    lambda traits: traits.source.rpartition(".")[2],
)
PERIOD = SplittingRule(
    "statistical period",
    "aggregate tables",
    "a metric of the last day does not wait for the reading of a month",
    lambda traits: traits.period,
)
COST = SplittingRule(
    "cost",
    "all",
    "fields declared HEAVY do not delay the others",
    lambda traits: "heavy" if traits.is_heavy else "",
)
KEYS = SplittingRule(
    "redundancy of primary keys",
    "dimension and fact tables with a primary key, aggregate tables",
    "the primary key, or granularity, is written by every node in the role KEY, so that nodes can be joined; "
    "a foreign key is kept once, for a second copy would go stale when the field is rerun alone",
)
WIDTH = SplittingRule(
    "width",
    "all",
    "no node writes more than `max_fields` fields",
)
NO_KEY = SplittingRule(
    "no primary key",
    "fact tables without one",
    "rows of two tables could not be joined, so all fields are in one node",
)
SPLITTING_RULES = (OUTPUT_TIME, BEHAVIOUR, SOURCE, PERIOD, COST, KEYS, WIDTH, NO_KEY)
TABLE_RULES = (OUTPUT_TIME, BEHAVIOUR, COST)
METRIC_RULES = (SOURCE, PERIOD, COST)


@dataclass(frozen=True, slots=True)
class Group:
    """`label` is unique in the table. `why` names the rules that set it apart."""

    label: str
    fields: tuple[str, ...]
    why: str


def split(
    fields: Sequence[FieldTraits],
    rules: Sequence[SplittingRule],
    max_fields: int,
    placed: Mapping[str, str] | None = None,
) -> list[Group]:
    """Groups in the order of their first field; none for no fields. `placed` says in which node (by label) a field is now:
    where width alone decides, a field stays, so that adding another does not move it."""
    times = _intervals([traits.ready_at for traits in fields]) if OUTPUT_TIME in rules else {}
    groups: dict[tuple[str, ...], list[str]] = {}
    reasons: dict[tuple[str, ...], str] = {}
    for traits in fields:
        key = tuple(rule.key(traits) if rule.key else times[traits.ready_at] for rule in rules)
        groups.setdefault(key, []).append(traits.name)
        reasons[key] = ", ".join(f"{rule.name} {part}" for rule, part in zip(rules, key, strict=True) if part)
    found: list[Group] = []
    for key, names in groups.items():
        label = "_".join(part for part in key if part) or MAIN
        found += _narrow(label, names, max_fields, placed or {}, reasons[key] or "no rule sets them apart")
    return found


def _intervals(times: Sequence[int]) -> dict[int, str]:
    """Time -> label of its interval: empty for the earliest, else the time of the interval's first."""
    labels: dict[int, str] = {}
    start = label = None
    for at in sorted(set(times)):
        if start is None or at - start > INTERVAL_MIN:
            label = "" if start is None else _clock(at)
            start = at
        labels[at] = label or ""
    return labels


def _narrow(label: str, names: list[str], width: int, placed: Mapping[str, str], why: str) -> list[Group]:
    """At most `width` fields each, in `label`, `label_2`, ...; a field that is in one of these stays there."""
    count = max([-(-len(names) // width), *(_number(placed.get(name, ""), label) for name in names)])
    chosen: dict[str, list[str]] = {_numbered(label, n): [] for n in range(1, count + 1)}
    free: list[str] = []
    for name in names:
        at = placed.get(name, "")
        if at in chosen and len(chosen[at]) < width:
            chosen[at].append(name)
        else:
            free.append(name)
    for name in free:
        next(fields for fields in chosen.values() if len(fields) < width).append(name)
    told = why if count == 1 else f"{why}, {WIDTH.name}"
    return [Group(each, tuple(fields), told) for each, fields in chosen.items() if fields]


def _numbered(label: str, n: int) -> str:
    return label if n == 1 else f"{label}_{n}"


def _number(name: str, label: str) -> int:
    """Which of a group's nodes a name is; 0 for none."""
    if name == label:
        return 1
    tail = name.removeprefix(f"{label}_")
    return int(tail) if tail != name and tail.isdecimal() and len(tail) < 6 else 0
