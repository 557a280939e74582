"""What is said of draws: probabilities, required growth, evidence, lights, joint attainment."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from forecast.answers.attainment import attain, joint
from forecast.answers.chances import Criterion, Status, bounded_share
from forecast.answers.evidence import Evidence, classify
from forecast.answers.judgement import Light, light_ahead, light_now
from forecast.answers.required import required
from forecast.data.panel import EvidenceRule, LightRule
from forecast.data.target import TargetKind
from forecast.errors import NonFiniteError
from forecast.growth import required_growth
from forecast.periods import Frequency, Month, default_profile
from forecast.tables import words
from forecast.tables.notes import notes
from tests import handmade as hm

MONTHS = Frequency.MONTHLY.labels(hm.YEAR)
WEIGHT = default_profile(Frequency.MONTHLY)


def figures(city: dict[str, float], province: dict[str, float], indicator: str = "fai"):
    rows = [hm.observation("ankang", indicator, period, value) for period, value in city.items()]
    return rows + [hm.observation("shaanxi", indicator, period, value) for period, value in province.items()]


FULL = figures(
    {f"2020-{m:02d}": -20.0 + m for m in range(2, 9)},
    {f"2020-{m:02d}": -5.0 + m for m in range(2, 9)},
)


def fai_paths(city, province, *, published=None, **more):
    known = published if published is not None else {"ankang": {6: -0.12}, "shaanxi": {6: 0.03}}
    return hm.indicator_paths("fai", {"shaanxi": province, "ankang": city}, published=known, **more)


def judge_fai(city, province, *, targets=None, observations=FULL, config=None, **more):
    one = fai_paths(city, province, **more)
    found = attain(hm.paths(one), hm.panel(observations), targets or [hm.target("fai")], config or hm.config())
    return found, one


def year_end(one, unit):
    return one.cum_yoy.sel(unit=unit).isel(period=-1).to_numpy()


def test_probability_is_the_share_of_paired_draws_that_reach():
    rng = np.random.default_rng(1)
    found, one = judge_fai(hm.normal_growth(rng, 0.02, 0.03), hm.normal_growth(rng, 0.03, 0.01))
    row = found.rows[0]
    gap = year_end(one, "ankang") - year_end(one, "shaanxi")
    printed = hm.printed(year_end(one, "ankang")) - hm.printed(year_end(one, "shaanxi"))
    brute_reach = sum(1 for g in printed if g >= -1e-9)
    brute_near = sum(1 for g in printed if g >= -2 - 1e-9)
    assert row.p_reach == pytest.approx((brute_reach + 0.5) / 401)
    assert row.p_near == pytest.approx((brute_near + 0.5) / 401)
    assert row.p_mcse == pytest.approx(np.sqrt(row.p_reach * (1 - row.p_reach) / 1000))
    assert row.shortfall_pp == pytest.approx(100 * np.mean([max(-g, 0) for g in gap]))
    assert row.forecast.median_pct == pytest.approx(100 * np.median(year_end(one, "ankang")))
    assert row.year_gap_pp == pytest.approx(100 * np.median(gap))
    assert row.benchmark_forecast.p90_pct == pytest.approx(100 * np.quantile(year_end(one, "shaanxi"), 0.9))
    assert row.status is Status.JUDGED


def correlated(rng, rho, draws=4000):
    """Year-end growth of city and province, standard normal with correlation, as constant single-period growth."""
    z = rng.standard_normal((draws, 2))
    province, city = z[:, 0], rho * z[:, 0] + np.sqrt(1 - rho**2) * z[:, 1]
    spread = np.ones(11)
    return (0.01 + 0.02 * city)[:, None] * spread, (0.02 + 0.02 * province)[:, None] * spread


@pytest.mark.parametrize("rho", [0.0, 0.8])
def test_probability_of_reaching_agrees_with_the_closed_form(rho):
    city, province = correlated(np.random.default_rng(5), rho)
    row = judge_fai(city, province, published={})[0].rows[0]
    exact = stats.norm.cdf(-0.01 / (0.02 * np.sqrt(2 - 2 * rho)))
    assert row.p_reach == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 4000))


def test_correlation_and_a_moving_benchmark_change_the_probability():
    loose = judge_fai(*correlated(np.random.default_rng(5), 0.0), published={})[0].rows[0].p_reach
    city, province = correlated(np.random.default_rng(5), 0.8)
    tied = judge_fai(city, province, published={})[0].rows[0].p_reach
    fixed = judge_fai(city, np.full_like(province, province[:, 0].mean()), published={})[0].rows[0].p_reach
    assert tied < loose - 0.05
    assert tied < fixed - 0.02


@settings(max_examples=20, deadline=None)
@given(st.floats(0.0, 0.05))
def test_probability_falls_when_the_benchmark_rises(rise):
    city, province = correlated(np.random.default_rng(2), 0.5, draws=200)
    before = judge_fai(city, province, published={})[0].rows[0]
    after = judge_fai(city, province + rise, published={})[0].rows[0]
    assert after.p_reach <= before.p_reach
    assert after.p_reach <= after.p_near
    assert 0 < after.p_reach < 1


def test_a_probability_is_never_zero_or_one_and_never_without_error():
    spread = np.full((400, 11), 0.01)
    lost = judge_fai(spread - 0.5, spread, published={})[0].rows[0]
    won = judge_fai(spread + 0.5, spread, published={})[0].rows[0]
    assert lost.p_reach == pytest.approx(0.5 / 401)
    assert won.p_reach == pytest.approx(400.5 / 401)
    assert lost.p_mcse > 0
    assert won.p_mcse > 0


@given(st.integers(1, 10_000), st.data())
def test_bounded_share_keeps_order_and_bounds(n, data):
    k = data.draw(st.integers(0, n))
    assert 0 < bounded_share(k, n) < 1
    assert bounded_share(k, n) + bounded_share(n - k, n) == pytest.approx(1)
    assert abs(bounded_share(k, n) - k / n) <= 0.5 / (n + 1) + 1e-12


def test_a_tie_of_published_figures_is_reached():
    whole_year = dict.fromkeys(range(11), 0.041)
    flat = np.full((50, 11), 0.0)
    observations = figures({"2020-12": 4.1}, {"2020-12": 4.1})
    one = fai_paths(flat, flat, published={"ankang": whole_year, "shaanxi": whole_year})
    found = attain(hm.paths(one, as_of="2020-12"), hm.panel(observations), [hm.target("fai")], hm.config())
    row = found.rows[0]
    assert row.status is Status.REACHED
    assert row.light_now is Light.GREEN
    assert row.required.status is Status.CLOSED
    assert row.required.median_pct is None


def test_a_gap_of_exactly_the_tolerance_is_near():
    short, full = dict.fromkeys(range(11), 0.003), dict.fromkeys(range(11), 0.033)
    assert 0.003 - 0.033 < -0.03, "binary representation puts this tie below the tolerance"
    one = fai_paths(np.zeros((50, 11)), np.zeros((50, 11)), published={"ankang": short, "shaanxi": full})
    row = attain(hm.paths(one), hm.panel(FULL), [hm.target("fai", tolerance_pp=3.0)], hm.config()).rows[0]
    assert row.status is Status.CLOSE


@pytest.mark.parametrize(
    ("city_pct", "status", "said"),
    [
        (4.1, Status.REACHED, "已达到（0.0个百分点）"),
        (4.9, Status.REACHED, "已达到（+0.8个百分点）"),
        (2.2, Status.CLOSE, "接近（-1.9个百分点）"),
        (1.0, Status.MISSED, "未达到（-3.1个百分点）"),
    ],
)
def test_a_published_year_says_how_it_ended_and_has_no_probability(city_pct, status, said):
    ended = {"ankang": dict.fromkeys(range(11), city_pct / 100), "shaanxi": dict.fromkeys(range(11), 0.041)}
    one = fai_paths(np.zeros((50, 11)), np.zeros((50, 11)), published=ended)
    observations = figures({"2020-12": city_pct}, {"2020-12": 4.1})
    found = attain(hm.paths(one, as_of="2020-12"), hm.panel(observations), [hm.target("fai")], hm.config())
    row = found.rows[0]
    assert row.status is status
    assert (row.p_reach, row.p_near, row.p, row.light, row.shortfall_pp) == (None,) * 5
    assert row.year_gap_pp == pytest.approx(city_pct - 4.1)
    assert words.row_status(row, "zh") == said
    assert found.near.judged == 0


def test_light_and_the_one_probability_follow_the_criterion():
    rng = np.random.default_rng(1)
    one = fai_paths(hm.normal_growth(rng, 0.02, 0.01), hm.normal_growth(rng, 0.03, 0.01))
    near, reach = (
        attain(hm.paths(one), hm.panel(FULL), [hm.target("fai", tolerance_pp=3.0)], hm.config(criterion=c)).rows[0]
        for c in ("near", "reach")
    )
    assert (near.p, reach.p) == (near.p_near, near.p_reach)
    assert (near.p_near, near.p_reach) == (reach.p_near, reach.p_reach)
    assert near.p > 0.9 > 0.5 > reach.p
    assert (near.light, reach.light) == (Light.GREEN, Light.RED)


def test_without_a_figure_this_year_no_number_is_said():
    rng = np.random.default_rng(1)
    one = fai_paths(hm.normal_growth(rng, 0.02, 0.01), hm.normal_growth(rng, 0.03, 0.01))
    row = attain(hm.paths(one), hm.panel(figures({}, {"2020-06": 1.0})), [hm.target("fai")], hm.config()).rows[0]
    assert row.status is Status.INSUFFICIENT
    told = (row.forecast, row.benchmark_forecast, row.year_gap_pp, row.p_reach, row.p_near, row.light, row.shortfall_pp)
    assert told == (None,) * 7


def test_a_non_finite_draw_is_an_error_and_not_a_miss():
    rng = np.random.default_rng(1)
    city = hm.normal_growth(rng, 0.0, 0.1)
    city[3, 10] = np.nan
    with pytest.raises(NonFiniteError, match="cum_yoy of fai, ankang"):
        judge_fai(city, hm.normal_growth(rng, 0.0, 0.1))


def test_indicators_with_different_draws_are_refused():
    a = fai_paths(np.zeros((50, 11)), np.zeros((50, 11)))
    b = hm.indicator_paths("retail", {"shaanxi": np.zeros((60, 11)), "ankang": np.zeros((60, 11))})
    with pytest.raises(ValueError, match=r"(?s)align.*draw"):
        attain(hm.paths(a, b), hm.panel(FULL), [hm.target("fai")], hm.config())


def test_a_weight_of_another_unit_order_is_refused_and_not_dropped():
    one = fai_paths(np.zeros((50, 11)), np.zeros((50, 11)))
    wrong = dataclasses.replace(one, base_weight=one.base_weight.assign_coords(unit=["shaanxi", "elsewhere"]))
    with pytest.raises(ValueError, match=r"(?s)align.*unit"):
        attain(hm.paths(wrong), hm.panel(FULL), [hm.target("fai")], hm.config())


def test_the_order_of_dimensions_does_not_matter():
    rng = np.random.default_rng(4)
    one = fai_paths(hm.normal_growth(rng, 0.0, 0.03), hm.normal_growth(rng, 0.01, 0.01))
    turned = dataclasses.replace(
        one,
        **{n: getattr(one, n).transpose("period", "unit", "draw") for n in ("growth", "base_weight", "cum_yoy")},
        published=one.published.transpose("period", "unit"),
    )
    rows = [attain(hm.paths(x), hm.panel(FULL), [hm.target("fai")], hm.config()).rows[0] for x in (one, turned)]
    assert rows[0] == rows[1]


# Required growth


def test_required_growth_equals_the_worked_figure_of_the_speech():
    weights = np.array([0.70 / 7] * 7 + [0.075] * 4)
    cum = np.full((1, 11), -0.136)
    got = required(np.array([0.03]), cum=cum, base_weight=weights[None, :], labels=MONTHS, start=7, open_from=7)
    assert (round(got.median_pct, 1), got.periods, str(got.first)) == (41.7, 4, "2020-09")


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(np.float64, (20, 11), elements=st.floats(-0.3, 0.3)),
    hnp.arrays(np.float64, 20, elements=st.floats(-0.1, 0.3)),
    st.integers(0, 10),
)
def test_required_growth_in_the_actionable_periods_ends_the_year_at_the_target(growth, goal, start):
    cum = np.cumsum(growth * WEIGHT, axis=1) / np.cumsum(WEIGHT)
    weight = np.broadcast_to(WEIGHT, growth.shape)
    got = required(goal, cum=cum, base_weight=weight, labels=MONTHS, start=start, open_from=start)
    answers = []
    for draw in range(20):
        low, high = -20.0, 20.0
        for _ in range(80):
            middle = (low + high) / 2
            trial = growth[draw].copy()
            trial[start:] = middle
            low, high = (middle, high) if (trial * WEIGHT).sum() < goal[draw] else (low, middle)
        answers.append(max(low, -1.0))
    if got.status is Status.OPEN:
        assert got.median_pct == pytest.approx(100 * np.median(answers), abs=1e-6)
        assert got.p10_pct <= got.median_pct <= got.p90_pct
    else:
        assert got.status is Status.ALREADY_MET
        assert np.median(answers) == pytest.approx(-1.0)


def test_september_is_forecast_and_not_demanded():
    rng = np.random.default_rng(9)
    city, province = hm.normal_growth(rng, -0.02, 0.03), hm.normal_growth(rng, 0.03, 0.01)
    found, one = judge_fai(city, province)
    row = found.rows[0]
    assert (row.required.periods, str(row.required.first)) == (3, "2020-10")
    assert (row.required_open.periods, str(row.required_open.first)) == (4, "2020-09")
    to_september = one.cum_yoy.sel(unit="ankang", period="2020-09").to_numpy()
    share = WEIGHT[:8].sum()
    brute = required_growth(year_end(one, "shaanxi"), to_september, share)
    assert row.required.median_pct == pytest.approx(100 * np.median(brute))
    assert row.required.p10_pct == pytest.approx(100 * np.quantile(brute, 0.1))


def test_a_month_of_action_after_the_year_leaves_nothing_to_act_on():
    config = hm.config(first_action_month=Month(hm.YEAR + 1, 1))
    row = judge_fai(np.zeros((40, 11)), np.full((40, 11), 0.02), config=config)[0].rows[0]
    assert row.required.status is Status.NOT_ACTIONABLE
    assert row.required_open.status is Status.OPEN


def test_growth_that_needs_nothing_more_is_already_met():
    row = judge_fai(np.full((40, 11), 9.0), np.full((40, 11), -0.5), published={})[0].rows[0]
    assert row.required.status is Status.ALREADY_MET
    assert row.required.median_pct is None


def test_a_draw_that_needs_nothing_counts_as_no_output_and_not_as_less():
    cum = np.zeros((10, 11))
    goal = np.r_[np.full(3, -0.9), np.full(7, 0.01)]
    weight = np.broadcast_to(WEIGHT, cum.shape)
    got = required(goal, cum=cum, base_weight=weight, labels=MONTHS, start=8, open_from=7)
    assert got.status is Status.OPEN
    assert got.p10_pct == -100.0


# Benchmarks


def test_a_plan_and_positive_growth_are_constants():
    rng = np.random.default_rng(8)
    targets = [
        hm.target("fai", kind=TargetKind.PLAN, value=1.0),
        hm.target("fai", kind=TargetKind.POSITIVE_GROWTH),
    ]
    found, one = judge_fai(hm.normal_growth(rng, 0.01, 0.02), hm.normal_growth(rng, 0.03, 0.01), targets=targets)
    plan, positive = found.rows
    city = hm.printed(year_end(one, "ankang"))
    assert plan.p_reach == pytest.approx(((city >= 1.0).sum() + 0.5) / 401)
    assert positive.p_reach == pytest.approx(((city >= 0).sum() + 0.5) / 401)
    assert (plan.benchmark, plan.target_value, positive.target_value) == (None, 1.0, 0.0)
    assert plan.gap_pp == pytest.approx(-12.0 - 1.0)
    assert plan.benchmark_ytd is None


def test_a_constant_needs_no_figure_of_the_province():
    row = judge_fai(
        np.zeros((40, 11)),
        np.zeros((40, 11)),
        targets=[hm.target("fai", kind=TargetKind.PLAN, value=1.0)],
        observations=figures({"2020-08": -12.0}, {}),
    )[0].rows[0]
    assert row.status is Status.JUDGED
    assert row.evidence is Evidence.THIN


def rank_world(rank, cities=4):
    rng = np.random.default_rng(11)
    names = ["shaanxi", "ankang", *(f"city{i}" for i in range(1, cities))]
    one = hm.indicator_paths("fai", {n: hm.normal_growth(rng, 0.0, 0.05) for n in names})
    observations = [hm.observation(n, "fai", "2020-06", 1.0) for n in names]
    target = hm.target("fai", kind=TargetKind.RANK, value=rank)
    return attain(hm.paths(one), hm.panel(observations, cities=cities), [target], hm.config()), one, names


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_probability_of_a_rank_is_counted_among_siblings(rank):
    found, one, names = rank_world(rank)
    ends = {name: hm.printed(year_end(one, name)) for name in names if name != "shaanxi"}
    hits = 0
    for draw in range(400):
        better = sum(ends[name][draw] > ends["ankang"][draw] for name in ends)
        hits += better + 1 <= rank
    assert found.rows[0].p_reach == pytest.approx((hits + 0.5) / 401)


def test_a_sibling_that_another_contains_is_not_counted_in_a_rank():
    rng = np.random.default_rng(11)
    names = ["shaanxi", "ankang", "city1", "city2", "city3"]
    one = hm.indicator_paths("fai", {n: hm.normal_growth(rng, 0.0, 0.05) for n in names})
    panel = hm.panel([hm.observation(n, "fai", "2020-06", 1.0) for n in names], cities=4)
    within = dataclasses.replace(panel.units["city3"], counted_within="city1")
    contained = dataclasses.replace(panel, units={**panel.units, "city3": within})
    target = hm.target("fai", kind=TargetKind.RANK, value=1.0)
    row = attain(hm.paths(one), contained, [target], hm.config()).rows[0]
    best = np.maximum(year_end(one, "city1"), year_end(one, "city2"))
    assert row.p_reach == pytest.approx(((year_end(one, "ankang") >= best).sum() + 0.5) / 401)


def test_a_rank_without_siblings_is_not_judged():
    row = judge_fai(
        np.zeros((40, 11)), np.zeros((40, 11)), targets=[hm.target("fai", kind=TargetKind.RANK, value=2.0)]
    )[0].rows[0]
    assert row.status is Status.RANK_WITHOUT_SIBLINGS
    assert row.p_reach is None
    assert row.light is None


def test_a_county_is_held_against_its_province():
    rng = np.random.default_rng(3)
    growth = {n: hm.normal_growth(rng, 0.0, 0.03) for n in ("shaanxi", "ankang", "hanbin")}
    observations = [*FULL, hm.observation("hanbin", "fai", "2020-06", 1.0)]
    one = hm.indicator_paths("fai", growth)
    found = attain(hm.paths(one), hm.panel(observations), [hm.target("fai", unit="hanbin")], hm.config())
    assert found.rows[0].benchmark == "shaanxi"
    assert found.near.assessed == 0


# Evidence and lights


@pytest.mark.parametrize(
    ("city", "province", "evidence"),
    [
        ({}, {"2020-06": 1.0}, Evidence.INSUFFICIENT),
        ({"2020-06": 1.0}, {}, Evidence.INSUFFICIENT),
        ({"2019-12": 1.0}, {"2019-12": 1.0, "2020-06": 1.0}, Evidence.INSUFFICIENT),
        ({"2020-06": 1.0}, {"2020-08": 1.0}, Evidence.THIN),
        ({f"2020-{m:02d}": 1.0 for m in (3, 6, 8)}, {"2020-08": 1.0}, Evidence.LIMITED),
        ({f"2020-{m:02d}": 1.0 for m in range(2, 8)}, {"2020-08": 1.0}, Evidence.AMPLE),
        ({f"2020-{m:02d}": 1.0 for m in range(7, 13)}, {"2020-08": 1.0}, Evidence.THIN),
    ],
)
def test_evidence_counts_what_is_out_this_year(city, province, evidence):
    rng = np.random.default_rng(3)
    found, _ = judge_fai(
        hm.normal_growth(rng, 0.0, 0.03), hm.normal_growth(rng, 0.0, 0.03), observations=figures(city, province)
    )
    row = found.rows[0]
    assert row.evidence is evidence
    judged = evidence is not Evidence.INSUFFICIENT
    assert (row.p_reach is not None) is (row.light is not None) is (row.p_near is not None) is judged
    assert found.near.judged == int(judged)
    assert found.near.assessed == 1
    if not judged:
        assert row.light_now is None
        assert row.shortfall_pp is None
        assert row.required.status is Status.NOT_JUDGED
        assert row.missing == (
            (("shaanxi",) if city else ("ankang",)) if not (city and "2019-12" in city) else ("ankang",)
        )
        assert str(row.wanted) == "2020-08"


def test_cumulative_and_single_growth_of_one_month_are_one_point():
    observations = [
        *figures({"2020-07": 1.0, "2020-08": 1.0}, {"2020-08": 1.0}),
        hm.observation("ankang", "fai", "2020-08", 3.0, measure="month_yoy_pct"),
        hm.observation("ankang", "fai", "2020-08", 2.0, measure="rank"),
        hm.observation("ankang", "fai", "2020-06", 3.0, measure="month_yoy_pct"),
    ]
    row = judge_fai(np.zeros((40, 11)), np.zeros((40, 11)), observations=observations)[0].rows[0]
    assert row.points == 3
    assert row.ytd.growth_pct == 1.0


@given(st.integers(0, 20), st.one_of(st.none(), st.integers(0, 20)), st.integers(0, 4))
def test_one_figure_more_never_makes_evidence_worse(own, theirs, behind):
    order = [Evidence.INSUFFICIENT, Evidence.THIN, Evidence.LIMITED, Evidence.AMPLE]

    def level(own: int, theirs: int | None, behind: int) -> int:
        return order.index(classify(own, theirs, EvidenceRule(), behind=behind))

    assert level(own + 1, theirs, behind) >= level(own, theirs, behind)
    assert level(own, theirs, behind + 1) <= level(own, theirs, behind)
    if theirs is not None:
        assert level(own, theirs + 1, max(behind - 1, 0)) >= level(own, theirs, behind)


@pytest.mark.parametrize(
    ("last", "evidence"), [(8, Evidence.AMPLE), (7, Evidence.LIMITED), (6, Evidence.THIN), (3, Evidence.THIN)]
)
def test_the_verdict_holds_back_where_the_benchmark_is_older_than_the_citys_figures(last, evidence):
    """All months through August of the city; the province's last is one or more months before."""
    city = {f"2020-{m:02d}": 1.0 for m in range(2, 9)}
    rng = np.random.default_rng(3)
    found, _ = judge_fai(
        hm.normal_growth(rng, 0.05, 0.01),
        hm.normal_growth(rng, 0.0, 0.01),
        observations=figures(city, {f"2020-{last:02d}": 1.0}),
    )
    row = found.rows[0]
    assert row.evidence is evidence
    said = "\n".join(notes(found, "zh"))
    assert ("对方截至" in said) is (last < 8)
    assert (f"本市截至8月，对方截至{last}月" in said) is (last < 8)


def test_growth_to_date_carries_its_own_month_and_is_compared_at_the_common_one():
    observations = figures({"2020-03": -29.6, "2020-06": -21.8}, {"2020-06": 1.0, "2020-08": 0.8})
    row = judge_fai(np.zeros((40, 11)), np.zeros((40, 11)), observations=observations)[0].rows[0]
    assert (str(row.ytd.period), str(row.benchmark_ytd.period), str(row.gap_period)) == (
        "2020-06",
        "2020-08",
        "2020-06",
    )
    assert row.gap_pp == pytest.approx(-22.8)
    assert row.light_now is Light.RED


def test_the_gap_is_that_of_the_common_month_when_the_city_is_ahead():
    observations = figures({"2020-06": -21.8, "2020-08": -10.0}, {"2020-06": 1.0})
    row = judge_fai(np.zeros((40, 11)), np.zeros((40, 11)), observations=observations)[0].rows[0]
    assert (row.ytd.growth_pct, row.gap_pp, str(row.gap_period)) == (-10.0, pytest.approx(-22.8), "2020-06")


def test_without_a_common_month_there_is_no_light_now():
    observations = figures({"2020-03": -29.6}, {"2020-08": 0.8})
    row = judge_fai(np.zeros((40, 11)), np.zeros((40, 11)), observations=observations)[0].rows[0]
    assert (row.gap_pp, row.light_now) == (None, None)
    assert row.light is not None


def test_later_figures_are_not_seen():
    late = [*FULL, hm.observation("ankang", "fai", "2020-10", 99.0), hm.observation("shaanxi", "fai", "2020-10", 9.0)]
    rng = np.random.default_rng(3)
    city, province = hm.normal_growth(rng, 0.0, 0.03), hm.normal_growth(rng, 0.0, 0.03)
    before, after = (judge_fai(city, province, observations=o)[0].rows[0] for o in (FULL, late))
    assert before == after


@pytest.mark.parametrize(
    ("gap", "light"),
    [(0.0, Light.GREEN), (3.0, Light.GREEN), (-0.1, Light.YELLOW), (-2.0, Light.YELLOW), (-2.1, Light.RED)],
)
def test_light_now_follows_the_published_gap(gap, light):
    assert light_now(gap, 2.0) is light
    assert light_now((5.3 + gap) - 5.3, 2.0) is light


@pytest.mark.parametrize(
    ("p", "light"), [(0.8, Light.GREEN), (0.79, Light.YELLOW), (0.5, Light.YELLOW), (0.49, Light.RED)]
)
def test_light_ahead_follows_the_rule_of_the_data_set(p, light):
    assert light_ahead(p, LightRule(rule="gap", green_from=0.8, yellow_from=0.5)) is light


@given(st.floats(-10, 10), st.floats(0, 5))
def test_a_light_never_improves_when_the_gap_falls(gap, fall):
    order = [Light.RED, Light.YELLOW, Light.GREEN]
    assert order.index(light_now(gap - fall, 2.0)) <= order.index(light_now(gap, 2.0))


def test_a_failed_gate_travels_with_the_row():
    row = judge_fai(np.zeros((40, 11)), np.zeros((40, 11)), status="failed: rhat 1.2")[0].rows[0]
    assert row.diagnostics == "failed: rhat 1.2"


def test_synthetic_share_counts_the_unit_its_benchmark_and_their_parents():
    observations = [
        *figures({"2020-08": 1.0}, {"2020-08": 1.0}),
        hm.observation("china", "fai", "2020-08", 1.0, status="synthetic"),
        hm.observation("hanbin", "fai", "2020-08", 1.0, status="synthetic"),
        hm.observation("ankang", "retail", "2020-08", 1.0, status="synthetic"),
    ]
    row = judge_fai(np.zeros((40, 11)), np.zeros((40, 11)), observations=observations)[0].rows[0]
    assert row.synthetic_share == pytest.approx(1 / 3)
    absent = attain(
        hm.paths(fai_paths(np.zeros((4, 11)), np.zeros((4, 11)))), hm.panel([]), [hm.target("gdp")], hm.config()
    )
    assert absent.rows[0].synthetic_share is None
    assert absent.rows[0].status is Status.INSUFFICIENT


def test_a_target_with_figures_but_without_draws_says_so():
    other = hm.indicator_paths("retail", {"shaanxi": np.zeros((4, 11)), "ankang": np.zeros((4, 11))})
    row = attain(hm.paths(other), hm.panel(FULL), [hm.target("fai")], hm.config()).rows[0]
    assert row.status is Status.NO_DRAWS
    assert row.p_reach is None
    assert row.light_now is Light.RED


# Joint attainment


@given(hnp.arrays(np.bool_, st.tuples(st.integers(1, 5), st.integers(1, 40))))
def test_joint_attainment_equals_counting_draw_by_draw(hits):
    k_max, n = hits.shape
    got = joint({f"i{k}": hits[k] for k in range(k_max)}, criterion=Criterion.REACH, assessed=k_max, ess=n)
    counts = [sum(bool(hits[k, d]) for k in range(k_max)) for d in range(n)]
    for k in range(1, k_max + 1):
        brute = sum(c >= k for c in counts)
        assert got.at_least[k] == pytest.approx((brute + 0.5) / (n + 1))
    assert got.p_all == got.at_least[-1]
    assert got.at_least[0] == 1.0
    assert all(a >= b for a, b in itertools.pairwise(got.at_least))
    assert got.expected == pytest.approx(sum(hits[k].mean() for k in range(k_max)))
    assert got.p10 <= got.p50 <= got.p90


def test_quantiles_of_the_number_are_numbers_that_occur():
    hits = {"a": np.array([False, True])}
    got = joint(hits, criterion=Criterion.REACH, assessed=1, ess=2)
    assert (got.p10, got.p50, got.p90) == (0, 0, 1)


def test_joint_attainment_of_independent_indicators_is_binomial():
    rng = np.random.default_rng(0)
    hits = rng.random((4, 20_000)) < 0.3
    got = joint(dict(zip("abcd", hits, strict=True)), criterion=Criterion.NEAR, assessed=5, ess=20_000)
    for k in range(1, 5):
        exact = stats.binom.sf(k - 1, 4, 0.3)
        assert got.at_least[k] == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 20_000) + 1e-4)
    assert (got.judged, got.assessed) == (4, 5)


def test_the_same_draw_is_the_same_world_in_all_indicators():
    rng = np.random.default_rng(6)
    city, province = hm.normal_growth(rng, 0.0, 0.05), np.zeros((400, 11))
    observations = FULL + figures({"2020-08": 1.0}, {"2020-08": 1.0}, "retail")

    def both(retail):
        one = fai_paths(city, province, published={})
        two = hm.indicator_paths("retail", {"shaanxi": province, "ankang": retail})
        targets = [hm.target("fai"), hm.target("retail")]
        return attain(hm.paths(one, two), hm.panel(observations), targets, hm.config())

    same, opposite = both(city), both(-city)
    assert same.reach.p_all == pytest.approx(same.rows[0].p_reach)
    assert opposite.reach.p_all < 0.05
    assert same.reach.expected == pytest.approx(opposite.reach.expected, abs=0.2)


def test_only_the_citys_assessed_averages_with_evidence_are_counted():
    zeros = np.zeros((40, 11))
    names = ("fai", "retail", "ind_va", "retail_above")
    all_paths = [hm.indicator_paths(n, {"shaanxi": zeros, "ankang": zeros}) for n in names]
    observations = [o for n in ("fai", "retail", "ind_va") for o in figures({"2020-08": 1.0}, {"2020-08": 1.0}, n)]
    targets = [
        hm.target("fai"),
        hm.target("fai", kind=TargetKind.PLAN, value=1.0),
        hm.target("retail", assessed=False),
        hm.target("retail_above"),
        hm.target("ind_va"),
    ]
    found = attain(hm.paths(*all_paths), hm.panel(observations), targets, hm.config())
    assert found.near.indicators == ("ind_va", "fai")
    assert (found.near.assessed, found.near.judged) == (3, 2)
    assert [r.target.indicator for r in found.rows] == ["ind_va", "fai", "fai", "retail", "retail_above"]


def test_units_of_an_indicator_are_in_official_order():
    targets = [hm.target("fai", unit="hanbin"), hm.target("fai", unit="ankang")]
    found = attain(hm.paths(), hm.panel([]), targets, hm.config())
    assert [row.target.unit for row in found.rows] == ["ankang", "hanbin"]


def test_nothing_judged_is_a_state_and_not_a_number():
    found = attain(hm.paths(), hm.panel([]), [hm.target("fai")], hm.config())
    assert found.near.p_all is None
    assert found.near.p50 is None
    assert found.near.judged == 0


def test_the_hardest_and_the_most_winnable_are_named():
    rng = np.random.default_rng(6)
    province = np.zeros((400, 11))
    means = {"ind_va": -0.20, "fai": -0.022, "retail": 0.10}
    all_paths = [
        hm.indicator_paths(n, {"shaanxi": province, "ankang": hm.normal_growth(rng, m, 0.03)}) for n, m in means.items()
    ]
    observations = [o for n in means for o in figures({"2020-08": 1.0}, {"2020-08": 1.0}, n)]
    found = attain(hm.paths(*all_paths), hm.panel(observations), [hm.target(n) for n in means], hm.config())
    assert (found.hardest, found.winnable) == ("ind_va", "fai")
    assert 0.3 < found.rows[1].p_near < 0.7


def test_one_indicators_row_does_not_depend_on_the_others():
    rng = np.random.default_rng(6)
    fai = fai_paths(hm.normal_growth(rng, 0.0, 0.05), hm.normal_growth(rng, 0.0, 0.02))
    retail = hm.indicator_paths("retail", {"shaanxi": np.zeros((400, 11)), "ankang": np.zeros((400, 11))})
    observations = hm.panel(FULL + figures({"2020-08": 1.0}, {"2020-08": 1.0}, "retail"))
    alone = attain(hm.paths(fai), observations, [hm.target("fai")], hm.config())
    together = attain(hm.paths(fai, retail), observations, [hm.target("retail"), hm.target("fai")], hm.config())
    assert alone.rows[0] == together.rows[0]


def test_what_is_very_difficult_is_not_called_winnable():
    rng = np.random.default_rng(6)
    means = {"ind_va": -0.20, "fai": -0.10}
    all_paths = [
        hm.indicator_paths(n, {"shaanxi": np.zeros((400, 11)), "ankang": hm.normal_growth(rng, m, 0.03)})
        for n, m in means.items()
    ]
    observations = [o for n in means for o in figures({"2020-08": 1.0}, {"2020-08": 1.0}, n)]
    found = attain(hm.paths(*all_paths), hm.panel(observations), [hm.target(n) for n in means], hm.config())
    assert (found.hardest, found.winnable) == ("ind_va", None)
