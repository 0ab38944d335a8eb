"""A study is one frozen value: written and read back equal, never invalid, every wrong field named."""

from __future__ import annotations

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import errors, schemas
from geo import study as studies

studies_ = st.builds(
    studies.make,
    municipality_code=st.from_regex(r"[0-9]{5}", fullmatch=True),
    limits_m=st.lists(st.integers(50, 5000), min_size=1, max_size=5, unique=True).map(
        lambda xs: tuple(sorted(xs))
    ),
    limit_m=st.integers(50, 5000),
    gap_group=st.sampled_from([group.group for group in studies.DEFAULT_GROUPS]),
    gap_kind=st.sampled_from(["any", "permanent"]),
    permanent_min_days_per_week=st.floats(0, 7, exclude_min=True, allow_subnormal=False),
    detour_factor=st.floats(1, 3),
    max_snap_m=st.integers(1, 2000),
    min_precision=st.sampled_from(schemas.PRECISIONS),
    coincident_iou=st.floats(0.5, 1, exclude_min=True),
    min_denominator=st.integers(1, 1000),
    high_risk_share=st.floats(0, 1, exclude_min=True, exclude_max=True, allow_subnormal=False),
    disclosure_k=st.integers(1, 100),
    seed=st.integers(0, 2**62),
)


@given(study=studies_)
def test_written_and_read_back_it_is_the_same(tmp_path_factory, study):
    path = tmp_path_factory.mktemp("study") / "study.toml"
    studies.write(study, path)
    again = studies.read(path)
    assert again == study
    assert again.fingerprint() == study.fingerprint()


def test_the_file_says_what_every_field_means(tmp_path):
    studies.write(studies.Study(municipality_code="13105"), tmp_path / "study.toml")
    lines = (tmp_path / "study.toml").read_text(encoding="utf-8").splitlines()
    for name, field in studies.Study.model_fields.items():
        starts = (f"{name} = ", f"[{name}]", f"[[{name}]]", f"# {name}: not set")
        at = next(i for i, line in enumerate(lines) if line.startswith(starts))
        assert lines[at - 1].startswith("# ")
        assert field.description


BAD = [
    ("municipality_code", "1310"),
    ("municipality_code", "131059"),
    ("municipality_code", "abcde"),
    ("municipality_code", "１３１０５"),
    ("limits_m", ()),
    ("limits_m", (500, 300)),
    ("limits_m", (300, 300)),
    ("limits_m", (10, 300)),
    ("limits_m", (300, 9000)),
    ("limit_m", 49),
    ("limit_m", 5001),
    ("limit_m", "far"),
    ("groups", ()),
    ("groups", ({"group": "x", "column": "people"}, {"group": "x", "column": "people"})),
    ("groups", ({"group": "No Name", "column": "people"},)),
    ("groups", ({"group": "x", "column": "people", "extra": 1},)),
    ("gap_group", "nobody"),
    ("gap_kind", "sometimes"),
    ("permanent_min_days_per_week", 0),
    ("permanent_min_days_per_week", 7.5),
    ("detour_factor", 0.9),
    ("detour_factor", float("nan")),
    ("walk_slope", "up"),
    ("avoid_stairs", "perhaps"),
    ("crossing_m", -1),
    ("crossing_m", float("nan")),
    ("closed_streets", (1,)),
    ("catchment_width_m", 19),
    ("max_snap_m", 0),
    ("min_precision", "street"),
    ("edge_factor", 0.5),
    ("coincident_iou", 0.5),
    ("coincident_iou", 1.01),
    ("min_denominator", 0),
    ("high_risk_share", 0),
    ("high_risk_share", 1),
    ("period_start", "2026-02-30"),
    ("period_days", 10),
    ("waking_hours", (20, 8)),
    ("daypart_hours", (12, 25)),
    ("open_at", "tomorrow"),
    ("band_weights", (1, 0.5)),
    ("enough_open_share", 0),
    ("kind_functions", {"salon": ("dance",)}),
    ("week_days", (4, 7)),
    ("salon_kinds", ("castle",)),
    ("falling_share", 0),
    ("falling_min_people", 0),
    ("fixed_newcomers_share", 1),
    ("ageing_mean_age", 39),
    ("ageing_share", 0),
    ("speed_adult_m_per_min", 0),
    ("speed_older_m_per_min", 500),
    ("speed_frail_m_per_min", 5),
    ("disclosure_k", 0),
    ("seed", "x"),
    ("seed", -1),
    ("indicators", ({"indicator": "x", "numerator": "a"},)),
    ("indicators", ({"indicator": "x", "numerator": "a", "denominator": "b", "weight": 0},)),
    (
        "indicators",
        ({"indicator": "x", "numerator": "a", "denominator": "b", "weight_low": 2, "weight_high": 1},),
    ),
    ("smoothing", "some"),
    ("winsorise_share", 0.25),
    ("normalisation", "log"),
    ("weighting", "mine"),
    ("aggregation", "max"),
    ("missing_rule", "zero"),
    ("weight_spread", 1),
    ("rank_draws", 99),
    ("rank_interval", 1),
    ("correlated_from", 0),
    ("permutations", 999),
    ("hotspot_fdr", 0),
    ("hotspot_min_areas", 9),
    ("priority_group", 1),
    ("tier_rules", ({"rule": "x", "tier": "large"},)),
    ("tier_rules", ({"rule": "x", "tier": "small"}, {"rule": "x", "tier": "middle"})),
    ("coordinator_zones", (1,)),
    ("rounding", 0),
    ("surplus", 1),
]


@pytest.mark.parametrize(("field", "value"), BAD, ids=lambda value: str(value)[:20])
def test_each_wrong_field_is_named(field, value):
    with pytest.raises(errors.StudyError, match=field):
        studies.make(**{"municipality_code": "13105", field: value})


def test_all_wrong_fields_are_named_at_once():
    with pytest.raises(errors.StudyError) as caught:
        studies.make(municipality_code="x", limit_m=1, surplus=True)
    assert all(word in str(caught.value) for word in ("municipality_code", "limit_m", "surplus"))


def test_every_field_has_a_bad_case_above():
    assert {field for field, _ in BAD} == {*studies.Study.model_fields, "surplus"}


def test_a_changed_study_is_validated_and_the_old_one_stays():
    study = studies.make(municipality_code="13105")
    assert study.with_(limit_m=800).limit_m == 800
    assert study.limit_m == 500
    with pytest.raises(errors.StudyError, match="limit_m"):
        study.with_(limit_m=1)
    with pytest.raises(errors.StudyError, match="surplus"):
        study.with_(surplus=1)
    with pytest.raises(pydantic.ValidationError):
        study.limit_m = 800


@pytest.mark.parametrize(
    "change", [{"limit_m": 501}, {"detour_factor": 1.31}, {"seed": 1}, {"limits_m": (300,)}]
)
def test_any_change_changes_the_fingerprint(change):
    study = studies.make(municipality_code="13105")
    assert study.with_(**change).fingerprint() != study.fingerprint()
    assert study.with_().fingerprint() == study.fingerprint()


@pytest.mark.parametrize("content", [b"= nothing", b"\xff\xfe\x00", b"limit_m = [", None], ids=str)
def test_a_file_that_is_no_study_is_named(tmp_path, content):
    path = tmp_path / "study.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(errors.StudyError, match=r"study\.toml"):
        studies.read(path)


def test_a_study_without_code_is_refused_not_guessed(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text("limit_m = 500\n", encoding="utf-8")
    with pytest.raises(errors.StudyError, match="municipality_code"):
        studies.read(path)
