"""A workspace folder on a disk: what is read, what is refused, and that several files change together or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taskhouse.domain.workspace_paths import MAX_FILE_BYTES, why_not_a_path
from taskhouse.ports.workspace_folder import FileChange, FilesChangedError, FolderError
from taskhouse.store import workspace_folder
from taskhouse.store.workspace_folder import SAVING, DiskWorkspaceFolder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    (folder / "sales").mkdir(parents=True)
    (folder / "a.yaml").write_text("a: 1\n")
    (folder / "sales" / "b.YML").write_text("b: 1\n")
    (folder / "sales" / "c.sql").write_text("SELECT 1")
    return folder


@pytest.fixture
def folder(root: Path) -> DiskWorkspaceFolder:
    return DiskWorkspaceFolder(root)


def etag(folder: DiskWorkspaceFolder, path: str) -> str:
    return folder.files()[path].etag


def texts(folder: DiskWorkspaceFolder) -> dict[str, str]:
    return {path: file.text for path, file in folder.files().items()}


def nothing() -> None: ...


def save(
    folder: DiskWorkspaceFolder,
    *changes: FileChange,
    before: Callable[[], None] = nothing,
    after: Callable[[], None] = nothing,
) -> None:
    """`before` and `after` happen around the moment in which the files change."""
    with folder.saving(changes) as put:
        before()
        put()
        after()


def test_definitions_and_code_are_read_and_nothing_else(root: Path, folder: DiskWorkspaceFolder) -> None:
    (root / "notes.txt").write_text("x")
    (root / ".hidden.yaml").write_text("x")
    (root / ".git").mkdir()
    (root / ".git" / "x.yaml").write_text("x")
    outside = root.parent / "outside.yaml"
    outside.write_text("secret")
    (root / "link.yaml").symlink_to(outside)
    (root / "away").symlink_to(root.parent)
    os.mkfifo(root / "pipe.yaml")
    assert texts(folder) == {"a.yaml": "a: 1\n", "sales/b.YML": "b: 1\n", "sales/c.sql": "SELECT 1"}


@pytest.mark.parametrize(
    "path",
    [
        "../a.yaml",
        "sales/../../a.yaml",
        "/etc/a.yaml",
        "a//b.yaml",
        "./a.yaml",
        "sales\\a.yaml",
        "a\0.yaml",
        "a\n.yaml",
        ".git/a.yaml",
        "sales/.a.yaml",
        "a.txt",
        "a",
        "",
        "a/" * 300 + "a.yaml",
        "x" * 300 + ".yaml",
        "\ud800.yaml",
        "taskhouse-saving/..",
        f"{SAVING}/a.yaml",
    ],
)
def test_what_is_no_path_of_a_workspace_is_not_written(folder: DiskWorkspaceFolder, path: str) -> None:
    assert why_not_a_path(path)
    with pytest.raises(FolderError):
        save(folder, FileChange(path, "x"))


def test_no_link_leads_out(root: Path, folder: DiskWorkspaceFolder) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "x.yaml").write_text("theirs")
    (root / "away").symlink_to(outside)
    (root / "link.yaml").symlink_to(outside / "x.yaml")
    for path in ("away/x.yaml", "away/new.yaml", "link.yaml"):
        with pytest.raises((FolderError, FilesChangedError)):
            save(folder, FileChange(path, "mine"))
    assert [each.name for each in outside.iterdir()] == ["x.yaml"] and (outside / "x.yaml").read_text() == "theirs"


def test_a_folder_that_becomes_a_link_meanwhile_is_not_followed(root: Path, folder: DiskWorkspaceFolder) -> None:
    outside = root.parent / "outside"
    outside.mkdir()

    def exchange() -> None:
        (root / "sales").rename(root / "moved")
        (root / "sales").symlink_to(outside)

    with pytest.raises(FolderError):
        save(folder, FileChange("sales/b.YML", "mine", etag(folder, "sales/b.YML")), before=exchange)
    assert list(outside.iterdir()) == []
    assert (root / "moved" / "b.YML").read_text() == "b: 1\n"


def test_files_change_appear_and_go_together(root: Path, folder: DiskWorkspaceFolder) -> None:
    os.chmod(root / "a.yaml", 0o640)
    save(
        folder,
        FileChange("a.yaml", "a: 2\n", etag(folder, "a.yaml")),
        FileChange("new/deep/d.yaml", "d: 1\n"),
        FileChange("sales/c.sql", None, etag(folder, "sales/c.sql")),
    )
    assert texts(folder) == {"a.yaml": "a: 2\n", "new/deep/d.yaml": "d: 1\n", "sales/b.YML": "b: 1\n"}
    assert (root / "a.yaml").stat().st_mode & 0o777 == 0o640
    assert not (root / SAVING).exists()


def test_a_file_that_changed_meanwhile_is_not_overwritten(root: Path, folder: DiskWorkspaceFolder) -> None:
    read = etag(folder, "a.yaml")
    (root / "a.yaml").write_text("theirs")
    with pytest.raises(FilesChangedError) as refused:
        save(folder, FileChange("a.yaml", "mine", read), FileChange("new.yaml", "x"))
    assert refused.value.paths == ("a.yaml",) and not (root / "new.yaml").exists()
    with pytest.raises(FilesChangedError):
        save(folder, FileChange("sales/b.YML", "a new file, it seemed"))
    assert (root / "a.yaml").read_text() == "theirs"


def test_what_fails_after_the_files_changed_puts_them_back(root: Path, folder: DiskWorkspaceFolder) -> None:
    before = texts(folder)
    changes = [
        FileChange("a.yaml", "a: 2\n", etag(folder, "a.yaml")),
        FileChange("new.yaml", "x"),
        FileChange("sales/c.sql", None, etag(folder, "sales/c.sql")),
    ]

    def fail() -> None:
        assert (root / "a.yaml").read_text() == "a: 2\n" and not (root / "sales" / "c.sql").exists()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        save(folder, *changes, after=fail)
    assert texts(folder) == before and not (root / SAVING).exists()


DIES = """
import os, sys
from pathlib import Path
from taskhouse.ports.workspace_folder import FileChange
from taskhouse.store import workspace_folder as w
folder = w.DiskWorkspaceFolder(Path(sys.argv[1]))
moves, renames, left = os.rename, [], int(sys.argv[2])
def rename(*given, **named):
    if len(renames) == left:
        os._exit(9)
    renames.append(given)
    moves(*given, **named)
os.rename = rename
files = folder.files()
changes = [FileChange("a.yaml", "a: 2", files["a.yaml"].etag), FileChange("n/new.yaml", "n: 2"), FileChange("sales/b.YML", "b: 2", files["sales/b.YML"].etag)]
with folder.saving(changes) as put:
    put()
    os._exit(8)
"""


@pytest.mark.parametrize("renames", range(5))
def test_a_process_that_dies_leaves_all_changes_or_none(root: Path, folder: DiskWorkspaceFolder, renames: int) -> None:
    """The first rename makes the list of changes complete; each of the others moves one file."""
    before = texts(folder)
    died = subprocess.run([sys.executable, "-c", DIES, str(root), str(renames)], timeout=60)
    assert died.returncode in (8, 9) and (root / SAVING).exists()
    after = {"a.yaml": "a: 2", "n/new.yaml": "n: 2", "sales/b.YML": "b: 2", "sales/c.sql": "SELECT 1"}
    assert texts(folder) == (before if renames == 0 else after)
    assert not (root / SAVING).exists()
    save(folder, FileChange("a.yaml", "a: 3", etag(folder, "a.yaml")))


def test_what_was_changed_since_a_process_died_is_kept(root: Path, folder: DiskWorkspaceFolder) -> None:
    subprocess.run([sys.executable, "-c", DIES, str(root), "1"], timeout=60)
    (root / "a.yaml").write_text("theirs")
    assert texts(folder)["a.yaml"] == "theirs" and texts(folder)["sales/b.YML"] == "b: 2"


def test_two_savers_take_turns(root: Path, folder: DiskWorkspaceFolder) -> None:
    read = etag(folder, "a.yaml")
    began, ends, outcome = threading.Event(), threading.Event(), []

    def other() -> None:
        began.set()
        try:
            save(DiskWorkspaceFolder(root), FileChange("a.yaml", "second", read))
            outcome.append("saved")
        except FilesChangedError:
            outcome.append("refused")
        ends.set()

    with folder.saving([FileChange("a.yaml", "first", read)]) as put:
        thread = threading.Thread(target=other)
        thread.start()
        began.wait()
        put()
        assert not ends.is_set()
    thread.join(20)
    assert outcome == ["refused"] and (root / "a.yaml").read_text() == "first"


def test_what_is_no_text_or_too_large_is_named(root: Path, folder: DiskWorkspaceFolder) -> None:
    (root / "bad.yaml").write_bytes(b"a: \xff")
    with pytest.raises(FolderError, match=r"bad\.yaml is not UTF-8 text: .* at byte 3"):
        folder.files()
    (root / "bad.yaml").write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    with pytest.raises(FolderError, match="more than 4000000 bytes"):
        folder.files()
    (root / "bad.yaml").unlink()
    with pytest.raises(FolderError, match="more than"):
        save(folder, FileChange("a.yaml", "x" * (MAX_FILE_BYTES + 1), etag(folder, "a.yaml")))
    (root / "a\\b.yaml").write_text("x")
    with pytest.raises(FolderError, match="no path"):
        folder.files()


def test_too_many_files_are_refused(root: Path, folder: DiskWorkspaceFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_folder, "MAX_FILES", 2)
    with pytest.raises(FolderError, match="more than 2 files"):
        folder.files()


@pytest.fixture
def somebody() -> Iterator[Path]:
    """A folder that everybody may read, of another user than this process is for the time of the test."""
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o755)
        Path(path, "a.yaml").write_text("a: 1\n")
        os.chmod(Path(path, "a.yaml"), 0o644)
        os.seteuid(65534)
        try:
            yield Path(path)
        finally:
            os.seteuid(0)


def test_a_folder_that_may_only_be_read_says_so(somebody: Path) -> None:
    folder = DiskWorkspaceFolder(somebody)
    assert folder.files()["a.yaml"].text == "a: 1\n"
    assert folder.why_not_writable("a.yaml") == folder.why_not_writable("") == "the server may not write this folder"
    with pytest.raises(FolderError, match="cannot be written: Permission denied"):
        save(folder, FileChange("a.yaml", "x", folder.files()["a.yaml"].etag))


def test_what_may_be_written_has_no_reason_against_it(folder: DiskWorkspaceFolder) -> None:
    assert folder.why_not_writable("sales/b.YML") == folder.why_not_writable("") == ""
