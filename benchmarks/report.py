"""What the bench found, as benchmarks/README.md and a picture of how time grows."""

from __future__ import annotations

import contextlib
import json
import math
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

Rows = list[dict[str, Any]]

TASKS = {
    "nearest": "Nearest place of every node, 3 000 places",
    "k_nearest": "Three nearest places with their ids, every node",
    "pairs": "All pairs at most 1 km apart, 100 000 origins × 3 000 places",
    "sum": "People within 800 m of every node, from 100 000 nodes with people",
    "snap": "300 000 points to the nearest piece of street",
    "raw": "Nearest place, network as OpenStreetMap draws it (most nodes are bends)",
    "move": "One place moved: the nearest place of every node again",
    "catchments": "Catchments of 300, 500 and 800 m of 3 000 places, one core",
    "build": "A network from a table of edges",
}

TABLES = {
    "study": (
        "The whole analysis, from the stored tables to every result",
        ("study", "people start from", "places", "groups", "first run", "prepare", "assess", "whole", "peak"),
    ),
    "streets": (
        "From an OpenStreetMap extract to a network",
        ("extract", "nodes", "size", "read", "build", "whole", "peak of the process"),
    ),
    "sites": (
        "Sites: time to the proof and what is found, building the model included",
        ("case", "solver", "objective", "bound", "proved", "time", "ratio"),
    ),
    "app": (
        "The map in the browser, beside stock folium (Choropleth and markers)",
        (
            "study",
            "drawn by",
            "open, cold",
            "open, warm",
            "control",
            "sent",
            "server",
            "eight, answered",
            "eight, drawn",
        ),
    ),
}
"""Tables that are told in words: their title and columns."""


class Kept:
    """Rows by task and size; those of another machine are dropped."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.machine = folder, machine()
        self._path = folder / "results.json"
        held = json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else {}
        same = held.get("machine") == self.machine
        self.facts: dict[str, dict[str, float]] = held["cities"] if same else {}
        self.rows: dict[str, Rows] = held["rows"] if same else {}
        self.tables: dict[str, list[list[str]]] = held.get("tables", {}) if same else {}

    def put(self, task: str, size: str, rows: Rows) -> None:
        """What engines needed for a task in a city."""
        self.rows[f"{task} {size}"] = rows

    def tell(self, table: str, rows: list[list[str]]) -> None:
        """The rows of one of :data:`TABLES`, in words."""
        self.tables[table] = rows
        self.write()
        write(self)

    def write(self) -> None:
        """Keep it."""
        document = {"machine": self.machine, "cities": self.facts, "rows": self.rows, "tables": self.tables}
        self._path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def lines(size: str, rows: Rows) -> list[str]:
    """One task in one city, a line of a table for each engine."""
    own = next((row for row in rows if row["engine"] == "ours"), {})
    found = []
    for row in rows:
        if "problem" in row:
            found.append(f"| {size} | {row['engine']} | – | – | – | – | – | **{row['problem']}** |")
            continue
        ratio = row["median_s"] / own["median_s"] if "median_s" in own else math.nan
        first = row["engine"] == "ours"
        runs = "" if row["runs"] >= 5 else f" ({row['runs']} run{'s' if row['runs'] > 1 else ''})"
        found.append(
            f"| {size} | {row['engine']} | {duration(row['median_s'])}{runs} "
            f"| {'' if first or math.isnan(ratio) else f'{ratio:.2f} ×'} | {row['peak_mib']:.0f} "
            f"| {duration(row['prepare_s'])} | {row['held_mib']:.0f} | {'' if first else 'equal'} |"
        )
    return found


def duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 100 else f"{seconds:.0f} s"


HEAD = """# How fast, beside the peers

`make bench` measures this again and writes this page (`--dry` leaves it; `ARGS="--task nearest --size 1M"` for one
row; IBASHO_BENCH_PANDANA names a Python that has pandana). Engines take turns, each in a process of its own; a time
is the median of five runs, of fewer where it says so, with the network in memory. *Ratio*: how many times ours takes
that engine, in the same run. *Peak*: MiB above what the process held before the run. *Prepare*, *held*: to have the
network in memory, seconds and MiB. *Result*: every number was compared with ours; no time is told of what differs.
Ours uses both cores where a search is divided by places; so does pandana.
"""


def write(kept: Kept) -> None:
    """The page and its picture."""
    folder = kept.folder
    parts = [HEAD, "| | |\n|---|---|", *(f"| {name} | {value} |" for name, value in kept.machine.items())]
    versions = {
        row["engine"].split(",")[0]: row["version"]
        for rows in kept.rows.values()
        for row in rows
        if "version" in row
    }
    parts += [f"| {name} | {value} |" for name, value in versions.items() if " " not in name]
    for task, words in TASKS.items():
        own = {key.split()[1]: rows for key, rows in kept.rows.items() if key.split()[0] == task}
        if not own:
            continue
        parts += [
            f"\n## {words}\n",
            "| size | engine | time | ratio | peak | prepare | held | result |",
            "|---|---|--:|--:|--:|--:|--:|---|",
        ]
        order = [
            size
            for size in ("tachikawa", "helsinki", "monaco", "50k", "250k", "1M", "2M", "raw4M")
            if size in own
        ]
        parts += [line for size in order for line in lines(size, own[size])]
    for table, rows in kept.tables.items():
        title, head = TABLES[table]
        parts += [f"\n## {title}\n", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
        parts += [f"| {' | '.join(row)} |" for row in rows]
    growing = growth(kept)
    if growing:
        (folder / "growth.svg").write_text(picture(growing), encoding="utf-8")
        parts += ["\n## Growth\n", "![Time by size](growth.svg)\n"]
    if kept.facts:
        parts += ["\n## The cities\n", *cities(kept.facts)]
    (folder / "README.md").write_text("\n".join(parts) + "\n", encoding="utf-8")


def cities(facts: dict[str, dict[str, float]]) -> list[str]:
    """The synthetic ones beside the real ones."""
    names = list(next(iter(facts.values()), {}))
    rows = [f"| | {' | '.join(names)} |", f"|---|{'--:|' * len(names)}"]
    for city in sorted(facts, key=lambda city: facts[city]["nodes"]):
        values = (facts[city][name] for name in names)
        rows.append(
            f"| {city} | {' | '.join(f'{v:,}' if isinstance(v, int) else f'{v:.3g}' for v in values)} |"
        )
    return rows


def growth(kept: Kept) -> dict[str, list[tuple[float, float]]]:
    """Seconds of ours by nodes, for each task that was measured at several sizes."""
    found: dict[str, list[tuple[float, float]]] = {}
    for task in ("nearest", "k_nearest", "build"):
        for size in ("50k", "250k", "1M", "2M"):
            for row in kept.rows.get(f"{task} {size}", []):
                if row["engine"] == "ours" and "median_s" in row:
                    found.setdefault(task, []).append((kept.facts[size]["nodes"], row["median_s"]))
    return {task: points for task, points in found.items() if len(points) > 1}


def picture(series: dict[str, list[tuple[float, float]]]) -> str:
    """Time by size, both in powers of ten; the thin lines are straight proportion."""
    width, height, left, top = 640, 400, 70, 20
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    low = (math.log10(min(xs)) - 0.1, math.floor(math.log10(min(ys))))
    high = (math.log10(max(xs)) + 0.1, math.ceil(math.log10(max(ys))))

    def at(x: float, y: float) -> tuple[float, float]:
        px = left + (math.log10(x) - low[0]) / (high[0] - low[0]) * (width - left - 130)
        return px, top + (high[1] - math.log10(y)) / (high[1] - low[1]) * (height - top - 50)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for power in range(low[1], high[1] + 1):
        y = at(min(xs), 10.0**power)[1]
        parts.append(f'<path d="M{left} {y:.1f}H{width - 130}" stroke="#ddd"/>')
        parts.append(
            f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#333">{duration(10.0**power)}</text>'
        )
    for x in sorted(set(xs)):
        px = at(x, 10.0 ** low[1])[0]
        parts.append(
            f'<text x="{px:.1f}" y="{height - 28}" text-anchor="middle" fill="#333">{x / 1000:,.0f} k</text>'
        )
    parts.append(
        f'<text x="{(left + width - 130) / 2}" y="{height - 8}" text-anchor="middle" fill="#333">nodes</text>'
    )
    for (task, points), colour in zip(series.items(), ("#0072b2", "#d55e00", "#009e73"), strict=False):
        line = " ".join(f"{px:.1f},{py:.1f}" for px, py in (at(*point) for point in points))
        (x0, y0), (x1, _) = points[-1], points[0]
        guide = " ".join(f"{px:.1f},{py:.1f}" for px, py in (at(x0, y0), at(x1, y0 * x1 / x0)))
        parts.append(
            f'<polyline points="{guide}" fill="none" stroke="{colour}" stroke-opacity=".35" stroke-dasharray="3 3"/>'
        )
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{px:.1f}" cy="{py:.1f}" r="4" fill="{colour}"/>'
            for px, py in (at(*p) for p in points)
        ]
        px, py = at(x0, y0)
        parts.append(f'<text x="{px + 10:.1f}" y="{py + 4:.1f}" fill="{colour}">{task}</text>')
    return "\n".join([*parts, "</svg>", ""])


def machine() -> dict[str, str]:
    """Where it was measured."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(
            (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model
        )
    memory = ""
    with contextlib.suppress(OSError, ValueError):
        memory = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    return {
        "processor": f"{os.cpu_count()} × {model}",
        "memory": memory,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": metadata.version("numba"),
    }
