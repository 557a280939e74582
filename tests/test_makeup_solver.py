"""The solver on plain arrays: closed forms, brute force, another library, and the invariants of a plan."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from forecast.answers.chances import Criterion, bounded_share
from forecast.plan.program import Columns, Program, SearchProblem, kkt, least_effort, least_use, search
from forecast.plan.request import Form, Wish, distance, gain, needed, slope, value

KEYS = (("gdp", "ankang", "province_average"), ("fai", "ankang", "province_average"), ("retail", "ankang", "plan"))


def wish(level: float, cases: int = 1, form: Form = Form.ALL, least: int = 0) -> Wish:
    return Wish(keys=KEYS[:cases], criterion=Criterion.REACH, level=level, form=form, least=least)


def columns(cost: Any, whole: Any = None, lever: Any = None, group: Any = None) -> Columns:
    cost = np.asarray(cost, dtype=np.float64)
    n = len(cost)
    return Columns(
        cost=cost,
        whole=np.zeros(n, dtype=bool) if whole is None else np.asarray(whole, dtype=bool),
        lever=np.arange(n) if lever is None else np.asarray(lever),
        group=np.arange(n) if group is None else np.asarray(group),
    )


def problem(slack: Any, effects: Any, of: Columns, *wishes: Wish, step: float = 0.001) -> SearchProblem:
    slack = np.atleast_2d(np.asarray(slack, dtype=np.float64))
    return SearchProblem(
        columns=of,
        wishes=wishes,
        about=tuple(np.arange(len(w.keys)) for w in wishes),
        slack=slack,
        effects=np.asarray(effects, dtype=np.float32).reshape(len(slack), len(of.cost), slack.shape[1]),
        step=np.where(of.whole, 1.0, step),
        train=slice(0, None, 2),
        least=np.zeros(len(of.cost)),
    )


draws = st.lists(st.floats(-1.0, 1.0), min_size=3, max_size=40)


@given(slack=draws, seed=st.integers(0, 10**6), level=st.floats(0.05, 0.95))
@settings(max_examples=150)
def test_one_lever_needs_the_quantile_of_its_ratios_and_no_less(slack, seed, level):
    values = np.array(slack)
    effect = np.random.default_rng(seed).uniform(0.1, 1.0, len(values))
    count = needed(wish(level), len(values))
    use = least_use(values, effect, count)
    met = lambda u: int((values + u * effect >= -1e-12).sum()) >= count  # noqa: E731
    if use is None:
        assert not met(1.0 - 1e-9) or math.isclose(np.sort(np.maximum(-values / effect, 0.0))[count - 1], 1.0)
        return
    assert met(use)
    if use > 0.0:
        assert not met(use - 1e-9)
    else:
        assert met(0.0)
    higher = least_use(values, effect, min(count + 1, len(values)))
    assert higher is None or higher >= use


def test_one_lever_that_is_sure_needs_the_quantile_of_the_gap():
    gap = np.random.default_rng(1).normal(-0.02, 0.03, 5000)
    use = least_use(gap, np.full(5000, 0.1), needed(wish(0.5), 5000))
    assert use == pytest.approx(0.2, abs=4 * 0.03 / 0.1 * math.sqrt(math.pi / 2 / 5000))


def test_nothing_is_needed_where_the_wish_is_met_and_nothing_helps_where_no_lever_does():
    assert least_use(np.array([0.1, 0.2, -0.1]), np.zeros(3), 2) == 0.0
    assert least_use(np.array([-0.1, 0.2, -0.1]), np.zeros(3), 2) is None


@given(seed=st.integers(0, 10**6), n=st.integers(1, 6), share=st.floats(0.02, 0.98))
@settings(max_examples=60)
def test_kkt_meets_the_need_with_the_least_effort_of_another_solver(seed, n, share):
    rng = np.random.default_rng(seed)
    g, c = rng.uniform(0.05, 1.0, n), rng.uniform(0.5, 5.0, n)
    need = share * g.sum()
    use = kkt(g, c, need)
    assert use is not None
    assert g @ use == pytest.approx(need, abs=1e-9)
    other = scipy.optimize.minimize(
        lambda u: float(c @ u**2),
        np.full(n, share),
        jac=lambda u: 2 * c * u,
        bounds=[(0, 1)] * n,
        constraints={"type": "ineq", "fun": lambda u: g @ u - need, "jac": lambda _: g},
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 500},
    )
    assert c @ use**2 <= other.fun * (1 + 1e-6) + 1e-9


def test_kkt_asks_nothing_for_nothing_and_gives_up_beyond_all():
    assert np.array_equal(kkt(np.array([1.0, 2.0]), np.ones(2), 0.0), np.zeros(2))
    assert kkt(np.array([1.0, 2.0]), np.ones(2), 3.1) is None
    assert kkt(np.array([1.0, 2.0]), np.ones(2), 3.0) == pytest.approx(np.ones(2))


@given(seed=st.integers(0, 10**6))
@settings(max_examples=25)
def test_a_mixed_program_costs_no_more_than_the_best_of_all_subsets(seed):
    rng = np.random.default_rng(seed)
    whole = np.array([True] * 4 + [False, False])
    of = columns(rng.uniform(0.5, 3.0, 6), whole, lever=[0, 0, 1, 2, 3, 4])
    g = rng.uniform(0.1, 1.0, 6)
    need = 0.6 * float(g[2:].sum())
    use = least_effort(Program(columns=of, gains=g[None], needs=np.array([need]), least=np.zeros(6)))
    best = np.inf
    for taken in product((0.0, 1.0), repeat=4):
        if taken[0] + taken[1] > 1.0:
            continue
        rest = kkt(g[4:], of.cost[4:], need - g[:4] @ np.array(taken))
        if rest is not None:
            best = min(best, of.effort(np.concatenate([taken, rest])))
    assert use is not None
    assert g @ use >= need - 1e-6
    assert use[0] + use[1] <= 1.0
    assert of.effort(use) <= best * 1.01 + 0.0025 * 2 * 3.0


def test_several_cuts_are_all_met_and_an_impossible_one_has_no_plan():
    of = columns([1.0, 1.0, 2.0])
    gains = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    use = least_effort(Program(columns=of, gains=gains, needs=np.array([0.6, 0.9]), least=np.zeros(3)))
    assert use is not None
    assert np.all(gains @ use >= np.array([0.6, 0.9]) - 1e-6)
    fine = np.array(list(product(np.linspace(0, 1, 41), repeat=3)))
    able = fine[np.all(fine @ gains.T >= np.array([0.6, 0.9]) - 1e-9, axis=1)]
    assert of.effort(use) <= min(of.effort(u) for u in able) * 1.02
    assert least_effort(Program(columns=of, gains=gains, needs=np.array([2.1, 0.1]), least=np.zeros(3))) is None


def test_fairness_spreads_what_effort_alone_would_put_on_one():
    of = columns([1.0, 1.0, 1.0], group=[0, 1, 1])
    gains, needs = np.array([[1.0, 0.4, 0.4]]), np.array([0.8])
    cheap = least_effort(Program(columns=of, gains=gains, needs=needs, least=np.zeros(3)))
    fair = least_effort(Program(columns=of, gains=gains, needs=needs, least=np.zeros(3), fair=True))
    assert cheap is not None
    assert fair is not None
    assert of.burdens(fair).max() < of.burdens(cheap).max()
    assert of.effort(fair) >= of.effort(cheap) - 1e-6
    equal = scipy.optimize.brentq(lambda b: 1.8 * math.sqrt(b) - 0.8, 0.0, 1.0)
    assert of.burdens(fair).max() == pytest.approx(equal, abs=0.01)


@given(seed=st.integers(0, 10**6), level=st.floats(0.05, 0.9), form=st.sampled_from(Form))
@settings(max_examples=100)
def test_a_wish_is_met_exactly_from_its_distance_on(seed, level, form):
    slack = np.random.default_rng(seed).normal(-0.01, 0.02, (3, 60))
    one = wish(level * 3 if form is Form.EXPECTED else level, 3, form, 2 if form is Form.AT_LEAST else 0)
    away = distance(one, slack)
    tie = 1e-9
    assert value(one, slack + away + 1e-12) >= one.level - tie
    assert value(one, slack + away - 1e-9) < one.level - tie
    assert (away <= 0.0) == (value(one, slack) >= one.level - tie)


def test_values_count_draws_as_reports_do():
    slack = np.array([[0.1, -0.1, 0.1, -0.1], [0.1, 0.1, -0.1, -0.1], [0.1, 0.1, 0.1, -0.1]])
    assert value(wish(0.5, 3), slack) == bounded_share(1, 4)
    assert value(wish(0.5, 3, Form.AT_LEAST, 2), slack) == bounded_share(3, 4)
    assert value(wish(0.5, 3, Form.EXPECTED), slack) == pytest.approx((2 + 2 + 3) / 4)


def test_slope_and_gain_are_those_of_normal_draws():
    rng = np.random.default_rng(3)
    slack = rng.normal(-0.02, 0.03, (1, 40_000))
    effects = np.stack([np.full((1, 40_000), 0.01), rng.binomial(1, 0.5, (1, 40_000)) * 0.04], axis=1)
    one = wish(0.5)
    assert slope(one, slack, effects) == pytest.approx([0.01, 0.02], rel=0.03)
    density = norm.pdf(0.0, -0.02, 0.03)
    assert gain(one, slack, effects) == pytest.approx([0.01 * density, 0.02 * density], rel=0.05)
    step = 0.2
    moved = value(one, slack + step * effects[:, 1]) - value(one, slack)
    assert gain(one, slack, effects)[1] * step == pytest.approx(moved, rel=0.15)


@given(seed=st.integers(0, 10**5), level=st.floats(0.2, 0.8))
@settings(max_examples=15)
def test_a_plan_meets_its_wish_on_all_draws_and_a_shorter_one_does_not(seed, level):
    rng = np.random.default_rng(seed)
    slack = rng.normal(-0.03, 0.02, (1, 400))
    effects = rng.uniform(0.0, 0.04, (1, 3, 400))
    posed = problem(slack, effects, columns([1.0, 2.0, 3.0]), wish(level))
    found = search(posed, np.zeros(1))
    if not found.met:
        assert posed.distances(np.ones(3))[0] > 0.0
        assert np.array_equal(found.use, np.ones(3))
        return
    assert posed.distances(found.use)[0] <= 0.0
    for k in np.flatnonzero(found.use):
        less = found.use.copy()
        less[k] -= posed.step[k]
        assert posed.distances(less)[0] > -1e-7


def test_a_plan_costs_hardly_more_than_the_best_on_a_grid():
    rng = np.random.default_rng(5)
    slack = rng.normal(-0.03, 0.03, (1, 1000))
    effects = rng.uniform(0.02, 0.04, (1, 2, 1000)) * np.array([1.0, 0.6])[None, :, None]
    posed = problem(slack, effects, columns([1.0, 1.0]), wish(0.4))
    found = search(posed, np.zeros(1))
    fine = [np.array(u) for u in product(np.linspace(0, 1, 101), repeat=2)]
    best = min(posed.columns.effort(u) for u in fine if posed.distances(u)[0] <= 0.0)
    assert found.met
    assert found.effort <= best * 1.05


def test_a_mixed_plan_costs_hardly_more_than_the_best_of_all_subsets():
    rng = np.random.default_rng(6)
    slack = rng.normal(-0.03, 0.03, (1, 1000))
    effects = rng.uniform(0.0, 0.02, (1, 7, 1000))
    of = columns([0.5, 0.7, 0.4, 0.9, 0.6, 0.3, 2.0], [True] * 6 + [False])
    posed = problem(slack, effects, of, wish(0.4))
    found = search(posed, np.zeros(1))
    best = np.inf
    for taken in product((0.0, 1.0), repeat=6):
        for last in np.linspace(0, 1, 51):
            use = np.array([*taken, last])
            if of.effort(use) < best and posed.distances(use)[0] <= 0.0:
                best = of.effort(use)
    assert found.met
    assert found.effort <= best * 1.1
    loose = search(posed, np.zeros(1), loose=True)
    assert loose.met
    assert loose.effort <= best + of.cost[:6].max()  # one cut splits one column at most


@given(seed=st.integers(0, 10**5))
@settings(max_examples=10)
def test_a_higher_wish_never_costs_less(seed):
    rng = np.random.default_rng(seed)
    slack = rng.normal(-0.03, 0.03, (1, 400))
    effects = rng.uniform(0.02, 0.03, (1, 2, 400))
    efforts = []
    for level in (0.1, 0.2, 0.3, 0.4):
        posed = problem(slack, effects, columns([1.0, 1.5]), wish(level))
        found = search(posed, np.zeros(1))
        efforts.append(found.effort)
    assert all(b >= a * 0.98 for a, b in pairwise(efforts))
    assert efforts[0] == 0.0 or value(wish(0.1), slack) < 0.1


def test_joint_wishes_are_met_together():
    rng = np.random.default_rng(8)
    slack = rng.normal(-0.02, 0.03, (2, 1000))
    effects = np.zeros((2, 3, 1000))
    effects[0, 0], effects[1, 1], effects[:, 2] = 0.04, 0.05, 0.02
    for one in (wish(0.5, 2), wish(0.7, 2, Form.AT_LEAST, 1), wish(1.4, 2, Form.EXPECTED)):
        posed = problem(slack, effects, columns([1.0, 1.0, 1.0]), one)
        found = search(posed, np.zeros(1))
        assert found.met
        assert value(one, posed.under(found.use)) >= one.level
        assert found.effort < posed.columns.effort(np.ones(3))


def alike(counties: int = 2, each: int = 2) -> Columns:
    """Measures that are taken or not, all alike, so many in every county."""
    n = counties * each
    return Columns(
        cost=np.ones(n), whole=np.ones(n, dtype=bool), lever=np.arange(n), group=np.repeat(np.arange(counties), each)
    )


def test_of_plans_that_cost_the_same_the_even_one_is_taken():
    """Two of four equal measures will do: one in each county rather than both in one, whichever comes first."""
    columns = alike()
    one = Program(columns=columns, gains=np.ones((1, 4)), needs=np.array([2.0]), least=np.zeros(4))
    least = least_effort(one)
    assert least is not None
    assert columns.effort(least) == pytest.approx(2.0)
    even = least_effort(dataclasses.replace(one, fair=True, most=2.0 * 1.01))
    assert even is not None
    assert columns.effort(even) == pytest.approx(2.0)
    np.testing.assert_allclose(columns.burdens(even), [0.5, 0.5])


def test_evenness_is_not_bought_with_more_effort_than_allowed():
    """The second county's measures cost twice as much: sharing would take three, and only two are allowed."""
    columns = dataclasses.replace(alike(), cost=np.array([1.0, 1.0, 2.0, 2.0]))
    one = Program(columns=columns, gains=np.ones((1, 4)), needs=np.array([2.0]), least=np.zeros(4), fair=True)
    free, bound = least_effort(one), least_effort(dataclasses.replace(one, most=2.0 * 1.01))
    assert free is not None
    assert bound is not None
    assert columns.burdens(free).max() == pytest.approx(0.5)
    assert columns.effort(bound) <= 2.0 * 1.01
    assert columns.burdens(bound).max() == pytest.approx(1.0)
