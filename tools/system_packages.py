"""Names the Debian packages that are missing, and with `--install` installs them (as root).

Two kinds: without the first nothing can be set up; without the second the browser tests are skipped.
Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys


def missing_for_setup() -> list[str]:
    wanted = [] if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv") else ["python3.11-venv"]
    return wanted if sys.version_info >= (3, 11) else ["python3.11", *wanted]


def missing_for_browser() -> list[str]:
    return [] if shutil.which("chromium") else ["chromium"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--setup", action="store_true", help="only what set-up needs; fail when it is missing")
    parser.add_argument("--install", action="store_true", help="install what is missing with apt-get")
    options = parser.parse_args()
    needed, browser = missing_for_setup(), [] if options.setup else missing_for_browser()
    if options.install and (needed or browser):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False, env=environment)
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *needed, *browser]
        subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL)
        needed, browser = missing_for_setup(), missing_for_browser()
    if browser:
        print(f"note: the browser tests are skipped; for them: apt-get install {' '.join(browser)}", file=sys.stderr)
    if needed:
        print(f"missing Debian packages: apt-get install {' '.join(needed)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
