"""The filters of a list as SQL, and which of them leaves so few rows that reading just those is best."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from taskhouse.domain.instance_summary import ALL_BITS, BIT
from taskhouse.domain.status import StatusClass
from taskhouse.ports.recurring_store import InstanceQuery
from taskhouse.store.recurring.codes import BIZ_TYPE, CYCLE, ENVIRONMENT, KIND, ORIGIN
from taskhouse.store.recurring.publications import id_list
from taskhouse.store.recurring.summaries import WAITING_BIT
from taskhouse.store.schema import to_micros

TABLE = "instance_lists AS l"
_BY_DATE = "INDEXED BY ix_instance_lists_bizdate"
_BY_PUBLICATION = "INDEXED BY ix_instance_lists_publication"
_BY_ID = "NOT INDEXED"
"""As SQLite has it: by the id, and no other index."""
_FEW = 5_000
"""Rows that may be looked up one by one and sorted."""
_FEW_IN_A_ROW = 20_000
"""Rows that may be looked up and sorted when they lie together, as those of a date do."""
_MANY = 100_000
"""Rows beyond which a condition finds too many to begin with them."""
LEAST_WAITING = ALL_BITS - sum(BIT[c] for c in (StatusClass.WAITING, StatusClass.NOT_RUNNING, StatusClass.SUCCEEDED))
"""Of sets of statuses that are no more urgent than waiting, the least `urgency`."""
_IDS = "IN (SELECT value FROM json_each(?))"


class _Part(NamedTuple):
    """A condition; `found_by` names the index of its rows, empty for none."""

    sql: str
    values: tuple[Any, ...]
    found_by: str = ""


class Conditions:
    """`sql` with `values` is true of the rows wanted."""

    __slots__ = ("_environment", "_parts", "sql", "values")

    def __init__(self, environment: int, parts: Iterable[_Part]) -> None:
        self._environment = environment
        self._parts = tuple(parts)
        self.sql = " AND ".join(["l.environment = ?", *(part.sql for part in self._parts)])
        self.values: tuple[Any, ...] = (environment, *(value for part in self._parts for value in part.values))

    def within_due(self) -> tuple[str, tuple[Any, ...]]:
        """What filters of dates mean for scheduled times, so that a walk in their order begins and ends there."""
        parts = [part for part in self._parts if part.found_by == _BY_DATE]
        if not parts:
            return "1", ()
        where = " AND ".join(["environment = ?", *(part.sql.replace("l.bizdate", "bizdate") for part in parts)])
        values = (self._environment, *(value for part in parts for value in part.values))
        least = f"(SELECT min(first_due) FROM generation_blocks WHERE {where})"
        return f"l.due_at BETWEEN {least} AND {least.replace('min(first', 'max(last')}", values + values

    def way(self, raw: sqlite3.Connection) -> Way:
        """Each condition that has an index is counted, that of publications together with those of dates, which its index knows. Counting ends
        at a bound, and at what is known to be enough."""
        dates = [part for part in self._parts if part.found_by == _BY_DATE]
        best, least = "", _MANY
        few = False
        for part in self._parts:
            if not part.found_by:
                continue
            wanted = [part, *dates] if part.found_by == _BY_PUBLICATION else [part]
            where = " AND ".join(["l.environment = ?", *(each.sql for each in wanted)])
            values = (self._environment, *(value for each in wanted for value in each.values))
            statement = f"SELECT count(*) FROM (SELECT 1 FROM {TABLE} {part.found_by} WHERE {where} LIMIT ?)"
            count = raw.execute(statement, (*values, least)).fetchone()[0]
            if count < least:
                best, least, few = part.found_by, count, count <= (_FEW_IN_A_ROW if part in dates else _FEW)
        return Way(best, few)


class Way(NamedTuple):
    """The index of the condition that leaves the fewest rows, empty for none, and whether those are few."""

    found_by: str
    few: bool


def conditions(query: InstanceQuery, *, any_status: bool = False) -> Conditions:
    """`any_status`: whatever the query says of statuses."""
    environment = ENVIRONMENT.code[query.environment]
    parts = [*_dates(query), *_what(query, environment), *_times(query)]
    if not any_status:
        parts += _statuses(query)
    return Conditions(environment, parts)


def _dates(query: InstanceQuery) -> Iterable[_Part]:
    days = [day.toordinal() for day in query.bizdates]
    if days:
        yield _Part(f"l.bizdate {_IDS}", (id_list(sorted(set(days))),), _BY_DATE)
    first, last = query.bizdate_from, query.bizdate_to
    if first is not None and last is not None:
        yield _Part("l.bizdate BETWEEN ? AND ?", (first.toordinal(), last.toordinal()), _BY_DATE)
    elif first is not None:
        yield _Part("l.bizdate >= ?", (first.toordinal(),), _BY_DATE)
    elif last is not None:
        yield _Part("l.bizdate <= ?", (last.toordinal(),), _BY_DATE)


def _what(query: InstanceQuery, environment: int) -> Iterable[_Part]:
    """What an instance is of: most of it is a question to the few thousand publications."""
    if query.biz_type is not None:
        yield _Part("l.biz_type = ?", (BIZ_TYPE.code[query.biz_type],))
    if query.origins:
        yield _Part(f"l.origin {_IDS}", (id_list(ORIGIN.all_of(query.origins)),))
    if query.priorities:
        yield _Part(f"l.priority {_IDS}", (id_list(sorted(map(int, query.priorities))),))
    if query.paused is not None:
        yield (
            _Part("l.paused > 0", (), "INDEXED BY ix_instance_lists_paused")
            if query.paused
            else _Part("l.paused = 0", ())
        )
    if query.ids is not None:
        yield _Part(
            f"l.id {_IDS}",
            (id_list(sorted(query.ids)),),
            _BY_ID,
        )
    wanted = ["environment = ?"]
    values: list[Any] = [environment]
    if query.cycles:
        wanted.append(f"cycle {_IDS}")
        values.append(id_list(CYCLE.all_of(query.cycles)))
    if query.kinds:
        wanted.append(f"kind {_IDS}")
        values.append(id_list(KIND.all_of(query.kinds)))
    if query.tasks:
        wanted.append(f"task {_IDS}")
        values.append(_texts(query.tasks))
    for kind, chosen in (("owner", query.owners), ("tag", query.tags), ("project", query.projects)):
        if chosen or (kind == "project" and chosen is not None):
            wanted.append(f"id IN (SELECT publication FROM published_labels WHERE kind = '{kind}' AND value {_IDS})")
            values.append(_texts(chosen))
    if len(wanted) > 1:
        publications = f"SELECT id FROM published_tasks WHERE {' AND '.join(wanted)}"
        yield _Part(f"l.publication IN ({publications})", tuple(values), _BY_PUBLICATION)
    if query.text:
        yield _text(query.text, environment)


def _text(text: str, environment: int) -> _Part:
    named = "SELECT id FROM published_tasks WHERE environment = ? AND instr(search_name, ?) > 0"
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        return _Part(f"l.publication IN ({named})", (environment, text.lower()), _BY_PUBLICATION)
    of_id = "SELECT publication FROM recurring_instances WHERE id = ?"
    return _Part(
        f"l.publication IN ({named} UNION {of_id}) AND (l.id = ? OR instr(lower(l.name), ?) > 0)",
        (environment, text, int(text), int(text), text),
        _BY_PUBLICATION,
    )


def _times(query: InstanceQuery) -> Iterable[_Part]:
    for column, bounds in (("due_at", query.due), ("started_at", query.started)):
        first, beyond = bounds
        if first is not None or beyond is not None:
            yield _between(column, first, beyond)
    if query.late_before is not None:
        bounds_of_unstarted = (LEAST_WAITING, ALL_BITS - BIT[StatusClass.SUCCEEDED])
        yield _Part("l.urgency >= ? AND l.urgency < ?", bounds_of_unstarted, "INDEXED BY ix_instance_lists_urgency")
        yield _Part("l.due_at < ? AND l.started_at IS NULL", (to_micros(query.late_before),))


def _between(column: str, first: datetime | None, beyond: datetime | None) -> _Part:
    words, values = [f"l.{column} IS NOT NULL"], []
    if first is not None:
        words.append(f"l.{column} >= ?")
        values.append(to_micros(first))
    if beyond is not None:
        words.append(f"l.{column} < ?")
        values.append(to_micros(beyond))
    return _Part(" AND ".join(words), tuple(values), f"INDEXED BY ix_instance_lists_{column}")


def _statuses(query: InstanceQuery) -> Iterable[_Part]:
    plain = set(query.statuses)
    if query.waiting:
        plain.discard(StatusClass.WAITING)
    if not plain and not query.waiting:
        return
    asked = plain | ({StatusClass.WAITING} if query.waiting else set())
    yield _Part(f"l.urgency {_IDS}", (id_list(_orders_with(asked)),), "INDEXED BY ix_instance_lists_urgency")
    if query.waiting:
        bits = sum(WAITING_BIT[status] for status in query.waiting)
        narrow = f"(l.urgency {_IDS} AND l.waiting & ? <> 0)"
        values: tuple[Any, ...] = (id_list(_orders_with({StatusClass.WAITING})), bits)
        if plain:
            narrow = f"(l.urgency {_IDS} OR {narrow})"
            values = (id_list(_orders_with(plain)), *values)
        yield _Part(narrow, values)


def _orders_with(statuses: Iterable[StatusClass]) -> list[int]:
    """Values of `urgency` of the sets that have one of these statuses."""
    bits = sum(BIT[status] for status in set(statuses))
    return [ALL_BITS - mask for mask in range(ALL_BITS + 1) if mask & bits]


def _texts(values: Iterable[str] | None) -> str:
    return msgspec.json.encode(sorted(values or ())).decode()
