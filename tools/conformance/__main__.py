"""`python -m tools.conformance --pyodps-src CHECKOUT`: run the suite, print one line a test, write the report.

Exits 0 when every test passed or is excepted, 1 otherwise. The last line reads `N passed, N failed, N excepted`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tools.conformance import overlay, report, server

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    options = _arguments()
    python = overlay.environment(options.cache)
    suite = report.Suite.load()
    files = tuple(options.files) or suite.files
    older = tuple(test for test in suite.older if test.split("::")[0] in files)
    with tempfile.TemporaryDirectory(prefix="taskhouse-conformance-") as temporary:
        work = Path(temporary)
        folder = overlay.lay(python, options.pyodps_src, work / "overlay")
        with server.running(work / "home", options.keep_log) as ready:
            overlay.configure(folder, ready.endpoint, ready.access_id, ready.secret)
            record = work / "record.jsonl"
            record.touch()
            _run(python, folder, files, record, options, without=older)
            if older:
                aged = overlay.environment(options.cache, overlay.OLDER_LOCK)
                folder = overlay.lay(aged, options.pyodps_src, work / "older")
                overlay.configure(folder, ready.endpoint, ready.access_id, ready.secret)
                _run(aged, folder, older, record, options)
        results = report.read(record, suite)
    for result in results:
        if result.verdict != "passed":
            print(f"{result.verdict:9} {result.test}  {result.reason}")
    missing = [f for f in files if not any(r.test.startswith(f.split("::")[0]) for r in results)]
    for name in missing:
        print(f"failed    {name}  no result: the suite did not reach it")
    counts = report.counts(results)
    if not options.files:
        report.write(ROOT / "docs" / "compatibility.md", results, datetime.now(UTC).date())
    failed = counts["failed"] + len(missing)
    print(f"{counts['passed']} passed, {failed} failed, {counts['excepted']} excepted")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools.conformance", description=__doc__)
    parser.add_argument("--pyodps-src", type=Path, required=True, help="a source checkout of PyODPS with its tests")
    parser.add_argument(
        "--cache", type=Path, default=ROOT / "build" / "conformance", help="where the environment is kept"
    )
    parser.add_argument("--timeout", type=int, default=300, help="seconds one test may take")
    parser.add_argument("--keep-log", type=Path, help="write the server's log here")
    parser.add_argument("--select", default="", help="pytest's -k expression")
    parser.add_argument("files", nargs="*", help="run only these files of the suite (then no report is written)")
    return parser.parse_args()


def _run(
    python: Path,
    folder: Path,
    files: tuple[str, ...],
    record: Path,
    options: argparse.Namespace,
    without: tuple[str, ...] = (),
) -> None:
    environment = {
        **os.environ,
        "TZ": overlay.TIME_ZONE,
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": str(Path(__file__).parent),
        "TASKHOUSE_RECORD": str(record),
        "TASKHOUSE_EXCEPTED": json.dumps([pattern for pattern, _ in report.Suite.load().exceptions]),
    }
    command = [str(python), "-m", "pytest", "-q", "-p", "recorder", "-p", "no:cacheprovider", "--tb=short"]
    command += ["--timeout", str(options.timeout), *(["-k", options.select] if options.select else []), *files]
    command += [f"--deselect={test}" for test in without]
    subprocess.run(command, cwd=folder, env=environment, check=False)


if __name__ == "__main__":
    sys.exit(main())
