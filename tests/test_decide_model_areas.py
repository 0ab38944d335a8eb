"""Model areas: the textbook case of SMAA, ties, unknown values, and a committee that disagrees."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import errors, schemas
from geo.decide import model_areas, portfolio
from geo.decide.model_areas import Beliefs
from geo.decide.portfolio import Quota


def criteria_of(names: str, less: str = "") -> pd.DataFrame:
    return schemas.conform(
        schemas.Criteria,
        pd.DataFrame(
            [
                {"criterion": name, "direction": "less" if name in less else "more", "source": "test"}
                for name in names
            ]
        ),
    )


def scores_of(values: dict[str, list[float | tuple[float, float] | None]], names: str) -> pd.DataFrame:
    rows = []
    for area, row in values.items():
        for name, cell in zip(names, row, strict=True):
            low, high = cell if isinstance(cell, tuple) else (np.nan, np.nan)
            value = (low + high) / 2 if isinstance(cell, tuple) else np.nan if cell is None else float(cell)
            state = "partial" if isinstance(cell, tuple) else "unknown" if cell is None else "known"
            rows.append(
                {"area_id": area, "criterion": name, "value": value, "low": low, "high": high, "state": state}
            )
    return schemas.conform(schemas.Scores, pd.DataFrame(rows))


def first_shares(found: model_areas.Smaa) -> dict[str, float]:
    table = found.acceptability
    own = table[table["rank"] == 1]
    return dict(zip(own["area_id"], own["share"], strict=True))


THREE = {"A": [1, 0], "B": [0, 1], "C": [0.6, 0.6]}


def test_the_textbook_case() -> None:
    """A is first where its weight is above 0.6, B likewise, C between."""
    found = model_areas.smaa(scores_of(THREE, "xy"), criteria_of("xy"), seed=7)
    assert first_shares(found) == pytest.approx({"A": 0.4, "B": 0.4, "C": 0.2}, abs=0.01)
    table = found.acceptability.pivot(index="area_id", columns="rank", values="share")
    assert table.sum(axis=0).tolist() == pytest.approx([1, 1, 1])
    assert table.sum(axis=1).tolist() == pytest.approx([1, 1, 1])
    central = found.central.pivot(index="area_id", columns="criterion", values="weight")
    assert central.loc["A"].tolist() == pytest.approx([0.8, 0.2], abs=0.01)
    assert central.loc["C"].tolist() == pytest.approx([0.5, 0.5], abs=0.01)
    assert (found.central["confidence"] == 1).all()


def test_the_same_seed_gives_the_same_bytes() -> None:
    asked = scores_of({**THREE, "D": [(0.2, 0.9), 0.5]}, "xy"), criteria_of("xy")
    one, two = (model_areas.smaa(*asked, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(one.acceptability, two.acceptability, check_exact=True)
    pd.testing.assert_frame_equal(one.central, two.central, check_exact=True)


def test_what_is_believed_of_the_weights_changes_who_is_first() -> None:
    scores, criteria = scores_of(THREE, "xy"), criteria_of("xy")
    ordered = model_areas.smaa(scores, criteria, beliefs=Beliefs(order=["x", "y"]))
    assert first_shares(ordered) == pytest.approx({"A": 0.8, "B": 0, "C": 0.2}, abs=0.02)
    narrow = model_areas.smaa(scores, criteria, beliefs=Beliefs(ranges={"x": (0.45, 0.55)}))
    assert first_shares(narrow) == {"A": 0, "B": 0, "C": 1}
    members = model_areas.smaa(scores, criteria, beliefs=Beliefs(sets=[{"x": 9, "y": 1}, {"y": 1}, {"x": 1}]))
    assert first_shares(members) == pytest.approx({"A": 2 / 3, "B": 1 / 3, "C": 0}, abs=1e-3)
    with pytest.raises(errors.DataError, match="sum of 1"):
        model_areas.smaa(scores, criteria, beliefs=Beliefs(ranges={"x": (0.7, 1), "y": (0.7, 1)}))


def test_criteria_that_are_not_ordered_come_after_in_any_order() -> None:
    random = np.random.Generator(np.random.PCG64(1))
    drawn = model_areas.draw(("a", "b", "c"), Beliefs(order=["b"]), draws=4000, random=random)
    assert (drawn[:, 1] >= drawn.max(axis=1)).all()
    assert (drawn[:, 0] > drawn[:, 2]).mean() == pytest.approx(0.5, abs=0.03)
    assert drawn.sum(axis=1) == pytest.approx(np.ones(4000))


def test_identical_areas_are_accepted_alike_and_one_criterion_is_certain() -> None:
    twins = {"A": [1, 0], "B": [1, 0], "C": [0, 1]}
    found = first_shares(model_areas.smaa(scores_of(twins, "xy"), criteria_of("xy")))
    assert found == pytest.approx({"A": 0.25, "B": 0.25, "C": 0.5}, abs=0.01)
    one = model_areas.smaa(scores_of({"A": [3], "B": [5], "C": [4]}, "x"), criteria_of("x"))
    assert first_shares(one) == {"A": 0, "B": 1, "C": 0}
    less = model_areas.smaa(scores_of({"A": [3], "B": [5], "C": [4]}, "x"), criteria_of("x", less="x"))
    assert first_shares(less) == {"A": 1, "B": 0, "C": 0}
    alike = model_areas.smaa(scores_of({"A": [3, 1], "B": [3, 1]}, "xy"), criteria_of("xy"))
    assert first_shares(alike) == {"A": 0.5, "B": 0.5}
    assert alike.central["weight"].notna().all()


def test_an_area_that_is_never_first_has_no_central_weights() -> None:
    found = model_areas.smaa(scores_of({"A": [2, 2], "B": [1, 1]}, "xy"), criteria_of("xy"))
    own = found.central.set_index("area_id")
    assert own.loc["B", "weight"].isna().all()
    assert own.loc["B", "confidence"].isna().all()


def test_unknown_values_are_drawn_and_never_taken_for_nought() -> None:
    scores, criteria = scores_of({"A": [1], "B": [None], "C": [0]}, "x"), criteria_of("x")
    found = model_areas.smaa(scores, criteria)
    assert first_shares(found)["B"] == pytest.approx(0, abs=0.001)
    table = found.acceptability.set_index(["area_id", "rank"])["share"]
    assert table["B", 2] == pytest.approx(1, abs=0.001)
    ranked = model_areas.ranking(scores, criteria, {"x": 1}).set_index("area_id")
    assert np.isnan(ranked.loc["B", "weighted_sum_rank"])
    assert ranked["known"].to_dict() == {"A": True, "B": False, "C": True}
    assert ranked["pareto"].to_dict() == {"A": True, "B": True, "C": False}  # B may be as good as A
    with pytest.raises(errors.DataError, match="Nothing is known of x"):
        model_areas.ranking(scores_of({"A": [None], "B": [None]}, "x"), criteria, {"x": 1})
    with pytest.raises(errors.DataError, match="2 areas and 1 criteria need 2 scores"):
        model_areas.table(scores[scores["area_id"] != "C"].assign(criterion=["x", "z"]), criteria)


def test_intervals_split_the_first_rank_by_chance() -> None:
    """B is uniform on 0 to 4, A is 1: B comes first three times in four."""
    scores = scores_of({"A": [1], "B": [(0, 4)]}, "x")
    found = model_areas.smaa(scores, criteria_of("x"))
    assert first_shares(found)["B"] == pytest.approx(0.75, abs=0.01)
    sure = found.central.set_index("area_id")["confidence"]
    assert sure["B"] == pytest.approx(0.75, abs=0.04)
    assert model_areas.pareto(scores, criteria_of("x"))["pareto"].tolist() == [True, True]


def test_pareto_by_hand() -> None:
    scores = scores_of({"A": [3, 1], "B": [1, 3], "C": [1, 1], "D": [3, 1], "E": [3, 0]}, "xy")
    front = model_areas.pareto(scores, criteria_of("xy")).set_index("area_id")
    assert front["pareto"].to_dict() == {"A": True, "B": True, "C": False, "D": True, "E": False}
    assert front["beaten_by"].to_dict() == {"A": None, "B": None, "C": "A", "D": None, "E": "A"}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 4), min_size=2, max_size=2), min_size=1, max_size=6), st.integers(1, 9)
)
def test_laws(values: list[list[int]], weight: int) -> None:
    named = {f"a{i}": list(map(float, row)) for i, row in enumerate(values)}
    scores, criteria = scores_of(named, "xy"), criteria_of("xy")
    ranked = model_areas.ranking(scores, criteria, {"x": weight, "y": 10 - weight})
    best = ranked[ranked["weighted_sum_rank"] == 1]
    assert best["pareto"].all()  # with weights above nought the first is beaten by nobody
    assert ranked["topsis"].between(0, 1).all()
    assert ranked["weighted_sum"].between(0, 1 + 1e-12).all()
    table = model_areas.smaa(scores, criteria, draws=500).acceptability
    assert table.groupby("rank")["share"].sum().tolist() == pytest.approx([1] * len(named))
    never = set(ranked.loc[~ranked["pareto"], "area_id"])
    firsts = table[(table["rank"] == 1) & table["area_id"].isin(never)]
    assert (firsts["share"] == 0).all()


def test_topsis_by_hand_and_its_rank_reversal() -> None:
    """Column lengths 5 and 5: A (0.6, 0.8), B (0.8, 0.6) at equal weights are as good as each other."""
    two = model_areas.ranking(
        scores_of({"A": [3, 4], "B": [4, 3]}, "xy"), criteria_of("xy"), {"x": 1, "y": 1}
    )
    assert two["topsis"].tolist() == pytest.approx([0.5, 0.5])
    assert two["topsis_rank"].tolist() == [1, 1]
    assert two["weighted_sum_rank"].tolist() == [1, 1]
    reversals = 0
    random = np.random.default_rng(0)
    for _ in range(50):
        values = {name: list(map(float, random.integers(1, 10, 2))) for name in "ABC"}
        own = model_areas.table(scores_of({k: values[k] for k in "AB"}, "xy"), criteria_of("xy"))
        more = model_areas.table(scores_of(values, "xy"), criteria_of("xy"))
        before = model_areas.topsis(own, {"x": 1, "y": 1})
        after = model_areas.topsis(more, {"x": 1, "y": 1})
        reversals += (before[0] - before[1]) * (after[0] - after[1]) < -1e-9
    assert reversals > 0


VOTES = {"chair": {"x": 0.7, "y": 0.3}, "resident": {"x": 0.5, "y": 0.5}, "welfare": {"x": 0.1, "y": 0.9}}


def votes_of(weights: dict[str, dict[str, float]]) -> pd.DataFrame:
    return schemas.conform(
        schemas.Votes,
        pd.DataFrame(
            [
                {"member": member, "role": member.upper(), "criterion": name, "weight": weight}
                for member, own in weights.items()
                for name, weight in own.items()
            ]
        ),
    )


def test_three_members_who_disagree() -> None:
    """Together x 13/30: A 0.433, B 0.567, C 0.6. The chair alone takes A, welfare B."""
    scores, criteria, votes = scores_of(THREE, "xy"), criteria_of("xy"), votes_of(VOTES)
    assert model_areas.together(votes) == pytest.approx({"x": 13 / 30, "y": 17 / 30})
    found = model_areas.influence(scores, criteria, votes).set_index("member")
    assert found["first"].to_dict() == {"chair": "A", "resident": "C", "welfare": "B"}
    # Towards the chair x = 13/30 + t (0.7 - 13/30); A is first from x = 0.6 on.
    assert found.loc["chair", "shift"] == pytest.approx((0.6 - 13 / 30) / (0.7 - 13 / 30))
    assert found.loc["chair", "then"] == "A"
    assert found.loc["welfare", "shift"] == pytest.approx((13 / 30 - 0.4) / (13 / 30 - 0.1))
    assert np.isnan(found.loc["resident", "shift"])
    # Ranks: chair A C B, resident C (A B), welfare B C A: sums A 6.5, B 6.5, C 5.
    spread = 2 * (6.5 - 6) ** 2 + (5 - 6) ** 2
    assert model_areas.agreement(scores, criteria, votes) == pytest.approx(12 * spread / (9 * 24 - 3 * 6))
    same = votes_of({"a": VOTES["chair"], "b": VOTES["chair"]})
    assert model_areas.agreement(scores, criteria, same) == pytest.approx(1)
    assert np.isnan(model_areas.agreement(scores, criteria, votes_of({"a": VOTES["chair"]})))


def test_leaving_a_member_out() -> None:
    """Without the chair x = 0.3: B 0.7 beats C; without welfare x = 0.6: A and C tie, A is named first."""
    found = model_areas.influence(scores_of(THREE, "xy"), criteria_of("xy"), votes_of(VOTES)).set_index(
        "member"
    )
    assert found["without"].to_dict() == {"chair": "B", "resident": "B", "welfare": "A"}


def test_weights_from_orders_and_pairs() -> None:
    assert model_areas.by_ranking(["a", "b", "c"]) == pytest.approx({"a": 11 / 18, "b": 5 / 18, "c": 2 / 18})
    weights, ratio = model_areas.pairwise({("a", "b"): 3, ("a", "c"): 5, ("b", "c"): 3})
    # Saaty's worked example: 0.637, 0.258, 0.105 with ratio 0.033.
    assert weights == pytest.approx({"a": 0.637, "b": 0.258, "c": 0.105}, abs=5e-4)
    assert ratio == pytest.approx(0.033, abs=5e-4)
    assert model_areas.pairwise({("a", "b"): 9, ("b", "c"): 9, ("a", "c"): 1 / 9})[1] > model_areas.CONSISTENT
    with pytest.raises(errors.DataError, match="make 3 pairs, 2 are compared"):
        model_areas.pairwise({("a", "b"): 3, ("b", "c"): 3})
    with pytest.raises(errors.DataError, match="do not fit"):
        model_areas.shares(("x", "y"), {"z": 1})


def test_why_one_and_not_the_other_is_true_to_the_numbers() -> None:
    scores, criteria = scores_of(THREE, "xy"), criteria_of("xy")
    said = model_areas.why(scores, criteria, {"x": 0.5, "y": 0.5}, "C", "A")
    assert [reason.code for reason in said] == ["ahead", "for", "against", "turn"]
    assert said[0].context["score_a"] == 0.6
    assert said[1].context == {"criterion": "y", "value_a": 0.6, "value_b": 0, "weight": 0.5}
    assert said[3].context["at"] == 0.6  # of x: beyond it A is before C
    turned = model_areas.why(scores, criteria, {"x": 0.61, "y": 0.39}, "C", "A")
    assert turned[0].code == "behind"
    even = model_areas.why(scores_of({"A": [1], "B": [1]}, "x"), criteria_of("x"), {"x": 1}, "A", "B")
    assert [reason.code for reason in even] == ["equal"]
    unknown = model_areas.why(
        scores_of({"A": [1, None], "B": [0, 1], "C": [0, 0]}, "xy"),
        criteria_of("xy"),
        {"x": 1, "y": 1},
        "A",
        "B",
    )
    assert [reason.code for reason in unknown] == ["ahead", "for", "unknown"]


AREAS = pd.DataFrame(
    {
        "area_id": list("abcdef"),
        "score": [9.0, 8.0, 7.0, 6.9, 1.0, np.nan],
        "middle": list("xxxyyy"),
        "type": ["flat", "flat", "shop", "shop", "flat", "shop"],
        "people": [100.0, 110, 90, 105, 400, 100],
    }
)


def test_quotas_neighbours_and_alternatives_by_hand() -> None:
    free = portfolio.choose(AREAS, number=2)
    assert (free.chosen, free.total) == (("a", "b"), 17)
    # Within 5 % (16.15): no pair but a and c with 16.
    assert free.alternatives == ()
    one = portfolio.choose(AREAS, number=2, quotas=[Quota("middle", each_most=1)])
    assert one.chosen == ("a", "d")
    assert one.alternatives == ()
    types = portfolio.choose(AREAS, number=2, quotas=[Quota("type", least={"flat": 1, "shop": 1})])
    assert types.chosen == ("a", "c")
    assert types.alternatives == ((("a", "d"), pytest.approx(15.9)),)
    apart = portfolio.choose(AREAS, number=2, neighbours=[("b", "a"), ("a", "c")])
    assert apart.chosen == ("a", "d")
    assert portfolio.choose(AREAS, number=1, required=["e"]).chosen == ("e",)
    assert portfolio.choose(AREAS, number=1, forbidden=["a"]).chosen == ("b",)


def test_quotas_that_exclude_each_other_are_named() -> None:
    with pytest.raises(errors.InfeasibleError) as problem:
        portfolio.choose(
            AREAS, number=3, quotas=[Quota("middle", each_most=1), Quota("type", least={"flat": 1})]
        )
    assert set(str(problem.value.context["rules"]).split("; ")) == {
        "exactly 3 areas",
        "0 to 1 within x",
        "0 to 1 within y",
    }
    with pytest.raises(errors.InfeasibleError, match="f is one of them"):
        portfolio.choose(AREAS, number=1, required=["f"])  # its score is not known


def test_types_of_areas_and_the_nearest_comparison() -> None:
    found = portfolio.match(AREAS, ["a"], features=["people"], same=["type"])
    assert found.pairs[["area_id", "comparison_id"]].to_numpy().tolist() == [["a", "b"]]
    beside = portfolio.match(AREAS, ["a"], features=["people"], same=["type"], neighbours=[("a", "b")])
    assert beside.pairs["comparison_id"].tolist() == ["e"]
    assert found.balance["balanced"].tolist() == [True]
    assert beside.balance["balanced"].tolist() == [False]
    assert portfolio.match(AREAS, ["a"], features=["people"], same=["score"]).pairs.empty
    # Two chosen areas never share a comparison: the pairs are found together.
    two = portfolio.match(AREAS, ["a", "d"], features=["people"])
    assert sorted(two.pairs["comparison_id"]) == ["b", "f"]
