"""The whole line: the tiny town as on paper, other studies, other machines, and verification."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import ClassVar

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo import access, errors, pipeline, schemas
from geo.store import GeoPackage

A, B, C, W = ("991010010", "991010020", "991010030", "991010040")


@pytest.fixture(scope="module")
def home(build_town, tmp_path_factory):
    return build_town().project(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def run(home):
    return pipeline.run(home)


@pytest.fixture(scope="module")
def prepared(home):
    return pipeline.prepare(home)


def copy_of(project, path, study=None):
    shutil.copytree(project.path, path)
    copied = pipeline.Project(path, project.study)
    return copied if study is None else copied.with_study(study)


EXTRA = ("opening", "choice", "room", "functions", "partners", "salons", "gap_options")
"""Parts of the document that are worked out by hand beside their modules."""


class TestOnPaper:
    """Every number of the document, worked out by hand in the docstring of the tiny town."""

    COVERED: ClassVar = {
        # group, kind: people, covered within 300, 500, 800 m
        ("all", "any"): (353, 350, 350, 350),
        ("all", "permanent"): (353, 700 / 9, 150, 300),
        ("under_15", "any"): (59, 7, 19, 49),
        ("under_15", "permanent"): (59, 7, 19, 49),
        ("age_65_plus", "any"): (43, 43, 43, 43),
        ("age_65_plus", "permanent"): (43, 14, 23, 38),
        ("age_75_plus", "any"): (19, 19, 19, 19),
        ("age_75_plus", "permanent"): (19, 7, 11, 17),
    }

    def document(self):
        entries = [
            {
                "group": group,
                "kind": kind,
                "limit_m": limit_m,
                "people": people,
                "covered_people": round(covered[place], 1),
                "covered_share": round(covered[place] / people, 6),
                "covered_people_max": round(covered[place], 1),
                "covered_share_max": round(covered[place] / people, 6),
                "state": "known",
            }
            for (group, kind), (people, *covered) in self.COVERED.items()
            for place, limit_m in enumerate((300, 500, 800))
        ]
        gap = {"gap_id": "G001", "people": 3, "nearest_m": None, "reason": "water_area", "zone_ids": []}
        return {
            "municipality": "99101",
            "population": {
                "all": 353,
                "under_15": 59,
                "age_65_plus": 43,
                "age_75_plus": 19,
                "unknown": {},
                "of": {"all": 353, "under_15": 353, "age_65_plus": 353, "age_75_plus": 353},
            },
            "future_population": None,
            "housing": [],
            "access": {
                "method": "network",
                "detour_factor": None,
                "limit_m": 500,
                "origins": 12,
                "unreachable": {"water_area": 3},
                "refused_snaps": 0,
                "refused_places": [],
            },
            "places": {"open": 2, "outside": 0, "outside_reached": 0, "limit_m": 800},
            "coverage": entries,
            "gaps": {"group": "all", "kind": "any", "limit_m": 500, "count": 1, "people": 3}
            | {"people_min": 3, "state": "known", "top": [gap]},
            "isolation": {
                "areas": 2,
                "high_risk_areas": 1,
                "high_risk_people": 100,
                "not_enough_data": 1,
                "surely_high": 1,
                "indicators": ["age_75_plus_share", "one_person_share"],
            },
            "priorities": [],
            "zones": [
                {
                    "system": "branch_office",
                    "tier": "middle",
                    "zones": 2,
                    "approximate": False,
                    "coincident_groups": 0,
                    "overlapping_pairs": 0,
                    "people_outside": 3,
                    "coincident": [],
                    "overlapping": [],
                },
                {
                    "system": "middle_school",
                    "tier": "middle",
                    "zones": 3,
                    "approximate": False,
                    "coincident_groups": 1,
                    "overlapping_pairs": 2,
                    "people_outside": 53,
                    "coincident": [["S1", "S2"]],
                    "overlapping": [["S1", "S3"], ["S2", "S3"]],
                },
            ],
        }

    def test_the_document(self, run):
        said = run.assessment.summary
        expected = self.document()
        assert {key: said[key] for key in expected if key != "isolation"} | {
            "isolation": {key: said["isolation"][key] for key in expected["isolation"]},
            "zones": [
                {key: row[key] for key in own}
                for row, own in zip(said["zones"], expected["zones"], strict=True)
            ],
        } == expected
        lost = {row["system"]: [part["lost"] for part in row["lost"]] for row in said["zones"]}
        assert lost == {
            "branch_office": [0, 0],
            "middle_school": [0, 0],
        }  # Of C, which lies in none, nothing is known.
        assert set(said) >= {*expected, "run", "fingerprint", "datasets", "known", *EXTRA}
        assert said["run"] == run.run_id == run.path.name
        assert [(row["id"], row["rows"], row["sha256"][-1]) for row in said["datasets"]][:2] == [
            ("municipalities", 1, "0"),
            ("places", 3, "5"),
        ]
        assert [remark["code"] for remark in said["known"]] == [
            "unreachable_water_area",
            *["group_unknown_areas"] * 3,
            "suppressed_areas",
            "hours_unknown",
            "functions_by_kind",
            "salons_untold",
            "indicator_by_chance",  # One of 50 and 100 households: no more than chance.
            "no_hot_spots",
        ]

    def test_the_zone_table(self, run):
        table = run.assessment.zone_summary
        own = table[(table["group"] == "all") & (table["kind"] == "permanent")].set_index("zone_id")
        assert own.index.tolist() == [
            "branch:P1",
            "branch:P2",
            "branch_office:outside",
            "middle_school:outside",
            "municipality:99101",
            "school:S1",
            "school:S3",
        ]
        assert own["people"].tolist() == pytest.approx([100, 250, 3, 53, 353, 100, 200 + 200 / 9])
        own = own.drop(index=["branch_office:outside", "middle_school:outside"])
        assert own["covered_people"].tolist() == pytest.approx([100, 50, 150, 100, 50 + 200 / 9])
        assert own["name"].tolist() == ["P1", "P2", "Tiny", "S1 = S2", "S3"]
        assert own["members"].tolist()[3] == "school:S1;school:S2"
        assert own["places"].tolist() == [1, 1, 2, 1, 1]
        assert own["vacancies"].fillna(-1).tolist() == [10, -1, 13, 10, -1]  # three are too few to be told
        assert (own["limit_m"] == 500).all()
        older = table[(table["group"] == "age_65_plus") & (table["kind"] == "any")].set_index("zone_id")[
            "people"
        ]
        # W, in no zone, is 3 people of whom no table tells; C, in no school zone, has 5 of 65 and older.
        assert older.tolist() == pytest.approx([18, 25, np.nan, 5, 43, 18, 24], nan_ok=True)

    def test_no_system_doubles_the_ward(self, run):
        table = run.assessment.zone_summary
        own = table[(table["group"] == "all") & (table["kind"] == "any")]
        assert own.groupby("system")["people"].sum().round(6).to_dict() == {
            "branch_office": 353,
            "middle_school": pytest.approx(53 + 100 + 200 + 200 / 9),
            "municipality": 353,
        }

    def test_the_areas(self, run):
        need = run.assessment.isolation.set_index("small_area_id")
        assert need["access_class"].to_dict() == {A: 3, B: 3, C: 3}
        table = run.assessment.area_coverage
        own = table[(table["group"] == "all") & (table["kind"] == "permanent") & (table["limit_m"] == 500)]
        assert own["covered_people"].tolist() == pytest.approx([100, 50, 0, 0])

    def test_gaps_name_the_zones_of_their_people(self, prepared):
        found = pipeline.assess(prepared, prepared.study.with_(gap_kind="permanent"))
        assert found.gaps["zone_ids"].tolist() == ["branch:P2;school:S3", ""]
        assert found.gaps["people"].tolist() == pytest.approx([200, 3])


def test_people_are_conserved_to_the_last_digit(run, prepared):
    assert run.assessment.summary["population"]["all"] == prepared.small_areas["people"].sum() == 353
    own = prepared.coverage[(prepared.coverage["group"] == "all") & (prepared.coverage["kind"] == "any")]
    assert own["people"].sum() == pytest.approx(353)
    for entry in run.assessment.summary["coverage"]:
        assert 0 <= entry["covered_people"] <= entry["people"]


# --- variants -------------------------------------------------------------------------------------------


def test_without_streets_it_is_straight_lines_and_said(build_town, tmp_path):
    said = pipeline.run(build_town(streets=False).project(tmp_path / "p")).assessment.summary
    assert said["access"]["method"] == "straight_line"
    assert said["access"]["detour_factor"] == 1.3
    assert said["access"]["origins"] == 4
    assert said["known"][0]["code"] == "straight_line"
    own = {(e["group"], e["kind"], e["limit_m"]): e["covered_people"] for e in said["coverage"]}
    # From x = 200, 650, 950: 260, 65 and 325 m to the nearest, 260, 845 and 1235 m to the permanent one.
    assert [own["all", "any", limit] for limit in (300, 500, 800)] == [300, 350, 350]
    assert [own["all", "permanent", limit] for limit in (300, 500, 800)] == [100, 100, 100]


def test_without_tables_groups_are_unknown_with_a_reason(build_town, tmp_path):
    said = dict(pipeline.run(build_town(ages=False).project(tmp_path / "p")).assessment.summary)
    assert said["population"]["all"] == 353
    assert said["population"]["age_65_plus"] is None
    assert said["population"]["unknown"]["age_65_plus"] == "no_table"
    older = [entry for entry in said["coverage"] if entry["group"] == "age_65_plus"]
    assert (
        {entry["covered_people"] for entry in older} == {entry["covered_share"] for entry in older} == {None}
    )
    assert {
        key: value for key, value in said["isolation"].items() if key not in {"choices", "hot_spots"}
    } == {
        "areas": 0,
        "high_risk_areas": 0,
        "high_risk_people": 0,
        "not_enough_data": 3,
        "surely_high": 0,
        "indicators": [],
        "parts": [],
        "correlations": [],
    }
    assert json.loads(json.dumps(said, allow_nan=False)) == said


def test_people_behind_a_river_are_left_out_on_foot_only(build_town, tmp_path):
    town = build_town(river=True)
    project = town.project(tmp_path / "p", gap_group="under_15", limit_m=800)
    walked = pipeline.run(project).assessment
    assert f"{A}:r00" in set(walked.gap_cells["origin_id"])
    line = access.StraightLine(1.3)
    origins = pipeline.prepare(project).origins
    near = access.nearest(line, origins, town.places[town.places["place_id"] == "ibasho"], k=1)
    assert near.set_index("origin_id")["distance_m"][f"{A}:r00"] == pytest.approx(104)


@pytest.mark.parametrize(
    "left_out", [schemas.Places, schemas.Zones, schemas.Vacancies, schemas.Municipalities, schemas.Streets]
)
def test_each_table_may_be_missing(build_town, tmp_path, left_out):
    project = build_town().project(tmp_path / "p")
    empty = schemas.empty(left_out)
    GeoPackage(project.path / "store.gpkg").commit({left_out: empty})
    said = pipeline.run(project).assessment.summary
    assert said["population"]["all"] == 353
    if left_out is schemas.Places:
        assert "no_places" in [remark["code"] for remark in said["known"]]
        assert said["access"]["unreachable"] == {"no_place": 350, "water_area": 3}
        assert said["gaps"]["people"] == 353
    if left_out is schemas.Zones:
        assert said["zones"] == []


def test_without_small_areas_it_says_what_to_import(build_town, tmp_path):
    project = build_town().project(tmp_path / "p")
    (project.path / "store.gpkg").unlink()
    with pytest.raises(errors.MissingTableError, match="small-areas"):
        pipeline.run(project)
    assert not project.runs.exists()


def test_a_place_far_from_streets_is_refused_by_name(build_town, tmp_path):
    town = build_town()
    places = town.places.set_geometry([shapely.Point(0, 900), *town.places.geometry[1:]], crs=town.places.crs)
    project = type(town)({**town.tables, schemas.Places: places}).project(tmp_path / "p")
    said = pipeline.run(project).assessment.summary
    assert said["access"]["refused_snaps"] == 1
    assert said["access"]["refused_places"] == ["まちの居場所"]
    assert "places_far_from_street" in [remark["code"] for remark in said["known"]]


def test_areas_without_anybody_in_them(build_town, tmp_path):
    town = build_town()
    nobody = town.small_areas.assign(people=0.0, households=0.0)
    said = pipeline.run(
        type(town)({**town.tables, schemas.SmallAreas: nobody}).project(tmp_path / "p")
    ).assessment
    assert said.summary["population"]["all"] == 0
    assert said.summary["gaps"]["count"] == 0


# --- studies --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"limit_m": 300},
        {"limit_m": 777},
        {"gap_group": "under_15"},
        {"gap_kind": "permanent"},
        {"period_start": "2026-12-28"},
    ],
    ids=str,
)
def test_another_question_of_the_same_measure_equals_a_fresh_run(home, prepared, tmp_path, change):
    study = prepared.study.with_(**change)
    quick = pipeline.assess(prepared, study)
    fresh = pipeline.run(copy_of(home, tmp_path / "p", study)).assessment
    assert quick.summary == fresh.summary
    for name in ("area_coverage", "gaps", "gap_cells", "isolation", "indicators", "zone_summary"):
        pd.testing.assert_frame_equal(getattr(quick, name), getattr(fresh, name))


@pytest.mark.parametrize(
    "change", [{"detour_factor": 1.4}, {"max_snap_m": 100}, {"limits_m": (300,)}, {"seed": 1}], ids=str
)
def test_what_was_not_measured_is_refused(prepared, change):
    with pytest.raises(errors.StudyError, match="Prepare it again"):
        pipeline.assess(prepared, prepared.study.with_(**change))


def test_assessing_changes_nothing_that_was_prepared(prepared):
    before = {name: table.copy() for name, table in vars(prepared).items() if isinstance(table, pd.DataFrame)}
    pipeline.assess(prepared, prepared.study.with_(limit_m=300, gap_kind="permanent"))
    for name, table in before.items():
        pd.testing.assert_frame_equal(getattr(prepared, name), table)


def test_progress_counts_up_to_done(home, tmp_path):
    steps = []
    pipeline.run(copy_of(home, tmp_path / "p"), progress=lambda *step: steps.append(step))
    assert [name for name, _, _ in steps] == [*pipeline.STAGES, "done"]
    assert [done for _, done, _ in steps] == list(range(len(pipeline.STAGES) + 1))


# --- the same again -------------------------------------------------------------------------------------

SCRIPT = """
import json, sys
from pathlib import Path
from geo import pipeline, project
if __name__ == "__main__":
    run = pipeline.run(project.open_(Path(sys.argv[1])))
    print((run.path / "manifest.json").read_text(encoding="utf-8"))
"""


def kept(run, name="manifest.json"):
    return json.loads((run.path / name).read_text(encoding="utf-8"))


def test_a_run_is_kept_with_what_it_was_made_of(run):
    assert sorted(path.name for path in run.path.iterdir()) == [
        "manifest.json",
        "results.gpkg",
        "summary.json",
    ]
    assert kept(run, "summary.json") == run.assessment.summary
    manifest = kept(run)
    assert set(manifest) == {"run", "study", "inputs", "versions", "seed", "results", "files"}
    assert set(manifest["results"]) >= {
        "AreaCoverage",
        "AreaOpening",
        "Coverage",
        "Crosswalk",
        "Equity",
        "Gaps",
        "HotSpots",
        "Indicators",
        "Isolation",
        "Lorenz",
        "Opening",
        "Origins",
        "Priorities",
        "Scorecard",
        "SystemSummary",
        "ZoneIndicators",
        "ZoneSummary",
    }
    stored = GeoPackage(run.path / "results.gpkg").read(schemas.ZoneSummary)
    pd.testing.assert_frame_equal(stored, run.assessment.zone_summary, check_dtype=False)


def test_twice_is_the_same_run_and_the_same_bytes(run, home):
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    again = pipeline.run(home)
    assert again.run_id == run.run_id
    assert {path.name: path.read_bytes() for path in again.path.iterdir()} == before
    assert [path.name for path in home.runs.iterdir()] == [run.run_id]


@pytest.mark.parametrize(("seed", "threads"), [("1", "1"), ("4242", "2")])
def test_another_process_makes_the_same_run(run, home, tmp_path, seed, threads):
    copied = copy_of(home, tmp_path / "p")
    environment = {**os.environ, "PYTHONHASHSEED": seed, "NUMBA_NUM_THREADS": threads, "TZ": "Asia/Tokyo"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(copied.path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == kept(run)


def test_the_order_of_import_changes_nothing(build_town, run, tmp_path):
    town = build_town()
    project = town.project(tmp_path / "p")
    shuffled = {schema: table.sample(frac=1, random_state=1) for schema, table in town.stored().items()}
    (project.path / "store.gpkg").unlink()
    for schema in reversed(list(shuffled)):
        project.store.commit({schema: shuffled[schema]})
    assert kept(pipeline.run(project)) == kept(run)


def test_another_study_or_other_data_make_another_run(run, home, tmp_path):
    other = pipeline.run(copy_of(home, tmp_path / "p", home.study.with_(limit_m=300)))
    assert other.run_id != run.run_id
    changed = copy_of(home, tmp_path / "q")
    table = changed.store.read(schemas.Datasets)
    changed.store.commit({schemas.Datasets: table.assign(sha256="f" * 64)})
    assert pipeline.run(changed).run_id != run.run_id


# --- verify ---------------------------------------------------------------------------------------------


@pytest.fixture
def mine(home, run, tmp_path):
    return copy_of(home, tmp_path / "p")


def tamper(project, name, change):
    path = project.runs / name / "manifest.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def test_a_run_is_reproduced(mine, run):
    assert pipeline.verify(mine, run.run_id) == []


def test_a_run_is_reproduced_with_its_own_study_whatever_the_project_asks_now(mine, run):
    later = mine.with_study(mine.study.with_(limit_m=300, detour_factor=2))
    assert pipeline.verify(later, run.run_id) == []


def test_a_tampered_digest_is_found(mine, run):
    tamper(mine, run.run_id, lambda document: document["results"].update(Gaps="0" * 64))
    assert pipeline.verify(mine, run.run_id) == ["Gaps"]


def test_tampered_results_are_found(mine, run):
    results = GeoPackage(mine.runs / run.run_id / "results.gpkg")
    table = results.read(schemas.Isolation)
    results.commit({schemas.Isolation: table.assign(risk=table["risk"] + 1)})
    summary = mine.runs / run.run_id / "summary.json"
    summary.write_text(summary.read_text(encoding="utf-8").replace("353", "999"), encoding="utf-8")
    assert pipeline.verify(mine, run.run_id) == ["results.gpkg", "summary.json"]
    summary.unlink()
    assert pipeline.verify(mine, run.run_id) == ["results.gpkg", "summary.json"]


def test_tables_changed_behind_the_inputs_are_found(mine, run):
    table = mine.store.read(schemas.Places)
    mine.store.commit({schemas.Places: table.assign(status="open")})
    assert "Coverage" in pipeline.verify(mine, run.run_id)


def test_changed_inputs_are_named(mine, run):
    table = mine.store.read(schemas.Datasets)
    mine.store.commit(
        {
            schemas.Datasets: table.assign(
                sha256=table["sha256"].where(table["dataset_id"] != "places", "f" * 64)
            )
        }
    )
    with pytest.raises(errors.DataError, match=r"places changed"):
        pipeline.verify(mine, run.run_id)


@pytest.mark.parametrize("name", ["nothing", "", ".", "..", "../p", "../runs", "x/../y", "/", "~", "\0"])
def test_a_name_that_is_no_run_never_leaves_the_folder(mine, run, name):
    outside = mine.path / "manifest.json"
    shutil.copy(mine.runs / run.run_id / "manifest.json", outside)
    shutil.copy(outside, mine.runs / "manifest.json")
    with pytest.raises(errors.StoreError, match=run.run_id):
        pipeline.verify(mine, name)
    with pytest.raises(errors.StoreError):
        pipeline.verify(mine, f"../runs/{run.run_id}")


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"study": {}, "inputs": [], "results": {}, "files": {}}', '{"study": 1']
)
def test_a_broken_manifest_is_no_run(mine, run, content):
    (mine.runs / run.run_id / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(errors.StoreError, match="is no run"):
        pipeline.verify(mine, run.run_id)


def test_without_runs_it_says_so(build_town, tmp_path):
    with pytest.raises(errors.StoreError, match="none"):
        pipeline.verify(build_town().project(tmp_path / "p"), "abc")


def with_places(town, *rows):
    """The town with more places: id, x, y, and what differs from the first one."""
    old = town.tables[schemas.Places]
    first = old.iloc[0].to_dict()
    new = [
        {
            **first,
            "place_id": key,
            "name": key,
            "source_row": 10 + i,
            "geometry": shapely.Point(x, y),
            **cells,
        }
        for i, (key, x, y, cells) in enumerate(rows)
    ]
    table = gpd.GeoDataFrame(
        pd.concat([pd.DataFrame(old), pd.DataFrame(new)]), geometry="geometry", crs=old.crs
    )
    town.tables[schemas.Places] = schemas.conform(schemas.Places, table)
    return town


def test_a_place_beyond_the_border_counts_for_those_who_reach_it(town, tmp_path):
    # n10 stands 150 m from the first, nobody within 200 m of the second; the third is closed, the fourth vague.
    more = [
        ("beyond", 1150, 0, {}),
        ("nowhere", 1150, 390, {}),
        ("shut", 1100, 0, {"status": "closed"}),
        ("vague", 1100, 0, {"precision": "town"}),
        ("border", 1050, 0, {"open_days_per_week": 0.25}),
    ]
    run = pipeline.run(with_places(town, *more).project(tmp_path / "p"))
    said = run.assessment.summary
    assert said["places"] == {"open": 6, "outside": 2, "outside_reached": 1, "limit_m": 800}
    permanent = {
        row["limit_m"]: row["covered_people"]
        for row in said["coverage"]
        if (row["group"], row["kind"]) == ("all", "permanent")
    }
    # Of the town alone 700/9, 150 and 300. Within 300 m of the door beyond: n09, n10; 500 m: n07; 800 m: n04.
    assert permanent == {300: 127.8, 500: 300, 800: 350}


def test_homes_count_but_are_named_nowhere(town, tmp_path):
    far = {"name": "山田様方", "do_not_publish": False}
    asked = {"name": "秘密の庭", "do_not_publish": True}
    more = [("home", 100, 0, far), ("asked", 200, 390, asked), ("far", 0, 399, {"name": "遠い庭"})]
    run = pipeline.run(with_places(town, *more).project(tmp_path / "p"))
    said = run.assessment.summary
    assert (said["places"]["open"], said["access"]["refused_snaps"]) == (5, 2)
    assert said["access"]["refused_places"] == ["遠い庭"]
    written = (run.path / "summary.json").read_text(encoding="utf-8")
    assert "遠い庭" in written
    assert "秘密の庭" not in written
    assert "山田" not in written


def test_what_is_only_somewhere_in_the_municipality_is_in_no_smaller_zone(town, tmp_path):
    places = with_places(town, ("vague", 100, 0, {"precision": "municipality"}))
    vacant = places.tables[schemas.Vacancies]
    places.tables[schemas.Vacancies] = vacant.assign(precision=["municipality"] * 10 + ["point"] * 3)
    run = pipeline.run(places.project(tmp_path / "p", disclosure_k=1))
    own = run.assessment.zone_summary
    own = own[(own["group"] == "all") & (own["kind"] == "any")].set_index("name")
    assert own.loc[["Tiny", "P1", "P2"], "places"].tolist() == [3, 1, 1]
    assert own.loc[["Tiny", "P1", "P2"], "vacancies"].tolist() == [13, 0, 3]


# --- what leaves the house ------------------------------------------------------------------------------


def test_what_anybody_may_see_of_the_town(prepared):
    told = pipeline.public(prepared, prepared.study)
    counts = told[["people", "covered_people"]].to_numpy().ravel()
    assert not ((counts > 0) & (counts < 10)).any()
    assert set(counts[~np.isnan(counts)] % 5) == {0}
    own = told[(told["group"] == "all") & (told["kind"] == "any")].set_index("zone_id")
    # The 3 on water are no zone's and no other area's: either the ward's 353 or the zones' 350 must go.
    assert np.isnan(own.loc["branch_office:outside", "people"])
    assert own.loc[["municipality:99101", "branch:P1", "branch:P2"], "people"].isna().any()
    assert set(told["system"]) == {"areas", "branch_office", "middle_school", "municipality"}
    assert set(told.loc[told["system"] == "areas", "group"]) == {"all"}
    # Ten vacant houses in P1, three in P2: thirteen would give the three away.
    vacant = own["vacancies"]
    assert np.isnan(vacant["branch:P2"])
    assert vacant[["branch:P1", "municipality:99101"]].isna().any()
    pd.testing.assert_frame_equal(told, pipeline.public(prepared, prepared.study))


def test_a_scenario_is_protected_together_with_the_present(prepared):
    # A plan that covers the last three people: published beside the present it must not tell how many they are.
    plan = prepared.coverage.assign(nearest_m=prepared.coverage["nearest_m"].fillna(100.0))
    told = pipeline.public(prepared, prepared.study, {"plan": plan})
    own = told[(told["group"] == "all") & (told["kind"] == "any")].set_index(["scenario", "zone_id"])
    both = own["covered_people"].loc[[("", "municipality:99101"), ("plan", "municipality:99101")]]
    assert both.isna().any()


def test_a_study_that_closes_a_street_makes_the_walk_longer_and_says_so(build_town, tmp_path):
    town = build_town()
    between = town.streets[(town.streets["u"] == "n03") | (town.streets["v"] == "n03")]["street_id"]
    open_ = pipeline.prepare(town.project(tmp_path / "open"))
    closed = pipeline.prepare(
        town.project(tmp_path / "closed", closed_streets=tuple(between[:1]), crossing_m=5.0)
    )
    far = [prepared.coverage["nearest_m"].fillna(1e9).sum() for prepared in (open_, closed)]
    assert far[1] > far[0]
    assert (
        open_.origins["origin_id"].tolist() == closed.origins["origin_id"].tolist()
    )  # people stay where they live
    said = [remark["code"] for remark in pipeline.assess(closed, closed.study).summary["known"]]
    assert {"streets_closed", "crossings_cost"} <= set(said)
