"""When something is open within the walk: on paper, by a brute force of minutes, and by laws."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import coverage, demand, network, opening, schemas
from geo import study as studies

PLANE = "EPSG:6677"
STUDY = studies.make(municipality_code="99101")
WEEKDAYS = "月火水木金土日"


class Walked:
    """The tiny town with its origins, people and pairs."""

    def __init__(self, town, *texts, study=STUDY):
        self.places = town.places.assign(opening_text=[*texts, None, None][:3])
        areas = demand.attach(town.small_areas, town.statistics, town.point_counts)
        net = network.build(town.streets, crs=PLANE)
        self.origins = demand.origins(areas, town.streets, net)
        self.people = pd.DataFrame(
            {
                g.group: demand.people(self.origins, demand.spread(areas, town.statistics, g.column))
                for g in study.groups
            }
        )
        wet = areas.loc[areas["is_water"], "small_area_id"]
        self.pairs = coverage.pairs(
            net,
            self.origins,
            self.places,
            on_water=self.origins["small_area_id"].isin(wet),
            limit_m=1000,
            study=study,
        )
        self.study = study
        self.found = opening.reached(self.pairs, self.origins, self.places, self.people, study=study)

    def share(self, group="all"):
        cells = opening.shares(self.found, group)
        weights = cells["slots"] / cells["slots"].sum()
        return (cells["open_share"] * weights).sum(), (cells["unknown_share"] * weights).sum()


WEEK = 7 * 24
"""Waking half-hours of a week, 8 to 20 h."""


def test_a_second_opening_day_changes_the_share_as_predicted(town):
    """The ibasho is within 500 m of 150 of 353 people; the salon is for older people and opens never here."""
    two = Walked(town, "火・木 10:00～15:00", "第5月曜 10:00～11:00")
    assert two.share() == pytest.approx((150 / 353 * 20 / WEEK, 0))
    three = Walked(town, "火・木・土 10:00～15:00", "第5月曜 10:00～11:00")
    assert three.share() == pytest.approx((150 / 353 * 30 / WEEK, 0))
    before, after = (opening.shares(w.found, "all").set_index(["weekday", "daypart"]) for w in (two, three))
    gained = (after["open_share"] - before["open_share"]).round(12)
    assert gained[gained > 0].to_dict() == pytest.approx(
        {(5, "morning"): 150 / 353 * 4 / 8, (5, "afternoon"): 150 / 353 * 6 / 10}
    )


def test_hours_that_are_not_known_are_unknown_and_never_open(town):
    """Nobody knows when the ibasho opens (150 people), the salon (350 people) opens on Wednesdays."""
    own = Walked(town, None, "水 10:00～12:00")
    table = opening.by_origin(own.found).set_index(["group", "origin_id"])
    both, far = table.loc[("all", "991010010:n03")], table.loc[("all", "991010020:n07")]
    assert (both["open_share"], both["unknown_share"]) == pytest.approx((4 / WEEK, (WEEK - 4) / WEEK))
    assert (far["open_share"], far["unknown_share"]) == pytest.approx((4 / WEEK, 0))
    assert own.share("under_15") == pytest.approx((0, 19 / 59))


def test_places_that_do_not_fit_open_for_nobody(town):
    open_always = Walked(town, "第5月曜 10:00～11:00", "毎日 0:00～24:00", "毎日 0:00～24:00")
    assert open_always.share("under_15") == pytest.approx((0, 0))
    assert open_always.share("age_65_plus")[0] > 0


def test_people_without_a_table_have_no_share(build_town):
    bare = Walked(build_town(ages=False), "毎日 9:00～17:00", "毎日 9:00～17:00")
    assert np.isnan(opening.shares(bare.found, "age_65_plus")["open_share"]).all()
    assert "age_65_plus" not in set(opening.by_origin(bare.found)["group"])


def test_the_timetable_of_an_area(town):
    """From A (100 people) everybody reaches the ibasho, n02 (200/9) to n04 the salon too."""
    own = Walked(town, "火 13:00～16:00", "火 15:00～18:00")
    table = opening.by_area(own.found)
    older = table[(table["group"] == "age_65_plus") & (table["small_area_id"] == "991010010")]
    cells = older.set_index(["weekday", "daypart"])["open_share"]
    assert cells[cells > 0].to_dict() == pytest.approx(
        {(1, "afternoon"): (6 * 3 / 9 + 8 * 6 / 9) / 10, (1, "evening"): 2 / 6 * 6 / 9}
    )
    total = opening.by_origin(own.found).groupby("group")["people"].sum()
    assert total["all"] == pytest.approx(353)


def test_open_at_a_date_and_time(town):
    own = Walked(town, "火 13:00～16:00", "不定期")
    tuesday = opening.reached_at(
        own.pairs, own.origins, own.places, own.people, moment=datetime(2026, 6, 2, 15, 40), study=STUDY
    ).set_index("group")
    assert tuesday.loc["all", "covered_people"] == pytest.approx(150)
    assert tuesday.loc["all", "covered_people_max"] == pytest.approx(350)
    assert tuesday.loc["all", "state"] == "partial"
    assert tuesday.loc["under_15", ["covered_people", "state"]].tolist() == [pytest.approx(19), "known"]
    assert opening.at(own.places, datetime(2026, 6, 2, 16, 0)).tolist() == [0, -1, -1]


def test_on_a_day_and_time_only_what_is_open_then_is_near(town):
    own = Walked(town, "火 13:00～16:00", "不定期")
    covered = coverage.measure(
        network.build(town.streets, crs=PLANE),
        own.origins,
        own.places,
        own.people,
        on_water=own.origins["small_area_id"] == "991010040",
        study=STUDY,
    )

    def at(hour):
        moment = datetime(2026, 6, 2, hour)
        table = opening.coverage_at(covered, own.pairs, own.places, moment=moment, study=STUDY)
        told = opening.reached_at(
            own.pairs, own.origins, own.places, own.people, moment=moment, study=STUDY
        ).set_index("group")
        share = coverage.shares(table, limits_m=(500,)).iloc[0]
        names = ["people", "covered_people", "covered_people_max", "state"]
        assert share[names].tolist() == pytest.approx(told.loc["all", names].tolist(), nan_ok=True)
        return table.set_index("origin_id")

    early, late = at(15), at(17)
    assert early.loc["991010010:n00", ["nearest_m", "n_within"]].tolist() == [0, 1]
    assert late.loc["991010010:n00", ["nearest_m", "n_within"]].isna().tolist() == [True, False]
    assert late.loc["991010010:n00", "possible_m"] == 700
    assert set(late["group"]) == {"all"}


def by_zone(own):
    areas = {"991010010": "P1", "991010020": "P2", "991010030": "P2"}
    inside = own.origins[["origin_id"]].assign(zone_id=own.origins["small_area_id"].map(areas)).dropna()
    located = pd.DataFrame({"zone_id": ["P1", "P2"], "place_id": ["ibasho", "salon"]})
    return opening.by_zone(own.found, inside, located, own.places, study=STUDY)


def test_the_timetable_of_a_zone_by_its_people_and_by_its_own_places(town):
    """Of P2 (250 people) 50 reach the ibasho of P1; all reach the salon, which is for older people."""
    own = Walked(town, "火 10:00～15:00", "水 13:00～16:00")
    table = by_zone(own)
    cells = table[table["group"] == "all"].set_index(["zone_id", "weekday", "daypart"])
    two = cells.loc["P2", "open_share"]
    assert two[two > 0].to_dict() == pytest.approx(
        {(1, "morning"): 0.2 * 4 / 8, (1, "afternoon"): 0.2 * 6 / 10, (2, "afternoon"): 6 / 10}
    )
    opens = cells.loc[cells["places_open"] > 0, "places_open"]
    assert opens.to_dict() == {
        ("P1", 1, "morning"): 1,
        ("P1", 1, "afternoon"): 1,
        ("P2", 2, "afternoon"): 1,
    }
    young = table[(table["group"] == "under_15") & (table["zone_id"] == "P2")]
    assert (young["places_open"] == 0).all()  # The salon is not for them.


def test_a_place_of_unknown_hours_may_open_and_is_not_counted_as_open(town):
    table = by_zone(Walked(town, None, "第5月曜 10:00～11:00"))
    own = table[(table["group"] == "all") & (table["zone_id"] == "P1")]
    assert (own["places_open"] == 0).all()
    assert (own["places_unknown"] == 1).all()
    assert (own["open_share"] == 0).all()
    assert own["unknown_share"].tolist() == pytest.approx([1] * len(own))


def test_the_zones_of_a_partition_give_the_whole(town):
    own = Walked(town, "火・木 10:00～18:00", "第2・4水 9:00～11:30")
    inside = own.origins[["origin_id"]].assign(zone_id=own.origins["small_area_id"])
    nowhere = pd.DataFrame({"zone_id": [], "place_id": []}, dtype=str)
    table = opening.by_zone(own.found, inside, nowhere, own.places, study=STUDY)
    whole = opening.whole_week(table, own.found.slots)
    people = table.drop_duplicates(["zone_id", "group"])[["zone_id", "group", "people"]]
    joined = whole.merge(people, on=["zone_id", "group"]).query("group == 'all'")
    share = (joined["open_share"] * joined["people"]).sum() / joined["people"].sum()
    assert share == pytest.approx(own.share()[0])
    areas = opening.by_area(own.found).rename(columns={"small_area_id": "zone_id"})
    pd.testing.assert_frame_equal(table[areas.columns], areas)


# --- by minutes -----------------------------------------------------------------------------------------

times = st.tuples(st.integers(7 * 2, 20 * 2), st.integers(1, 6)).map(
    lambda t: (t[0] * 30, (t[0] + t[1]) * 30)
)
timetables = st.dictionaries(st.integers(0, 6), times, max_size=3)


def words_of(timetable):
    parts = [
        f"{WEEKDAYS[day]} {start // 60}:{start % 60:02d}～{end // 60}:{end % 60:02d}"
        for day, (start, end) in sorted(timetable.items())
    ]
    return "、".join(parts) or "第5月曜 10:00～11:00"


@settings(deadline=None, max_examples=25)
@given(
    tables=st.lists(timetables, min_size=1, max_size=4),
    near=st.data(),
    start=st.dates(date(2026, 2, 1), date(2026, 2, 8)),
)
def test_the_open_share_equals_a_brute_force_by_minutes(tables, near, start):
    study = STUDY.with_(period_start=start, period_days=14, limit_m=500)
    ids = [f"p{i}" for i in range(len(tables))]
    row = {"name": "x", "kind": "ibasho", "targets": "all", "targets_known": True, "status": "open"}
    row |= {"source_row": 2, "dataset_id": "d", "geometry": shapely.Point(0, 0)}
    frame = pd.DataFrame(
        [
            dict.fromkeys(schemas.columns_of(schemas.Places))
            | row
            | {"place_id": i, "opening_text": words_of(t), "precision": "point", "do_not_publish": False}
            for i, t in zip(ids, tables, strict=True)
        ]
    )
    places = schemas.conform(schemas.Places, gpd.GeoDataFrame(frame, crs=PLANE))
    walks = near.draw(st.lists(st.sampled_from([100.0, 500.0, 500.1]), min_size=len(ids), max_size=len(ids)))
    pairs = pd.DataFrame({"origin_id": "o", "place_id": ids, "distance_m": walks})
    origins = pd.DataFrame({"origin_id": ["o"], "small_area_id": ["991010010"]})
    people = pd.DataFrame({g.group: [2.0] for g in study.groups})
    found = opening.reached(pairs, origins, places, people, study=study)

    minutes = 0
    for day in (start + timedelta(days=i) for i in range(14)):
        on = set()
        for table, walk in zip(tables, walks, strict=True):
            if walk <= 500 and day.weekday() in table and table:
                on |= set(range(*table[day.weekday()]))
        minutes += len(on & set(range(8 * 60, 20 * 60)))
    table = opening.by_origin(found).set_index("group")
    assert table.loc["all", "open_share"] == pytest.approx(minutes / (14 * 12 * 60))
    assert table.loc["all", "unknown_share"] == 0
    areas = opening.by_area(found)
    own = areas[areas["group"] == "all"]
    assert len(own) == 21
    hours = own["daypart"].map({"morning": 4, "afternoon": 5, "evening": 3})
    assert (own["open_share"] * hours).sum() / 84 == pytest.approx(table.loc["all", "open_share"])


@settings(deadline=None, max_examples=10)
@given(
    texts=st.lists(
        st.sampled_from(["毎日 9～17時", "土 10時～", "不定期", "平日", None]), min_size=3, max_size=3
    )
)
def test_laws(town_of_session, texts):
    own = Walked(town_of_session, *texts)
    table = opening.by_origin(own.found)
    assert (table["open_share"] + table["unknown_share"] <= 1 + 1e-12).all()
    shorter = opening.reached(
        own.pairs, own.origins, own.places, own.people, study=own.study.with_(limit_m=300)
    )
    fewer = opening.reached(own.pairs, own.origins, own.places.iloc[1:], own.people, study=own.study)
    turned = opening.reached(
        own.pairs.sample(frac=1, random_state=3),
        own.origins,
        own.places.iloc[::-1],
        own.people,
        study=own.study,
    )
    for less in (shorter, fewer):
        for group in own.found.surely:
            assert (less.surely[group] <= own.found.surely[group]).all()
            assert (less.possibly[group] <= own.found.possibly[group]).all()
    pd.testing.assert_frame_equal(opening.by_origin(turned), table)


@pytest.fixture(scope="module")
def town_of_session(build_town):
    return build_town()


def test_pairs_are_joined_in_parts_without_parting_an_origin(town, monkeypatch):
    whole = Walked(town, "毎日 9～17時", "土 10～12時").found
    monkeypatch.setattr(opening, "CHUNK", 2)
    parts = Walked(town, "毎日 9～17時", "土 10～12時").found
    assert all((whole.surely[group] == parts.surely[group]).all() for group in whole.surely)
