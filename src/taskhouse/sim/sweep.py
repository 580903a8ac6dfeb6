"""After each step: what the store tells in its several ways is one and the same, and what waits may wait."""

from __future__ import annotations

from taskhouse.domain.node_state import NodeState
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass
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
        self._excused: set[int] = set()
        """Nodes that wait although something upstream has not succeeded, until they are written again."""

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
        return wrong

    def _check_waiting(self) -> list[str]:
        """When something upstream leaves Succeeded, what waits for it is sent back in the same transaction. Forced attempts stay, and
        what began to wait in this very step may have been unknown to an operation under way: the next pass sends it back."""
        witness, wrong = self._witness, []
        touched = witness.touched
        for node in touched:
            self._excused.discard(node)
        for truth in witness.truths.values():
            graph = truth.graph
            around = dict.fromkeys(node for node in touched if node in graph.node_at)
            for node in list(around):
                for edge in graph.out_edges[graph.node_at[node]]:
                    around[graph.nodes[graph.edge_down[edge]].id] = None
            for node in around:
                state = witness.rows[node]
                if CLASS_OF[state.status] is not StatusClass.WAITING or state.skip_checks or node in self._excused:
                    continue
                unmet = [up for up, _ in truth.ups(node) if witness.rows[up].status is not NodeStatus.SUCCESS]
                if unmet and node in touched:
                    self._excused.add(node)
                elif unmet:
                    wrong.append(f"{witness.name(node)} waits, and {witness.name(unmet[0])} has not succeeded")
        return wrong
