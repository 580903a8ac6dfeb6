"""SQLCost tasks: how many bytes the statements of a text would read, from the tables' snapshots; nothing is run.

`Input` counts each file once a statement, after the partitions that its conditions rule out. `UDF` is 0, there are no user
functions; `Complexity` is 1.0, the factor of plain SQL.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from taskhouse.domain.instance import Outcome, ResultKind, Stage, TaskStatus
from taskhouse.services.sql_explain import bind_reads
from taskhouse.services.sql_query import engine_query
from taskhouse.services.sql_session import SqlSession, session_of
from taskhouse.services.task_run import TaskRun
from taskhouse.services.world import World
from taskhouse.sql import parser
from taskhouse.sql.statements import SetFlag, Statement


def run(world: World, task_run: TaskRun) -> Outcome:
    """Runner of `SQLCost`."""
    session = session_of(world, task_run)
    counted: list[Statement] = []
    for statement in parser.parse(task_run.task.spec.body):
        if isinstance(statement, SetFlag):
            session.set(statement.name, statement.value)
        else:
            counted.append(statement)
    document = cost_document(world, session, counted)
    stage = Stage("M1_job_0", operator="estimate", workers_total=1, workers_done=1, percent=100)
    return Outcome(TaskStatus.SUCCESS, ResultKind.TEXT, result_text=json.dumps(document), stages=(stage,))


def cost_document(world: World, session: SqlSession, statements: Sequence[Statement]) -> dict[str, object]:
    """`{"Cost": {"SQL": {"UDF": 0, "Complexity": 1.0, "Input": bytes}}}`."""
    total = 0
    for statement in statements:
        files: dict[str, int] = {}
        for query in bind_reads(world, session, statement):
            for scan in engine_query(world, query).scans.values():
                files.update({file.path: file.bytes for file in scan.snapshot.files})
        total += sum(files.values())
    return {"Cost": {"SQL": {"UDF": 0, "Complexity": 1.0, "Input": total}}}
