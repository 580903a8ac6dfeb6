"""Where a table's files lie.

`<root>/<table id>/` is the table: `_delta_log/` its log, `_staging/<key>/` the files of attempts that have not
committed, and below `<column>=<value>/...` the data. The folder is named after the id alone, so renaming a table
moves nothing and dropping one needs no search; the table's name stands in the log's metadata for whoever looks at
the files with another tool. Partition folders follow Hive's habit with percent-encoded values, which every engine
reads, although the log and not the path is what says which partition a file belongs to.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from taskhouse.domain.catalogue import PartitionValues
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.warehouse import CommitTag

LOG = "_delta_log"
STAGING = "_staging"
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
"""What Hive writes for a NULL; no partition of ours may have it as its value."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}\Z")
_NAME_BYTES = 255
"""Longest name of a folder that common file systems take."""


def table_folder(root: Path, table_id: str) -> Path:
    """The folder of a table. Raises `ValueError` for an id that could leave the root."""
    if not _ID.match(table_id):
        raise ValueError(f"table id '{table_id}' cannot name a folder")
    return root / table_id


def staging_folder(folder: Path, key: str) -> Path:
    """The staging folder of one attempt; any text may be a key."""
    name = quote(key, safe="")
    if len(name) > _NAME_BYTES or name.startswith("."):
        name = hashlib.sha256(key.encode()).hexdigest()
    return folder / STAGING / name


def partition_folder(columns: Sequence[str], values: PartitionValues) -> str:
    """The relative folder of a partition; `` for an unpartitioned table. `columns` are physical names.

    Raises `Fault` (InvalidArgument) for an empty value, for Hive's NULL marker, and for a value too long for a file system.
    """
    if len(columns) != len(values):
        raise Fault(
            FaultCode.INVALID_ARGUMENT,
            f"a partition of this table has {len(columns)} values, not {len(values)}: {list(values)}",
        )
    parts: list[str] = []
    for column, value in zip(columns, values, strict=True):
        if value in ("", NULL_PARTITION):
            raise Fault(FaultCode.INVALID_ARGUMENT, f"partition value {column}='{value}' is not allowed")
        name = f"{quote(column, safe='')}={quote(value, safe='')}"
        if len(name) > _NAME_BYTES:
            raise Fault(
                FaultCode.INVALID_ARGUMENT,
                f"the value of partition column {column} is too long: {len(name)} bytes when encoded, at most {_NAME_BYTES}",
            )
        parts.append(name)
    return "/".join(parts)


def committed_name(tag: CommitTag, source: str) -> str:
    """The name a file gets when it is committed: the same for the same commit and source, so that a commit that was cut
    short after moving files finds them again; and never that of another commit's file."""
    text = "\0".join((tag.instance_id, tag.task, str(tag.attempt), str(tag.step), source))
    return f"part-{hashlib.sha256(os.fsencode(text)).hexdigest()[:32]}.parquet"
