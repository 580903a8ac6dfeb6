"""After each step: what the store tells in its several ways is one and the same, and what waits may wait."""

from __future__ import annotations

from taskhouse.domain.node_state import NodeState
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass
from taskhouse.domain.transitions import Cause
from taskhouse.sim.memory_store import MemoryRecurringStore
from taskhouse.sim.witness import Witness


class Sweep:
    """Follows the feed of changes as a cache would."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._keeps_summaries = not isinstance(witness.store, MemoryRecurringStore)
        """The memory store sums up when it is asked, in the way that is checked against."""
        self._cursor = 0
        self._known: dict[int, NodeState] = {}

    def check(self) -> list[str]:
        witness = self._witness
        store = witness.store
        if store.cursor() == self._cursor:
            return []
        wrong: list[str] = []
        fed: dict[int, NodeState] = {}
        while True:
            changes = store.changes(self._cursor)
            self._cursor = changes.cursor
            fed.update((state.id, state) for state in changes.nodes)
            if not changes.cut_short:
                break
        self._known.update(fed)
        touched = witness.touched
        wrong += [
            f"the feed tells {self._known.get(node)} of {witness.name(node)}"
            for node in touched
            if self._known.get(node) != witness.rows[node]
        ]
        wrong += [
            f"the feed tells of {witness.name(node)}, which did not change" for node in fed if node not in touched
        ]
        for state in store.states(touched):
            if state != witness.rows[state.id]:
                wrong.append(f"the store has {state} for {witness.name(state.id)}")
        live = {(run.node, run.serial, run.owner) for run in store.live_runs()}
        if live != {(run.node, run.serial, run.owner) for run in witness.live.values()}:
            wrong.append(f"the store has the live runs {sorted(live)}")
        wrong += self._check_waiting()
        if self._keeps_summaries:
            wrong += witness.check_summaries(touched)
        touched.clear()
        witness.newborn.clear()
        return wrong

    def _check_waiting(self) -> list[str]:
        """Waiting means that everything upstream has succeeded, unless the attempt is a forced one or a retry that nobody has
        looked at yet, or the node was generated while an operation was under way that therefore did not know it: the next pass
        sends these back."""
        witness, wrong = self._witness, []
        for truth in witness.truths.values():
            graph = truth.graph
            around = dict.fromkeys(node for node in witness.touched if node in graph.node_at)
            for node in list(around):
                for edge in graph.out_edges[graph.node_at[node]]:
                    around[graph.nodes[graph.edge_down[edge]].id] = None
            for node in around:
                state = witness.rows[node]
                if CLASS_OF[state.status] is not StatusClass.WAITING or state.skip_checks:
                    continue
                if witness.last_cause.get(node) is Cause.RETRY or node in witness.newborn:
                    continue
                for up, _ in truth.ups(node):
                    if witness.rows[up].status is not NodeStatus.SUCCESS:
                        wrong.append(f"{witness.name(node)} waits, and {witness.name(up)} has not succeeded")
        return wrong
