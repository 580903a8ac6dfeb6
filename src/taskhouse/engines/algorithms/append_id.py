"""AppendID: a copy of a table with a column that numbers its rows from 0, appended last."""

from __future__ import annotations

from collections.abc import Mapping

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.engines.algorithms import sql_text
from taskhouse.ports.algorithms import Action, Arguments, Computed, Parameter, ParameterKind, SqlAction


class AppendID:
    name = "AppendID"
    summary = "Copies a table and appends a BIGINT column that numbers its rows from 0."
    parameters = (
        sql_text.INPUT,
        sql_text.INPUT_PARTITIONS,
        sql_text.OUTPUT,
        Parameter("selectedColNames", ParameterKind.COLUMNS, "columns to copy; all when absent"),
        Parameter("IDColName", ParameterKind.TEXT, "name of the new column", default="append_id"),
        *sql_text.SIZING,
    )

    def plan(self, arguments: Arguments) -> tuple[Action, ...]:
        table = arguments.tables["inputTableName"]
        wanted = arguments.columns("selectedColNames")
        chosen = sql_text.chosen_columns(table, wanted, "selectedColNames") if wanted else sql_text.all_columns(table)
        new = arguments.text("IDColName")
        sql_text.refuse_existing(table, new, "IDColName")
        columns = ", ".join(sql_text.quoted(c.name) for c in chosen)
        select = (
            f"select {columns},\n"
            f"       row_number() over (order by 1) - 1 as {sql_text.quoted(new.lower())}\n"
            f"{sql_text.source(arguments)}"
        )
        return (SqlAction(self.name, sql_text.create_as(arguments, "outputTableName", select)),)

    def compute(self, action: str, arguments: Mapping[str, str], rows_file: str) -> Computed:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"AppendID has no computation '{action}'")


ALGORITHM = AppendID()
