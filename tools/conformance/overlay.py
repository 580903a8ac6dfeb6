"""A folder in which the released client and the checkout's tests form one package, and an environment that can run it.

The tests use relative imports inside the `odps` package, and the wheel contains none, so they must be laid over the wheel's code.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LOCK = HERE / "requirements.lock"
OLDER_LOCK = HERE / "requirements-older.lock"
"""Libraries of the time when some of the tests were written."""
PACKAGES = ("odps", "odps_scripts")
REMOVED = ("odps/apis/storage_api_v2",)
"""Folders of the checkout that the released client no longer has."""


def environment(cache: Path, lock: Path = LOCK) -> Path:
    """The Python of an environment installed from a lock; made when absent or when the lock changed. Needs an index only then."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    folder = cache / f"venv-{digest}"
    python = folder / "bin" / "python"
    stamp = folder / "installed"
    if not stamp.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)], check=True
        )
        stamp.touch()
    return python


def lay(python: Path, checkout: Path, folder: Path) -> Path:
    """Copy the installed client and the checkout's tests into `folder`, replacing what is there."""
    if not (checkout / "odps" / "tests" / "core.py").is_file():
        raise SystemExit(f"{checkout} is not a source checkout of PyODPS: odps/tests/core.py is missing")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    where = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    site = Path(where.stdout.strip())
    plat = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('platlib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    for package in PACKAGES:
        source = site / package if (site / package).is_dir() else Path(plat.stdout.strip()) / package
        shutil.copytree(source, folder / package)
        for tests in (checkout / package).rglob("tests"):
            if tests.is_dir():
                shutil.copytree(tests, folder / tests.relative_to(checkout), dirs_exist_ok=True)
        for conftest in (checkout / package).rglob("conftest.py"):
            target = folder / conftest.relative_to(checkout)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(conftest, target)
    for removed in REMOVED:
        shutil.rmtree(folder / removed, ignore_errors=True)
    return folder


def configure(folder: Path, endpoint: str, access_id: str, secret: str) -> None:
    """Write the suite's configuration. No tunnel endpoint: the client shall ask the server for it."""
    (folder / "odps" / "tests" / "test.conf").write_text(
        f"""[odps]
access_id = {access_id}
secret_access_key = {secret}
project = pyodps_test
endpoint = {endpoint}
[odps_daily]
project = pyodps_test_daily
[odps_with_schema]
project = pyodps_test_schema
[odps_with_storage_tier]
project = pyodps_test_tier
[odps_with_tunnel_quota]
project = pyodps_test_quota
quota_name = test_quota
[odps_with_long_string]
project = pyodps_test_long
[odps_with_mcqa2]
project = pyodps_test_mcqa2
quota_name = test_mcqa_quota
[test]
logging_level = INFO
secondary_user = {SECONDARY_USER}
secondary_project = pyodps_test_second
default_tunnel_quota_name = default
py37_executable =
py310_executable =
"""
    )


TIME_ZONE = "Asia/Shanghai"
"""Of the suite's process and of its projects."""
SECONDARY_USER = "RAM$test:second"
LONG_STRINGS = "pyodps_test_long"
PROJECTS = {
    "pyodps_test": False,
    "pyodps_test_daily": False,
    "pyodps_test_schema": True,
    "pyodps_test_tier": False,
    "pyodps_test_quota": False,
    "pyodps_test_long": False,
    "pyodps_test_mcqa2": False,
    "pyodps_test_second": False,
}
"""Project -> whether it has schemas (three-tier names)."""
