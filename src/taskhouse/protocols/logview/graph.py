"""Stages as a picture: a layered drawing, computed here, so that the page needs neither script nor inline styles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from taskhouse.domain.instance import Stage

CARD_WIDTH, CARD_HEIGHT = 196, 62
GAP_X, GAP_Y, MARGIN = 32, 18, 20
TEXT_ROOM = 21
"""Characters of name and operator that fit beside the time."""


@dataclass(frozen=True, slots=True)
class Card:
    """A stage at its place; `x` and `y` are the upper left corner, in pixels."""

    stage: Stage
    x: int
    y: int
    status: str
    """`ok`, `run`, `fail`, `hold`, `idle`."""
    label: str
    operator: str


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    cards: tuple[Card, ...]
    edges: tuple[str, ...]
    """Path data of the lines between cards."""


def draw(stages: Sequence[Stage], *, ended_as: str = "", project: str = "") -> Drawing:
    """Columns by the longest way from a source, sources right before who needs them; rows in the order given. `ended_as` marks the stages
    that a task broke off in (`fail`, or `hold` when it was stopped); those that never began stay idle. Tables of `project` are shown without it."""
    levels = _levels(stages)
    columns: dict[int, list[Stage]] = {}
    for stage in stages:
        columns.setdefault(levels[stage.name], []).append(stage)
    tallest = max((len(column) for column in columns.values()), default=0)
    height = MARGIN * 2 + tallest * CARD_HEIGHT + max(0, tallest - 1) * GAP_Y
    broken_off = _broken_off(stages) if ended_as else frozenset()
    cards: dict[str, Card] = {}
    for level, column in columns.items():
        used = len(column) * CARD_HEIGHT + (len(column) - 1) * GAP_Y
        top = (height - used) // 2
        for row, stage in enumerate(column):
            x = MARGIN + level * (CARD_WIDTH + GAP_X)
            y = top + row * (CARD_HEIGHT + GAP_Y)
            cards[stage.name] = Card(stage, x, y, _status(stage, broken_off, ended_as), *_labels(stage, project))
    edges = [
        _edge(cards[source], cards[stage.name]) for stage in stages for source in stage.upstream if source in cards
    ]
    width = MARGIN * 2 + (max(columns, default=0) + 1) * (CARD_WIDTH + GAP_X) - GAP_X
    return Drawing(width, height, tuple(cards.values()), tuple(edges))


def _levels(stages: Sequence[Stage]) -> dict[str, int]:
    known = {stage.name: stage for stage in stages}
    levels: dict[str, int] = {}

    def level(name: str, path: frozenset[str]) -> int:
        if name not in levels:
            ups = [u for u in known[name].upstream if u in known and u not in path]
            levels[name] = max((level(u, path | {name}) + 1 for u in ups), default=0)
        return levels[name]

    for stage in stages:
        level(stage.name, frozenset({stage.name}))
    for stage in stages:
        after = [levels[other.name] for other in stages if stage.name in other.upstream]
        if not stage.upstream and after:
            levels[stage.name] = max(levels[stage.name], min(after) - 1)
    return levels


def _broken_off(stages: Sequence[Stage]) -> frozenset[str]:
    """The stages under way when the task ended; when none had got anywhere, those that were next."""
    open_ = [stage for stage in stages if stage.percent < 100]
    began = frozenset(stage.name for stage in open_ if stage.workers_running or stage.percent)
    waiting = {stage.name for stage in open_}
    return began or frozenset(stage.name for stage in open_ if waiting.isdisjoint(stage.upstream))


def _status(stage: Stage, broken_off: frozenset[str], ended_as: str) -> str:
    if stage.percent >= 100:
        return "ok"
    if ended_as:
        return ended_as if stage.name in broken_off else "idle"
    return "run" if stage.workers_running or stage.percent else "idle"


def _labels(stage: Stage, project: str) -> tuple[str, str]:
    name = stage.name.split("_job_")[0] or stage.name
    room = max(4, TEXT_ROOM - len(name) - 1)
    operator = stage.operator.replace(f" {project}.", " ") if project else stage.operator
    return name, operator if len(operator) <= room else operator[: room - 1] + "…"


def _edge(source: Card, target: Card) -> str:
    x1, y1 = source.x + CARD_WIDTH, source.y + CARD_HEIGHT // 2
    x2, y2 = target.x - 5, target.y + CARD_HEIGHT // 2
    bend = max(12, (x2 - x1) // 2)
    return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
