"""Excel workbooks (.xlsx): the cells as a person sees them, row by row, with the row numbers of Excel.

Read by own code, since what breaks in town halls is what libraries leave out: the Japanese built-in date formats
(27 to 36, 50 to 58), weekdays shown by a format, error cells, merged headers, one stray cell at the far end of a
sheet. Formulas count by the value that Excel kept; nothing is computed, linked or run.

References
----------
.. [1] ISO/IEC 29500-1 (Office Open XML), 18.3 worksheets, 18.4 shared strings, 18.8.30 number formats.
"""

from __future__ import annotations

import functools
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath

from geo import errors
from geo.sources import _archive, _tables, _xml
from geo.sources._reading import Note

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Of .xls, and of workbooks under a password."""

MAX_BYTES = 200_000_000
MAX_COLUMNS = 16_384
_MAX_MERGED = 50_000
_NOTES = 20
_DATES = {*range(14, 18), 22, *range(27, 37), *range(50, 59)}
_TIMES = {18, 19, 20, 21, 22, 32, 33, 45, 46, 47, 55, 56}
_ONLY_TIMES = _TIMES - {22}
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d{1,3})?")
_WEEKDAYS = "月火水木金土日"
_FOREIGN = {"ppt/presentation.xml": "PowerPoint", "word/document.xml": "Word", "xl/workbook.bin": ".xlsb"}


def looks_like(path: Path) -> bool:
    """Whether a file is an office document of any kind, the old ones too."""
    with path.open("rb") as stream:
        head = stream.read(8)
    return head == OLE_MAGIC or _archive.is_document(path)


def read(path: Path) -> list[_tables.Sheet]:
    """The sheets of a workbook that have rows: those in sight first, else in the order of the workbook.

    Raises
    ------
    SourceError
        Broken, larger than any list, with macros, or an older or another format.
    DataError
        A sheet with too many rows, or a cell with too much text.
    """
    _tables.raw(path)
    if not zipfile.is_zipfile(path):
        raise _other(path, ".xls")
    try:
        with zipfile.ZipFile(path) as archive:
            _archive.checked(path, archive, max_bytes=MAX_BYTES)
            _check_kind(path, archive)
            return _sheets(path, archive)
    except (
        zipfile.BadZipFile, zlib.error, EOFError, OSError, LookupError, ValueError, RuntimeError,
    ) as problem:  # fmt: skip
        if isinstance(problem, errors.AtlasError):
            raise
        raise errors.SourceError(
            "excel_broken",
            "{file} cannot be read as an Excel workbook ({problem}). Open it in Excel and save it again as .xlsx.",
            file=path.name,
            problem=str(problem)[:120],
        ) from None


def _check_kind(path: Path, archive: zipfile.ZipFile) -> None:
    names = set(archive.namelist())
    if any(PurePosixPath(name).name == "vbaProject.bin" for name in names):
        raise _other(path, ".xlsm")
    if "content.xml" in names and "mimetype" in names:
        raise _other(path, ".ods")
    for name, what in _FOREIGN.items():
        if name in names:
            raise _other(path, what)


def _other(path: Path, what: str) -> errors.SourceError:
    return errors.SourceError(
        "spreadsheet",
        "{file} is of a kind that is not read ({what}, or with a password). Open it and save it as .xlsx without "
        "macros and password, or its sheet as CSV (UTF-8).",
        file=path.name,
        what=what,
    )


# -- the parts of a workbook --------------------------------------------------------------------------------


@dataclass
class _Collected:
    """Elements by their name, with their attributes and text; for the small parts."""

    found: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.found.append((tag, attributes))

    def end(self, tag: str) -> None:
        pass

    def data(self, text: str) -> None:
        pass


def _sheets(path: Path, archive: zipfile.ZipFile) -> list[_tables.Sheet]:
    main = _main(path, archive)
    parts = _relations(path, archive, main)
    elements = _small(path, archive, main)
    base = any(tag == "workbookPr" and a.get("date1904") in ("1", "true") for tag, a in elements)
    texts = _shared(path, archive, parts.get("sharedStrings", []))
    formats = _formats(path, archive, parts.get("styles", []))
    show = functools.partial(_shown, since_1904=base)
    by_id = dict(parts["id"])
    found = []
    for attributes in (a for tag, a in elements if tag == "sheet"):
        part = by_id.get(attributes.get("id", ""))
        if part not in archive.namelist() or PurePosixPath(part or "").parent.name != "worksheets":
            continue
        reader = _Rows(path, texts, formats, show)
        with archive.open(part or "") as stream:
            _xml.parse(stream, reader, file=path.name)
        sheet = reader.sheet(attributes.get("name", ""))
        if sheet.rows:
            found.append((attributes.get("state", "visible") != "visible", sheet))
    if not found:
        raise errors.SourceError(
            "file_empty", "{file} is empty. Download or export it again.", file=path.name
        )
    return [sheet for _, sheet in sorted(found, key=lambda pair: pair[0])]


def _main(path: Path, archive: zipfile.ZipFile) -> str:
    for target in _relations(path, archive, "").get("officeDocument", []):
        return target[1]
    return "xl/workbook.xml"


def _relations(path: Path, archive: zipfile.ZipFile, part: str) -> dict[str, list[tuple[str, str]]]:
    """Targets of a part by the last word of their type; under ``id`` all of them."""
    folder = PurePosixPath(part).parent
    found: dict[str, list[tuple[str, str]]] = {"id": []}
    for tag, attributes in _small(path, archive, str(folder / "_rels" / f"{PurePosixPath(part).name}.rels")):
        if tag != "Relationship" or attributes.get("TargetMode") == "External":
            continue
        target = attributes.get("Target", "")
        name = target.lstrip("/") if target.startswith("/") else str(folder / target)
        pair = (attributes.get("Id", ""), name)
        found["id"].append(pair)
        found.setdefault(attributes.get("Type", "").rpartition("/")[2], []).append(pair)
    return found


def _small(path: Path, archive: zipfile.ZipFile, part: str) -> list[tuple[str, dict[str, str]]]:
    if part not in archive.namelist():
        return []
    collected = _Collected()
    with archive.open(part) as stream:
        _xml.parse(stream, collected, file=path.name)
    return collected.found


@dataclass
class _Strings:
    """Shared strings, without the reading aids (furigana) that stand beside them."""

    texts: list[str] = field(default_factory=list)
    _pieces: list[str] = field(default_factory=list)
    _in_text: bool = False
    _in_furigana: bool = False

    def start(self, tag: str, _: dict[str, str]) -> None:
        if tag == "si":
            self._pieces = []
        elif tag == "rPh":
            self._in_furigana = True
        self._in_text = tag == "t" and not self._in_furigana

    def end(self, tag: str) -> None:
        self._in_text = False
        if tag == "rPh":
            self._in_furigana = False
        elif tag == "si":
            self.texts.append("".join(self._pieces))

    def data(self, text: str) -> None:
        if self._in_text:
            self._pieces.append(text)


def _shared(path: Path, archive: zipfile.ZipFile, parts: Sequence[tuple[str, str]]) -> list[str]:
    strings = _Strings()
    for _, part in parts[:1]:
        with archive.open(part) as stream:
            _xml.parse(stream, strings, file=path.name)
    return strings.texts


# -- number formats -----------------------------------------------------------------------------------------


def _formats(path: Path, archive: zipfile.ZipFile, parts: Sequence[tuple[str, str]]) -> list[str]:
    """How the cells of each style are shown: ``date``, ``time``, ``both``, ``elapsed``, ``weekday``, ``0…``."""
    elements = [e for _, part in parts[:1] for e in _small(path, archive, part)]
    own = {
        int(a["numFmtId"]): a.get("formatCode", "")
        for tag, a in elements
        if tag == "numFmt" and a.get("numFmtId", "").isdigit()
    }
    inside, shown = False, []
    for tag, attributes in elements:
        if tag in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            inside = tag == "cellXfs"
        elif tag == "xf" and inside:
            number = int(attributes.get("numFmtId") or 0)
            shown.append(_kind(own[number]) if number in own else _builtin(number))
    return shown


def _builtin(number: int) -> str:
    if number in _ONLY_TIMES:
        return "elapsed" if number == 46 else "time"
    return "both" if number == 22 else "date" if number in _DATES else ""


def _kind(code: str) -> str:
    """What a format code shows.

    Examples
    --------
    >>> [_kind(code) for code in ("yyyy/m/d", "h:mm", "[h]:mm", "aaaa", "00000", "General", "0.00E+00", '0"m"')]
    ['date', 'time', 'elapsed', 'weekday', '00000', '', '', '']
    """
    elapsed = re.search(r"\[(h+|m+|s+)\]", code, re.IGNORECASE)
    bare = re.sub(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]', "", code.split(";")[0]).lower()
    if elapsed:
        return "elapsed"
    if re.fullmatch(r"0{2,}", bare):
        return bare
    if "general" in bare or re.search(r"[0#?]", bare.replace("ss.0", "")):
        return ""
    if re.fullmatch(r"\W*a{3,4}\W*", bare):
        return "weekday"
    clock = re.search(r"[hs]", bare)
    day = re.search(r"[ydge]", bare) or (re.search(r"m", bare) and not clock)
    return ("both" if day else "time") if clock else "date" if day else ""


def _shown(value: float, kind: str, *, since_1904: bool) -> str:
    """A number as its format shows it.

    Examples
    --------
    >>> [_shown(v, k, since_1904=False) for v, k in ((46054.0, "date"), (0.70833, "time"), (1.25, "elapsed"))]
    ['2026-02-01', '17:00', '30:00']
    """
    whole = value.is_integer() and abs(value) < 1e15
    if kind.startswith("0"):
        return str(int(value)).zfill(len(kind)) if whole and value >= 0 else _plain(value)
    if not kind or not 0 <= value < 2_958_466:  # the year 10000
        return _plain(value)
    if kind == "elapsed":
        return _tables.clock(value)
    if kind == "time":
        return _tables.clock(value % 1)
    day = _tables.day(value + (1462 if since_1904 else 0))
    if kind == "weekday":
        return _WEEKDAYS[date.fromisoformat(day).weekday()]
    return f"{day} {_tables.clock(value % 1)}" if kind == "both" else day


def _plain(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


# -- rows ---------------------------------------------------------------------------------------------------


class _Rows:
    """The rows of one sheet, as they come."""

    def __init__(
        self, path: Path, texts: Sequence[str], formats: Sequence[str], show: Callable[[float, str], str]
    ) -> None:
        self.path, self.texts, self.formats, self.show = path, texts, formats, show
        self.rows: list[_tables.Row] = []
        self.blank = 0
        self.merged: list[_tables.Merged] = []
        self.errors: list[tuple[int, int, str]] = []
        self.unsaved: list[tuple[int, int]] = []
        self._row, self._column = 0, -1
        self._cells: dict[int, str] = {}
        self._type, self._style, self._text = "n", 0, ""
        self._reading = self._furigana = self._formula = self._valued = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "row":
            self._row = _whole(attributes.get("r"), self._row + 1)
            self._column, self._cells = -1, {}
        elif tag == "c":
            self._column = _column(attributes.get("r", "")) or self._column + 1
            self._type, self._style = attributes.get("t", "n"), _whole(attributes.get("s"), 0)
            self._text, self._formula, self._valued = "", False, False
        elif tag == "f":
            self._formula = True
        elif tag == "rPh":
            self._furigana = True
        elif tag == "mergeCell":
            self._merge(attributes.get("ref", ""))
        self._reading = tag in ("v", "t") and not self._furigana
        self._valued |= self._reading

    def data(self, text: str) -> None:
        if self._reading:
            self._text += text

    def end(self, tag: str) -> None:
        self._reading = False
        if tag == "rPh":
            self._furigana = False
        elif tag == "c":
            self._cell()
        elif tag == "row":
            self._end_row()

    def _cell(self) -> None:
        if not 0 <= self._column < MAX_COLUMNS:
            return
        if self._type == "e":
            self.errors.append((self._row, self._column, self._text))
        elif self._formula and not self._valued:
            self.unsaved.append((self._row, self._column))
        elif text := self._value():
            self._cells[self._column] = text

    def _value(self) -> str:
        if self._type == "s":
            at = _whole(self._text, -1)
            return self.texts[at] if 0 <= at < len(self.texts) else ""
        if self._type == "b":
            return "TRUE" if self._text == "1" else "FALSE"
        if self._type != "n" or not _NUMBER.fullmatch(self._text):
            return self._text
        number = float(self._text)
        return self.show(number, self.formats[self._style] if 0 <= self._style < len(self.formats) else "")

    def _end_row(self) -> None:
        if any(text.strip() for text in self._cells.values()):
            cells = [self._cells.get(i, "") for i in range(max(self._cells) + 1)]
            self.rows.append(_tables.row(self.path, self._row, cells, count=len(self.rows) + 1))
        else:
            self.blank += 1

    def _merge(self, ref: str) -> None:
        corner = re.fullmatch(r"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})", ref)
        if corner and len(self.merged) < _MAX_MERGED:
            left, top, right, bottom = corner.groups()
            columns = _column(left) or 0, _column(right) or 0
            self.merged.append(_tables.Merged(int(top), int(bottom), *columns))

    def sheet(self, name: str) -> _tables.Sheet:
        notes = [
            *_some(self.errors, _error, "excel_errors_more"),
            *_some([(*at, "") for at in self.unsaved], _unsaved, "excel_unsaved_more"),
        ]
        last = self.rows[-1].number if self.rows else 0
        first = self.rows[0].number if self.rows else 0
        within = max(0, last - first + 1 - len(self.rows))
        return _tables.Sheet(
            self.path,
            "xlsx",
            tuple(sorted(self.rows, key=lambda row: row.number)),
            max(within, self.blank),
            name=name,
            merged=tuple(self.merged),
            notes=tuple(notes),
        )


def _some(
    cells: Sequence[tuple[int, int, str]], note: Callable[[int, str, str], Note], more: str
) -> list[Note]:
    notes = [note(row, f"{_letters(column)}{row}", text) for row, column, text in cells[:_NOTES]]
    if len(cells) > _NOTES:
        notes.append(_MORE[more](len(cells) - _NOTES))
    return notes


def _error(row: int, cell: str, text: str) -> Note:
    values = {"row": row, "cell": cell, "value": text}
    return Note(
        "unknown",
        "excel_error",
        "Cell {cell} (row {row}) holds an error of the spreadsheet ({value}) and counts as unknown.",
        row,
        values,
    )


def _unsaved(row: int, cell: str, _: str) -> Note:
    return Note(
        "unknown",
        "excel_unsaved",
        "Cell {cell} (row {row}) holds a formula without its result and counts as unknown. Open the file in Excel "
        "and save it.",
        row,
        {"row": row, "cell": cell},
    )


_MORE: Mapping[str, Callable[[int], Note]] = {
    "excel_errors_more": lambda n: Note(
        "unknown",
        "excel_errors_more",
        "{n} more cells hold errors of the spreadsheet and count as unknown.",
        values={"n": n},
    ),
    "excel_unsaved_more": lambda n: Note(
        "unknown",
        "excel_unsaved_more",
        "{n} more cells hold formulas without their results and count as unknown.",
        values={"n": n},
    ),
}


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def _column(ref: str) -> int | None:
    """Position of the column of a cell reference, from 0: AA7 → 26."""
    letters = re.match(r"[A-Z]{1,3}", ref)
    if letters is None:
        return None
    return functools.reduce(lambda n, c: n * 26 + ord(c) - 64, letters.group(), 0) - 1


def _letters(column: int) -> str:
    name, rest = "", column + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        name = chr(65 + digit) + name
    return name
