"""Publishing definitions: `client.workspace`, with the files of a folder from `read_folder`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import msgspec

from taskhouse.client.api.transport import Transport
from taskhouse.domain.workspace_paths import ENDINGS, MAX_FILE_BYTES


class Finding(msgspec.Struct, frozen=True):
    """`line` and `column` from 1; `where` is the place in words. A warning keeps nothing from being published."""

    file: str
    line: int
    column: int
    where: str
    message: str
    hint: str = ""
    warning: bool = False

    def __str__(self) -> str:
        kind = "warning: " if self.warning else ""
        where = f"{self.where}: " if self.where else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {kind}{where}{self.message}{hint}"


class Validation(msgspec.Struct, frozen=True):
    valid: bool
    findings: list[Finding]


class Setting(msgspec.Struct, frozen=True):
    name: str
    before: str
    after: str


class FieldChange(msgspec.Struct, frozen=True):
    name: str
    change: str
    aspects: list[str]
    type_before: str
    type_after: str


class NodeChange(msgspec.Struct, frozen=True):
    id: str
    name: str
    change: str
    aspects: list[str]
    fields: list[str]
    table: str
    table_before: str


class TaskChange(msgspec.Struct, frozen=True):
    """`version` is what it will be published as, 0 for a removed one; `strategy` that of its materialization, 0 for none."""

    id: str
    change: str
    kind: str
    version: int
    strategy_before: int
    strategy_after: int
    key_changed: bool
    rebuilt_because: list[str]
    fields: list[FieldChange]
    nodes: list[NodeChange]
    dependencies_added: list[str]
    dependencies_removed: list[str]
    settings: list[Setting]


class Touched(msgspec.Struct, frozen=True):
    """A task that reads what changes, `level` steps away; `published` with the plan, too."""

    id: str
    level: int
    fields: list[str]
    published: bool


class ProjectChange(msgspec.Struct, frozen=True):
    name: str
    change: str
    settings: list[Setting]


class WorkspacePlan(msgspec.Struct, frozen=True):
    """What publishing would change. `digest` is presented to `apply`; empty when the definitions are not valid."""

    environment: str
    valid: bool
    empty: bool
    digest: str
    revision: int
    first_run_date: str
    findings: list[Finding]
    tenant: list[Setting]
    projects: list[ProjectChange]
    tasks: list[TaskChange]
    downstream: list[Touched]


class Publication(msgspec.Struct, frozen=True):
    environment: str
    revision: int
    published: list[str]
    retired: list[str]
    at: str
    generated: int = 0


class Workspaces:
    """`files` are texts by path inside the workspace folder, `environment` PROD or DEV. Raises `ApiError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def validate(self, files: Mapping[str, str]) -> Validation:
        return self._transport.ask("/workspace/validate", {"files": files}, Validation)

    def plan(self, files: Mapping[str, str], environment: str = "PROD") -> WorkspacePlan:
        """What publishing would change; changes nothing. Errors of definitions are its findings."""
        return self._transport.ask("/workspace/plan", {"files": files, "environment": environment}, WorkspacePlan)

    def apply(
        self,
        files: Mapping[str, str],
        environment: str = "PROD",
        *,
        digest: str,
        since: date | None = None,
        key: str | None = None,
    ) -> Publication:
        """Publish what the plan with this digest showed. `since`: a run date from which on new tasks have instances, those of days that
        have passed included."""
        body = {
            "files": files,
            "environment": environment,
            "digest": digest,
            "since": since.isoformat() if since else "",
        }
        return self._transport.post("/workspace/apply", body, Publication, key=key)


def read_folder(folder: Path) -> dict[str, str]:
    """The files of a workspace by path with `/`. Hidden folders and files, pipes and devices are left out, links are not followed. Raises `OSError`,
    `ValueError` naming a file that is no UTF-8 text or too large."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
    found: dict[str, str] = {}
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(path, name)
            if name.startswith(".") or file.suffix.lower() not in ENDINGS or file.is_symlink() or not file.is_file():
                continue
            if file.stat().st_size > MAX_FILE_BYTES:
                raise ValueError(f"{file} has more than {MAX_FILE_BYTES} bytes")
            try:
                text = file.read_bytes().decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise ValueError(f"{file} is not UTF-8 text: {error.reason} at byte {error.start}") from None
            found[file.relative_to(folder).as_posix()] = text
    return found
