"""SQL tasks: the statements of a text one after another, each atomic by itself.

The result is that of the last SELECT; without one, the texts that DESC, SHOW, EXPLAIN and the like gave. A statement that
fails ends the task: what the statements before it did stays. Every statement that changes something announces it
to the store first, so that a stop either comes before it or waits for it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from taskhouse.domain.catalogue import PartitionValues
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Outcome, ResultKind, Stage, TaskStatus
from taskhouse.ports.engine import RunStatistics, Scan
from taskhouse.ports.instance_store import CommitIntent
from taskhouse.ports.warehouse import CommitResult, TableCommit
from taskhouse.services import sql_write, statements
from taskhouse.services.run_instance import failed
from taskhouse.services.sql_cost import cost_document
from taskhouse.services.sql_explain import explain
from taskhouse.services.sql_query import note_access, select_into_file
from taskhouse.services.sql_session import SqlSession, at, session_of
from taskhouse.services.task_run import Control, TaskRun
from taskhouse.services.world import World
from taskhouse.sql import parser
from taskhouse.sql.statements import (
    CostSql,
    CreateTableAs,
    Describe,
    DescribeFunction,
    DescribeProject,
    DescribeResource,
    DescribeSchema,
    Explain,
    Insert,
    MultiInsert,
    Query,
    SetFlag,
    ShowColumns,
    ShowCreateTable,
    ShowFlags,
    ShowFunctions,
    ShowInstances,
    ShowPartitions,
    ShowProjects,
    ShowResources,
    ShowSchemas,
    ShowTables,
    Statement,
    UseProject,
    UseSchema,
)

_READS = (
    Describe, DescribeFunction, DescribeProject, DescribeResource, DescribeSchema, ShowColumns, ShowCreateTable, ShowFlags,
    ShowFunctions, ShowInstances, ShowPartitions, ShowProjects, ShowResources, ShowSchemas, ShowTables,
)  # fmt: skip
_TEXT_SHOWN = 2_000
"""Characters of each statement's text that the summary keeps."""


def run(world: World, task_run: TaskRun) -> Outcome:
    """Runner of `SQL`."""
    return run_text(world, task_run, task_run.task.spec.body)


def run_text(world: World, task_run: TaskRun, text: str) -> Outcome:
    """Run the statements of `text` as the attempt's task."""
    return _Script(world, task_run, text).run()


@dataclass(slots=True)
class _Facts:
    """What one statement did, for the summary."""

    statement: Statement
    seconds: float = 0.0
    statistics: tuple[RunStatistics, ...] = ()
    tables: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True)
class _StageFeed:
    """Control of one statement: its stages follow those of the statements before, under a job number of its own."""

    control: Control
    job: int
    before: tuple[Stage, ...]
    latest: tuple[Stage, ...] = ()

    def report(self, stages: tuple[Stage, ...]) -> None:
        self.latest = tuple(_of_job(stage, self.job) for stage in stages) if self.job else stages
        self.control.report(self.before + self.latest)

    def on_cancel(self, interrupt: object) -> None:
        self.control.on_cancel(interrupt)

    def check(self) -> None:
        self.control.check()


@dataclass(slots=True)
class _Script:
    world: World
    run_: TaskRun
    text: str
    facts: list[_Facts] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    rows: Outcome | None = None
    jobs: int = 0
    announced: bool = False
    changed: bool = False
    time_zone: str = ""
    """That of the SELECT whose rows are the result: its DATETIMEs are shown in it."""
    began: float = field(default_factory=time.monotonic)

    def run(self) -> Outcome:
        control = self.run_.control
        try:
            session = session_of(self.world, self.run_)
            script = parser.parse(self.text)
            for index, statement in enumerate(script):
                control.check()
                session.step = index
                self._run_statement(session, statement, last=index == len(script) - 1)
        except Fault as fault:
            self._drop_rows()
            return failed(control, control.fault or fault, self._summary())
        except BaseException:
            self._drop_rows()
            raise
        return self._outcome()

    def _run_statement(self, session: SqlSession, statement: Statement, *, last: bool) -> None:
        if isinstance(statement, SetFlag):
            session.set(statement.name, statement.value)
            return
        session.now = self.world.clock.now()
        facts = _Facts(statement)
        self.facts.append(facts)
        began = time.monotonic()
        feed = _StageFeed(self.run_.control, self.jobs, self.run_.control.stages)
        self.jobs += 1
        word = type(statement).__name__
        feed.report((Stage("M1_job_0", operator=word, workers_total=1, workers_running=1),))
        try:
            self._dispatch(session, statement, facts, feed, last)
        except Fault as fault:
            raise at(fault, statement.place) from None
        finally:
            facts.seconds = time.monotonic() - began
        feed.report(_ended(feed.latest, facts))
        if not last and self.announced and not self.world.instances.end_commit(self.run_.attempt):
            raise Fault(FaultCode.CANCELLED, f"instance {self.run_.attempt.instance_id} was stopped")
        self.announced = False

    def _dispatch(self, session: SqlSession, statement: Statement, facts: _Facts, feed: _StageFeed, last: bool) -> None:
        world = self.world

        def announce(payload: str) -> None:
            self._announce(session, payload, last)

        match statement:
            case Query():
                self._select(session, statement, facts, feed)
            case Insert() | MultiInsert():
                inserts = statement.inserts if isinstance(statement, MultiInsert) else (statement,)
                self._wrote(session, facts, sql_write.insert(world, session, inserts, feed, announce))
            case CreateTableAs():
                made = sql_write.create_table_as(world, session, statement, feed, announce)
                if made is not None:
                    self._wrote(session, facts, made)
            case Explain():
                self.texts.append(explain(world, session, statement.statement))
            case CostSql():
                self.texts.append(json.dumps(cost_document(world, session, [statement.statement])))
            case UseProject():
                self._use_project(session, statement)
            case UseSchema():
                if world.catalogue.schema(session.project.name, statement.schema) is None:
                    raise Fault(FaultCode.NO_SUCH_SCHEMA, f"Schema not found - '{statement.schema}'")
                session.schema = statement.schema
            case _:
                if not isinstance(statement, _READS):
                    announce(json.dumps({"kind": "statement"}))

                def commit(wanted: TableCommit, drops: Sequence[PartitionValues] = ()) -> CommitResult:
                    announce(sql_write.intent_document("statement", [wanted], drops))
                    return sql_write.commit_surely(world, wanted)

                done = statements.execute(world, session, statement, feed, commit)
                if done.text:
                    self.texts.append(done.text)

    def _select(self, session: SqlSession, statement: Query, facts: _Facts, feed: _StageFeed) -> None:
        attempt = self.run_.attempt
        name = f"{attempt.instance_id}_{attempt.index}_{attempt.number}_{session.step}.arrow"
        path = self.world.results / name
        try:
            selected = select_into_file(self.world, session, statement.query, str(path), feed)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._drop_rows()
        facts.statistics = (selected.result.statistics,)
        self.time_zone = session.time_zone
        self.rows = Outcome(
            TaskStatus.SUCCESS,
            ResultKind.ROWS,
            result_file=name,
            result_columns=tuple((column.name, str(column.type)) for column in selected.bound.columns),
            result_rows=selected.result.rows,
        )
        self._note_access(session, selected.scans)

    def _wrote(self, session: SqlSession, facts: _Facts, written: sql_write.Written) -> None:
        facts.statistics = written.statistics
        facts.tables = written.tables
        self._note_access(session, written.scans)

    def _note_access(self, session: SqlSession, scans: Mapping[str, Scan]) -> None:
        if scans:
            note_access(self.world, session, scans)

    def _use_project(self, session: SqlSession, statement: UseProject) -> None:
        project = self.world.catalogue.project(statement.project)
        if project is None:
            raise Fault(FaultCode.NO_SUCH_PROJECT, f"Project not found - '{statement.project}'")
        session.project = project
        session.schema = "default"

    def _announce(self, session: SqlSession, payload: str, last: bool) -> None:
        """From here on a stop waits for the outcome."""
        intent = CommitIntent(session.step, payload, last, self._outcome() if last else None)
        if not self.world.instances.begin_commit(self.run_.attempt, intent):
            raise Fault(FaultCode.CANCELLED, f"instance {self.run_.attempt.instance_id} was stopped")
        self.announced = True
        self.changed = True

    def _drop_rows(self) -> None:
        if self.rows is not None:
            (self.world.results / self.rows.result_file).unlink(missing_ok=True)
            self.rows = None

    def _outcome(self) -> Outcome:
        kind = ResultKind.TEXT if self.texts else ResultKind.NONE
        result = self.rows or Outcome(TaskStatus.SUCCESS, kind, result_text="\n".join(self.texts))
        return replace(result, stages=self.run_.control.stages, summary=self._summary(), reads_only=not self.changed)

    def _summary(self) -> dict[str, object]:
        every = [statistics for facts in self.facts for statistics in facts.statistics]
        return {
            "rows_in": sum(s.rows_in for s in every),
            "bytes_in": sum(s.bytes_in for s in every),
            "rows_out": sum(s.rows_out for s in every),
            "bytes_out": sum(s.bytes_out for s in every),
            "cpu_seconds": round(sum(s.cpu_seconds for s in every), 3),
            "peak_memory_bytes": max((s.peak_memory_bytes for s in every), default=0),
            "seconds": round(time.monotonic() - self.began, 4),
            "statements": [_statement_document(facts) for facts in self.facts],
            **({"time_zone": self.time_zone} if self.time_zone else {}),
        }


def _statement_document(facts: _Facts) -> dict[str, object]:
    statement = facts.statement
    return {
        "kind": type(statement).__name__,
        "line": statement.place.line,
        "column": statement.place.column,
        "text": statement.text[:_TEXT_SHOWN],
        "seconds": round(facts.seconds, 4),
        "rows_in": sum(s.rows_in for s in facts.statistics),
        "rows_out": sum(s.rows_out for s in facts.statistics),
        "tables": [{"name": name, "rows": rows} for name, rows in facts.tables],
    }


def _of_job(stage: Stage, job: int) -> Stage:
    def renamed(name: str) -> str:
        return name.removesuffix("_job_0") + f"_job_{job}"

    return replace(stage, name=renamed(stage.name), upstream=tuple(renamed(name) for name in stage.upstream))


def _ended(stages: tuple[Stage, ...], facts: _Facts) -> tuple[Stage, ...]:
    """The stages of a statement after its end: the engine's own last word, or the one stage that stood for it."""
    told = tuple(stage for statistics in facts.statistics for stage in statistics.stages)
    return tuple(
        replace(
            stage,
            workers_running=0,
            workers_done=stage.workers_total,
            percent=100,
            seconds=stage.seconds or facts.seconds,
        )
        for stage in (told or tuple(_of_job(stage, 0) for stage in stages))
    )
