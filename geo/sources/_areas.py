"""Which small areas of the census a cell of some other table means: by key, or by name as addresses write it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import geopandas as gpd

from geo.sources import geocode

_PREFECTURE = re.compile(r"^(東京都|北海道|京都府|大阪府|.{2,3}県)")


@dataclass(frozen=True)
class Index:
    """How tables may call the small areas of a municipality."""

    keys: Mapping[str, tuple[str, ...]]
    """KEY_CODE, or the first nine digits of several → areas."""
    names: Mapping[str, tuple[str, ...]]
    """Name as addresses are compared → areas; of a name that several areas have, all."""
    parents: Mapping[str, tuple[str, ...]]
    """Name of a town without 丁目 → the areas of all its 丁目."""
    prefixes: tuple[str, ...]
    """What may stand before the name of a town."""


def index(areas: gpd.GeoDataFrame, municipality: str) -> Index:
    """What tables may call the areas of a municipality of this name."""
    keys: dict[str, list[str]] = {}
    for area in areas["small_area_id"]:
        for part in {area, area[:9]}:
            keys.setdefault(part, []).append(area)
    names: dict[str, list[str]] = {}
    parents: dict[str, list[str]] = {}
    # All water is called water, which names no area.
    land = areas[~areas["is_water"]]
    for area, name in zip(land["small_area_id"], land["name"].map(geocode.normal), strict=True):
        names.setdefault(name, []).append(area)
        if town := re.fullmatch(r"(.*\D)\d+-?", name):
            parents.setdefault(town[1], []).append(area)
    full = geocode.normal(_PREFECTURE.sub("", municipality))
    ward = re.sub(r"^.+市(?=.+区$)", "", full)
    return Index(_frozen(keys), _frozen(names), _frozen(parents), tuple(p for p in (full, ward) if p))


def _frozen(lists: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(sorted(members)) for name, members in lists.items()}


def key(text: str) -> str | None:
    """The key of an area in a cell, also of a spreadsheet that took it for a number; None when it is none."""
    digits = text.removesuffix(".0")
    if not re.fullmatch(r"\d{8,11}", digits):
        return None
    if len(digits) % 2 == 0:
        digits = "0" + digits
    # Places that do not exist have 99 where others have their prefecture.
    return digits if 1 <= int(digits[:2]) <= 47 or digits.startswith("99") else None


def found(text: str, known: Index) -> tuple[tuple[str, ...], bool]:
    """The areas that a cell means, and whether it means them as parts of a town."""
    asked_key = key(text)
    if asked_key is not None:
        held = known.keys.get(asked_key, ())
        return held, held not in ((), (asked_key,))
    name = geocode.normal(text)
    bare = geocode.normal(_PREFECTURE.sub("", text))
    for asked in (name, *(bare.removeprefix(prefix) for prefix in known.prefixes), bare):
        if asked in known.names:
            return known.names[asked], False
        if asked in known.parents:
            return known.parents[asked], True
    return (), False
