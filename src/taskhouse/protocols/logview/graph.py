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
    """`ok`, `run`, `fail`, `idle`."""
    label: str
    operator: str


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    cards: tuple[Card, ...]
    edges: tuple[str, ...]
    """Path data of the lines between cards."""


def draw(stages: Sequence[Stage], *, failed: bool, project: str = "") -> Drawing:
    """Columns by the longest way from a source, sources right before who needs them; rows in the order given. `failed` marks stages that did not finish. Tables of
    `project` are shown without it."""
    levels = _levels(stages)
    columns: dict[int, list[Stage]] = {}
    for stage in stages:
        columns.setdefault(levels[stage.name], []).append(stage)
    tallest = max((len(column) for column in columns.values()), default=0)
    height = MARGIN * 2 + tallest * CARD_HEIGHT + max(0, tallest - 1) * GAP_Y
    cards: dict[str, Card] = {}
    for level, column in columns.items():
        used = len(column) * CARD_HEIGHT + (len(column) - 1) * GAP_Y
        top = (height - used) // 2
        for row, stage in enumerate(column):
            x = MARGIN + level * (CARD_WIDTH + GAP_X)
            y = top + row * (CARD_HEIGHT + GAP_Y)
            cards[stage.name] = Card(stage, x, y, _status(stage, failed), *_labels(stage, project))
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


def _status(stage: Stage, failed: bool) -> str:
    if stage.percent >= 100:
        return "ok"
    if failed:
        return "fail"
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
