"""Bytes to rows: the encoding, the delimiter and the header of a table that was kept in a spreadsheet."""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from geo import errors
from geo.sources._reading import Note

MAX_BYTES = 300_000_000
MAX_ROWS = 400_000
MAX_FIELD = 20_000
_HEADER_DEPTH = 15
_MOST_HEADER_ROWS = 4
_DAY_HEADING = re.compile(r".*(日|日付|date|_on)|as_of")
_TIME_HEADING = re.compile(r".*((開始|終了|開館|閉館|開所|閉所)(時間|時刻)?|時刻|_time)")


@dataclass(frozen=True)
class Row:
    """One row that is not blank: its number as a spreadsheet shows it, and its cells."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Merged:
    """Cells that a spreadsheet shows as one: rows from 1, columns from 0, ends included."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True)
class Sheet:
    """A file of rows, before anybody knows which row is the header."""

    path: Path
    encoding: str
    rows: tuple[Row, ...]
    blank: int
    name: str = ""
    """Of the sheet, in a workbook."""
    merged: tuple[Merged, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Table:
    """A sheet with its header found."""

    sheet: Sheet
    header: tuple[str, ...]
    header_row: int
    rows: tuple[Row, ...]

    @property
    def file(self) -> str:
        """Name of the user's file."""
        return self.sheet.path.name

    def column(self, names: Iterable[str]) -> int | None:
        """Position of the first of some column names that the header has."""
        return next((self.header.index(name) for name in names if name in self.header), None)


def plain(text: object) -> str:
    """Text as one means it: NFKC (full-width digits, half-width kana), control characters and ends trimmed.

    Examples
    --------
    >>> plain(" １３１０５\\t")
    '13105'
    """
    if text is None or (isinstance(text, float) and math.isnan(text)):
        return ""
    normal = unicodedata.normalize("NFKC", str(text))
    return re.sub(r"[\s\u200b\ufeff]+", " ", normal).strip()


def heading(text: object) -> str:
    """A column name without spaces, case or a stray mark of its encoding."""
    return plain(text).lstrip("?").replace(" ", "").lower()


def number(text: object) -> float | None:
    """A decimal number, thousands separators allowed; None for anything else.

    Examples
    --------
    >>> number("１，２３４"), number("35.6 "), number("X"), number("nan")
    (1234.0, 35.6, None, None)
    """
    digits = plain(text).replace(",", "")
    return float(digits) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", digits) else None


def municipality_code(text: object) -> str | None:
    """The five-digit municipality code in a cell: check digit verified and dropped, a lost zero put back.

    Examples
    --------
    >>> municipality_code("131059"), municipality_code("１３１０５ "), municipality_code(92011)
    ('13105', '13105', '09201')
    >>> municipality_code("131058") is None
    True
    """
    digits = re.sub(r"\.0$", "", plain(text))
    if not re.fullmatch(r"\d{4,6}", digits):
        return None
    if len(digits) == 4:
        return "0" + digits
    if len(digits) == 5:
        # 48 to 98 begin no code of a prefecture, nor does 99, which stands for places that do not exist.
        lost_zero = 47 < int(digits[:2]) < 99 and _check_digit("0" + digits[:4]) == digits[4]
        return "0" + digits[:4] if lost_zero else digits
    return digits[:5] if _check_digit(digits[:5]) == digits[5] else None


def _check_digit(code: str) -> str:
    return str((11 - sum(w * int(d) for w, d in zip((6, 5, 4, 3, 2), code, strict=True)) % 11) % 10)


def day(serial: float) -> str:
    """The date of a spreadsheet's day number, ISO 8601.

    Examples
    --------
    >>> day(46054), day(1), day(60.5)
    ('2026-02-01', '1900-01-01', '1900-02-28')
    """
    whole = math.floor(serial)
    # Spreadsheets believe in a 29 February 1900, their day 60.
    return (date(1899, 12, 31) + timedelta(days=whole - (whole >= 60))).isoformat()


def clock(days: float) -> str:
    """The time of a spreadsheet's share of a day; beyond midnight the hours go on.

    Examples
    --------
    >>> clock(0.70833), clock(0.5), clock(1.25), clock(0.000694)
    ('17:00', '12:00', '30:00', '00:01')
    """
    seconds = round(days * 86_400)
    whole = round(seconds / 60) * 60
    # A share of four digits is some seconds off, and nobody opens three seconds before the hour.
    minutes, rest = divmod(whole if abs(seconds - whole) <= 5 else seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}" + (f":{rest:02d}" if rest else "")


def check(path: Path) -> None:
    """Raise unless a file is there and is not absurdly large."""
    if path.is_dir():
        raise errors.SourceError(
            "file_is_folder",
            "{file} is a folder. Give the files in it that are to be read.",
            file=str(path),
        )
    if path.exists() and not path.is_file():
        raise errors.SourceError(
            "file_special",
            "{file} is a pipe or a device, and no file. Save what it gives as a file.",
            file=str(path),
        )
    if any(unicodedata.category(c) == "Cc" for c in path.name):
        raise errors.SourceError(
            "file_name",
            "The name {file} holds a line break or another character that cannot be seen. Rename the file.",
            file=repr(path.name),
        )
    if not path.is_file():
        raise errors.SourceError(
            "file_missing", "{file} is not there, or is no file. Give the path of a file.", file=str(path)
        )
    if path.stat().st_size > MAX_BYTES:
        raise errors.SourceError(
            "file_too_large",
            "{file} has more than {limit} bytes. Cut it to the municipality first.",
            file=path.name,
            limit=MAX_BYTES,
        )


def raw(path: Path) -> bytes:
    """The bytes of a file that is there, is not empty and is not absurdly large."""
    check(path)
    content = path.read_bytes()
    if not content.strip(b"\0\r\n\t \xef\xbb\xbf"):
        raise errors.SourceError(
            "file_empty", "{file} is empty. Download or export it again.", file=path.name
        )
    return content


def decode(content: bytes, *, file: str) -> tuple[str, str]:
    """Text and its encoding: UTF-8 (any number of marks), UTF-16 with a mark, else CP932, all strict.

    Raises
    ------
    SourceError
        Names the row and byte where the likeliest encoding ends to fit.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _strict(content, "utf-16", file).lstrip("\ufeff"), "utf-16"
    try:
        return content.decode("utf-8").lstrip("\ufeff"), "utf-8"
    except UnicodeDecodeError as problem:
        utf8 = problem
    try:
        text = content.decode("cp932")
    except UnicodeDecodeError as problem:
        nearest = max((utf8, "utf-8"), (problem, "cp932"), key=lambda pair: pair[0].start)
        raise _unreadable(content, nearest[0], nearest[1], file) from None
    if _is_euc(content, text):
        raise errors.SourceError(
            "encoding_euc",
            "{file} seems to be in EUC-JP, which is not read. Save it as UTF-8 and import it again.",
            file=file,
        )
    return text, "cp932"


def _strict(content: bytes, encoding: str, file: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as problem:
        raise _unreadable(content, problem, encoding, file) from None


def _unreadable(content: bytes, problem: UnicodeDecodeError, encoding: str, file: str) -> errors.SourceError:
    return errors.SourceError(
        "encoding_unknown",
        "{file} is neither UTF-8 nor CP932 (Shift_JIS) throughout: as {encoding} it breaks in row {row} "
        "at byte {position} ({byte}). Save it again as UTF-8.",
        file=file,
        encoding=encoding,
        row=content.count(b"\n", 0, problem.start) + 1,
        position=problem.start,
        byte=f"0x{content[problem.start]:02x}",
    )


def _is_euc(content: bytes, as_cp932: str) -> bool:
    # EUC-JP read as CP932 comes out as half-width kana, which no list is written in throughout.
    half = sum("\uff61" <= c <= "\uff9f" for c in as_cp932)
    if half * 3 < sum(c > "\x7f" for c in as_cp932):
        return False
    try:
        content.decode("euc_jp")
    except UnicodeDecodeError:
        return False
    return True


def read(path: Path) -> Sheet:
    """The rows of a CSV, TSV or semicolon-separated file; blank rows are counted, not kept."""
    content = raw(path)
    text, encoding = decode(content, file=path.name)
    if "\0" in text:
        raise errors.SourceError(
            "file_binary",
            "{file} is not a table of text. Save the sheet as CSV and import that.",
            file=path.name,
        )
    rows: list[Row] = []
    blank = 0
    try:
        for index, cells in enumerate(_records(text), 1):
            if any(cell.strip() for cell in cells):
                rows.append(row(path, index, cells, count=index))
            else:
                blank += 1
    except csv.Error as problem:
        raise errors.SourceError(
            "table_broken",
            "{file} cannot be read as a table: {problem}. Save the sheet again as CSV.",
            file=path.name,
            problem=str(problem),
        ) from None
    return Sheet(path, encoding, tuple(rows), blank)


def of_records(path: Path, records: Sequence[Mapping[str, object]], encoding: str) -> Sheet:
    """The rows of a JSON list of flat objects, numbered as they stand in it; the names are row 0.

    Examples
    --------
    >>> sheet = of_records(Path("a.json"), [{"name": "A", "lat": 35.7}, {"name": "B", "open": True}], "utf-8")
    >>> [row.cells for row in sheet.rows]
    [('name', 'lat', 'open'), ('A', '35.7', ''), ('B', '', 'TRUE')]
    """
    names = list(dict.fromkeys(name for record in records for name in record))
    rows = [
        row(path, number, [_of_json(record.get(name)) for name in names], count=number)
        for number, record in enumerate(records, 1)
    ]
    filled = [r for r in rows if any(cell.strip() for cell in r.cells)]
    return Sheet(path, encoding, (Row(0, tuple(names)), *filled), len(rows) - len(filled))


def _of_json(value: object) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return "" if value is None else str(value)


def row(path: Path, index: int, cells: Sequence[str], *, count: int) -> Row:
    """A row, unless it is one too many or a cell of it is too long for any list."""
    if count > MAX_ROWS or any(len(cell) > MAX_FIELD for cell in cells):
        raise errors.DataError(
            "table_too_large",
            "{file} has more than {rows} rows, or a cell of more than {chars} characters (row {row}); "
            "a quotation mark may be missing there.",
            file=path.name,
            rows=MAX_ROWS,
            chars=MAX_FIELD,
            row=index,
        )
    return Row(index, tuple(cells))


def _records(text: str) -> Iterator[list[str]]:
    return iter(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))


def _delimiter(text: str) -> str:
    lines = [line for line in text.splitlines()[: _HEADER_DEPTH * 2] if line.strip()]
    return max(",\t;", key=lambda mark: sum(line.count(mark) for line in lines))


def with_header(sheet: Sheet, is_known: Callable[[str], bool], *, at_least: int = 2) -> Table | None:
    """The table under the row, or the merged rows, near the top with most of the known column names.

    Day numbers below a heading of days, and shares of a day below one of times, become dates and times, as the
    spreadsheet would show them. Cells merged over several rows count in each of them.

    Parameters
    ----------
    sheet : Sheet
    is_known : callable
        Whether a :func:`heading` is one that the reader understands.
    at_least : int
        Known names that a header must have.

    Returns
    -------
    table : Table or None
        None when no row near the top is such a header.
    """
    found = [
        (position, depth, _header(sheet, position, depth, is_known))
        for position in range(min(_HEADER_DEPTH, len(sheet.rows)))
        for depth in _depths(sheet, position)
    ]
    scores = [len({name for name in header if is_known(name)}) for _, _, header in found]
    if not scores or max(scores) < at_least:
        return None
    # Of equals the flattest: a title over a header adds nothing to it.
    best = min(range(len(found)), key=lambda i: (-scores[i], found[i][1], i))
    position, depth, header = found[best]
    rows = _filled(sheet, position + depth)
    return Table(sheet, header, sheet.rows[position + depth - 1].number, _as_shown(header, rows))


def _depths(sheet: Sheet, position: int) -> list[int]:
    """How many rows a header may have that begins here, by the cells that are merged in its first row."""
    first = sheet.rows[position].number
    here = [m for m in sheet.merged if m.top == first]
    deep = max((m.bottom for m in here), default=first) - first + 1
    depths = [deep] if deep > 1 else [1, 2] if here else [1]
    # Rows of a header follow one another; what is left blank between them is none.
    return [
        depth
        for depth in depths
        if depth <= _MOST_HEADER_ROWS
        and position + depth <= len(sheet.rows)
        and sheet.rows[position + depth - 1].number == first + depth - 1
    ]


def _header(sheet: Sheet, position: int, depth: int, is_known: Callable[[str], bool]) -> tuple[str, ...]:
    rows = sheet.rows[position : position + depth]
    if depth == 1:
        return tuple(heading(cell) for cell in rows[0].cells)
    over = {
        (number, column): (m.top, m.left)
        for m in sheet.merged
        if rows[0].number <= m.top <= rows[-1].number
        for number in range(m.top, min(m.bottom, rows[-1].number) + 1)
        for column in range(m.left, m.right + 1)
    }
    cells = {(r.number, c): heading(text) for r in rows for c, text in enumerate(r.cells)}
    width = max((column for _, column in [*cells, *over]), default=-1) + 1
    names = []
    for column in range(width):
        parts = [cells.get(over.get((r.number, column), (r.number, column)), "") for r in rows]
        names.append(_joined([part for part in dict.fromkeys(parts) if part], is_known))
    return tuple(names)


def _joined(parts: Sequence[str], is_known: Callable[[str], bool]) -> str:
    """One name of the parts that stand above one another: the fullest that is known."""
    tries = ["_".join(parts), "".join(parts), *reversed(parts)]
    return next((name for name in tries if is_known(name)), tries[0])


def _filled(sheet: Sheet, start: int) -> tuple[Row, ...]:
    rows = sheet.rows[start:]
    down = [m for m in sheet.merged if rows and m.bottom > m.top >= rows[0].number]
    if not down:
        return rows
    by_number: Mapping[int, Row] = {r.number: r for r in rows}
    changed: dict[int, dict[int, str]] = {}
    for merged in down:
        above = by_number.get(merged.top)
        text = above.cells[merged.left] if above and merged.left < len(above.cells) else ""
        # Bounded by the rows that are there: a merged column may reach to the end of all sheets.
        for number in range(merged.top + 1, min(merged.bottom, rows[-1].number) + 1) if text else ():
            changed.setdefault(number, {})[merged.left] = text
    return tuple(_with_cells(r, changed[r.number]) if r.number in changed else r for r in rows)


def _with_cells(before: Row, changed: Mapping[int, str]) -> Row:
    cells = list(before.cells) + [""] * (max(changed) + 1 - len(before.cells))
    for column, text in changed.items():
        cells[column] = text
    return Row(before.number, tuple(cells))


def _as_shown(header: Sequence[str], rows: tuple[Row, ...]) -> tuple[Row, ...]:
    show = {i: _day_shown for i, name in enumerate(header) if _DAY_HEADING.fullmatch(name)}
    show |= {i: _time_shown for i, name in enumerate(header) if _TIME_HEADING.fullmatch(name)}
    if not show:
        return rows
    return tuple(
        Row(r.number, tuple(show[i](cell) if i in show else cell for i, cell in enumerate(r.cells)))
        for r in rows
    )


def _day_shown(cell: str) -> str:
    return day(int(float(cell))) if re.fullmatch(r"[2-7]\d{4}(\.0)?", cell) else cell


def _time_shown(cell: str) -> str:
    return clock(float(cell)) if re.fullmatch(r"0?\.\d{2,}", cell) else cell


def listed(names: Iterable[object], *, most: int = 10) -> str:
    """Some names for a sentence, in order, with dots where there are more."""
    shown = [str(name) for name in names]
    return ", ".join(shown[:most]) + (", …" if len(shown) > most else "") if shown else "-"
