"""The sheet of a zone, the reasons of the list and the map of clusters say what the tables say."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from geo import pipeline, text
from geo.present import maps, sheet, tables

A, B, C = "991010010", "991010020", "991010030"


@pytest.fixture(scope="module")
def prepared(build_town, tmp_path_factory):
    return pipeline.prepare(build_town().project(tmp_path_factory.mktemp("town")))


@pytest.fixture(scope="module")
def found(prepared):
    return pipeline.assess(prepared, prepared.study)


def area(**fields):
    base = {"group": "age_65_plus", "left_out_share": 0.31, "limit_m": 500, "is_hot_spot": False}
    return SimpleNamespace(**{**base, "high_indicators": "one_person_share", **fields})


def test_the_reason_in_the_words_of_a_committee():
    assert sheet.reason(area(), "ja") == "65歳以上の31%が500 m以内に居場所なし、単身世帯が多い"
    every = area(high_indicators="one_person_share;age_75_plus_share", is_hot_spot=True, left_out_share=0.999)
    assert (
        sheet.reason(every, "ja")
        == "65歳以上の99%が500 m以内に居場所なし、単身世帯が多い、75歳以上が多い、周りの地域も高い"
    )
    assert "不明" in sheet.reason(area(left_out_share=float("nan")), "ja")
    own = area(group="neighbours", high_indicators="rented")
    assert sheet.reason(own, "en") == "31% of neighbours have no place within 500 m; high: rented"


def test_the_people_of_a_zone(found):
    rows = sheet.people(found.zone_summary, "branch:P2", study=found.study, language="ja").rows
    assert rows[0][0] == "すべての人"
    assert rows[0][1:4] == pytest.approx((250, 1, 0.2))
    assert rows[0][4:] == ("不明", 4)  # Nobody knows the hours of any place.
    assert len(rows) == 4


def test_places_gaps_need_rules_and_neighbours_of_a_zone(prepared, found):
    placed = sheet.places(prepared.places, prepared.zone_points[0], "branch:P2", language="en")
    assert [row[0] for row in placed.rows] == ["ふれあいサロン", "休止中"][: len(placed.rows)]
    names = dict.fromkeys(found.gaps["gap_id"], "somewhere")
    assert sheet.gaps(found.gaps, names, "branch:P2", language="en").rows == ()
    assert len(sheet.gaps(found.gaps, names, "municipality:99101", language="en").rows) == 1
    need = sheet.need(found.zone_indicators, "branch:P1", "municipality:99101", language="en").rows
    assert need[0] == ("Share aged 75 and over", "9.0% (9 / 100)", "5.4% (19 / 350)", 1.0)
    rules = dict(sheet.rules(found.scorecard, "branch:P1", language="en").rows)
    assert rules["A permanent drop-in place"] == "Yes"
    assert rules["A welfare coordinator"] == "Not known"
    beside = sheet.neighbours(found.crosswalk, prepared.zones, "branch:P1", language="en").rows
    assert [(row[0], round(row[2])) for row in beside] == [("S1", 100), ("S3", 22)]


def test_systems_and_equity_have_a_row_each(found):
    systems = sheet.systems(found.system_summary, study=found.study, language="ja")
    assert [row[1] for row in systems.rows] == ["2／2", "2／2", "1／1"]
    even = sheet.equity(found.equity, study=found.study, language="en")
    assert len(even.rows) == 5 + 2
    for language in text.LANGUAGES:
        assert "None" not in tables.html(sheet.equity(found.equity, study=found.study, language=language))


def test_how_sure_a_rank_is(found):
    rows = dict(sheet.certainty(found.isolation, A, language="ja", name="A").rows)
    assert rows["順位（前提を変えたときの幅）"] == "1位（1～1位）"
    assert rows["周りとの関係"] == "データ不足"
    unknown = dict(sheet.certainty(found.isolation, C, language="en", name="C").rows)
    assert unknown["Rank (when the assumptions vary)"] == "Not known"


def test_clusters_are_drawn_by_their_class(prepared, found):
    names = ["hot", "not_significant", "not_enough_data"]
    told = found.isolation.assign(hot_spot=names[: len(found.isolation)])
    view = maps.hot_spots(told, prepared.small_areas, language="en")
    assert view.codes == "15Z0"
    assert [entry.code for entry in view.entries] == ["1", "2", "3", "4", "5", "Z"]
    assert isinstance(told["rank"].iloc[0], float)
    assert not np.isnan(pd.to_numeric(told["rank"]).iloc[0])
