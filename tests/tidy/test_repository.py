"""The repository's own habits: short modules, the field's words, no addresses of package indexes, a pure domain."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src" / "taskhouse").rglob("*.py"))
MAX_LINES = 650
"""Aim at 400; a table of statement values may be longer, nothing may be longer than this."""

VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
INDEX_HOSTS = re.compile(r"(pypi|pythonhosted|npmjs|conda|docker|ghcr|crates)\.(org|io|com)", re.IGNORECASE)


def _tracked() -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file():
            yield path


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_module_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_module_has_a_telling_name_and_says_what_it_is_for(path: Path) -> None:
    assert path.stem not in VAGUE_NAMES and path.parent.name not in VAGUE_NAMES
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if tree.body:
        assert ast.get_docstring(tree), "the module does not open with what it is for"


def test_no_file_names_a_package_index() -> None:
    this = Path(__file__).resolve()
    found = []
    for path in _tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path.resolve() != this and INDEX_HOSTS.search(text):
            found.append(str(path.relative_to(ROOT)))
    assert found == []


@pytest.mark.parametrize("path", sorted((ROOT / "src/taskhouse/domain").rglob("*.py")), ids=lambda p: p.stem)
def test_domain_imports_only_the_standard_library(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            top = name.split(".")[0]
            assert top in sys.stdlib_module_names or name.startswith("taskhouse.domain"), name


@pytest.mark.parametrize("module", ["odps", "pandas", "sklearn", "pyspark"])
def test_heavy_client_libraries_are_not_imported_when_a_server_starts(module: str) -> None:
    code = f"import sys, taskhouse.cli, taskhouse.wiring.server; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--help"], ["sqlalchemy", "structlog", "rich"]),
        (["user", "list", "--home"], ["alembic", "structlog"]),
    ],
    ids=["help", "user list"],
)
def test_small_commands_import_little(arguments: list[str], absent: list[str], tmp_path: Path) -> None:
    absent = [*absent, "pyarrow", "duckdb", "deltalake", "sqlglot", "jinja2", "uvicorn"]
    given = [*arguments, str(tmp_path)] if "--home" in arguments else arguments
    code = "import sys; from taskhouse.cli import main; main(sys.argv[2:], standalone_mode=False); sys.exit(','.join({*sys.argv[1].split(',')} & sys.modules.keys()) or 0)"
    if "--home" in arguments:
        run([sys.executable, "-m", "taskhouse", "user", "create", "root", "--home", str(tmp_path)])
    run([sys.executable, "-c", code, ",".join(absent), *given])


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


DISTRIBUTIONS = {
    "argon2": "argon2-cffi",
    "odps": "pyodps",
    "sklearn": "scikit-learn",
    "google_crc32c": "google-crc32c",
    "prometheus_client": "prometheus-client",
    "yaml": "pyyaml",
    "adbc_driver_manager": "adbc-driver-manager",
    "adbc_driver_postgresql": "adbc-driver-postgresql",
    "adbc_driver_sqlite": "adbc-driver-sqlite",
}
"""Import name -> name in pyproject.toml, where they differ."""


def test_every_import_is_declared_and_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = project["optional-dependencies"]
    extras = [name for group in ("client", "demo", "transfer", "dev") for name in groups[group]]
    declared = {re.split(r"[^\w-]", name)[0] for name in project["dependencies"] + extras}
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE))
    missing = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in {n.split(".")[0] for n in names} - sys.stdlib_module_names - {"taskhouse"}:
                distribution = DISTRIBUTIONS.get(name, name)
                if distribution not in declared or distribution not in locked:
                    missing.add(f"{distribution} ({path.relative_to(ROOT)})")
    assert missing == set()


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = []
    for path in _tracked():
        if path.suffix != ".md":
            continue
        targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
        broken += [
            f"{path.relative_to(ROOT)} -> {target}"
            for target in targets
            if "://" not in target and not (path.parent / target).exists()
        ]
    assert broken == []


def test_generated_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.generate_docs", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
