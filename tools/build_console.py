"""Builds the console into the package when its sources have changed, and checks it: `make setup`, `make test`.

Needs Node, only here: what is built is part of the package. Without Node it says so, and the server says that the console was not built.
Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONSOLE = ROOT / "console"
STATIC = ROOT / "src" / "taskhouse" / "protocols" / "console" / "static"
OLDEST_NODE = (20, 19)
_LOCK = "package-lock.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="style, types and tests of the console, too")
    options = parser.parse_args()
    node = node_version()
    if node is None or node < OLDEST_NODE:
        found = "no Node" if node is None else f"Node {'.'.join(map(str, node))}"
        wanted = ".".join(map(str, OLDEST_NODE))
        if is_built() and not options.check:
            return 0
        print(f"note: {found} here; the console is built and checked with Node {wanted} or newer", file=sys.stderr)
        return 0
    install()
    if options.check:
        run("npx", "biome", "check", "--error-on-warnings", ".")
        run("npx", "tsc", "--noEmit")
        run("npx", "vitest", "run", "--reporter=dot")
    if not is_built():
        build()
    return 0


def node_version() -> tuple[int, int] | None:
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.(\d+)", said)
    return None if match is None else (int(match[1]), int(match[2]))


def install() -> None:
    """The packages of the lock, when they are not those that are there."""
    stamp = CONSOLE / "node_modules" / ".lock-digest"
    digest = digest_of([CONSOLE / _LOCK, CONSOLE / "package.json"])
    if stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return
    run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
    stamp.write_text(digest, encoding="utf-8")


def build() -> None:
    digest = digest_of(sources())  # of before: what changes meanwhile is built next time
    run("npx", "vite", "build", "--logLevel=warn")
    (STATIC / "sources.txt").write_text(digest + "\n", encoding="utf-8")


def is_built() -> bool:
    """Whether what is there was built from the sources as they are."""
    stamp = STATIC / "sources.txt"
    return stamp.exists() and stamp.read_text(encoding="utf-8").strip() == digest_of(sources())


def sources() -> list[Path]:
    """Files that what is built depends on."""
    found = [CONSOLE / name for name in (_LOCK, "package.json", "index.html", "vite.config.ts", "tsconfig.json")]
    for folder in (CONSOLE / "src", CONSOLE / "public"):
        found += [path for path in folder.rglob("*") if path.is_file() and ".test." not in path.name]
    return sorted(found)


def digest_of(paths: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(f"{path.relative_to(ROOT).as_posix()}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=CONSOLE, check=False)
    if done.returncode:
        print(f"{' '.join(command)} (in {CONSOLE.name}/) failed", file=sys.stderr)
        sys.exit(done.returncode)


if __name__ == "__main__":
    sys.exit(main())
