"""Names in sight of an expression, and small questions to trees."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from taskhouse.domain.catalogue import TableName
from taskhouse.sql.lineage.values import NONE, ResultColumn, Source


@dataclass(slots=True)
class Block:
    """A query's result. `rest` are the tables of which `*` gives columns that nobody knows."""

    columns: list[ResultColumn]
    rest: tuple[TableName, ...] = ()
    conditions: frozenset[Source] = NONE


@dataclass(slots=True)
class Relation:
    """Something in FROM. `columns` are known; others may come from `rest`."""

    qualifiers: frozenset[str]
    columns: dict[str, frozenset[Source]]
    rest: tuple[TableName, ...] = ()

    def find(self, name: str) -> frozenset[Source]:
        """The sources of a column that is not among `columns`."""
        return frozenset(Source(table, name) for table in self.rest)


@dataclass(slots=True)
class Scope:
    relations: list[Relation] = field(default_factory=list)
    parent: Scope | None = None
    merged: list[str] = field(default_factory=list)
    """Columns of USING, which `*` gives once, first."""
    aliases: dict[str, frozenset[Source]] = field(default_factory=dict)

    def qualified(self, qualifier: str) -> Relation | None:
        """Here or around; None when there is no such relation."""
        for relation in self.relations:
            if qualifier in relation.qualifiers:
                return relation
        return self.parent.qualified(qualifier) if self.parent else None

    def plain(self, name: str) -> frozenset[Source] | None:
        """A column without a qualifier: of the relations that are known to have it, else of all that may, here and around. Two that
        have it mean USING (or an error that the binder tells)."""
        known = [relation.columns[name] for relation in self.relations if name in relation.columns]
        if known:
            return NONE.union(*known)
        if name in self.aliases:
            return self.aliases[name]
        possible = NONE.union(*(relation.find(name) for relation in self.relations))
        around = self.parent.plain(name) if self.parent else None
        return possible | (around or NONE) if possible or around is not None else None


def united(left: Block, right: Block) -> Block:
    """UNION: by position, under the names of the left side."""
    columns = [
        ResultColumn(a.name, a.sources | (right.columns[i].sources if i < len(right.columns) else NONE))
        for i, a in enumerate(left.columns)
    ]
    return Block(columns, tuple(dict.fromkeys((*left.rest, *right.rest))), left.conditions | right.conditions)


def renamed(block: Block, names: Sequence[str]) -> Block:
    if not names or len(names) != len(block.columns):
        return block
    columns = [ResultColumn(name, column.sources) for name, column in zip(names, block.columns, strict=True)]
    return Block(columns, block.rest, block.conditions)


def alias_of(node: exp.Expr) -> tuple[str, list[str]]:
    alias = node.args.get("alias")
    if not isinstance(alias, exp.TableAlias):
        return "", []
    name = alias.this.name.lower() if alias.this is not None else ""
    return name, [column.name.lower() for column in alias.args.get("columns") or ()]


def qualifiers(alias: str) -> frozenset[str]:
    return frozenset({alias} if alias else ())


def qualifier_of(node: exp.Expr) -> str:
    parts = (node.text("catalog"), node.text("db"), node.text("table"))
    return ".".join(part.lower() for part in parts if part)


def name_of(item: exp.Expr, index: int) -> str:
    """The name of a result column, as the binder gives it."""
    if isinstance(item, exp.Alias):
        return item.alias.lower()
    if isinstance(item, exp.Paren):
        return name_of(item.this, index)
    if isinstance(item, exp.Column):
        return item.name.lower()
    if isinstance(item, exp.Dot) and isinstance(item.expression, exp.Identifier):
        return item.expression.name.lower()
    return f"_c{index}"


def is_pattern(item: exp.Expr) -> bool:
    """A quoted name that is no plain word stands for all columns that it matches."""
    if not isinstance(item, exp.Column) or item.args.get("db"):
        return False
    name = item.this
    return isinstance(name, exp.Identifier) and bool(name.args.get("quoted")) and not re.fullmatch(r"\w+", name.name)
