"""What publishing would change: the published state on one side, what a workspace comes to on the other.

Versions, dates and people of publications are no difference. A task that does not differ is not published again and keeps its version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta, tzinfo
from enum import Enum

from taskhouse.domain.calendar import GENERATION_HOUR, ONE_DAY
from taskhouse.domain.definition.tenant import Organisation, Project
from taskhouse.domain.definition.touched import Part, Touched, touched_downstream
from taskhouse.domain.definition.words import dependency_words, kind_words, schedule_words
from taskhouse.domain.dependency import Dependency
from taskhouse.domain.published import PublishedField, PublishedNode, PublishedTask


class Change(Enum):
    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"


class FieldAspect(Enum):
    """What of a field changed, the gravest first."""

    TYPE = "TYPE"
    LOGIC = "LOGIC"
    PART = "PART"
    """Its own logic is the same, but a business filter or an atomic metric that it shares changed."""
    ROLE = "ROLE"
    ABOUT = "ABOUT"
    """Label, project, owner or priority: nothing that is computed."""


class NodeAspect(Enum):
    REBUILT = "REBUILT"
    """It writes another physical table: what it wrote before is not read any more."""
    CODE = "CODE"
    FIELDS = "FIELDS"


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting of a task or an organisation in words, as it was and as it will be; empty for not there."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class FieldChange:
    name: str
    change: Change
    aspects: tuple[FieldAspect, ...] = ()
    type_before: str = ""
    type_after: str = ""


@dataclass(frozen=True, slots=True)
class NodeDifference:
    """`values` are the fields that it will write; `table` the physical table."""

    id: str
    name: str
    change: Change
    aspects: tuple[NodeAspect, ...] = ()
    values: tuple[str, ...] = ()
    table: str = ""
    table_before: str = ""


@dataclass(frozen=True, slots=True)
class TaskDifference:
    """`version` is what it will be published as; 0 for a removed one. `strategy` of the materialization: before and after, 0 for none."""

    id: str
    change: Change
    kind: str
    version: int = 0
    strategy: tuple[int, int] = (0, 0)
    key_changed: bool = False
    fields: tuple[FieldChange, ...] = ()
    nodes: tuple[NodeDifference, ...] = ()
    dependencies_added: tuple[str, ...] = ()
    dependencies_removed: tuple[str, ...] = ()
    settings: tuple[SettingChange, ...] = ()

    @property
    def touched_fields(self) -> frozenset[str]:
        """Whose values may differ after the publication, or which are gone."""
        return frozenset(
            each.name
            for each in self.fields
            if each.change is not Change.CHANGED or set(each.aspects) - {FieldAspect.ABOUT}
        )

    @property
    def is_computed_differently(self) -> bool:
        """Of a task without fields: it runs something else."""
        return self.change is not Change.CHANGED or any(NodeAspect.CODE in node.aspects for node in self.nodes)


@dataclass(frozen=True, slots=True)
class ProjectDifference:
    name: str
    change: Change
    settings: tuple[SettingChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """`tasks` by id: those that will be published, and those that will be retired."""

    tasks: tuple[TaskDifference, ...] = ()
    downstream: tuple[Touched, ...] = ()
    projects: tuple[ProjectDifference, ...] = ()
    tenant: tuple[SettingChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.tasks or self.projects or self.tenant)

    @property
    def published(self) -> tuple[str, ...]:
        return tuple(task.id for task in self.tasks if task.change is not Change.REMOVED)

    @property
    def retired(self) -> tuple[str, ...]:
        return tuple(task.id for task in self.tasks if task.change is Change.REMOVED)


def first_run_date(now: datetime, zone: tzinfo) -> date:
    """The first run date of a task published at `now`: generation at 23:00 takes what is published by then."""
    local = now.astimezone(zone)
    return local.date() + (ONE_DAY if local.hour < GENERATION_HOUR else timedelta(days=2))


def compare(
    before: Mapping[str, PublishedTask],
    after: Mapping[str, PublishedTask],
    was: Organisation,
    shall: Organisation,
) -> Difference:
    both = (compare_task(before.get(id), after.get(id)) for id in sorted({*before, *after}))
    tasks = [each for each in both if each is not None]
    names = sorted({*was.projects, *shall.projects})
    pairs = (_compare_project(was.projects.get(name), shall.projects.get(name)) for name in names)
    projects = [each for each in pairs if each is not None]
    downstream = touched_downstream(_parts(tasks, before, after), after, {task.id for task in tasks})
    return Difference(tuple(tasks), tuple(downstream), tuple(projects), _compare_tenant(was, shall))


def _parts(
    tasks: Iterable[TaskDifference], before: Mapping[str, PublishedTask], after: Mapping[str, PublishedTask]
) -> Iterable[Part]:
    """What is computed differently or is gone."""
    for task in tasks:
        whole = after.get(task.id) or before[task.id]
        if not whole.fields:
            if task.is_computed_differently:
                yield task.id, ""
        elif task.key_changed:
            yield from ((task.id, each.name) for each in whole.fields)
        else:
            yield from ((task.id, name) for name in sorted(task.touched_fields))


def compare_task(before: PublishedTask | None, after: PublishedTask | None) -> TaskDifference | None:
    """None when nothing differs. At least one is there."""
    task = after or before
    assert task is not None
    change = Change.CHANGED if before and after else Change.ADDED if after else Change.REMOVED
    old, new = before or _nothing(task), after or _nothing(task)
    found = TaskDifference(
        task.id,
        change,
        kind_words(task),
        version=(before.version if before else 0) + 1 if after else 0,
        strategy=(before.strategy if before and before.view else 0, after.strategy if after and after.view else 0),
        key_changed=bool(before and after and before.key_logic != after.key_logic),
        fields=tuple(_compare_fields(old.fields, new.fields)),
        nodes=tuple(_compare_nodes(old.nodes, new.nodes)),
        dependencies_added=_words(new.dependencies, old.dependencies),
        dependencies_removed=_words(old.dependencies, new.dependencies),
        settings=_compare_settings(old, new) if change is Change.CHANGED else (),
    )
    if change is Change.CHANGED:
        assert before is not None and after is not None
        if _same(before, after):
            return None
    return found


_OF_PUBLICATION = frozenset(("version", "first_run_date", "published_at", "published_by", "defined_at"))


def _same(before: PublishedTask, after: PublishedTask) -> bool:
    return all(
        getattr(before, each.name) == getattr(after, each.name)
        for each in fields(PublishedTask)
        if each.name not in _OF_PUBLICATION
    )


def _nothing(task: PublishedTask) -> PublishedTask:
    return PublishedTask(task.id, task.name, task.project, task.environment, task.biz_type, task.schedule, ())


def _compare_fields(before: Sequence[PublishedField], after: Sequence[PublishedField]) -> Iterable[FieldChange]:
    old = {each.name: each for each in before}
    new = {each.name: each for each in after}
    for name in (*new, *(name for name in old if name not in new)):
        was, shall = old.get(name), new.get(name)
        if was is None and shall is not None:
            yield FieldChange(name, Change.ADDED, type_after=shall.type)
        elif was is not None and shall is None:
            yield FieldChange(name, Change.REMOVED, type_before=was.type)
        elif was is not None and shall is not None:
            aspects = tuple(_field_aspects(was, shall))
            if aspects:
                yield FieldChange(name, Change.CHANGED, aspects, was.type, shall.type)


def _field_aspects(was: PublishedField, shall: PublishedField) -> Iterable[FieldAspect]:
    if was.type != shall.type:
        yield FieldAspect.TYPE
    if (was.logic, set(was.sources), set(was.tables)) != (shall.logic, set(shall.sources), set(shall.tables)):
        yield FieldAspect.LOGIC
    elif dict(was.parts) != dict(shall.parts):
        yield FieldAspect.PART
    if (was.role, was.kind) != (shall.role, shall.kind):
        yield FieldAspect.ROLE
    about = ("label", "project", "owner", "priority")
    if any(getattr(was, key) != getattr(shall, key) for key in about):
        yield FieldAspect.ABOUT


def _compare_nodes(before: Sequence[PublishedNode], after: Sequence[PublishedNode]) -> Iterable[NodeDifference]:
    old = {each.id: each for each in before}
    new = {each.id: each for each in after}
    for id in (*new, *(id for id in old if id not in new)):
        was, shall = old.get(id), new.get(id)
        if was is None and shall is not None:
            yield NodeDifference(id, shall.name, Change.ADDED, (), shall.values, shall.table)
        elif was is not None and shall is None:
            yield NodeDifference(id, was.name, Change.REMOVED, (), was.values, "", was.table)
        elif was is not None and shall is not None:
            aspects = tuple(_node_aspects(was, shall))
            if aspects:
                yield NodeDifference(id, shall.name, Change.CHANGED, aspects, shall.values, shall.table, was.table)


def _node_aspects(was: PublishedNode, shall: PublishedNode) -> Iterable[NodeAspect]:
    if was.table != shall.table and was.table and shall.table:
        yield NodeAspect.REBUILT
    if (was.code_hash, was.program) != (shall.code_hash, shall.program):
        yield NodeAspect.CODE
    if (set(was.values), set(was.keys)) != (set(shall.values), set(shall.keys)):
        yield NodeAspect.FIELDS


def _words(mine: Sequence[Dependency], others: Sequence[Dependency]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(dependency_words(each) for each in mine if each not in others))


def _compare_settings(before: PublishedTask, after: PublishedTask) -> tuple[SettingChange, ...]:
    def words(task: PublishedTask) -> dict[str, str]:
        retry = task.retry
        return {
            "schedule": schedule_words(task.schedule),
            "priority": task.priority.label,
            "owner": ", ".join(task.owners),
            "tags": ", ".join(task.tags),
            "timeout": f"{retry.timeout_h:g} h",
            "retries": f"{retry.retries} after {retry.gap_min} min"
            + (", after timeouts too" if retry.after_timeout else ""),
            "resource group": task.resource_group,
            "business unit": task.business_unit,
            "data latency": f"{task.latency_days} days" if task.latency_days else "",
            "view": task.view,
            "description": task.description,
        }

    return _changes(words(before), words(after))


def _changes(was: Mapping[str, str], shall: Mapping[str, str]) -> tuple[SettingChange, ...]:
    return tuple(
        SettingChange(name, was.get(name, ""), shall.get(name, ""))
        for name in (*shall, *(name for name in was if name not in shall))
        if was.get(name, "") != shall.get(name, "")
    )


def _compare_project(was: Project | None, shall: Project | None) -> ProjectDifference | None:
    project = shall or was
    assert project is not None

    def words(each: Project | None) -> dict[str, str]:
        if each is None:
            return {}
        members = {
            f"member {user}": ", ".join(sorted(role.value for role in roles))
            for user, roles in sorted(each.members.items())
        }
        return {
            "label": each.label,
            "mode": each.mode.value,
            "owner": each.owner,
            "business unit": each.business_unit,
            "description": each.description,
        } | members

    change = Change.CHANGED if was and shall else Change.ADDED if shall else Change.REMOVED
    settings = _changes(words(was), words(shall))
    if change is Change.CHANGED and not settings:
        return None
    return ProjectDifference(project.name, change, settings if change is not Change.REMOVED else ())


def _compare_tenant(was: Organisation, shall: Organisation) -> tuple[SettingChange, ...]:
    def words(each: Organisation) -> dict[str, str]:
        tenant = each.tenant
        groups = {f"resource group {name}": str(slots) for name, slots in sorted(tenant.resource_groups.items())}
        units = {f"business unit {unit.name}": unit.label or unit.name for unit in each.business_units.values()}
        about = {"name": tenant.name, "time zone": tenant.time_zone, "admins": ", ".join(sorted(tenant.admins))}
        return about | groups | units

    return _changes(words(was), words(shall))
