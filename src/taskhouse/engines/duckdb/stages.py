"""Stages of a statement, out of DuckDB's physical plan.

MaxCompute shows a plan as stages that hand rows to one another: M reads, J joins, R brings rows together (groups,
sorts, windows). A stage here is a run of the plan's operators up to the next one that joins or brings together;
its number follows the plan from the sources up, and the numbers of those it reads from are part of its name: `J3_1_2_job_0`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from taskhouse.domain.instance import Stage

FIRST = Stage(name="M1_job_0", workers_total=1, workers_running=1)
"""What is shown of a statement whose plan is not known yet."""

_GATHERING = ("GROUP_BY", "AGGREGATE", "ORDER_BY", "TOP_N", "WINDOW", "DISTINCT")
_TRANSPARENT = ("COPY_TO_FILE", "RESULT_COLLECTOR", "EXPLAIN")
"""Operators whose row count says nothing about rows."""
_WORDS = {"DUMMY_SCAN": "one row", "EMPTY_RESULT": "no rows", "COLUMN_DATA_SCAN": "values", "CHUNK_SCAN": "values"}


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a plan, as EXPLAIN or a profile gives it. Counts and seconds are zero in a plan that did not run."""

    type: str
    info: Mapping[str, Any]
    children: tuple[Operator, ...]
    rows: int = 0
    rows_scanned: int = 0
    seconds: float = 0.0

    @staticmethod
    def read(node: Mapping[str, Any]) -> Operator:
        return Operator(
            type=str(node.get("type") or node.get("name") or "").strip(),
            info=node.get("extra_info") or {},
            children=tuple(Operator.read(child) for child in node.get("children") or ()),
            rows=int(node.get("intermediate_rows") or 0),
            rows_scanned=int(node.get("rows_scanned") or 0),
            seconds=float(node.get("timing") or 0.0),
        )


@dataclass(slots=True)
class _Building:
    number: int
    letter: str
    operator: str
    upstream: list[_Building] = field(default_factory=list)
    rows_in: int = 0
    rows_out: int = 0
    seconds: float = 0.0

    @property
    def name(self) -> str:
        sources = "".join(f"_{u.number}" for u in sorted(self.upstream, key=lambda b: b.number))
        return f"{self.letter}{self.number}{sources}_job_0"


def stages_of(root: Operator, source_name: Callable[[Mapping[str, Any]], str], workers: int) -> tuple[Stage, ...]:
    """The stages of a plan, sources first. `source_name` tells a table's name from a scan's details, `` if unknown."""
    built: list[_Building] = []
    _build(root, built, source_name)
    return tuple(
        Stage(
            name=b.name,
            operator=b.operator,
            upstream=tuple(u.name for u in sorted(b.upstream, key=lambda u: u.number)),
            workers_total=workers,
            rows_in=b.rows_in,
            rows_out=b.rows_out,
            seconds=round(b.seconds, 6),
        )
        for b in built
    )


def _build(node: Operator, built: list[_Building], source_name: Callable[[Mapping[str, Any]], str]) -> _Building:
    below = [_build(child, built, source_name) for child in node.children]
    distinct = list({id(b): b for b in below}.values())
    if not distinct:
        stage = _Building(len(built) + 1, "M", _source_words(node, source_name))
        stage.rows_in = node.rows_scanned or node.rows
        built.append(stage)
    elif len(distinct) > 1 or node.type.endswith(_GATHERING):
        letter = "R" if len(distinct) == 1 else "J" if "JOIN" in node.type or "PRODUCT" in node.type else "M"
        stage = _Building(len(built) + 1, letter, _words(node), upstream=distinct)
        stage.rows_in = sum(b.rows_out for b in distinct)
        built.append(stage)
    else:
        stage = distinct[0]
    if not node.type.endswith(_TRANSPARENT):
        stage.rows_out = node.rows
    stage.seconds += node.seconds
    return stage


def _source_words(node: Operator, source_name: Callable[[Mapping[str, Any]], str]) -> str:
    if node.type in ("TABLE_SCAN", "READ_PARQUET"):
        return f"scan {source_name(node.info)}".strip()
    return _words(node)


def _words(node: Operator) -> str:
    words = _WORDS.get(node.type) or node.type.replace("_", " ").lower()
    join = str(node.info.get("Join Type", "")).lower()
    return f"{join} {words}" if join else words


def running(stages: Sequence[Stage], percent: float) -> tuple[Stage, ...]:
    """The stages of a plan of which `percent` of the whole is done, taken as passed through in order."""
    share = max(percent, 0.0) * len(stages)
    shown: list[Stage] = []
    for position, stage in enumerate(stages):
        done = int(min(max(share - 100 * position, 0), 100))
        state = "done" if done == 100 else "running" if done or position == 0 or shown[-1].percent == 100 else "waiting"
        shown.append(
            replace(
                stage,
                percent=done,
                workers_running=stage.workers_total if state == "running" else 0,
                workers_done=stage.workers_total if state == "done" else 0,
            )
        )
    return tuple(shown)


def finished(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    return tuple(replace(s, percent=100, workers_running=0, workers_done=s.workers_total) for s in stages)
