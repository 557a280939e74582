"""Scores: against closed forms, brute force, integrals, published values, and what properness demands."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from forecast.errors import NonFiniteError
from forecast.track_record import scoring

DENSE = (np.arange(20_000) + 0.5) / 20_000
"""Levels whose quantiles stand in for a distribution: their CRPS misses its own by less than 1e-4 of its spread."""

small = st.lists(st.floats(-50, 50), min_size=1, max_size=12)


def pairwise_crps(draws: np.ndarray, outcome: float, *, fair: bool = False) -> float:
    """The definition, term by term."""
    n = len(draws)
    near = sum(abs(x - outcome) for x in draws) / n
    apart = sum(abs(x - z) for x in draws for z in draws)
    return near - apart / (2 * (n * (n - 1) if fair else n * n))


def integral_crps(draws: np.ndarray, outcome: float, low: float = -np.inf, high: float = np.inf) -> float:
    """The integral of the squared difference of the two step functions, step by step."""
    knots = np.unique(np.concatenate([draws, [outcome], [k for k in (low, high) if np.isfinite(k)]]))
    total = 0.0
    for left, right in itertools.pairwise(knots):
        if left >= low and right <= high:
            total += ((draws <= left).mean() - (outcome <= left)) ** 2 * (right - left)
    return float(total)


# CRPS


@pytest.mark.parametrize("outcome", [-2.0, 0.0, 0.7])
def test_crps_of_the_standard_normal_is_its_closed_form(outcome):
    exact = outcome * (2 * special.ndtr(outcome) - 1) + 2 * stats.norm.pdf(outcome) - 1 / np.sqrt(np.pi)
    assert scoring.crps(special.ndtri(DENSE), outcome) == pytest.approx(exact, abs=1e-4)


@pytest.mark.parametrize("outcome", [0.0, 0.3, 1.0])
def test_crps_of_the_uniform_is_its_closed_form(outcome):
    assert scoring.crps(DENSE, outcome) == pytest.approx(outcome**2 - outcome + 1 / 3, abs=1e-6)


@pytest.mark.parametrize(
    ("quantiles", "outcome", "published"),
    [
        (special.betaincinv(0.7, 1.1, DENSE), 0.3, 0.0850102437),
        (-5 + 9 * special.betaincinv(0.7, 1.1, DENSE), -3.0, 0.883206751),
        (special.gammaincinv(1.1, DENSE) / 0.7, 0.2, 0.6343718),
        (13.8 + 3.3 * special.logit(DENSE), 17.1, 2.067527),
        (4.0 + 0.5 * special.logit(DENSE), 3.1, 0.5529776),
        (stats.binom.ppf(DENSE, 10, 0.9), 8, 0.6685115),
        (stats.binom.ppf(DENSE, 10, 0.9), -8, 16.49896),
        (stats.binom.ppf(DENSE, 10, 0.9), 18, 8.498957),
    ],
)
def test_crps_agrees_with_values_of_scoringrules(quantiles, outcome, published):
    """Values of R's scoringRules, as in scoringrules 0.11, tests/test_crps.py."""
    assert scoring.crps(quantiles, outcome) == pytest.approx(published, abs=4e-4)


@given(small, st.floats(-60, 60))
def test_crps_is_its_definition_and_its_integral(values, outcome):
    draws = np.array(values)
    ours = float(scoring.crps(draws, outcome))
    assert ours == pytest.approx(pairwise_crps(draws, outcome), abs=1e-9)
    assert ours == pytest.approx(integral_crps(draws, outcome), abs=1e-9)
    assert ours >= -1e-12


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=12), st.floats(-60, 60))
def test_the_fair_crps_is_its_definition(values, outcome):
    draws = np.array(values)
    assert scoring.crps(draws, outcome, fair=True) == pytest.approx(pairwise_crps(draws, outcome, fair=True), abs=1e-9)


def test_the_fair_crps_does_not_depend_on_the_number_of_draws():
    rng = np.random.default_rng(3)
    outcome = rng.standard_normal(40_000)
    exact = 1 / np.sqrt(np.pi)
    for n in (2, 10):
        scores = scoring.crps(rng.standard_normal((n, len(outcome))), outcome, fair=True)
        assert scores.mean() == pytest.approx(exact, abs=4 * scores.std() / np.sqrt(len(scores)))
    plain = scoring.crps(rng.standard_normal((2, len(outcome))), outcome)
    assert plain.mean() > exact + 0.2  # E|X - X'| / (2 n) above it


def test_cases_are_scored_each_by_itself():
    rng = np.random.default_rng(5)
    draws, outcome = rng.standard_normal((30, 4, 2)), rng.standard_normal((4, 2))
    together = scoring.crps(draws, outcome)
    assert together.shape == (4, 2)
    for i in range(4):
        for j in range(2):
            assert together[i, j] == pytest.approx(pairwise_crps(draws[:, i, j], outcome[i, j]))


@given(small, st.floats(-60, 60), st.floats(0.1, 10), st.floats(-20, 20))
def test_crps_scales_with_its_unit_and_does_not_see_a_shift(values, outcome, factor, shift):
    draws = np.array(values)
    there = scoring.crps(draws * factor + shift, outcome * factor + shift)
    assert there == pytest.approx(factor * scoring.crps(draws, outcome), abs=1e-8)


def test_the_true_distribution_has_the_lowest_crps_on_average():
    rng = np.random.default_rng(8)
    outcome = rng.standard_normal(20_000)
    levels = special.ndtri((np.arange(400) + 0.5) / 400)[:, None]
    true = scoring.crps(levels, outcome)
    for wrong in (levels * 0.6, levels * 1.6, levels + 0.4):
        worse = scoring.crps(wrong, outcome) - true
        assert worse.mean() > 4 * worse.std() / np.sqrt(len(outcome))


def test_a_draw_that_is_no_number_is_refused():
    with pytest.raises(NonFiniteError, match="crps"):
        scoring.crps([1.0, np.nan], 0.0)
    with pytest.raises(NonFiniteError, match="crps"):
        scoring.crps([1.0, 2.0], np.inf)


def test_too_few_draws_are_refused():
    with pytest.raises(ValueError, match="too few"):
        scoring.crps([], 0.0)
    with pytest.raises(ValueError, match="too few"):
        scoring.crps([1.0], 0.0, fair=True)


# Threshold-weighted CRPS

ENSEMBLE = np.array(
    [
        [-0.03574194, 0.06873582, 0.03098684, 0.07316138, 0.08498165],
        [-0.11957874, 0.26472238, -0.06324622, 0.43026451, -0.25640457],
        [-1.31340831, -1.43722153, -1.01696021, -0.70790148, -1.20432392],
        [1.26054027, 1.03477874, 0.61688454, 0.75305795, 1.19364529],
        [0.63192933, 0.33521695, 0.20626017, 0.43158264, 0.69518928],
        [0.83305233, 0.71965134, 0.96687378, 1.0000473, 0.82714425],
        [0.0128655, 0.03849841, 0.02459106, -0.02618909, 0.18687008],
        [-0.69399216, -0.59432627, -1.43629972, 0.01979857, -0.3286767],
        [1.92958764, 2.2678255, 1.86036922, 1.84766384, 2.03331138],
        [0.80847492, 1.11265193, 0.58995365, 1.04838184, 1.10439277],
    ]
)
SEEN = np.array(
    [
        *(0.19640722, -0.11300369, -1.0400268, 0.84306533, 0.36572078),
        *(0.82487264, 0.14088773, -0.51936113, 1.70706264, 0.75985908),
    ]
)


@pytest.mark.parametrize(("bounds", "published"), [({"low": -1.0}, 0.09489662), ({"high": 1.85}, 0.0994809)])
def test_threshold_weighted_crps_agrees_with_values_of_scoringrules(bounds, published):
    """scoringrules 0.11, tests/test_wcrps.py, mean over ten ensembles of five."""
    scores = scoring.threshold_weighted_crps(ENSEMBLE.T, SEEN, **bounds)
    assert scores.mean() == pytest.approx(published, rel=1e-6)


@given(small, st.floats(-60, 60), st.floats(-30, 0), st.floats(0, 30))
def test_threshold_weighted_crps_is_the_integral_between_its_thresholds(values, outcome, low, high):
    draws = np.array(values)
    ours = scoring.threshold_weighted_crps(draws, outcome, low=low, high=high)
    assert ours == pytest.approx(integral_crps(draws, outcome, low, high), abs=1e-9)


@given(small, st.floats(-60, 60), st.floats(-60, 60))
def test_the_two_sides_of_a_threshold_add_up_to_the_whole(values, outcome, at):
    draws = np.array(values)
    parts = scoring.threshold_weighted_crps(draws, outcome, high=at)
    parts = parts + scoring.threshold_weighted_crps(draws, outcome, low=at)
    assert parts == pytest.approx(scoring.crps(draws, outcome), abs=1e-9)


def test_a_narrow_window_becomes_the_brier_score():
    """Integral over a window of width e at t: e times the squared error of P(X > t)."""
    rng = np.random.default_rng(2)
    draws, outcome, width = rng.standard_normal((500, 50)), rng.standard_normal(50), 1e-9
    score = scoring.threshold_weighted_crps(draws, outcome, low=-width / 2, high=width / 2) / width
    np.testing.assert_allclose(score, scoring.brier((draws > 0).mean(0), outcome > 0), atol=1e-6)


def test_thresholds_may_differ_between_cases():
    bounds = np.array([-1.0, 0.5])
    both = scoring.threshold_weighted_crps(ENSEMBLE.T[:, :2], SEEN[:2], low=bounds)
    each = [scoring.threshold_weighted_crps(ENSEMBLE[i], SEEN[i], low=bounds[i]) for i in range(2)]
    np.testing.assert_allclose(both, each)


def test_thresholds_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match="above the upper"):
        scoring.threshold_weighted_crps([0.0, 1.0], 0.5, low=1.0, high=0.0)


# Probabilities


def test_brier_and_log_score_agree_with_values_of_scoringrules():
    """scoringrules 0.11, tests/test_brier.py."""
    assert scoring.brier(0.271, 0) == pytest.approx(0.073441)
    assert scoring.log_score(0.481, 0) == pytest.approx(0.6558514, rel=1e-6)


@given(st.floats(0, 1))
def test_brier_is_one_for_the_opposite_and_zero_for_the_truth(p):
    assert scoring.brier(p, 1) == pytest.approx((1 - p) ** 2)
    assert scoring.brier(p, 0) == pytest.approx(scoring.brier(1 - p, 1))


def test_the_log_score_is_clipped_where_it_says():
    assert scoring.log_score(0.0, 1) == pytest.approx(-np.log(0.005))
    assert scoring.log_score(1.0, 1) == pytest.approx(-np.log(0.995))
    assert scoring.log_score(0.0, 1, clip=0.0) == np.inf
    assert scoring.log_score(0.4, 1) == scoring.log_score(0.4, 1, clip=0.0)


@given(st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_the_true_probability_has_the_lowest_expected_scores(truth, other):
    for score in (scoring.brier, scoring.log_score):

        def expected(p, score=score):
            return truth * float(score(p, 1)) + (1 - truth) * float(score(p, 0))

        assert expected(truth) <= expected(other) + 1e-12


@pytest.mark.parametrize("score", [scoring.brier, scoring.log_score])
def test_a_percentage_for_a_probability_is_refused(score):
    with pytest.raises(ValueError, match="fraction"):
        score(75.0, 1)
    with pytest.raises(ValueError, match="happened"):
        score(0.75, 0.5)


# Coverage and PIT


@pytest.mark.parametrize("interval_prob", [0.5, 0.9])
def test_intervals_of_the_true_distribution_cover_as_often_as_they_say(interval_prob):
    """Draws and outcome exact uniforms: 4 binomial standard errors."""
    rng = np.random.default_rng(11)
    cases = 20_000
    hit = scoring.covered(rng.random((400, cases)), rng.random(cases), interval_prob=interval_prob)
    slack = 4 * np.sqrt(interval_prob * (1 - interval_prob) / cases) + 1 / 400
    assert hit.mean() == pytest.approx(interval_prob, abs=slack)


def test_the_bounds_of_an_interval_belong_to_it():
    draws = np.arange(101.0)
    inside = scoring.covered(draws[:, None], [5.0, 95.0, 4.9, 95.1], interval_prob=0.9)
    assert inside.tolist() == [True, True, False, False]


def test_an_interval_has_a_mass_between_none_and_all():
    with pytest.raises(ValueError, match="interval_prob"):
        scoring.covered([0.0, 1.0], 0.5, interval_prob=90)


@pytest.mark.parametrize("rounding", [None, 0])
def test_pit_is_uniform_for_the_true_distribution_ties_or_not(rounding):
    rng = np.random.default_rng(17)
    draws, outcome = rng.normal(0, 1.5, (19, 20_000)), rng.normal(0, 1.5, 20_000)
    if rounding is not None:
        draws, outcome = np.round(draws, rounding), np.round(outcome, rounding)
    values = scoring.pit(draws, outcome, rng.random(len(outcome)))
    count = scoring.pit_histogram(values)
    assert count.sum() == len(outcome)
    assert ((count - 2000) ** 2 / 2000).sum() < stats.chi2.ppf(0.9999, 9)


def test_pit_is_the_share_of_draws_below():
    assert scoring.pit([1.0, 2.0, 3.0], 2.5, 0.0) == 2 / 4
    assert scoring.pit([1.0, 2.0, 3.0], 2.0, [0.0, 1.0]).tolist() == [1 / 4, 3 / 4]


# Reliability


def test_reliability_by_hand():
    table = scoring.reliability([0.05, 0.08, 0.1, 0.95, 1.0], [0, 1, 0, 1, 1])
    assert table.count.tolist() == [2, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert table.forecast[0] == pytest.approx(0.065)
    assert table.observed[[0, 1, 9]].tolist() == [0.5, 0.0, 1.0]
    assert np.isnan(table.observed[5])
    expected = (2 * abs(0.065 - 0.5) + 1 * 0.1 + 2 * abs(0.975 - 1)) / 5
    assert table.deviation == pytest.approx(expected)


def test_calibrated_probabilities_deviate_by_no_more_than_chance():
    rng = np.random.default_rng(23)
    p = rng.random(40_000)
    true = scoring.reliability(p, rng.random(len(p)) < p)
    assert true.deviation < 4 * 0.5 / np.sqrt(4000)
    assert scoring.reliability(p, rng.random(len(p)) < p**3).deviation > 0.15


def test_deciles_have_equal_counts_and_keep_equal_probabilities_together():
    rng = np.random.default_rng(29)
    p = rng.beta(0.5, 2.0, 1000)
    table = scoring.reliability(p, p > 0.5, edges=scoring.decile_edges(p))
    assert table.count.tolist() == [100] * 10
    tied = np.repeat([0.0, 0.3, 1.0], [500, 200, 300])
    classes = scoring.reliability(tied, tied > 0.5, edges=scoring.decile_edges(tied))
    assert classes.count.sum() == 1000
    assert classes.deviation == pytest.approx(0.3 * 0.2)


def test_edges_that_leave_probabilities_out_are_refused():
    with pytest.raises(ValueError, match="rise from 0 to 1"):
        scoring.reliability([0.5], [1], edges=[0.1, 1.0])
    with pytest.raises(ValueError, match="no case"):
        _ = scoring.reliability([], []).deviation


# Comparisons


def test_skill_is_one_for_perfection_and_zero_for_no_gain():
    assert scoring.skill([0.0, 0.0], [1.0, 3.0]) == 1.0
    assert scoring.skill([1.0, 3.0], [2.0, 2.0]) == 0.0
    assert scoring.skill([4.0], [2.0]) == -1.0
    assert scoring.skill([0.0], [0.0]) == 0.0
    assert scoring.skill([1.0], [0.0]) == -np.inf


def test_a_ratio_covers_the_truth_as_often_as_it_says_when_cases_come_in_clusters():
    """40 clusters of 10 cases that share a shock; the true ratio is 0.8."""
    rng = np.random.default_rng(31)
    cluster = np.repeat(np.arange(40), 10)
    hits = 0
    for _ in range(200):
        shock = rng.gamma(4, 0.25, 40)[cluster]
        theirs = shock * rng.gamma(8, 1 / 8, 400)
        ours = 0.8 * shock * rng.gamma(8, 1 / 8, 400) * np.repeat(rng.gamma(50, 1 / 50, 40), 10)
        found = scoring.paired_ratio(ours, theirs, cluster, rng=rng, replicates=400)
        assert found.clusters == 40
        hits += found.low <= 0.8 <= found.high
    assert 0.9 - 4 * np.sqrt(0.09 / 200) - 0.02 < hits / 200 < 0.9 + 4 * np.sqrt(0.09 / 200)


def test_a_forecaster_against_itself_has_the_ratio_one():
    rng = np.random.default_rng(37)
    score = rng.random(30)
    found = scoring.paired_ratio(score, score, np.arange(30) % 5, rng=rng)
    assert (found.ratio, found.low, found.high) == (1.0, 1.0, 1.0)


def test_a_ratio_to_a_reference_that_was_perfect_in_some_clusters_may_be_infinite():
    found = scoring.paired_ratio([1.0, 1.0], [0.0, 2.0], ["a", "b"], rng=np.random.default_rng(1))
    assert found.ratio == 1.0
    assert found.low == 0.5
    assert found.high == np.inf


def test_cases_that_do_not_match_are_refused():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="same cases"):
        scoring.paired_ratio([1.0, 2.0], [1.0], ["a", "b"], rng=rng)
    with pytest.raises(ValueError, match="perfect"):
        scoring.paired_ratio([1.0], [0.0], ["a"], rng=rng)
    with pytest.raises(ValueError, match="same cases"):
        scoring.skill([1.0, 2.0], [1.0])
