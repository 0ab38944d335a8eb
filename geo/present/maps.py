"""What a map shows now: one class a feature, and the legend that says what the classes mean.

A view is small (a character a cell), so it is all that a moved slider sends. It holds words from the
catalogue and numbers, never a name from a file: those travel with the geometry, as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby, pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo import schemas, text
from geo.present import palettes
from geo.study import Study

CODES = re.compile(r"^[0-9A-Z]*$")
LETTERS = str.maketrans("0123456789", "abcdefghij")
UNKNOWN = "Z"
"""The code of what is not known: hatched."""
NOTHING = "0"
"""The code of a feature that is not drawn."""
BADGES = 20


@dataclass(frozen=True)
class Entry:
    """A class of the legend: its code, colour and meaning."""

    code: str
    colour: str
    label: str
    hatch: bool = False


@dataclass(frozen=True)
class Axes:
    """Words of a two-way legend: what runs to the right and what runs upwards, first and last class."""

    right: str
    up: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    """From the top."""
    codes: tuple[tuple[str, ...], ...]
    """Row by row, from the top."""


@dataclass(frozen=True)
class View:
    """Everything that a map shows beyond its geometry."""

    layer: str
    """The coloured layer: ``cells`` or ``areas``."""
    codes: str
    """One character a feature, in the order of the layer's table."""
    title: str
    entries: tuple[Entry, ...]
    axes: Axes | None = None
    places: str = ""
    """One character a place: 1 counts for the question, 0 does not."""
    zones: str | None = None
    """The layer of the zone system whose lines are drawn."""
    focus: dict[str, Any] | None = None
    """What to fit into the window: ``{"layer", "i"}``, with ``places`` (one character each) the places that are 1 too,
    or ``{"code"}``; None: the asked ward."""
    reach: bool = False
    """Whether the ground around the places that count is drawn, in the classes of the legend."""
    mark: int | None = None
    """The row of the small area that is outlined."""
    badges: tuple[tuple[float, float, str], ...] = ()
    """Latitude, longitude and a number to stand there; without one it is where a walk starts."""
    words: dict[str, Any] = field(default_factory=dict)
    """The script's own words in the reader's language."""

    def __post_init__(self) -> None:
        """Codes are evaluated in the browser: nothing but digits and capital letters."""
        if not CODES.fullmatch(self.codes) or not CODES.fullmatch(self.places):
            raise ValueError("codes are digits and capital letters only")

    def script(self) -> str:
        r"""The view as a JavaScript value in plain ASCII: it is evaluated in the browser.

        Examples
        --------
        >>> View(layer="areas", codes="1", title="<b>", entries=()).script()[37:51]
        '"\\u003cb\\u003e'
        """
        sent = {**asdict(self), "codes": packed(self.codes)}
        plain = json.dumps(sent, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
        for sign in "<>&`$'":
            plain = plain.replace(sign, f"\\u{ord(sign):04x}")
        return plain


def packed(codes: str) -> str:
    """Codes as they are sent: of a run the code and how long, with a to j for the digits; neighbours are often alike.

    Examples
    --------
    >>> packed("1" * 14 + "22Z")
    '1be22Z'
    """
    runs = ((code, len(list(run))) for code, run in groupby(codes))
    return "".join(code * n if n < 3 else code + str(n).translate(LETTERS) for code, n in runs)


def coverage(
    table: pd.DataFrame,
    cells: gpd.GeoDataFrame,
    small_areas: pd.DataFrame,
    *,
    study: Study,
    language: text.Language,
    **shown: Any,
) -> View:
    """Walk to the nearest fitting place: one colour family within the study's limit, another beyond it.

    Parameters
    ----------
    table : schemas.Coverage
    cells : GeoDataFrame
        ``origin_id, small_area_id``; the order of the codes.
    small_areas : schemas.SmallAreas
        Water areas are not coloured.
    study : Study
        ``gap_group`` and ``gap_kind`` say for whom; ``limits_m`` and ``limit_m`` are the class limits.
    **shown
        More fields of the view (zones, places, focus, words).
    """
    limits = class_limits(study)
    own = _own(table, study, cells)
    nearest = own["nearest_m"].to_numpy(dtype=float)
    # A distance of exactly a limit is within it; NaN (nothing reached) is beyond all.
    place = np.searchsorted(limits, np.where(np.isnan(nearest), np.inf, nearest), side="left")
    codes = (place + 1).astype(str)
    maybe = ~(nearest <= study.limit_m) & (own["possible_m"] <= study.limit_m).to_numpy()
    codes[maybe | own["people"].isna().to_numpy()] = UNKNOWN
    codes[(own["people"] == 0).to_numpy() | _on_water(cells, small_areas)] = NOTHING
    return View(
        layer="cells",
        codes="".join(codes),
        title=text.say("legend.coverage", language, limit=study.limit_m),
        entries=(*_distance_entries(limits, study, language), *_unknown(UNKNOWN in codes, language)),
        **shown,
    )


def catchments(cells: gpd.GeoDataFrame, *, study: Study, language: text.Language, **shown: Any) -> View:
    """The ground from which a fitting place is within each of the study's distances, drawn along the streets.

    Parameters
    ----------
    cells : GeoDataFrame
        They stay clear.
    study : Study
    **shown
        More fields of the view (zones, places, focus, words).
    """
    limits = study.limits_m
    labels = [text.say("legend.up_to", language, upper=limits[0])]
    labels += [text.say("legend.between", language, lower=a, upper=b) for a, b in pairwise(limits)]
    colours = palettes.arm(palettes.WITHIN, len(limits))
    return View(
        layer="cells",
        codes=NOTHING * len(cells),
        title=text.say("legend.catchments", language),
        entries=tuple(
            Entry(str(i), c, label) for i, (c, label) in enumerate(zip(colours, labels, strict=True), start=1)
        ),
        reach=True,
        **shown,
    )


def class_limits(study: Study) -> tuple[int, ...]:
    """Class limits of the coverage map: the study's distances and the chosen one, at most four in all.

    Examples
    --------
    >>> class_limits(Study(municipality_code="13105", limit_m=650))
    (300, 500, 650, 800)
    """
    others = [limit for limit in study.limits_m if limit != study.limit_m]
    nearest = sorted(others, key=lambda limit: (abs(limit - study.limit_m), limit))[:3]
    return tuple(sorted((*nearest, study.limit_m)))


def _distance_entries(limits: tuple[int, ...], study: Study, language: text.Language) -> tuple[Entry, ...]:
    n_within = limits.index(study.limit_m) + 1
    colours = (
        *palettes.arm(palettes.WITHIN, n_within),
        *palettes.arm(palettes.BEYOND, len(limits) + 1 - n_within),
    )
    labels = [text.say("legend.up_to", language, upper=limits[0])]
    labels += [text.say("legend.between", language, lower=a, upper=b) for a, b in pairwise(limits)]
    labels.append(text.say("legend.beyond", language, lower=limits[-1]))
    return tuple(
        Entry(str(i), c, label) for i, (c, label) in enumerate(zip(colours, labels, strict=True), start=1)
    )


def gaps(
    table: pd.DataFrame,
    gap_cells: pd.DataFrame,
    gap_table: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    small_areas: pd.DataFrame,
    *,
    study: Study,
    chosen: str | None,
    language: text.Language,
    **shown: Any,
) -> View:
    """Where nobody is within the walk; the chosen gap stands out and is fitted into the window.

    Parameters
    ----------
    table : schemas.Coverage
    gap_cells : DataFrame
        ``origin_id, gap_id``.
    gap_table : schemas.Gaps
        In plane metres; worst first.
    cells, small_areas : GeoDataFrame
    chosen : str or None
        A gap_id.
    """
    own = _own(table, study, cells)
    gap = cells["origin_id"].map(gap_cells.set_index("origin_id")["gap_id"])
    codes = np.where(gap.isna(), "1", np.where(gap == chosen, "3", "2"))
    codes[own["people"].isna().to_numpy()] = UNKNOWN
    codes[(own["people"] == 0).to_numpy() | _on_water(cells, small_areas)] = NOTHING
    keys = ("legend.reached", "legend.gap", "legend.chosen_gap")
    entries = [
        Entry(str(i), colour, text.say(key, language, limit=study.limit_m))
        for i, (key, colour) in enumerate(zip(keys, palettes.GAP, strict=True), start=1)
    ]
    shown.setdefault("focus", {"code": "3"} if "3" in codes else None)
    return View(
        layer="cells",
        codes="".join(codes),
        title=text.say("legend.gaps", language, limit=study.limit_m),
        entries=(*entries, *_unknown(UNKNOWN in codes, language)),
        badges=_badges(gap_table),
        **shown,
    )


def _badges(gap_table: gpd.GeoDataFrame) -> tuple[tuple[float, float, str], ...]:
    spots = gap_table.geometry.head(BADGES).representative_point().to_crs(schemas.STORED_CRS)
    return tuple((round(p.y, 5), round(p.x, 5), str(rank)) for rank, p in enumerate(spots, start=1))


def risk(isolation: pd.DataFrame, areas: gpd.GeoDataFrame, *, language: text.Language, **shown: Any) -> View:
    """Risk of isolation of each small area, relative within the study.

    Parameters
    ----------
    isolation : schemas.Isolation
    areas : schemas.SmallAreas
        The order of the codes; areas without a row (nobody lives there) are not drawn.
    """
    own = isolation.set_index("small_area_id").reindex(areas["small_area_id"])
    here = areas["small_area_id"].isin(isolation["small_area_id"]).to_numpy()
    classes = own["risk_class"].to_numpy(dtype=float)
    codes = np.where(np.isnan(classes), UNKNOWN, np.nan_to_num(classes).astype(int).astype(str))
    codes[(own["high_risk"] == True).to_numpy()] = "4"  # noqa: E712 - areas without a row hold NaN
    codes[~here] = NOTHING
    keys = ("legend.risk_low", "legend.risk_middle", "legend.risk_upper", "legend.risk_high")
    entries = [
        Entry(str(i), colour, text.say(key, language))
        for i, (key, colour) in enumerate(zip(keys, palettes.RISK, strict=True), start=1)
    ]
    return View(
        layer="areas",
        codes="".join(codes),
        title=text.say("legend.risk", language),
        entries=(*entries[::-1], *_unknown(UNKNOWN in codes, language)),
        **shown,
    )


def hot_spots(
    isolation: pd.DataFrame, areas: gpd.GeoDataFrame, *, language: text.Language, **shown: Any
) -> View:
    """Where high or low risk clusters; what is no more than chance is drawn as such. See :func:`risk`."""
    own = isolation.set_index("small_area_id")["hot_spot"].reindex(areas["small_area_id"])
    here = areas["small_area_id"].isin(isolation["small_area_id"]).to_numpy()
    names = ("hot", "high_among_low", "low_among_high", "cold", "not_significant")
    codes = (
        own.map({name: str(i) for i, name in enumerate(names, start=1)})
        .fillna(UNKNOWN)
        .to_numpy(dtype=object)
    )
    codes[~here] = NOTHING
    entries = [
        Entry(str(i), colour, text.say(f"legend.spot_{name}", language))
        for i, (name, colour) in enumerate(zip(names, palettes.HOT_SPOTS, strict=True), start=1)
    ]
    return View(
        layer="areas",
        codes="".join(codes),
        title=text.say("legend.hot_spots", language),
        entries=(*entries, *_unknown(UNKNOWN in codes, language)),
        **shown,
    )


def risk_and_access(
    isolation: pd.DataFrame, areas: gpd.GeoDataFrame, *, study: Study, language: text.Language, **shown: Any
) -> View:
    """Need beside access: nine classes, and never one index of both. See :func:`risk`."""
    own = isolation.set_index("small_area_id").reindex(areas["small_area_id"])
    here = areas["small_area_id"].isin(isolation["small_area_id"]).to_numpy()
    need = own["risk_class"].to_numpy(dtype=float)
    access = own["access_class"].to_numpy(dtype=float)
    unknown = np.isnan(need) | np.isnan(access)
    # 1…9: row by row from good access (class 3) to poor (class 1), from low risk to high.
    number = (3 - np.nan_to_num(access, nan=3)) * 3 + np.nan_to_num(need, nan=1)
    codes = np.where(unknown, UNKNOWN, number.astype(int).astype(str))
    codes[~here] = NOTHING
    needs = [text.say(f"legend.need_{i}", language) for i in (1, 2, 3)]
    accesses = [text.say(f"legend.access_{i}", language) for i in (3, 2, 1)]
    entries = [
        Entry(
            str(row * 3 + column + 1),
            palettes.BIVARIATE[row][column],
            _both(needs[column], accesses[row], language),
        )
        for row in range(3)
        for column in range(3)
    ]
    axes = Axes(
        right=text.say("legend.axis_need", language),
        up=text.say("legend.axis_access", language, limit=study.limit_m),
        columns=tuple(needs),
        rows=tuple(accesses[::-1]),
        codes=(("7", "8", "9"), ("4", "5", "6"), ("1", "2", "3")),
    )
    return View(
        layer="areas",
        codes="".join(codes),
        title=text.say("legend.both", language),
        entries=(*entries, *_unknown(UNKNOWN in codes, language)),
        axes=axes,
        **shown,
    )


def _both(need: str, access: str, language: text.Language) -> str:
    return text.say("legend.need_and_access", language, need=need, access=access)


def nearby(
    found: pd.DataFrame | None,
    cells: gpd.GeoDataFrame,
    on_map: Sequence[str],
    *,
    origin_id: str | None,
    study: Study,
    language: text.Language,
    **shown: Any,
) -> View:
    """Where a resident starts, and the places within the walk; those that are closed then are pale.

    Parameters
    ----------
    found : DataFrame or None
        Of :func:`geo.nearby.places`.
    cells : GeoDataFrame
        ``origin_id, geometry``; the order of the codes.
    on_map : sequence of str
        Ids of the places that are drawn, in the order of the codes.
    """
    codes = np.where(cells["origin_id"] == origin_id, "2", "1")
    near = set(found.loc[found["is_open"] != 0, "place_id"]) if found is not None else set()
    keys = ("legend.lived", "legend.start")
    entries = tuple(
        Entry(str(i), colour, text.say(key, language, limit=study.limit_m))
        for i, (key, colour) in enumerate(zip(keys, palettes.NEARBY, strict=True), start=1)
    )
    # Before a start is chosen no place is nearer than another: none is pale.
    counting_ = "".join("1" if found is None or place in near else "0" for place in on_map)
    if found is not None and shown.get("mark") is not None:
        reached = set(found["place_id"])
        walked = "".join("1" if place in reached else "0" for place in on_map)
        shown["focus"] = {"layer": "areas", "i": shown["mark"], "places": walked}
    return View(
        layer="cells",
        codes="".join(codes),
        title=text.say("legend.nearby", language),
        entries=entries,
        badges=_start(cells, origin_id),
        **shown | {"places": counting_},
    )


def _start(cells: gpd.GeoDataFrame, origin_id: str | None) -> tuple[tuple[float, float, str], ...]:
    """A badge without a number: seen where the cell of the start is too small."""
    own = cells[cells["origin_id"] == origin_id].geometry.representative_point().to_crs(schemas.STORED_CRS)
    return tuple((round(p.y, 5), round(p.x, 5), "") for p in own)


def counting(on_map: Sequence[str], fitting: pd.DataFrame, *, study: Study) -> str:
    """Which places count for the study's group and kind: the codes of the places' layer.

    Parameters
    ----------
    on_map : sequence of str
        Ids of the places that are drawn, in the order of the codes.
    fitting : DataFrame
        ``place_id, group, kind``: which places count for whom, and can be walked to.

    Examples
    --------
    >>> fitting = pd.DataFrame({"place_id": ["hall", "cafe"], "group": "all", "kind": ["any", "permanent"]})
    >>> counting(["cafe", "hall"], fitting, study=Study(municipality_code="13105"))
    '01'
    """
    asked = (fitting["group"] == study.gap_group) & (fitting["kind"] == study.gap_kind)
    counted = set(fitting.loc[asked, "place_id"])
    return "".join("1" if place in counted else "0" for place in on_map)


def words(
    language: text.Language, *, file: str, source: str, kinds: Sequence[str] = schemas.PLACE_KINDS
) -> dict[str, Any]:
    """The script's own words: buttons, the signs and names of the kinds of place.

    Parameters
    ----------
    language : text.Language
    file : str
        Name of a saved picture, without its suffix.
    source : str
        Whose data are drawn: written below a saved picture.
    """
    return {
        "language": language,
        **{
            key: text.say(f"map.{key}", language)
            for key in (
                "title",
                "zoom_in",
                "zoom_out",
                "legend",
                "uncounted",
                "legend_pale",
                "legend_signs",
                "outside",
                "save",
            )
        },
        "file": file,
        "source": source,
        "signs": {kind: text.say(f"place_sign.{kind}", language) for kind in kinds},
        "kinds": {kind: text.say(f"place_kind.{kind}", language) for kind in kinds},
    }


def _on_water(cells: pd.DataFrame, small_areas: pd.DataFrame) -> np.ndarray[Any, Any]:
    water = small_areas.loc[small_areas["is_water"], "small_area_id"]
    return np.asarray(cells["small_area_id"].isin(water))


def _own(table: pd.DataFrame, study: Study, cells: gpd.GeoDataFrame) -> pd.DataFrame:
    """The chosen group's coverage in the order of the cells."""
    own = table[(table["group"] == study.gap_group) & (table["kind"] == study.gap_kind)]
    return own.set_index("origin_id").reindex(cells["origin_id"])


def _unknown(present: bool, language: text.Language) -> tuple[Entry, ...]:
    if not present:
        return ()
    return (Entry(UNKNOWN, palettes.UNKNOWN, text.say("legend.unknown", language), hatch=True),)
