"""What goes into the store comes out again, whole or not at all, and the same tables make the same bytes."""

from __future__ import annotations

import sqlite3

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo import errors, schemas
from geo.store import GeoPackage, gpkg

TABLES = sorted(schemas.Table.__subclasses__(), key=lambda schema: schema.__name__)
PLANE = "EPSG:6677"

words = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20
) | st.sampled_from(
    [
        "居場所",
        "👨‍👩‍👧 茶の間",
        "'; DROP TABLE places; --",
        '"quoted"',
        "<b>&amp;</b>",
        "NULL",
        "nan",
        " x ",
        "\r\n\t",
        "None",
    ]
)
counts = st.floats(0, 1e9) | st.integers(0, 2**53).map(float)
METRES = st.integers(-10_000_000, 10_000_000).map(lambda mm: mm / 1000)


@st.composite
def _shape(draw, kind):
    x, y = draw(METRES), draw(METRES)
    if kind == "line":
        return shapely.LineString([(x, y), (x + draw(st.integers(1, 100)), y)])
    if kind == "point":
        return shapely.Point(x, y)
    side = draw(st.integers(1, 500))
    box = shapely.box(x, y, x + side, y + side)
    far = shapely.box(x + 1000, y, x + 1000 + side, y + side)
    return draw(st.sampled_from([box, shapely.MultiPolygon([box, far])]))


SHAPES = {schemas.Streets: "line"} | dict.fromkeys(
    (schemas.PointCounts, schemas.Places, schemas.Vacancies, schemas.Origins), "point"
)
FIXED = {
    "municipality_code": st.from_regex(r"[0-9]{5}", fullmatch=True),
    "small_area_id": st.from_regex(r"[0-9]{9}([0-9]{2})?", fullmatch=True),
    "weight": st.floats(0, 1),
    "covered_share": st.floats(0, 1),
    "covered_share_max": st.floats(0, 1),
    "open_days_per_week": st.floats(0, 7),
    "built_year": st.integers(1600, 2200).map(float),
    "risk_class": st.sampled_from([1.0, 2.0, 3.0]),
    "access_class": st.sampled_from([1.0, 2.0, 3.0]),
    "risk": st.floats(-1e6, 1e6),
    "score": st.floats(0, 100),
    "limit_m": st.integers(1, 5000),
    "change": st.integers(1, 2**53),
    "number": st.integers(1, 2**53),
}


def _bounds(column):
    """The least and the most that the checks of a column allow; None: no bound."""
    told = {k: v for check in column.checks for k, v in (check.statistics or {}).items()}
    return told.get("min_value"), told.get("max_value")


def _values(schema, name, column):
    allowed = [
        check.statistics.get("allowed_values")
        for check in column.checks
        if "allowed_values" in check.statistics
    ]
    if name == "geometry":
        return _shape(SHAPES.get(schema, "polygon"))
    dtype = str(column.dtype)
    if name in FIXED:
        base = FIXED[name]
    elif allowed:
        base = st.sampled_from(list(allowed[0]))
    elif "bool" in dtype:
        base = st.booleans()
    elif "int" in dtype:
        low, high = _bounds(column)
        base = st.integers(int(low or 0), int(2**53 if high is None else high))
    elif "float" in dtype:
        low, high = _bounds(column)
        base = (
            counts if (low or 0) == 0 and high is None else st.floats(low or 0, 1e9 if high is None else high)
        )
    else:
        base = words
    if not column.nullable:
        return base
    return base | st.just(np.nan if "float" in dtype else None)


def rows_of(schema):
    columns = schema.to_schema().columns
    row = st.fixed_dictionaries({name: _values(schema, name, column) for name, column in columns.items()})
    keys = schemas.keys_of(schema)
    return st.lists(row, max_size=4, unique_by=lambda one: tuple(one[key] for key in keys))


def _table(schema, rows):
    if not rows:
        return schemas.empty(schema)
    frame = pd.DataFrame(rows)
    return schemas.conform(schema, gpd.GeoDataFrame(frame, crs=PLANE) if "geometry" in frame else frame)


def assert_same(found, given_):
    assert found.columns.tolist() == given_.columns.tolist()
    assert len(found) == len(given_)
    for name in given_:
        if name == "geometry":
            assert shapely.equals(shapely.normalize(found[name]), shapely.normalize(given_[name])).all()
            continue
        assert found[name].isna().tolist() == given_[name].isna().tolist(), name
        assert found[name].dropna().tolist() == given_[name].dropna().tolist(), name
        assert found[name].dtype == given_[name].dtype, name


def names(folder):
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("schema", TABLES, ids=lambda schema: schema.__name__)
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_goes_in_comes_out(tmp_path_factory, schema, data):
    table = _table(schema, data.draw(rows_of(schema)))
    store = GeoPackage(tmp_path_factory.mktemp("store") / "store.gpkg")
    store.commit({schema: table})
    assert_same(store.read(schema), table)
    if len(table) and "geometry" in table:
        assert store.read(schema).crs.to_epsg() == 6677


def test_a_table_never_written_is_empty(tmp_path):
    store = GeoPackage(tmp_path / "store.gpkg")
    assert store.layers() == set()
    assert store.read(schemas.Places).empty
    assert not store.path.exists()


def test_the_town_goes_in_and_out_and_other_tables_stay(town, tmp_path):
    store = GeoPackage(tmp_path / "deep" / "store.gpkg")
    tables = town.stored()
    store.commit(tables)
    fewer = tables[schemas.Places].iloc[:1]
    store.commit({schemas.Places: fewer})
    for schema, table in tables.items():
        assert_same(store.read(schema), fewer if schema is schemas.Places else table)


def test_the_same_tables_make_the_same_bytes_however_they_came(town, tmp_path):
    tables = town.stored()
    once, twice, parts = (GeoPackage(tmp_path / f"{name}.gpkg") for name in ("once", "twice", "parts"))
    once.commit(tables)
    twice.commit({schemas.Places: tables[schemas.Places].iloc[:1]})
    twice.commit(tables)
    twice.commit(tables)
    for schema in reversed(list(tables)):
        parts.commit({schema: tables[schema]})
    assert once.path.read_bytes() == twice.path.read_bytes()
    assert once.path.read_bytes() == parts.path.read_bytes()


def test_only_the_store_is_left_behind(town, tmp_path):
    GeoPackage(tmp_path / "store.gpkg").commit(town.stored())
    assert names(tmp_path) == ["store.gpkg"]


def test_a_wrong_table_among_right_ones_changes_nothing(town, tmp_path):
    store = GeoPackage(tmp_path / "store.gpkg")
    store.commit(town.stored())
    before = store.path.read_bytes()
    wrong = town.stored()[schemas.Zones].assign(tier="huge")
    with pytest.raises(errors.DataError, match="tier"):
        store.commit({schemas.Places: town.stored()[schemas.Places].iloc[:0], schemas.Zones: wrong})
    assert store.path.read_bytes() == before
    assert names(tmp_path) == ["store.gpkg"]


@pytest.mark.parametrize(
    "fault", [OSError("no space left on device"), pyogrio.errors.DataSourceError("disk full")]
)
def test_a_failing_write_keeps_the_old_file_and_says_so(town, tmp_path, monkeypatch, fault):
    store = GeoPackage(tmp_path / "store.gpkg")
    store.commit(town.stored())
    before = store.path.read_bytes()
    real = gpkg._write

    def broken(table, path, layer):
        if layer == "streets":
            raise fault
        real(table, path, layer)

    monkeypatch.setattr(gpkg, "_write", broken)
    with pytest.raises(errors.StoreError, match="old state is kept"):
        store.commit(town.stored())
    assert store.path.read_bytes() == before
    assert names(tmp_path) == ["store.gpkg"]


def test_a_folder_that_cannot_be_written_is_an_error_with_a_sentence(town, tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(errors.StoreError, match="cannot be written"):
        GeoPackage(tmp_path / "file" / "store.gpkg").commit(town.stored())


@pytest.mark.filterwarnings("ignore")  # GDAL complains too
@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\0" * 200])
def test_a_file_that_is_no_geopackage_is_named(tmp_path, content):
    path = tmp_path / "store.gpkg"
    path.write_bytes(content)
    with pytest.raises(errors.StoreError, match="cannot be read as a GeoPackage"):
        GeoPackage(path).read(schemas.Places)


def test_a_store_whose_rows_were_changed_by_hand_is_refused(town, tmp_path):
    store = GeoPackage(tmp_path / "store.gpkg")
    store.commit(town.stored())
    with sqlite3.connect(store.path) as database:
        database.execute("UPDATE statistics SET status = 'x'")
    database.close()
    with pytest.raises(errors.DataError, match="status"):
        store.read(schemas.Statistics)


def test_layers_that_somebody_added_stay(town, tmp_path):
    store = GeoPackage(tmp_path / "store.gpkg")
    store.commit(town.stored())
    pyogrio.write_dataframe(pd.DataFrame({"note": ["mine"]}), store.path, layer="my_notes", driver="GPKG")
    store.commit({schemas.Places: town.stored()[schemas.Places]})
    assert pyogrio.read_dataframe(store.path, layer="my_notes")["note"].tolist() == ["mine"]


def test_text_that_a_store_would_cut_is_refused(town, tmp_path):
    store = GeoPackage(tmp_path / "store.gpkg")
    cut = town.stored()[schemas.Places].assign(name="salon\0hidden")
    with pytest.raises(errors.DataError, match="name"):
        store.commit({schemas.Places: cut})
    assert not store.path.exists()


def test_it_opens_as_an_ordinary_geopackage_with_one_geometry_type_a_layer(town, tmp_path):
    store = GeoPackage(tmp_path / "store.gpkg")
    areas = town.stored()[schemas.SmallAreas]
    mixed = areas.set_geometry(
        [shapely.MultiPolygon([areas.geometry[0]]), *areas.geometry[1:]], crs=areas.crs
    )
    store.commit({schemas.SmallAreas: mixed})
    layers = dict(pyogrio.list_layers(store.path))
    assert layers == {"small_areas": "MultiPolygon"}
