"""How streets rise: by their own attributes, and by heights at their nodes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo import errors, project, schemas, slope, sources
from geo.sources import elevation
from tests.test_sources_streets import STREET, A, B, C, D, graphml, layer, said, saved


def streets_of(
    *pieces: tuple[str, str, tuple[float, float], tuple[float, float]], **more: object
) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(
        {
            "street_id": [f"{u}-{v}" for u, v, _, _ in pieces],
            "u": [u for u, *_ in pieces],
            "v": [v for _, v, *_ in pieces],
            "length_m": 90.0,
            "kind": "street",
            "stairs": False,
            "dataset_id": "streets",
        }
        | more,
        geometry=[shapely.LineString([a, b]) for _, _, a, b in pieces],
        crs=schemas.STORED_CRS,
    )
    return schemas.conform(schemas.Streets, frame)


# --- attributes of the file


def test_a_graph_gives_its_grade_in_the_direction_of_each_piece(tmp_path: Path) -> None:
    edges = [("1", "2", STREET | {"grade": "0.1"}), ("2", "1", STREET | {"grade": "-0.1"})]
    # Kept from node 2 to node 3, so the sign turns.
    edges.append(("3", "2", STREET | {"grade": "0.05"}))
    table = sources.streets.read(saved(tmp_path, graphml(*edges), "area.graphml")).table
    assert table["street_id"].tolist() == ["e1:2:0", "e2:3:0"]
    assert (table["rise_m"] / table["length_m"]).round(3).tolist() == [0.1, -0.05]


def test_heights_of_nodes_tell_the_rise_where_no_grade_does(tmp_path: Path) -> None:
    text = graphml(("1", "2", STREET | {"length": "90.5"}), ("2", "3", STREET))
    text = text.replace('<key id="x"', '<key id="h" for="node" attr.name="elevation"/><key id="x"')
    for node, metres in (("1", "20"), ("2", "24.5"), ("3", "")):
        text = text.replace(f'<node id="{node}">', f'<node id="{node}"><data key="h">{metres}</data>')
    rise = sources.streets.read(saved(tmp_path, text, "area.graphml")).table["rise_m"]
    assert rise[0] == pytest.approx(4.5, abs=0.03)
    assert np.isnan(rise[1])


def test_a_line_layer_gives_a_grade_a_percentage_or_a_rise(tmp_path: Path) -> None:
    features = (
        ("LineString", [A, B], {"grade": 0.1}),
        ("LineString", [B, C], {"grade": None, "Grade_Percent": "-5"}),
        ("LineString", [B, D], {"rise_m": 3, "grade": 0.5}),
        ("LineString", [D, A], {}),
    )
    table = sources.streets.read(saved(tmp_path, layer(*features), "roads.geojson")).table
    rise = dict(zip(table["street_id"], table["rise_m"], strict=True))
    assert rise["f1:0"] == pytest.approx(9.05, abs=0.02)
    assert rise["f2:0"] == pytest.approx(-4.52, abs=0.02)
    assert rise["f3:0"] == 3
    assert np.isnan(rise["f4:0"])


def test_a_line_that_is_cut_rises_evenly(tmp_path: Path) -> None:
    features = (("LineString", [A, B, C], {"rise_m": 4.0}), ("LineString", [B, D], {}))
    table = sources.streets.read(saved(tmp_path, layer(*features), "roads.geojson")).table
    assert table["rise_m"][:2].tolist() == [2.0, 2.0]


@pytest.mark.parametrize(
    ("told", "code", "rise"),
    [
        ({"grade_abs": 0.1}, "streets_grade_unsigned", 9.05),
        ({"grade": 12.0}, "streets_grade_absurd", None),
        ({"slope": 12.0}, "streets_grade_unit", None),
    ],
)
def test_what_a_slope_leaves_open_is_said(
    tmp_path: Path, told: dict[str, float], code: str, rise: float | None
) -> None:
    reading = sources.streets.read(saved(tmp_path, layer(("LineString", [A, B], told)), "roads.geojson"))
    assert said(reading)[code].startswith("1 ")
    found = reading.table["rise_m"][0]
    assert np.isnan(found) if rise is None else found == pytest.approx(rise, abs=0.02)


def test_streets_of_osm_have_no_rise_and_a_file_without_slopes_says_nothing(tmp_path: Path) -> None:
    reading = sources.streets.read(saved(tmp_path, layer(("LineString", [A, B], {})), "roads.geojson"))
    assert reading.table["rise_m"].isna().all()
    assert not [code for code in said(reading) if "grade" in code]


# --- heights at nodes


def plane(x: float, y: float) -> float:
    return 10 + (x - 139.7) * 2000 + (y - 35.7) * 1000


def model(
    folder: Path, *, head: str = "longitude,latitude,elevation_m", mark: str = ",", swap: bool = False
) -> Path:
    rows = [head] if head else []
    for x in np.arange(139.699, 139.7031, 0.0005):
        for y in np.arange(35.699, 35.7021, 0.0005):
            pair = (f"{y:.6f}", f"{x:.6f}") if swap else (f"{x:.6f}", f"{y:.6f}")
            rows.append(mark.join((*pair, f"{plane(x, y):.4f}")))
    path = folder / "dem.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


NODES = pd.DataFrame({"node": ["a", "b", "c"], "x": [139.7, 139.70123, 139.8], "y": [35.7, 35.70017, 35.7]})


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"head": ""},
        {"head": "", "mark": " ", "swap": True},
        {"head": "緯度\t経度\t標高", "mark": "\t", "swap": True},
    ],
)
def test_a_grid_gives_the_height_between_its_points(tmp_path: Path, form: dict[str, str]) -> None:
    reading = elevation.read(model(tmp_path, **form), nodes=NODES)
    assert reading.table["node"].tolist() == ["a", "b"]
    told = [plane(x, y) for x, y in zip(NODES["x"][:2], NODES["y"][:2], strict=True)]
    assert reading.table["elevation_m"].tolist() == pytest.approx(told, abs=0.011)
    assert str(reading.notes[0]).startswith("1 of 3 nodes")


def test_points_anywhere_give_the_height_of_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "spots.csv"
    # The second node is some 40 m from the nearest height; one height says that there is none.
    path.write_text(
        "lon,lat,z\n139.70001,35.7,12\n139.7,35.7,-9999\n139.8,35.69999,30\n139.70168,35.70017,9\n"
    )
    reading = elevation.read(path, nodes=NODES)
    assert dict(zip(reading.table["node"], reading.table["elevation_m"], strict=True)) == {
        "a": 12.0,
        "c": 30.0,
    }


def sheet(west: float, east: float, values: list[str], *, start: str = "0 0") -> str:
    """A sheet of the official model of 2 rows, in its layout."""
    tuples = "\n".join(f"地表面,{value}" for value in values)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Dataset xmlns="http://fgd.gsi.go.jp/spec/2008/FGD_GMLSchema">'
        '<DEM gml:id="DEM001"><mesh>53394525</mesh><coverage gml:id="c"><gml:boundedBy>'
        '<gml:Envelope srsName="fguuid:jgd2011.bl">'
        f"<gml:lowerCorner>35.6 {west}</gml:lowerCorner><gml:upperCorner>35.8 {east}</gml:upperCorner>"
        '</gml:Envelope></gml:boundedBy><gml:gridDomain><gml:Grid dimension="2"><gml:limits><gml:GridEnvelope>'
        "<gml:low>0 0</gml:low><gml:high>1 1</gml:high></gml:GridEnvelope></gml:limits></gml:Grid></gml:gridDomain>"
        f"<gml:rangeSet><gml:DataBlock><gml:tupleList>\n{tuples}\n</gml:tupleList></gml:DataBlock></gml:rangeSet>"
        '<gml:coverageFunction><gml:GridFunction><gml:sequenceRule order="+x-y">Linear</gml:sequenceRule>'
        f"<gml:startPoint>{start}</gml:startPoint></gml:GridFunction></gml:coverageFunction></coverage></DEM></Dataset>"
    )


# The middles of the cells of the western sheet: 139.65 and 139.75 east, 35.75 and 35.65 north.
CELLS = pd.DataFrame({"node": ["nw", "se", "mid"], "x": [139.65, 139.75, 139.72], "y": [35.75, 35.65, 35.68]})


def test_the_official_model_runs_from_the_north_west(tmp_path: Path) -> None:
    path = saved(tmp_path, sheet(139.6, 139.8, ["1", "2", "3", "4"]), "FG-GML-5339-45-25-DEM5A-20210101.xml")
    assert sources.detect(path) == "elevation"
    found = elevation.read(path, nodes=CELLS).table.set_index("node")["elevation_m"]
    assert found.to_dict() == {"nw": 1.0, "se": 4.0, "mid": 3.1}


def test_what_a_sheet_leaves_out_has_no_height(tmp_path: Path) -> None:
    late = saved(tmp_path, sheet(139.6, 139.8, ["2", "-9999.", "4"], start="1 0"), "DEM.xml")
    reading = elevation.read(late, nodes=CELLS)
    assert reading.table.set_index("node")["elevation_m"].to_dict() == {"mid": 4.0, "se": 4.0}


def test_the_sheets_of_a_zip_are_one_model(tmp_path: Path) -> None:
    path = tmp_path / "FG-GML-5339-45-DEM5A.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.xml", sheet(139.6, 139.8, ["1", "2", "3", "4"]))
        archive.writestr("b.xml", sheet(139.8, 140.0, ["5", "6", "7", "8"]))
    nodes = pd.DataFrame({"node": ["w", "e"], "x": [139.65, 139.95], "y": [35.75, 35.65]})
    reading = sources.read(
        path, municipality_code="13105", kind="elevation", hints=sources.Hints(nodes=nodes)
    )
    assert reading.table.set_index("node")["elevation_m"].to_dict() == {"e": 8.0, "w": 1.0}
    assert (reading.rows, reading.dataset_id) == (8, "elevation:FG-GML-5339-45-DEM5A")


@pytest.mark.parametrize("text", ["name,lat,lon\nA,35.7,139.7\n", "1,2\n3,4\n", "a,b,c\n", "<gml:tupleList>"])
def test_what_is_no_terrain_model_is_said(tmp_path: Path, text: str) -> None:
    with pytest.raises(errors.DataError, match=r"dem\.csv"):
        elevation.read(saved(tmp_path, text, "dem.csv"), nodes=NODES)


def test_heights_elsewhere_or_without_streets_are_refused(tmp_path: Path) -> None:
    far = NODES.assign(x=141.0)
    with pytest.raises(errors.DataError, match="at a street of the project"):
        elevation.read(model(tmp_path), nodes=far)
    with pytest.raises(errors.MissingTableError, match="no streets"):
        elevation.read(model(tmp_path), nodes=None)


# --- from heights to streets


def test_a_file_that_tells_its_rise_is_believed_and_faults_of_the_model_are_not() -> None:
    streets = streets_of(
        ("1", "2", A, B),
        ("2", "3", B, C),
        ("3", "4", C, D),
        ("4", "5", D, A),
        rise_m=[7.0, np.nan, np.nan, np.nan],
    )
    heights = pd.DataFrame({"node": ["1", "2", "3", "4"], "elevation_m": [0.0, 1.0, 3.0, 43.0]})
    assert slope.risen(streets, heights)["rise_m"].fillna(-1).tolist() == [7.0, 2.0, -1.0, -1.0]
    stairs = slope.risen(streets.assign(stairs=True), heights)
    assert stairs["rise_m"].fillna(-1).tolist() == [7.0, 2.0, 40.0, -1.0]
    assert streets["rise_m"].isna().sum() == 3


@given(st.permutations(range(4)), st.lists(st.floats(0, 30), min_size=4, max_size=4))
def test_round_a_block_the_rises_cancel(order: list[int], metres: list[float]) -> None:
    ring = streets_of(("1", "2", A, B), ("2", "3", B, C), ("3", "4", C, D), ("4", "1", D, A))
    heights = pd.DataFrame({"node": ["1", "2", "3", "4"], "elevation_m": metres}).iloc[order]
    assert slope.risen(ring, heights)["rise_m"].sum() == pytest.approx(0, abs=0.03)


def test_heights_of_a_project_reach_its_streets(tmp_path: Path) -> None:
    made = project.create(tmp_path / "p", municipality="13105")
    roads = saved(tmp_path, layer(("LineString", [A, B], {}), ("LineString", [B, C], {})), "roads.geojson")
    # Heights wait for the streets of the same import.
    readings = project.read(made, [model(tmp_path), roads])
    project.add(made, readings)
    assert [reading.kind for reading in readings] == ["elevation", "streets"]
    store = made.store
    found = slope.risen(store.read(schemas.Streets), store.read(schemas.Elevations))
    assert found["rise_m"].tolist() == [2.0, 2.0]
    assert project.compare(made, project.read(made, [model(tmp_path)])).history.empty
