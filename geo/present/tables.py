"""Tables → rows for people: labels, rounded numbers, "not known" in words; as HTML and as CSV.

The numbers are those of the analysis: nothing is computed here but the order and the rounding.
"""

from __future__ import annotations

import csv as csv_format
import html as html_format
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from geo import coverage as covering
from geo import opening, schedule, text
from geo.present import words
from geo.study import Study

Kind = Literal["text", "count", "share", "metres", "score"]
Value = str | float | None
DIGITS: Mapping[Kind, int] = {"count": 0, "share": 4, "metres": 0, "score": 2}
FORMULA = re.compile(r"^\s*[=+\-@|%\t\r＝＋－＠]")
NUMBER = re.compile(r"^[+-]?\d+(\.\d+)?$")

LONGEST_LABEL = 6
"""Characters of a label that stays on one line."""


@dataclass(frozen=True)
class Column:
    """A column of a table for people."""

    label: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Rows:
    """A table for people: values as they are, formatted when they are shown.

    Examples
    --------
    >>> rows = Rows("Places", (Column("Name"), Column("People", "count")), (("=1+1", 12.6), ("<b>", None)), "en")
    >>> csv(rows).decode("utf-8-sig").splitlines()
    ['Name,People', "'=1+1,13", '<b>,Not known']
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    language: text.Language
    keys: tuple[str, ...] = ()
    """The id of each row's shape, where rows have one."""

    def show(self, value: Value, kind: Kind) -> str:
        """A value as it stands on the screen."""
        if missing(value):
            return text.say("unit.unknown", self.language)
        if isinstance(value, str):
            return value
        if kind == "share":
            return words.percent(value, self.language)
        return f"{value:,.{DIGITS.get(kind, 0)}f}"


def missing(value: Value) -> bool:
    """Whether a value of a table is not known."""
    return value is None or (isinstance(value, float) and np.isnan(value))


def html(table: Rows, *, marked: int | None = None) -> str:
    """The table as HTML in which every word from a file is text.

    Parameters
    ----------
    table : Rows
    marked : int, optional
        The row that is chosen on the map.
    """
    head = "".join(f"<th scope=col{_align(c)}>{_label(c.label)}</th>" for c in table.columns)
    body = "".join(_html_row(table, row, marked=i == marked) for i, row in enumerate(table.rows))
    named = any(len(table.show(row[0], table.columns[0].kind)) > LONGEST_LABEL for row in table.rows)
    if not table.rows:
        body = f'<tr><td class=ib-text colspan="{len(table.columns)}">{html_format.escape(_nothing(table))}</td></tr>'
    caption = html_format.escape(table.caption)
    told = words.markup(table.caption)
    return (
        f'<div class="ib-table" tabindex="0" role="region" aria-label="{caption}">'
        f"<table{' class=ib-named' if named else ''}>"
        f"<caption>{told}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _html_row(table: Rows, row: tuple[Value, ...], *, marked: bool) -> str:
    cells = []
    for i, (value, column) in enumerate(zip(row, table.columns, strict=True)):
        tag, kind = ("th", " scope=row") if i == 0 else ("td", _align(column))
        shown = table.show(value, column.kind)
        told = words.markup(shown) if i == 0 or column.kind == "text" else html_format.escape(shown)
        cells.append(f"<{tag}{kind}>{told}</{tag}>")
    return f"<tr{' class=ib-marked' if marked else ''}>{''.join(cells)}</tr>"


def _label(label: str) -> str:
    told = words.markup(label)
    return told if len(label) > LONGEST_LABEL else f"<span class=ib-short>{told}</span>"


def _align(column: Column) -> str:
    return " class=ib-text" if column.kind == "text" else ""


def _nothing(table: Rows) -> str:
    return text.say("table.nothing", table.language)


def csv(table: Rows) -> bytes:
    """The table for a spreadsheet: UTF-8 with BOM; numbers plain, text that would be a formula made text."""
    stream = io.StringIO()
    writer = csv_format.writer(stream, lineterminator="\r\n")
    writer.writerow([neutral(column.label) for column in table.columns])
    for row in table.rows:
        writer.writerow([_csv_cell(table, v, c) for v, c in zip(row, table.columns, strict=True)])
    return stream.getvalue().encode("utf-8-sig")


def _csv_cell(table: Rows, value: Value, column: Column) -> str:
    if missing(value) or isinstance(value, str):
        return neutral(table.show(value, column.kind))
    return f"{value:.{DIGITS.get(column.kind, 0)}f}"


def neutral(words_: str) -> str:
    """Text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> neutral("=cmd"), neutral("-3.5"), neutral(" @x"), neutral("-a")
    ("'=cmd", '-3.5', "' @x", "'-a")
    """
    return f"'{words_}" if FORMULA.match(words_) and not NUMBER.match(words_) else words_


def file_name(page: str, study: Study) -> str:
    """Name of a downloaded file without its suffix: page, municipality, group, kind and distance.

    Examples
    --------
    >>> file_name("gaps", Study(municipality_code="13105"))
    'ibasho_gaps_13105_all_any_500m'
    """
    return f"ibasho_{page}_{study.municipality_code}_{study.gap_group}_{study.gap_kind}_{study.limit_m}m"


def zones(zone_summary: pd.DataFrame, *, system: str, study: Study, language: text.Language) -> Rows:
    """One row a zone of a system, least covered first, people in no zone last; see :class:`geo.schemas.ZoneSummary`."""
    own = _chosen(zone_summary, study)
    own = own[own["system"] == system].assign(nowhere=lambda table: table["name"] == "")
    hours = zone_summary[(zone_summary["group"] == study.gap_group) & (zone_summary["kind"] == "any")]
    told = {row.zone_id: open_share(row, language) for row in hours.itertuples()}
    own = own.assign(open_share=[told[zone] for zone in own["zone_id"]])
    order = ["nowhere", "covered_share", "people", "zone_id"]
    own = own.sort_values(order, ascending=[True, True, False, True])
    own = own.assign(name=[zone_name(row.name, row.members, language) for row in own.itertuples(index=False)])
    own = _with_bounds(own, language)
    rows = own[["name", "people", "covered_people", "covered_share", "open_share", "places", "vacancies"]]
    columns = "zone people:count covered:count share:share open_share:share places:count vacancies:count"
    return _rows("zones", columns, rows, language, study=study, system=system, keys=own["zone_id"])


def open_share(row: Any, language: text.Language) -> Value:
    """A share of open time: a number where all hours are known, else its two bounds, or not known.

    Examples
    --------
    >>> from types import SimpleNamespace as Row
    >>> [open_share(Row(open_share=a, unknown_share=b), "en") for a, b in ((0.2, 0.0), (0.2, 0.3), (0.0, 1.0))]
    [0.2, '20.0%–50.0%', 'Not known']
    """
    if not row.unknown_share > 0:
        return float(row.open_share)
    most = round(row.open_share + row.unknown_share, 9)
    if not row.open_share > 0:
        return words.bounded(None, most, "unknown", language)
    return words.bounded(row.open_share, min(most, 1.0), "partial", language)


def zone_name(name: str, members: str, language: text.Language) -> str:
    """The name of a zone; coincident ones (school choice) say that they are one.

    Examples
    --------
    >>> zone_name("A = B", "a;b", "en"), zone_name("A", "a", "en"), zone_name("", "s:outside", "en")
    ('A = B (school choice)', 'A', 'In no zone')
    """
    if not name:
        return text.say("gap.no_zone", language)
    return text.say("zone.coincident", language, name=name) if ";" in members else name


def zone_notes(summary: Mapping[str, Any], *, system: str, language: text.Language) -> list[str]:
    """What the rows of a system do not tell: borders that nobody drew, overlaps, and people in no zone."""
    said = {"system": words.label("system", system, language)}
    notes = []
    for row in summary["zones"]:
        if row["system"] == system and row["approximate"]:
            notes.append(text.say("zone.approximate", language, **said))
        if row["system"] == system and row["people_outside"]:
            people = words.count(row["people_outside"], language)
            notes.append(text.say("zone.outside", language, people=people, **said))
        if row["system"] == system and row["overlapping_pairs"]:
            pairs = text.say("unit.list", language).join(" × ".join(pair) for pair in row["overlapping"])
            notes.append(text.say("zone.overlapping", language, pairs=pairs, **said))
    return notes


def areas(
    area_coverage: pd.DataFrame, small_areas: pd.DataFrame, *, study: Study, language: text.Language
) -> Rows:
    """One row an inhabited small area, least covered first; see :class:`geo.schemas.AreaCoverage`."""
    own = _chosen(area_coverage, study)
    own = own[(own["limit_m"] == study.limit_m) & ~(own["people"] == 0)]
    own = own.assign(name=own["small_area_id"].map(small_areas.set_index("small_area_id")["name"]))
    own = own.sort_values(["covered_share", "people", "small_area_id"], ascending=[True, False, True])
    rows = _with_bounds(own, language)[["name", "people", "covered_people", "covered_share"]]
    columns = "area people:count covered:count share:share"
    return _rows("areas", columns, rows, language, study=study, keys=own["small_area_id"])


def nearby(found: pd.DataFrame, places: pd.DataFrame, *, asked: bool, language: text.Language) -> Rows:
    """Places around a spot for a resident: name, walk in minutes, what it is, when it opens, whether it is open.

    Parameters
    ----------
    found : DataFrame
        Of :func:`geo.nearby.places`.
    places : schemas.Places
    asked : bool
        Whether a moment was asked about.
    """
    told = found[found["shown"]].merge(places, on="place_id")
    told = told.fillna({"opening_text": "", "address": ""})

    def say(key: str, /, **values: object) -> str:
        return text.say(key, language, **values)

    rows = [
        (
            row.name,
            say("nearby.walk", minutes=f"{row.minutes:.0f}", metres=f"{row.distance_m:,.0f}"),
            *((say(f"nearby.open_{int(row.is_open)}"),) if asked else ()),
            schedule.describe(opening.read(row.opening_text), say),
            words.label("place_kind", row.kind, language),
            row.address,
        )
        for row in told.itertuples(index=False)
    ]
    columns = f"name walk {'open_now ' if asked else ''}opening_text place_kind address"
    hidden = len(found) - len(told)
    caption = say("nearby.caption_hidden" if hidden else "nearby.caption", n=len(found), hidden=hidden)
    return Rows(caption, _columns(columns, language), tuple(rows), language, tuple(told["place_id"]))


def distances(table: pd.DataFrame, *, study: Study, language: text.Language) -> Rows:
    """People covered at every distance of the study, any place beside permanent ones.

    Parameters
    ----------
    table : schemas.Coverage
    study : Study
    """
    shares = covering.shares(table[table["group"] == study.gap_group], limits_m=study.limits_m)
    shares = _with_bounds(shares, language)
    one, other = (shares[shares["kind"] == kind].set_index("limit_m") for kind in ("any", "permanent"))
    rows = []
    for limit in study.limits_m:
        covered = (
            part.loc[limit, name] for part in (one, other) for name in ("covered_share", "covered_people")
        )
        rows.append((f"{limit:,} m", *covered))
    columns = "limit any_share:share any_people:count permanent_share:share permanent_people:count"
    return _rows("distances", columns, rows, language, study=study)


def gap_names(
    gap_cells: pd.DataFrame,
    coverage: pd.DataFrame,
    cells: pd.DataFrame,
    small_areas: pd.DataFrame,
    *,
    study: Study,
    language: text.Language,
) -> dict[str, str]:
    """A name for each gap: the small area where most of its people live, and how many more there are."""
    own = _chosen(coverage, study)[["origin_id", "people"]]
    name = small_areas.set_index("small_area_id")["name"]
    where = gap_cells.merge(own, on="origin_id").merge(cells[["origin_id", "small_area_id"]], on="origin_id")
    by_area = where.groupby(["gap_id", "small_area_id"])["people"].sum().reset_index()
    by_area = by_area.sort_values(["gap_id", "people", "small_area_id"], ascending=[True, False, True])
    names = {}
    for gap, part in by_area.groupby("gap_id", sort=True):
        first = str(name[part["small_area_id"].iloc[0]])
        more = len(part) - 1
        names[str(gap)] = text.say("gap.name_more", language, name=first, n=more) if more else first
    return names


def gaps(table: pd.DataFrame, names: Mapping[str, str], *, study: Study, language: text.Language) -> Rows:
    """One row a gap, most people first; see :class:`geo.schemas.Gaps`."""
    nowhere = text.say("gap.none_reached", language)
    rows = [
        (
            str(rank),
            names[gap.gap_id],
            gap.people,
            nowhere if np.isnan(gap.nearest_m) else gap.nearest_m,
            words.label("gap_reason", gap.reason, language),
        )
        for rank, gap in enumerate(table.itertuples(), start=1)
    ]
    columns = "rank where left_out:count nearest:metres reason"
    return _rows("gaps", columns, rows, language, study=study, keys=table["gap_id"])


def isolation(
    table: pd.DataFrame,
    indicators: pd.DataFrame,
    small_areas: pd.DataFrame,
    *,
    study: Study,
    language: text.Language,
) -> Rows:
    """One row an area, relatively highest risk first, every indicator with numerator and denominator."""
    kinds = sorted(indicators["indicator"].unique())
    parts = {kind: indicators[indicators["indicator"] == kind].set_index("small_area_id") for kind in kinds}
    name = small_areas.set_index("small_area_id")["name"]
    ordered = table.sort_values(["rank", "small_area_id"], na_position="last")
    rows = [
        (
            str(name[area.small_area_id]),
            _class_words(area, language),
            *(_parts_of(parts[kind], area.small_area_id, language) for kind in kinds),
            _access_words(area, language),
        )
        for area in ordered.itertuples()
    ]
    columns = (
        *_columns("area risk", language),
        *(Column(words.label("indicator", kind, language)) for kind in kinds),
        *_columns("access", language, limit=study.limit_m),
    )
    keys = tuple(ordered["small_area_id"])
    return Rows(text.say("table.isolation", language), columns, tuple(rows), language, keys)


def area(
    area_coverage: pd.DataFrame,
    small_areas: pd.DataFrame,
    small_area_id: str,
    *,
    study: Study,
    language: text.Language,
) -> Rows:
    """One small area: people covered at every distance."""
    own = _chosen(area_coverage, study)
    own = _with_bounds(own[own["small_area_id"] == small_area_id].sort_values("limit_m"), language)
    rows = [(f"{row.limit_m:,} m", row.covered_share, row.covered_people) for row in own.itertuples()]
    people = own["people"].iloc[0] if len(own) else None
    name = str(small_areas.set_index("small_area_id")["name"][small_area_id])
    caption = text.say(
        "table.area",
        language,
        name=name,
        group=words.label("group", study.gap_group, language),
        people=words.count(people, language),
    )
    return Rows(
        caption, _columns("limit covered_share:share covered_at:count", language), tuple(rows), language
    )


def gap(
    table: pd.DataFrame,
    gap_id: str,
    names: Mapping[str, str],
    zones_table: pd.DataFrame,
    *,
    study: Study,
    language: text.Language,
) -> Rows:
    """One gap: who is left out, how far the nearest place is, why, and in which zones."""
    own = table.set_index("gap_id").loc[gap_id]
    name = zones_table.set_index("zone_id")["name"]
    inside = [str(name[zone]) for zone in own["zone_ids"].split(";") if zone in name]
    nearest = text.say("gap.none_reached", language)
    if not np.isnan(own["nearest_m"]):
        nearest = text.say("unit.metres", language, n=f"{own['nearest_m']:,.0f}")
    pairs = (
        ("left_out", words.count(own["people"], language)),
        ("nearest_one", nearest),
        ("reason", words.label("gap_reason", own["reason"], language)),
        ("zones", text.say("unit.list", language).join(inside) or text.say("gap.no_zone", language)),
    )
    return _facts(names[gap_id], pairs, study, language)


def need(
    table: pd.DataFrame,
    indicators: pd.DataFrame,
    small_area_id: str,
    *,
    study: Study,
    language: text.Language,
    name: str,
) -> Rows:
    """One area: its class, its indicators with numerator and denominator, its access."""
    own = table[table["small_area_id"] == small_area_id]
    if own.empty:
        return _facts(name, (("risk", words.label("isolation_reason", "nobody", language)),), study, language)
    row = next(own.itertuples())
    parts = indicators[indicators["small_area_id"] == small_area_id].sort_values("indicator")
    rows: list[tuple[Value, ...]] = [(text.say("column.risk", language), _class_words(row, language))]
    for kind in parts["indicator"]:
        value = _parts_of(
            parts[parts["indicator"] == kind].set_index("small_area_id"), small_area_id, language
        )
        rows.append((words.label("indicator", kind, language), value))
    rows.append((text.say("column.access", language, limit=study.limit_m), _access_words(row, language)))
    return Rows(name, _columns("item content", language), tuple(rows), language)


def datasets(summary: Mapping[str, Any], *, language: text.Language) -> Rows:
    """What the numbers were made of."""
    rows = [
        (
            row["file"],
            words.label("dataset", row["kind"], language),
            row["edition"],
            row["kept"],
            row["licence"],
        )
        for row in summary["datasets"]
    ]
    columns = _columns("file dataset edition rows:count licence", language)
    return Rows(text.say("table.datasets", language), columns, tuple(rows), language)


def _facts(caption: str, pairs: Iterable[tuple[str, str]], study: Study, language: text.Language) -> Rows:
    rows = tuple((text.say(f"column.{key}", language, limit=study.limit_m), value) for key, value in pairs)
    return Rows(caption, _columns("item content", language), rows, language)


def key_figures(
    zone_summary: pd.DataFrame, *, zone: str, study: Study, days: str, language: text.Language
) -> list[tuple[str, str]]:
    """People, and how many of them reach a place, of one zone or the municipality; label and number."""
    own = _chosen(zone_summary, study)
    row = next(own[own["zone_id"] == zone].itertuples())
    said = {"limit": row.limit_m, "kind": text.say(f"kind.{study.gap_kind}", language, days=days)}
    return [
        (words.label("group", study.gap_group, language), words.count(row.people, language)),
        (
            text.say("figure.share", language, **said),
            _share_words(row, language),
        ),
        (
            text.say("figure.covered", language, **said),
            _count_words(row, "people", language),
        ),
        (text.say("figure.places", language), words.count(row.places, language, unit="places")),
    ]


def gap_figures(summary: Mapping[str, Any], *, language: text.Language) -> list[tuple[str, str]]:
    """How many gaps there are and how many people live in them."""
    gaps_ = summary["gaps"]
    number = words.count(gaps_["count"], language, unit="spots")
    return [
        (text.say("figure.gaps", language, limit=gaps_["limit_m"]), number),
        (text.say("figure.gap_people", language), words.count(gaps_["people"], language)),
    ]


def isolation_figures(summary: Mapping[str, Any], *, language: text.Language) -> list[tuple[str, str]]:
    """How many areas are called relatively high, who lives there, and how many could not be measured."""
    need_ = summary["isolation"]
    return [
        (
            text.say("figure.high_areas", language),
            words.count(need_["high_risk_areas"], language, unit="areas"),
        ),
        (text.say("figure.high_people", language), words.count(need_["high_risk_people"], language)),
        (text.say("figure.no_data", language), words.count(need_["not_enough_data"], language, unit="areas")),
    ]


def _with_bounds(table: pd.DataFrame, language: text.Language) -> pd.DataFrame:
    """Numbers that are known stay numbers; of the others the two bounds are said."""
    if (table["state"] == "known").all():
        return table
    share = [r.covered_share if r.state == "known" else _share_words(r, language) for r in table.itertuples()]
    count = [
        r.covered_people if r.state == "known" else _count_words(r, "", language) for r in table.itertuples()
    ]
    return table.assign(
        covered_share=pd.Series(share, table.index, dtype=object),
        covered_people=pd.Series(count, table.index, dtype=object),
    )


def _share_words(row: Any, language: text.Language) -> str:
    return words.bounded(row.covered_share, row.covered_share_max, row.state, language)


def _count_words(row: Any, unit: str, language: text.Language) -> str:
    """People covered: one number or its two bounds, with their unit or bare."""
    if row.state == "unknown" and not row.covered_share_max < 1:
        return text.say("unit.unknown", language)
    bounds = [0.0 if np.isnan(row.covered_people) else row.covered_people, row.covered_people_max]
    if row.state == "known":
        bounds = [row.covered_people] * 2
    least, most = (words.count(n, language, unit=unit) if unit else f"{n:,.0f}" for n in bounds)
    return words.between(least, most, language)


def _class_words(area: Any, language: text.Language) -> str:
    if np.isnan(area.risk):
        return words.label("isolation_reason", str(area.reason), language)
    key = (
        "risk_high" if area.high_risk else ("risk_low", "risk_middle", "risk_upper")[int(area.risk_class) - 1]
    )
    return text.say(f"legend.{key}", language)


def _access_words(area: Any, language: text.Language) -> str:
    if np.isnan(area.access_class):
        return text.say("unit.unknown", language)
    return text.say(f"legend.access_{int(area.access_class)}", language)


def _parts_of(part: pd.DataFrame, area: str, language: text.Language) -> str:
    if area not in part.index:
        return text.say("unit.unknown", language)
    return share_of(part.loc[area], language)


def share_of(row: pd.Series, language: text.Language) -> str:
    """A share with its numerator and denominator: 23.1% (120 / 520)."""
    share = words.percent(row["value"], language)
    if np.isnan(row["numerator"]) or np.isnan(row["denominator"]):
        return share
    return text.say(
        "table.share_of",
        language,
        share=share,
        part=f"{row['numerator']:,.0f}",
        whole=f"{row['denominator']:,.0f}",
    )


def _chosen(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    return table[(table["group"] == study.gap_group) & (table["kind"] == study.gap_kind)]


def _rows(
    name: str,
    columns: str,
    rows: pd.DataFrame | Iterable[tuple[Value, ...]],
    language: text.Language,
    *,
    study: Study,
    system: str = "",
    keys: Iterable[str] = (),
) -> Rows:
    said = {
        "limit": study.limit_m,
        "group": words.label("group", study.gap_group, language),
        "kind": words.label("kind", study.gap_kind, language),
        "system": words.label("system", system, language),
    }
    values = rows.itertuples(index=False, name=None) if isinstance(rows, pd.DataFrame) else rows
    return Rows(
        text.say(f"table.{name}", language, **said),
        _columns(columns, language, **said),
        tuple(values),
        language,
        tuple(keys),
    )


def _columns(keys: str, language: text.Language, **said: object) -> tuple[Column, ...]:
    """Columns by the keys of their labels, as ``key`` or ``key:kind``."""
    pairs = [key.partition(":") for key in keys.split()]
    return tuple(
        Column(text.say(f"column.{key}", language, **said), cast("Kind", kind or "text"))
        for key, _, kind in pairs
    )
