"""How fast people walk here, beside the peers: the same tasks, in the same run, with results compared.

    make bench                                      everything; minutes to an hour
    make bench ARGS="--task nearest --size 50k"     one task, one size (each may be repeated)

Every engine is a process of its own that has the network in memory; they take turns, so that what else this machine
does meets all alike. A time is the median of five runs (fewer of what takes long: the table says how many). No time
is told of an engine whose results are not those of ours: the row says what differs, and the bench ends with 1.

Peers are no dependency of the library. pandana (AGPL) may live elsewhere: ``IBASHO_BENCH_PANDANA`` names a Python
that has it. ``IBASHO_BENCH_CACHE`` is where the cities are kept. Peers that cannot be imported are left out.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import cities
import engines
import numpy as np
import platformdirs
import report

HERE = Path(__file__).resolve().parent
ROUNDS = 5
LONG_S = 8
"""What takes longer is not warmed up first, and runs twice; five times as long: once."""
PLACES, DEMAND, POINTS = 3_000, 100_000, 300_000
SIZES = {
    "nearest": ["tachikawa", "helsinki", "50k", "250k", "1M", "2M"],
    "k_nearest": ["helsinki", "50k", "250k", "1M", "2M"],
    "pairs": ["helsinki", "50k", "250k", "1M"],
    "sum": ["helsinki", "50k", "250k", "1M"],
    "snap": ["helsinki", "1M"],
    "raw": ["monaco", "raw4M"],
    "move": ["50k", "250k", "1M"],
    "build": ["50k", "250k", "1M", "2M"],
    "catchments": ["50k", "1M"],
}
TOO_LARGE = {
    ("networkx", "nearest"): ("1M", "2M"),
    ("networkx", "pairs"): ("250k", "1M"),
    ("pandana", "nearest"): ("2M",),
    ("pandana", "k_nearest"): ("1M", "2M"),
}
"""Where a peer takes many minutes, as the smaller sizes show."""
UNKNOWN = "there is no result of ours to compare it with"


def engines_of(task: str) -> list[str]:
    """Who is asked, ours first."""
    own = ["ours", *(engine for engine, its in engines.OURS if its == task)]
    return [*own, *(engine for engine, its in engines.PEERS if its == task)]


# --- what is asked ----------------------------------------------------------------------------------------


def questions(city: cities.City) -> dict[str, np.ndarray]:
    """Places, people and points in a city, the same each time."""
    rng = np.random.default_rng(7)
    n = city.size
    place = np.sort(rng.choice(n, min(PLACES, n // 20) + 1, replace=False)).astype(np.int32)
    moved = int(rng.integers(len(place)))
    demand = np.sort(rng.choice(n, min(DEMAND, n // 2), replace=False)).astype(np.int32)
    beside = rng.integers(len(city.u), size=min(POINTS, 30 * n))
    part = rng.uniform(0, 1, (len(beside), 1))
    a, b = (np.column_stack([city.x[end[beside]], city.y[end[beside]]]) for end in (city.u, city.v))
    return {
        "place": np.delete(place, moved),
        "target": place[moved : moved + 1],
        "demand": demand,
        "people": rng.poisson(30, len(demand)).astype(np.int32),
        "at": np.round(a * (1 - part) + b * part + rng.normal(0, 15, (len(beside), 2)), 2),
    }


# --- whether they agree -----------------------------------------------------------------------------------


def difference(task: str, engine: str, ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    """What differs between two results, in words; empty: they agree."""
    if engine == "one BFS sweep":
        return _unlike("reached", ours["distance"] < engines.FAR, theirs["hops"] >= 0)
    exact = engine.startswith(("ours", "scipy", "igraph", "networkit", "rustworkx", "networkx"))
    slack = 0 if exact else 1 if task == "snap" else engines.FLOAT_DM
    if task == "k_nearest" and theirs["distance"].ndim == 1:
        return _unlike("distances", ours["distance"][:, 0], theirs["distance"])
    if task == "pairs":
        if len(ours["dm"]) != len(theirs["dm"]):
            return f"{len(theirs['dm'])} pairs instead of {len(ours['dm'])}"
        ours, theirs = (
            {key: row[np.lexsort((row_["place"], row_["origin"]))] for key, row in row_.items()}
            for row_ in (ours, theirs)
        )
        keys = _unlike("pairs", ours["origin"], theirs["origin"]) or _unlike(
            "pairs", ours["place"], theirs["place"]
        )
        return keys or _unlike("distances", ours["dm"], theirs["dm"], slack)
    own = next(key for key in ("distance", "sum", "off", "nodes", "rows") if key in ours)
    return _unlike(own, ours[own], theirs[own], slack)


def _unlike(what: str, ours: np.ndarray, theirs: np.ndarray, slack: float = 0) -> str:
    if ours.shape != theirs.shape:
        return f"{what}: {theirs.shape} values instead of {ours.shape}"
    apart = np.abs(ours.astype(float) - theirs.astype(float))
    n = int((apart > slack).sum())
    return f"{n} of {apart.size} {what} differ, by up to {apart.max():.3f}" if n else ""


# --- an engine at work ------------------------------------------------------------------------------------


class Engine:
    """A process that does one task with one engine, each time it is told to."""

    def __init__(self, name: str, task: str, question: Path) -> None:
        self.name, self.task = name, task
        self._noise = tempfile.TemporaryFile("w+")  # noqa: SIM115  (as long as the process)
        python = (
            os.environ.get("IBASHO_BENCH_PANDANA", sys.executable) if name == "pandana" else sys.executable
        )
        self._process = subprocess.Popen(
            [python, str(HERE / "engines.py"), name, task, str(question)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._noise,
            text=True,
        )
        self.seconds: list[float] = []
        self.peak_kib = 0
        self.problem = ""
        self.ready = self._told()

    def _told(self) -> dict[str, Any]:
        assert self._process.stdout  # noqa: S101  (it was asked for)
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            self._noise.seek(0)
            self.problem = (
                f"ended with {code} ({(self._noise.read().strip().splitlines() or [''])[-1][:120]})"
            )
            return {}
        return dict(json.loads(line))

    def _ask(self, word: str) -> dict[str, Any]:
        assert self._process.stdin  # noqa: S101
        if not self.problem:
            with contextlib.suppress(BrokenPipeError):
                print(word, file=self._process.stdin, flush=True)
            return self._told()
        return {}

    def warm(self) -> None:
        """A first run: compiles, fills caches. Of a peer that takes long it counts: a second one changes little."""
        first = self._ask("run")
        if first and first["s"] > LONG_S and package(self.name) not in ("geo", "numba"):
            self._note(first)

    def run(self) -> None:
        """One more run, if it has not been at work for long enough."""
        if sum(self.seconds) < 5 * LONG_S and len(self.seconds) < (
            2 if max(self.seconds, default=0) > LONG_S else 99
        ):
            told = self._ask("run")
            if told:
                self._note(told)

    def _note(self, told: dict[str, Any]) -> None:
        self.seconds.append(told["s"])
        self.peak_kib = max(self.peak_kib, told["peak_kib"])

    def result(self, folder: Path) -> dict[str, Any]:
        path = folder / "result.npz"
        self._ask(f"result {path}")
        if self.problem:
            return {}
        with np.load(path) as held:
            return {name: held[name] for name in held.files}

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._noise.close()

    def row(self, size: str, problem: str) -> dict[str, Any]:
        told = {"task": self.task, "size": size, "engine": self.name, "runs": len(self.seconds)}
        if problem:
            return {**told, "problem": problem}
        return {
            **told,
            "median_s": statistics.median(self.seconds),
            "peak_mib": self.peak_kib / 1024,
            "prepare_s": self.ready["prepare_s"],
            "held_mib": self.ready["held_kib"] / 1024,
            "version": version(self.name),
        }


def there(engine: str) -> bool:
    """Whether an engine can be asked here."""
    name = package(engine)
    python = os.environ.get("IBASHO_BENCH_PANDANA", sys.executable) if name == "pandana" else sys.executable
    done = subprocess.run([python, "-c", f"import {name}"], capture_output=True, cwd=HERE, check=False)
    return done.returncode == 0


def package(engine: str) -> str:
    names = {"ours": "geo", "one BFS sweep": "numba", "shapely STRtree": "shapely"}
    first = engine.split(",")[0].split(" on ")[0]
    return names.get(first, first)


def version(engine: str) -> str:
    name = package(engine)
    if name != "pandana":
        return metadata.version({"geo": "ibasho-atlas"}.get(name, name))
    python = os.environ.get("IBASHO_BENCH_PANDANA", sys.executable)
    ask = "from importlib.metadata import version; print(version('pandana'))"
    return subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False).stdout.strip()


def measure(task: str, size: str, question: Path) -> list[dict[str, Any]]:
    """One task in one city, by all engines that can do it."""
    names = [name for name in engines_of(task) if size not in TOO_LARGE.get((name, task), ()) and there(name)]
    with working(names, task, question) as at_work, tempfile.TemporaryDirectory() as folder:
        for engine in at_work:
            engine.warm()
        for _ in range(ROUNDS):
            for engine in at_work:
                engine.run()
        first = at_work[0].result(Path(folder))
        rows = []
        for engine in at_work:
            theirs = engine.result(Path(folder))
            problem = engine.problem or (difference(task, engine.name, first, theirs) if first else UNKNOWN)
            rows.append(engine.row(size, problem))
    return rows


@contextlib.contextmanager
def working(names: list[str], task: str, question: Path) -> Iterator[list[Engine]]:
    at_work: list[Engine] = []
    try:
        for name in names:
            at_work.append(Engine(name, task, question))  # noqa: PERF401  (those that started are stopped)
        yield at_work
    finally:
        for engine in at_work:
            engine.stop()


# --- the bench --------------------------------------------------------------------------------------------


def question(size: str, folder: Path, realdata: Path) -> Path:
    """A city and what is asked in it, in one file."""
    city = cities.kept(size, folder, realdata)
    path = city.with_name(f"{city.stem}-asked.npz")
    if not path.exists():
        whole = cities.load(city)
        cities.save(whole, path, **questions(whole))
    return path


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", action="append", choices=SIZES, help="only this task")
    parser.add_argument("--size", action="append", help="only this size")
    parser.add_argument("--dry", action="store_true", help="print, and leave benchmarks/README.md as it is")
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    cache = (
        os.environ.get("IBASHO_BENCH_CACHE") or Path(platformdirs.user_cache_dir("ibasho-atlas")) / "bench"
    )
    realdata = Path(os.environ.get("IBASHO_REALDATA", HERE.parents[1] / "shared" / "realdata"))
    kept = report.Kept(HERE)
    wrong = 0
    for task in asked.task or SIZES:
        for size in SIZES[task]:
            if asked.size and size not in asked.size:
                continue
            if size in cities.REAL and not (realdata / cities.REAL[size]).exists():
                print(f"{task} {size}: there is no {realdata / cities.REAL[size]}")
                continue
            path = question(size, Path(cache), realdata)
            kept.facts[size] = cities.load(path).facts()
            rows = measure(task, size, path)
            wrong += sum("problem" in row for row in rows)
            kept.put(task, size, rows)
            print("\n".join(report.lines(size, rows)), flush=True)
            if not asked.dry:
                kept.write()
                report.write(kept)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
