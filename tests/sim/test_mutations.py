"""Bugs put in on purpose, one at a time: the simulator finds each of them. What it would not find it does not test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from taskhouse.domain import closure as closure_module
from taskhouse.domain.closure import Closure
from taskhouse.domain.operations import control, downstream, rerun, rewriting, selecting
from taskhouse.domain.readiness import Candidate
from taskhouse.scheduler.recurring import core
from taskhouse.scheduler.recurring.core import RecurringScheduler
from taskhouse.services.recurring.book import Book
from taskhouse.sim.memory_store import MemoryRecurringStore
from taskhouse.sim.runner import try_seed

ENOUGH = 400
"""Seeds within which each bug must be found."""

Patch = pytest.MonkeyPatch


def _no_in_flight_guard(patch: Patch) -> None:
    """Rerun no longer asks whether what must be rewritten along waits or runs."""
    patch.setattr(rerun, "final_status_refusals", lambda snapshot, start: [])


def _everything_may_be_stopped(patch: Patch) -> None:
    """Stop, pause, resume and set to success take every node, whatever its status."""
    patch.setattr(control, "is_allowed", lambda operation, status, *, paused: True)


def _starts_before_upstream(patch: Patch) -> None:
    """The scheduler believes that everything upstream has succeeded."""
    real = core.next_step

    def step(node: Candidate, now: object) -> object:
        from dataclasses import replace

        return real(replace(node, upstream_met=True), now)

    patch.setattr(core, "next_step", step)


def _two_hops(patch: Patch) -> None:
    """The closure takes the fields of the nodes of the selection, and stops there."""
    real = closure_module.closure

    def short(incidence: object, selected: object, nodes: object = ()) -> Closure:
        whole = real(incidence, selected, nodes)
        near = {node for node, via in whole.node_via.items() if via < 0 or whole.field_via[via] < 0}
        fields = {f: via for f, via in whole.field_via.items() if via < 0 or via in near}
        return Closure(fields, {node: via for node, via in whole.node_via.items() if node in near})

    patch.setattr(selecting, "closure", short)


def _keys_join(patch: Patch) -> None:
    """Rows of a table forget a node that they should take along."""
    real = rewriting.rerun_changes

    def fewer(snapshot: object, start: object) -> object:
        changes, unchanged = real(snapshot, start)
        return changes[1:], unchanged

    patch.setattr(rerun, "rerun_changes", fewer)


def _any_serial(patch: Patch) -> None:
    """An outcome counts for whatever run of the node is live, not only for its own."""
    real = RecurringScheduler._take_outcomes

    def take(self: RecurringScheduler, writes: object, now: object) -> None:
        states = {outcome.node: self._book.node_state(outcome.node) for outcome in self._inbox}
        self._inbox = [
            outcome._replace(serial=state.run) if (state := states[outcome.node]) and state.has_live_run else outcome
            for outcome in self._inbox
        ]
        real(self, writes, now)

    patch.setattr(RecurringScheduler, "_take_outcomes", take)


def _no_compare(patch: Patch) -> None:
    """The store sets without comparing."""
    patch.setattr(MemoryRecurringStore, "_is_current", lambda self, write: True)


def _old_decisions(patch: Patch) -> None:
    """Passes are written whatever happened since they looked."""
    real = Book.write
    patch.setattr(Book, "write", lambda self, writes, now, *, at=None: real(self, writes, now))


def _lost_orders(patch: Patch) -> None:
    """Whoever takes a run over does not ask what became of it."""
    patch.setattr(RecurringScheduler, "_find_out", lambda self, runs, now: None)
    patch.setattr(RecurringScheduler, "_ask_about_own_runs", lambda self: None)


def _cancels_nobody(patch: Patch) -> None:
    """A cancellation counts as acknowledged at once."""
    real = RecurringScheduler._look_at_cancelled

    def look(self, position, state, writes, cancels, now):  # type: ignore[no-untyped-def]
        real(self, position, state._replace(cancelling_until=now), writes, cancels, now)
        if state.id not in writes:
            writes[state.id] = core.node_changes.acknowledged(state, now)

    patch.setattr(RecurringScheduler, "_look_at_cancelled", look)


def _members_stay(patch: Patch) -> None:
    """Force rerun downstream leaves one of its members as it is."""
    real = rewriting.member_changes

    def fewer(snapshot, nodes, *, force):  # type: ignore[no-untyped-def]
        changes, unchanged = real(snapshot, nodes, force=force)
        return changes[:-1], unchanged

    patch.setattr(downstream, "member_changes", fewer)


def _nothing_held(patch: Patch) -> None:
    """An operation does not hold what it rests on and leaves as it is."""
    from taskhouse.services.recurring import apply_operation

    def rows(moment, plan, now):  # type: ignore[no-untyped-def]
        at = moment.snapshot.graph.node_at
        return [core.node_changes.operated(moment.states[at[c.node]], c, now, plan.code) for c in plan.changes]

    patch.setattr(apply_operation, "writes_of", rows)


def _strays_stay(patch: Patch) -> None:
    """A scheduler does not take in dates that come alive again."""
    patch.setattr(Book, "_fetch_strays", lambda self: None)


MUTATIONS: dict[str, Callable[[Patch], None]] = {
    "guard: rerun of what is in flight": _no_in_flight_guard,
    "guard: control of any status": _everything_may_be_stopped,
    "guard: start before upstream": _starts_before_upstream,
    "closure: two hops": _two_hops,
    "closure: a node is left out": _keys_join,
    "closure: a member is left out": _members_stay,
    "fencing: outcome of another run": _any_serial,
    "fencing: set without compare": _no_compare,
    "fencing: decision on old data": _old_decisions,
    "fencing: second attempt beside the first": _cancels_nobody,
    "fencing: what an operation rests on": _nothing_held,
    "recovery: nobody asks": _lost_orders,
    "recovery: finished dates": _strays_stay,
}


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_simulator_finds(mutation: str, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]) -> None:
    MUTATIONS[mutation](monkeypatch)
    for seed in range(ENOUGH):
        finding, _ = try_seed(seed, 200)
        if finding is not None:
            with capsys.disabled():
                print(f"\n{mutation}: seed {seed}, {finding.steps} steps: {finding.wrong[0]}")
            return
    pytest.fail(f"not found in {ENOUGH} seeds: {mutation}")
