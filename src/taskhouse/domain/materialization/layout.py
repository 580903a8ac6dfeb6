"""The physical shape of a logical table: nodes, the fields that each writes, names of physical tables.

A *layout* is what versions of a strategy are compared by. Node names are unique in a project; a physical table belongs to
one node and is named after the logical table and the node, a shared node's after the node alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

MAX_TABLE_NAME = 128
"""Characters, as in MaxCompute."""


@dataclass(frozen=True, slots=True)
class PlannedNode:
    """`label` tells the nodes of a table apart; `name` is the node's in its project. `rule` says why the fields are together, in a few
    words for people. `calculated`: custom metrics over other metrics, which it reads from other nodes of the table."""

    label: str
    name: str
    values: tuple[str, ...]
    rule: str = ""
    shared: bool = False
    calculated: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """`nodes`: name -> value fields. `keys` are in every node (D-02). `types` has every field's, keys included. `partitions` are
    names of partition columns in order."""

    nodes: Mapping[str, tuple[str, ...]]
    keys: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    partitions: tuple[str, ...] = ()

    def nodes_of(self, name: str) -> frozenset[str]:
        return frozenset(node for node, values in self.nodes.items() if name in values)


def physical_name(table: str, label: str, strategy: int, *, shared: bool = False) -> str:
    """Without the project. The version stands in the name from the second on: a rebuilt table is another table, and the old one
    keeps its data until its lifecycle ends. A name too long for a table ends in a digest of the whole."""
    base = f"shared__{label}" if shared else f"{table}__{label}"
    name = (base if strategy <= 1 else f"{base}__v{strategy}").lower()
    if len(name) <= MAX_TABLE_NAME:
        return name
    return f"{name[: MAX_TABLE_NAME - 13]}_{sha256(name.encode()).hexdigest()[:12]}"
