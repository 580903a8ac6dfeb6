"""Normalize: numbers of chosen columns scaled to 0..1 by their smallest and largest value."""

from __future__ import annotations

from collections.abc import Mapping

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.engines.algorithms import sql_text
from taskhouse.ports.algorithms import Action, Arguments, Computed, Parameter, ParameterKind, SqlAction

PREFIX = "normalized_"


class Normalize:
    name = "Normalize"
    summary = "Scales numeric columns to 0..1; a column with one value only becomes 0."
    parameters = (
        sql_text.INPUT,
        sql_text.INPUT_PARTITIONS,
        sql_text.OUTPUT,
        Parameter("selectedColNames", ParameterKind.COLUMNS, "columns to scale; every numeric one when absent"),
        Parameter(
            "keepOriginal", ParameterKind.FLAG, f"add columns named {PREFIX}.. instead of replacing", default="false"
        ),
        Parameter(
            "outputParaTableName", ParameterKind.OUTPUT_TABLE, "a table for each column's smallest and largest value"
        ),
        *sql_text.SIZING,
    )

    def plan(self, arguments: Arguments) -> tuple[Action, ...]:
        table = arguments.tables["inputTableName"]
        wanted = arguments.columns("selectedColNames")
        if wanted:
            chosen = sql_text.chosen_columns(table, wanted, "selectedColNames")
            sql_text.require_numbers(chosen, "selectedColNames")
        else:
            chosen = tuple(c for c in table.columns if c.type.is_number)
        if not chosen:
            raise Fault(FaultCode.INVALID_PARAMETER, f"table {table.name} has no numeric column to normalize")
        names = [c.name for c in chosen]
        actions: list[Action] = []
        if arguments.text("outputParaTableName"):
            parts = [
                f"select {sql_text.text(name)} as column_name, cast(min({sql_text.quoted(name)}) as double) as min_value,"
                f" cast(max({sql_text.quoted(name)}) as double) as max_value\n{sql_text.source(arguments)}"
                for name in names
            ]
            query = sql_text.create_as(arguments, "outputParaTableName", "\nunion all\n".join(parts))
            actions.append(SqlAction("Parameters", query))
        actions.append(SqlAction(self.name, self._scale(arguments, names)))
        return tuple(actions)

    def _scale(self, arguments: Arguments, names: list[str]) -> str:
        table = arguments.tables["inputTableName"]
        keep = arguments.flag("keepOriginal")
        columns = []
        for column in sql_text.all_columns(table):
            name = sql_text.quoted(column.name)
            columns.append(name if keep or column.name not in names else f"{_scaled(name)} as {name}")
        if keep:
            for name in names:
                sql_text.refuse_existing(table, PREFIX + name, "keepOriginal")
                columns.append(f"{_scaled(sql_text.quoted(name))} as {sql_text.quoted(PREFIX + name)}")
        select = "select " + ",\n       ".join(columns) + "\n" + sql_text.source(arguments)
        return sql_text.create_as(arguments, "outputTableName", select)

    def compute(self, action: str, arguments: Mapping[str, str], rows_file: str) -> Computed:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"Normalize has no computation '{action}'")


def _scaled(column: str) -> str:
    """NULL stays NULL, since no branch holds for it."""
    number = f"cast({column} as double)"
    low, high = f"min({number}) over ()", f"max({number}) over ()"
    return (
        f"case when {number} is not null and {high} = {low} then 0.0D"
        f" when {number} is not null then ({number} - {low}) / ({high} - {low}) end"
    )


ALGORITHM = Normalize()
