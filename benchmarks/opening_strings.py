"""How many of the opening words of real lists are understood: every distinct string, and every distinct row.

    python benchmarks/opening_strings.py FOLDER_OF_REAL_DATA [FOLDER_OF_THE_SAMPLE]

A string is understood when nothing in it was left unread; 「不定期」 is understood, though nothing is known then.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from geo import schedule

DAYS, START, END = "開催曜日", "開催開始時間", "開催終了時間"
FIELDS = ("開催頻度", DAYS, "開催日", START, END, "開催日時特記事項")
WORDS = "開催日時"
KINDS = ("workdays", "saturdays", "sundays", "holidays", "note")
WAM = (
    "定休日",
    *(f"利用可能な時間帯（{kind}）" for kind in ("平日", "土曜", "日曜", "祝日")),
    "利用可能曜日特記事項（留意事項）",
)


def table(path: Path) -> Iterator[dict[str, str]]:
    """Rows of a list, whatever its encoding and however many byte order marks it has."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("cp932")
    for row in csv.DictReader(io.StringIO(text.lstrip("\ufeff?"), newline="")):
        yield {key: (value or "").strip() for key, value in row.items() if isinstance(key, str)}


def cafeterias(folder: Path) -> list[tuple[str, ...]]:
    """Distinct combinations of the six columns of opening hours."""
    rows = {
        tuple(row.get(name, "") for name in FIELDS) for p in sorted(folder.rglob("*.csv")) for row in table(p)
    }
    return sorted(row for row in rows if any(row))


def facilities(path: Path) -> tuple[list[str], list[tuple[str, ...]]]:
    """Distinct opening_hours values, and distinct closing days with their hours."""
    hours: set[str] = set()
    closing: set[tuple[str, ...]] = set()
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        found = feature["properties"]["sources"]
        tags = found.get("openstreetmap", {}).get("record", {}).get("tags", {})
        hours |= {tags["opening_hours"]} if tags.get("opening_hours") else set()
        for record in found.get("wam", {}).get("records", []):
            closing.add(tuple(record["attributes"].get(name, "") for name in WAM))
    return sorted(hours), sorted(row for row in closing if any(row))


def read_row(row: tuple[str, ...]) -> schedule.Reading:
    """One row of the cafeteria standard."""
    code, days, dates, start, end, note = row
    return schedule.from_fields(days=days, dates=dates, start=start, end=end, note=note, frequency_code=code)


def read_closing(row: tuple[str, ...]) -> schedule.Reading:
    """One row of closing days."""
    return schedule.from_closing_days(row[0], **dict(zip(KINDS, row[1:], strict=True)))


def read_cell(name: str) -> Callable[[str], schedule.Reading]:
    """How a cell of a column is read by itself."""
    if name in (START, END):
        return lambda cell: schedule.from_fields(**{"start" if name == START else "end": cell})
    return schedule.parse


def readings(realdata: Path, sample: Path) -> dict[str, dict[object, schedule.Reading]]:
    """Everything that was read, by kind of source."""
    rows = cafeterias(realdata / "places" / "kodomo_shokudo")
    hours, closing = facilities(realdata / "places" / "chiyoda" / "places.geojson")
    own = sorted({row[WORDS] for row in table(sample / "ibasho_salon.csv")} - {""})
    cells: dict[object, schedule.Reading] = {}
    for i, name in enumerate(FIELDS[1:], 1):
        read = read_cell(name)
        cells |= {(name, cell): read(cell) for cell in sorted({row[i] for row in rows} - {""})}
    sample_rows = cafeterias(sample)
    return {
        "strings": cells
        | {("opening_hours", text): schedule.parse(text) for text in hours}
        | {("定休日", row[0]): read_closing(row) for row in closing if row[0]}
        | {(WORDS, text): schedule.parse(text) for text in own},
        "rows": {row: read_row(row) for row in [*rows, *sample_rows]},
        "closing days": {row: read_closing(row) for row in closing},
    }


def share(read: dict[object, schedule.Reading]) -> float:
    """Share of what was understood."""
    return sum(r.is_read for r in read.values()) / len(read)


def main(realdata: Path, sample: Path) -> None:
    start = time.perf_counter()
    found = readings(realdata, sample)
    seconds = time.perf_counter() - start
    for name, read in found.items():
        print(
            f"{name}: {sum(r.is_read for r in read.values())} of {len(read)} understood = {share(read):.1%}"
        )
        for what, reading in read.items():
            if not reading.is_read:
                print("   not:", what, "->", " / ".join(reading.unread))
    print(f"{seconds * 1000:.0f} ms in all")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "data/sample"))
