"""Zones from the points of schools: which schools have one, and which homes belong to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geo import access, demand, errors, network, pipeline, project, schemas, sources, zones
from geo import study as studies

PLANE = "EPSG:6677"


def points(path: Path, *features: dict[str, Any], at: list[tuple[float, float]] | None = None) -> Path:
    places = at or [(139.70 + i / 100, 35.7) for i in range(len(features))]
    told = [
        {"type": "Feature", "properties": one, "geometry": {"type": "Point", "coordinates": xy}}
        for one, xy in zip(features, places, strict=True)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": told}, ensure_ascii=False), "utf-8")
    return path


def p29(
    name: str, kind: str = "16002", manager: str = "3", state: str = "1", code: str = "13105"
) -> dict[str, Any]:
    values = (code, f"B1{name}", kind, name, "湯島1", manager, state, "", "")
    return {f"P29_{i:03d}": value for i, value in enumerate(values, 1)}


def read(path: Path, system: str | None = None, kind: sources.Kind = "zones") -> sources.Reading:
    return sources.read(path, municipality_code="13105", kind=kind, system=system)


def told(reading: sources.Reading) -> dict[str, Any]:
    return {note.code: dict(note.values).get("n") for note in reading.notes}


ALL = (
    p29("文京第一中学校"), p29("義務教育学校", "16014"), p29("休校中学校", state="2"), p29("私立中学校", manager="4"),
    p29("国立附属中学校", manager="1"), p29("小学校", "16001"), p29("高等学校", "16004"),
    p29("隣の中学校", code="13104"),
)  # fmt: skip


def test_only_public_schools_of_the_kind_and_the_municipality_have_a_zone(tmp_path: Path) -> None:
    path = points(tmp_path / "P29-23_13.geojson", *ALL)
    middle = read(path)
    assert middle.table["name"].tolist() == ["文京第一中学校", "義務教育学校"]
    assert set(middle.table["zone_id"]) == {"middle_school:B1文京第一中学校", "middle_school:B1義務教育学校"}
    assert (middle.dataset_id, middle.edition, set(middle.table["tier"])) == (
        "zones:middle_school",
        "2023",
        {"middle"},
    )
    assert middle.table["approximate"].all()
    assert told(middle) | {"crs_assumed": 0} == {
        "crs_assumed": 0, "zones_elsewhere": 1, "schools_other_kind": 2, "schools_not_public": 2,
        "schools_suspended": 1,
    }  # fmt: skip
    small = read(path, "elementary_school", "schools")
    assert (small.table["name"].tolist(), set(small.table["tier"])) == (["小学校", "義務教育学校"], {"small"})


def test_the_points_of_older_layers_and_own_points_are_schools_too(tmp_path: Path) -> None:
    a32 = [
        {"A32_001": "13105", "A32_002": "文京区", "A32_003": n, "A32_004": "湯島"}
        for n in ("一中学校", "二中学校")
    ]
    found = read(points(tmp_path / "A32P-16_13.geojson", *a32))
    assert (found.table["name"].tolist(), found.edition) == (["一中学校", "二中学校"], "2016")
    own = [
        {"name": "第一中学校", "設置者": "文京区"}, {"name": "湯島中学校", "設置者": "学校法人 私立"},
        {"name": "みどり学園"}, {"name": "湯島小学校"},
    ]  # fmt: skip
    found = read(points(tmp_path / "own.geojson", *own), "middle_school")
    assert found.table["name"].tolist() == ["みどり学園", "第一中学校"]
    assert told(found)["schools_run_by"] == 1
    desks = read(points(tmp_path / "desks.geojson", {"name": "駒込"}, {"name": "湯島"}), "branch_office")
    assert set(desks.table["system"]) == {"branch_office"}
    assert "schools_run_by" not in told(desks)


def test_a_list_of_schools_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "schools.csv"
    path.write_text(
        "名称,緯度,経度\n第一中学校,35.7,139.7\n第二中学校,35.7,139.71\n湯島小学校,35.7,139.72\n", "cp932"
    )
    found = read(path, kind="schools")
    assert (found.table["name"].tolist(), found.rows) == (["第一中学校", "第二中学校"], 3)


def test_a_file_without_such_schools_says_what_it_holds(tmp_path: Path) -> None:
    with pytest.raises(errors.DataError, match="小学校, 高等学校"):
        read(points(tmp_path / "a.geojson", *ALL[5:7]))
    with pytest.raises(errors.DataError, match="names name"):
        read(points(tmp_path / "b.geojson", {"n": 1}, {"n": 2}))


# --- growing


def schools_at(*xy: tuple[float, float]) -> gpd.GeoDataFrame:
    rows = {
        "zone_id": [f"middle_school:{i}" for i in range(len(xy))],
        "system": "middle_school",
        "tier": "middle",
        "name": [f"{i}" for i in range(len(xy))],
        "municipality_code": "99101",
        "approximate": True,
        "dataset_id": "zones:middle_school",
    }
    frame = gpd.GeoDataFrame(rows, geometry=[shapely.Point(p) for p in xy], crs=PLANE).to_crs(
        schemas.STORED_CRS
    )
    return schemas.conform(schemas.Zones, frame)


def grown(town: Any, *xy: tuple[float, float]) -> tuple[gpd.GeoDataFrame, float]:
    stored = town.stored()
    study = studies.make(municipality_code="99101")
    found, left = zones.grown(
        schools_at(*xy), stored[schemas.SmallAreas], stored[schemas.Streets], study=study
    )
    return found.to_crs(PLANE), left


def test_each_home_goes_to_the_school_that_is_nearest_along_the_street(town: Any) -> None:
    # n00 to n05 are nearer to x = 100 (n05: 400 m against 500), the border is half way to n06.
    found, left = grown(town, (100, 0), (1000, 0))
    west, east = found.geometry
    assert west.symmetric_difference(shapely.box(-50, -100, 550, 100)).area < 1
    assert east.symmetric_difference(shapely.box(550, -100, 1050, 100)).area < 1
    assert left == 3  # on the water, where no street leads


def test_a_river_parts_zones_that_a_bird_would_join(build_town: Any) -> None:
    # r00 is 80 m from n00 over the river, and 2080 m on foot: its homes go to the school across the bridge.
    wet = build_town(river=True)
    found, _ = grown(wet, (0, 0), (600, 80))
    assert found.loc[1, "geometry"].contains(shapely.Point(0, 95))
    assert found.loc[0, "geometry"].contains(shapely.Point(0, 20))
    dry = build_town(streets=False)
    assert grown(dry, (0, 0), (600, 80))[0].loc[0, "geometry"].contains(shapely.Point(0, 95))


def test_a_school_that_no_street_reaches_has_no_zone_and_people_without_school_are_counted(town: Any) -> None:
    found, left = grown(town, (100, 0), (0, 390))
    assert (found["name"].tolist(), left) == (["0"], 3)


@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_every_home_lies_in_the_zone_of_its_nearest_school(random_towns: Any, data: st.DataObject) -> None:
    areas, streets = data.draw(random_towns)
    assume(len(streets))
    xy = [
        (x, y) for x, y in zip(streets.geometry.centroid.x[:3], streets.geometry.centroid.y[:3], strict=True)
    ]
    goals = schools_at(*dict.fromkeys(xy))
    study = studies.make(municipality_code="99101")
    found, left = zones.grown(
        goals, areas.to_crs(schemas.STORED_CRS), streets.to_crs(schemas.STORED_CRS), study=study
    )
    net = network.build(streets, crs=str(streets.crs))
    homes = demand.origins(areas, streets, net)
    near = access.nearest(
        net,
        homes,
        goals.rename(columns={"zone_id": "place_id"}).to_crs(streets.crs),
        k=1,
        max_snap_m=study.max_snap_m,
    ).set_index("origin_id")["place_id"]
    shapes = found.to_crs(streets.crs).set_index("zone_id").geometry.buffer(0.5)
    dry = areas.loc[~areas["is_water"], "small_area_id"]
    for home in homes[homes["small_area_id"].isin(dry)].itertuples():
        if home.origin_id in near.index and near[home.origin_id] in shapes.index:
            assert shapes[near[home.origin_id]].intersects(home.geometry)
    # Zones do not overlap, and no person is lost.
    pairs = zones.overlaps(found.to_crs(streets.crs), coincident_iou=0.95)
    assert not pairs.overlapping
    assert left >= 0


# --- in a project


def in_project(town: Any, folder: Path) -> project.Project:
    made = town.project(folder)
    made.store.commit({schemas.Zones: schemas.empty(schemas.Zones)})
    return made


def own_schools(folder: Path) -> Path:
    at = gpd.GeoSeries([shapely.Point(100, 0), shapely.Point(1000, 0)], crs=PLANE).to_crs(schemas.STORED_CRS)
    names = ({"name": "東中学校", "設置者": "町"}, {"name": "西中学校", "設置者": "町"})
    return points(folder / "schools.geojson", *names, at=[(p.x, p.y) for p in at])


def test_grown_zones_are_told_to_be_approximate_wherever_they_are_seen(town: Any, tmp_path: Path) -> None:
    made = in_project(town, tmp_path / "p")
    readings = project.read(made, [own_schools(tmp_path)], kind="zones", system="middle_school")
    assert "zones_grown_streets" in {note.code for note in readings[0].notes}
    project.add(made, readings)
    document = pipeline.run(made).assessment.summary
    (system,) = document["zones"]
    assert (system["system"], system["zones"], system["approximate"]) == ("middle_school", 2, True)
    assert "zones_approximate" in {remark["code"] for remark in document["known"]}
    again = project.read(made, [own_schools(tmp_path)], kind="zones", system="middle_school")
    assert project.compare(made, again).history.empty


def test_drawn_zones_are_never_replaced_by_grown_ones(town: Any, tmp_path: Path) -> None:
    made = town.project(tmp_path / "p")
    drawn = made.store.read(schemas.Zones).assign(dataset_id="zones:middle_school")
    made.store.commit({schemas.Zones: drawn})
    with pytest.raises(errors.DataError, match="drawn zones"):
        project.read(made, [own_schools(tmp_path)], kind="zones", system="middle_school")
    assert (
        project.read(made, [own_schools(tmp_path)], kind="schools", system="walks")[0].dataset_id
        == "zones:walks"
    )


def test_without_small_areas_or_streets_it_is_said(town: Any, tmp_path: Path) -> None:
    bare = in_project(town, tmp_path / "p")
    bare.store.commit({schemas.Streets: schemas.empty(schemas.Streets)})
    (reading,) = project.read(bare, [own_schools(tmp_path)], kind="schools")
    assert "zones_grown_straight" in {note.code for note in reading.notes}
    bare.store.commit({schemas.SmallAreas: schemas.empty(schemas.SmallAreas)})
    with pytest.raises(errors.MissingTableError, match="no small areas"):
        project.read(bare, [own_schools(tmp_path)], kind="schools")


def test_real_schools_of_chiyoda_grow_zones(realdata: Path, tmp_path: Path) -> None:
    made = project.create(tmp_path / "p", municipality="13101")
    areas = realdata / "census" / "estat_r2ka_tokyo_6wards" / "r2ka13101.shp"
    listed = realdata / "school_zones" / "tokyo23_a32_2013" / "MiddleSchool_loc.geojson"
    readings = project.read(made, [areas])
    readings += project.read(made, [listed], kind="zones", system="middle_school", before=readings)
    table = readings[1].table
    assert {"神田一橋中学校", "麹町中学校"} <= set(table["name"])
    land = readings[0].table
    whole = land[~land["is_water"]].to_crs(PLANE).union_all()
    assert table.to_crs(PLANE).union_all().symmetric_difference(whole).area < 0.001 * whole.area
    assert table.to_crs(PLANE).area.sum() == pytest.approx(whole.area, rel=1e-4)
    assert pd.Series([note.code for note in readings[1].notes]).isin(["zones_grown_straight"]).any()
