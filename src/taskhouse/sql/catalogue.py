"""What the binder may ask about the world: tables, partitions, functions, settings, and who asks.

The binder is pure: everything it knows comes through `BindContext`, so binding the same text with an equal context
gives an equal result, and binding never touches data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from taskhouse.domain.catalogue import DEFAULT_SCHEMA, Table, TableName


class CatalogueReader(Protocol):
    """Reads the catalogue as it is at one moment; one reader serves one statement, so that all answers agree."""

    def table(self, name: TableName) -> Table | None:
        """The table or view of that name (all parts lower case), or None."""
        ...

    def tables(self, project: str, schema: str) -> tuple[str, ...]:
        """Names of the tables and views there; only asked to suggest a name in an error."""
        ...

    def max_partition(self, table: Table) -> str | None:
        """The greatest value of the first partition column among the partitions that hold data, or None."""
        ...

    def function_exists(self, project: str, name: str) -> bool:
        """Whether a function of that name is registered; calling one is refused by name."""
        ...


def admit_all(privilege: str, table: Table) -> None:
    """For binding without anybody's rights in question."""


@dataclass(frozen=True, slots=True)
class BindContext:
    """Where and for whom a statement is bound.

    `settings`: the statement's SET flags over the project's properties, names lower case. `now` is aware and the same for
    every call of the current time in the statement. `variables`: script variables without their `@`, each the bound
    query's expression tree (`@a := select ...`) or a scalar's expression tree.
    `wide_decimals`: type every DECIMAL intermediate as wide as MaxCompute's rules say. False computes products of narrow
    decimals in 18 digits as long as they fit, which is several times faster; the engine then fails with an overflow error
    rather than giving a wrong digit, and the caller binds again with True (see `sql.backends.duckdb.is_decimal_overflow`).
    `admit` is asked for `Select` or `Update` on each table that the statement itself names, before anything of the table is looked
    at, so that no error or constant tells what its reader may not know; it raises `Fault`. What stands behind a view is not asked for.
    """

    project: str
    catalogue: CatalogueReader
    now: datetime
    schema: str = DEFAULT_SCHEMA
    settings: Mapping[str, str] = field(default_factory=dict)
    time_zone: str = "UTC"
    user: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    wide_decimals: bool = False
    admit: Callable[[str, Table], None] = admit_all

    def flag(self, name: str, default: bool) -> bool:
        """A boolean setting; text other than true/false/1/0/yes/no counts as the default."""
        text = self.settings.get(name, "").strip().lower()
        if text in ("true", "1", "yes", "on"):
            return True
        if text in ("false", "0", "no", "off"):
            return False
        return default
