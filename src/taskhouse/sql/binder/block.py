"""A bound query as a value: its text and its columns."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from taskhouse.domain.datatypes import DataType
from taskhouse.sql.backends.duckdb import identifier
from taskhouse.sql.binder.binding import Binding
from taskhouse.sql.typed import Origin


@dataclass(frozen=True, slots=True)
class BlockColumn:
    """`name` as users see it; `physical` is unique within the block. `origin`: the table column it is, where filters
    above the block may be tested on it."""

    name: str
    physical: str
    type: DataType
    origin: Origin | None = None


@dataclass(slots=True)
class Block:
    """A bound query: a complete SELECT as text, without parentheses.

    Where it is a plain SELECT its text is kept in parts, so that the last conversions can be put into its select list."""

    sql: str
    columns: list[BlockColumn]
    ordered: bool = False
    parts: tuple[str, list[str], str] | None = None
    """What stands before the select list, its items without names, and what stands behind it."""
    head: str = ""
    """`WITH ..`, in `sql` already."""


def select_block(before: str, items: list[str], behind: str, columns: list[BlockColumn], *, ordered: bool) -> Block:
    names = ", ".join(f"{i} AS {identifier(c.physical)}" for i, c in zip(items, columns, strict=True))
    return Block(f"{before}{names}{behind}", columns, ordered, (before, items, behind))


def renamed(binding: Binding, block: Block, names: tuple[str, ...], node: exp.Expr) -> Block:
    """The block's columns under the names of `t(a, b)`; the physical names stay."""
    if not names:
        return block
    if len(names) != len(block.columns):
        binding.fail(f"{len(names)} column names for {len(block.columns)} columns", node)
    columns = [BlockColumn(n, c.physical, c.type, c.origin) for n, c in zip(names, block.columns, strict=True)]
    return Block(block.sql, columns, block.ordered, block.parts, block.head)
