"""A project takes files in whole or not at all, and never overwrites what it does not own."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from geo import errors, schemas
from geo import project as projects
from geo.sources import Note, Reading
from geo.store import locked


def reading(town, schema=schemas.Places, dataset_id=None, **changes):
    table = town.stored()[schema]
    name = dataset_id or schema.__name__.lower()
    fields = {
        "kind": "places",
        "dataset_id": name,
        "schema": schema,
        "table": table.assign(dataset_id=name),
        "file": f"{name}.csv",
        "sha256": "0" * 64,
        "rows": len(table) + 1,
        "notes": (
            Note("refused", "far", "Row {row}: {what}", row=7, values={"row": 7, "what": "遠い"}),
            Note("info", "read", "{n} rows", values={"n": 3}),
        ),
    }
    return Reading(**{**fields, **changes})


@pytest.fixture
def project(tmp_path):
    return projects.create(tmp_path / "p", municipality="99101")


# --- codes and folders ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("13105", "13105"),
        ("131059", "13105"),
        (" 131016 ", "13101"),
        ("011002", "01100"),
        ("472018", "47201"),
    ],
)
def test_codes_with_and_without_check_digit(text, code):
    assert projects.municipality_code(text) == code


@pytest.mark.parametrize("text", ["131058", "131050", "1310", "1310599", "1310a", "", "１３１０５", "-13105"])
def test_what_is_no_code_is_named(text):
    with pytest.raises(errors.StudyError, match="no municipality code"):
        projects.municipality_code(text)


def test_exactly_one_check_digit_is_right():
    right = []
    for digit in range(10):
        try:
            right.append(projects.municipality_code(f"13105{digit}"))
        except errors.StudyError:
            continue
    assert right == ["13105"]


def test_create_and_open(tmp_path):
    made = projects.create(tmp_path / "deep" / "p", municipality="131059")
    assert made.study.municipality_code == "13105"
    assert projects.open_(made.path) == made
    assert [path.name for path in made.path.iterdir()] == ["study.toml"]


def test_a_folder_with_anything_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(errors.StoreError, match="not empty"):
        projects.create(tmp_path, municipality="13105")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_project_is_not_made_twice(project):
    with pytest.raises(errors.StoreError, match="not empty"):
        projects.create(project.path, municipality="13101")
    assert projects.open_(project.path).study.municipality_code == "99101"


def test_a_file_cannot_be_a_project(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for path in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / ("x" * 300)):
        with pytest.raises(errors.StoreError, match="cannot be made a project"):
            projects.create(path, municipality="13105")


def test_a_wrong_code_makes_no_folder(tmp_path):
    with pytest.raises(errors.StudyError):
        projects.create(tmp_path / "p", municipality="131058")
    assert not (tmp_path / "p").exists()


def test_a_folder_that_is_no_project_says_how_to_make_one(tmp_path):
    with pytest.raises(errors.StoreError, match="ibasho new"):
        projects.open_(tmp_path)
    with pytest.raises(errors.StoreError, match="ibasho new"):
        projects.open_(tmp_path / "nowhere")


def test_another_study_is_written_down(project):
    changed = project.with_study(project.study.with_(limit_m=800))
    assert projects.open_(project.path).study.limit_m == changed.study.limit_m == 800
    assert project.study.limit_m == 500


# --- add ------------------------------------------------------------------------------------------------


def test_what_is_added_is_there_with_its_origin_and_notes(project, town):
    projects.add(project, [reading(town), reading(town, schemas.Zones)])
    store = project.store
    assert len(store.read(schemas.Places)) == 3
    assert len(store.read(schemas.Zones)) == 5
    datasets = store.read(schemas.Datasets).set_index("dataset_id")
    assert datasets.loc["places", ["table", "file", "rows", "kept"]].tolist() == [
        "Places",
        "places.csv",
        4,
        3,
    ]
    assert datasets.loc["places", ["edition", "licence", "encoding", "crs"]].isna().all()
    notes = store.read(schemas.Notes)
    assert notes[["dataset_id", "number"]].to_numpy().tolist() == [
        ["places", 1],
        ["places", 2],
        ["zones", 1],
        ["zones", 2],
    ]
    assert notes["row"].tolist()[0] == 7
    assert notes["row"].isna().tolist()[1]
    assert notes["values"].tolist()[0] == '{"row": 7, "what": "遠い"}'


def test_adding_twice_changes_not_a_byte(project, town):
    projects.add(project, [reading(town), reading(town, schemas.Zones)])
    before = (project.path / "store.gpkg").read_bytes()
    projects.add(project, [reading(town)])
    projects.add(project, [reading(town, schemas.Zones)])
    assert (project.path / "store.gpkg").read_bytes() == before


def test_a_dataset_replaces_itself_only(project, town):
    two = reading(town, dataset_id="b")
    projects.add(
        project, [reading(town, dataset_id="a"), two.__class__(**{**vars(two), "table": _renamed(two.table)})]
    )
    fewer = reading(town, dataset_id="a")
    projects.add(
        project, [Reading(**{**vars(fewer), "table": fewer.table.iloc[:1], "notes": ()})], accept=True
    )
    places = project.store.read(schemas.Places)
    assert places["dataset_id"].tolist() == ["b", "b", "b", "a"]  # by place_id
    assert project.store.read(schemas.Notes)["dataset_id"].unique().tolist() == ["b"]


def _renamed(table):
    return table.assign(place_id="b-" + table["place_id"])


def test_a_file_first_taken_for_another_kind_leaves_nothing_behind(project, town):
    projects.add(project, [reading(town, schemas.Places, dataset_id="list")])
    projects.add(project, [reading(town, schemas.Vacancies, dataset_id="list")], accept=True)
    assert project.store.read(schemas.Places).empty
    assert len(project.store.read(schemas.Vacancies)) == 13


def test_an_empty_reading_replaces_what_was_there(project, town):
    projects.add(project, [reading(town)])
    empty = reading(town)
    projects.add(project, [Reading(**{**vars(empty), "table": empty.table.iloc[:0]})], accept=True)
    assert project.store.read(schemas.Places).empty
    assert project.store.read(schemas.Datasets)["kept"].tolist() == [0]


def test_two_readings_of_one_dataset_are_refused(project, town):
    with pytest.raises(errors.DataError, match=r"same dataset \(a\.csv, b\.csv\)"):
        projects.add(project, [reading(town, file="b.csv"), reading(town, file="a.csv")])
    assert not (project.path / "store.gpkg").exists()


def test_when_anything_fails_nothing_changes(project, town):
    projects.add(project, [reading(town)])
    before = (project.path / "store.gpkg").read_bytes()
    wrong = reading(town, schemas.Zones)
    wrong = Reading(**{**vars(wrong), "table": wrong.table.assign(tier="huge")})
    same_key = reading(town, dataset_id="again")  # the places of another dataset with the same ids
    for bad in (wrong, same_key):
        with pytest.raises(errors.DataError):
            projects.add(
                project, [reading(town, dataset_id="new", table=_renamed(town.stored()[schemas.Places])), bad]
            )
        assert (project.path / "store.gpkg").read_bytes() == before
        assert sorted(p.name for p in project.path.iterdir()) == [".lock", "store.gpkg", "study.toml"]


def test_need_says_what_to_import(project, town):
    with pytest.raises(errors.MissingTableError, match="no small-areas yet"):
        projects.need(project, schemas.SmallAreas, "small-areas")
    projects.add(project, [reading(town)])
    assert len(projects.need(project, schemas.Places, "places")) == 3


def test_a_broken_study_is_named_on_opening(tmp_path):
    (tmp_path / "study.toml").write_text('municipality_code = "13105"\nlimit_m = 1\n', encoding="utf-8")
    with pytest.raises(errors.StudyError, match="limit_m"):
        projects.open_(tmp_path)


def test_files_are_read_without_changing_the_project(project, tmp_path):
    path = tmp_path / "nothing.csv"
    path.write_bytes(b"")
    with pytest.raises(errors.AtlasError, match=r"nothing\.csv"):
        projects.read(project, [path])
    assert [p.name for p in project.path.iterdir()] == ["study.toml"]


# --- what an import changes -------------------------------------------------------------------------------

WHEN, WHO = "2026-11-21T13:00:00+00:00", "台帳係"


def places(town, **changes):
    """The town's places as a newer edition of the list: columns changed by function, rows by choice."""
    table = town.stored()[schemas.Places].assign(dataset_id="places")
    return Reading(**{**vars(reading(town)), "sha256": "1" * 64, "table": changes["of"](table)})


def state(project):
    store = project.store
    kept = [s for s in schemas.Table.__subclasses__() if s is not schemas.History]
    return {s.__name__: store.read(s) for s in kept if len(store.read(s))}


def same(one, other):
    assert one.keys() == other.keys()
    for name, table in one.items():
        pd.testing.assert_frame_equal(pd.DataFrame(table), pd.DataFrame(other[name]))


def test_a_newer_edition_shows_what_comes_goes_and_differs(project, town):
    projects.add(project, [reading(town)])

    def newer(table):
        changed = table.iloc[1:].copy()
        changed.loc[changed.index[0], "capacity"] = 33.0
        fresh = table.iloc[[0]].assign(place_id="new", name="新しい居場所")
        return pd.concat([changed, fresh], ignore_index=True)

    ids = sorted(town.places["place_id"])
    found = projects.compare(project, [places(town, of=newer)])
    told = found.of("places")
    assert told[["action", "row_key", "field"]].fillna("").to_numpy().tolist() == sorted(
        [
            ["gone", f'["{ids[0]}"]', ""],
            ["changed", f'["{ids[1]}"]', "capacity"],
            ["added", '["new"]', ""],
        ],
        key=lambda row: row[1],
    )
    assert told.loc[told["action"] == "changed", "after"].tolist() == ["33.0"]
    assert found.replaces == {"places": 2}


def test_what_would_be_overwritten_is_only_stored_when_accepted(project, town):
    projects.add(project, [reading(town)])
    before = (project.path / "store.gpkg").read_bytes()
    fewer = places(town, of=lambda table: table.iloc[:2])
    with pytest.raises(errors.DataError, match=r"places: 1 rows .* --accept"):
        projects.add(project, [fewer, reading(town, schemas.Zones)])
    assert (project.path / "store.gpkg").read_bytes() == before
    projects.add(project, [fewer, reading(town, schemas.Zones)], accept=True)
    assert len(project.store.read(schemas.Places)) == 2
    assert len(project.store.read(schemas.Zones)) == 5


def test_rows_that_only_come_are_stored_at_once(project, town):
    projects.add(project, [places(town, of=lambda table: table.iloc[:2])])
    found = projects.add(project, [places(town, of=lambda table: table)])
    assert found.of("places")["action"].tolist() == ["added"]
    assert len(project.store.read(schemas.Places)) == 3


def test_the_same_rows_of_another_file_change_nothing(project, town):
    projects.add(project, [reading(town)])
    before = (project.path / "store.gpkg").read_bytes()
    moved = places(town, of=lambda table: table.assign(source_row=table["source_row"] + 40))
    assert projects.add(project, [moved]).history.empty
    assert (project.path / "store.gpkg").read_bytes() == before


def test_the_same_file_read_better_is_noted(project, town):
    projects.add(project, [reading(town)])
    better = Reading(**{**vars(reading(town)), "edition": "2026"})
    found = projects.add(project, [better])
    assert found.of("places").empty
    assert found.replaces == {}
    assert project.store.read(schemas.Datasets)["edition"].tolist() == ["2026"]


def test_history_tells_who_when_and_both_values(project, town):
    projects.add(project, [reading(town)], when=WHEN, who=WHO)
    projects.add(
        project,
        [places(town, of=lambda t: t.assign(operator="別の団体"))],
        accept=True,
        when=WHEN,
        who="二人目",
    )
    past = project.store.read(schemas.History)
    assert past.loc[past["change"] == 1, ["action", "dataset_id", "changed_by"]].to_numpy().tolist() == [
        ["imported", "places", WHO]
    ]
    own = past[(past["change"] == 2) & (past["table"] == "Places")]
    assert set(own["field"]) == {"operator"}
    assert set(own["after"]) == {'"別の団体"'}
    assert set(own["changed_by"]) == {"二人目"}
    assert set(own["changed_at"]) == {WHEN}


def test_undo_brings_back_every_state_in_turn(project, town):
    steps = [
        [reading(town), reading(town, schemas.Zones)],
        [places(town, of=lambda t: t.iloc[:2].assign(operator=None, capacity=[1.25, None]))],
        [places(town, of=lambda t: t.set_geometry(t.geometry.translate(0.001)))],
        [reading(town, schemas.Vacancies, dataset_id="places")],
        [reading(town, schemas.SmallAreas), reading(town, schemas.Streets)],
    ]
    states = [state(project)]
    for step in steps:
        projects.add(project, step, accept=True)
        states.append(state(project))
    assert len({len(str(one)) for one in states}) > 3  # the steps do change something
    for before in reversed(states[:-1]):
        projects.undo(project, when=WHEN, who=WHO)
        same(state(project), before)
    with pytest.raises(errors.DataError, match="no change that could be taken back"):
        projects.undo(project)
    past = project.store.read(schemas.History)
    assert past.loc[past["action"] == "undone", "row_key"].tolist() == ["5", "4", "3", "2", "1"]


def test_what_was_undone_can_be_imported_again(project, town):
    projects.add(project, [reading(town)])
    projects.undo(project)
    assert project.store.read(schemas.Places).empty
    projects.add(project, [reading(town)])
    assert len(project.store.read(schemas.Places)) == 3
    projects.undo(project)
    assert project.store.read(schemas.Datasets).empty


def test_decisions_are_kept_counted_as_data_and_undone(project, town):
    projects.add(project, [reading(town)])
    a, b, _ = sorted(town.places["place_id"])
    before = state(project)
    projects.decide(project, b, a, "same", when=WHEN, who=WHO)
    kept = project.store.read(schemas.Duplicates)
    assert kept[["place_id", "other_id", "decision"]].to_numpy().tolist() == [[a, b, "same"]]
    first = project.store.read(schemas.Datasets).set_index("dataset_id")["sha256"][projects.DECISIONS]
    projects.decide(project, a, b, "different")
    second = project.store.read(schemas.Datasets).set_index("dataset_id")["sha256"][projects.DECISIONS]
    assert first != second
    projects.decide(project, a, b, None)
    assert project.store.read(schemas.Duplicates).empty
    assert projects.DECISIONS not in set(project.store.read(schemas.Datasets)["dataset_id"])
    for _ in range(3):
        projects.undo(project)
    same(state(project), before)
    with pytest.raises(errors.DataError, match="no place of this project"):
        projects.decide(project, a, "nowhere", "same")
    with pytest.raises(errors.DataError, match="given twice"):
        projects.decide(project, a, a, "same")


def test_two_who_change_a_project_at_once_never_lose_anything(project, town):
    mine = projects.compare(project, [reading(town)])
    theirs = projects.compare(project, [reading(town, schemas.Zones)])
    projects.keep(project, theirs)
    with pytest.raises(errors.StoreError, match="changed by somebody else"):
        projects.keep(project, mine)
    assert project.store.read(schemas.Places).empty
    projects.add(project, [reading(town)])
    assert len(project.store.read(schemas.Zones)) == len(town.zones)
    assert len(project.store.read(schemas.Places)) == len(town.places)


def test_who_comes_second_waits_and_a_dead_process_keeps_nobody_out(project, town):
    import subprocess
    import sys

    code = "import sys, time; from pathlib import Path; from geo.store import locked\n"
    code += "with locked(Path(sys.argv[1])): print('in', flush=True); time.sleep(60)"
    command = [sys.executable, "-c", code, str(project.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout.readline() == b"in\n"
            with pytest.raises(errors.StoreError, match="being changed by"), locked(project.path, wait_s=0.2):
                pass
        finally:
            holder.kill()
    projects.add(project, [reading(town)])
    assert len(project.store.read(schemas.Places)) == len(town.places)


@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("99999", False), ("13000", False), ("13100", False), ("130001", False), ("48201", False), ("00101", False),
        ("13900", False), ("20200", False), ("99101", True), ("13101", True), ("27100", True), ("14130", True),
        ("01100", True), ("27127", True), ("47382", True), ("20350", True),
    ],
)  # fmt: skip
def test_a_code_of_no_municipality_is_refused(code, right):
    if right:
        assert projects.municipality_code(code) == code
    else:
        with pytest.raises(errors.StudyError, match=code):
            projects.municipality_code(code)


def test_the_same_zones_under_another_name_replace_the_first(project, town):
    first = replace(reading(town, schemas.Zones, dataset_id="zones:own"), sha256="a" * 64)
    projects.add(project, [first])
    table = first.table.assign(dataset_id="zones:welfare", zone_id="welfare:" + first.table["zone_id"])
    again = replace(first, dataset_id="zones:welfare", table=table)
    found = projects.compare(project, [again])
    assert found.replaces == {"zones:own": len(table)}
    with pytest.raises(errors.DataError, match="zones:own"):
        projects.add(project, [again])
    before = state(project)
    projects.add(project, [again], accept=True)
    assert set(project.store.read(schemas.Zones)["dataset_id"]) == {"zones:welfare"}
    assert "zones:own" not in set(project.store.read(schemas.Datasets)["dataset_id"])
    projects.undo(project)
    same(state(project), before)
