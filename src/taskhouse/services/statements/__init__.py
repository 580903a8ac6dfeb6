"""Statements that the server runs itself: definitions, ALTER, DESC, SHOW, settings. Queries and writes run elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from taskhouse.domain.catalogue import PartitionValues
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.engine import RunControl
from taskhouse.ports.warehouse import CommitResult, TableCommit
from taskhouse.services.sql_session import SqlSession
from taskhouse.services.statements.execution import Commit, Execution, StatementOutcome
from taskhouse.services.statements.executors import EXECUTORS
from taskhouse.services.world import World
from taskhouse.sql.statements import Statement

__all__ = ["StatementOutcome", "execute", "is_executable"]

_ATTEMPTS = 6
"""How often a statement that another one got in the way of is tried, each time from the definition as it then is."""


def is_executable(statement: Statement) -> bool:
    """Whether `execute` runs statements of this kind."""
    return type(statement) in EXECUTORS


def execute(
    world: World, session: SqlSession, statement: Statement, control: RunControl, commit: Commit | None = None
) -> StatementOutcome:
    """Run one statement in a session. Blocking; safe from any thread.

    Each change of definition is one transaction of the catalogue. Where data is concerned too, the data's commit (made by `commit`, by
    default straight to the warehouse) comes first, so that running the statement again finishes one that was cut off.
    Raises `Fault` with the place of the offending part: NO_SUCH_TABLE, TABLE_EXISTS, NO_PERMISSION, SEMANTIC, NOT_SUPPORTED, ...
    """
    executor = EXECUTORS.get(type(statement))
    if executor is None:
        raise Fault(FaultCode.NOT_SUPPORTED, f"{type(statement).__name__} is not supported", statement.place)

    def at_once(wanted: TableCommit, drops: Sequence[PartitionValues] = ()) -> CommitResult:
        return world.warehouse.commit(wanted)

    committing = commit or at_once
    for attempt in range(_ATTEMPTS - 1):
        try:
            return executor(Execution(world, session, control, committing, attempt), statement)
        except Fault as fault:
            if fault.code is not FaultCode.CONFLICT:
                raise
            control.check()
    return executor(Execution(world, session, control, committing, _ATTEMPTS - 1), statement)
