"""A run in one document: the numbers, their denominators, and in words what is partial or unknown.

This is what ``ibasho run --json`` prints and every first screen shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd

from geo import access, coverage, mesh, network
from geo import choice as choice_
from geo import isolation as needs
from geo import opening as opening_
from geo.opening import Reached
from geo.schemas import ATTENDANCE, FUNCTIONS
from geo.study import Indicator, Study

TOP_GAPS = 10
SURE = 0.9
"""An area is surely of relatively high risk when it is in so many of the variations of the index."""


@dataclass(frozen=True)
class Remark:
    """A limit of the numbers, as a sentence: ``partial`` or ``unknown``."""

    state: Literal["partial", "unknown"]
    code: str
    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As part of the JSON document; ``text`` in English."""
        values = dict(self.values)
        text = self.template.format(**values)
        return {
            "state": self.state,
            "code": self.code,
            "template": self.template,
            "values": values,
            "text": text,
        }


class Document(Mapping[str, Any]):
    """The document of a run: each section is written when it is first read, and a copy of all of them is a dict.

    Examples
    --------
    >>> document = Document({"people": lambda: 5, "never": lambda: 1 / 0})
    >>> document["people"], list(document)
    (5, ['people', 'never'])
    """

    def __init__(self, sections: Mapping[str, Callable[[], Any]]) -> None:
        self._sections = dict(sections)
        self._written: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """A section."""
        if name not in self._written:
            self._written[name] = self._sections[name]()
        return self._written[name]

    def __iter__(self) -> Iterator[str]:
        """Names of the sections, in their order."""
        return iter(self._sections)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._sections)


def population(people: Mapping[str, pd.Series], counted: Mapping[str, float]) -> dict[str, Any]:
    """People of each group in the study area.

    Parameters
    ----------
    people : mapping of str to Series
        Group → people by small area (NaN: not known).
    counted : mapping of str to float
        Group → all people of the table that counts it; see :func:`geo.demand.counted_people`.

    Returns
    -------
    document : dict
        A number a group, None where no table gives any, with ``unknown`` = {group: reason} and ``of`` = {group: the
        people that it is a part of}: those of the same table, which may be of another year than ``all``.

    Examples
    --------
    >>> people = {"all": pd.Series([3.0, 4.0]), "under_15": pd.Series([1.0]), "older": pd.Series([float("nan")])}
    >>> population(people, {"all": 7.0, "under_15": 8.0})
    {'all': 7, 'under_15': 1, 'older': None, 'unknown': {'older': 'no_table'}, 'of': {'all': 7, 'under_15': 8}}
    """
    document: dict[str, Any] = {
        group: number(counts.sum()) if counts.notna().any() else None for group, counts in people.items()
    }
    unknown = {group: "no_table" for group, value in document.items() if value is None}
    of = {group: number(counted.get(group, math.nan)) for group in document if group not in unknown}
    return {**document, "unknown": unknown, "of": of}


def future_population(statistics: pd.DataFrame, datasets: pd.DataFrame) -> dict[str, Any] | None:
    """People that are expected in the municipality, by year: a projection, beside the people of today.

    Parameters
    ----------
    statistics : schemas.Statistics
        Of the project.
    datasets : schemas.Datasets

    Returns
    -------
    document : dict or None
        Of the finest squares: ``edition``, ``squares``, and for each year the people and the ages that the file
        tells, with fractions. Ages that one square hides are counted in another. None: no such file.
    """
    own = statistics[statistics["variable"].str.startswith(PROJECTED)]
    if own.empty:
        return None
    squares = own.groupby("dataset_id")["small_area_id"].nunique()
    finest = max(squares.index, key=lambda dataset: (squares[dataset], dataset))
    sums = own[own["dataset_id"] == finest].groupby("variable")["value"].sum(min_count=1)
    years: dict[int, dict[str, Any]] = {}
    for variable, total in sums.items():
        group, year = str(variable).removeprefix(PROJECTED).rsplit("_", 1)
        years.setdefault(int(year), {})[group] = number(total)
    editions = datasets.set_index("dataset_id")["edition"]
    return {
        "edition": text(editions.get(finest)),
        "squares": int(squares[finest]),
        "is_projection": True,
        "years": [{"year": year, **dict(sorted(years[year].items()))} for year in sorted(years)],
    }


PROJECTED = "projected_"
"""How the variables of years to come begin: ``projected_people_2050``, ``projected_65_plus_2050``."""


def housing(statistics: pd.DataFrame, datasets: pd.DataFrame) -> list[dict[str, Any]]:
    """Vacant dwellings of the municipality as a whole, an entry a survey: estimates from a sample.

    Parameters
    ----------
    statistics : schemas.Statistics
        Of the project.
    datasets : schemas.Datasets

    Returns
    -------
    document : list of dict
        ``edition``, ``dwellings``, ``vacant``, ``vacant_share``, ``vacant_other`` (neither to let nor for sale nor
        second homes) and its share, and the other kinds; None where the table does not tell.
    """
    own = statistics[statistics["variable"].str.startswith(HOUSING)]
    editions = datasets.set_index("dataset_id")["edition"]
    document = []
    for dataset, rows in own.groupby("dataset_id", sort=True):
        told = rows.set_index(rows["variable"].str.removeprefix(HOUSING))["value"]
        counts = {name: number(told.get(name, math.nan)) for name in HOUSING_COUNTS}
        all_ = told.get("dwellings", math.nan)
        shares = {
            f"{name}_share": number(told.get(name, math.nan) / all_ if all_ else math.nan, 6)
            for name in ("vacant", "vacant_other")
        }
        document.append({"edition": text(editions.get(dataset)), **counts, **shares})
    return document


HOUSING = "housing_"
HOUSING_COUNTS = (
    "dwellings",
    "vacant",
    "vacant_to_let",
    "vacant_for_sale",
    "vacant_second_home",
    "vacant_other",
)
"""What the housing survey counts, as its variables are called after :data:`HOUSING`."""


def coverages(table: pd.DataFrame, *, study: Study) -> list[dict[str, Any]]:
    """People covered, one entry a group, kind and limit."""
    shares = coverage.shares(table, limits_m=study.limits_m)
    order = {group.group: place for place, group in enumerate(study.groups)}
    shares = shares.sort_values(
        ["group", "kind", "limit_m"], key=lambda c: c.map(order) if c.name == "group" else c
    )
    return [
        {
            "group": row.group,
            "kind": row.kind,
            "limit_m": int(row.limit_m),
            "people": number(row.people),
            "covered_people": number(row.covered_people),
            "covered_share": number(row.covered_share, 6),
            "covered_people_max": number(row.covered_people_max),
            "covered_share_max": number(row.covered_share_max, 6),
            "state": row.state,
        }
        for row in shares.itertuples()
    ]


def places(table: pd.DataFrame, outside: pd.DataFrame, *, study: Study) -> dict[str, Any]:
    """How many places are open, and how many of them lie outside the municipality.

    Parameters
    ----------
    table : schemas.Places
    outside : DataFrame
        Of :func:`geo.coverage.outside`.
    study : Study
    """
    return {
        "open": int((table["status"] == "open").sum()),
        "outside": len(outside),
        "outside_reached": int(outside["reached"].sum()),
        "limit_m": max(study.limits_m),
    }


def opening(
    found: Reached, by_zone: pd.DataFrame, now: pd.DataFrame | None, *, study: Study
) -> dict[str, Any]:
    """The share of the waking week in which something is open within the walk, for each group.

    Parameters
    ----------
    found : opening.Reached
    by_zone : schemas.ZoneOpening
    now : DataFrame or None
        Of :func:`geo.opening.reached_at`, when the study asks for a date and time.
    """
    last = study.period_start + timedelta(days=study.period_days - 1)
    return {
        "period": [study.period_start.isoformat(), last.isoformat()],
        "waking_hours": list(study.waking_hours),
        "limit_m": study.limit_m,
        "walk_min": study.walk_min(study.gap_group, study.limit_m),
        "groups": [_open_group(found, group.group) for group in study.groups],
        "zones": _open_zones(found, by_zone[by_zone["group"] == study.gap_group]),
        "open_at": None if now is None or study.open_at is None else _open_at(now, study.open_at),
    }


def _open_group(found: Reached, group: str) -> dict[str, Any]:
    cells, without = opening_.shares(found, group), opening_.without(found, group)
    whole = _open_share(cells)
    unknown = whole["unknown_share"]
    state = "unknown" if unknown is None or (unknown and not whole["open_share"]) else "partial"
    return {
        "group": group,
        **whole,
        "state": "known" if unknown == 0 else state,
        "by_weekday": [
            {"weekday": int(day), **_open_share(part), "people_without": number(without[day])}
            for day, part in cells.groupby("weekday", sort=True)
        ],
        "by_daypart": [
            {"daypart": part, **_open_share(own)}
            for part in opening_.DAYPARTS
            if len(own := cells[cells["daypart"] == part])
        ],
        "timetable": [
            {
                "weekday": int(cell.weekday),
                "daypart": cell.daypart,
                "open_share": number(cell.open_share, 6),
                "unknown_share": number(cell.unknown_share, 6),
            }
            for cell in cells.itertuples()
        ],
    }


def _open_zones(found: Reached, table: pd.DataFrame) -> list[dict[str, Any]]:
    """Open share of each zone, and the weekdays on which something opens in the zone itself."""
    whole = opening_.whole_week(table, found.slots)
    days = table[table["places_open"] > 0].groupby("zone_id")["weekday"].unique()
    return [
        {
            "zone_id": row.zone_id,
            "open_share": number(row.open_share, 6),
            "unknown_share": number(row.unknown_share, 6),
            "weekdays_open": sorted(int(day) for day in days.get(row.zone_id, ())),
        }
        for row in whole.itertuples()
    ]


def choice(fragile: pd.DataFrame, dependence: pd.DataFrame, *, study: Study) -> dict[str, Any]:
    """People with no, one or more places within the walk, and the places on which most people depend."""
    own = dependence[(dependence["group"] == study.gap_group) & (dependence["kind"] == study.gap_kind)]
    own = own[own["people_only"] > 0].sort_values(["people_only", "place_id"], ascending=[False, True])
    return {
        "limit_m": study.limit_m,
        "groups": [
            {name: value if name == "group" else number(value) for name, value in row.items()}
            for row in fragile.to_dict("records")
        ],
        "if_closed": [
            {
                "place_id": row.place_id,
                "people_only": number(row.people_only),
                "people_near": number(row.people_near),
                "extra_m": number(row.extra_m, 0),
            }
            for row in own.head(TOP_GAPS).itertuples()
        ],
    }


def room(account: pd.DataFrame, *, study: Study) -> dict[str, Any]:
    """What places have room for in a week beside what people get of it; the two are equal, and it is checked.

    Of a group that no table counts neither is known.
    """
    return {
        "bands_m": list(study.limits_m),
        "weights": [number(weight, 6) for weight in study.weights],
        "groups": [
            {
                "group": row.group,
                "places": row.places,
                "left_out": row.left_out,
                "visits_a_week": number(row.supply),
                "visits_per_100_people": number(
                    100 * row.supply / row.people if row.people > 0 else math.nan, 2
                ),
                "conserved": None
                if math.isnan(row.supply)
                else all(
                    math.isclose(given, row.supply, rel_tol=1e-9, abs_tol=1e-9)
                    for given in (row.two_stage, row.enhanced, row.three_stage)
                ),
            }
            for row in account.itertuples()
        ],
    }


def functions(table: pd.DataFrame, *, study: Study) -> list[dict[str, Any]]:
    """Who has a place of each function within the walk; the score is the mean number of functions."""
    total = table.groupby(["group", "function"])[["people", "covered_people"]].sum()
    share = (total["covered_people"] / total["people"]).clip(0, 1)
    parts = []
    for group in (group.group for group in study.groups if group.group in total.index.get_level_values(0)):
        own = share[group].reindex(FUNCTIONS)
        parts.append(
            {
                "group": group,
                "score": number(own.sum(), 3),
                "by_function": {name: number(value, 6) for name, value in own.items()},
            }
        )
    return parts


def partners(table: pd.DataFrame) -> dict[str, Any]:
    """How many pairs complete a week together, and those that most people have both of."""
    top = table.sort_values(["people", "place_id", "other_id"], ascending=[False, True, True]).head(TOP_GAPS)
    return {
        "count": len(table),
        "top": [
            {
                "places": [row.place_id, row.other_id],
                "days": [[int(day) for day in days.split(";")] for days in (row.days, row.other_days)],
                "people": number(row.people),
            }
            for row in top.itertuples()
        ],
    }


def salons(table: pd.DataFrame) -> dict[str, Any]:
    """Of how many open salons the attendance falls or is fixed, the helpers age, and of how many nobody knows.

    Parameters
    ----------
    table : schemas.Salons
    """
    counts = {finding: table[finding].value_counts() for finding in SALON_FINDINGS}
    return {
        "open": len(table),
        **{finding: int(found.get("yes", 0)) for finding, found in counts.items()},
        "unknown": {finding: int(found.get("unknown", 0)) for finding, found in counts.items()},
    }


SALON_FINDINGS = ("falling", "fixed", "ageing")
"""Columns of :class:`geo.schemas.Salons`."""


def gap_options(table: pd.DataFrame) -> list[dict[str, Any]]:
    """What would close most of each gap; vacant properties are not named, since they are internal."""
    best = table.sort_values(["gap_id", "option", "people", "ref_id"], ascending=[True, True, False, True])
    best = best.drop_duplicates(["gap_id", "option"])
    return [
        {
            "gap_id": row.gap_id,
            "option": row.option,
            "place_id": None if row.option == "vacancy" else row.ref_id,
            "people": number(row.people),
        }
        for row in best.itertuples()
    ]


def _open_share(cells: pd.DataFrame) -> dict[str, Any]:
    """Cells weigh by their half-hours."""
    weights = cells["slots"].to_numpy() / cells["slots"].sum()
    return {
        name: number(float(np.sum(cells[name].to_numpy() * weights)), 6)
        for name in ("open_share", "unknown_share")
    }


def _open_at(now: pd.DataFrame, moment: datetime) -> dict[str, Any]:
    return {
        "moment": moment.isoformat(timespec="minutes"),
        "groups": [
            {
                "group": row.group,
                "people": number(row.people),
                "covered_people": number(row.covered_people),
                "covered_share": number(row.covered_share, 6),
                "covered_share_max": number(row.covered_share_max, 6),
                "state": row.state,
            }
            for row in now.itertuples()
        ],
    }


def gaps(table: pd.DataFrame, *, study: Study) -> dict[str, Any]:
    """How many gaps, how many people at most (``people_min``: surely), and the largest."""
    surely = float(table["people_min"].sum())
    return {
        "group": study.gap_group,
        "kind": study.gap_kind,
        "limit_m": study.limit_m,
        "count": len(table),
        "people": number(table["people"].sum()),
        "people_min": number(surely),
        "state": "known" if math.isclose(surely, table["people"].sum(), abs_tol=1e-6) else "partial",
        "top": [
            {
                "gap_id": row.gap_id,
                "people": number(row.people),
                "nearest_m": number(row.nearest_m, 0),
                "reason": row.reason,
                "zone_ids": [zone for zone in row.zone_ids.split(";") if zone],
            }
            for row in table.head(TOP_GAPS).itertuples()
        ],
    }


def isolation(table: pd.DataFrame, people: pd.Series) -> dict[str, Any]:
    """How many areas have an index, and who lives where it is relatively high."""
    high = table.loc[table["high_risk"], "small_area_id"]
    return {
        "areas": int(table["risk"].notna().sum()),
        "high_risk_areas": len(high),
        "high_risk_people": number(people.reindex(high).sum()),
        "not_enough_data": int(table["risk"].isna().sum()),
        "surely_high": int((table["high_share"] >= SURE).sum()),
    }


def index(
    used: Iterable[Indicator],
    indicators: pd.DataFrame,
    hot_spots: pd.DataFrame,
    provenance: Mapping[str, str],
    datasets: pd.DataFrame,
    *,
    study: Study,
) -> dict[str, Any]:
    """What the index of risk is made of, how, and where it clusters.

    Parameters
    ----------
    used : iterable of Indicator
        Of :func:`geo.isolation.chosen`.
    indicators : schemas.Indicators
    hot_spots : schemas.HotSpots
    provenance : mapping of str to str
        Column → dataset, of :func:`geo.demand.provenance`.
    datasets : schemas.Datasets
    study : Study
    """
    edition = datasets.set_index("dataset_id")["edition"]
    parts = []
    for part in used:
        sources = sorted({provenance[c] for c in (part.numerator, part.denominator) if c in provenance})
        parts.append(
            {
                "indicator": part.indicator,
                "numerator": f"{part.numerator} - {part.less}" if part.less else part.numerator,
                "denominator": part.denominator,
                "higher_means": part.higher_means,
                "areas": int(indicators.loc[indicators["indicator"] == part.indicator, "value"].count()),
                "datasets": sources,
                "editions": [text(edition.get(source)) for source in sources],
            }
        )
    return {
        "indicators": sorted(indicators["indicator"].unique().tolist()),
        "parts": parts,
        "choices": {name: getattr(study, name) for name in CHOICES},
        "correlations": [
            {
                "first": row.first,
                "second": row.second,
                "correlation": number(row.correlation, 3),
                "areas": row.areas,
            }
            for row in needs.correlations(indicators).itertuples(index=False)
        ],
        "hot_spots": {
            statistic: part["hot_spot"].value_counts().sort_index().to_dict()
            for statistic, part in hot_spots.groupby("statistic", sort=True)
        },
    }


CHOICES = (
    "smoothing",
    "winsorise_share",
    "normalisation",
    "weighting",
    "aggregation",
    "missing_rule",
    "rank_draws",
    "rank_interval",
    "permutations",
    "hotspot_fdr",
    "seed",
)
"""What the study says of the index."""


def priorities(table: pd.DataFrame, names: pd.Series) -> list[dict[str, Any]]:
    """Where a relatively high need meets poor access, first ones first."""
    ordered = table.sort_values(["place", "small_area_id"])
    return [
        {
            "place": int(row.place),
            "small_area_id": row.small_area_id,
            "name": str(names[row.small_area_id]),
            "group": row.group,
            "limit_m": int(row.limit_m),
            "left_out_people": number(row.left_out_people),
            "left_out_share": number(row.left_out_share, 6),
            "high_indicators": [name for name in row.high_indicators.split(";") if name],
            "is_hot_spot": bool(row.is_hot_spot),
        }
        for row in ordered.head(TOP_GAPS).itertuples()
    ]


def systems(table: pd.DataFrame, *, study: Study) -> list[dict[str, Any]]:
    """Each zone system in three ways: zones with a place, places for people, people within the walk."""
    own = table[(table["group"] == study.gap_group) & (table["kind"] == study.gap_kind)]
    return [
        {
            "system": row.system,
            "group": row.group,
            "kind": row.kind,
            "limit_m": int(row.limit_m),
            "zones": int(row.zones),
            "zones_with_place": int(row.zones_with_place),
            "presence_share": number(row.presence_share, 6),
            "places_per_1000": number(row.places_per_1000, 3),
            "covered_share": number(row.covered_share, 6),
            "state": row.state,
        }
        for row in own.itertuples()
    ]


def scorecard(table: pd.DataFrame) -> list[dict[str, Any]]:
    """How many zones of each tier keep each rule of the study."""
    return [
        {
            "tier": tier,
            "rule": rule,
            "system": system,
            **{verdict: int((part["verdict"] == verdict).sum()) for verdict in ("met", "not_met", "unknown")},
        }
        for (tier, rule, system), part in table.groupby(["tier", "rule", "system"], sort=True)
    ]


def equity(table: pd.DataFrame, *, study: Study) -> list[dict[str, Any]]:
    """How evenly access is shared, for the study's group and kind."""
    own = table[(table["group"] == study.gap_group) & (table["kind"] == study.gap_kind)]
    names = [c for c in own.columns if c not in ("system", "group", "kind", "good", "people")]
    return [
        {"system": row["system"], "good": row["good"], "people": number(row["people"])}
        | {name: number(row[name], 6) for name in names}
        for row in own.to_dict("records")
    ]


def datasets(table: pd.DataFrame) -> list[dict[str, Any]]:
    """What the run was made of."""
    return [
        {
            "id": row.dataset_id,
            "kind": row.kind,
            "file": row.file,
            "edition": text(row.edition),
            "licence": text(row.licence),
            "sha256": row.sha256,
            "rows": int(row.rows),
            "kept": int(row.kept),
        }
        for row in table.itertuples()
    ]


def number(value: float, digits: int = 1) -> float | int | None:
    """A number for the document: None when unknown, an int when it is whole.

    Examples
    --------
    >>> number(3.0), number(float("nan")), number(0.25)
    (3, None, 0.2)
    """
    if value is None or math.isnan(value):
        return None
    rounded = round(float(value), digits)
    return int(rounded) if rounded.is_integer() else rounded


def text(value: object) -> str | None:
    """Text for the document: None when it is missing."""
    return None if value is None or pd.isna(value) else str(value)


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values: numbers rounded, None where nothing is known.

    Examples
    --------
    >>> rows(pd.DataFrame({"a": [0.12345678, float("nan")], "b": [True, False]}))
    [{'a': 0.123457, 'b': True}, {'a': None, 'b': False}]
    """
    return [{str(name): _plain(value) for name, value in row.items()} for row in table.to_dict("records")]


def _plain(value: object) -> object:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | float | np.integer | np.floating):
        return number(float(value), 6) if np.isfinite(float(value)) else None
    return text(value)


def remarks_on_unit(areas: pd.DataFrame, statistics: pd.DataFrame) -> Iterable[Remark]:
    """By which areas people are known, where that limits the numbers.

    Parameters
    ----------
    areas : schemas.SmallAreas
        Those of the run.
    statistics : schemas.Statistics
        All of the project.
    """
    squares = areas["small_area_id"].str.startswith(mesh.PREFIX)
    if squares.any():
        code = str(areas["small_area_id"].iloc[0]).removeprefix(mesh.PREFIX)
        yield Remark(
            "partial",
            "people_by_mesh",
            "People are known by grid squares of {size} m. Each counts whole where most of it lies, so that the total "
            "is not that of the municipality's census.",
            {"size": mesh.SIZES_M[len(code)]},
        )
    elif not mesh.chosen(statistics).empty:
        yield Remark(
            "partial",
            "mesh_set_aside",
            "The mesh tables are set aside: people are known by small areas, and squares count the same people again.",
        )
    if (projected := statistics[statistics["variable"].str.startswith(PROJECTED)]).size:
        years = projected["variable"].str[-4:]
        yield Remark(
            "partial",
            "people_projected",
            "The people of {first} to {last} are a projection with fractions of persons; none of them count today.",
            {"first": years.min(), "last": years.max()},
        )
    if statistics["variable"].str.startswith(HOUSING).any():
        yield Remark(
            "partial",
            "housing_estimated",
            "The vacant dwellings of the housing survey are estimated from a sample and rounded to tens; the survey "
            "tells nothing about parts of the municipality.",
        )


def remarks_on_people(
    people: Mapping[str, pd.Series], areas: pd.DataFrame, statistics: pd.DataFrame
) -> Iterable[Remark]:
    """What is not known of the people."""
    for group, counts in people.items():
        lived = counts[areas.set_index("small_area_id")["people"].reindex(counts.index) > 0]
        if counts.isna().all():
            yield Remark("unknown", "no_group_table", "No table counts the group {group}.", {"group": group})
        elif lived.isna().any():
            yield Remark(
                "partial",
                "group_unknown_areas",
                "The group {group} is not known in {n} of {all} inhabited areas.",
                {"group": group, "n": int(lived.isna().sum()), "all": len(lived)},
            )
    hidden = statistics[(statistics["status"] == "suppressed") & statistics["disclosure_group"].notna()]
    suppressed = hidden.loc[hidden["small_area_id"].isin(areas["small_area_id"]), "small_area_id"].nunique()
    if suppressed:
        yield Remark(
            "partial",
            "suppressed_areas",
            "The tables hide the counts of {n} areas; they are known only together with those of other areas and "
            "are spread over all of them by their people.",
            {"n": suppressed},
        )
    if "table_people" in areas:
        yield from _differing_totals(areas, statistics)


def _differing_totals(areas: pd.DataFrame, statistics: pd.DataFrame) -> Iterable[Remark]:
    # A table of the whole prefecture has the totals of its other wards too.
    codes = set(areas["municipality_code"])
    whole = statistics[(statistics["variable"] == "people") & statistics["small_area_id"].isin(codes)]
    newest = whole.sort_values("dataset_id", kind="stable").drop_duplicates("small_area_id", keep="last")
    complete = codes == set(newest["small_area_id"])
    table_total = float((newest["value"] if complete else areas["table_people"]).sum())
    area_total = float(areas["people"].sum())
    if table_total != area_total:
        yield Remark(
            "partial",
            "totals_differ",
            "The boundary file counts {areas} people, the census table {table}: they are of different years or "
            "editions. Shares of a group are taken within the table.",
            {"areas": number(area_total), "table": number(table_total)},
        )


def remarks_on_places(places: pd.DataFrame, refused: pd.DataFrame) -> Iterable[Remark]:
    """What is not known of the places."""
    is_open = places[places["status"] == "open"]
    if is_open.empty:
        yield NO_LIST if places.empty else replace(NONE_OPEN, values={"n": len(places)})
        return
    silent = int(is_open["open_days_per_week"].isna().sum())
    if silent:
        yield Remark(
            "partial",
            "opening_unknown",
            "The opening days of {n} of {all} open places are not known. They may be permanent: shares of "
            "permanent places have a smallest and a largest value.",
            {"n": silent, "all": len(is_open)},
        )
    guessed = int((~is_open["targets_known"]).sum())
    if guessed:
        yield Remark(
            "partial",
            "targets_by_kind",
            "For {n} of {all} open places the list does not say whom they are for; their kind decides.",
            {"n": guessed, "all": len(is_open)},
        )
    rough = is_open.loc[~is_open["precision"].isin(("point", "block")), "precision"]
    if len(rough):
        yield Remark(
            "partial",
            "places_rough",
            "The position of {n} of {all} open places is known only roughly ({levels}), from an address without "
            "coordinates: they are drawn, but count for no walk. Coordinates, or a finer list, change that.",
            {"n": len(rough), "all": len(is_open), "levels": _counted(rough)},
        )
    if len(refused):
        yield Remark(
            "partial",
            "places_far_from_street",
            "{n} places are too far from any walkable street and are left out: {names}.",
            {"n": len(refused), "names": ", ".join(refused["name"].dropna()) or "-"},
        )


def remarks_on_offers(places: pd.DataFrame) -> Iterable[Remark]:
    """What is not known of when places open and what they offer."""
    is_open = places[places["status"] == "open"]
    silent = int((~opening_.has_hours(is_open)).sum())
    if silent:
        yield Remark(
            "partial",
            "hours_unknown",
            "The opening hours of {n} of {all} open places are not known: they are unknown all the time, never open.",
            {"n": silent, "all": len(is_open)},
        )
    assumed = int(is_open["functions"].isna().sum())
    if assumed:
        yield Remark(
            "partial",
            "functions_by_kind",
            "For {n} of {all} open places the list does not say what they offer; their kind decides.",
            {"n": assumed, "all": len(is_open)},
        )


def remarks_on_suitability(places: pd.DataFrame, *, study: Study) -> Iterable[Remark]:
    """Of how many places it is not known whether people of a group that asks for something can use them."""
    is_open = places[places["status"] == "open"]
    for group in study.groups:
        silent = int(coverage.suits(is_open, group).isna().sum())
        if silent:
            yield Remark(
                "partial",
                "suitability_unknown",
                "Of {n} of {all} open places it is not known whether {group} can use them (steps, fee, language), so "
                "their share has a lower and an upper bound.",
                {"n": silent, "all": len(is_open), "group": group.group},
            )


def remarks_on_salons(places: pd.DataFrame, *, study: Study) -> Iterable[Remark]:
    """Whether any list tells who comes to the salons and who helps there."""
    own = places[choice_.of_salons(places, study=study)]
    if len(own) and own[list(ATTENDANCE)].isna().all(axis=None):
        yield UNTOLD_SALONS


def remarks_on_duplicates(pairs: pd.DataFrame) -> Iterable[Remark]:
    """Places that were entered twice, and those of which nobody knows.

    Parameters
    ----------
    pairs : schemas.Duplicates
        Of :func:`geo.registry.duplicates`.
    """
    same = pairs[pairs["verdict"] == "same"]
    entries = pd.unique(pd.concat([same["place_id"], same["other_id"]]))
    if len(entries):
        yield Remark(
            "partial",
            "places_merged",
            "{n} entries of the lists name a place that another entry names too, by equal name and place or by "
            "decision; each such place counts once.",
            {"n": len(entries)},
        )
    waiting = int((pairs["verdict"] == "undecidable").sum())
    if waiting:
        yield Remark(
            "partial",
            "places_undecided",
            "{n} pairs of places may be one place and count as two until a person decides.",
            {"n": waiting},
        )


def remarks_on_need(indicators: pd.DataFrame, hot_spots: pd.DataFrame, *, study: Study) -> Iterable[Remark]:
    """What the index of risk and its hot spots cannot say."""
    for name, part in indicators.groupby("indicator", sort=True):
        if part["value"].nunique() > 1 and part["smoothed"].round(9).nunique() == 1:
            yield Remark(
                "partial",
                "indicator_by_chance",
                "The areas differ in {indicator} by no more than chance makes with so few people: all count as "
                "equal in it.",
                {"indicator": name},
            )
    for row in needs.correlations(indicators).itertuples(index=False):
        if abs(row.correlation) >= study.correlated_from:
            yield Remark(
                "partial",
                "indicators_correlated",
                "{first} and {second} go together (rank correlation {value}): what they share counts twice.",
                {"first": row.first, "second": row.second, "value": number(row.correlation, 2)},
            )
    judged = hot_spots[hot_spots["statistic"] == "local_moran"]
    if len(judged) and (judged["hot_spot"] == "not_enough_data").all():
        yield Remark(
            "unknown",
            "no_hot_spots",
            "Hot spots are not looked for: it takes at least {n} areas with different values.",
            {"n": study.hotspot_min_areas},
        )


def remarks_on_zones(zones: pd.DataFrame) -> Iterable[Remark]:
    """Which zone systems nobody drew."""
    for system in sorted(zones.loc[zones["approximate"], "system"].unique()):
        yield Remark(
            "partial",
            "zones_approximate",
            "The zones {system} are approximate: they were grown around points, since no file draws them. People near "
            "their borders may belong to the next one.",
            {"system": system},
        )


def _counted(words: pd.Series) -> str:
    """How often each word stands there: ``town 3, district 1``; of one word alone the sentence has the number."""
    if words.nunique() == 1:
        return str(words.iloc[0])
    return ", ".join(f"{word} {n}" for word, n in words.value_counts(sort=False).sort_index().items())


def remarks_on_method(method: str, unreachable: Mapping[str, float], *, study: Study) -> Iterable[Remark]:
    """What the way of measuring cannot say."""
    if method == "straight_line":
        yield Remark(
            "partial",
            "straight_line",
            "There is no street network: distances are straight lines times {factor}, from one point of each "
            "small area. Rivers, railways and hills are not seen, and zones that cut small areas get all of "
            "their people or none.",
            {"factor": study.detour_factor},
        )
    for reason, people in unreachable.items():
        yield replace(UNREACHABLE[reason], values={"n": number(people)})


def streets(metric: access.Metric) -> dict[str, Any] | None:
    """The walking network in numbers: what hangs together, and what does not; None without one.

    Many dead ends or much street that is left out are signs of streets that were not joined in the drawing.
    """
    if isinstance(metric, access.StraightLine):
        return None
    alone = network.islands(metric)
    return {
        "pieces": len(metric.edge_id),
        "nodes": len(metric.node_id),
        "junctions": len(metric.graph.junction),
        "kilometres": round(int(metric.edge_length.sum(dtype="int64")) / 10_000, 1),
        "dead_ends": len(network.dead_ends(metric)),
        "left_out": {
            "components": metric.left_out.components,
            "nodes": metric.left_out.nodes,
            "metres": metric.left_out.metres,
        },
        "islands_m": alone["length_m"].tolist(),
        "known_rise_share": number(network.known_rise_share(metric), 4),
    }


def remarks_on_walkers(metric: access.Metric) -> Iterable[Remark]:
    """What makes a metre longer than a metre, and of how much of the streets that is not known."""
    if isinstance(metric, access.StraightLine):
        return
    walker = metric.profile
    if walker.slope != "off":
        yield Remark(
            "partial",
            "slope_unknown",
            "Slopes count: distances are metres on the flat. Of {share} of the length of the streets the rise is not "
            "known; it is taken as level.",
            {"share": f"{1 - network.known_rise_share(metric):.0%}"},
        )
    if walker.avoid_stairs:
        yield Remark("partial", "stairs_avoided", "Nobody walks on streets with stairs.")
    if walker.crossing_m:
        yield Remark(
            "partial",
            "crossings_cost",
            "Each crossing that is walked over counts as {metres} m more.",
            {"metres": walker.crossing_m},
        )
    if walker.closed:
        yield Remark(
            "partial",
            "streets_closed",
            "The study closes pieces of street to everybody: {n}.",
            {"n": len(walker.closed)},
        )


NO_LIST = Remark(
    "unknown", "no_places", "The project has no list of places yet: who is covered is not known. Import one."
)
NONE_OPEN = Remark("partial", "no_open_place", "None of the {n} listed places is open: nobody is covered.")
UNTOLD_SALONS = Remark(
    "unknown",
    "salons_untold",
    "No list tells how many people come to the salons and who helps there: falling or fixed attendance and ageing "
    "helpers are not known.",
)
UNREACHABLE = {
    "no_place": Remark(
        "partial", "unreachable_no_place", "{n} people reach no place: there is none that can be walked to."
    ),
    "far_from_street": Remark(
        "partial",
        "unreachable_far_from_street",
        "{n} people live too far from any walkable street to be measured.",
    ),
    "other_component": Remark(
        "partial",
        "unreachable_other_component",
        "{n} people live on streets that are not connected with the others: no place can be walked to.",
    ),
    "water_area": Remark(
        "partial", "unreachable_water_area", "{n} people are counted on water areas and reach no place."
    ),
}
