"""Bytes to rows: encodings, headers, codes and numbers of real-life spreadsheets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import errors
from geo.sources import _points, _tables

TEXT = "名称,緯度\r\nえんがわ,35.7\r\n"


def written(tmp_path: Path, content: bytes, name: str = "list.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (b"\xef\xbb\xbf" + TEXT.encode(), "utf-8"),
        (b"\xef\xbb\xbf\xef\xbb\xbf" + TEXT.encode(), "utf-8"),
        (TEXT.encode("cp932"), "cp932"),
        (TEXT.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
    ],
)
def test_each_encoding_of_a_japanese_list_gives_the_same_rows(
    tmp_path: Path, content: bytes, encoding: str
) -> None:
    sheet = _tables.read(written(tmp_path, content))
    assert sheet.encoding == encoding
    assert [(row.number, row.cells) for row in sheet.rows] == [
        (1, ("名称", "緯度")),
        (2, ("えんがわ", "35.7")),
    ]


def test_a_byte_that_fits_no_encoding_is_named_with_its_row(tmp_path: Path) -> None:
    broken = TEXT.encode() + "縁側".encode()[:-1] + b",1\n"
    with pytest.raises(errors.SourceError, match=r"row 3 at byte \d+") as caught:
        _tables.read(written(tmp_path, broken))
    assert caught.value.code == "encoding_unknown"


def test_euc_jp_is_refused_and_not_taken_for_half_width_kana(tmp_path: Path) -> None:
    content = ("あいうえお,かきくけこ\n" * 4).encode("euc_jp")
    assert content.decode("cp932").startswith("､｢､､")
    with pytest.raises(errors.SourceError) as caught:
        _tables.read(written(tmp_path, content))
    assert caught.value.code == "encoding_euc"


def test_half_width_kana_alone_are_still_cp932(tmp_path: Path) -> None:
    sheet = _tables.read(written(tmp_path, "名称,ﾖﾐ\n縁側,ｴﾝｶﾞﾜ\n".encode("cp932")))
    assert (sheet.encoding, sheet.rows[1].cells) == ("cp932", ("縁側", "ｴﾝｶﾞﾜ"))


def test_rows_are_numbered_as_a_spreadsheet_does(tmp_path: Path) -> None:
    content = b'name,lat\n\n"two\nlines",1\n,\nlast,2\n'
    sheet = _tables.read(written(tmp_path, content))
    assert [(row.number, row.cells[0]) for row in sheet.rows] == [(1, "name"), (3, "two\nlines"), (5, "last")]
    assert sheet.blank == 2


@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_the_delimiter_is_seen(tmp_path: Path, mark: str) -> None:
    sheet = _tables.read(written(tmp_path, mark.join("abc").encode() + b"\n" + mark.join("123").encode()))
    assert sheet.rows[1].cells == ("1", "2", "3")


def test_the_header_is_found_below_titles(tmp_path: Path) -> None:
    sheet = _tables.read(written(tmp_path, "一覧\n令和6年,現在\n?Name , LAT\nえん,1\n".encode()))
    table = _tables.with_header(sheet, {"name", "lat"}.__contains__)
    assert table is not None
    assert (table.header, table.header_row, table.rows[0].number) == (("name", "lat"), 3, 4)
    assert _tables.with_header(sheet, {"nothing"}.__contains__) is None


def test_a_missing_quotation_mark_does_not_swallow_the_file(tmp_path: Path) -> None:
    content = b'name,lat\n"open,1\n' + b"x,1\n" * 10_000
    with pytest.raises(errors.DataError) as caught:
        _tables.read(written(tmp_path, content))
    assert caught.value.code == "table_too_large"
    assert caught.value.context["row"] == 2


def test_a_binary_file_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(errors.SourceError) as caught:
        _tables.read(written(tmp_path, b"abc\0def,1\n"))
    assert caught.value.code == "file_binary"


def check_digit(code: str) -> str:
    a, b, c, d, e = map(int, code)
    return str((11 - (6 * a + 5 * b + 4 * c + 3 * d + 2 * e) % 11) % 10)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("13101", "13101"),
        ("131016", "13101"),
        ("131059", "13105"),
        ("271276", "27127"),
        ("１３１０５９ ", "13105"),
        ("991015", "99101"),
        ("99101", "99101"),
        ("99104", "99104"),
        (13105, "13105"),
        (13105.0, "13105"),
        ("1101", "01101"),
        ("92011", "09201"),
        ("131017", None),
        ("13", None),
        ("", None),
        (None, None),
    ],
)
def test_municipality_codes_in_all_their_guises(cell: object, code: str | None) -> None:
    assert _tables.municipality_code(cell) == code


@given(st.integers(1_000, 47_999).map(lambda n: f"{n:05d}"))
def test_a_check_digit_is_verified_and_dropped(code: str) -> None:
    right = check_digit(code)
    assert _tables.municipality_code(code + right) == code
    wrong = str((int(right) + 1) % 10)
    assert _tables.municipality_code(code + wrong) is None


@given(st.floats(-1e9, 1e9, allow_nan=False))
def test_numbers_are_read_back(value: float) -> None:
    assert _tables.number(repr(value)) == value


@pytest.mark.parametrize("text", ["", "-", "X", "nan", "inf", "1_000", "0x10", "1e", "12a", None])
def test_what_is_no_number_is_none(text: str | None) -> None:
    assert _tables.number(text) is None


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2024-04-10", "2024-04-10"),
        ("2024/9/6", "2024-09-06"),
        ("令和6年6月8日", "2024-06-08"),
        ("令和元年5月1日", "2019-05-01"),
        ("R6.6.8", "2024-06-08"),
        ("H30/12/1", "2018-12-01"),
        ("46054", "2026-02-01"),
        ("２０２４年１月２日", "2024-01-02"),
        ("2024-02-30", None),
        ("先月", None),
        ("", None),
    ],
)
def test_dates_in_all_their_guises(text: str, iso: str | None) -> None:
    assert _points.iso_date(text) == iso


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        (("35.7", "139.7"), None),
        (("３５．７", " 139.7"), None),
        (("139.7", "35.7"), "swapped"),
        (("35.6976015", "35.6976015"), "outside"),
        (("", ""), "missing"),
        (("35.7", ""), "missing"),
        (("north", "east"), "unreadable"),
        (("-35367.1", "-7210.5"), "outside"),
        (("20", "122"), None),
        (("19.99", "122"), "outside"),
    ],
)
def test_positions_and_their_faults(cells: tuple[str, str], fault: str | None) -> None:
    assert _points.position(*cells).fault == fault


def test_ids_are_the_lists_own_only_when_each_row_has_its_own() -> None:
    assert _points.ids("l", ["7", "9"], [2, 3]) == ["l:7", "l:9"]
    assert _points.ids("l", ["7", "7"], [2, 3]) == ["l:2", "l:3"]
    assert _points.ids("l", ["7", ""], [2, 3]) == ["l:2", "l:3"]
