"""Runner of `Transfer`: rows between a table and a file or database.

Into a table, rows take the way of every write: Parquet files in a staging folder, the intent recorded if the attempt is still live, one
tagged entry in the table's log, statistics and outcome. So a crash between any two of these is settled by `services.recover`, and
a superseded attempt changes nothing. Out of a table, rows are what a SELECT of this moment gives, by the rights of the task's owner (a
logical table's view works like a table). A file appears complete under its name, a database changes in one transaction; when the server
dies after that and before the outcome is recorded, the attempt counts as failed and the next one writes again: OVERWRITE is
right then, APPEND to a database would double.

The task's text is described in `services.transfer.document`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from taskhouse.domain.catalogue import DEFAULT_SCHEMA, Column, PartitionValues, Table, TableName
from taskhouse.domain.datatypes import DataType
from taskhouse.domain.definition.tasks import EndKind, TransferEnd, WriteMode
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Outcome, ResultKind, Stage, TaskStatus
from taskhouse.ports.instance_store import CommitIntent
from taskhouse.ports.transfers import Transfers
from taskhouse.ports.warehouse import DataFile, TableCommit
from taskhouse.services import sql_write
from taskhouse.services.catalogue import tables
from taskhouse.services.persistence import surely
from taskhouse.services.run_instance import failed
from taskhouse.services.sql_query import note_access, select_into_file
from taskhouse.services.sql_session import SqlSession, session_of
from taskhouse.services.task_run import TaskRun
from taskhouse.services.transfer.conversion import from_stored, to_stored
from taskhouse.services.transfer.document import TransferDocument, read_document
from taskhouse.services.tunnel import target
from taskhouse.services.tunnel.block_file import BlockFile
from taskhouse.services.tunnel.checking import checked
from taskhouse.services.world import World
from taskhouse.sql import parser
from taskhouse.sql.arrow import table_schema
from taskhouse.sql.statements import Query


@dataclass(frozen=True, slots=True)
class TransferRunner:
    transfers: Transfers

    def __call__(self, world: World, task_run: TaskRun) -> Outcome:
        transfer = _Transfer(world, task_run, self.transfers)
        task_run.control.show_output(transfer.log)
        try:
            document = read_document(task_run.task.spec.body)
            session = session_of(world, task_run)
            if document.target.kind is EndKind.TABLE:
                transfer.into_table(session, document)
            else:
                transfer.out_of_table(session, document)
        except Fault as fault:
            control = task_run.control
            outcome = failed(control, control.fault or fault, transfer.summary())
            return replace(outcome, result_text=f"{transfer.log()}{outcome.result_text}")
        return transfer.outcome()


@dataclass(slots=True)
class _Transfer:
    world: World
    run: TaskRun
    transfers: Transfers
    lines: list[str] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0
    began: float = field(default_factory=time.monotonic)

    def into_table(self, session: SqlSession, document: TransferDocument) -> None:
        world, control = self.world, self.run.control
        table = target.find_table(world, session.caller, _table_name(session, document.target), target.WRITE)
        tables.check_takes_rows(table)
        partition = target.read_partition(table, document.target.partition)
        tag = session.tag()
        folder = world.warehouse.staging(table, f"{tag.instance_id}-{tag.task}-{tag.attempt}-{tag.step}")
        announced = False
        try:
            path = os.path.join(folder, "rows.parquet")
            with self.transfers.read(document.source, session.project.name, control) as source:
                columns = _incoming(table, document, source.names)
                self._say(f"from {_shown(document.source)} into {table.name}{_in_partition(table, partition)}")
                names = [name for _, name in columns if name is not None]
                batches = _stored(columns, source.batches(list(dict.fromkeys(names))), session.time_zone)
                with BlockFile(path, table_schema(table.columns)) as file:
                    for batch in batches:
                        file.write(checked(batch, table.columns))
                        self._count(batch.num_rows)
                    self.bytes = file.close()
            commit = self._commit(table, partition, path, document.mode, session)
            self._say(f"{self.rows:,} rows, {self.bytes:,} bytes")
            control.check()
            self._check_unchanged(table)
            self._announce(sql_write.intent_document("insert", [commit] if commit is not None else []))
            announced = True
            if commit is not None:
                result = sql_write.commit_surely(world, commit)
                surely(
                    lambda: world.catalogue.record_commit(table.id, result, world.clock.now()),
                    f"statistics of {table.name}",
                )
            if table.is_partitioned and not self.rows:
                world.catalogue.add_partitions(table.id, [partition], session.now, if_not_exists=True)
        except BaseException:
            world.warehouse.discard(folder)
            raise
        finally:
            if announced and not self.rows:
                world.warehouse.discard(folder)

    def out_of_table(self, session: SqlSession, document: TransferDocument) -> None:
        world, attempt = self.world, self.run.attempt
        name = _table_name(session, document.source)
        table = tables.find(world, session.caller, name, target.READ)
        path = world.results / f"{attempt.instance_id}_{attempt.index}_{attempt.number}_transfer.arrow"
        try:
            if name.schema != DEFAULT_SCHEMA:
                session.set("odps.namespace.schema", "true")
            (statement,) = parser.parse(_select(table, document))
            assert isinstance(statement, Query)
            selected = select_into_file(world, session, statement.query, str(path), self.run.control)
            note_access(world, session, selected.scans)
            self._say(f"from {name} to {_shown(document.target)}")
            self._write_out(session, document, [(c.name, c.type) for c in selected.bound.columns], str(path))
        finally:
            path.unlink(missing_ok=True)

    def _write_out(
        self, session: SqlSession, document: TransferDocument, columns: Sequence[tuple[str, DataType]], path: str
    ) -> None:
        as_text = self.transfers.takes_text(document.target)
        zone = session.time_zone

        def shaped(batch: pa.RecordBatch) -> pa.RecordBatch:
            arrays = [
                from_stored(values, type_, zone, as_text=as_text)
                for values, (_, type_) in zip(batch.columns, columns, strict=True)
            ]
            return pa.record_batch(arrays, names=[name for name, _ in columns])

        with pa.memory_map(path) as file:
            reader = pa.ipc.open_file(file)
            schema = shaped(_empty(reader.schema)).schema
            batches = (shaped(reader.get_batch(number)) for number in range(reader.num_record_batches))
            self.transfers.write(
                document.target,
                session.project.name,
                document.mode,
                schema,
                _counted(batches, self._count),
                f"{self.run.attempt.instance_id}-{self.run.attempt.number}",
                self.run.control,
                self._before_visible,
            )

    def outcome(self) -> Outcome:
        return Outcome(
            TaskStatus.SUCCESS, ResultKind.TEXT, self.log(), stages=self.run.control.stages, summary=self.summary()
        )

    def summary(self) -> dict[str, object]:
        seconds = round(time.monotonic() - self.began, 4)
        return {"rows_in": self.rows, "rows_out": self.rows, "bytes_out": self.bytes, "seconds": seconds}

    def log(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)

    def _commit(
        self, table: Table, partition: PartitionValues, path: str, mode: WriteMode, session: SqlSession
    ) -> TableCommit | None:
        files = (DataFile(path, self.rows, self.bytes, partition),) if self.rows else ()
        overwrite = frozenset({partition}) if mode is WriteMode.OVERWRITE else None
        if not files and overwrite is None:
            return None
        return TableCommit(table=table, files=files, tag=session.tag(), overwrite=overwrite)

    def _check_unchanged(self, table: Table) -> None:
        now = self.world.catalogue.table_by_id(table.id)
        if now is None:
            raise Fault(FaultCode.NO_SUCH_TABLE, f"Table not found - {table.name} was dropped while rows were read")
        if (now.columns, now.partition_columns) != (table.columns, table.partition_columns):
            raise Fault(FaultCode.CONFLICT, f"the columns of {table.name} were changed while rows were read")

    def _before_visible(self, rows: int) -> None:
        self._say(f"{rows:,} rows")
        self._announce(json.dumps({"kind": "statement"}))

    def _announce(self, payload: str) -> None:
        """From here on a stop waits for the outcome."""
        self._stage(done=True)
        intent = CommitIntent(0, payload, last=True, outcome=self.outcome())
        if not self.world.instances.begin_commit(self.run.attempt, intent):
            raise Fault(FaultCode.CANCELLED, f"instance {self.run.attempt.instance_id} was stopped")

    def _count(self, rows: int) -> None:
        self.rows += rows
        self._stage(done=False)

    def _stage(self, *, done: bool) -> None:
        seconds = round(time.monotonic() - self.began, 4)
        self.run.control.report(
            (
                Stage(
                    "T1_job_0",
                    operator="Transfer",
                    workers_running=int(not done),
                    workers_done=int(done),
                    rows_in=self.rows,
                    rows_out=self.rows,
                    percent=100 if done else 0,
                    seconds=seconds,
                ),
            )
        )

    def _say(self, line: str) -> None:
        self.lines.append(f"{self.world.clock.now():%H:%M:%S} {line}")


def _incoming(table: Table, document: TransferDocument, names: Sequence[str] | None) -> list[tuple[Column, str | None]]:
    """For each column of the table the source's column; None: it gets NULL. Raises `Fault` (InvalidArgument)."""
    known = None if names is None else {name.lower(): name for name in reversed(names)}
    mapping = {target_name.lower(): source for target_name, source in document.columns}
    unknown = sorted(mapping.keys() - {column.name.lower() for column in table.columns})
    if unknown:
        raise _bad(f"{table.name} has no column '{unknown[0]}'{_partition_hint(table, unknown[0])}")
    found: list[tuple[Column, str | None]] = []
    for column in table.columns:
        wanted = mapping.get(column.name.lower()) if mapping else column.name
        if wanted is None:
            found.append((column, None))
        elif known is None:
            found.append((column, wanted))
        elif wanted.lower() in known:
            found.append((column, known[wanted.lower()]))
        else:
            has = ", ".join(known.values())
            raise _bad(
                f"{_shown(document.source)} has no column '{wanted}' for {table.name}.{column.name}; it has: {has}"
            )
    return found


def _stored(
    columns: Sequence[tuple[Column, str | None]], batches: Iterator[pa.RecordBatch], zone: str
) -> Iterator[pa.RecordBatch]:
    schema = table_schema(column for column, _ in columns)
    first_row = 1
    for batch in batches:
        arrays = [
            pa.nulls(batch.num_rows, field_.type)
            if name is None
            else to_stored(batch.column(name), column, zone, first_row)
            for (column, name), field_ in zip(columns, schema, strict=True)
        ]
        yield pa.record_batch(arrays, schema=schema)
        first_row += batch.num_rows


def _select(table: Table, document: TransferDocument) -> str:
    """The SELECT of what leaves: the columns asked for, or all but those of the partition."""
    known = {column.name.lower(): column.name for column in (*table.columns, *table.partition_columns)}
    items = []
    for name, source in document.columns or [(column.name, column.name) for column in table.columns]:
        if source.lower() not in known:
            raise _bad(f"{table.name} has no column '{source}'")
        items.append(f"{_back_quoted(known[source.lower()])} as {_back_quoted(name)}")
    parts = (table.name.project, table.name.schema, table.name.name)
    three_tiers = table.name.schema != DEFAULT_SCHEMA
    name = ".".join(_back_quoted(part) for part in (parts if three_tiers else (parts[0], parts[2])))
    text = f"select {', '.join(items)} from {name}"
    if not document.source.partition.strip():
        return text
    values = target.read_partition(table, document.source.partition)
    pairs = zip(table.partition_columns, values, strict=True)
    tests = [f"cast({_back_quoted(column.name)} as string) = {_text_literal(value)}" for column, value in pairs]
    return f"{text} where {' and '.join(tests)}"


def _table_name(session: SqlSession, end: TransferEnd) -> TableName:
    parts = [part.strip().strip("`").lower() for part in end.name.split(".")]
    if not 1 <= len(parts) <= 3 or not all(parts):
        raise _bad(f"'{end.name}' is not the name of a table: project.table")
    if len(parts) == 3:
        return TableName(*parts)
    project = parts[0] if len(parts) == 2 else session.project.name
    return TableName(project, DEFAULT_SCHEMA, parts[-1])


def _counted(batches: Iterator[pa.RecordBatch], count: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        count(batch.num_rows)
        yield batch


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.record_batch([pa.array([], field_.type) for field_ in schema], schema=schema)


def _shown(end: TransferEnd) -> str:
    if end.kind is EndKind.FILE:
        return f"file {end.path}"
    return f"{end.url} ({end.name or 'query'})"


def _in_partition(table: Table, partition: PartitionValues) -> str:
    pairs = zip(table.partition_columns, partition, strict=True)
    text = ",".join(f"{column.name}={value}" for column, value in pairs)
    return f" partition ({text})" if text else ""


def _partition_hint(table: Table, name: str) -> str:
    if name in {column.name.lower() for column in table.partition_columns}:
        return " beside its partition columns; name the partition in target.partition"
    return ""


def _back_quoted(name: str) -> str:
    return f"`{name}`"


def _text_literal(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _bad(message: str) -> Fault:
    return Fault(FaultCode.INVALID_ARGUMENT, f"transfer: {message}")
