"""The datasets of a zip as the official sites give it, without trusting its names or sizes."""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from geo import errors
from geo.sources._reading import Note

ZIP_MAGIC = b"PK\x03\x04"
EMPTY_MAGIC = b"PK\x05\x06"
MAX_BYTES = 500_000_000
MAX_RATIO = 200
MAX_MEMBERS = 2_000
MAX_DATASETS = 20
_LAYERS = (".geojson", ".shp", ".gpkg", ".topojson", ".gml", ".kml", ".pbf", ".osm", ".graphml")
_MAIN = (*_LAYERS[:3], ".csv", ".xlsx", ".txt", ".tsv", *_LAYERS[3:6], ".json", ".js", *_LAYERS[6:], ".xml")
"""What a dataset may be, best first: of the same layer in several formats the first is taken."""
_SKIPPED = re.compile(r"(^|/)(__MACOSX/|\.|KS-META)|\.\w+\.xml$")


@dataclass(frozen=True)
class File:
    """A dataset to be read, and what its zip has to say about it."""

    path: Path
    notes: tuple[Note, ...] = ()


@contextmanager
def unpacked(path: Path) -> Iterator[list[File]]:
    """The file itself, or the datasets of a zip, copied under names of our own making.

    The same layer in several formats, or in a UTF-8 and a Shift-JIS folder, is one dataset.

    Raises
    ------
    SourceError
        Not a readable zip, larger than any open dataset, or no dataset in it, or more than can be told apart.
    """
    if not is_zip(path) or is_document(path):
        yield [File(path)]
        return
    with tempfile.TemporaryDirectory(prefix="ibasho-") as folder:
        yield _extract(path, Path(folder))


def is_zip(path: Path) -> bool:
    """Whether a file begins like a zip, also like one without anything in it."""
    with path.open("rb") as stream:
        return stream.read(4) in (ZIP_MAGIC, EMPTY_MAGIC)


def is_document(path: Path) -> bool:
    """Whether a zip is an office document, which is one file to everybody but its program."""
    if not is_zip(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return bool({"[Content_Types].xml", "content.xml"} & set(archive.namelist()))
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError):
        return False


def _extract(path: Path, folder: Path) -> list[File]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {_name(info): info for info in checked(path, archive, max_bytes=MAX_BYTES)}
            return [
                _copied(archive, names, twins, folder / str(number))
                for number, twins in enumerate(_datasets(path, sorted(names)))
            ]
    except (
        zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError,
    ) as problem:  # fmt: skip
        if isinstance(problem, errors.AtlasError):
            raise
        raise errors.SourceError(
            "zip_broken",
            "{file} cannot be unpacked ({problem}). Download it again, or unpack it and import its content.",
            file=path.name,
            problem=str(problem),
        ) from None


def checked(path: Path, archive: zipfile.ZipFile, *, max_bytes: int) -> list[zipfile.ZipInfo]:
    """The files of an archive, after its own words about their sizes; none unpacks to more than it says."""
    members = [info for info in archive.infolist() if not info.is_dir()]
    if not members:
        raise errors.SourceError(
            "zip_empty", "{file} is a zip with no file in it. Download or pack it again.", file=path.name
        )
    total = sum(info.file_size for info in members)
    packed = max(1, sum(info.compress_size for info in members))
    if len(members) > MAX_MEMBERS or total > max_bytes or total / packed > MAX_RATIO:
        raise errors.SourceError(
            "zip_too_large",
            "{file} would unpack to {total} bytes in {n} files, more than any dataset that is read here. "
            "Unpack it yourself and import the file that you need.",
            file=path.name,
            total=total,
            n=len(members),
        )
    return members


def _name(info: zipfile.ZipInfo) -> str:
    # Without its UTF-8 flag zipfile reads names as CP437; Japanese tools write CP932 there.
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("cp932")
    except UnicodeError:
        return info.filename


def _datasets(path: Path, names: Sequence[str]) -> list[list[str]]:
    """The datasets, each as its twins, best first."""
    kept = [n for n in names if not _SKIPPED.search(n) and _suffix(n) in _MAIN]
    by_stem: dict[str, list[str]] = {}
    for name in kept:
        by_stem.setdefault(PurePosixPath(name).stem, []).append(name)
    if len(by_stem) > MAX_DATASETS:
        # The old school zones come with a list of addresses for each school.
        layers = {stem: twins for stem, twins in by_stem.items() if {_suffix(n) for n in twins} & {*_LAYERS}}
        by_stem = layers or by_stem
    if not 1 <= len(by_stem) <= MAX_DATASETS:
        raise not_one(path, sorted(by_stem))
    return [sorted(twins, key=_rank) for _, twins in sorted(by_stem.items())]


def not_one(path: Path, names: Sequence[str]) -> errors.SourceError:
    """The sentence for a zip of which nobody can say what is meant."""
    return errors.SourceError(
        "zip_not_one",
        "{file} holds {n} datasets ({names}); one is needed. Say which kind you mean with "
        "--as, or unpack it and import the one that you mean.",
        file=path.name,
        n=len(names),
        names=", ".join(names[:10]) or "-",
    )


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _rank(name: str) -> tuple[int, bool, str]:
    return _MAIN.index(_suffix(name)), "utf" not in name.lower(), name


def _copied(
    archive: zipfile.ZipFile, names: dict[str, zipfile.ZipInfo], twins: list[str], folder: Path
) -> File:
    folder.mkdir()
    main = PurePosixPath(twins[0])
    for name, info in names.items():
        if PurePosixPath(name).with_suffix("") == main.with_suffix(""):
            with archive.open(info) as packed, (folder / _safe(name)).open("wb") as plain:
                shutil.copyfileobj(packed, plain)
    notes = (_taken(twins),) if len(twins) > 1 else ()
    return File(folder / _safe(twins[0]), notes)


def _taken(twins: Sequence[str]) -> Note:
    return Note(
        "info",
        "zip_twins",
        "The zip holds the same data several times; {taken} was read, {others} were not.",
        values={"taken": twins[0], "others": ", ".join(twins[1:6])},
    )


def _safe(name: str) -> str:
    member = PurePosixPath(name)
    return re.sub(r"[^\w.-]", "_", member.stem).lstrip(".") + member.suffix.lower()
