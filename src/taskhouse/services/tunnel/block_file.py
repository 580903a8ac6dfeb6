"""One uploaded block as a Parquet file in the stored form.

Rows are gathered into row groups of the size that the engine writes too, so that tables filled by uploads read like tables filled
by queries. The file is on disk when `close` returns.
"""

from __future__ import annotations

import contextlib
import os

import pyarrow as pa
import pyarrow.parquet as pq

_ROW_GROUP_ROWS = 122_880
_ROW_GROUP_BYTES = 64 * 1024 * 1024


class BlockFile:
    """Writes `path`. Use as a context manager: leaving it by an exception deletes the file."""

    def __init__(self, path: str, schema: pa.Schema) -> None:
        self.path = path
        self.rows = 0
        self._schema = schema
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._waiting_bytes = 0
        self._file = open(path, "xb")  # noqa: SIM115 - closed by `__exit__`
        self._writer = pq.ParquetWriter(
            self._file, schema, compression="zstd", compression_level=1, store_schema=False, write_statistics=True
        )

    def write(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        self._waiting_bytes += batch.nbytes
        if self._waiting_rows >= _ROW_GROUP_ROWS or self._waiting_bytes >= _ROW_GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting, self._schema)
            self._writer.write_table(table, row_group_size=_ROW_GROUP_ROWS)
            self.rows += table.num_rows
            self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0

    def close(self) -> int:
        """Finish the file and flush it to disk; its size in bytes."""
        self._flush()
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        size = self._file.tell()
        self._file.close()
        return size

    def __enter__(self) -> BlockFile:
        return self

    def __exit__(self, kind: object, _error: object, _traceback: object) -> None:
        if not self._file.closed:
            with contextlib.suppress(Exception):
                self._writer.close()
            self._file.close()
        if kind is not None:
            with contextlib.suppress(OSError):
                os.unlink(self.path)
