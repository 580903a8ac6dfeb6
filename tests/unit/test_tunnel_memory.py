"""Moving ordinary rows imports no pandas: it would cost the first transfer a second, and every server its memory."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import io, sys
import numpy as np
import pyarrow as pa
from taskhouse.domain.datatypes import parse_type
from taskhouse.protocols.odps.tunnel import arrow_forms, arrow_memory as memory, arrow_stream
from taskhouse.protocols.odps.tunnel.record_reader import RecordDecoder
from taskhouse.protocols.odps.tunnel.record_writer import encode_records
from taskhouse.services.tunnel.block_file import BlockFile
from taskhouse.services.tunnel.download import WireColumn, file_rows

half = np.array([True, False, True])
numbers = np.arange(3)
columns = {
    "bigint": memory.array_of(numbers, pa.int64(), half),
    "double": memory.array_of(numbers.astype("f8"), pa.float64()),
    "boolean": memory.boolean_array(half),
    "string": memory.text_array(["a", "", "c"]),
    "datetime": memory.array_of(numbers * 1000, pa.timestamp("us", "UTC")),
    "timestamp": memory.array_of(numbers, pa.int64()),
    "interval_day_time": memory.array_of(numbers, pa.int64(), half),
    "decimal": memory.array_of(numbers, pa.int64()).cast(pa.decimal128(38, 18)),
}
types = [parse_type(text) for text in columns]
names = [f"c{n}" for n in range(len(types))]
batch = pa.record_batch(list(columns.values()), names=names)
data = b"".join(encode_records([batch], types))
decoder = RecordDecoder(list(zip(names, types)), field_bytes=1000, record_bytes=1000)
assert list(decoder.read(io.BytesIO(data))) == [batch]
wire = [arrow_forms.to_wire(array, type_) for array, type_ in zip(batch.columns, types)]
assert [arrow_forms.from_wire(array, type_) for array, type_ in zip(wire, types)] == batch.columns
sent = pa.record_batch(wire, names=names)
stream = b"".join(arrow_stream.encode_batches([sent]))
assert list(arrow_stream.decode_batches(io.BytesIO(stream), sent.schema, 1 << 20)) == [sent]
with BlockFile(sys.argv[1], batch.schema) as file:
    file.write(batch)
    file.close()
columns = [WireColumn(name, name, type_) for name, type_ in zip(names, types)]
assert list(file_rows(sys.argv[1], columns, 0, 3)) == [batch]
assert "pandas" not in sys.modules
"""


def test_ordinary_rows_need_no_pandas(tmp_path: object) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT, f"{tmp_path}/block.parquet"], check=True, timeout=60)
