"""A project takes files in whole or not at all, and never overwrites what it does not own."""

from __future__ import annotations

import pytest

from geo import errors, schemas
from geo import project as projects
from geo.sources import Note, Reading


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
    projects.add(project, [Reading(**{**vars(fewer), "table": fewer.table.iloc[:1], "notes": ()})])
    places = project.store.read(schemas.Places)
    assert places["dataset_id"].tolist() == ["b", "b", "b", "a"]  # by place_id
    assert project.store.read(schemas.Notes)["dataset_id"].unique().tolist() == ["b"]


def _renamed(table):
    return table.assign(place_id="b-" + table["place_id"])


def test_a_file_first_taken_for_another_kind_leaves_nothing_behind(project, town):
    projects.add(project, [reading(town, schemas.Places, dataset_id="list")])
    projects.add(project, [reading(town, schemas.Vacancies, dataset_id="list")])
    assert project.store.read(schemas.Places).empty
    assert len(project.store.read(schemas.Vacancies)) == 13


def test_an_empty_reading_replaces_what_was_there(project, town):
    projects.add(project, [reading(town)])
    empty = reading(town)
    projects.add(project, [Reading(**{**vars(empty), "table": empty.table.iloc[:0]})])
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
        assert sorted(p.name for p in project.path.iterdir()) == ["store.gpkg", "study.toml"]


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
