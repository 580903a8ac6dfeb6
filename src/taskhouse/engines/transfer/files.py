"""CSV, Parquet and JSON lines in the server's folder of files.

Texts stay texts: CSV and JSON lines are read without guessing types, so that a number with leading zeros, or a column that
is empty for a million rows, means the same wherever it stands. Whoever takes the rows knows the types.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from taskhouse.domain.definition.tasks import TransferEnd
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.engine import RunControl
from taskhouse.ports.transfers import BeforeVisible, Source

FORMATS = {"csv": "csv", "parquet": "parquet", "jsonl": "jsonl", "ndjson": "jsonl"}
_OPTIONS = {"csv": {"header", "delimiter", "null", "encoding"}, "jsonl": {"encoding"}, "parquet": set[str]()}
_ROWS = 65_536
_CSV_BLOCK_BYTES = 16 * 1024 * 1024
"""A row of a CSV file may have as many: the parser wants it within two blocks."""


def inside(folder: Path, path: str) -> Path:
    """The file `path` in `folder`. Raises `Fault` for one outside it, links followed."""
    root = folder.resolve()
    found = (root / path).resolve()
    if not path or Path(path).is_absolute() or not found.is_relative_to(root) or found == root:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"'{path}' is not a path inside the server's folder of files ({root})")
    return found


def format_of(end: TransferEnd) -> str:
    """`csv`, `parquet` or `jsonl`: what the definition says, else what the name ends with. Raises `Fault`."""
    name = end.path.lower().removesuffix(".gz")
    said = (end.format or name.rpartition(".")[2]).lower()
    if said not in FORMATS:
        known = ", ".join(sorted(set(FORMATS.values())))
        raise Fault(FaultCode.INVALID_ARGUMENT, f"file {end.path}: format '{said}' is not one of {known}")
    kind = FORMATS[said]
    unknown = sorted(end.options.keys() - _OPTIONS[kind])
    if unknown:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"file {end.path}: a {kind} file has no option '{unknown[0]}'")
    return kind


@contextlib.contextmanager
def read(end: TransferEnd, path: Path, control: RunControl) -> Iterator[Source]:
    with _faults(end):
        match format_of(end):
            case "parquet":
                with pq.ParquetFile(path) as file:
                    yield _Batches(
                        tuple(file.schema_arrow.names),
                        lambda wanted: _checked(file.iter_batches(_ROWS, columns=list(wanted)), wanted, control),
                    )
            case "csv":
                names = _csv_names(end, path)
                with _open_csv(end, path, names) as reader:
                    yield _Batches(names, lambda wanted: _checked(reader, wanted, control))
            case _:
                with pa.input_stream(str(path), compression="detect") as stream:
                    yield _Batches(None, lambda wanted: _json_batches(end, stream, wanted, control))


def write(
    end: TransferEnd,
    path: Path,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    key: str,
    control: RunControl,
    before_visible: BeforeVisible,
) -> int:
    """A file of another name, flushed, then renamed: readers see the old file or the whole new one."""
    kind = format_of(end)
    unfinished = path.with_name(f".{path.name}.{key}.unfinished")
    rows = 0
    with _faults(end):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(unfinished, "xb") as raw:
                zipped = gzip.GzipFile(fileobj=raw, mode="wb") if _zipped(path, kind) else contextlib.nullcontext(raw)
                with zipped as file, _writer(kind, end, file, schema) as put:
                    for batch in batches:
                        control.check()
                        put(batch)
                        rows += batch.num_rows
                raw.flush()
                os.fsync(raw.fileno())
            before_visible(rows)
            os.replace(unfinished, path)
            _flush_folder(path.parent)
        finally:
            unfinished.unlink(missing_ok=True)
    return rows


@dataclass(frozen=True, slots=True)
class _Batches:
    """See `ports.transfers.Source`."""

    names: Sequence[str] | None
    give: Callable[[Sequence[str]], Iterator[pa.RecordBatch]]

    def batches(self, wanted: Sequence[str]) -> Iterator[pa.RecordBatch]:
        return self.give(wanted)


def _checked(batches: Iterable[pa.RecordBatch], wanted: Sequence[str], control: RunControl) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        control.check()
        yield batch.select(list(wanted))


def _has_header(end: TransferEnd) -> bool:
    said = end.options.get("header", "true").lower()
    if said not in ("true", "false"):
        raise Fault(FaultCode.INVALID_ARGUMENT, f"file {end.path}: option header is true or false, not '{said}'")
    return said == "true"


def _delimiter(end: TransferEnd) -> str:
    said = end.options.get("delimiter", ",").replace("\\t", "\t")
    if len(said) != 1 or said in '\r\n"' or not said.isascii():
        raise Fault(FaultCode.INVALID_ARGUMENT, f"file {end.path}: option delimiter is one ASCII character")
    return said


def _csv_names(end: TransferEnd, path: Path) -> tuple[str, ...]:
    """Column names from the first line; `c1`, `c2`, ... for a file without header."""
    with _csv_reader(end, path, pc_csv.ConvertOptions(), None) as reader:
        found = tuple(reader.schema.names)
    return found if _has_header(end) else tuple(f"c{number + 1}" for number in range(len(found)))


def _open_csv(end: TransferEnd, path: Path, names: Sequence[str]) -> pc_csv.CSVStreamingReader:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Fault(FaultCode.INVALID_ARGUMENT, f"file {end.path}: its header names column '{twice}' twice")
    convert = pc_csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.utf8()),
        null_values=[end.options.get("null", "")],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    return _csv_reader(end, path, convert, None if _has_header(end) else list(names))


def _csv_reader(
    end: TransferEnd, path: Path, convert: pc_csv.ConvertOptions, names: list[str] | None
) -> pc_csv.CSVStreamingReader:
    reading = pc_csv.ReadOptions(
        encoding=end.options.get("encoding", "utf8"),
        column_names=names,
        autogenerate_column_names=names is None and not _has_header(end),
        use_threads=False,
        block_size=_CSV_BLOCK_BYTES,
    )
    parsing = pc_csv.ParseOptions(delimiter=_delimiter(end), newlines_in_values=True)
    stream = pa.input_stream(str(path), compression="detect")
    return pc_csv.open_csv(stream, read_options=reading, parse_options=parsing, convert_options=convert)


def _json_batches(
    end: TransferEnd, stream: Any, wanted: Sequence[str], control: RunControl
) -> Iterator[pa.RecordBatch]:
    """Every value as text: numbers as they are spelled, nested values as JSON."""
    schema = pa.schema([(name, pa.utf8()) for name in wanted])
    encoding = end.options.get("encoding", "utf8")
    rows: list[list[str | None]] = []
    for number, line in enumerate(_lines(stream), start=1):
        try:
            text = line.decode(encoding)
            if not text.strip():
                continue
            item = json.loads(text, parse_int=_Spelled, parse_float=_Spelled)
        except (ValueError, LookupError) as error:
            raise Fault(FaultCode.RUNTIME, f"file {end.path}, line {number}: it is not JSON: {error}") from None
        if not isinstance(item, dict):
            raise Fault(FaultCode.RUNTIME, f"file {end.path}, line {number}: it is not a JSON object")
        rows.append([_json_text(item.get(name)) for name in wanted])
        if len(rows) == _ROWS:
            control.check()
            yield _batch(rows, schema)
            rows = []
    control.check()
    yield _batch(rows, schema)


def _lines(stream: Any) -> Iterator[bytes]:
    rest = b""
    while data := stream.read(1 << 20):
        *whole, rest = (rest + data).split(b"\n")
        yield from whole
    if rest:
        yield rest


class _Spelled(str):
    """A number as JSON spells it."""


def _json_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    return json.dumps(_with_numbers(value), ensure_ascii=False)


def _with_numbers(value: object) -> object:
    if isinstance(value, _Spelled):
        return json.loads(value)
    if isinstance(value, dict):
        return {name: _with_numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_numbers(item) for item in value]
    return value


def _batch(rows: list[list[str | None]], schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array([row[n] for row in rows], pa.utf8()) for n in range(len(schema))]
    return pa.record_batch(columns, schema=schema)


@contextlib.contextmanager
def _writer(kind: str, end: TransferEnd, file: Any, schema: pa.Schema) -> Iterator[Callable[[pa.RecordBatch], None]]:
    match kind:
        case "parquet":
            with pq.ParquetWriter(file, schema, compression="zstd") as parquet:
                yield parquet.write_batch
        case "csv":
            options = pc_csv.WriteOptions(include_header=_has_header(end), delimiter=_delimiter(end))
            with pc_csv.CSVWriter(file, schema, write_options=options) as writer:
                yield writer.write_batch
        case _:

            def put(batch: pa.RecordBatch) -> None:
                for row in batch.to_pylist():
                    file.write(json.dumps(row, ensure_ascii=False, default=_json_value).encode() + b"\n")

            yield put


def _json_value(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def _zipped(path: Path, kind: str) -> bool:
    return path.suffix == ".gz" and kind != "parquet"


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _faults(end: TransferEnd) -> Iterator[None]:
    try:
        yield
    except Fault:
        raise
    except FileNotFoundError:
        raise Fault(FaultCode.RUNTIME, f"file {end.path}: it is not in the server's folder of files") from None
    except OSError as error:
        raise Fault(FaultCode.RUNTIME, f"file {end.path}: {error.strerror or error}") from None
    except (pa.ArrowException, LookupError, UnicodeError) as error:
        if "straddl" in str(error):
            message = f"file {end.path}: a row has more than {_CSV_BLOCK_BYTES:,} bytes; is a quotation mark left open?"
            raise Fault(FaultCode.RUNTIME, message) from None
        raise Fault(FaultCode.RUNTIME, f"file {end.path}: {error}") from None
