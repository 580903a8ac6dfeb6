"""The bound on the server's memory, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
import time
from pathlib import Path
from taskhouse.cli.memory import MemoryBound
from taskhouse.domain.limits import Limits
from taskhouse.engines.duckdb.database import Database
from taskhouse.engines.duckdb.faults import fault_of
import duckdb

bound = MemoryBound(3 << 30)
root = Path(sys.argv[1])
database = Database(root, root / "spill", Limits(memory_bytes=1 << 30, engine_threads=1))
for _ in range(3):
    try:
        with database.cursor("UTC") as cursor:
            cursor.connection.execute("SELECT count(*) FROM (SELECT len(range(i, i + 2000000)) n FROM range(2048) t(i)) WHERE n > 3")
    except duckdb.Error as error:
        print(fault_of(error, cancelled=False, closed=False).message)
    with database.cursor("UTC") as cursor:
        print(cursor.connection.execute("SELECT 42").fetchall())

# What the engine gave back can be taken by others, although the engine keeps the addresses.
while True:
    try:
        print(len(bytearray(1 << 30)))
        break
    except MemoryError:
        time.sleep(0.05)
bound.close()
"""


def test_a_statement_that_asks_for_more_than_there_is_fails_alone(tmp_path: Path) -> None:
    """One batch of rows here is 32 GB, which the engine's own limit does not count."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )
    refused = ["the statement needs more memory than the engine has", "[(42,)]"]
    assert done.stdout.splitlines() == [*refused, *refused, *refused, "1073741824"], done.stderr
