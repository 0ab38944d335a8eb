"""Files of users are read in a child process, which may crash, hang or swell without harm to anybody.

What it is for
--------------
A file that somebody sent may be made to hang a parser, to fill the memory or to crash a library. The child gets a
copy of the file in a folder of its own, limits on memory and processor time where the system has them (Linux; on
macOS the time, on Windows neither), and on every system a time after which it is ended. Whatever happens to it
becomes one sentence that names the file; the next file gets a new child. Several files of one import share a child,
since starting one costs a second; one that has nothing to do ends itself.

What comes back
---------------
Never a pickle: with one a child that a file has taken over could run code in the parent. The child writes JSON, and
NumPy arrays that are loaded with pickle forbidden; codes and texts become a table here, geometry is parsed from WKB,
and the whole passes the schema once more, so that nothing is believed that a reader could not have said.

What it is not
--------------
The child runs as the same user and can open what that user can open. That no reader opens what a file names is the
readers' own duty (see ``_vectors``); this is the second wall behind it.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import pickle
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo import errors, schemas
from geo.sources import _tables, _vectors
from geo.sources._reading import Hints, Layout, Note, Reading

SECONDS = 180
MEGABYTES = 3_000
_START_S = 120
_IDLE_S = 120
_GRACE_S = 5
_FILE_BYTES = 1_000_000_000
_KEPT_ENVIRONMENT = (
    "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "HOME", "USERPROFILE", "LANG", "LC_ALL", "LC_CTYPE",
    "LD_LIBRARY_PATH", "PROJ_DATA", "PROJ_LIB", "GDAL_DATA",
    "JAGEOCODER_DB2_DIR",
)  # fmt: skip
_PROGRAM = "from geo.sources import _sandbox; _sandbox.serve()"

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Limits:
    """What a child may use for one file. Settings of the machine: no number of an analysis depends on them."""

    seconds: int = SECONDS
    megabytes: int = MEGABYTES

    @classmethod
    def of_machine(cls) -> Limits:
        """From ``IBASHO_READ_SECONDS`` and ``IBASHO_READ_MEGABYTES``, where they are whole numbers."""
        told = {name.name: os.environ.get(f"IBASHO_READ_{name.name.upper()}", "") for name in fields(cls)}
        return cls(**{name: int(text) for name, text in told.items() if text.isascii() and text.isdigit()})


def is_off() -> bool:
    """Whether files are read in this process (``IBASHO_IN_PROCESS=1``: for looking inside, never for users)."""
    return os.environ.get("IBASHO_IN_PROCESS") == "1"


def detect(path: Path) -> str:
    """:func:`geo.sources.detect` in a child."""
    with _answer(path, "detect", {}) as (reply, _):
        return str(reply["kind"])


def header(path: Path) -> tuple[str, ...]:
    """:func:`geo.sources.header` in a child."""
    with _answer(path, "header", {}) as (reply, _):
        return tuple(map(str, reply["header"]))


def read(path: Path, arguments: Mapping[str, str | None], *, hints: Hints) -> Reading:
    """:func:`geo.sources.read` in a child."""
    with _answer(path, "read", arguments, hints) as (reply, arrays):
        return _reading(reply["reading"], arrays)


# -- the parent's side --------------------------------------------------------------------------------------


@contextlib.contextmanager
def _answer(
    path: Path, task: str, arguments: Mapping[str, str | None], hints: Hints | None = None
) -> Iterator[tuple[dict[str, Any], dict[str, Array]]]:
    limits = Limits.of_machine()
    with tempfile.TemporaryDirectory(prefix="ibasho-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        job = {
            "task": task,
            "path": str(_copied(path, folder / "file")),
            "folder": name,
            "arguments": dict(arguments),
            "seconds": limits.seconds,
            "megabytes": limits.megabytes,
        }
        (folder / "hints.pickle").write_bytes(pickle.dumps(hints))
        _done(path, job, limits)
        reply = json.loads((folder / "reply.json").read_text(encoding="utf-8"))
        _raise(path, reply, limits)
        with np.load(folder / "reply.npz", allow_pickle=False) as arrays:
            yield reply, dict(arrays)


def _copied(path: Path, folder: Path) -> Path:
    """A copy of the file; of a shapefile all parts, and of a GeoPackage what is not yet written into it."""
    folder.mkdir()
    parts = [path, path.with_name(f"{path.name}-wal")]
    if path.suffix.lower() in _vectors.SUFFIXES:
        beside = (p for p in sorted(path.parent.iterdir()) if p.stem == path.stem)
        parts += [p for p in beside if p != path and p.suffix.lower() in _vectors.SUFFIXES]
    try:
        for part in parts:
            if part.is_file():
                _tables.check(part)
                shutil.copyfile(part, folder / part.name)
    except errors.AtlasError:
        raise
    except OSError as problem:
        raise errors.SourceError(
            "file_unreadable",
            "{file} cannot be opened ({problem}). Close it in other programs, or copy it and import the copy.",
            file=path.name,
            problem=problem.strerror or type(problem).__name__,
        ) from None
    return folder / path.name


def _done(path: Path, job: Mapping[str, Any], limits: Limits) -> None:
    worker = _take()
    try:
        ended = worker.ask(job, seconds=limits.seconds + _GRACE_S)
    except BaseException:
        worker.stop()
        raise
    if ended is None:
        _give(worker)
        return
    worker.stop()
    raise _ended(path, ended, limits)


def _raise(path: Path, reply: Mapping[str, Any], limits: Limits) -> None:
    """Raise here what was raised there."""
    if "limit" in reply:
        raise _ended(path, str(reply["limit"]), limits)
    if "fault" in reply:
        raise RuntimeError(reply["fault"])
    if "error" in reply:
        told = reply["error"]
        found = getattr(errors, str(told["class"]), None)
        family = (
            found if isinstance(found, type) and issubclass(found, errors.AtlasError) else errors.SourceError
        )
        raise family(told["code"], told["template"], **told["context"])


def _ended(path: Path, how: str, limits: Limits) -> errors.SourceError:
    if how == "time":
        return errors.SourceError(
            "sandbox_time",
            "{file} was not read within {seconds} s, and reading was stopped. Cut it to the municipality; if it has "
            "to be so large, set IBASHO_READ_SECONDS.",
            file=path.name,
            seconds=limits.seconds,
        )
    if how == "memory":
        return errors.SourceError(
            "sandbox_memory",
            "{file} needs more than {megabytes} MB to be read, and reading was stopped. Cut it to the municipality; "
            "if it has to be so large, set IBASHO_READ_MEGABYTES.",
            file=path.name,
            megabytes=limits.megabytes,
        )
    return errors.SourceError(
        "sandbox_crash",
        "Reading {file} ended suddenly ({how}; at most {megabytes} MB may be used). It is damaged, or made to do "
        "harm; export it again, best as GeoJSON or CSV.",
        file=path.name,
        how=how,
        megabytes=limits.megabytes,
    )


class _Worker:
    """A child and what it says, a line a job."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.environment = _environment()
        self.said: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self.environment,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        threading.Thread(target=self._listen, args=(self.process.stdout,), daemon=True).start()
        self.idle_since = time.monotonic()
        if self._next(_START_S) is None:
            self.stop()
            raise RuntimeError(
                "the process that reads files did not start; try: python -c 'import geo.sources'"
            )

    def _listen(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self.said.put(line)
        self.said.put(None)

    def _next(self, seconds: float) -> bytes | None:
        """The next line; None when the child has ended. Raises ``queue.Empty`` after that time."""
        return self.said.get(timeout=seconds)

    def ask(self, job: Mapping[str, Any], *, seconds: float) -> str | None:
        """Have a job done; None when it was, else how the child ended: ``time``, ``memory``, or in words."""
        stream = self.process.stdin
        assert stream is not None  # noqa: S101  (it is a pipe)
        try:
            stream.write(json.dumps(job).encode() + b"\n")
            stream.flush()
            if self._next(seconds) is not None:
                self.idle_since = time.monotonic()
                return None
        except queue.Empty:
            return "time"
        except OSError:
            pass
        return _how(self.process.wait(_GRACE_S))

    @property
    def is_fresh(self) -> bool:
        """Whether the child is there, will not end itself before it is asked, and was told what is told now."""
        young = time.monotonic() - self.idle_since < _IDLE_S / 2
        own = self.owner == os.getpid() and self.environment == _environment()
        return young and own and self.process.poll() is None

    def stop(self) -> None:
        """End the child, whatever it does."""
        if self.owner != os.getpid():
            return
        self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()


def _how(code: int) -> str:
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"exit {code}"
    # Nobody else kills a child of ours: the system had no memory left.
    return {"SIGXCPU": "time", "SIGKILL": "memory"}.get(name, name)


def _environment() -> dict[str, str]:
    """As little as will do: no proxies, no keys; the package as it was found here."""
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    root = str(Path(__file__).resolve().parents[2])
    return kept | {
        "PYTHONPATH": root,
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PROJ_NETWORK": "OFF",
        # Threads that are never used reserve address space, which is what is limited.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }


_lock = threading.Lock()
_idle: list[_Worker] = []


def _take() -> _Worker:
    with _lock:
        waiting, _idle[:] = list(_idle), []
    fresh = next((worker for worker in waiting if worker.is_fresh), None)
    for worker in waiting:
        if worker is not fresh:
            worker.stop()
    return fresh or _Worker()


def _give(worker: _Worker) -> None:
    """Keep a child for the next file; one is enough."""
    with _lock:
        if not _idle:
            _idle.append(worker)
            return
    worker.stop()


@atexit.register
def close() -> None:
    """End the child that waits for another file."""
    with _lock:
        waiting, _idle[:] = list(_idle), []
    for worker in waiting:
        worker.stop()


# -- the child's side ---------------------------------------------------------------------------------------


def serve() -> None:
    """Do jobs as long as there are any: the program of the child."""
    # Libraries print; what the parent listens to is this module's alone.
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    # The package imports this module, so that it cannot be imported at the top.
    sources: Any = importlib.import_module("geo.sources")
    out.write(b"ready\n")
    while True:
        bored = threading.Timer(_IDLE_S, os._exit, (0,))
        bored.daemon = True
        bored.start()
        line = sys.stdin.buffer.readline()
        bored.cancel()
        if not line:
            return
        _work(sources, json.loads(line))
        out.write(b"done\n")


def _work(sources: Any, job: Mapping[str, Any]) -> None:
    folder = Path(job["folder"])
    tempfile.tempdir = job["folder"]
    _limit(job["seconds"], job["megabytes"])
    arrays: dict[str, Array] = {}
    try:
        reply = _reply(sources, job, arrays)
        np.savez(folder / "reply.npz", allow_pickle=False, **arrays)
        words = json.dumps(reply, default=_simple)
    except MemoryError:
        arrays.clear()
        words = json.dumps({"limit": "memory"})
    (folder / "reply.json").write_text(words, encoding="utf-8")


def _reply(sources: Any, job: Mapping[str, Any], arrays: dict[str, Array]) -> dict[str, Any]:
    path = Path(job["path"])
    try:
        if job["task"] == "detect":
            return {"kind": sources.detect_here(path)}
        if job["task"] == "header":
            return {"header": sources.header_here(path)}
        # Written by the parent for this job, into a folder of its own: this way round a pickle does no harm.
        hints = pickle.loads((path.parents[1] / "hints.pickle").read_bytes())  # noqa: S301
        return {"reading": _told(sources.read_here(path, **job["arguments"], hints=hints), arrays)}
    except errors.AtlasError as problem:
        return {
            "error": {
                "class": type(problem).__name__,
                "code": problem.code,
                "template": problem.template,
                "context": problem.context,
            }
        }
    except MemoryError:
        raise
    except Exception:
        return {"fault": traceback.format_exc()}


def _limit(seconds: int, megabytes: int) -> None:
    """Hard walls where the system has them: of what is used already, so much more."""
    try:
        import resource  # not on Windows
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = int(used.ru_utime + used.ru_stime) + seconds
    pages = Path("/proc/self/statm")
    walls = [(resource.RLIMIT_CPU, cpu), (resource.RLIMIT_FSIZE, _FILE_BYTES), (resource.RLIMIT_CORE, 0)]
    if pages.is_file():
        here = int(pages.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        walls.append((resource.RLIMIT_AS, here + megabytes * 1_000_000))
    for what, limit in walls:
        _, hard = resource.getrlimit(what)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (limit if hard < 0 else min(limit, hard), hard))


def _simple(value: object) -> object:
    """What JSON has no word for: the numbers of NumPy; anything else as text."""
    return value.item() if isinstance(value, np.generic) else str(value)


# -- a reading as JSON and arrays ---------------------------------------------------------------------------


def _told(reading: Reading, arrays: dict[str, Array]) -> dict[str, Any]:
    plain = {f.name: getattr(reading, f.name) for f in fields(Reading)}
    plain["schema"] = reading.schema.__name__
    plain["notes"] = [{f.name: getattr(note, f.name) for f in fields(Note)} for note in reading.notes]
    plain["notes"] = [{**note, "values": dict(note["values"])} for note in plain["notes"]]
    plain["layout"] = asdict(reading.layout) if reading.layout else None
    plain["table"] = [_column(reading.table, i, name, arrays) for i, name in enumerate(reading.table.columns)]
    return plain


def _column(table: pd.DataFrame, number: int, name: str, arrays: dict[str, Array]) -> dict[str, Any]:
    column, key = table[name], f"column{number}"
    if isinstance(column, gpd.GeoSeries):
        shapes = shapely.to_wkb(column.to_numpy())
        arrays[key] = np.frombuffer(b"".join(shapes), dtype=np.uint8)
        arrays[f"{key}_ends"] = np.cumsum([len(shape) for shape in shapes], dtype=np.int64)
        return {"name": name, "is": "shapes"}
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        arrays[key] = column.to_numpy()
        return {"name": name, "is": "numbers"}
    codes, values = pd.factorize(column)
    arrays[key] = codes.astype(np.int32)
    return {"name": name, "is": "values", "values": list(values)}


def _reading(told: Mapping[str, Any], arrays: Mapping[str, Array]) -> Reading:
    schema = {found.__name__: found for found in schemas.Table.__subclasses__()}[told["schema"]]
    columns = {one["name"]: _values(one, f"column{i}", arrays) for i, one in enumerate(told["table"])}
    table = pd.DataFrame({name: values for name, values in columns.items() if name != "geometry"})
    if "geometry" in columns:
        table = gpd.GeoDataFrame(table, geometry=columns["geometry"], crs=schemas.STORED_CRS)
        table = table[list(columns)]
    return Reading(
        **{
            **told,
            "schema": schema,
            "table": schemas.conform(schema, table),
            "notes": tuple(Note(**note) for note in told["notes"]),
            "layout": Layout(**told["layout"]) if told["layout"] else None,
        }
    )


def _values(told: Mapping[str, Any], key: str, arrays: Mapping[str, Array]) -> Any:
    if told["is"] == "numbers":
        return arrays[key]
    if told["is"] == "shapes":
        content, ends = arrays[key].tobytes(), arrays[f"{key}_ends"].tolist()
        starts = [0, *ends[:-1]] if ends else []
        return shapely.from_wkb([content[a:b] for a, b in zip(starts, ends, strict=True)])
    # A code of -1 is an absent value: the one behind the last.
    return np.array([*told["values"], None], dtype=object)[arrays[key]]
