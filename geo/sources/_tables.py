"""Bytes to rows: the encoding, the delimiter and the header of a table that was kept in a spreadsheet."""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from geo import errors

MAX_BYTES = 300_000_000
MAX_ROWS = 400_000
MAX_FIELD = 20_000
_HEADER_DEPTH = 15


@dataclass(frozen=True)
class Row:
    """One row that is not blank: its number as a spreadsheet shows it, and its cells."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A file of rows, before anybody knows which row is the header."""

    path: Path
    encoding: str
    rows: tuple[Row, ...]
    blank: int


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


def raw(path: Path) -> bytes:
    """The bytes of a file that is there, is not empty and is not absurdly large."""
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
                rows.append(_row(path, index, cells))
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


def _row(path: Path, index: int, cells: Sequence[str]) -> Row:
    if index > MAX_ROWS or any(len(cell) > MAX_FIELD for cell in cells):
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
    """The table under the first row near the top that has most of the known column names.

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
    top = sheet.rows[:_HEADER_DEPTH]
    scores = [len({heading(cell) for cell in row.cells if is_known(heading(cell))}) for row in top]
    if not scores or max(scores) < at_least:
        return None
    position = scores.index(max(scores))
    header = tuple(heading(cell) for cell in top[position].cells)
    return Table(sheet, header, top[position].number, sheet.rows[position + 1 :])


def listed(names: Iterable[object], *, most: int = 10) -> str:
    """Some names for a sentence, in order, with dots where there are more."""
    shown = [str(name) for name in names]
    return ", ".join(shown[:most]) + (", …" if len(shown) > most else "") if shown else "-"
