"""Workbooks as town halls keep them: what a person sees in Excel is what is read, with Excel's row numbers."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path

import _workbook as book
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from geo import errors, sources
from geo.sources import _excel, _tables

HEADER = ["名称", "住所", "緯度", "経度"]
ROWS = {1: HEADER, 2: ["えんがわ", "千代田区1-1", 35.69, 139.75], 3: ["ひなた", "千代田区2-2", 35.7, 139.76]}


def one(path: Path) -> _tables.Sheet:
    (sheet,) = _excel.read(path)
    return sheet


def cells(path: Path) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.number, row.cells) for row in one(path).rows]


# -- cells --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (book.styled(46054, "yyyy/m/d"), "2026-02-01"),
        (book.styled(46054.4375, "yyyy/m/d h:mm"), "2026-02-01 10:30"),
        (book.styled(0.70833, "h:mm"), "17:00"),
        (book.styled(46054.70833, "h:mm"), "17:00"),
        (book.styled(1.25, "[h]:mm"), "30:00"),
        (book.styled(46056, "aaa"), "火"),
        (book.styled(1101, "00000"), "01101"),
        (book.styled(3, '"第"0"回"'), "3"),
        (book.styled(46054, "ggge年m月d日"), "2026-02-01"),
        # Built-in formats; 31, 32 and 57 are those of a Japanese Excel.
        (book.styled(46054, 14), "2026-02-01"),
        (book.styled(0.375, 20), "09:00"),
        (book.styled(46054.375, 22), "2026-02-01 09:00"),
        (book.styled(46054, 31), "2026-02-01"),
        (book.styled(46054, 57), "2026-02-01"),
        (book.styled(0.375, 32), "09:00"),
        (book.styled(1.5, 46), "36:00"),
        (book.styled(59, "yyyy/m/d"), "1900-02-28"),
        (book.styled(61, "yyyy/m/d"), "1900-03-01"),
        (13101, "13101"),
        (13101.0, "13101"),
        (35.689999999999998, "35.69"),
        (-1.5, "-1.5"),
        (book.styled(-1, "yyyy/m/d"), "-1"),
        (46054, "46054"),
        (book.Cell('<c r="{r}" t="b"><v>1</v></c>'), "TRUE"),
        (book.Cell('<c r="{r}" t="str"><f>A1&amp;"x"</f><v>ax</v></c>'), "ax"),
        (book.Cell('<c r="{r}"><f>1+1</f><v>2</v></c>'), "2"),
        (book.Cell('<c r="{r}" t="s"><v>0</v></c>'), "居場所"),
        (book.Cell('<c r="{r}" t="s"><v>9</v></c>'), ""),
        (book.Cell('<c r="{r}" s="99"><v>7</v></c>'), "7"),
    ],
)
def test_a_cell_is_read_as_it_is_seen(tmp_path: Path, value: object, shown: str) -> None:
    furigana = "<si><r><t>居</t></r><r><t>場所</t></r><rPh sb='0' eb='1'><t>イバショ</t></rPh></si>"
    path = book.write(tmp_path / "a.xlsx", {"s": book.sheet({1: ["x", value, "y"]})}, shared=[furigana])
    assert cells(path) == [(1, ("x", shown, "y"))]


def test_days_counted_from_1904_are_the_same_days(tmp_path: Path) -> None:
    rows = {1: [book.styled(46054 - 1462, "yyyy/m/d"), book.styled(0.5, "h:mm")]}
    path = book.write(tmp_path / "a.xlsx", {"s": book.sheet(rows)}, since_1904=True)
    assert cells(path) == [(1, ("2026-02-01", "12:00"))]


@given(st.integers(0, 24 * 60 - 1))
def test_every_minute_of_a_day_is_read_back(minute: int) -> None:
    told = f"{minute // 60:02d}:{minute % 60:02d}"
    assert _tables.clock(minute / 1440) == told
    assert _tables.clock(round(minute / 1440, 5)) == told
    assert _tables.clock(round(minute / 1440, 4)) == told


def test_seconds_that_are_meant_stay() -> None:
    assert _tables.clock(0.5 + 6 / 86_400) == "12:00:06"


@given(st.dates(datetime.date(1900, 3, 1), datetime.date(2199, 12, 31)))
def test_every_day_is_read_back(day: datetime.date) -> None:
    assert _tables.day((day - datetime.date(1899, 12, 30)).days) == day.isoformat()


def test_error_cells_are_unknown_and_named(tmp_path: Path) -> None:
    error = book.Cell('<c r="{r}" t="e"><f>VLOOKUP(1,A:B,2)</f><v>#N/A</v></c>')
    unsaved = book.Cell('<c r="{r}"><f>SUM(A1:A2)</f></c>')
    sheet = one(book.write(tmp_path / "a.xlsx", {"s": book.sheet({1: ["a", "b"], 5: ["x", error, unsaved]})}))
    assert sheet.rows[1] == _tables.Row(5, ("x",))
    assert [(n.code, n.level, n.row) for n in sheet.notes] == [
        ("excel_error", "unknown", 5),
        ("excel_unsaved", "unknown", 5),
    ]
    assert "B5" in str(sheet.notes[0])
    assert "#N/A" in str(sheet.notes[0])


def test_a_thousand_errors_are_told_in_short(tmp_path: Path) -> None:
    error = book.Cell('<c r="{r}" t="e"><v>#REF!</v></c>')
    rows = {n: ["x", error] for n in range(1, 1001)}
    notes = one(book.write(tmp_path / "a.xlsx", {"s": book.sheet(rows)})).notes
    assert len(notes) == 21
    assert notes[-1].values == {"n": 980}


def test_cells_and_rows_without_an_address_follow_one_another(tmp_path: Path) -> None:
    bare = '<row><c><v>1</v></c><c><v>2</v></c></row><row r="4"><c r="C4"><v>3</v></c></row>'
    xml = f'<worksheet xmlns="{book.MAIN}"><sheetData>{bare}</sheetData></worksheet>'
    assert cells(book.write(tmp_path / "a.xlsx", {"s": xml})) == [(1, ("1", "2")), (4, ("", "", "3"))]


# -- sheets and headers -------------------------------------------------------------------------------------


def header(path: Path, known: str) -> _tables.Table:
    table = _tables.with_header(one(path), set(known.split()).__contains__)
    assert table is not None
    return table


def test_the_header_is_found_under_a_merged_title(tmp_path: Path) -> None:
    rows = {1: ["令和7年度"], 3: ["居場所一覧"], 4: [*HEADER, "備考"], 5: ["えん", "x", 35.7, 139.7]}
    sheet = book.sheet(rows, ["A1:E1", "A3:E3"])
    table = header(book.write(tmp_path / "a.xlsx", {"s": sheet}), "名称 住所 緯度 経度")
    assert (table.header, table.header_row) == ((*HEADER, "備考"), 4)
    assert [(row.number, row.cells[0]) for row in table.rows] == [(5, "えん")]


def test_merged_headers_are_joined(tmp_path: Path) -> None:
    rows = {
        1: ["一覧"],
        2: ["名称", "所在地", "", "開催日時", "", ""],
        3: ["", "緯度", "連結表記", "曜日", "開始時間", "メモ"],
        4: ["えん", 35.7, "千代田区", "火", 0.70833, "x"],
    }
    merged = ["A1:F1", "A2:A3", "B2:C2", "D2:F2"]
    path = book.write(tmp_path / "a.xlsx", {"s": book.sheet(rows, merged)})
    table = header(path, "名称 緯度 所在地_連結表記 開始時間")
    assert table.header == ("名称", "緯度", "所在地_連結表記", "開催日時_曜日", "開始時間", "開催日時_メモ")
    assert table.header_row == 3
    assert table.rows[0].cells == ("えん", "35.7", "千代田区", "火", "17:00", "x")


def test_a_group_over_columns_does_not_make_the_second_header_row_a_place(tmp_path: Path) -> None:
    rows = {1: ["名称", "住所", "時間"], 2: ["", "", "から", "まで"], 3: ["えん", "x", "10", "12"]}
    path = book.write(tmp_path / "a.xlsx", {"s": book.sheet(rows, ["A1:A2", "B1:B2", "C1:D1"])})
    assert [row.cells[0] for row in header(path, "名称 住所 時間").rows] == ["えん"]


def test_what_is_merged_downwards_counts_in_each_row(tmp_path: Path) -> None:
    rows = {1: ["地区", "名称"], 2: ["北", "甲"], 3: ["", "乙"], 5: ["", "丙"], 6: ["", "丁"]}
    path = book.write(tmp_path / "a.xlsx", {"s": book.sheet(rows, ["A2:A5", "A6:A1048576"])})
    assert [row.cells for row in header(path, "地区 名称").rows] == [
        ("北", "甲"), ("北", "乙"), ("北", "丙"), ("", "丁"),
    ]  # fmt: skip


def test_numbers_of_days_and_times_without_a_format_are_told_by_their_heading(tmp_path: Path) -> None:
    rows = {
        1: ["名称", "開催日", "開始時間", "定員"],
        2: ["えん", 46054, 0.70833, 46054],
        3: ["x", "毎週火", "10時", 0.5],
    }
    table = header(book.write(tmp_path / "a.xlsx", {"s": book.sheet(rows)}), "名称 開催日 開始時間")
    assert table.rows[0].cells == ("えん", "2026-02-01", "17:00", "46054")
    assert table.rows[1].cells == ("x", "毎週火", "10時", "0.5")


def test_of_several_sheets_the_longest_known_one_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    long = {n: ["メモ", "x"] for n in range(1, 50)}
    sheets = {"説明": book.sheet(long), "一部": book.sheet({1: HEADER, 2: ROWS[2]}), "一覧": book.sheet(ROWS)}
    found = sources.read(book.write(tmp_path / "a.xlsx", sheets), municipality_code="13101")
    assert (found.kind, found.rows, found.encoding) == ("places", 2, "xlsx")
    (note,) = [n for n in found.notes if n.code == "excel_other_sheets"]
    assert note.values == {"sheet": "一覧", "others": "説明, 一部"}
    assert found.table["source_row"].tolist() == [2, 3]


def test_a_sheet_in_sight_comes_before_a_hidden_one(tmp_path: Path) -> None:
    sheets = {"旧": book.sheet(ROWS), "新": book.sheet(ROWS)}
    path = book.write(tmp_path / "a.xlsx", sheets, hidden=["旧"])
    assert [sheet.name for sheet in _excel.read(path)] == ["新", "旧"]


def test_a_stray_cell_at_the_far_end_costs_nothing(tmp_path: Path) -> None:
    path = book.write(tmp_path / "a.xlsx", {"s": book.sheet(ROWS)})
    far = book.sheet(ROWS).replace(
        "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    path = book.write(tmp_path / "b.xlsx", {"s": far})
    rows = one(path).rows
    assert [row.number for row in rows] == [1, 2, 3, 1_048_576]
    assert len(rows[-1].cells) == 16_384


def test_a_workbook_is_the_same_list_as_its_csv(tmp_path: Path, sample: Path) -> None:
    sheet = _tables.read(sample / "ibasho_salon.csv")
    rows = {row.number: [_typed(cell) for cell in row.cells] for row in sheet.rows}
    plain = sources.read(sample / "ibasho_salon.csv", municipality_code="99101")
    found = sources.read(
        book.write(tmp_path / "ibasho_salon.xlsx", {"s": book.sheet(rows)}), municipality_code="99101"
    )
    assert found.table.drop(columns="geometry").equals(plain.table.drop(columns="geometry"))
    assert found.table.geometry.geom_equals_exact(plain.table.geometry, 0).all()
    assert [str(n) for n in found.notes] == [str(n) for n in plain.notes]


def test_what_another_program_writes_is_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet("一覧")
        day, hour = made.add_format({"num_format": "yyyy年m月d日"}), made.add_format({"num_format": "h:mm"})
        sheet.merge_range("A1:D1", "居場所 一覧")
        sheet.write_row("A2", ["名称", "開設日", "開始", "割合"])
        sheet.write_string("A4", "えんがわ")
        sheet.write_datetime("B4", datetime.datetime(2026, 2, 1), day)
        sheet.write_datetime("C4", datetime.time(17, 0), hour)
        sheet.write_formula("D4", "=1/4", None, 0.25)
    assert cells(path) == [
        (1, ("居場所 一覧",)),
        (2, ("名称", "開設日", "開始", "割合")),
        (4, ("えんがわ", "2026-02-01", "17:00", "0.25")),
    ]
    assert one(path).merged == (_tables.Merged(1, 1, 0, 3),)


def _typed(cell: str) -> object:
    number = _tables.number(cell)
    return number if number is not None and repr(number).removesuffix(".0") == cell else cell


# -- what is not read ---------------------------------------------------------------------------------------


def refused(path: Path) -> errors.AtlasError:
    with pytest.raises(errors.AtlasError, match=path.name) as caught:
        _excel.read(path)
    return caught.value


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"xl/vbaProject.bin": b"x"}, ".xlsm"),
        ({"xl/workbook.bin": b"x"}, ".xlsb"),
        ({"word/document.xml": b"<x/>"}, "Word"),
        ({"content.xml": b"<x/>", "mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}, ".ods"),
    ],
)
def test_other_workbooks_are_refused_with_a_way_out(
    tmp_path: Path, more: dict[str, bytes], what: str
) -> None:
    path = book.write(tmp_path / "a.xlsx", {"s": book.sheet(ROWS)}, more=more)
    assert _excel.looks_like(path)
    problem = refused(path)
    assert (problem.code, problem.context["what"]) == ("spreadsheet", what)


def test_the_old_format_is_refused_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(_excel.OLE_MAGIC + b"x" * 600)
    assert refused(path).code == "spreadsheet"
    with pytest.raises(errors.SourceError, match=r"\.xls"):
        sources.detect(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = book.write(tmp_path / "a.xlsx", {"s": book.sheet(ROWS)}, more={"xl/media.xml": b" " * 50_000_000})
    assert path.stat().st_size < 300_000
    assert refused(path).code == "zip_too_large"


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"]
)
def test_entities_are_refused_in_every_part(tmp_path: Path, part: str) -> None:
    path = book.write(tmp_path / "a.xlsx", {"s": book.sheet(ROWS)})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + parts[part]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert refused(path).code == "xml_unsafe"


def test_too_many_rows_and_too_long_cells_are_refused_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = book.write(tmp_path / "a.xlsx", {"s": book.sheet({1: ["a"], 7: ["x" * (_tables.MAX_FIELD + 1)]})})
    assert (refused(path).code, refused(path).context["row"]) == ("table_too_large", 7)
    monkeypatch.setattr(_tables, "MAX_ROWS", 9)
    path = book.write(tmp_path / "b.xlsx", {"s": book.sheet({n: ["x"] for n in range(1, 12)})})
    assert (refused(path).code, refused(path).context["row"]) == ("table_too_large", 10)


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9])
def test_a_workbook_cut_off_is_a_sentence(tmp_path: Path, keep: float) -> None:
    path = book.write(tmp_path / "a.xlsx", {"s": book.sheet(ROWS)})
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(errors.SourceError, match=r"a\.xlsx"):
        sources.detect(path)


@pytest.mark.parametrize("name", ["a.xlsx", "a.zip"])
def test_a_list_of_contents_that_points_before_the_file_is_a_sentence(tmp_path: Path, name: str) -> None:
    made = book.write(tmp_path / "b.xlsx", {"s": book.sheet(ROWS)})
    if name == "a.zip":
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("list.csv", "名称\n")
    content = bytearray(made.read_bytes())
    at = len(content) - 22 + 16  # where the end of a zip tells where its list of contents begins
    content[at : at + 4] = (int.from_bytes(content[at : at + 4], "little") + 5_000).to_bytes(4, "little")
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(errors.SourceError, match=name) as caught:
        sources.detect(path)
    assert caught.value.code in ("excel_broken", "zip_broken")


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_is_a_sentence_or_a_table(tmp_path: Path, seed: int) -> None:
    path = book.write(tmp_path / "a.xlsx", {"s": book.sheet(ROWS, ["A1:B1"])}, shared=["<si><t>x</t></si>"])
    content = bytearray(path.read_bytes())
    for i in range(1, 4):
        content[(seed * 7919 + i * 104_729) % len(content)] ^= 1 + (seed + i) % 255
    path.write_bytes(content)
    try:
        sheets = _excel.read(path)
    except errors.AtlasError as problem:
        assert "a.xlsx" in str(problem)
    else:
        assert all(sheet.rows for sheet in sheets)


def test_an_empty_workbook_says_so(tmp_path: Path) -> None:
    assert refused(book.write(tmp_path / "a.xlsx", {"s": book.sheet({})})).code == "file_empty"
