"""What persons do in the registry: search, change, and keep over newer editions of the lists."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import entries, errors, schemas
from geo import project as projects
from geo.sources import Reading

TODAY = date(2026, 12, 5)
WHEN = "2026-12-05T09:00:00+00:00"


@pytest.fixture
def records(town):
    table = town.stored()[schemas.Places].iloc[:3].copy()
    table["place_id"] = ["list:1", "list:2", "list:3"]
    table["name"] = ["ふれあいサロン", "みんなの食堂", "Café 東"]
    table["operator"] = ["町会", None, "ＮＰＯ みらい"]
    table["source_row"] = [2, 3, 4]
    return table


def of(records, place):
    return records.set_index("place_id").loc[place]


def reading(records, name="list", sha="1"):
    table = records.assign(dataset_id=name)
    return Reading(
        kind="places",
        dataset_id=name,
        schema=schemas.Places,
        table=table,
        file=f"{name}.csv",
        sha256=sha * 64,
        rows=len(table),
    )


@pytest.fixture
def project(tmp_path, records):
    made = projects.create(tmp_path / "p", municipality="99101")
    projects.add(made, [reading(records)])
    return made


# --- found ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", ["Café 東", "ふれあいサロン", "みんなの食堂"]),
        ("サロン", ["ふれあいサロン"]),
        ("ｻﾛﾝ", ["ふれあいサロン"]),
        ("CAFÉ npo", ["Café 東"]),
        ("サロン 食堂", []),
        (".*", []),
    ],
)
def test_words_are_found_in_any_width_and_case(records, words, found):
    assert entries.search(records, today=TODAY, words=words)["name"].tolist() == found


def test_what_is_due_stands_first_then_what_nobody_confirmed(records):
    dated = records.assign(
        next_review_on=["2026-12-06", "2026-12-05", None], verified_on=["2025-01-01", "2026-01-01", None]
    )
    found = entries.search(dated, today=TODAY)
    assert found["place_id"].tolist() == ["list:2", "list:3", "list:1"]
    assert found["is_due"].tolist() == [True, False, False]
    closed = dated.assign(status="closed")
    assert not entries.due(closed, today=TODAY).any()


def test_only_a_kind_or_state(records):
    told = records.assign(kind=["salon", "other", "salon"], status=["open", "open", "closed"])
    assert entries.search(told, today=TODAY, kind="salon", status="closed")["place_id"].tolist() == ["list:3"]


# --- changed ----------------------------------------------------------------------------------------------


def test_new_hours_bring_their_days(records):
    after = entries.changed(records, "list:1", {"opening_text": "毎週火・木 10時〜15時"})
    assert of(after, "list:1")["open_days_per_week"] == 2
    unread = entries.changed(after, "list:1", {"opening_text": "火曜の満月の日"})
    assert pd.isna(of(unread, "list:1")["open_days_per_week"])
    blank = entries.changed(after, "list:1", {"opening_text": " "})
    assert of(blank, "list:1")["opening_text"] is None or pd.isna(of(blank, "list:1")["opening_text"])


def test_status_and_stage_agree(records):
    after = entries.changed(records, "list:1", {"stage": "suspended"})
    assert of(after, "list:1")["status"] == "suspended"
    again = entries.changed(after, "list:1", {"status": "open"})
    assert of(again, "list:1")["stage"] is None or pd.isna(of(again, "list:1")["stage"])
    with pytest.raises(errors.DataError, match="another status"):
        entries.changed(records, "list:1", {"stage": "closed", "status": "preparing"})


def test_a_change_touches_nothing_else_and_never_its_argument(records):
    before = records.copy()
    after = entries.changed(
        records, "list:2", {"name": "新しい食堂", "targets": ["older", "all"], "capacity": 20}
    )
    pd.testing.assert_frame_equal(pd.DataFrame(records), pd.DataFrame(before))
    assert of(after, "list:2")["targets"] == "all;older"
    assert of(after, "list:2")["targets_known"]
    others = after["place_id"] != "list:2"
    same = schemas.conform(schemas.Places, before)
    pd.testing.assert_frame_equal(pd.DataFrame(after[others]), pd.DataFrame(same[others]))


@pytest.mark.parametrize(
    "fields",
    [
        {"name": " \u200b\n"},
        {"name": "x" * 501},
        {"kind": "castle"},
        {"kind": ""},
        {"status": None},
        {"targets": []},
        {"targets": "everybody"},
        {"capacity": -1},
        {"capacity": "many"},
        {"verified_on": "5 December"},
        {"verified_on": date(1, 1, 1)},
        {"opened_on": "2026-01-02", "closed_on": "2026-01-01"},
        {"geometry": None},
        {"place_id": "other"},
    ],
)
def test_what_a_field_cannot_be_is_refused_in_words(records, fields):
    with pytest.raises(errors.DataError) as refused:
        entries.changed(records, "list:1", fields)
    assert refused.value.code.startswith("entry_")


def test_no_such_entry(records):
    with pytest.raises(errors.DataError, match="no place of this project"):
        entries.changed(records, "nowhere", {"name": "x"})


@given(st.text(max_size=60))
def test_any_name_is_kept_as_one_line_or_refused(words):
    from geo.entries import _value

    try:
        kept = _value("name", words)
    except errors.DataError:
        assert not any(c.isprintable() and not c.isspace() for c in words)
    else:
        assert kept == " ".join(kept.split())
        assert kept.isprintable()
        assert _value("name", kept) == kept


# --- kept over imports ------------------------------------------------------------------------------------


def test_an_edit_is_stored_told_and_taken_back(project):
    before = project.store.read(schemas.Places)
    projects.edit(project, "list:1", {"name": "サロン改", "verified_on": TODAY}, when=WHEN, who="係")
    after = of(project.store.read(schemas.Places), "list:1")
    assert (after["name"], after["verified_on"]) == ("サロン改", "2026-12-05")
    past = project.store.read(schemas.History)
    last = past[(past["change"] == past["change"].max()) & (past["table"] == "Places")]
    assert last["field"].tolist() == ["name", "verified_on"]
    assert set(last["changed_by"]) == {"係"}
    assert projects.EDITS in set(project.store.read(schemas.Datasets)["dataset_id"])
    projects.undo(project)
    pd.testing.assert_frame_equal(pd.DataFrame(project.store.read(schemas.Places)), pd.DataFrame(before))
    assert project.store.read(schemas.Edits).empty
    assert projects.EDITS not in set(project.store.read(schemas.Datasets)["dataset_id"])


def test_a_change_that_is_none_is_not_stored(project):
    content = (project.path / "store.gpkg").read_bytes()
    projects.edit(project, "list:1", {"name": "ふれあいサロン"})
    assert (project.path / "store.gpkg").read_bytes() == content


def test_an_edit_set_back_is_no_edit(project):
    projects.edit(project, "list:1", {"name": "サロン改"})
    projects.edit(project, "list:1", {"name": "ふれあいサロン"})
    assert project.store.read(schemas.Edits).empty


def test_a_newer_edition_keeps_what_a_person_said_while_it_says_the_same(project, records):
    projects.edit(project, "list:1", {"name": "サロン改", "operator": "新しい会"})
    # The same list again: nothing to do, not even to accept.
    assert projects.compare(project, [reading(records, sha="2")]).of("list").empty
    newer = records.assign(operator=["老人会", None, "ＮＰＯ みらい"], capacity=[9.0, 8.0, 7.0])
    found = projects.compare(project, [reading(newer, sha="3")])
    told = found.of("list")
    assert told.loc[told["field"] == "operator", ["before", "after"]].to_numpy().tolist() == [
        ['"新しい会"', '"老人会"']
    ]
    assert "name" not in told["field"].tolist()
    with pytest.raises(errors.DataError, match="--accept"):
        projects.add(project, [reading(newer, sha="3")])
    projects.add(project, [reading(newer, sha="3")], accept=True)
    stored = of(project.store.read(schemas.Places), "list:1")
    assert (stored["name"], stored["operator"], stored["capacity"]) == ("サロン改", "老人会", 9.0)
    assert project.store.read(schemas.Edits)[["place_id", "field"]].to_numpy().tolist() == [
        ["list:1", "name"]
    ]
    projects.undo(project)
    stored = of(project.store.read(schemas.Places), "list:1")
    assert (stored["name"], stored["operator"]) == ("サロン改", "新しい会")
    assert len(project.store.read(schemas.Edits)) == 2


def test_a_renamed_entry_is_found_again_when_rows_are_put_in_above(tmp_path, records):
    by_row = records.assign(place_id=["list:2", "list:3", "list:4"])
    project = projects.create(tmp_path / "q", municipality="99101")
    projects.add(project, [reading(by_row)])
    projects.edit(project, "list:2", {"name": "まったく別の名"})
    more = pd.concat([by_row.iloc[[2]].assign(name="新設", address="よそ"), by_row], ignore_index=True)
    more["place_id"], more["source_row"] = [f"list:{i}" for i in (2, 3, 4, 5)], [2, 3, 4, 5]
    projects.add(project, [reading(more, sha="4")], accept=True)
    stored = project.store.read(schemas.Places)
    assert of(stored, "list:2")["name"] == "まったく別の名"
    assert "ふれあいサロン" not in stored["name"].tolist()


def test_an_edit_goes_with_its_entry(project, records):
    projects.edit(project, "list:1", {"name": "サロン改"})
    projects.add(project, [reading(records.iloc[1:], sha="5")], accept=True)
    assert project.store.read(schemas.Edits).empty
    assert projects.EDITS not in set(project.store.read(schemas.Datasets)["dataset_id"])
    projects.undo(project)
    assert of(project.store.read(schemas.Places), "list:1")["name"] == "サロン改"
    assert len(project.store.read(schemas.Edits)) == 1


def test_an_edit_of_another_list_stays(project, records):
    projects.edit(project, "list:1", {"name": "サロン改"})
    other = records.assign(place_id=["b:1", "b:2", "b:3"])
    projects.add(project, [reading(other, name="b")])
    assert len(project.store.read(schemas.Edits)) == 1
