"""Mesh tables of the census and projections by square, in their official layouts."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from geo import errors, mesh, pipeline, project, schemas, sources
from geo.sources import grids

CODE, BESIDE = "13101", "13102"
WEST, SOUTH, EAST, NORTH = mesh.bounds("53394611")
WIDE, HIGH = (EAST - WEST) / 2, (NORTH - SOUTH) / 2
A, B, C, D = (f"53394611{quarter}" for quarter in "1234")
IN, OUT = "533946121", "533946123"
"""Beside the square of A to D: of IN 64 % lie within the municipality, of OUT 32 %."""

SEXES = ("総数", "男", "女")
AGES = (
    "０～１４歳",
    "１５歳以上",
    "１５～６４歳",
    "１８歳以上",
    "２０歳以上",
    "６５歳以上",
    "７５歳以上",
    "８５歳以上",
    "９５歳以上",
)
HOUSEHOLDS = (
    "世帯総数", "一般世帯数",
    *(f"{n}世帯数　一般世帯数" for n in ("１人", "２人", "３人", "４人", "５人", "６人", "７人以上")),
    "親族のみの世帯数　一般世帯数", "核家族世帯数　一般世帯数", "核家族以外の世帯数　一般世帯数",
    "６歳未満世帯員のいる世帯数　一般世帯数", "６５歳以上世帯員のいる世帯数　一般世帯数",
    "世帯主の年齢が２０～２９歳の１人世帯数　一般世帯数", "高齢単身世帯数　一般世帯数", "高齢夫婦世帯数　一般世帯数",
)  # fmt: skip


def labels(year: str) -> list[str]:
    """The second header row as published."""
    if year == "2010":
        return ["　人口総数", "　男", "　女", "　世帯総数"]
    gone = () if year == "2020" else ("１８歳以上", "８５歳以上", "９５歳以上")
    people = [f"人口（総数）{'' if sex == '総数' else '　' + sex}" for sex in SEXES]
    ages = [f"{age}人口　{sex}" for age in AGES if age not in gone for sex in SEXES]
    foreign = [f"外国人人口　{sex}" for sex in SEXES]
    return [f"　{label}" for label in (*people, *ages, *foreign, *HOUSEHOLDS)]


def row(code: str, year: str, told: dict[str, Any], how: tuple[str, str, str] = ("0", "", "")) -> list[str]:
    """One square: what is told by variable; the rest zero, or hidden where the square is."""
    wide = len(labels(year))
    cells = ["*" if how[0] == "2" else "0"] * wide
    for suffix, variable in grids.VARIABLES[year].items():
        if variable in told:
            cells[int(suffix) - 1] = str(told[variable])
    fixed = [code] if year == "2010" else [code, *how]
    return [*fixed, *cells]


TOLD = {
    "people": 100, "people_65_plus": 30, "people_75_plus": 15, "people_under_15": 12, "households": 60,
    "households_private": 58, "households_one_person": 25, "households_65_plus_alone": 9,
}  # fmt: skip


def told(times: int) -> dict[str, int]:
    return {variable: times * count for variable, count in TOLD.items()}


def rows_of(year: str) -> list[list[str]]:
    """A holds what B hides; D and OUT stand for others."""
    return [
        row(A, year, told(2), ("1", "", B)),
        row(B, year, {"people": 4, "people_male": 2, "people_female": 2, "households": 1}, ("2", A, "")),
        row(C, year, told(1)),
        row(IN, year, told(3)),
        row(OUT, year, told(4)),
        row("533900054", year, told(5)),
    ]


def table(
    path: Path, rows: list[list[str]], table_id: str = "T001141", named: list[str] | None = None
) -> Path:
    year = grids.TABLES[table_id][0]
    fixed = ["KEY_CODE"] if year == "2010" else ["KEY_CODE", "HTKSYORI", "HTKSAKI", "GASSAN"]
    said = named or labels(year)
    with path.open("w", encoding="cp932", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*fixed, *(f"{table_id}{i:03d}" for i in range(1, len(said) + 1))])
        writer.writerow([*[""] * len(fixed), *said])
        writer.writerows(rows)
    return path


def n03(path: Path) -> Path:
    """Two wards: ours is the square of A to D, most of IN and a third of OUT."""
    own = shapely.union(
        shapely.box(WEST, SOUTH, EAST + 0.64 * WIDE, SOUTH + HIGH),
        shapely.box(WEST, SOUTH + HIGH, EAST + 0.32 * WIDE, NORTH),
    )
    other = shapely.box(WEST, SOUTH, EAST + 2 * WIDE, NORTH).difference(own)
    names = {
        "N03_001": "東京都",
        "N03_003": None,
        "N03_004": ["千代田区", "中央区"],
        "N03_007": [CODE, BESIDE],
    }
    frame = gpd.GeoDataFrame(names, geometry=[own, other], crs="EPSG:6668")
    frame.to_file(path, driver="GeoJSON")
    return path


@pytest.fixture(autouse=True)
def _in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file would go through a process of its own: the sandbox has its own tests."""
    monkeypatch.setenv("IBASHO_IN_PROCESS", "1")


@pytest.fixture
def hints(tmp_path: Path) -> sources.Hints:
    found = sources.read(n03(tmp_path / "N03-23_13.geojson"), municipality_code=CODE)
    return sources.Hints(borders=found.table)


def values(found: sources.Reading, variable: str) -> dict[str, tuple[Any, str, Any]]:
    rows = found.table[found.table["variable"] == variable]
    return {
        r.small_area_id.removeprefix(mesh.PREFIX): (
            None if math.isnan(r.value) else r.value,
            r.status,
            r.disclosure_group.removeprefix(mesh.PREFIX) if isinstance(r.disclosure_group, str) else None,
        )
        for r in rows.itertuples()
    }


# -- the census by square -----------------------------------------------------------------------------------


def test_squares_of_the_municipality_with_what_is_hidden(tmp_path: Path, hints: sources.Hints) -> None:
    path = table(tmp_path / "tblT001141H5339.txt", rows_of("2020"))
    found = sources.read(path, municipality_code=CODE, hints=hints)
    assert (found.kind, found.dataset_id, found.edition) == (
        "census-mesh",
        "census-mesh:T001141:5339",
        "2020",
    )
    assert (found.encoding, found.rows, found.dataset()["kept"]) == ("cp932", 6, 4)
    assert values(found, "people") == {
        A: (200, "known", None), B: (4, "known", None), C: (100, "known", None), IN: (300, "known", None),
    }  # fmt: skip
    assert values(found, "people_65_plus") == {
        A: (60, "includes", A), B: (None, "suppressed", A), C: (30, "known", None), IN: (90, "known", None),
    }  # fmt: skip
    assert values(found, "households_65_plus_alone")[C] == (9, "known", None)
    assert [n.code for n in found.notes] == ["mesh_border", "census_suppressed"]
    assert found.notes[0].values == {"n": 2, "taken": 1, "people": 300, "left": 1, "others": 400}


@pytest.mark.parametrize(
    ("table_id", "cut", "kept"),
    [(t, digits, year) for t, (year, digits) in grids.TABLES.items()],
    ids=list(grids.TABLES),
)
def test_every_table_of_every_census_and_size(
    tmp_path: Path, hints: sources.Hints, table_id: str, cut: int, kept: str
) -> None:
    code = {8: "53394611", 9: A, 10: A + "1"}[cut]
    path = table(tmp_path / "t.txt", [row(code, kept, told(1))], table_id)
    found = sources.read(path, municipality_code=CODE, hints=hints)
    assert (found.dataset_id, found.edition) == (f"census-mesh:{table_id}:5339", kept)
    counts = found.table.set_index("variable")["value"]
    assert set(counts.index) == set(grids.VARIABLES[kept].values())
    shown = {variable: count for variable, count in TOLD.items() if variable in counts}
    assert counts[list(shown)].to_dict() == shown
    assert counts.drop(list(shown)).eq(0).all()


def test_groups_that_the_border_tears_are_told(tmp_path: Path, hints: sources.Hints) -> None:
    rows = [
        row(A, "2020", told(2), ("1", "", f"{OUT};{B}")),
        row(B, "2020", {"people": 4, "households": 1}, ("2", A, "")),
        row(C, "2020", {"people": 3, "households": 1}, ("2", OUT, "")),
    ]
    found = sources.read(table(tmp_path / "t.txt", rows), municipality_code=CODE, hints=hints)
    assert values(found, "people_65_plus")[C] == (None, "suppressed", OUT)
    torn = next(n for n in found.notes if n.code == "mesh_torn")
    assert (torn.level, torn.values) == ("unknown", {"lost": 1, "foreign": 1})


def test_without_a_border_nobody_knows_whose_a_square_is(tmp_path: Path) -> None:
    with pytest.raises(errors.MissingTableError) as caught:
        sources.read(table(tmp_path / "t.txt", rows_of("2020")), municipality_code=CODE)
    assert caught.value.code == "mesh_no_border"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda rows: [["53394611", *rows[0][1:]]], "mesh_row"),
        (lambda rows: [["533946115", *rows[0][1:]]], "mesh_row"),
        (lambda rows: [rows[0], rows[0]], "mesh_row"),
        (lambda rows: rows[-1:], "mesh_not_here"),
        (lambda rows: [[*rows[0][:4], "X", *rows[0][5:]]], "mesh_total"),
        (lambda rows: [[*rows[0][:30], "五", *rows[0][31:]], *rows[1:]], None),
        (lambda rows: [[*rows[0][:4], "五", *rows[0][5:]]], "census_table_cell"),
        (lambda rows: [rows[0][:20]], "census_table_short"),
    ],
)
def test_tables_that_cannot_be_trusted_are_refused(
    tmp_path: Path, hints: sources.Hints, change: Any, code: str | None
) -> None:
    path = table(tmp_path / "t.txt", change(rows_of("2020")))
    if code is None:  # a column that is not read
        assert len(sources.read(path, municipality_code=CODE, hints=hints).table)
        return
    with pytest.raises(errors.DataError) as caught:
        sources.read(path, municipality_code=CODE, hints=hints)
    assert caught.value.code == code


def test_columns_that_moved_are_seen_by_their_labels(tmp_path: Path, hints: sources.Hints) -> None:
    moved = labels("2020")
    moved.insert(3, moved.pop())
    path = table(tmp_path / "t.txt", rows_of("2020"), named=moved)
    with pytest.raises(errors.DataError, match="T001141019") as caught:
        sources.read(path, municipality_code=CODE, hints=hints)
    assert caught.value.code == "mesh_label"


# -- the whole line -----------------------------------------------------------------------------------------


def made(tmp_path: Path, *files: Path) -> project.Project:
    home = project.create(tmp_path / "home", municipality=CODE)
    project.add(home, project.read(home, files))
    return home


def test_a_border_and_a_mesh_table_are_enough_for_a_run(tmp_path: Path) -> None:
    salon = tmp_path / "salon.csv"
    lon, lat = WEST + WIDE / 2, SOUTH + HIGH / 2
    salon.write_text(f"名称,種別,緯度,経度\nみんなの家,居場所,{lat},{lon}\n", encoding="utf-8")
    home = made(
        tmp_path, n03(tmp_path / "N03-23_13.geojson"), table(tmp_path / "t.txt", rows_of("2020")), salon
    )
    done = pipeline.run(home).assessment
    said = done.summary
    assert said["population"]["all"] == 200 + 4 + 100 + 300
    # What B hides is in the count of A: spread over both, lost by nobody.
    assert said["population"]["age_65_plus"] == 60 + 30 + 90
    assert said["population"]["of"]["age_65_plus"] == 604
    covered = {
        (c["group"], c["limit_m"]): c["covered_people"] for c in said["coverage"] if c["kind"] == "any"
    }
    assert covered["all", 300] == 200  # the place stands in the middle of A
    assert said["isolation"]["indicators"] == ["age_75_plus_share", "older_alone_share"]
    assert said["isolation"]["areas"] == 3
    assert [part["editions"] for part in said["isolation"]["parts"]] == [["2020"], ["2020"]]
    codes = [remark["code"] for remark in said["known"]]
    assert "people_by_mesh" in codes
    assert "totals_differ" not in codes
    assert set(done.isolation["small_area_id"]) == {mesh.PREFIX + code for code in (A, B, C, IN)}
    assert pipeline.verify(home, next(home.runs.iterdir()).name) == []


def test_small_areas_win_and_the_squares_are_set_aside(tmp_path: Path) -> None:
    towns = gpd.GeoDataFrame(
        {
            "KEY_CODE": ["13101001001"],
            "S_NAME": ["町"],
            "HCODE": 8101,
            "JINKO": [70],
            "SETAI": [40],
            "R2KAxx": 1,
        },
        geometry=[shapely.box(WEST, SOUTH, EAST, NORTH)],
        crs="EPSG:6668",
    )
    towns.to_file(tmp_path / "r2ka13101.shp", encoding="cp932")
    files = [n03(tmp_path / "N03-23_13.geojson"), table(tmp_path / "t.txt", rows_of("2020"))]
    home = made(tmp_path, *files, tmp_path / "r2ka13101.shp")
    said = pipeline.run(home).assessment.summary
    assert said["population"]["all"] == 70
    assert said["population"]["age_65_plus"] is None
    assert "mesh_set_aside" in [remark["code"] for remark in said["known"]]


def test_a_mesh_table_waits_for_the_border_of_the_same_import(tmp_path: Path) -> None:
    home = made(tmp_path, table(tmp_path / "t.txt", rows_of("2020")), n03(tmp_path / "N03-23_13.geojson"))
    assert pipeline.prepare(home).small_areas["people"].sum() == 604


def test_zones_grow_over_squares_too(tmp_path: Path) -> None:
    schools = tmp_path / "schools.csv"
    at = [(WEST + WIDE / 2, SOUTH + HIGH / 2), (EAST + WIDE / 2, SOUTH + HIGH / 2)]
    schools.write_text(
        "名称,緯度,経度\n" + "".join(f"第{n}小学校,{y},{x}\n" for n, (x, y) in enumerate(at, 1)),
        encoding="utf-8",
    )
    home = made(tmp_path, n03(tmp_path / "N03-23_13.geojson"), table(tmp_path / "t.txt", rows_of("2020")))
    [grown] = project.read(home, [schools], kind="schools", system="elementary_school")
    assert sorted(grown.table["name"]) == ["第1小学校", "第2小学校"]
    assert grown.table["approximate"].all()


def test_two_primary_squares_are_one_table(tmp_path: Path) -> None:
    # West of 139 degrees lies the primary square 5338.
    beside = "533847191"
    west, south, east, north = mesh.bounds(beside)
    frame = gpd.GeoDataFrame(
        {"N03_001": "東京都", "N03_003": None, "N03_004": "千代田区", "N03_007": [CODE]},
        geometry=[shapely.box(west, south, east + 2, north)],
        crs="EPSG:6668",
    )
    frame.to_file(tmp_path / "N03-23_13.geojson", driver="GeoJSON")
    here = "533940101"
    assert shapely.box(*mesh.bounds(here)).intersects(frame.geometry.iloc[0])
    home = made(
        tmp_path,
        tmp_path / "N03-23_13.geojson",
        table(tmp_path / "tblT001141H5338.txt", [row(beside, "2020", told(1))]),
        table(tmp_path / "tblT001141H5339.txt", [row(here, "2020", told(2))]),
    )
    prepared = pipeline.prepare(home)
    assert prepared.small_areas["people"].tolist() == [100, 200]
    assert prepared.people["age_65_plus"].sum() == 90


# -- people expected ----------------------------------------------------------------------------------------


def projection(path: Path, *features: dict[str, Any]) -> Path:
    """As 国土数値情報 publishes it: attributes of each year, squares as polygons."""
    frame = gpd.GeoDataFrame(
        [{"SHICODE": CODE, **feature} for feature in features],
        geometry=[shapely.box(*mesh.bounds(feature["MESH_ID"])) for feature in features],
        crs="EPSG:6668",
    )
    frame.to_file(path, **({"encoding": "utf-8"} if path.suffix == ".shp" else {"driver": "GeoJSON"}))
    return path


def expected(code: str, people: float, mark: str = "", target: str = "", **more: Any) -> dict[str, Any]:
    feature: dict[str, Any] = {"MESH_ID": code, "PTN_2020": people + 10}
    for year, less in (("2025", 0.0), ("2070", 0.25)):
        feature |= {f"HITOKU{year}": mark, f"GASSAN{year}": target, f"PTN_{year}": people - less}
        ages = (0, 0, 0, 0, 0) if mark == "*" else (1.5, 5.5, 3.0 + less, 2.0, 1.0)
        feature |= {f"PT{k}_{year}": age for k, age in zip("ABCDE", ages, strict=True)}
    return feature | more


@pytest.mark.parametrize("name", ["500m_mesh_2024_13.shp", "500m_mesh_2024_13.geojson"])
def test_people_of_years_to_come(tmp_path: Path, hints: sources.Hints, name: str) -> None:
    path = projection(
        tmp_path / name,
        expected(A, 10.75, "@"),
        expected(B, 2.5, "*", A),
        expected(IN, 8.0, SHICODE=f"{CODE}_{BESIDE}"),
        expected(OUT, 9.0, SHICODE=f"{BESIDE}_{CODE}"),
        expected("533900054", 99.0, SHICODE=BESIDE),
    )
    found = sources.read(path, municipality_code=CODE, hints=hints)
    assert (found.kind, found.dataset_id, found.edition) == (
        "future-population",
        "future-population:500m",
        "2024",
    )
    assert (found.rows, found.dataset()["kept"]) == (5, 3)
    assert values(found, "projected_people_2070") == {
        A: (10.5, "known", None), B: (2.25, "known", None), IN: (7.75, "known", None),
    }  # fmt: skip
    assert values(found, "projected_65_plus_2070") == {
        A: (3.25, "includes", A), B: (None, "suppressed", A), IN: (3.25, "known", None),
    }  # fmt: skip
    assert values(found, "projected_people_2020")[A] == (20.75, "known", None)
    assert [n.code for n in found.notes] == ["projection_shared", "projection_suppressed"]
    assert found.notes[0].values == {"n": 2, "taken": 1, "left": 1}
    alone = sources.read(path, municipality_code=CODE)
    assert alone.dataset()["kept"] == 2


@pytest.mark.parametrize(
    ("feature", "code"),
    [
        ({"MESH_ID": A, "PTN_2025": "many"}, "projection_cell"),
        ({"MESH_ID": A, "PTN_2025": -1.0}, "projection_cell"),
        ({"MESH_ID": A, "PTN_2025": 1.0, "SHICODE": BESIDE}, "mesh_not_here"),
    ],
)
def test_projections_that_cannot_be_trusted_are_refused(
    tmp_path: Path, feature: dict[str, Any], code: str
) -> None:
    with pytest.raises(errors.DataError) as caught:
        sources.read(projection(tmp_path / "m.geojson", feature), municipality_code=CODE)
    assert caught.value.code == code


def test_years_to_come_stand_beside_the_people_of_today(tmp_path: Path) -> None:
    later = projection(tmp_path / "m.geojson", expected(A, 10.75, "@"), expected(B, 2.5, "*", A))
    home = made(
        tmp_path, n03(tmp_path / "N03-23_13.geojson"), table(tmp_path / "t.txt", rows_of("2020")), later
    )
    said = pipeline.run(home).assessment.summary
    assert said["population"]["all"] == 604
    future = said["future_population"]
    assert (future["edition"], future["squares"], future["is_projection"]) == ("2024", 2, True)
    assert future["years"][0] == {"year": 2020, "people": 33.2}
    last = {
        "year": 2070,
        "15_64": 5.5,
        "65_plus": 3.2,
        "75_plus": 2,
        "80_plus": 1,
        "people": 12.8,
        "under_15": 1.5,
    }
    assert future["years"][-1] == last
    assert "people_projected" in [remark["code"] for remark in said["known"]]
    json.dumps(dict(said))


def test_a_mesh_table_is_known_by_its_content(tmp_path: Path) -> None:
    assert sources.detect(table(tmp_path / "x.csv", rows_of("2020"))) == "census-mesh"
    assert sources.detect(projection(tmp_path / "y.geojson", expected(A, 3.0))) == "future-population"
    assert schemas.keys_of(schemas.SmallAreas) == ["small_area_id"]


def test_the_command_line_tells_them_beside_the_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from geo import cli

    monkeypatch.setenv("IBASHO_LANG", "en")
    later = projection(tmp_path / "m.geojson", expected(A, 10.75, "@"), expected(B, 2.5, "*", A))
    survey = tmp_path / "survey.csv"
    survey.write_text(
        '令和5年住宅・土地統計調査,,,\n地域 コード,地域,0_総数,22_空き家\n13101,千代田区,"40,000","4,400"\n',
        encoding="utf-8",
    )
    home = made(
        tmp_path,
        n03(tmp_path / "N03-23_13.geojson"),
        table(tmp_path / "t.txt", rows_of("2020")),
        later,
        survey,
    )
    said = CliRunner().invoke(cli.app, ["run", str(home.path)]).output
    assert "Municipality 13101: 604 people" in said
    assert "Projected people (2024 estimate, apart from those of today): 33 in 2020, 13 in 2070" in said
    assert (
        "Housing survey (2023, estimated from a sample): 4,400 of 40,000 dwellings are vacant (11.0%)" in said
    )
    told = CliRunner().invoke(cli.app, ["check", str(home.path)]).output
    assert "Of 40,000 dwellings 4,400 are vacant (11.0 %)." in told
