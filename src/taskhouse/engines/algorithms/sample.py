"""Sample: a random sample of a table's rows, of a size or a ratio, with or without replacement, repeatable with a seed."""

from __future__ import annotations

from collections.abc import Mapping

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.engines.algorithms import sql_text
from taskhouse.ports.algorithms import Action, Arguments, Computed, Parameter, ParameterKind, SqlAction

MODULUS = 2_147_483_647
"""Of the generator that orders the rows: a prime, so that every seed from 1 gives another permutation."""


class Sample:
    name = "Sample"
    summary = "Copies a random sample of a table's rows."
    parameters = (
        sql_text.INPUT,
        sql_text.INPUT_PARTITIONS,
        sql_text.OUTPUT,
        Parameter("sampleSize", ParameterKind.INTEGER, "rows to take; all when there are fewer", minimum=1),
        Parameter("sampleRatio", ParameterKind.NUMBER, "share of the rows to take", minimum=0, maximum=1),
        Parameter("replace", ParameterKind.FLAG, "a row may be taken more than once", default="false"),
        Parameter("randomSeed", ParameterKind.INTEGER, "makes the sample repeatable", minimum=1, maximum=MODULUS - 1),
        *sql_text.SIZING,
    )

    def plan(self, arguments: Arguments) -> tuple[Action, ...]:
        size, ratio = arguments.text("sampleSize"), arguments.text("sampleRatio")
        if bool(size) == bool(ratio):
            raise Fault(FaultCode.INVALID_PARAMETER, "exactly one of sampleSize and sampleRatio must be given")
        table = arguments.tables["inputTableName"]
        columns = ", ".join(sql_text.quoted(c.name) for c in sql_text.all_columns(table))
        wanted = (
            f"cast({size} as bigint)" if size else f"cast(round({ratio} * (select count(*) from rows_in)) as bigint)"
        )
        seed = arguments.text("randomSeed")
        numbered = f"select {columns}, row_number() over (order by 1) - 1 as th_row\n{sql_text.source(arguments)}"
        choose = _with_replacement if arguments.flag("replace") else _without_replacement
        select = f"with rows_in as (\n{numbered}\n)\n{choose(columns, wanted, seed)}"
        return (SqlAction(self.name, sql_text.create_as(arguments, "outputTableName", select)),)

    def compute(self, action: str, arguments: Mapping[str, str], rows_file: str) -> Computed:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"Sample has no computation '{action}'")


def _random(row: str, seed: str) -> str:
    """A number in [0, 1) for a row's number; the same for the same seed."""
    if not seed:
        return "rand()"
    return f"(abs(hash(concat('{seed}:', cast({row} as string)))) % {MODULUS}) / {MODULUS}.0"


def _without_replacement(columns: str, wanted: str, seed: str) -> str:
    return (
        f"select {columns}\n"
        f"from (select {columns}, row_number() over (order by th_random, th_row) as th_rank\n"
        f"      from (select {columns}, th_row, {_random('th_row', seed)} as th_random from rows_in) drawn) ranked\n"
        f"where th_rank <= (select {wanted})"
    )


def _with_replacement(columns: str, wanted: str, seed: str) -> str:
    named = ", ".join(f"r.{name}" for name in columns.split(", "))
    return (
        f"select {named}\n"
        f"from (select cast(floor({_random('th_draw', seed)} * th_count) as bigint) as th_row\n"
        f"      from (select count(*) as th_count, {wanted} as th_wanted from rows_in) sizes\n"
        f"      lateral view explode(sequence(1, th_wanted)) draws as th_draw\n"
        f"      where th_wanted > 0) drawn\n"
        f"join rows_in r on r.th_row = drawn.th_row"
    )


ALGORITHM = Sample()
