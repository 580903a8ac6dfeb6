"""What else must be rewritten when some fields are: the closure over fields and materialization nodes.

A node writes all its fields at once, and a field may be written by several nodes. Rewriting a field rewrites its nodes, hence
their other fields, hence the other nodes of those: two copies of a field must not differ. The closure is that fixpoint (D-17), the
components of the bipartite graph of fields and nodes which the selection touches. It follows shared nodes into other tables (D-18).

Only VALUE incidences count. Keys, partitions and join keys are in every node; through them every operation would become one on the
whole table (D-02). `Incidence` holds no others.

Linear in the incidences that are touched; `Closure` remembers for each field and node which one brought it in, so that a dialog can
say why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from taskhouse.domain.graph import Csr


@dataclass(frozen=True, slots=True)
class Incidence:
    """Which node writes which field, VALUE role only; fields and nodes by position."""

    nodes_of: Csr
    """Field -> its nodes."""
    fields_of: Csr
    """Node -> its fields."""

    @classmethod
    def from_pairs(cls, fields: int, nodes: int, pairs: Iterable[tuple[int, int]]) -> Incidence:
        """`pairs` as (field, node), each at most once."""
        left: list[int] = []
        right: list[int] = []
        for field, node in pairs:
            left.append(field)
            right.append(node)
        return cls(Csr.from_pairs(fields, left, right), Csr.from_pairs(nodes, right, left))

    def one_hop(self, fields: Iterable[int]) -> tuple[list[int], list[int]]:
        """The nodes of the fields, and all fields of these nodes: what operations that write no data touch (D-19)."""
        nodes = dict.fromkeys(node for field in fields for node in self.nodes_of[field])
        return list(nodes), list(dict.fromkeys(field for node in nodes for field in self.fields_of[node]))


@dataclass(frozen=True, slots=True)
class Closure:
    """Positions of fields and nodes in the order in which they joined.

    `field_via[f]` is the node through which field f joined, -1 for a selected field. `node_via[n]` is the field through
    which node n joined, -1 for a node that was given as a start itself.
    """

    field_via: dict[int, int]
    node_via: dict[int, int]

    @property
    def fields(self) -> Iterable[int]:
        return self.field_via.keys()

    @property
    def nodes(self) -> Iterable[int]:
        return self.node_via.keys()

    def associated(self) -> list[int]:
        """The fields that were not selected but joined."""
        return [field for field, via in self.field_via.items() if via >= 0]

    def chain(self, field: int) -> list[tuple[int, int]]:
        """Why `field` is in: steps (field that was in, node that it shares with the next), from the selection to `field`.

        Empty for a selected field. When the closure began at a node, the first step has -1 for the field.
        """
        steps: list[tuple[int, int]] = []
        via = self.field_via[field]
        while via >= 0:
            before = self.node_via[via]
            steps.append((before, via))
            via = self.field_via[before] if before >= 0 else -1
        return steps[::-1]


def closure(incidence: Incidence, selected: Iterable[int], nodes: Iterable[int] = ()) -> Closure:
    """The fixpoint from the selected fields, and from `nodes` that will be rewritten anyway."""
    field_via: dict[int, int] = dict.fromkeys(selected, -1)
    node_via: dict[int, int] = dict.fromkeys(nodes, -1)
    fields_at, fields = incidence.fields_of.offsets, incidence.fields_of.targets
    nodes_at, writers = incidence.nodes_of.offsets, incidence.nodes_of.targets
    new_fields = list(field_via)
    new_nodes = list(node_via)
    while new_fields or new_nodes:
        joined: list[int] = []
        for node in new_nodes:
            for field in fields[fields_at[node] : fields_at[node + 1]]:
                if field not in field_via:
                    field_via[field] = node
                    joined.append(field)
        new_fields += joined
        new_nodes = []
        for field in new_fields:
            for node in writers[nodes_at[field] : nodes_at[field + 1]]:
                if node not in node_via:
                    node_via[node] = field
                    new_nodes.append(node)
        new_fields = []
    return Closure(field_via, node_via)


def is_closed(incidence: Incidence, fields: Sequence[int]) -> bool:
    """Whether these fields bring in no other."""
    known = set(fields)
    return all(g in known for f in fields for node in incidence.nodes_of[f] for g in incidence.fields_of[node])
