"""ALTER TABLE on columns: add, drop, rename, reorder, comments, nullability, and change of type.

A renamed or dropped column costs nothing, since files know columns by their physical names. A type whose stored form stays
the same (VARCHAR to STRING) is a change of definition only. Any other change of type gives the column a new physical name: an
empty table needs nothing more, a filled one is rewritten with both the old and the new column in its files, so that a
reader with either definition finds its values, and then the definition changes over.
"""

from __future__ import annotations

from dataclasses import replace

from taskhouse.domain.catalogue import Clustering, Column, PartitionValues, Table
from taskhouse.domain.datatypes import DataType, Kind
from taskhouse.domain.faults import Fault, FaultCode, Place
from taskhouse.ports.engine import EngineQuery, OutputColumn, Scan, WriteTarget
from taskhouse.ports.warehouse import TableCommit
from taskhouse.services.catalogue import names
from taskhouse.services.catalogue.tables import checked
from taskhouse.services.statements.execution import DONE, Execution, StatementOutcome
from taskhouse.sql.arrow import stored_type
from taskhouse.sql.backends.duckdb import identifier
from taskhouse.sql.casts import CastRules, convert
from taskhouse.sql.statements import AddColumns, ChangeColumn, DropColumns
from taskhouse.sql.typed import Typed

_INTEGERS = (Kind.TINYINT, Kind.SMALLINT, Kind.INT, Kind.BIGINT)


def add_columns(run: Execution, statement: AddColumns) -> StatementOutcome:
    table = run.managed(statement.table, "Alter")
    present = {column.name for column in (*table.columns, *table.partition_columns)}
    added: list[Column] = []
    for column in statement.columns:
        if column.name in present:
            if statement.if_not_exists:
                continue
            raise Fault(
                FaultCode.SEMANTIC, f"column '{column.name}' exists in {table.name} already", statement.table.place
            )
        if not column.nullable:
            raise Fault(
                FaultCode.NOT_SUPPORTED,
                f"column '{column.name}' cannot be added as NOT NULL: rows written before have no value for it",
                statement.table.place,
            )
        present.add(column.name)
        added.append(column)
    if added:
        taken = taken_names(table)
        fresh = tuple(_with_fresh_name(run, column, taken) for column in added)
        change(run, table, replace(table, columns=(*table.columns, *fresh), mixed_files=True), statement.table.place)
    return DONE


def drop_columns(run: Execution, statement: DropColumns) -> StatementOutcome:
    table = run.managed(statement.table, "Alter")
    place = statement.table.place
    dropped: list[Column] = []
    for name in statement.columns:
        found = next((column for column in table.columns if column.name == name), None)
        if found is None:
            if statement.if_exists:
                continue
            raise no_column(table, name, place)
        _check_free(table, name, "dropped", place)
        dropped.append(found)
    if not dropped:
        return DONE
    left = tuple(column for column in table.columns if column not in dropped)
    if not left:
        raise Fault(FaultCode.SEMANTIC, f"the last column of {table.name} cannot be dropped", place)
    hidden = (*table.hidden_columns, *(replace(column, physical=column.stored_as) for column in dropped))
    change(run, table, replace(table, columns=left, hidden_columns=hidden, mixed_files=True), place)
    return DONE


def change_column(run: Execution, statement: ChangeColumn) -> StatementOutcome:
    table = run.table(statement.table, "Alter")
    place = statement.column_place
    if table.is_view and (statement.comment is None or statement.new_name or statement.definition):
        raise Fault(FaultCode.SEMANTIC, f"{table.name} is a view: only comments of its columns can be changed", place)
    partition_column = next((column for column in table.partition_columns if column.name == statement.column), None)
    if partition_column is not None:
        return _change_partition_column(run, table, partition_column, statement)
    old = next((column for column in table.columns if column.name == statement.column), None)
    if old is None:
        raise no_column(table, statement.column, place)
    new = _described(run, table, old, statement)
    columns = _placed(table, replace(new, physical=old.stored_as), old, statement)
    after = replace(
        table,
        columns=columns,
        clustering=_renamed_clustering(table, old.name, new.name),
        primary_key=tuple(new.name if name == old.name else name for name in table.primary_key),
    )
    if new.type != old.type:
        after = _change_type(run, table, after, old, place)
    change(run, table, after, place)
    return DONE


def no_column(table: Table, name: str, place: Place) -> Fault:
    return Fault(FaultCode.SEMANTIC, f"column '{name}' cannot be resolved: {table.name} has no such column", place)


def taken_names(table: Table) -> set[str]:
    """Names that columns have in the table's files."""
    return {column.stored_as for column in (*table.columns, *table.partition_columns, *table.hidden_columns)}


def change(run: Execution, before: Table, after: Table, place: Place) -> Table:
    """Bring the log and then the catalogue to the new definition; the log's columns only ever grow, so a crash between them is
    harmless."""
    after = checked(replace(after, ddl_at=run.now), place)
    if not after.is_view:
        run.world.warehouse.alter(before, after)
    return run.replace(before, after, place)


def _with_fresh_name(run: Execution, column: Column, taken: set[str]) -> Column:
    """Each attempt names the column anew: an earlier one may have left its name in the log."""
    physical = names.physical_name(column.name, taken, after=run.attempt)
    taken.add(physical)
    return replace(column, physical=physical)


def _check_free(table: Table, name: str, verb: str, place: Place) -> None:
    clustering = table.clustering
    if name in table.primary_key:
        raise Fault(FaultCode.SEMANTIC, f"column '{name}' belongs to the primary key and cannot be {verb}", place)
    if clustering is not None and (name in clustering.columns or name in dict(clustering.sort_columns)):
        raise Fault(
            FaultCode.SEMANTIC, f"{table.name} is clustered by '{name}', which therefore cannot be {verb}", place
        )
    if any(_mentions(column, name) for column in table.partition_columns):
        raise Fault(FaultCode.SEMANTIC, f"'{name}' generates a partition column and cannot be {verb}", place)


def _mentions(column: Column, name: str) -> bool:
    words = "".join(char if char.isalnum() or char == "_" else " " for char in (column.generated or "").lower())
    return name in words.split()


def _described(run: Execution, table: Table, old: Column, statement: ChangeColumn) -> Column:
    """The column as it will be."""
    new = old
    definition = statement.definition
    if definition is not None:
        new = replace(new, type=definition.type, comment=definition.comment or new.comment)
        if not definition.nullable and old.nullable:
            raise _not_null(old.name, statement.column_place)
    if statement.new_name is not None and statement.new_name != old.name:
        names.column_name(statement.new_name, statement.column_place)
        if any(_mentions(column, old.name) for column in table.partition_columns):
            raise Fault(
                FaultCode.SEMANTIC,
                f"'{old.name}' generates a partition column and cannot be renamed",
                statement.column_place,
            )
        new = replace(new, name=statement.new_name)
    if statement.comment is not None:
        new = replace(new, comment=statement.comment)
    if statement.nullable is not None:
        if not statement.nullable and old.nullable:
            raise _not_null(old.name, statement.column_place)
        if statement.nullable and old.name in table.primary_key:
            raise Fault(
                FaultCode.SEMANTIC, f"primary key column '{old.name}' must stay NOT NULL", statement.column_place
            )
        new = replace(new, nullable=statement.nullable)
    if statement.default is not None:
        new = replace(new, default=statement.default)
    if statement.drop_default:
        new = replace(new, default=None)
    return new


def _not_null(name: str, place: Place) -> Fault:
    return Fault(FaultCode.NOT_SUPPORTED, f"column '{name}' allows NULL and cannot become NOT NULL", place)


def _placed(table: Table, new: Column, old: Column, statement: ChangeColumn) -> tuple[Column, ...]:
    columns = [new if column is old else column for column in table.columns]
    if statement.first or statement.after is not None:
        columns.remove(new)
        at = 0
        if statement.after is not None:
            known = [column.name for column in columns]
            if statement.after not in known:
                raise no_column(table, statement.after, statement.column_place)
            at = known.index(statement.after) + 1
        columns.insert(at, new)
    return tuple(columns)


def _renamed_clustering(table: Table, old: str, new: str) -> Clustering | None:
    clustering = table.clustering
    if clustering is None or old == new:
        return clustering
    return replace(
        clustering,
        columns=tuple(new if name == old else name for name in clustering.columns),
        sort_columns=tuple((new if name == old else name, up) for name, up in clustering.sort_columns),
    )


def _change_partition_column(run: Execution, table: Table, old: Column, statement: ChangeColumn) -> StatementOutcome:
    """Only the comment of a partition column can change: its name and values are in every partition's folder."""
    definition = statement.definition
    renames = statement.new_name not in (None, old.name)
    retypes = definition is not None and definition.type != old.type
    moves = statement.first or statement.after is not None
    if renames or retypes or moves or statement.nullable is not None:
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"'{old.name}' is a partition column: only its comment can be changed",
            statement.column_place,
        )
    comment = (
        statement.comment if statement.comment is not None else (definition.comment if definition else old.comment)
    )
    columns = tuple(replace(c, comment=comment) if c is old else c for c in table.partition_columns)
    change(run, table, replace(table, partition_columns=columns), statement.column_place)
    return DONE


# --- change of type ---------------------------------------------------------------------------------------------------


def _change_type(run: Execution, before: Table, after: Table, old: Column, place: Place) -> Table:
    """The definition whose column `old` has its new type, after the files were made to hold it."""
    new = next(column for column in after.columns if column.stored_as == old.stored_as)
    check_change(old, new.type, place)
    if stored_type(old.type) == stored_type(new.type):
        return after
    _check_free(before, old.name, "given another type", place)
    fresh = _with_fresh_name(run, replace(new, physical=""), taken_names(before))
    columns = tuple(fresh if column is new else column for column in after.columns)
    hidden = (*before.hidden_columns, replace(old, physical=old.stored_as, nullable=True))
    result = replace(after, columns=columns, hidden_columns=hidden, mixed_files=True)
    snapshot = run.world.warehouse.snapshot(before)
    if not snapshot.files:
        return result
    both = replace(before, columns=(*before.columns, replace(fresh, name=f"{fresh.stored_as}\x01", nullable=True)))
    run.world.warehouse.alter(before, both)
    _rewrite(run, both, old, fresh)
    return result


def check_change(old: Column, new: DataType, place: Place) -> None:
    """Widening only, as MaxCompute allows it. Raises `Fault` (NotSupported)."""
    if not widens(old.type, new):
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"column '{old.name}' cannot change from {old.type.in_capitals()} to {new.in_capitals()}",
            place,
        )


def widens(old: DataType, new: DataType) -> bool:
    """Whether every value of `old` is a value of `new`, in the pairs that MaxCompute lets a column change between."""
    if old == new:
        return True
    if old.is_integer:
        if new.is_integer:
            return _INTEGERS.index(new.kind) > _INTEGERS.index(old.kind)
        return new.kind in (Kind.STRING, Kind.DOUBLE, Kind.FLOAT, Kind.DECIMAL)
    if old.kind is Kind.FLOAT:
        return new.kind in (Kind.DOUBLE, Kind.STRING)
    if old.kind is Kind.DOUBLE:
        return new.kind is Kind.STRING
    if old.kind is Kind.DECIMAL:
        if new.kind is Kind.STRING:
            return True
        if new.kind is not Kind.DECIMAL:
            return False
        whole = (old.precision or 0) - (old.scale or 0)
        return (new.scale or 0) >= (old.scale or 0) and (new.precision or 0) - (new.scale or 0) >= whole
    if old.kind in (Kind.CHAR, Kind.VARCHAR):
        return new.kind is Kind.STRING or (
            new.kind in (Kind.CHAR, Kind.VARCHAR) and (new.length or 0) >= (old.length or 0)
        )
    if old.kind is Kind.DATE:
        return new.kind is Kind.STRING
    return False


def _rewrite(run: Execution, table: Table, old: Column, new: Column) -> None:
    """Write every file of the table anew, with `new` computed from `old` beside it, in one commit."""
    warehouse = run.world.warehouse
    snapshot = warehouse.snapshot(table)
    tag = run.rewriting_tag()
    folder = warehouse.staging(table, tag.instance_id)
    kept = (*table.columns[:-1], *table.partition_columns)
    outputs = [(column, identifier(column.name)) for column in table.columns[:-1]]
    outputs.append((table.columns[-1], converted(identifier(old.name), old.type, new.type, run.session.time_zone)))
    outputs += [(column, f"CAST({identifier(column.name)} AS VARCHAR)") for column in table.partition_columns]
    select = ", ".join(f"{sql} AS {identifier(column.name)}" for column, sql in outputs)
    try:
        result = run.world.engine.write(
            EngineQuery(
                sql=f"SELECT {select} FROM scan_1",
                time_zone=run.session.time_zone,
                columns=tuple(OutputColumn(column.name, column.type) for column, _ in outputs),
                scans={"scan_1": Scan(snapshot, kept)},
            ),
            WriteTarget(folder=folder, columns=table.columns, partition_columns=table.partition_columns),
            run.control,
        )
        touched: frozenset[PartitionValues] = frozenset(file.partition for file in snapshot.files)
        run.control.check()
        committed = warehouse.commit(
            TableCommit(table=table, files=result.files, tag=tag, overwrite=touched, expected_version=snapshot.version)
        )
    except BaseException:
        warehouse.discard(folder)
        raise
    run.record(table, committed)


def converted(sql: str, old: DataType, new: DataType, time_zone: str) -> str:
    """An engine expression of the old type as the new one, as CAST makes it."""
    made = convert(Typed(sql, old), new, CastRules(time_zone=time_zone))
    assert made is not None
    return made.sql
