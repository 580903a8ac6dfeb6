"""The folder in which a workspace's files are kept, where the server has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WorkspaceFile:
    """`path` inside the folder, with `/`. `etag` is of its bytes. `text` as it stands there, without a byte order mark; `has_mark`:
    whether it begins with one."""

    path: str
    text: str = field(repr=False)
    etag: str
    size: int
    has_mark: bool = False

    @property
    def newline(self) -> str:
        """How its lines end."""
        lines = self.text.count("\n")
        return "\r\n" if lines and self.text.count("\r\n") == lines else "\n"


@dataclass(frozen=True, slots=True)
class FileChange:
    """`text` None removes the file. `etag` of what is there before, empty for a file that is new."""

    path: str
    text: str | None = field(repr=False)
    etag: str = ""
    has_mark: bool = False


class FolderError(Exception):
    """The folder, or a file in it, cannot be read or written; the message is for people."""


class FilesChangedError(Exception):
    """Files are not as they were when somebody read them."""

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__("changed in the folder meanwhile: " + ", ".join(paths))
        self.paths = tuple(paths)


class WorkspaceFolder(Protocol):
    """Hidden files and folders, links, and files that are neither definitions nor code are not part of it."""

    @property
    def name(self) -> str:
        """Where it is, for people."""
        ...

    def is_there(self) -> bool: ...

    def files(self) -> Mapping[str, WorkspaceFile]:
        """By path. Raises `FolderError`."""
        ...

    def why_not_writable(self, path: str) -> str:
        """Why this server may not write the file (an empty path: any new one), in words; empty when it may."""
        ...

    def saving(self, changes: Sequence[FileChange]) -> AbstractContextManager[Callable[[], None]]:
        """Prepare changes, under a lock that other servers on this folder respect. Calling what it gives puts all of them in
        place; leaving by an exception takes them back. A process that dies in between leaves all of them or none to the next call.
        Raises `FilesChangedError`, `FolderError`."""
        ...
