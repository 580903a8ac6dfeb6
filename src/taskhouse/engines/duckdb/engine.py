"""`ports.engine.Engine` on DuckDB.

A query's rows leave in the stored form: to an Arrow file, or to Parquet files ready for a table's log. Everything that
comes from DuckDB as an error leaves as a `Fault`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from taskhouse.domain.faults import Fault
from taskhouse.domain.instance import Stage
from taskhouse.domain.limits import Limits
from taskhouse.engines.duckdb import stages
from taskhouse.engines.duckdb.database import Database
from taskhouse.engines.duckdb.faults import fault_of
from taskhouse.engines.duckdb.monitor import Monitor, Run
from taskhouse.engines.duckdb.results import write_result
from taskhouse.engines.duckdb.scans import with_clause
from taskhouse.engines.duckdb.writing import copy_statement, written_files
from taskhouse.ports.engine import (
    EngineQuery,
    QueryResult,
    RunControl,
    RunStatistics,
    Scan,
    WriteResult,
    WriteTarget,
)
from taskhouse.sql.backends.duckdb import identifier, to_stored

_ERRORS = (duckdb.Error, OSError, pa.ArrowException)


class DuckDbEngine:
    """See `ports.engine.Engine`. `root`: the warehouse's folder, the only one that DuckDB may open files in.
    Rows that do not fit in memory spill into `blobs/spill`."""

    def __init__(self, root: Path, blobs: Path, limits: Limits) -> None:
        self._database = Database(root.absolute(), blobs.absolute() / "spill", limits)
        self._monitor = Monitor()
        self._closed = False

    def query(
        self, query: EngineQuery, result_path: str, control: RunControl, *, max_rows: int | None = None
    ) -> QueryResult:
        """Run and write the rows (at most `max_rows` of them) as an Arrow IPC file. Raises `Fault`."""
        sql = select_statement(query, max_rows)
        with self._running(query, sql, control) as run:
            relation = run.connection.sql(sql)
            rows, size = write_result(relation, query.columns, result_path, control)
            statistics = self._statistics(run, query, rows, size)
        return QueryResult(rows, size, statistics)

    def write(self, query: EngineQuery, target: WriteTarget, control: RunControl) -> WriteResult:
        """Run and write Parquet files into the target's folder. Raises `Fault`; what was written by then is the caller's
        to discard with the folder."""
        sql = copy_statement(query, target, with_clause(query.scans))
        with self._running(query, sql, control) as run:
            run.connection.execute(sql)
            files = written_files(run.connection, target)
            rows = sum(f.rows for f in files)
            statistics = self._statistics(run, query, rows, sum(f.bytes for f in files))
        return WriteResult(files, rows, statistics)

    def explain(self, query: EngineQuery) -> str:
        """The physical plan as text."""
        with self._database.cursor(query.time_zone) as cursor:
            try:
                rows = cursor.connection.execute(f"EXPLAIN {select_statement(query, None)}").fetchall()
            except _ERRORS as error:
                raise fault_of(error, cancelled=False, closed=self._closed) from error
        return "\n".join(str(text).rstrip() for _, text in rows)

    def close(self) -> None:
        """Interrupt what runs and close the database. Idempotent."""
        if self._closed:
            return
        self._closed = True
        for run in self._monitor.close():
            run.connection.interrupt()
        self._database.close()

    # -- inside

    @contextlib.contextmanager
    def _running(self, query: EngineQuery, sql: str, control: RunControl) -> Iterator[Run]:
        """A cursor for one statement, stoppable and watched; what DuckDB raises inside becomes a `Fault`."""
        control.check()
        with self._faults(None), self._database.cursor(query.time_zone) as cursor:
            run = Run(cursor.connection, control, lambda: self._plan(query, sql))
            control.report((stages.FIRST,))
            self._monitor.add(run)
            control.on_cancel(run.interrupt)
            try:
                with self._faults(run):
                    yield run
            finally:
                control.on_cancel(None)
                self._monitor.remove(run)
            if run.cancelled:
                control.check()

    @contextlib.contextmanager
    def _faults(self, run: Run | None) -> Iterator[None]:
        try:
            yield
        except Fault:
            raise
        except _ERRORS as error:
            cancelled = run is not None and run.cancelled
            raise fault_of(error, cancelled=cancelled, closed=self._closed) from error

    def _plan(self, query: EngineQuery, sql: str) -> tuple[Stage, ...]:
        """The stages of a statement that is running, planned once more on another connection."""
        with self._database.cursor(query.time_zone) as cursor:
            ((_, text),) = cursor.connection.execute(f"EXPLAIN (FORMAT json) {sql}").fetchall()
        (root,) = json.loads(text)
        return self._stages(root, query)

    def _stages(self, root: Mapping[str, Any], query: EngineQuery) -> tuple[Stage, ...]:
        def source(info: Mapping[str, Any]) -> str:
            return _source_name(info, query.scans)

        return stages.stages_of(stages.Operator.read(root), source, self._database.threads)

    def _statistics(self, run: Run, query: EngineQuery, rows: int, size: int) -> RunStatistics:
        """What the profile says of the statement that just ended on this connection."""
        run.finish()
        profile = json.loads(run.connection.get_profiling_information(format="json"))
        operators = profile.get("operator") or []
        found = stages.finished(self._stages(operators[0], query)) if operators else ()
        whole, io, system = profile.get("query", {}), profile.get("io", {}), profile.get("system", {})
        statistics = RunStatistics(
            rows_in=int(whole.get("total_rows_scanned", 0)),
            bytes_in=int(io.get("total_bytes_read", 0)),
            rows_out=rows,
            bytes_out=size,
            cpu_seconds=float(whole.get("cpu_time", 0.0)),
            peak_memory_bytes=int(system.get("peak_buffer_memory", 0)),
            stages=found,
        )
        run.control.report(found)
        return statistics


def select_statement(query: EngineQuery, max_rows: int | None) -> str:
    """The query over its files, each column in stored form and under its own name. Rows keep the query's order."""
    names = ", ".join(f"c{n}" for n in range(len(query.columns)))
    items = ", ".join(
        f"{to_stored(f'c{n}', column.type)} AS {identifier(column.name)}" for n, column in enumerate(query.columns)
    )
    limit = "" if max_rows is None else f" LIMIT {int(max_rows)}"
    return f"{with_clause(query.scans)}SELECT {items} FROM ({query.sql}) AS q({names}){limit}"


def _source_name(info: Mapping[str, Any], scans: Mapping[str, Scan]) -> str:
    """Which table a Parquet scan reads: by the file it names, or before it ran by the columns it wants."""
    file = str(info.get("Filename(s)", ""))
    wanted = info.get("Projections") or ()
    columns = {wanted} if isinstance(wanted, str) else set(wanted)
    matching: set[str] = set()
    for scan in scans.values():
        table = scan.snapshot.table
        if file and f"/{table.id}/" in file:
            return str(table.name)
        if columns and columns <= {c.stored_as for c in scan.columns}:
            matching.add(str(table.name))
    return matching.pop() if len(matching) == 1 else ""
