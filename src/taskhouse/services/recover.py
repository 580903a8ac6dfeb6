"""What a server does with the attempts that were running when the one before it died: every one gets an outcome.

The rule: an attempt ends as Failed, unless the commit that it had announced is in the table's log; then it was done, and what was left
to do after it is done now. Nothing waits for a person, and nothing runs twice.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

import structlog

from taskhouse.domain.catalogue import PartitionValues, Table
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Attempt, Instance, Outcome, ResultKind, TaskStatus
from taskhouse.ports.instance_store import Orphan
from taskhouse.ports.warehouse import CommitResult, CommitTag, TableCommit
from taskhouse.services import sql_write
from taskhouse.services.world import World

_log = structlog.get_logger(__name__)

_REASON = "the server stopped while the task ran; submit it again"


def recover(world: World) -> tuple[Attempt, ...]:
    """Settle every orphaned attempt. Called once, before anything runs. Returns attempts that the caller must run: the next
    tasks of instances whose orphaned task turned out to have succeeded."""
    orphans = world.instances.orphans()
    following: list[Attempt] = []
    for orphan in orphans:
        outcome = _settle(world, orphan)
        recorded = world.instances.record_outcome(orphan.attempt, outcome, world.clock.now())
        if recorded.next is not None:
            following.append(recorded.next)
        _log.warning(
            "settled an attempt of a dead server",
            instance=orphan.attempt.instance_id,
            attempt=orphan.attempt.number,
            status=outcome.status.value,
        )
    for orphan in orphans:
        for child in world.instances.children(orphan.attempt.instance_id):
            world.instances.stop(child.id, world.clock.now())
    return tuple(following)


def _settle(world: World, orphan: Orphan) -> Outcome:
    outcome = _decide(world, orphan)
    _forget_results(world, orphan.attempt, outcome.result_file)
    return outcome


def _decide(world: World, orphan: Orphan) -> Outcome:
    instance = world.instances.get(None, orphan.attempt.instance_id)
    if orphan.intent is None or instance is None:
        return _failure(Fault(FaultCode.INTERRUPTED, _REASON), instance, orphan.attempt.index)
    document = json.loads(orphan.intent.payload)
    try:
        done = _finish(world, instance, orphan.attempt, document)
    except Exception as error:
        _log.exception("cannot finish a commit", instance=instance.id)
        fault = Fault(FaultCode.INTERRUPTED, f"{_REASON}. Its commit could not be examined: {error}")
        return _failure(fault, instance, orphan.attempt.index)
    if done and orphan.intent.last and orphan.intent.outcome is not None:
        return orphan.intent.outcome
    if done:
        reason = f"{_REASON}. Its statements up to number {orphan.intent.step + 1} were done, those after it were not"
        return _failure(Fault(FaultCode.INTERRUPTED, reason), instance, orphan.attempt.index)
    return _failure(Fault(FaultCode.INTERRUPTED, _REASON), instance, orphan.attempt.index)


def _finish(world: World, instance: Instance, attempt: Attempt, document: dict[str, Any]) -> bool:
    """Whether what was announced is done, after doing what was left of it."""
    if document["kind"] == "create":
        return world.catalogue.table_by_id(document["table"]) is not None
    task = instance.tasks[attempt.index].spec.name
    announced: list[tuple[TableCommit, list[PartitionValues]]] = []
    for each in document.get("commits", ()):
        table = world.catalogue.table_by_id(each["table"])
        if table is not None:
            commit = TableCommit(
                table=table,
                files=sql_write.files_of_intent(each["files"]),
                tag=CommitTag(instance.id, task, attempt.number, each["step"]),
                overwrite=None if each["overwrite"] is None else frozenset(tuple(v) for v in each["overwrite"]),
            )
            announced.append((commit, [tuple(values) for values in each["partitions"]]))
    if all(world.warehouse.find_commit(commit.table, commit.tag) is None for commit, _ in announced):
        return False
    for commit, partitions in announced:
        if world.warehouse.find_commit(commit.table, commit.tag) is None:
            world.warehouse.commit(commit)
        _record_statistics(world, commit.table, partitions)
        drops = [tuple(values) for values in document.get("drops", ())]
        if drops:
            world.catalogue.drop_partitions(commit.table.id, drops, world.clock.now())
    return True


def _record_statistics(world: World, table: Table, partitions: list[PartitionValues]) -> None:
    """Tell the catalogue what the partitions hold now."""
    snapshot = world.warehouse.snapshot(table, partitions)
    sums: dict[PartitionValues, tuple[int, int, int]] = dict.fromkeys(partitions, (0, 0, 0))
    for file in snapshot.files:
        rows, size, files = sums[file.partition]
        sums[file.partition] = (rows + file.rows, size + file.bytes, files + 1)
    world.catalogue.record_commit(table.id, CommitResult(snapshot.version, sums), world.clock.now())


def _failure(fault: Fault, instance: Instance | None, index: int = 0) -> Outcome:
    return Outcome(
        status=TaskStatus.FAILED,
        result_kind=ResultKind.TEXT,
        result_text=str(fault),
        stages=instance.tasks[index].stages if instance is not None else (),
        summary={"error": {"code": fault.code.wire_name, "message": str(fault)}},
    )


def _forget_results(world: World, attempt: Attempt, kept: str) -> None:
    """Delete the result files of an attempt that nobody will read."""
    for path in world.results.glob(f"{attempt.instance_id}_{attempt.index}_{attempt.number}_*.arrow"):
        if path.name != kept:
            with contextlib.suppress(OSError):
                path.unlink()
