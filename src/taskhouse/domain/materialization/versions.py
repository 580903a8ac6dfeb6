"""When a change of a logical table keeps its physical tables, and when they are built anew under the next strategy version.

One rule for each kind of change. One change that rebuilds is enough, and then all tables of the strategy are rebuilt, so that no
version mixes old shapes with new ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from taskhouse.domain.materialization.layout import Layout


class ChangeKind(Enum):
    """The value is how the change is described to people."""

    FIELD_ADDED = "a field is added"
    FIELD_DROPPED = "a field is dropped"
    FIELD_COPIED = "a field is written by one more node"
    COPY_DROPPED = "one of several copies of a field is dropped"
    NODE_ADDED = "new fields go into a new table"
    NODE_DROPPED = "a table is dropped with its fields"
    LIFECYCLE = "the lifecycle changes"
    NAME = "the label or description of the model changes"
    FIELD_TYPE = "the type of a field changes"
    PARTITIONS = "partition fields are added, dropped, renamed or reordered"
    FIELD_MOVED = "a field migrates from one table to another"
    KEYS = "the primary key consists of other fields"


@dataclass(frozen=True, slots=True)
class VersionRule:
    """`rebuilds`: the strategy's next version is due."""

    change: ChangeKind
    rebuilds: bool
    why: str


VERSION_RULES = (
    VersionRule(ChangeKind.FIELD_ADDED, False, "its column is added; earlier partitions have NULL there"),
    VersionRule(ChangeKind.FIELD_DROPPED, False, "its column stays where it is and is read no more"),
    VersionRule(ChangeKind.FIELD_COPIED, False, "the copy is a new column of the other table"),
    VersionRule(ChangeKind.COPY_DROPPED, False, "the other copies stay"),
    VersionRule(ChangeKind.NODE_ADDED, False, "nobody reads the new fields elsewhere"),
    VersionRule(ChangeKind.NODE_DROPPED, False, "the table stays until its lifecycle ends"),
    VersionRule(ChangeKind.LIFECYCLE, False, "how long partitions are kept says nothing about what is in them"),
    VersionRule(ChangeKind.NAME, False, "words for people are not in the tables"),
    VersionRule(ChangeKind.FIELD_TYPE, True, "a column has one type in all its partitions"),
    VersionRule(ChangeKind.PARTITIONS, True, "a table cannot be partitioned anew"),
    VersionRule(ChangeKind.FIELD_MOVED, True, "history would be in one table and the future in the other"),
    VersionRule(ChangeKind.KEYS, True, "rows of the old and of the new key cannot be joined"),
)
_REBUILDS = {rule.change: rule.rebuilds for rule in VERSION_RULES}


@dataclass(frozen=True, slots=True)
class Change:
    """`subject` names the field or node, empty when the table as a whole is meant."""

    kind: ChangeKind
    subject: str = ""

    @property
    def rebuilds(self) -> bool:
        return _REBUILDS[self.kind]

    @property
    def text(self) -> str:
        return f"{self.subject}: {self.kind.value}" if self.subject else self.kind.value


def changes(before: Layout, after: Layout) -> list[Change]:
    """What distinguishes two layouts of a table, in a stable order; empty when they are the same."""
    found: list[Change] = []
    if before.partitions != after.partitions:
        found.append(Change(ChangeKind.PARTITIONS))
    if set(before.keys) != set(after.keys):
        found.append(Change(ChangeKind.KEYS))
    names = dict.fromkeys((*before.types, *after.types))
    for name in names:
        if name in before.types and name in after.types:
            if before.types[name] != after.types[name]:
                found.append(Change(ChangeKind.FIELD_TYPE, name))
            if name not in before.keys and name not in after.keys:
                found += _moved(name, before.nodes_of(name), after.nodes_of(name))
        elif name not in before.keys and name not in after.keys:
            is_new = name in after.types
            found.append(Change(ChangeKind.FIELD_ADDED if is_new else ChangeKind.FIELD_DROPPED, name))
    found += [Change(ChangeKind.NODE_ADDED, node) for node in after.nodes if node not in before.nodes]
    found += [Change(ChangeKind.NODE_DROPPED, node) for node in before.nodes if node not in after.nodes]
    return found


def _moved(name: str, before: frozenset[str], after: frozenset[str]) -> Iterable[Change]:
    """A field that keeps a table where its whole history is has not migrated."""
    if before == after:
        return
    if not before & after:
        yield Change(ChangeKind.FIELD_MOVED, name)
        return
    if after - before:
        yield Change(ChangeKind.FIELD_COPIED, name)
    if before - after:
        yield Change(ChangeKind.COPY_DROPPED, name)


def next_strategy(current: int, found: Iterable[Change]) -> int:
    """The strategy version after these changes."""
    return current + 1 if any(change.rebuilds for change in found) else current
