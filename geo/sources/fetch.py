"""Official files for one municipality, from the catalogue of public datasets.

``catalog.toml`` names every dataset with its publisher, licence, edition and address; :func:`plan` says which files one
municipality needs, :func:`fetch` brings them into the cache of this machine, each with its digest written beside it.
Whoever has no internet gets the same list as pages to visit and files to choose. Nothing is read here: the files are
handed on as they are.
"""

from __future__ import annotations

import hashlib
import math
import re
import string
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import geopandas as gpd
import shapely
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from geo import errors
from geo.sources import _http, _osm
from geo.sources._http import Progress, Settings, settings
from geo.sources._reading import Kind

__all__ = [
    "Catalogue",
    "Dataset",
    "Failure",
    "Fetched",
    "File",
    "Item",
    "Progress",
    "Settings",
    "by_hand",
    "catalogue",
    "fetch",
    "plan",
    "settings",
    "surroundings",
]

PLACEHOLDERS = frozenset(("pref", "code", "year", "yy", "mesh", "region"))
HALO_M = 500
"""Streets are taken so much farther than anybody walks, metres: a walk may leave the municipality on its way (the
project's own assumption)."""
REGIONS = {
    "hokkaido": range(1, 2),
    "tohoku": range(2, 8),
    "kanto": range(8, 15),
    "chubu": range(15, 24),
    "kansai": range(24, 31),
    "chugoku": range(31, 36),
    "shikoku": range(36, 40),
    "kyushu": range(40, 48),
}
"""The regions into which Geofabrik divides Japan, by prefecture (JIS X 0401)."""


def _https(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or "{" in parts.netloc:
        raise ValueError("give an https address with a fixed host")
    return value


def _known_placeholders(value: str) -> str:
    unknown = {name for _, name, _, _ in string.Formatter().parse(value) if name is not None} - PLACEHOLDERS
    if unknown:
        raise ValueError(f"unknown placeholders {sorted(unknown)}; known: {sorted(PLACEHOLDERS)}")
    return value


class _Fixed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Fixed):
    """The same in both languages."""

    ja: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Licence(Words):
    """On what terms a dataset may be used."""

    url: str

    _address = field_validator("url")(_https)


class Dataset(_Fixed):
    """One public dataset: where it is, what it is called, and what it is good for."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    kind: Kind
    """What the reader takes it for."""
    title: Words
    publisher: str
    licence: str
    edition: str = Field(pattern=r"^(\d{4}(-\d{2}-\d{2})?|latest)$")
    via: Literal["file", "extract", "overpass"]
    """A file as it is; the municipality cut out of a larger file; an answer of Overpass."""
    url: str
    page: str
    """Where a person finds it."""
    file: str
    """What the file is called there."""
    format: _http.Format
    size_mb: float = Field(gt=0)
    max_mb: int = Field(gt=0, le=2000)
    needed_for: Words
    default: bool
    """Fetched when no dataset is named."""

    _addresses = field_validator("url", "page")(_https)
    _placeholders = field_validator("url", "file")(_known_placeholders)

    @property
    def needs_area(self) -> bool:
        """Whether the municipality's border must be known before this can be fetched."""
        return self.via != "file" or "{mesh}" in self.url


class Catalogue(_Fixed):
    """Every dataset that can be fetched, in the order of the ids."""

    publisher: dict[str, Words]
    licence: dict[str, Licence]
    dataset: tuple[Dataset, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Catalogue:
        ids = [one.id for one in self.dataset]
        if ids != sorted(set(ids)):
            raise ValueError("datasets stand once each, in the order of their ids")
        for one in self.dataset:
            if one.publisher not in self.publisher or one.licence not in self.licence:
                raise ValueError(f"{one.id}: publisher or licence is not in the catalogue")
        return self

    @property
    def hosts(self) -> frozenset[str]:
        """The only servers that are ever asked for a file."""
        return frozenset(urlsplit(one.url).hostname or "" for one in self.dataset)


@cache
def catalogue() -> Catalogue:
    """The catalogue that comes with this version.

    Examples
    --------
    >>> [one.id for one in catalogue().dataset if one.default]
    ['a27', 'a32', 'census-areas', 'n03', 'osm-overpass', 't001082', 't001083', 't001084']
    """
    text = resources.files("geo.sources").joinpath("catalog.toml").read_text(encoding="utf-8")
    return Catalogue.model_validate(tomllib.loads(text))


# --- what is to be fetched --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Item:
    """One file to be fetched for one municipality."""

    dataset: Dataset
    url: str
    file: str
    """What it is called on the publisher's page."""
    source: Path
    """Where the publisher's file is kept on this machine."""
    target: Path
    """The file that is handed on: ``source``, or what was cut out of it."""
    area: Any = None


@dataclass(frozen=True)
class File:
    """A file that is here."""

    dataset: Dataset
    path: Path
    url: str
    sha256: str
    bytes: int
    from_cache: bool


@dataclass(frozen=True)
class Failure:
    """A file that could not be fetched, and why."""

    item: Item
    problem: errors.SourceError


@dataclass(frozen=True)
class Fetched:
    """What came of a plan: one entry for each item, here or there."""

    files: tuple[File, ...]
    failures: tuple[Failure, ...]


def chosen(names: Sequence[str]) -> tuple[Dataset, ...]:
    """The datasets of these ids, in any letter case; without names those that an analysis needs.

    Raises
    ------
    DataError
        A name that the catalogue does not know.
    """
    known = {one.id: one for one in catalogue().dataset}
    wanted = {name.lower() for name in names} or {one.id for one in known.values() if one.default}
    unknown = sorted(wanted - set(known))
    if unknown:
        raise errors.DataError(
            "fetch_unknown",
            "{names}: no such dataset. Known: {known}",
            names=", ".join(unknown),
            known=", ".join(known),
        )
    return tuple(known[name] for name in sorted(wanted))


def plan(
    municipality_code: str,
    datasets: Sequence[Dataset],
    *,
    settings: Settings,
    area: Any = None,
) -> list[Item]:
    """Which files a municipality needs.

    Parameters
    ----------
    municipality_code : str
        Five digits.
    datasets : sequence of Dataset
        From :func:`chosen`.
    settings : Settings
        Where the files will be kept.
    area : shapely geometry, optional
        The municipality with its surroundings, see :func:`surroundings`. Without it streets and mesh tables are
        in the plan, but not to be fetched.

    Returns
    -------
    items : list of Item
        In the order of dataset and file.

    Raises
    ------
    DataError
        A code outside the prefectures 01 to 47.

    Examples
    --------
    >>> [item.url for item in plan("13105", chosen(["A32"]), settings=Settings(Path("cache")))]
    ['https://nlftp.mlit.go.jp/ksj/gml/data/A32/A32-23/A32-23_13_GML.zip']
    """
    pref = municipality_code[:2]
    region = next((name for name, prefs in REGIONS.items() if int(pref) in prefs), None)
    if region is None:
        raise errors.DataError(
            "fetch_prefecture",
            "{municipality} is in no prefecture (its first two digits are 01 to 47): no public file is known for it.",
            municipality=municipality_code,
        )
    values = {"pref": pref, "code": municipality_code, "region": region}
    return [item for one in datasets for item in _items(one, values, settings, area)]


def _items(dataset: Dataset, values: dict[str, str], settings: Settings, area: Any) -> Iterator[Item]:
    year = dataset.edition[:4]
    meshes = ["????"] if area is None else primary_meshes(area) if "{mesh}" in dataset.url else [""]
    folder = settings.cache / dataset.id
    for mesh in meshes:
        filled = {**values, "year": year, "yy": year[2:], "mesh": mesh}
        url, file = dataset.url.format(**filled), dataset.file.format(**filled)
        if dataset.via == "file":
            yield Item(dataset, url, file, folder / file, folder / file, area)
        else:
            # The question is part of the path: another halo or border is another file.
            shape = b"" if area is None else shapely.to_wkb(shapely.normalize(area))
            question = hashlib.sha256(shape + settings.overpass.encode()).hexdigest()[:12]
            cut = folder / question / f"streets-{values['code']}.osm.pbf"
            yield Item(dataset, url, file, settings.cache / "osm-geofabrik" / file, cut, area)


def surroundings(municipalities: gpd.GeoDataFrame, *, municipality_code: str, limit_m: float) -> Any:
    """The municipality with everything around it that a walk may touch, or None while its border is unknown.

    Parameters
    ----------
    municipalities : GeoDataFrame
        The table ``Municipalities``.
    municipality_code : str
    limit_m : float
        The longest walk of the study, metres; :data:`HALO_M` is added.
    """
    own = municipalities[municipalities["municipality_code"] == municipality_code]
    if own.empty:
        return None
    return _osm.area(own.geometry.union_all(), halo_m=limit_m + HALO_M)


def primary_meshes(area: Any) -> list[str]:
    """Codes of the primary meshes (40' by 1 degree, JIS X 0410) that an area touches.

    Examples
    --------
    >>> primary_meshes(shapely.box(139.7, 35.6, 139.8, 35.7))
    ['5339']
    >>> primary_meshes(shapely.box(139.9, 35.3, 140.1, 35.4))
    ['5239', '5240', '5339', '5340']
    """
    west, south, east, north = shapely.bounds(area)
    codes = []
    for row in range(math.floor(south * 1.5), math.floor(north * 1.5) + 1):
        for column in range(math.floor(west), math.floor(east) + 1):
            cell = shapely.box(column, row / 1.5, column + 1, (row + 1) / 1.5)
            if shapely.intersects(cell, area):
                codes.append(f"{row:02d}{column - 100:02d}")
    return codes


# --- fetching ---------------------------------------------------------------------------------------------


def fetch(
    items: Sequence[Item],
    *,
    settings: Settings,
    folder: Path,
    refresh: bool = False,
    progress: Progress | None = None,
) -> Fetched:
    """Bring files into the cache of this machine.

    Parameters
    ----------
    items : sequence of Item
        From :func:`plan`.
    settings : Settings
    folder : Path
        The project, named in the sentences on what to do by hand.
    refresh : bool, default False
        Ask again for files that are here already.
    progress : callable, optional
        ``(name, done, total)`` in bytes.

    Returns
    -------
    fetched : Fetched
        A file that fails does not keep the others from coming.

    Raises
    ------
    SourceError
        ``fetch_no_route`` when no server can be reached and nothing is here: with, for each dataset, the page to
        visit, the file to choose, and where to put it.
    """
    files: list[File] = []
    failures: list[Failure] = []
    silent: dict[str, errors.SourceError] = {}
    asked = ""
    for item in items:
        host = _host(item, settings)
        try:
            _has_area(item)
            if host in silent and _from_cache(item, refresh) is None:
                raise silent[host]
            pause = settings.pause_s if asked == host else 0
            file = _one(item, settings, refresh=refresh, progress=progress, pause_s=pause)
            asked = asked if file.from_cache else host
            files.append(file)
        except errors.SourceError as problem:
            failures.append(Failure(item, problem))
            if problem.code == "fetch_offline":
                silent[host] = problem
    if silent and not files and {f.problem.code for f in failures} <= {"fetch_offline", "fetch_area"}:
        raise errors.SourceError(
            "fetch_no_route",
            "No server can be reached ({hosts}). Where there is internet, open each page in a browser, choose the "
            "file, and bring it here:\n{by_hand}",
            hosts=", ".join(sorted(silent)),
            by_hand="\n".join(by_hand(f.item, folder=folder) for f in failures),
        )
    return Fetched(tuple(files), tuple(failures))


def by_hand(item: Item, *, folder: Path) -> str:
    """How a person gets a file without this program: the page, the file, and where to put it.

    Examples
    --------
    >>> a27 = plan("13105", chosen(["a27"]), settings=Settings(Path("cache")))[0]
    >>> print(by_hand(a27, folder=Path("bunkyo")))
    a27: https://nlftp.mlit.go.jp/ksj/gml/datalist/KsjTmplt-A27-2023.html → A27-23_13_GML.zip → ibasho import bunkyo \
A27-23_13_GML.zip
    """
    dataset = item.dataset
    if dataset.via != "file":
        then = f"{item.source} → ibasho fetch {folder} osm-geofabrik"
    else:
        # Points of schools are many things; only who fetches them says that zones grow from them.
        told = " --as schools" if dataset.kind == "schools" else ""
        then = f"ibasho import {folder} {item.file}{told}"
    return f"{dataset.id}: {dataset.page} → {item.file} → {then}"


def _has_area(item: Item) -> None:
    if item.dataset.needs_area and item.area is None:
        raise errors.SourceError(
            "fetch_area",
            "{dataset} needs the border of the municipality. Fetch that first: ibasho fetch DIR n03",
            dataset=item.dataset.id,
        )


def _host(item: Item, settings: Settings) -> str:
    url = settings.overpass if item.dataset.via == "overpass" else item.url
    return urlsplit(url).hostname or ""


def _from_cache(item: Item, refresh: bool) -> File | None:
    if refresh:
        return None
    format_: _http.Format = "pbf" if item.dataset.via != "file" else item.dataset.format
    kept = _http.cached(item.target, url=item.url, format_=format_)
    return None if kept is None else _file(item, kept)


def _one(item: Item, settings: Settings, *, refresh: bool, progress: Progress | None, pause_s: float) -> File:
    kept = _from_cache(item, refresh)
    if kept is not None:
        return kept
    _http.pause(pause_s)
    if item.dataset.via == "overpass":
        _osm.overpass(
            item.target, shape=item.area, settings=settings, max_bytes=item.dataset.max_mb * 1_000_000
        )
    else:
        done = _http.download(
            item.url,
            item.source,
            settings=settings,
            hosts=catalogue().hosts,
            format_=item.dataset.format,
            max_bytes=item.dataset.max_mb * 1_000_000,
            page=item.dataset.page,
            progress=progress,
            refresh=refresh,
        )
        if item.dataset.via == "file":
            _note(item, done)
            return _file(item, done)
        _osm.extract(item.source, item.target, shape=item.area)
    size = item.target.stat().st_size
    made = _http.Download(item.target, item.url, _http.sha256(item.target), size)
    _note(item, made)
    return _file(item, made)


def _note(item: Item, done: _http.Download) -> None:
    terms = catalogue().licence[item.dataset.licence]
    _http.keep(done, dataset=item.dataset.id, edition=item.dataset.edition, licence=terms.en)


def _file(item: Item, done: _http.Download) -> File:
    return File(item.dataset, done.path, done.url, done.sha256, done.bytes, done.from_cache)


def licence_of(dataset: Dataset) -> str:
    """The terms of a dataset as they are written beside its numbers."""
    terms = catalogue().licence[dataset.licence]
    return f"{terms.en}, {terms.url}"


_PARTS = {"pref": r"(?:0[1-9]|[1-3]\d|4[0-7])", "code": r"(?:0[1-9]|[1-3]\d|4[0-7])\d{3}", "mesh": r"\d{4}"}
_PARTS |= {"year": r"(?P<year>20\d\d)", "yy": r"(?P<yy>\d\d)", "region": "[a-z]+"}


@cache
def _named() -> tuple[tuple[Dataset, re.Pattern[str]], ...]:
    """Each dataset, and what its file and the layer in it are called."""
    found = []
    for one in catalogue().dataset:
        stem = one.file.split(".zip")[0].split("-latest.osm.pbf")[0].removesuffix("_GML")
        pieces = []
        for text, name, _, _ in string.Formatter().parse(stem):
            # The day in the name is that of the edition.
            pieces += [re.escape(text).replace("0101", r"\d{4}"), _PARTS[name] if name else ""]
        found.append((one, re.compile("".join(pieces) + r"(?![0-9])(?:[_-].*)?(?:\..*)?", re.ASCII)))
    return tuple(found)


def recognised(reading: Any) -> Any:
    """A reading with the edition and terms of an official file, when its file is called as one.

    Examples
    --------
    >>> from geo.sources._reading import Reading
    >>> from geo import schemas
    >>> zones = Reading("zones", "zones:a", schemas.Zones, schemas.empty(schemas.Zones), "A32-21_13.shp", "0" * 64, 0)
    >>> recognised(zones).edition, recognised(zones).licence[:40]
    ('2021', 'National Land Numerical Information, ter')
    """
    for dataset, pattern in _named():
        name = pattern.fullmatch(reading.file) if dataset.kind in (reading.kind, "schools") else None
        if name is None or (dataset.kind == "schools" and reading.kind not in ("zones", "places")):
            continue
        told = name.groupdict()
        year = told.get("year") or (f"20{told['yy']}" if told.get("yy") else None)
        edition = year or (None if dataset.edition == "latest" else dataset.edition)
        return replace(
            reading, edition=reading.edition or edition, licence=reading.licence or licence_of(dataset)
        )
    return reading


def described(reading: Any, dataset: Dataset) -> Any:
    """A reading with the edition and the terms of the catalogue where the file itself does not tell them."""
    edition = None if dataset.edition == "latest" else dataset.edition
    return replace(
        reading, edition=reading.edition or edition, licence=reading.licence or licence_of(dataset)
    )
