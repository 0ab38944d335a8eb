"""What people see: geometry that survives the grid, classes at their limits, text that stays text."""

from __future__ import annotations

import csv
import io
import json
import re
import string
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo import pipeline, registry, schemas, text
from geo.present import geometry, maps, palettes, tables, words
from geo.study import Study

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "`${alert(1)}`",
    "\\`",
    "=1+1",
    "|x",
    "‮abc",
)
CODE = "99101"


def decode(payload: bytes) -> dict[str, Any]:
    """The payload as the map's script reads it: shapes in degrees."""
    data: dict[str, Any] = json.loads(payload)

    def walk(flat: list[int]) -> np.ndarray:
        return np.cumsum(np.array(flat).reshape(-1, 2), axis=0) / data["steps"]

    if data["type"] == "polygon":
        data["shapes"] = [
            shapely.MultiPolygon(
                [shapely.Polygon(walk(rings[0]), [walk(r) for r in rings[1:]]) for rings in parts]
            )
            for parts in data["shapes"]
        ]
    else:
        data["shapes"] = [
            walk(shape) if data["type"] == "point" else [walk(p) for p in shape] for shape in data["shapes"]
        ]
    return data


@pytest.fixture(scope="module")
def prepared(build_town: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> pipeline.Prepared:
    return pipeline.prepare(build_town().project(tmp_path_factory.mktemp("town")))


@pytest.fixture(scope="module")
def assessed(prepared: pipeline.Prepared) -> pipeline.Assessment:
    return pipeline.assess(prepared, prepared.study.with_(gap_kind="permanent"))


# --- geometry -------------------------------------------------------------------------------------------


def test_shapes_come_back_within_half_a_grid_step() -> None:
    ring = shapely.Point(139.7, 35.7).buffer(0.01)
    hole = shapely.Polygon(ring.exterior, [shapely.Point(139.7, 35.7).buffer(0.004).exterior])
    two = shapely.MultiPolygon([hole, shapely.box(139.8, 35.7, 139.81, 35.71)])
    table = gpd.GeoDataFrame({"id": ["a"], "n": ["A"]}, geometry=[two], crs=schemas.STORED_CRS)
    back = decode(geometry.polygons(table, key="id", name="n"))
    assert back["ids"] == ["a"]
    assert back["names"] == ["A"]
    assert back["shapes"][0].hausdorff_distance(two) < 1.5 / geometry.STEPS_PER_DEGREE
    assert len(back["shapes"][0].geoms[0].interiors) == 1


def test_neighbours_share_their_corners() -> None:
    west, east = (
        shapely.box(139.7, 35.7, 139.712345678, 35.71),
        shapely.box(139.712345678, 35.7, 139.72, 35.71),
    )
    table = gpd.GeoDataFrame({"id": ["w", "e"]}, geometry=[west, east], crs=schemas.STORED_CRS)
    one, other = decode(geometry.polygons(table, key="id"))["shapes"]
    assert one.touches(other)
    assert one.intersection(other).length == pytest.approx(0.01)


def test_a_shape_smaller_than_the_grid_keeps_its_place_in_the_codes() -> None:
    speck = shapely.box(139.7, 35.7, 139.7000001, 35.7000001)
    table = gpd.GeoDataFrame(
        {"id": ["s", "b"]}, geometry=[speck, shapely.box(139, 35, 139.1, 35.1)], crs=6668
    )
    data = json.loads(geometry.polygons(table, key="id"))
    assert data["shapes"][0] == []
    assert len(data["shapes"][1]) == 1


def test_every_layer_of_the_town_has_a_row_for_each_row_of_its_table(prepared: pipeline.Prepared) -> None:
    payloads = _layers(prepared)
    data = {layer: decode(payload) for layer, payload in payloads.items()}
    assert len(data["cells"]["shapes"]) == len(prepared.cells)
    assert len(data["areas"]["shapes"]) == len(prepared.small_areas)
    assert len(data["places"]["shapes"]) == len(prepared.places)
    assert sum(len(d["ids"]) for layer, d in data.items() if layer.startswith("zones")) == len(prepared.zones)
    assert data["wards"]["asked"] == [1]
    area = [data["areas"]["ids"][i] for i in data["cells"]["area"]]
    assert area == prepared.cells["small_area_id"].tolist()


def test_streets_keep_their_length(prepared: pipeline.Prepared) -> None:
    lines = decode(_layers(prepared)["streets"])["shapes"]
    drawn = gpd.GeoSeries([shapely.LineString(part) for shape in lines for part in shape], crs=6668)
    assert drawn.to_crs(prepared.crs).length.sum() == pytest.approx(
        prepared.streets.geometry.length.sum(), rel=0.01
    )


def test_a_study_without_streets_has_an_empty_layer(build_town: Callable[..., Any], tmp_path: Any) -> None:
    bare = pipeline.prepare(build_town(streets=False).project(tmp_path))
    assert json.loads(_layers(bare)["streets"])["shapes"] == []


def test_vacant_properties_are_in_no_layer(prepared: pipeline.Prepared) -> None:
    assert len(prepared.vacancies) > 0
    every = b"".join(_layers(prepared).values())
    assert not any(property_id.encode() in every for property_id in prepared.vacancies["property_id"])


def test_names_of_systems_are_not_part_of_layer_names() -> None:
    table = pd.DataFrame({"system": ["../../etc", "own"]})
    assert geometry.zone_layers(table) == {"../../etc": "zones-0", "own": "zones-1"}


def _layers(prepared: pipeline.Prepared) -> dict[str, bytes]:
    return geometry.layers(
        municipalities=prepared.municipality,
        zones_table=prepared.zones,
        small_areas=prepared.small_areas,
        cells_table=prepared.cells,
        streets_table=prepared.streets,
        places_table=prepared.places,
        catchments_table=prepared.catchments,
        outside=(),
        municipality_code=prepared.study.municipality_code,
    )


def test_catchments_are_those_of_drawn_places_with_the_class_of_their_limit(
    prepared: pipeline.Prepared,
) -> None:
    payload = json.loads(geometry.catchments(prepared.catchments, prepared.places))
    drawn = registry.drawn(prepared.places)["place_id"].tolist()
    assert payload["ids"]
    assert [drawn[i] for i in payload["place"]] == payload["ids"]
    assert set(payload["code"]) == {"1", "2", "3"}
    hidden = prepared.places.iloc[[0]].assign(do_not_publish=True)
    assert not json.loads(geometry.catchments(prepared.catchments, gpd.GeoDataFrame(hidden)))["ids"]


# --- views ----------------------------------------------------------------------------------------------


def _coverage_of(
    nearest: list[float], people: list[float]
) -> tuple[pd.DataFrame, gpd.GeoDataFrame, pd.DataFrame]:
    ids = [f"o{i}" for i in range(len(nearest))]
    table = pd.DataFrame(
        {"origin_id": ids, "group": "all", "kind": "any", "people": people, "nearest_m": nearest}
        | {"possible_m": nearest}
    )
    cells = gpd.GeoDataFrame(
        {"origin_id": ids, "small_area_id": "a"}, geometry=[shapely.Point(0, 0)] * len(ids), crs=6677
    )
    return table, cells, pd.DataFrame({"small_area_id": ["a", "w"], "is_water": [False, True]})


def test_a_distance_of_exactly_a_limit_is_within_it() -> None:
    nan = float("nan")
    given_ = _coverage_of([0, 300, 300.1, 500, 500.1, 800, 800.1, nan], [1.0] * 8)
    view = maps.coverage(*given_, study=Study(municipality_code=CODE), language="en")
    assert view.codes == "11223344"
    assert next(entry.label for entry in view.entries) == "Up to 300 m"


def test_nobody_is_not_drawn_and_unknown_is_hatched_and_water_stays_water() -> None:
    table, cells, areas = _coverage_of([100, 100, 100], [0.0, float("nan"), 5.0])
    cells.loc[2, "small_area_id"] = "w"
    view = maps.coverage(table, cells, areas, study=Study(municipality_code=CODE), language="ja")
    assert view.codes == "0Z0"
    assert [entry.hatch for entry in view.entries if entry.code == "Z"] == [True]


@given(
    st.integers(100, 1200),
    st.lists(st.integers(50, 5000), min_size=1, max_size=8, unique=True).map(sorted),
)
def test_class_limits_hold_the_chosen_one_and_at_most_five_classes(limit: int, limits: list[int]) -> None:
    study = Study(municipality_code=CODE, limit_m=limit, limits_m=tuple(limits))
    chosen = maps.class_limits(study)
    assert limit in chosen
    assert len(chosen) <= 4
    assert list(chosen) == sorted(set(chosen))
    view = maps.coverage(*_coverage_of([limit, limit + 0.1], [1, 1]), study=study, language="en")
    colour = {entry.code: entry.colour for entry in view.entries}
    assert colour[view.codes[0]] in palettes.WITHIN
    assert colour[view.codes[1]] in palettes.BEYOND


def test_the_chosen_gap_stands_out_and_is_what_the_map_moves_to(
    prepared: pipeline.Prepared, assessed: pipeline.Assessment
) -> None:
    chosen = assessed.gaps["gap_id"].iloc[0]
    view = _gap_view(prepared, assessed, chosen)
    inside = set(assessed.gap_cells.loc[assessed.gap_cells["gap_id"] == chosen, "origin_id"])
    coloured = {o for o, code in zip(prepared.cells["origin_id"], view.codes, strict=True) if code == "3"}
    assert coloured == inside
    assert coloured
    assert view.focus == {"code": "3"}
    latitude, longitude, rank = view.badges[0]
    assert (rank, 20 < latitude < 46, 122 < longitude < 154) == ("1", True, True)
    assert _gap_view(prepared, assessed, None).focus is None


def _gap_view(prepared: pipeline.Prepared, assessed: pipeline.Assessment, chosen: str | None) -> maps.View:
    found = assessed
    return maps.gaps(
        found.coverage,
        found.gap_cells,
        found.gaps,
        prepared.cells,
        prepared.small_areas,
        study=found.study,
        chosen=chosen,
        language="ja",
    )


def test_risk_classes_and_what_is_not_known() -> None:
    areas = gpd.GeoDataFrame({"small_area_id": list("abcde")})
    table = pd.DataFrame(
        {
            "small_area_id": list("abcd"),
            "risk_class": [1, 3, 3, np.nan],
            "high_risk": [False, False, True, False],
            "access_class": [3, 1, 2, 3],
        }
    )
    assert maps.risk(table, areas, language="ja").codes == "134Z0"
    both = maps.risk_and_access(table, areas, study=Study(municipality_code=CODE), language="en")
    assert both.codes == "196Z0"
    meaning = {entry.code: entry.label for entry in both.entries}
    assert meaning["9"] == "Risk: high / people with a place: below 1/3"
    assert meaning["1"] == "Risk: low / people with a place: 2/3 or more"
    assert both.axes is not None
    assert {code for row in both.axes.codes for code in row} == set("123456789")


def test_homes_and_those_who_asked_are_not_drawn() -> None:
    names = ["庭", "山田様方サロン", "秘密", "どこか", "隣の町"]
    places = gpd.GeoDataFrame(
        {
            "place_id": list("abcde"),
            "name": names,
            "kind": "ibasho",
            "address": None,
            "operator": None,
            "do_not_publish": [False, False, True, False, False],
            "precision": ["point", "point", "point", "municipality", "town"],
            "status": "open",
            "targets": "all",
            "open_days_per_week": 5.0,
        },
        geometry=[shapely.Point(139.7 + i / 100, 35.7) for i in range(5)],
        crs=schemas.STORED_CRS,
    )
    layer = json.loads(geometry.places(places, outside=["e", "b"]))
    assert (layer["ids"], layer["names"], layer["outside"]) == (["a", "e"], ["庭", "隣の町"], [0, 1])
    assert len(layer["shapes"]) == 2
    assert registry.drawn(places)["place_id"].tolist() == layer["ids"]


def test_only_fitting_places_count(prepared: pipeline.Prepared) -> None:
    def ids(study: Study, area: pipeline.Prepared = prepared) -> set[str]:
        codes = maps.counting(area.on_map, area.fitting, study=study)
        return {place for place, code in zip(area.on_map, codes, strict=True) if code == "1"}

    study = prepared.study
    assert ids(study) == {"ibasho", "salon"}
    far = prepared.places.loc[prepared.places["place_id"] == "salon", ["place_id"]]
    assert ids(study, replace(prepared, refused=far)) == {"ibasho"}
    vague = prepared.places.assign(precision=["town", *["point"] * (len(prepared.places) - 1)])
    assert prepared.places["place_id"].iloc[0] not in ids(study, replace(prepared, places=vague))
    assert ids(study.with_(gap_kind="permanent")) == {"ibasho"}
    assert ids(study.with_(gap_group="under_15")) == {"ibasho"}


def test_a_view_refuses_anything_but_codes() -> None:
    with pytest.raises(ValueError, match="codes"):
        maps.View(layer="cells", codes="1');alert(1)//", title="", entries=())
    with pytest.raises(ValueError, match="codes"):
        maps.View(layer="cells", codes="1", places="é", title="", entries=())


@given(st.text())
def test_a_view_is_ascii_that_ends_no_script_and_no_template(title: str) -> None:
    script = maps.View(layer="cells", codes="", title=title, entries=()).script()
    assert script.isascii()
    assert not set(script) & set("<>`$'&\n")
    assert json.loads(script)["title"] == title


@given(st.lists(st.tuples(st.sampled_from("01AZ"), st.integers(1, 120)), max_size=8))
def test_packed_codes_hold_every_feature(runs: list[tuple[str, int]]) -> None:
    codes = "".join(code * n for code, n in runs)
    sent = maps.packed(codes)
    told = re.sub(
        "(.)([a-j]+)",
        lambda found: found[1] * int(found[2].translate(str.maketrans("abcdefghij", "0123456789"))),
        sent,
    )
    assert told == codes
    assert len(sent) <= len(codes)


# --- colours --------------------------------------------------------------------------------------------

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
DEFICIENCY = {
    "normal": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def _lab(colour: str, deficiency: str) -> np.ndarray:
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(DEFICIENCY[deficiency] @ linear, 0, 1)
    xyz = TO_XYZ @ seen / np.array([0.95047, 1, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def _distance_maps() -> list[tuple[str, ...]]:
    sets = []
    for n in range(1, 5):
        for limits in combinations((300, 500, 800, 1200), n):
            for limit in limits:
                study = Study(municipality_code=CODE, limits_m=limits, limit_m=limit)
                view = maps.coverage(*_coverage_of([1], [1]), study=study, language="en")
                sets.append(tuple(entry.colour for entry in view.entries))
    return sorted(set(sets))


@pytest.mark.parametrize("deficiency", sorted(DEFICIENCY))
@pytest.mark.parametrize(
    ("colours", "least"),
    [
        *((colours, 12) for colours in _distance_maps()),
        (palettes.RISK, 12),
        (palettes.GAP, 12),
        (palettes.HOT_SPOTS, 12),
        (tuple(c for row in palettes.BIVARIATE for c in row), 7),
    ],
)
def test_classes_stay_apart_for_every_eye(colours: tuple[str, ...], least: float, deficiency: str) -> None:
    seen = [_lab(colour, deficiency) for colour in colours]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) >= least


# --- tables ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_names_stay_text_in_html(name: str) -> None:
    rows = tables.Rows(name, (tables.Column(name), tables.Column("n", "count")), ((name, 1.0),), "ja")
    shown = tables.html(rows)
    tags = re.findall(r"<\s*/?\s*([a-zA-Z]+)", shown)
    assert set(tags) <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "span"}
    assert tables.html(rows).count("<th") == 4  # thead, two columns and the name of the row


@pytest.mark.parametrize(
    ("sentence", "whole"),
    [
        ("みなも区北櫓町17-16-6", ["17-16-6"]),
        ("57.1%（1,157／2,026）", ["1,157／2,026"]),
        ("21.7% (756 / 3,485)", ["756 / 3,485"]),
        ("歩いて500 m以内、3 mm", ["500 m"]),
        ("2026-06-01〜2026-06-28、8〜20時", ["2026-06-01〜2026-06-28", "8〜20"]),
        ("3 places, 1 more", []),
    ],
)
def test_numbers_that_belong_together_stay_in_one_line(sentence: str, whole: list[str]) -> None:
    shown = words.markup(sentence)
    assert re.findall("<span class=ib-one>(.*?)</span>", shown) == whole
    assert re.sub("<.*?>", "", shown) == sentence


def test_places_around_a_start_are_all_in_the_window_and_none_is_pale_without_one() -> None:
    spots = [shapely.Point(139.75, 35.7), shapely.Point(139.76, 35.71)]
    cells = gpd.GeoDataFrame({"origin_id": ["O1", "O2"]}, geometry=spots, crs=schemas.STORED_CRS)
    found = pd.DataFrame({"place_id": ["P1", "P3"], "is_open": [1, 0]})
    asked: dict[str, Any] = {"study": Study(municipality_code=CODE), "language": "ja", "mark": 4}
    on_map = ["P1", "P2", "P3"]
    near = maps.nearby(found, cells, on_map, origin_id="O2", **asked)
    assert near.focus == {"layer": "areas", "i": 4, "places": "101"}  # a closed one is looked at too
    assert (near.places, near.codes, near.badges) == ("100", "12", ((35.71, 139.76, ""),))
    nobody = maps.nearby(None, cells, on_map, origin_id=None, **asked | {"mark": None})
    assert (nobody.places, nobody.focus, nobody.badges) == ("111", None, ())


@pytest.mark.parametrize(
    "name", [*HOSTILE, "=cmd|' /C calc'!A0", "+1+1", "-a", "@SUM(A1)", "＝1+1", " =x", "\t=x", "\r=x"]
)
def test_no_cell_is_a_formula(name: str) -> None:
    rows = tables.Rows("t", (tables.Column("a"),), ((name,),), "ja")
    cell = list(csv.reader(io.StringIO(tables.csv(rows).decode("utf-8-sig"))))[1][0]
    assert cell.lstrip()[:1] not in set("=+-@|%＝＋－＠")
    assert cell.removeprefix("'") == name


def test_numbers_stay_numbers_in_csv() -> None:
    rows = tables.Rows(
        "t",
        (tables.Column("n", "count"), tables.Column("s", "share")),
        ((1234.6, 0.75456), (None, -0.5)),
        "ja",
    )
    assert tables.csv(rows).startswith(b"\xef\xbb\xbf")
    assert tables.csv(rows).decode("utf-8-sig").splitlines()[1:] == ["1235,0.7546", "不明,-0.5000"]


@given(st.text(alphabet=string.printable + "あ"))
def test_plain_words_lose_nothing_but_their_markdown(name: str) -> None:
    escaped = words.plain(name)
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escaped) == name
    assert not re.search(r"(?<!\\)(?:\\\\)*[*_\[\]()<>`:$]", escaped)


def test_least_covered_zones_come_first_and_numbers_are_the_runs_own(assessed: pipeline.Assessment) -> None:
    rows = tables.zones(assessed.zone_summary, system="branch_office", study=assessed.study, language="en")
    own = assessed.zone_summary.query("system == 'branch_office' and group == 'all' and kind == 'permanent'")
    assert [row[0] for row in rows.rows] == ["P2", "P1", "In no zone"]
    assert {row[0]: row[1:4] for row in rows.rows} == {
        z.name or "In no zone": (z.people, z.covered_people, z.covered_share)
        for z in own.itertuples(index=False)
    }
    shares = [row[3] for row in rows.rows[:-1]]
    assert shares == sorted(shares)  # type: ignore[type-var]


def test_areas_without_people_are_left_out_and_unknown_stays(
    prepared: pipeline.Prepared, assessed: pipeline.Assessment
) -> None:
    study = assessed.study.with_(gap_group="age_65_plus")
    rows = tables.areas(assessed.area_coverage, prepared.small_areas, study=study, language="ja")
    unknown = [row for row in rows.rows if row[1] is not None and np.isnan(row[1])]  # type: ignore[arg-type]
    assert [row[0] for row in unknown] == ["Area W"]
    assert "不明" in tables.html(rows)


def test_distances_are_those_worked_out_on_paper(assessed: pipeline.Assessment) -> None:
    rows = tables.distances(assessed.coverage, study=assessed.study, language="ja")
    assert [row[0] for row in rows.rows] == ["300 m", "500 m", "800 m"]
    permanent = [row[4] for row in rows.rows]
    assert permanent == pytest.approx([700 / 9, 150, 300])


def test_gaps_are_named_by_where_most_people_live(
    prepared: pipeline.Prepared, assessed: pipeline.Assessment
) -> None:
    args = (assessed.gap_cells, assessed.coverage, prepared.cells, prepared.small_areas)
    names = tables.gap_names(*args, study=assessed.study, language="en")
    assert names[assessed.gaps["gap_id"].iloc[0]] == "Area B and 1 more"
    rows = tables.gaps(assessed.gaps, names, study=assessed.study, language="en")
    assert [row[0] for row in rows.rows] == [str(i) for i in range(1, len(assessed.gaps) + 1)]
    assert rows.rows[0][2] == assessed.gaps["people"].iloc[0]


def test_every_share_of_an_indicator_stands_beside_its_parts(
    prepared: pipeline.Prepared, assessed: pipeline.Assessment
) -> None:
    rows = tables.isolation(
        assessed.isolation, assessed.indicators, prepared.small_areas, study=assessed.study, language="en"
    )
    by_area = {row[0]: row for row in rows.rows}
    assert "9.0% (9 / 100)" in by_area["Area A"]
    assert "40.0% (20 / 50)" in by_area["Area A"]
    assert by_area["Area C"][1] == "Not enough data (suppressed or unknown)"


@pytest.mark.parametrize("language", text.LANGUAGES)
def test_the_catalogues_say_every_name_of_the_tables(language: text.Language) -> None:
    known = text.catalogue(language)
    for kind in schemas.PLACE_KINDS:
        assert {f"place_kind.{kind}", f"place_sign.{kind}"} <= known.keys()
    for reason in ("no_place", "not_for_group", "not_permanent"):
        assert f"gap_reason.{reason}" in known
    for stage in pipeline.STAGES:
        assert f"cli.stage.{stage}" in known


def test_both_catalogues_have_the_same_sentences_with_the_same_values() -> None:
    ja, en = (
        {k: v for k, v in text.catalogue(lang).items() if not k.startswith("error.")}
        for lang in text.LANGUAGES
    )
    assert ja.keys() == en.keys()
    fields = {
        key: ({f for _, f, _, _ in string.Formatter().parse(one[key]) if f} for one in (ja, en)) for key in ja
    }
    assert [key for key, (a, b) in fields.items() if a != b] == []


def test_zones_that_nobody_drew_say_so() -> None:
    row = {"system": "branch_office", "approximate": True, "people_outside": 0, "overlapping_pairs": 0}
    [note] = tables.zone_notes({"zones": [row]}, system="branch_office", language="en")
    assert note.startswith("The borders of ")
    assert (
        tables.zone_notes({"zones": [{**row, "approximate": False}]}, system="branch_office", language="en")
        == []
    )
