"""One dataset out of a zip as the official sites give it, without trusting its names or sizes."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from geo import errors

ZIP_MAGIC = b"PK\x03\x04"
MAX_BYTES = 500_000_000
MAX_RATIO = 200
MAX_MEMBERS = 2_000
_MAIN = (".geojson", ".shp", ".gpkg", ".csv", ".txt", ".json", ".js", ".pbf", ".osm", ".graphml")
_SKIPPED = re.compile(r"(^|/)(__MACOSX/|\.|KS-META)")


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The file itself, or the one dataset of a zip, copied under a name of our own making.

    Raises
    ------
    SourceError
        Not a readable zip, larger than any open dataset, a spreadsheet, or no dataset or several in it.
    """
    with path.open("rb") as stream:
        if stream.read(4) != ZIP_MAGIC:
            yield path
            return
    with tempfile.TemporaryDirectory(prefix="ibasho-") as folder:
        yield _extract(path, Path(folder))


def _extract(path: Path, folder: Path) -> Path:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {_name(info): info for info in _checked(path, archive)}
            main = _main(path, sorted(names))
            for name, info in names.items():
                if PurePosixPath(name).with_suffix("") == PurePosixPath(main).with_suffix(""):
                    (folder / _safe(name)).write_bytes(archive.read(info))
    except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as problem:
        raise errors.SourceError(
            "zip_broken",
            "{file} cannot be unpacked ({problem}). Download it again, or unpack it and import its content.",
            file=path.name,
            problem=str(problem),
        ) from None
    return folder / _safe(main)


def _checked(path: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    members = [info for info in archive.infolist() if not info.is_dir()]
    total = sum(info.file_size for info in members)
    packed = max(1, sum(info.compress_size for info in members))
    if len(members) > MAX_MEMBERS or total > MAX_BYTES or total / packed > MAX_RATIO:
        raise errors.SourceError(
            "zip_too_large",
            "{file} would unpack to {total} bytes in {n} files, more than any dataset that is read here. "
            "Unpack it yourself and import the file that you need.",
            file=path.name,
            total=total,
            n=len(members),
        )
    if any(info.filename == "[Content_Types].xml" for info in members):
        raise errors.SourceError(
            "spreadsheet",
            "{file} is an Excel workbook. Save its sheet as CSV (UTF-8) and import that.",
            file=path.name,
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


def _main(path: Path, names: list[str]) -> str:
    kept = [n for n in names if not _SKIPPED.search(n) and PurePosixPath(n).suffix.lower() in _MAIN]
    # The same layer as GeoJSON and shapefile, or in a UTF-8 and a Shift-JIS folder, is one dataset.
    stems = {PurePosixPath(n).stem for n in kept}
    if len(stems) != 1:
        raise errors.SourceError(
            "zip_not_one",
            "{file} holds {n} datasets ({names}); one is needed. Unpack it and import the one that you mean.",
            file=path.name,
            n=len(stems),
            names=", ".join(sorted(stems)[:10]) or "-",
        )
    return min(kept, key=lambda n: (_MAIN.index(PurePosixPath(n).suffix.lower()), "utf" not in n.lower(), n))


def _safe(name: str) -> str:
    member = PurePosixPath(name)
    return re.sub(r"[^\w.-]", "_", member.stem).lstrip(".") + member.suffix.lower()
