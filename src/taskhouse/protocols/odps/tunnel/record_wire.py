"""Numbers of the record stream.

The stream is a flat run of protobuf fields without any framing: for each record the non-null columns, each as tag (1-based column
index and wire type) and value, then END_RECORD with the CRC-32C of the record; behind the last record META_COUNT with
the number of records (zigzag) and META_CHECKSUM with the CRC-32C over all record CRCs as little-endian 32-bit integers. A
record's CRC runs over, for each column present, its index as int32 and its value in a fixed binary form, which is *not* the
form on the wire: lengths, counts and null flags of nested values are left out.
"""

from __future__ import annotations

from taskhouse.domain.datatypes import Kind
from taskhouse.protocols.odps.tunnel.varints import encode_varint

END_RECORD = 33553408
END_METRICS = 33554176
META_COUNT = 33554430
META_CHECKSUM = 33554431

VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5

WIRE_TYPES: dict[Kind, int] = {
    Kind.TINYINT: VARINT,
    Kind.SMALLINT: VARINT,
    Kind.INT: VARINT,
    Kind.BIGINT: VARINT,
    Kind.BOOLEAN: VARINT,
    Kind.DATE: VARINT,
    Kind.DATETIME: VARINT,
    Kind.INTERVAL_YEAR_MONTH: VARINT,
    Kind.FLOAT: FIXED32,
    Kind.DOUBLE: FIXED64,
}
"""Wire type of a column of each kind; all others are LENGTH_DELIMITED, although only texts carry a length of bytes."""

TEXTUAL = frozenset({Kind.STRING, Kind.CHAR, Kind.VARCHAR, Kind.JSON, Kind.BINARY, Kind.DECIMAL, Kind.VOID})
INSTANTS = frozenset({Kind.TIMESTAMP, Kind.TIMESTAMP_NTZ, Kind.INTERVAL_DAY_TIME})
NANOS = 1_000_000_000


def wire_type(kind: Kind) -> int:
    return WIRE_TYPES.get(kind, LENGTH_DELIMITED)


def tag(index: int, wire: int) -> bytes:
    """The tag of field `index`."""
    return encode_varint(index << 3 | wire)


END_RECORD_TAG = tag(END_RECORD, VARINT)
META_COUNT_TAG = tag(META_COUNT, VARINT)
META_CHECKSUM_TAG = tag(META_CHECKSUM, VARINT)
