"""What must hold of everything that ever happened: runs, histories and the operation log tell one story."""

from __future__ import annotations

from taskhouse.domain.attempts import FailReason
from taskhouse.domain.node_state import Run, RunStatus
from taskhouse.domain.status import NodeStatus
from taskhouse.domain.transitions import Cause
from taskhouse.sim.witness import Witness

_BY_OPERATORS = frozenset({Cause.RERUN, Cause.FORCE_RERUN, Cause.DRY_RUN, Cause.SET_SUCCESS})
_BY_ITSELF = frozenset({Cause.SCHEDULER, Cause.WORKER, Cause.RETRY, Cause.GENERATION})


def check_history(witness: Witness) -> list[str]:
    wrong: list[str] = []
    logged = _logged(witness)
    for node in witness.rows:
        runs = list(reversed(witness.store.runs(node, 10_000)))
        wrong += _check_runs(witness, node, runs)
        wrong += _check_transitions(witness, node, logged)
    return wrong


def _logged(witness: Witness) -> dict[int, set[str]]:
    """Accepted operations with the ids of the nodes that they say they changed."""
    found: dict[int, set[str]] = {}
    for truth in witness.truths.values():
        for row in truth.graph.instances:
            for entry in witness.store.operations(row.id, 0, 10_000):
                nodes = entry.document.get("node_before")
                if entry.outcome == "ACCEPTED" and isinstance(nodes, dict):
                    found[entry.id] = set(nodes)
    return found


def _check_runs(witness: Witness, node: int, runs: list[Run]) -> list[str]:
    """Each attempt has one result, and it is the one that its executor told, unless somebody or the clock ended it before."""
    wrong, name, state = [], witness.name(node), witness.rows[node]
    if [run.serial for run in runs] != list(range(1, state.run + 1)):
        wrong.append(f"{name} is at run {state.run} and has the runs {[run.serial for run in runs]}")
    numbers = [run.number for run in runs if run.number]
    if numbers != list(range(1, state.attempt + 1)):
        wrong.append(f"{name} is at attempt {state.attempt} and has the attempts {numbers}")
    for run in runs:
        known = witness.known_runs.get((node, run.serial))
        if known is not None and known.status is not run.status:
            wrong.append(f"run {run.serial} of {name} is stored as {run.status.value}, it was {known.status.value}")
        if run.status is RunStatus.RUNNING and run.serial != state.run:
            wrong.append(f"run {run.serial} of {name} was left running")
        outcome = witness.cluster.outcome_of(node, run.serial)
        if not run.number or outcome is None:
            continue
        by_itself = run.status is RunStatus.SUCCESS or run.reason is FailReason.ERROR
        told = RunStatus.SUCCESS if outcome.reason is None and not outcome.cancelled else RunStatus.FAILED
        if by_itself and run.status is not told:
            wrong.append(f"run {run.serial} of {name} is {run.status.value}, its executor told {outcome}")
    return wrong


def _check_transitions(witness: Witness, node: int, logged: dict[int, set[str]]) -> list[str]:
    """From birth to now without a gap, and each change by who may make it."""
    wrong, name = [], witness.name(node)
    status: NodeStatus | None = None
    for line in witness.store.transitions([node]):
        if status is not None and line.source is not status:
            wrong.append(f"the history of {name} goes on from {line.source} at {line.at}, it was {status.value}")
        status = line.target
        if line.cause in _BY_OPERATORS and str(node) not in logged.get(line.operation, ()):
            wrong.append(f"{name} was changed by {line.cause.value}, and operation {line.operation} does not say so")
        if line.cause in _BY_ITSELF and line.operation:
            wrong.append(f"{name} was changed by {line.cause.value} in operation {line.operation}")
    if status is not None and status is not witness.rows[node].status:
        wrong.append(f"{name} is {witness.rows[node].status.value}, its history ends with {status.value}")
    return wrong
