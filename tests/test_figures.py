"""Numbers that stand beside each other agree: what the document and the pages say is worked out once more.

Independently of the analysis, with nothing but pandas, from the tables that a run keeps: of the fictional ward, with
streets and all lists, and of a real one, with straight lines, one list of places and no table of ages.
"""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from geo import pipeline, schemas
from geo.cli import analysis
from geo.present import reach, sheet, tables
from geo.store import GeoPackage

TOLD = ("people", "covered_people", "covered_share")


@pytest.fixture(scope="module")
def kept(whole_ward):
    """A run as it is kept: its document, its tables, and the project that it is of."""
    project, people = whole_ward
    run = pipeline.run(project)
    store = GeoPackage(run.path / "results.gpkg")
    names = list(json.loads((run.path / "manifest.json").read_text(encoding="utf-8"))["results"])
    document = json.loads((run.path / "summary.json").read_text(encoding="utf-8"))
    return SimpleNamespace(
        municipality=project.study.municipality_code,
        everybody=people,
        run=run,
        said=document,
        study=project.study,
        areas=project.store.read(schemas.SmallAreas),
        **{name: store.read(getattr(schemas, name)) for name in names},
    )


def near(value, **more):
    """Numbers of the document are rounded: people to a tenth, shares to six decimals."""
    return pytest.approx(value, abs=more.get("by", 0.051), nan_ok=True)


def unknown_is_nan(value):
    return np.nan if value is None else value


def test_nobody_is_lost_or_doubled(kept):
    census = kept.areas["people"].sum()
    everybody = kept.Coverage[kept.Coverage["group"] == "all"]
    assert census == kept.said["population"]["all"] == kept.everybody
    for _, own in everybody.groupby("kind"):
        assert own["people"].sum() == pytest.approx(census)
    for table in (kept.AreaCoverage, kept.FunctionCoverage):
        own = table[table["group"] == "all"]
        rest = own.columns.intersection(["kind", "limit_m", "function"]).tolist()
        assert own.groupby(rest)["people"].sum().tolist() == pytest.approx(
            [census] * len(own[rest].drop_duplicates())
        )
    whole = kept.ZoneSummary[(kept.ZoneSummary["tier"] == "municipal") & (kept.ZoneSummary["group"] == "all")]
    assert whole["people"].tolist() == pytest.approx([census] * 2)
    for _, own in kept.ZoneOpening[kept.ZoneOpening["zone_id"].isin(whole["zone_id"])].groupby("group"):
        assert own["people"].nunique() == 1
    assert kept.Opening.loc[kept.Opening["group"] == "all", "people"].sum() == pytest.approx(census)


def test_who_is_covered_is_the_same_on_every_table(kept):
    for row in kept.said["coverage"]:
        own = kept.Coverage[(kept.Coverage["group"] == row["group"]) & (kept.Coverage["kind"] == row["kind"])]
        if row["people"] is None:
            assert own["people"].isna().all()
            continue
        least, most = (
            own.loc[own[walk] <= row["limit_m"], "people"].sum() for walk in ("nearest_m", "possible_m")
        )
        assert row["people"] == near(own["people"].sum())
        assert row["covered_people_max"] == near(most)
        if row["state"] != "unknown":
            assert row["covered_people"] == near(least)
            assert row["covered_share"] == near(least / own["people"].sum(), by=1e-6)
        by_area = kept.AreaCoverage[
            (kept.AreaCoverage[["group", "kind"]] == [row["group"], row["kind"]]).all(axis=1)
            & (kept.AreaCoverage["limit_m"] == row["limit_m"])
        ]
        assert by_area["covered_people_max"].sum() == near(most)
    zone = kept.ZoneSummary[kept.ZoneSummary["tier"] == "municipal"].set_index(["group", "kind"])
    for row in (row for row in kept.said["coverage"] if row["limit_m"] == kept.study.limit_m):
        told = zone.loc[(row["group"], row["kind"])]
        assert [unknown_is_nan(row[name]) for name in TOLD] == near([*told[list(TOLD)]])
        assert told["state"] == row["state"]


def test_who_is_left_out_is_everybody_else(kept):
    said, study = kept.said, kept.study
    covered = next(
        row
        for row in said["coverage"]
        if (row["group"], row["kind"], row["limit_m"]) == (study.gap_group, study.gap_kind, study.limit_m)
    )
    left = covered["people"] - covered["covered_people"]
    assert said["gaps"]["people"] == near(left, by=0.11) == near(kept.Gaps["people"].sum(), by=0.11)
    assert said["gaps"]["count"] == len(kept.Gaps)
    choice = next(row for row in said["choice"]["groups"] if row["group"] == study.gap_group)
    assert choice["with_none"] == near(left, by=0.11)
    assert sum(choice[name] for name in ("with_none", "with_one", "with_more")) == near(
        choice["people"], by=0.16
    )
    even = {row["good"]: row for row in said["equity"] if row["system"] == "municipality"}
    assert even["nearness"]["fgt0"] == near(1 - covered["covered_share"], by=2e-6)
    only = kept.Dependence[
        (kept.Dependence["group"] == study.gap_group) & (kept.Dependence["kind"] == study.gap_kind)
    ]
    assert only["people_only"].sum() == near(choice["with_one"])


def test_hours_are_the_same_by_origin_day_zone_and_page(kept):
    study, said = kept.study, kept.said["opening"]
    hours = {
        part: 2 * (end - start)
        for part, start, end in (("morning", 8, 12), ("afternoon", 12, 17), ("evening", 17, 20))
    }
    for group in said["groups"]:
        own = kept.Opening[kept.Opening["group"] == group["group"]]
        if group["open_share"] is None:
            assert own.empty
            continue
        for name in ("open_share", "unknown_share"):
            mean = (own[name] * own["people"]).sum() / own["people"].sum()
            assert group[name] == near(mean, by=1e-6)
            cells = [cell[name] * hours[cell["daypart"]] for cell in group["timetable"]]
            assert sum(cells) / (7 * 24) == near(mean, by=2e-6)
            by_day = [day[name] for day in group["by_weekday"]]
            assert sum(by_day) / 7 == near(mean, by=2e-6)
            zone = kept.ZoneSummary[
                (kept.ZoneSummary["tier"] == "municipal") & (kept.ZoneSummary["kind"] == "any")
            ]
            assert zone.set_index("group").loc[group["group"], name] == near(mean, by=1e-6)
    whole = kept.ZoneSummary.loc[kept.ZoneSummary["tier"] == "municipal", "zone_id"].iloc[0]
    first = next(row for row in said["groups"] if row["group"] == study.gap_group)
    page = reach.timetable(kept.said, study=study, language="en")
    week = reach.week(kept.ZoneOpening, whole, study=study, language="en")
    for cell in first["timetable"]:
        column = 1 + ["morning", "afternoon", "evening"].index(cell["daypart"])
        assert page.rows[cell["weekday"]][column] == cell["open_share"]
        if not cell["unknown_share"]:
            assert week.rows[cell["weekday"]][column] == near(cell["open_share"], by=1e-6)
    zones = {row["zone_id"]: row["open_share"] for row in said["zones"]}
    assert zones[whole] == first["open_share"]


def test_need_room_evenness_and_systems_follow_from_their_tables(kept):
    said, study = kept.said, kept.study
    people = kept.areas.groupby("small_area_id")["people"].sum()
    high = kept.Isolation[kept.Isolation["high_risk"]]
    assert said["isolation"]["areas"] == kept.Isolation["risk"].notna().sum()
    assert said["isolation"]["not_enough_data"] == kept.Isolation["risk"].isna().sum()
    assert said["isolation"]["high_risk_areas"] == len(high)
    assert said["isolation"]["high_risk_people"] == near(people[high["small_area_id"]].sum())
    for row in said["room"]["groups"]:
        own = kept.Room[kept.Room["group"] == row["group"]]
        visits = (own["two_stage"] * own["people"]).sum() if len(own) else None
        assert row["visits_a_week"] == (visits if visits is None else near(visits))
    own = kept.Coverage[
        (kept.Coverage["group"] == study.gap_group) & (kept.Coverage["kind"] == study.gap_kind)
    ]
    even = {row["good"]: row for row in said["equity"] if row["system"] == "municipality"}
    assert even["places"]["mean"] == near(np.average(own["n_within"], weights=own["people"]), by=1e-6)
    none = own.loc[own["n_within"] == 0, "people"].sum() / own["people"].sum()
    assert even["places"]["fgt0"] == near(none, by=1e-6)
    if "open_share" in even:
        hours = kept.Opening[kept.Opening["group"] == study.gap_group]
        few = hours.loc[hours["open_share"] < study.enough_open_share - 1e-12, "people"].sum()
        assert even["open_share"]["fgt0"] == near(few / hours["people"].sum(), by=1e-6)
    rows = kept.ZoneSummary[
        (kept.ZoneSummary["group"] == study.gap_group) & (kept.ZoneSummary["kind"] == study.gap_kind)
    ]
    rows = rows[rows["name"] != ""]
    for row in said["systems"]:
        zones = rows[rows["system"] == row["system"]]
        assert row["zones"] == len(zones)
        assert row["zones_with_place"] == (zones["fitting_places"] > 0).sum()
    assert said["partners"]["count"] == len(kept.Partners)
    met = kept.Scorecard.groupby(["tier", "rule", "system", "verdict"]).size()
    for row in said["scorecard"]:
        for verdict in ("met", "not_met", "unknown"):
            assert row[verdict] == met.get((row["tier"], row["rule"], row["system"], verdict), 0)
    outside = kept.ZoneSummary[
        kept.ZoneSummary["zone_id"].str.endswith(":outside") & (kept.ZoneSummary["group"] == "all")
    ]
    told = {row["system"]: row["people_outside"] for row in said["zones"] if row["people_outside"]}
    assert told == near(outside.drop_duplicates("system").set_index("system")["people"].to_dict())


def test_pages_show_the_numbers_of_the_run(kept):
    study, said = kept.study, kept.said
    whole = kept.ZoneSummary.loc[kept.ZoneSummary["tier"] == "municipal", "zone_id"].iloc[0]
    figures = dict(tables.key_figures(kept.ZoneSummary, zone=whole, study=study, days="3", language="en"))
    assert f"{said['population']['all']:,} people" in figures.values()
    covered = next(
        row for row in said["coverage"] if row["limit_m"] == study.limit_m and row["kind"] == "any"
    )
    assert f"{covered['covered_share']:.1%}" in figures.values()
    first = sheet.people(kept.ZoneSummary, whole, study=study, language="en").rows[0]
    assert first[1:3] == near((said["population"]["all"], covered["covered_share"]), by=1e-6)
    at = tables.distances(kept.Coverage, study=study, language="en").rows
    told = {
        row["limit_m"]: row["covered_share"]
        for row in said["coverage"]
        if (row["group"], row["kind"]) == ("all", "any")
    }
    assert [row[1] for row in at] == near([told[limit] for limit in study.limits_m], by=1e-6)
    gaps = dict(tables.gap_figures(said, language="en"))
    assert f"{said['gaps']['people']:,.0f} people" in gaps.values()


def test_what_anybody_may_see_is_the_same_rounded_or_hidden(kept):
    told = pipeline.public(kept.run.assessment.prepared, kept.study)
    both = told.merge(kept.ZoneSummary, on=["zone_id", "group", "kind"], suffixes=("", "_exact"))
    for name in ("people", "covered_people"):
        shown = both.dropna(subset=[name])
        assert shown[f"{name}_exact"].notna().all()  # What is not known is not told as 0.
        assert (shown[name] - shown[f"{name}_exact"]).abs().max() <= kept.study.rounding / 2
        assert len(shown) > 0.8 * len(both)


def test_every_section_is_there_or_says_why_not(kept):
    codes = {remark["code"] for remark in kept.said["known"]}
    absent = {name for name, value in kept.said.items() if value is None}
    if kept.municipality == analysis.SAMPLE_CODE:
        assert absent == {"future_population"}
        return
    assert absent == {"future_population", "streets"}
    assert kept.said["access"]["method"] == "straight_line"
    assert {"straight_line", "hours_unknown"} & codes
    assert set(kept.said["population"]["unknown"]) == {"under_15", "age_65_plus", "age_75_plus"}
    assert all(
        len(kept.said[name]) for name in ("coverage", "gaps", "isolation", "priorities", "zones", "scorecard")
    )
    assert all(
        len(kept.said[name]) for name in ("equity", "opening", "choice", "room", "functions", "systems")
    )
    assert (
        kept.said["opening"]["groups"][0]["state"] == "unknown"
    )  # No hour of any place is surely known here.
    assert (kept.ZoneSummary["vacancies"].isna()).all()  # No list of vacant houses.
    assert len(kept.HotSpots) == 2 * 68
