"""Which tasks and fields read, directly or over others, what a publication computes differently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from taskhouse.domain.published import PublishedTask

Part = tuple[str, str]
"""(task, field); the field is empty for a task without fields."""


@dataclass(frozen=True, slots=True)
class Touched:
    """A task that reads what changes. `fields` depend on it; empty for a task without fields. `is_published` with this plan, too."""

    id: str
    fields: tuple[str, ...]
    level: int
    is_published: bool


def touched_downstream(
    parts: Iterable[Part], tasks: Mapping[str, PublishedTask], published: set[str]
) -> Iterable[Touched]:
    """Readers of `parts`, each task once with its smallest level, nearest first. `published` are the tasks that are published anyway."""
    readers = _readers(tasks)
    front = set(parts)
    seen = set(front)
    levels: dict[str, int] = {}
    found: dict[str, set[str]] = {}
    level = 0
    while front:
        level += 1
        coming = {reader for part in front for reader in readers.get(part, ())} - seen
        seen |= coming
        for task, name in coming:
            levels.setdefault(task, level)
            found.setdefault(task, set()).update({name} if name else ())
        front = coming
    for task in sorted(found, key=lambda id: (levels[id], id)):
        yield Touched(task, tuple(sorted(found[task])), levels[task], task in published)


def _readers(tasks: Mapping[str, PublishedTask]) -> dict[Part, set[Part]]:
    """Part -> the parts that read it."""
    found: dict[Part, set[Part]] = {}
    for task in tasks.values():
        for each in task.fields:
            for source in each.sources:
                found.setdefault(source, set()).add((task.id, each.name))
        for node in task.nodes:
            mine = [(task.id, name) for name in node.values] or [(task.id, "")]
            for up, names in (node.reads or {}).items():
                upstream = tasks.get(up)
                if upstream is None or up == task.id:
                    continue
                if not upstream.fields:
                    found.setdefault((up, ""), set()).update(mine)
                elif not task.fields:
                    for name in names or {each.name for each in upstream.fields}:
                        found.setdefault((up, name), set()).update(mine)
        if not any(node.reads for node in task.nodes):
            for dependency in task.dependencies:
                upstream = tasks.get(dependency.up_task)
                if upstream is None or upstream.id == task.id:
                    continue
                mine = [(task.id, each.name) for each in task.fields] or [(task.id, "")]
                all_fields = {each.name for each in upstream.fields} or {""}
                for name in set(dependency.up_fields) or all_fields:
                    found.setdefault((upstream.id, name), set()).update(mine)
    return found
