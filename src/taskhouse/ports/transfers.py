"""What integration tasks need of files and databases outside the warehouse: rows in, rows out, as Arrow batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import pyarrow as pa

from taskhouse.domain.definition.tasks import TransferEnd, WriteMode
from taskhouse.ports.engine import RunControl

BeforeVisible = Callable[[int], None]
"""Called once with the number of rows, when all is written and nothing is visible yet; what it raises undoes the write."""


class Source(Protocol):
    """Rows outside. `names` are its columns; None when every row has its own (JSON lines: an absent key is NULL)."""

    @property
    def names(self) -> Sequence[str] | None: ...

    def batches(self, wanted: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The columns `wanted` (of `names`, in this order), once. Raises `Fault` for rows that cannot be read."""
        ...


class Transfers(Protocol):
    """Raises `Fault`: InvalidArgument for an end that cannot be (a path outside the folder of files, an unknown format or connection),
    NotSupported when the library for a database is not installed, Runtime for what files and databases refuse."""

    def read(self, end: TransferEnd, project: str, control: RunControl) -> AbstractContextManager[Source]:
        """Open a file or a database for reading, on behalf of a task of `project`."""
        ...

    def takes_text(self, end: TransferEnd) -> bool:
        """Whether the end holds texts only (CSV, JSON lines), so that times and nested values are to be written out."""
        ...

    def write(
        self,
        end: TransferEnd,
        project: str,
        mode: WriteMode,
        schema: pa.Schema,
        batches: Iterable[pa.RecordBatch],
        key: str,
        control: RunControl,
        before_visible: BeforeVisible,
    ) -> int:
        """Write all or nothing; the number of rows. A file appears under its name when it is complete (APPEND: not for files), a
        database's table changes in one transaction. `key` is unique to the attempt."""
        ...
