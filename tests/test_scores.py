"""Every published form of an assessment with one number worked by hand, and what holds for all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecast.answers.ranks import ranked
from forecast.answers.scores import NotScored, Standing, points, scores
from forecast.data.assessment import (
    Assessment,
    ByRank,
    Completion,
    Efficacy,
    Event,
    GapLinear,
    GapSteps,
    Met,
    MetThenRank,
    ScoreClass,
    Step,
)

STEPS = (Step(to=10, divisor=20), Step(to=20, divisor=40), Step(divisor=60))
RULES = (
    Met(indicator="gdp", weight=10, rule="met", target=8.0),
    MetThenRank(indicator="gdp", weight=6, rule="met_then_rank", target=8.0, basis=4),
    Completion(indicator="gdp", weight=20, rule="completion", target=8.0, bonus=0.5, cap=10),
    ByRank(indicator="gdp", weight=10, rule="rank"),
    GapSteps(indicator="gdp", weight=20, rule="gap_steps", steps=STEPS, cap=40),
    GapLinear(indicator="gdp", weight=10, rule="gap_linear", per_tenth=0.1, cap=12),
    Efficacy(indicator="gdp", weight=10, rule="efficacy"),
)  # fmt: skip


def of(item, *growth, average=0.0, level=None):
    standing = Standing(
        growth=np.array([growth], dtype=float),
        average=np.array([average]),
        level=None if level is None else np.array([level], dtype=float),
    )
    return points(item, standing)[0].tolist()


def test_met_or_not():
    assert of(RULES[0], 8.0, 7.9, 12.0) == [10.0, 0.0, 10.0]


def test_met_then_by_rank_gives_the_basis_and_up_to_the_weight():
    # 8 % met gives 4 of 6; the best of three above it all 6, the second 4 + 2 x .95, the third, below, nothing
    assert of(RULES[1], 9.0, 8.2, 7.9) == pytest.approx([6.0, 5.9, 0.0])


def test_completion_with_bonus_and_by_the_share_completed_below():
    # 3 points above: 20 + 1.5; 30 above: capped at 20 + 10; half of the target: 10; a fall: 0
    assert of(RULES[2], 11.0, 38.0, 4.0, -3.0) == pytest.approx([21.5, 30.0, 10.0, 0.0])


def test_a_target_of_nothing_or_below_must_state_its_form():
    with pytest.raises(ValueError, match="completion_form"):
        Completion(indicator="gdp", weight=20, rule="completion", target=0.0)
    stated = Completion(indicator="gdp", weight=20, rule="completion", target=-2.0, below=4.0)
    assert of(stated, -2.0, -3.0, -9.0) == pytest.approx([20.0, 16.0, 0.0])


def test_by_rank_second_has_95_and_third_90_percent():
    assert of(RULES[3], 5.0, 6.0, 4.0, 5.0) == pytest.approx([9.5, 10.0, 8.5, 9.5])


def test_ties_can_share_the_mean_of_their_places():
    standing = Standing(growth=np.array([[5.0, 6.0, 4.0, 5.0]]))
    assert points(RULES[3], standing, ties="average")[0].tolist() == pytest.approx([9.25, 10.0, 8.5, 9.25])


def test_by_gap_in_steps():
    # 25 points above: 10 x 20/20 + 10 x 20/40 + 5 x 20/60 = 16 2/3 on top of 20; 4 below: -4; far below: not under 0
    assert of(RULES[4], 25.0, -4.0, -90.0) == pytest.approx([36.0 + 2.0 / 3.0, 16.0, 0.0])


def test_by_gap_a_tenth_of_a_point_at_a_time():
    assert of(RULES[5], 5.3, 4.7, 9.0, average=5.0) == pytest.approx([10.3, 9.7, 12.0])


def test_efficacy_runs_from_60_to_100_between_worst_and_best():
    assert of(RULES[6], 2.0, 10.0, 6.0) == pytest.approx([6.0, 10.0, 8.0])


def test_efficacy_with_a_static_part_of_two_fifths():
    item = Efficacy(indicator="gdp", weight=10, rule="efficacy", static=0.4)
    # growth 2, 10: 60, 100; level 300, 100: 100, 60 -> .4 x 100 + .6 x 60 = 76, .4 x 60 + .6 x 100 = 84
    assert of(item, 2.0, 10.0, level=[300.0, 100.0]) == pytest.approx([7.6, 8.4])
    with pytest.raises(NotScored):
        of(item, 2.0, 10.0)


@given(arrays(np.int64, (4, 5), elements=st.integers(-100, 200)), st.sampled_from(RULES), st.integers(1, 40))
def test_a_score_never_falls_when_the_own_growth_rises(figures, item, up):
    growth, average = figures / 10.0, np.zeros(4)
    better = growth.copy()
    better[:, 2] += up / 10.0
    before, after = (points(item, Standing(growth=one, average=average))[:, 2] for one in (growth, better))
    assert (after >= before - 1e-9).all()


def assessment(**changes):
    stated = {
        "name": "示例办法", "source": "示例", "total": 20.0,
        "items": (
            ByRank(indicator="gdp", weight=12, rule="rank"),
            Met(indicator="fai", weight=8, rule="met", target="province"),
        ),
        "classes": tuple(ScoreClass(name=n, at_least=a) for n, a in (("优秀", 18), ("达标", 12), ("未达标", 0))),
    } | changes  # fmt: skip
    return Assessment(**stated)


def standings(seed=3, draws=300):
    rng = np.random.default_rng(seed)

    def one():
        return Standing(growth=np.round(rng.normal(6, 3, (draws, 4)), 1), average=np.round(rng.normal(6, 1, draws), 1))

    return {(name, month): one() for name in ("gdp", "fai") for month in (9, 10, 12)}


def test_the_total_is_the_sum_of_the_items_counted_by_hand():
    drawn = standings()
    found = scores(assessment(), drawn, "abcd")
    gdp, fai = drawn["gdp", 12], drawn["fai", 12]
    for draw in range(5):
        for unit in range(4):
            rank = 1 + (gdp.growth[draw] > gdp.growth[draw, unit]).sum()
            by_hand = 12 * (1 - 0.05 * (rank - 1)) + (8 if fai.growth[draw, unit] >= fai.average[draw] else 0)
            assert found.total[draw, unit] == pytest.approx(by_hand)
    np.testing.assert_allclose(sum(found.classes().values()), np.ones(4))
    assert found.reachable == 20.0
    np.testing.assert_array_equal(found.ranks(), ranked(np.round(found.total, 6)))
    assert found.lost()["gdp"] == pytest.approx(12 - found.items["gdp"].mean(axis=0))


def test_being_named_costs_points_a_round_and_a_veto_costs_the_class():
    event = Event(name="点名", indicator="fai", last=1, months=(9, 10), points=-0.5, veto=True)
    drawn = standings()
    plain, found = scores(assessment(), drawn, "abcd"), scores(assessment(events=(event,)), drawn, "abcd")
    times = sum(
        (drawn["fai", m].growth == drawn["fai", m].growth.min(axis=1, keepdims=True)).astype(int) for m in (9, 10)
    )
    np.testing.assert_array_equal(found.events["点名"], times)
    np.testing.assert_allclose(found.total, plain.total - 0.5 * times)
    assert found.classes()["未达标"] == pytest.approx(
        (times > 0).mean(axis=0) + ((times == 0) & (found.total < 12)).mean(axis=0)
    )


def test_a_quarter_counts_with_its_share():
    item = ByRank(indicator="gdp", weight=20, rule="rank", parts={9: 0.25, 12: 0.75})
    drawn = standings()
    found = scores(assessment(items=(item,)), drawn, "abcd")
    parts = [share * points(item, drawn["gdp", month]) for month, share in ((9, 0.25), (12, 0.75))]
    np.testing.assert_allclose(found.total, parts[0] + parts[1])


def test_the_score_is_shared_with_the_city():
    drawn = standings()
    alone, shared = (
        scores(assessment(**how), drawn, "abcd").total for how in ({}, {"shared": 0.3, "parent_score": 15.0})
    )
    np.testing.assert_allclose(shared, 0.3 * 15.0 + 0.7 * alone)


def test_an_item_that_cannot_be_scored_is_named_and_left_out():
    drawn = {key: Standing(growth=one.growth) for key, one in standings().items() if key[0] == "fai"}
    found = scores(assessment(), drawn, "abcd")
    assert found.left_out == {"gdp": "draws", "fai": "average"}
    assert found.reachable == 0.0


VETO = Event(name="x", indicator="fai", last=1, months=(9,), points=-1, veto=True)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"total": 100.0}, "weights_sum"),
        ({"shared": 0.2}, "parent_score_missing"),
        ({"classes": (ScoreClass(name="a", at_least=1), ScoreClass(name="b", at_least=2))}, "classes_order"),
        ({"events": (VETO,), "classes": ()}, "veto_without_classes"),
    ],
)  # fmt: skip
def test_rules_that_contradict_themselves_are_refused(changes, code):
    with pytest.raises(ValueError, match=code):
        assessment(**changes)
