"""One version of a task beside the one before it: what a plan would have said, and the code of nodes as it was and is."""

from __future__ import annotations

from dataclasses import dataclass, field

from taskhouse.domain.definition.difference import Change, TaskDifference, compare_task
from taskhouse.domain.definition.words import kind_words
from taskhouse.domain.published import PublishedNode, PublishedTask
from taskhouse.domain.recurring import Environment
from taskhouse.domain.roles import Actor
from taskhouse.services.recurring.views.refusal import About, ViewCode, ViewRefused
from taskhouse.services.recurring.views.task_pages import may_node, published_versions
from taskhouse.services.world import World


@dataclass(frozen=True, slots=True)
class CodeChange:
    """Empty for a node that is not there; None for those who may not look into the project."""

    node: str
    name: str
    before: str | None = field(repr=False)
    after: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class VersionChange:
    """`before` is the number of the version before, 0 for none."""

    version: int
    before: int
    difference: TaskDifference
    codes: tuple[CodeChange, ...]


def version_change(world: World, actor: Actor, task_id: str, environment: Environment, version: int) -> VersionChange:
    """One store call. Raises `ViewRefused` (NOT_FOUND, FORBIDDEN)."""
    found = published_versions(world, actor, task_id, environment)
    at = next((place for place, task in enumerate(found) if task.version == version), None)
    if at is None:
        raise ViewRefused(ViewCode.NOT_FOUND, f"task '{task_id}' has no version {version}", About(0, task_id))
    after = found[at]
    before = found[at + 1] if at + 1 < len(found) else None
    difference = compare_task(before, after) or TaskDifference(task_id, Change.CHANGED, kind_words(after), version)
    return VersionChange(version, before.version if before else 0, difference, _codes(actor, before, after))


def _codes(actor: Actor, before: PublishedTask | None, after: PublishedTask) -> tuple[CodeChange, ...]:
    old = {node.id: node for node in before.nodes} if before else {}
    new = {node.id: node for node in after.nodes}
    changes = []
    for id in (*new, *(id for id in old if id not in new)):
        was, now = old.get(id), new.get(id)
        if was is None or now is None or was.program.code != now.program.code:
            one = now or old[id]
            changes.append(CodeChange(id, one.name, _code(actor, before, was), _code(actor, after, now)))
    return tuple(changes)


def _code(actor: Actor, task: PublishedTask | None, node: PublishedNode | None) -> str | None:
    if task is None or node is None:
        return ""
    return node.program.code if may_node(actor, task, node.values) else None
