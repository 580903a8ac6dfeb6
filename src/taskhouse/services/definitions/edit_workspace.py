"""Changing the files of the workspace folder that the server has: what is there, what unsaved texts come to, and saving them.

Saving and publishing are one: the files change inside the transaction that publishes them, last. A server that dies leaves either nothing,
or files that are ahead of what is published, which the next plan shows; never published definitions that no file has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache

from taskhouse.domain.definition.difference import compare
from taskhouse.domain.definition.places import Place
from taskhouse.domain.definition.workspace import Workspace
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.recurring import Environment
from taskhouse.domain.roles import Action, Actor
from taskhouse.domain.workspace_paths import MAX_FILE_BYTES, MAX_FILES, is_definition, why_not_a_path
from taskhouse.ports.workspace_folder import (
    FileChange,
    FilesChangedError,
    FolderError,
    WorkspaceFile,
    WorkspaceFolder,
)
from taskhouse.services.definitions.apply_workspace import Publication, apply_workspace
from taskhouse.services.definitions.findings import Finding, where
from taskhouse.services.definitions.plan_workspace import (
    InvalidWorkspaceError,
    StillWanted,
    WorkspacePlan,
    always,
    check_organisation,
    may_publish,
    plan_workspace,
    validate,
)
from taskhouse.services.definitions.read_workspace import ReadWorkspace, read_workspace
from taskhouse.services.definitions.sections import OF_A_PROJECT
from taskhouse.services.world import World

HIDDEN = "something is wrong in a file that you may not look into"


@dataclass(frozen=True, slots=True)
class Edit:
    """`text` with line feeds; None removes the file. `etag` of the file as it was read, empty for one that is new."""

    path: str
    text: str | None = field(repr=False)
    etag: str = ""


@dataclass(frozen=True, slots=True)
class DefinedTask:
    id: str
    line: int


@dataclass(frozen=True, slots=True)
class FileLine:
    """`read_only`: why the caller may not change it, empty when they may. `tasks` that it defines, in their order."""

    path: str
    etag: str
    size: int
    read_only: str
    tasks: tuple[DefinedTask, ...] = ()


@dataclass(frozen=True, slots=True)
class FileList:
    """`state`: READY; NO_FOLDER, where the server has none; NO_ROLE, for who may not look into code; BROKEN, when it cannot be read. `why_not` says so in
    words. `folder`: where the files are. `read_only`: why the caller may add no file. `hidden`:
    how many files the caller may not look into."""

    state: str
    folder: str
    why_not: str
    read_only: str
    hidden: int
    files: tuple[FileLine, ...]


@dataclass(frozen=True, slots=True)
class FileText:
    path: str
    etag: str
    text: str = field(repr=False)
    read_only: str = ""


NO_FOLDER = "this server has no workspace folder: it was started without --workspace"
NO_ROLE = "changing definitions takes the role DEVELOPER or PROJECT_ADMIN in their projects"


def list_files(world: World, actor: Actor) -> FileList:
    folder = world.folder
    if folder is None or not folder.is_there():
        return FileList("NO_FOLDER", "", NO_FOLDER, "", 0, ())
    if not _may_somewhere(actor):
        return FileList("NO_ROLE", "", "the files are shown to those who may look into a project's code", "", 0, ())
    try:
        files = folder.files()
    except FolderError as error:
        return FileList("BROKEN", folder.name, str(error), "", 0, ())
    contents = _contents(files)
    seen = [path for path in files if contents.may_see(world, actor, path)]
    lines = tuple(
        FileLine(path, files[path].etag, files[path].size, _read_only(folder, actor, contents, path), contents.tasks.get(path, ()))
        for path in seen
    )  # fmt: skip
    read_only = (NO_ROLE if not _may_edit_somewhere(actor) else "") or folder.why_not_writable("")
    return FileList("READY", folder.name, "", read_only, len(files) - len(seen), lines)


def read_file(world: World, actor: Actor, path: str) -> FileText:
    """Raises `Fault`: NO_SUCH_OBJECT for what is no file of the workspace, NO_PERMISSION."""
    folder = _folder(world)
    files = _files(folder)
    file = files.get(path)
    if file is None:
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"there is no file '{path[:200]}' in the workspace")
    contents = _contents(files)
    if not contents.may_see(world, actor, path):
        raise Fault(FaultCode.NO_PERMISSION, f"you may not look into '{path}': it takes a role in all of its projects")
    return FileText(path, file.etag, file.text.replace("\r\n", "\n"), _read_only(folder, actor, contents, path))


def check_edits(world: World, actor: Actor, edits: Sequence[Edit], wanted: StillWanted = always) -> tuple[Finding, ...]:
    """All findings of the workspace with these texts in the place of its files."""
    files = _files(_folder(world))
    _require_editor(actor)
    found = validate(world, _edited(files, edits), wanted)
    return _seen(world, actor, files, found)


def plan_edits(
    world: World, actor: Actor, environment: Environment, edits: Sequence[Edit], wanted: StillWanted = always
) -> WorkspacePlan:
    """What publishing the workspace with these texts would change. Raises what `plan_workspace` does, with the findings that the actor
    may see, and `FilesChangedError` when files changed since they were read."""
    files = _files(_folder(world))
    return _planned(world, actor, environment, files, edits, wanted)


def apply_edits(
    world: World, actor: Actor, environment: Environment, edits: Sequence[Edit], digest: str, since: date | None = None
) -> tuple[Publication, Mapping[str, str]]:
    """Save and publish; also returns the new etags of the files. Raises what `apply_workspace` does, `FilesChangedError` and
    `Fault`s."""
    folder = _folder(world)
    files = _files(folder)
    _check_edits(actor, files, edits)
    changes = [_change(files, edit) for edit in edits]
    try:
        with folder.saving(changes) as put:
            made = apply_workspace(world, actor, environment, _edited(files, edits), digest, since, put)
        now = folder.files()
    except FolderError as error:
        raise Fault(FaultCode.INVALID_STATE, str(error)) from None
    except InvalidWorkspaceError as error:
        raise InvalidWorkspaceError(_seen(world, actor, files, error.findings)) from None
    return made, {edit.path: now[edit.path].etag if edit.path in now else "" for edit in edits}


def _planned(
    world: World,
    actor: Actor,
    environment: Environment,
    files: Mapping[str, WorkspaceFile],
    edits: Sequence[Edit],
    wanted: StillWanted,
) -> WorkspacePlan:
    _check_edits(actor, files, edits)
    try:
        return plan_workspace(world, actor, environment, _edited(files, edits), wanted)
    except InvalidWorkspaceError as error:
        raise InvalidWorkspaceError(_seen(world, actor, files, error.findings)) from None


# Files


def _folder(world: World) -> WorkspaceFolder:
    if world.folder is None or not world.folder.is_there():
        raise Fault(FaultCode.NO_SUCH_OBJECT, NO_FOLDER)
    return world.folder


def _files(folder: WorkspaceFolder) -> Mapping[str, WorkspaceFile]:
    try:
        return folder.files()
    except FolderError as error:
        raise Fault(FaultCode.INVALID_STATE, str(error)) from None


def _texts(files: Mapping[str, WorkspaceFile]) -> dict[str, str]:
    return {path: file.text for path, file in files.items()}


def _edited(files: Mapping[str, WorkspaceFile], edits: Iterable[Edit]) -> dict[str, str]:
    """The texts of the workspace as they would be."""
    texts = _texts(files)
    for edit in edits:
        change = _change(files, edit)
        if change.text is None:
            texts.pop(edit.path, None)
        else:
            texts[edit.path] = change.text
    return texts


def _change(files: Mapping[str, WorkspaceFile], edit: Edit) -> FileChange:
    """As the file is written: with the line ends and the byte order mark that it has."""
    before = files.get(edit.path)
    text = edit.text
    if text is not None and before is not None and before.newline != "\n":
        text = text.replace("\r\n", "\n").replace("\n", before.newline)
    return FileChange(edit.path, text, edit.etag, before is not None and before.has_mark)


# Permissions


class _Contents:
    """What stands in which file: tasks with their lines, and the projects of everything that belongs to one."""

    def __init__(self, read: ReadWorkspace) -> None:
        tasks: dict[str, list[DefinedTask]] = {}
        self._projects: dict[str, set[str]] = {}
        marked: dict[str, list[str]] = {}
        for place, mark in read.findings.marks.items():
            if len(place) == 2:
                marked.setdefault(mark.file, []).append(where(place))
                if place[0] in OF_A_PROJECT:
                    tasks.setdefault(mark.file, []).append(DefinedTask(place[1], mark.line))
            elif place[0] != "scripts" or place[2:] != ("code",):
                continue
            self._projects.setdefault(mark.file, set()).update(_projects_of(read.workspace, place))
        self.tasks = {path: tuple(sorted(found, key=lambda task: task.line)) for path, found in tasks.items()}
        self._unclear = {
            each.mark.file
            for each in read.findings.errors
            if not each.where.startswith(tuple(marked.get(each.mark.file, ())))
        }
        """Files in which not everything could be told apart."""

    def projects(self, path: str) -> frozenset[str]:
        return frozenset(self._projects.get(path, ()))

    def may_see(self, world: World, actor: Actor, path: str) -> bool:
        """A file may be looked into by who may look into the code of all projects in it; into one of which that is not clear, by who may do
        so in all there are."""
        if actor.super_admin:
            return True
        projects = self.projects(path)
        if path in self._unclear or not (projects or is_definition(path)):
            projects |= world.workspace.projects().keys()
        return _may_somewhere(actor) and all(actor.may(Action.INSPECT, project) for project in projects)


def _contents(files: Mapping[str, WorkspaceFile]) -> _Contents:
    return _contents_of(tuple((path, file.text) for path, file in files.items()))


@lru_cache(maxsize=1)
def _contents_of(texts: tuple[tuple[str, str], ...]) -> _Contents:
    """Kept: pages ask again and again while nothing changes."""
    return _Contents(read_workspace(dict(texts)))


def _projects_of(workspace: Workspace, place: Place) -> Iterator[str]:
    section, id = place[:2]
    if section in OF_A_PROJECT:
        yield id.partition(".")[0]
    elif section == "derived_metrics" and id in workspace.derived:
        yield workspace.derived[id].project
    elif section in ("atomic_metrics", "business_filters"):
        metric = workspace.atomics.get(id) if section == "atomic_metrics" else workspace.filters.get(id)
        if metric is not None and metric.table:
            yield metric.table.partition(".")[0]


def _may_somewhere(actor: Actor) -> bool:
    return actor.super_admin or any(actor.may(Action.INSPECT, project) for project in actor.roles)


def _may_edit_somewhere(actor: Actor) -> bool:
    return actor.super_admin or any(may_publish(actor, project) for project in actor.roles)


def _read_only(folder: WorkspaceFolder, actor: Actor, contents: _Contents, path: str) -> str:
    projects = contents.projects(path)
    allowed = any(may_publish(actor, project) for project in projects) if projects else _may_edit_somewhere(actor)
    return folder.why_not_writable(path) if allowed or actor.super_admin else NO_ROLE


def _require_editor(actor: Actor) -> None:
    if not _may_edit_somewhere(actor):
        raise Fault(FaultCode.NO_PERMISSION, NO_ROLE)


def _check_edits(actor: Actor, files: Mapping[str, WorkspaceFile], edits: Sequence[Edit]) -> None:
    """Raises `Fault` for what may not be edited, whatever the environment; `FilesChangedError`."""
    _require_editor(actor)
    changed = [edit.path for edit in edits if edit.etag != (files[edit.path].etag if edit.path in files else "")]
    if changed:
        raise FilesChangedError(changed)
    if edits and not actor.super_admin:
        _check_rights(actor, read_workspace(_texts(files)).workspace, read_workspace(_edited(files, edits)).workspace)


def _check_rights(actor: Actor, before: Workspace, after: Workspace) -> None:
    """What an edit changes in the definitions must be the actor's to publish, also where it is not published now."""
    check_organisation(actor, compare({}, {}, before.organisation, after.organisation))
    for place in _different(before, after):
        projects = {*_projects_of(before, place), *_projects_of(after, place)}
        for project in sorted(projects):
            if not may_publish(actor, project):
                message = f"you may not change '{place[1]}': it takes the role DEVELOPER or PROJECT_ADMIN in project '{project}'"
                raise Fault(FaultCode.NO_PERMISSION, message)


def _different(before: Workspace, after: Workspace) -> Iterator[tuple[str, str]]:
    for section, was, shall in (
        ("dimension_tables", before.dimensions, after.dimensions),
        ("fact_tables", before.facts, after.facts),
        ("aggregate_tables", before.aggregates, after.aggregates),
        ("scripts", before.scripts, after.scripts),
        ("integration_tasks", before.integrations, after.integrations),
        ("virtual_nodes", before.virtual_nodes, after.virtual_nodes),
        ("derived_metrics", before.derived, after.derived),
        ("atomic_metrics", before.atomics, after.atomics),
        ("business_filters", before.filters, after.filters),
    ):
        one: Mapping[str, object] = was
        other: Mapping[str, object] = shall
        for id in sorted({*one, *other}):
            if one.get(id) != other.get(id):
                yield section, id


def _seen(
    world: World, actor: Actor, files: Mapping[str, WorkspaceFile], found: Iterable[Finding]
) -> tuple[Finding, ...]:
    """Findings as the actor may know them: of files that they may not look into only that there are some."""
    if actor.super_admin:
        return tuple(found)
    contents = _contents(files)
    hidden = {path for path in files if not contents.may_see(world, actor, path)}
    shown = (replace(each, where="", message=HIDDEN, hint="") if each.mark.file in hidden else each for each in found)
    return tuple(dict.fromkeys(shown))


def check_form(edits: Sequence[Edit]) -> str:
    """What is wrong with the paths and sizes of edits, in words; empty when nothing is."""
    if len(edits) > MAX_FILES:
        return f"{len(edits)} files are changed; {MAX_FILES} are allowed"
    paths = [edit.path for edit in edits]
    twice = next((path for path in paths if paths.count(path) > 1), None) if len(paths) < 100 else None
    if twice is not None or len(set(paths)) < len(paths):
        return f"'{twice or paths[0]}' is changed twice"
    large = (each.path for each in edits if each.text is not None and len(each.text.encode()) > MAX_FILE_BYTES)
    problem = next((problem for problem in map(why_not_a_path, paths) if problem), "")
    return problem or next((f"'{path}' has more than {MAX_FILE_BYTES} bytes" for path in large), "")
