"""What lineage is told in, and what it asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from taskhouse.domain.catalogue import TableName

WHOLE = "*"
"""As a column: any column of the table, when the table is unknown and the query says `*`."""

ColumnsOf: TypeAlias = Callable[[TableName], Sequence[str] | None]
"""The columns of a table in order, data before partition columns, lower case; None when the table is not known."""


class Source(NamedTuple):
    """One column of one table."""

    table: TableName
    column: str


NONE: frozenset[Source] = frozenset()


class ResultColumn(NamedTuple):
    """`name` is that of the table's column when a table is written, else the result's."""

    name: str
    sources: frozenset[Source]


@dataclass(frozen=True, slots=True)
class StatementLineage:
    """Of one query or write. `writes` is None for a SELECT. `columns` lacks what `*` gives of unknown tables; then `is_complete` is
    False. `reads`: every column read of every table, for whatever purpose; a table may stand there without columns. `unknown`: names of
    columns that nothing in FROM has, as far as all columns of everything in FROM are known."""

    writes: TableName | None
    columns: tuple[ResultColumn, ...]
    conditions: frozenset[Source]
    reads: Mapping[TableName, frozenset[str]]
    is_complete: bool = True
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ScriptLineage:
    """Of a text with several statements; those that neither query nor write rows have no entry."""

    statements: tuple[StatementLineage, ...]

    @property
    def writes(self) -> tuple[TableName, ...]:
        """In the order of the first write, each once."""
        return tuple(dict.fromkeys(s.writes for s in self.statements if s.writes is not None))

    @property
    def reads(self) -> dict[TableName, frozenset[str]]:
        """What the text reads of others: a table that it has written before counts as its own."""
        found: dict[TableName, frozenset[str]] = {}
        own: set[TableName] = set()
        for statement in self.statements:
            for table, columns in statement.reads.items():
                if table not in own:
                    found[table] = found.get(table, frozenset()) | columns
            if statement.writes is not None:
                own.add(statement.writes)
        return found


def nothing_known(table: TableName) -> None:
    """A catalogue without tables."""
    return
