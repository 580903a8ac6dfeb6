"""A workspace folder on a disk.

Nothing outside the folder is ever opened: each part of a path is opened inside the one before it without following links, so that no name,
and nobody who exchanges a folder for a link meanwhile, leads elsewhere.

Changes of several files are one: the new files are written beside the workspace in a hidden folder and reach the disk, then a list of
them; from then on they are renamed to their places, by this process or, if it dies, by the next one that asks.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from taskhouse.domain.workspace_paths import ENDINGS, MAX_FILE_BYTES, MAX_FILES, why_not_a_path
from taskhouse.ports.workspace_folder import FileChange, FilesChangedError, FolderError, WorkspaceFile

_log = structlog.get_logger(__name__)

SAVING = ".taskhouse-saving"
_LIST = "changes.json"
_MARK = b"\xef\xbb\xbf"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_LEAVES = {errno.ELOOP, errno.ENOTDIR, errno.ENOENT}


class DiskWorkspaceFolder:
    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        return str(self._path)

    def is_there(self) -> bool:
        return self._path.is_dir()

    def files(self) -> Mapping[str, WorkspaceFile]:
        with self._opened() as root:
            if _is_there(root, SAVING):
                with contextlib.suppress(OSError, FolderError), _locked(root):  # it waits for whoever saves just now
                    _finish(root)
            found = {}
            for folder, names, files, at in os.fwalk(".", dir_fd=root, follow_symlinks=False, onerror=self._refuse):
                names[:] = sorted(name for name in names if not name.startswith("."))
                for name in sorted(files):
                    path = os.path.normpath(os.path.join(folder, name))
                    if name.startswith(".") or not path.lower().endswith(ENDINGS):
                        continue
                    file = self._read(at, name, path)
                    if file is None:
                        continue
                    if problem := why_not_a_path(path):
                        raise FolderError(problem)
                    found[path] = file
                    if len(found) > MAX_FILES:
                        raise FolderError(f"the folder has more than {MAX_FILES} files")
            return found

    def why_not_writable(self, path: str) -> str:
        try:
            with self._opened() as root, _parent(root, path or "x", make=False) as (folder, name):
                if not os.access(".", os.W_OK | os.X_OK, dir_fd=folder, effective_ids=True):
                    return "the server may not write this folder"
                if path and not os.access(name, os.W_OK, dir_fd=folder, effective_ids=True):
                    return "the server may not write this file"
                if os.statvfs(folder).f_flag & os.ST_RDONLY:
                    return "the disk of this folder can only be read"
        except (OSError, FolderError) as error:
            return str(error)
        return ""

    @contextlib.contextmanager
    def saving(self, changes: Sequence[FileChange]) -> Iterator[Callable[[], None]]:
        for change in changes:
            self._check(change)
        with self._opened() as root, _locked(root):
            try:
                _finish(root)
                _check_unchanged(root, changes)
                save = _Saving(root, changes)
            except OSError as error:
                raise self._failed(error) from None
            try:
                yield lambda: self._put(save)
            except BaseException:
                save.undo()
                raise
            finally:
                save.end()

    def _put(self, save: _Saving) -> None:
        try:
            save.put()
        except OSError as error:
            raise self._failed(error) from None

    def _check(self, change: FileChange) -> None:
        problem = why_not_a_path(change.path)
        if problem:
            raise FolderError(problem)
        if change.text is not None and len(change.text.encode()) > MAX_FILE_BYTES:
            raise FolderError(f"'{change.path}' has more than {MAX_FILE_BYTES} bytes")

    def _failed(self, error: OSError) -> FolderError:
        return FolderError(f"{self._path} cannot be written: {error.strerror}")

    def _refuse(self, error: OSError) -> None:
        raise FolderError(f"{error.filename} cannot be read: {error.strerror}")

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            root = os.open(self._path, _FOLDER)
        except OSError as error:
            raise FolderError(f"{self._path} cannot be read: {error.strerror}") from None
        try:
            yield root
        finally:
            os.close(root)

    def _read(self, folder: int, name: str, path: str) -> WorkspaceFile | None:
        """None for what is no file: a link, a pipe, or gone."""
        try:
            data = _bytes(folder, name)
        except OSError as error:
            raise FolderError(f"{path} cannot be read: {error.strerror}") from None
        if data is None:
            return None
        if len(data) > MAX_FILE_BYTES:
            raise FolderError(f"{path} has more than {MAX_FILE_BYTES} bytes")
        has_mark = data.startswith(_MARK)
        try:
            text = data.removeprefix(_MARK).decode()
        except UnicodeDecodeError as error:
            raise FolderError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
        return WorkspaceFile(path, text, _etag(data), len(data), has_mark)


class _Saving:
    """The hidden folder with the new files `0.new`, `1.new`, ... and what they replace, `0.old`, ..."""

    def __init__(self, root: int, changes: Sequence[FileChange]) -> None:
        self._root = root
        self._changes = changes
        self._moved: list[int] = []
        os.mkdir(SAVING, 0o700, dir_fd=root)
        self._folder = os.open(SAVING, _FOLDER | os.O_NOFOLLOW, dir_fd=root)
        try:
            for number, change in enumerate(changes):
                self._stage(number, change)
            os.fsync(self._folder)
        except BaseException:
            self.end()
            raise

    def _stage(self, number: int, change: FileChange) -> None:
        mode = None
        if change.etag:
            with _parent(self._root, change.path, make=False) as (folder, name):
                mode = stat.S_IMODE(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
                before = _bytes(folder, name) or b""
            _write(self._folder, f"{number}.old", before, mode)
        if change.text is not None:
            data = (_MARK if change.has_mark else b"") + change.text.encode()
            _write(self._folder, f"{number}.new", data, mode)

    def put(self) -> None:
        listed = [{"path": each.path, "etag": each.etag, "removed": each.text is None} for each in self._changes]
        _write(self._folder, _LIST + ".new", json.dumps(listed).encode())
        os.rename(_LIST + ".new", _LIST, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        os.fsync(self._folder)
        os.fsync(self._root)
        for number, change in enumerate(self._changes):
            self._moved.append(number)
            _move(self._root, self._folder, number, change.path, is_removed=change.text is None)

    def undo(self) -> None:
        """What was put in place leaves it again."""
        for number in reversed(self._moved):
            change = self._changes[number]
            try:
                with _parent(self._root, change.path, make=False) as (folder, name):
                    if change.etag:
                        os.rename(f"{number}.old", name, src_dir_fd=self._folder, dst_dir_fd=folder)
                    else:
                        os.unlink(name, dir_fd=folder)
                    os.fsync(folder)
            except (OSError, FolderError) as error:
                _log.error("a workspace file could not be put back", path=change.path, error=str(error))

    def end(self) -> None:
        _remove_saving(self._root)
        os.close(self._folder)


def _finish(root: int) -> None:
    """Ends what a process that died had begun: all of its changes if their list was complete, none otherwise. A file that somebody
    changed since stays as it is."""
    try:
        folder = os.open(SAVING, _FOLDER | os.O_NOFOLLOW, dir_fd=root)
    except FileNotFoundError:
        return
    try:
        listed: list[dict[str, Any]] = json.loads(_bytes(folder, _LIST) or b"[]")
        for number, each in enumerate(listed):
            is_staged = each["removed"] or _is_there(folder, f"{number}.new")
            if is_staged and not why_not_a_path(each["path"]) and _etag_at(root, each["path"]) == each["etag"]:
                _move(root, folder, number, each["path"], is_removed=each["removed"])
                _log.warning("a change of a workspace file was completed", path=each["path"])
    finally:
        os.close(folder)
        _remove_saving(root)


def _move(root: int, staged: int, number: int, path: str, *, is_removed: bool) -> None:
    with _parent(root, path, make=True) as (folder, name):
        if is_removed:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
        else:
            os.rename(f"{number}.new", name, src_dir_fd=staged, dst_dir_fd=folder)
        os.fsync(folder)


def _remove_saving(root: int) -> None:
    """The list first: without it the rest means nothing."""
    with contextlib.suppress(FileNotFoundError):
        folder = os.open(SAVING, _FOLDER | os.O_NOFOLLOW, dir_fd=root)
        try:
            for name in sorted(os.listdir(folder), key=lambda name: name != _LIST):
                os.unlink(name, dir_fd=folder)
        finally:
            os.close(folder)
        os.rmdir(SAVING, dir_fd=root)


def _check_unchanged(root: int, changes: Sequence[FileChange]) -> None:
    changed = [each.path for each in changes if _etag_at(root, each.path) != each.etag]
    if changed:
        raise FilesChangedError(changed)


def _etag_at(root: int, path: str) -> str:
    """Of the file there is, empty when there is none."""
    try:
        with _parent(root, path, make=False) as (folder, name):
            data = _bytes(folder, name)
            if data is None and _is_there(folder, name):
                raise FolderError(f"'{path}' is a link, or no file")
    except FileNotFoundError:
        return ""
    return "" if data is None else _etag(data)


def _etag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def _bytes(folder: int, name: str) -> bytes | None:
    """One byte more than is allowed at most."""
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        if error.errno in _LEAVES or error.errno == errno.ENXIO:
            return None
        raise
    with open(file, "rb") as opened:
        return opened.read(MAX_FILE_BYTES + 1) if stat.S_ISREG(os.fstat(file).st_mode) else None


def _write(folder: int, name: str, data: bytes, mode: int | None = None) -> None:
    """`mode` as it is; without one as for any new file of this process."""
    file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666, dir_fd=folder)
    with open(file, "wb") as opened:
        if mode is not None:
            os.fchmod(file, mode)
        opened.write(data)
        opened.flush()
        os.fsync(file)


@contextlib.contextmanager
def _parent(root: int, path: str, *, make: bool) -> Iterator[tuple[int, str]]:
    """The folder of a file, opened, and the file's name in it. Raises `FolderError` for a way that leads over a link."""
    *folders, name = path.split("/")
    at = os.dup(root)
    try:
        for part in folders:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, dir_fd=at)
                    os.fsync(at)
            try:
                below = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=at)
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENOTDIR):
                    raise FolderError(f"'{path}' does not lie in the folder") from None
                raise
            os.close(at)
            at = below
        yield at, name
    finally:
        os.close(at)


def _is_there(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


@contextlib.contextmanager
def _locked(root: int) -> Iterator[None]:
    """The folder itself is the lock; it ends with its descriptor, whatever becomes of the process."""
    lock = os.open(".", _FOLDER, dir_fd=root)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
