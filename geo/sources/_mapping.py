"""Which column is which, of a table that follows no standard: by its name, else by what stands in it.

The guess is shown, can be corrected (``--map name=施設名``) and is saved in the project for the next file with the
same header. Where two columns could be meant nothing is guessed. Columns that point to a person are never
candidates for anything.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from geo import errors
from geo.sources import _points, _tables
from geo.sources._reading import Note, Reading

FILE = "layouts.toml"
"""Beside ``study.toml``: the layouts that were told or guessed, by the fingerprint of their header."""

_PERSONAL = re.compile(
    r"電話|tel|携帯|fax|ファックス|メール|mail|担当|氏名|代表者|責任者|管理者|連絡先|問い?合わ?せ|方書|生年|世帯主|所有者"
)
_TOKYO = re.compile(r"日本測地|旧測地|東京測地|tokyo|tky")
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("latitude", r"緯度|^lat"),
    ("longitude", r"経度|^(lon|lng)"),
    ("address", r"住所|所在地|開催場所$|会場住所"),
    (
        "opening",
        r"(開催|活動|開所|開館|営業|利用可能|実施)(日|曜|時|頻度)|(開催|活動|営業|開館)(日時|時間)|日程",
    ),
    ("capacity", r"定員|収容人数|席数"),
    ("targets", r"対象"),
    ("kind", r"種別|種類|区分|分類|カテゴリ"),
    ("operator", r"運営|主催|実施主体|実施団体"),
    ("status", r"状況|状態"),
    ("verified", r"確認日|更新日|基準日|時点"),
)
OFFERS: tuple[tuple[str, str], ...] = (
    (
        "step_free",
        r"^(?!.*(トイレ|便所|駐車|貸)).*(段差(が)?(なし|無し|ない|解消)|バリアフリー|スロープ|車[いイ椅])",
    ),
    ("fee", r"参加費|参加料|利用料|料金|会費|^費用"),
    ("languages", r"言語|外国語"),
    ("functions", r"機能|(活動|実施|支援)(の)?内容"),
)
"""What a place offers and asks, for which even a list with the usual names has columns of its own."""
_NAME = re.compile(
    r"名称|施設名|事業所名|拠点名|会場名|場所名|居場所|サロン|教室名|店名|会の名|^名前|name|名$"
)
_NO_NAME = re.compile(
    r"カナ|かな|よみ|ヨミ|読み|英|フリガナ|ふりがな|kana|市区町村|都道府県|町名|学区|校区|法人|画像|url|file|ファイル"
)
_ADDRESS = re.compile(r"([都道府県市区郡町村].*\d)|丁目|番地")
_OPENING = re.compile(
    r"[月火水木金土日]曜|毎[週月日]|第 ?[1-5一二三四五]|平日|隔週|年中無休|[月火水木金土日][・、~][月火水木金土日]"
)


@dataclass(frozen=True)
class Guess:
    """What the columns of a table seem to be."""

    columns: Mapping[str, str]
    """Field → column."""
    doubtful: Mapping[str, tuple[str, ...]]
    """Field → columns of which each could be it."""


def fingerprint(header: Iterable[str]) -> str:
    """A short name for the columns of a table, whatever their order.

    Examples
    --------
    >>> fingerprint(["name", "lat"]) == fingerprint(["lat", "name", ""])
    True
    """
    names = sorted({name for name in header if name})
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


def header_of(sheet: _tables.Sheet) -> _tables.Table | None:
    """The table under the first row that looks like a header: several different words, and as wide as the rest."""
    top = sheet.rows[:15]
    width = max((sum(bool(c.strip()) for c in row.cells) for row in sheet.rows[:60]), default=0)
    for at, row in enumerate(top):
        names = [name for cell in row.cells if (name := _tables.heading(cell))]
        words = [name for name in names if _tables.number(name) is None]
        if len(set(words)) >= max(2, 0.6 * width) and len(words) == len(names):
            header = tuple(_tables.heading(cell) for cell in row.cells)
            return _tables.Table(sheet, header, row.number, sheet.rows[at + 1 :])
    return None


Patterns = Sequence[tuple[str, str]]


def guess(table: _tables.Table, known: Mapping[str, str], *, patterns: Patterns = _PATTERNS) -> Guess:
    """The fields that a table seems to have beside those that are known.

    Parameters
    ----------
    table : Table
    known : mapping
        Field → column, by its usual names or as told.
    patterns : sequence of (str, str)
        Fields, and what the names of their columns look like; those of places unless told.
    """
    columns = dict(known)
    doubtful: dict[str, tuple[str, ...]] = {}
    free = [name for name in dict.fromkeys(table.header) if name and not _PERSONAL.search(name)]
    for field, pattern in patterns:
        if field not in columns:
            _choose(field, [n for n in free if re.search(pattern, n)], columns, doubtful)
    contents = {name: _content(table, name) for name in free if name not in columns.values()}
    wanted = {field for field, _ in patterns}
    for field, fits in _CONTENTS:
        if field in wanted and field not in columns and field not in doubtful:
            named = [n for n, cells in contents.items() if n not in columns.values() and _mostly(cells, fits)]
            _choose(field, named, columns, doubtful)
    if "name" not in columns and patterns is _PATTERNS:
        _choose("name", _names(contents, columns), columns, doubtful)
    return Guess(columns, doubtful)


def _choose(
    field: str, names: Sequence[str], columns: dict[str, str], doubtful: dict[str, tuple[str, ...]]
) -> None:
    names = [name for name in names if name not in columns.values()]
    # Where a list gives both datums, the world's is meant.
    names = [name for name in names if not _TOKYO.search(name)] or names
    if len(names) == 1:
        columns[field] = names[0]
    elif names:
        doubtful[field] = tuple(names)


def _content(table: _tables.Table, name: str) -> list[str]:
    at = table.header.index(name)
    return [_tables.plain(row.cells[at]) if at < len(row.cells) else "" for row in table.rows[:300]]


def _mostly(cells: Sequence[str], fits: Callable[[str], bool], share: float = 0.8) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and sum(map(fits, filled)) >= share * len(filled)


def _between(low: float, high: float) -> Callable[[str], bool]:
    def fits(cell: str) -> bool:
        value = _points.degrees(cell)
        # Whole numbers are seats, ages or years.
        return value is not None and low <= value <= high and value != int(value)

    return fits


_CONTENTS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("latitude", _between(20, 46)),
    ("longitude", _between(122, 154)),
    ("address", lambda cell: bool(_ADDRESS.search(cell)) and not _OPENING.search(cell)),
    ("opening", lambda cell: bool(_OPENING.search(cell))),
)


def _names(contents: Mapping[str, list[str]], columns: Mapping[str, str]) -> list[str]:
    """Columns that could hold the names of places: words, hardly any of them twice."""
    taken = set(columns.values())
    fitting = [
        name
        for name, cells in contents.items()
        if name not in taken and not _NO_NAME.search(name) and _are_names(cells)
    ]
    return [name for name in fitting if _NAME.search(name)] or fitting


def _are_names(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    words = [
        c for c in filled if 2 <= len(c) <= 60 and re.search(r"[^\W\d_]{2}", c) and not c.startswith("http")
    ]
    return (
        len(filled) >= 0.6 * len(cells)
        and len(words) >= 0.8 * len(filled)
        and len(set(filled)) > 0.7 * len(filled)
    )


# -- told and saved -----------------------------------------------------------------------------------------


def told(table: _tables.Table, mapping: Mapping[str, str], fields: Iterable[str]) -> dict[str, str]:
    """A mapping that the user told, as the table writes its columns.

    Raises
    ------
    DataError
        A field that is none, or a column that the table does not have.
    """
    columns = {}
    for field, name in mapping.items():
        if field not in fields:
            raise errors.DataError(
                "mapping_field",
                "{field} is no field of a place. Fields are: {fields}.",
                field=field,
                fields=", ".join(fields),
            )
        column = _tables.heading(name)
        if column not in table.header and not (field == "zone" and _tables.number(name)):
            raise errors.DataError(
                "mapping_column",
                "{file} has no column {column} for {field}. Its columns are: {columns}.",
                file=table.file,
                column=name,
                field=field,
                columns=_tables.listed([n for n in table.header if n], most=60),
            )
        columns[field] = column
    return columns


def doubt(table: _tables.Table, found: Guess, fields: Sequence[str]) -> errors.DataError:
    """The error for a table whose columns are not clear: what was understood, and how to say it."""
    unclear = {field: found.doubtful[field] for field in fields if field in found.doubtful}
    example = " ".join(f"--map {field}={names[0]}" for field, names in unclear.items())
    return errors.DataError(
        "mapping_ambiguous",
        "In {file} it is not clear which column is which: {doubtful}. Understood: {columns}. Import it again and "
        "say which, for example {example}",
        file=table.file,
        doubtful="; ".join(f"{field} = {' / '.join(names)}?" for field, names in unclear.items()),
        columns=shown(found.columns),
        example=example,
    )


def shown(columns: Mapping[str, str]) -> str:
    """A mapping for a sentence: ``name=施設名, latitude=緯度``."""
    return ", ".join(f"{field}={name}" for field, name in columns.items()) or "-"


def notes(mapping: Mapping[str, str], guessed: Mapping[str, str]) -> list[Note]:
    """How the columns of a table were understood, for the user to see and correct."""
    found = []
    if mapping:
        found.append(
            Note(
                "info",
                "places_columns_told",
                "Columns were taken as told: {columns}.",
                values={"columns": shown(mapping)},
            )
        )
    if guessed:
        found.append(
            Note(
                "info",
                "places_columns_guessed",
                "Columns were guessed by their names and content: {columns}. Where that is wrong, import the file "
                "again with --map FIELD=COLUMN.",
                values={"columns": shown(guessed)},
            )
        )
    return found


def is_tokyo(column: str) -> bool:
    """Whether a column's name says that its degrees are of the old Tokyo datum."""
    return bool(_TOKYO.search(column))


def load(folder: Path) -> dict[str, dict[str, str]]:
    """The layouts saved in a project: fingerprint → field → column; none when there is no file.

    Raises
    ------
    DataError
        The file was edited into something else.
    """
    return {key: layout["columns"] for key, layout in _saved(folder).items()}


def save(folder: Path, readings: Iterable[Reading]) -> None:
    """Add the layouts of what was read to those of a project, in one step."""
    before = _saved(folder)
    found = [(reading.file, reading.layout) for reading in readings if reading.layout]
    new = {one.fingerprint: {"file": file, "columns": dict(one.columns)} for file, one in found}
    after = {**before, **new}
    if after == before:
        return
    path = folder / FILE
    fresh = path.with_name(f".{FILE}.part")
    fresh.write_text(tomli_w.dumps(dict(sorted(after.items()))), encoding="utf-8")
    fresh.replace(path)


def _saved(folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        saved = tomllib.loads(path.read_text(encoding="utf-8"))
        columns = [column for layout in saved.values() for column in layout["columns"].values()]
        if not all(isinstance(column, str) for column in columns):
            raise TypeError(FILE)
    except (
        OSError,
        UnicodeDecodeError,
        tomllib.TOMLDecodeError,
        TypeError,
        KeyError,
        AttributeError,
    ) as problem:
        raise errors.DataError(
            "layouts_unreadable",
            "{file} cannot be read ({problem}). Mend it, or delete it: the columns are then asked again.",
            file=str(path),
            problem=type(problem).__name__,
        ) from None
    return saved
