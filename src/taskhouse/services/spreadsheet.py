"""Rows as an xlsx file, written while they are read: a stream of bytes, not a file first.

An xlsx file is a zip of XML parts, and the one part that grows, the sheet, is a row after another. That is written here directly: the
libraries that write whole workbooks take 1 to 12 s for what takes 0.4 s (docs/adr/0016-own-spreadsheets.md), and none gives bytes away
before it has all rows.

Text is always text, also when it looks like a formula: cells are typed, and those that begin with `=`, `+`, `-`, `@`, a tab or a
carriage return carry the mark of a leading quote, so that editing or copying them in a spreadsheet does not make them a formula either.

Source followed: ECMA-376 part 1, SpreadsheetML (18.3 worksheets, 18.8.10 quotePrefix, 22.9.2.19 ST_Xstring).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from itertools import islice
from typing import Any, cast

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

MAX_ROWS = 1_048_576
"""Of one sheet, its heading included; more rows go on in another sheet."""
MAX_TEXT = 32_767
"""Characters of one cell; longer text ends with an ellipsis."""

_BATCH = 1_000
_MOST_REMEMBERED = 100_000
_EPOCH = datetime(1899, 12, 30)
_EPOCH_DAY = _EPOCH.toordinal()
_SECONDS_A_DAY = 86_400
_QUOTED_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\u2212", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_PLAIN = re.compile(r"[A-Za-z0-9(](?:[A-Za-z0-9(),.:;/%*#|!?-]|_(?!x)| (?! *$))*")


class Kind(Enum):
    """What a column holds. Cells may be None, which leaves them empty, as does empty text."""

    TEXT = "str"
    NUMBER = "int or float"
    DATE = "date"
    TIME = "datetime without a zone, or days since 1899-12-30 as a float; shown to the second"
    DURATION = "timedelta, or seconds as an int; shown as [h]:mm:ss"


@dataclass(frozen=True, slots=True)
class Column:
    """`width` in characters."""

    title: str
    kind: Kind = Kind.TEXT
    width: int = 16


_PLAIN_STYLE, _HEAD, _DATE, _TIME, _DURATION, _QUOTED = range(6)


def spreadsheet(name: str, columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """The file's bytes in order. `name` is the sheet's (at most 25 characters, without `[]:*?/\\`); `rows` are read as the bytes are."""
    source = iter(rows)
    batches = iter(lambda: list(islice(source, _BATCH)), [])
    return spreadsheet_of_columns(name, columns, (list(zip(*batch, strict=True)) for batch in batches))


def spreadsheet_of_columns(
    name: str, columns: Sequence[Column], batches: Iterable[Sequence[Sequence[object]]]
) -> Iterator[bytes]:
    """As `spreadsheet`, from batches of some thousand rows, each as its columns."""
    outlet = _Outlet()
    source = iter(batches)
    sheets = 0
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        following = next(source, None)
        while following is not None or not sheets:
            sheets += 1
            with archive.open(f"xl/worksheets/sheet{sheets}.xml", "w", force_zip64=True) as part:
                part.write(_opening(columns))
                cells = _Cells(columns)
                part.write(cells.heading())
                count = 1
                while following is not None and count < MAX_ROWS:
                    room = MAX_ROWS - count
                    batch, rest = following, None
                    if len(following[0]) > room:
                        batch, rest = [column[:room] for column in following], [column[room:] for column in following]
                    part.write(cells.rows(batch, count + 1))
                    count += len(batch[0])
                    following = next(source, None) if rest is None else rest
                    yield outlet.taken()
                part.write(_closing(columns, count))
        for path, text in _frame(name, sheets):
            archive.writestr(path, text)
    yield outlet.taken()


class _Outlet(io.RawIOBase):
    """What the archive writes to: takes bytes, gives them away, cannot seek."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        block = bytes(cast("bytes", data))
        self._parts.append(block)
        return len(block)

    def taken(self) -> bytes:
        found = b"".join(self._parts)
        self._parts.clear()
        return found


class _Cells:
    """Cells as XML, a column at a time. Words and dates repeat from row to row, so what each became is remembered; other values do not.

    Cells carry no references: they stand in their order, which the format allows and readers know, and which saves a tenth of the time."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._texts = _Remembered(_text)
        self._dates = _Remembered(_date)

    def heading(self) -> bytes:
        titles = (_escaped(column.title) for column in self._columns)
        cells = (f'<c s="{_HEAD}" t="inlineStr"><is><t>{title}</t></is></c>' for title in titles)
        return f'<row r="1">{"".join(cells)}</row>'.encode()

    def rows(self, batch: Sequence[Sequence[Any]], first: int) -> bytes:
        made = [self._column(column, values) for column, values in zip(self._columns, batch, strict=True)]
        lines = [f'<row r="{at}">{"".join(cells)}</row>' for at, cells in enumerate(zip(*made, strict=True), first)]
        return "".join(lines).encode()

    def _column(self, column: Column, values: Sequence[Any]) -> list[str]:
        try:
            match column.kind:
                case Kind.TEXT:
                    return self._texts.cells(values)
                case Kind.DATE:
                    return self._dates.cells(values)
                case Kind.NUMBER:
                    return [_EMPTY if v is None else f"<c><v>{v + 0!r}</v></c>" for v in values]
                case Kind.TIME:
                    days = [v if v is None or type(v) is float else _days(v) for v in values]
                    return [_EMPTY if v is None else f'<c s="{_TIME}"><v>{v:.8f}</v></c>' for v in days]
                case Kind.DURATION:
                    spans = [v if v is None or type(v) is int else round(v.total_seconds()) for v in values]
                    return [_EMPTY if v is None else f'<c s="{_DURATION}"><v>{v / 86400:.8f}</v></c>' for v in spans]
        except (TypeError, AttributeError) as error:
            raise TypeError(f"column '{column.title}' of {column.kind.value}: {error}") from None


_EMPTY = "<c/>"


class _Remembered(dict[Any, str]):
    """Values and their cells, each worked out when it is first asked for."""

    def __init__(self, write: Callable[[Any], str]) -> None:
        super().__init__()
        self._write = write

    def cells(self, values: Iterable[Any]) -> list[str]:
        if len(self) > _MOST_REMEMBERED:
            self.clear()
        return list(map(self.__getitem__, values))

    def __missing__(self, value: Any) -> str:
        cell = self[value] = _EMPTY if value is None or value == "" else self._write(value)
        return cell


def _text(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"cannot hold {value!r}")
    if len(value) > MAX_TEXT:
        value = value[: MAX_TEXT - 1] + "…"
    if _PLAIN.fullmatch(value):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    style = f' s="{_QUOTED}"' if value.startswith(_QUOTED_BEGINNINGS) else ""
    space = ' xml:space="preserve"' if value != value.strip() or "\n" in value else ""
    return f'<c{style} t="inlineStr"><is><t{space}>{_escaped(value)}</t></is></c>'


def _date(value: date) -> str:
    return f'<c s="{_DATE}"><v>{value.toordinal() - _EPOCH_DAY}</v></c>'


def _days(value: datetime) -> float:
    since = value - _EPOCH
    return since.days + since.seconds / _SECONDS_A_DAY


def _escaped(text: str) -> str:
    text = _UNWRITABLE.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _letters(at: int) -> str:
    """The name of a column: 0 is A, 26 is AA."""
    found = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        found = chr(ord("A") + rest) + found
    return found


_HEADER = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def _opening(columns: Sequence[Column]) -> bytes:
    widths = "".join(
        f'<col min="{at}" max="{at}" width="{column.width}" customWidth="1"/>'
        for at, column in enumerate(columns, start=1)
    )
    pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    views = f'<sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
    return f'{_HEADER}<worksheet xmlns="{_MAIN}">{views}<cols>{widths}</cols><sheetData>'.encode()


def _closing(columns: Sequence[Column], rows: int) -> bytes:
    reach = f"A1:{_letters(len(columns) - 1)}{rows}"
    return f'</sheetData><autoFilter ref="{reach}"/></worksheet>'.encode()


def _frame(name: str, sheets: int) -> Iterator[tuple[str, str]]:
    """The parts around the sheets."""
    numbers = range(1, sheets + 1)
    entries = "".join(
        f'<sheet name="{_escaped(name if n == 1 else f"{name} {n}")}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers
    )
    yield (
        "xl/workbook.xml",
        f'{_HEADER}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{entries}</sheets></workbook>',
    )
    yield "xl/styles.xml", _STYLES
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    styles = f'<Relationship Id="rId{sheets + 1}" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
    yield (
        "xl/_rels/workbook.xml.rels",
        f'{_HEADER}<Relationships xmlns="{_PACKAGE}/relationships">{relations}{styles}</Relationships>',
    )
    workbook = f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/>'
    yield "_rels/.rels", f'{_HEADER}<Relationships xmlns="{_PACKAGE}/relationships">{workbook}</Relationships>'
    sheet_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
    parts = "".join(f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{sheet_type}"/>' for n in numbers)
    yield (
        "[Content_Types].xml",
        f'{_HEADER}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{MEDIA_TYPE}.main+xml"/>'
        '<Override PartName="/xl/styles.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>'
        f"{parts}</Types>",
    )


_STYLES = (
    f'{_HEADER}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="3"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/><numFmt numFmtId="166" formatCode="[h]:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="6"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="166" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
"""The order of `cellXfs` is that of the style numbers."""
