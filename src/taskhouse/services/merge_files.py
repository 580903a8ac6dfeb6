"""Merge tasks: what clients make of `ALTER TABLE .. MERGE SMALLFILES`, `.. COMPACT` and `.. ARCHIVE`.

The first two are the same work here: small files of a table or partition are rewritten into fewer, readers keep their
snapshot. Archiving and freezing move data to another class of storage, which there is none of: refused.
"""

from __future__ import annotations

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Outcome, TaskSpec
from taskhouse.domain.json_text import read_json
from taskhouse.services import run_sql
from taskhouse.services.task_run import TaskRun
from taskhouse.services.world import World
from taskhouse.sql import parser

_COMPACT = "odps.merge.txn.table.compact"
_COLD_STORAGE = "odps.merge.cold.storage.mode"


def statement_of(task: TaskSpec) -> str:
    """The task as a statement. Raises `Fault` NOT_SUPPORTED for another class of storage, PARSE_ERROR for a body that is not
    `table [partition(..)]`."""
    mode = task.settings.get(_COLD_STORAGE, "")
    if mode:
        raise Fault(FaultCode.NOT_SUPPORTED, f"{_COLD_STORAGE}={mode}: there is one class of storage only")
    if _archives(task.config.get("archiveSettings", "")):
        raise Fault(FaultCode.NOT_SUPPORTED, "ARCHIVE: there is one class of storage only")
    compact = task.settings.get(_COMPACT, "")
    words = {"": "merge smallfiles", "major_compact": "compact major", "minor_compact": "compact minor"}
    if compact not in words:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"{_COMPACT}: '{compact}' is neither major_compact nor minor_compact")
    text = f"alter table {task.body.strip().rstrip(';')} {words[compact]}"
    statements = parser.parse(text)
    if len(statements) != 1:
        raise Fault(FaultCode.PARSE_ERROR, f"'{task.body}' is not a table or partition")
    return text


def run(world: World, task_run: TaskRun) -> Outcome:
    """Runner of `Merge`."""
    return run_sql.run_text(world, task_run, statement_of(task_run.task.spec))


def _archives(settings: str) -> bool:
    if not settings:
        return False
    document = read_json(settings, "archiveSettings")
    return isinstance(document, dict) and str(document.get("odps.merge.archive.flag", "")).lower() == "true"
