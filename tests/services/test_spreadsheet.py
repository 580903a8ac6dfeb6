"""Spreadsheets, read back by a reader that nobody here wrote."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from taskhouse.services import spreadsheet as written
from taskhouse.services.spreadsheet import Column, Kind, spreadsheet

TEXT = [Column("text")]


def read(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> Worksheet:
    data = b"".join(spreadsheet("instances", columns, rows))
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    assert book.sheetnames[0] == "instances"
    return sheet


def values(sheet: Worksheet) -> list[tuple[object, ...]]:
    return list(sheet.iter_rows(min_row=2, values_only=True))


def test_each_kind_of_cell_comes_back() -> None:
    columns = [Column("a"), Column("b", Kind.NUMBER), Column("c", Kind.DATE), Column("d", Kind.TIME), Column("e", Kind.DURATION)]  # fmt: skip
    at = datetime(2026, 3, 2, 0, 30, 5)
    sheet = read(
        columns, [("A", 3, date(2026, 3, 1), at, timedelta(hours=30, seconds=5)), ("", None, None, None, None)]
    )
    assert [cell.value for cell in sheet[1]] == ["a", "b", "c", "d", "e"]
    assert values(sheet)[0] == ("A", 3, datetime(2026, 3, 1), at, timedelta(hours=30, seconds=5))
    assert sheet["C2"].number_format == "yyyy\\-mm\\-dd" and sheet["E2"].number_format == "[h]:mm:ss"
    assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref == "A1:E3"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x","y")', "＝1"])
def test_what_looks_like_a_formula_is_text_and_marked_as_such(text: str) -> None:
    cell = read(TEXT, [(text,)])["A2"]
    assert (cell.data_type, cell.value, cell.quotePrefix) == ("s", text, True)


@pytest.mark.parametrize(
    "text", ["a & b < c > d \"e\" 'f'", " leads", "trails ", "two\nlines", "汉字 😀", "x" * 32_767, "_"]
)
def test_text_comes_back_as_it_was(text: str) -> None:
    cell = read(TEXT, [(text,)])["A2"]
    assert (cell.value, cell.quotePrefix) == (text, False)


def test_text_is_never_broken_xml_nor_longer_than_a_cell() -> None:
    sheet = read(TEXT, [("a\x00b\ud800",), ("_x0041_",), ("y" * 40_000,)])
    assert values(sheet)[:2] == [("a_x0000_b_xD800_",), ("_x005F_x0041_",)]
    assert sheet["A4"].value == "y" * 32_766 + "…"


def test_no_rows_is_a_sheet_with_its_heading() -> None:
    sheet = read(TEXT, [])
    assert sheet.max_row == 1 and sheet["A1"].value == "text"


def test_a_full_sheet_goes_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written, "MAX_ROWS", 4)
    data = b"".join(spreadsheet("rows", [Column("n", Kind.NUMBER)], [(n,) for n in range(7)]))
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["rows", "rows 2", "rows 3"]
    assert [[row[0] for row in values(sheet)] for sheet in book] == [[0, 1, 2], [3, 4, 5], [6]]


def test_bytes_go_out_while_rows_come_in() -> None:
    taken = 0

    def rows() -> Iterator[tuple[str]]:
        nonlocal taken
        for n in range(50_000):
            taken += 1
            yield (f"row {n} {n * n}",)

    stream = spreadsheet("rows", TEXT, rows())
    first = next(stream)
    assert first.startswith(b"PK") and taken < 5_000
    assert len(b"".join(stream)) > 100_000 and taken == 50_000


def test_a_value_of_another_kind_is_a_defect_that_names_it() -> None:
    with pytest.raises(TypeError, match="cannot hold 5"):
        read(TEXT, [(5,)])
    with pytest.raises(TypeError, match="column 'n' of datetime"):
        read([Column("n", Kind.TIME)], [("x",)])
