"""Growth arithmetic: printed figures of official releases, brute force on levels, and invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from forecast import growth as gr
from forecast.periods import Frequency, default_profile

# Base profile of the restart fixture, January-February first.
PROFILE = np.array([0.13, 0.085, 0.083, 0.085, 0.088, 0.082, 0.083, 0.087, 0.087, 0.092, 0.098])
EQUAL = np.arange(1, 13) / 12.0

levels = hnp.arrays(np.float64, 11, elements=st.floats(0.5, 50.0))
growths = hnp.arrays(np.float64, 11, elements=st.floats(-0.9, 3.0))


def percent(fraction: object, digits: int = 1) -> float:
    """Percent as printed; adding 0 turns -0.0 into 0.0."""
    return round(float(np.asarray(fraction)) * 100.0, digits) + 0.0


@pytest.mark.parametrize(
    ("to_date", "weight", "target", "printed"),
    [
        (-13.6, 0.70, -5.0, 15.1),
        (-13.6, 0.70, 0.0, 31.7),
        (-13.6, 0.70, 1.0, 35.1),
        (-13.6, 0.70, 3.0, 41.7),
        (-13.6, 0.70, 4.1, 45.4),
        (-13.6, 0.66, -5.0, 11.7),
        (-13.6, 0.66, 0.0, 26.4),
        (-13.6, 0.66, 1.0, 29.3),
        (-13.6, 0.66, 3.0, 35.2),
        (-13.6, 0.66, 4.1, 38.5),
        (-12.2, 0.43, 0.0, 9.2),
        (-12.2, 0.43, 2.2, 13.1),
        (-12.2, 0.43, 3.0, 14.5),
        (-10.1, 0.64, 0.0, 18.0),
    ],
)
def test_required_growth_equals_the_worked_figures(to_date, weight, target, printed):
    assert percent(gr.required_growth(target / 100, to_date / 100, weight)) == printed


@given(levels, growths, st.integers(0, 10), st.floats(-0.5, 1.0))
def test_producing_the_required_growth_reaches_the_target_on_levels(base, growth, k, target):
    current = base * (1 + growth)
    total = base.sum()
    weight = base[:k].sum() / total
    cum = current[:k].sum() / base[:k].sum() - 1 if k else 0.0
    required = float(gr.required_growth(target, cum, weight))
    year_end = (current[:k].sum() + (base[k:] * (1 + required)).sum()) / total - 1
    assert year_end == pytest.approx(target, abs=1e-9)
    level = float(gr.required_level(target, base_total=total, level_to_date=current[:k].sum()))
    assert (base[k:] * (1 + required)).sum() == pytest.approx(level, abs=1e-7)


def test_required_growth_is_vectorised_over_draws():
    target, cum = np.array([0.01, 0.03]), np.array([-0.136, -0.136])
    both = gr.required_growth(target, cum, 0.70)
    assert both.shape == (2,)
    assert [percent(x) for x in both] == [35.1, 41.7]


def test_required_growth_refuses_a_year_that_is_over():
    with pytest.raises(ValueError, match="must be in"):
        gr.required_growth(0.0, 0.0, 1.0)


@given(levels, growths)
def test_cumulative_growth_equals_the_ratio_of_summed_levels(base, growth):
    current = base * (1 + growth)
    brute = [current[: k + 1].sum() / base[: k + 1].sum() - 1 for k in range(11)]
    assert gr.cumulative(growth, base / base.sum()) == pytest.approx(np.array(brute), abs=1e-9)
    assert gr.cumulative(growth, base) == pytest.approx(np.array(brute), abs=1e-9)


@given(levels, growths)
def test_single_periods_come_back_from_unrounded_cumulative_growth(base, growth):
    weight = np.cumsum(base) / base.sum()
    cum = gr.cumulative(growth, base)
    back = gr.single_period(cum[1:], cum[:-1], weight_now=weight[1:], weight_before=weight[:-1])
    assert back == pytest.approx(growth[1:], abs=1e-7)
    first = gr.single_period(cum[0], 0.0, weight_now=weight[0], weight_before=0.0)
    assert float(first) == pytest.approx(growth[0], abs=1e-9)


@given(levels, growths)
def test_rounding_never_moves_a_single_period_beyond_its_stated_error(base, growth):
    weight = np.cumsum(base) / base.sum()
    cum = gr.cumulative(growth, base)
    printed = np.round(cum, 3)
    back = gr.single_period(printed[1:], printed[:-1], weight_now=weight[1:], weight_before=weight[:-1])
    worst = gr.rounding_error(weight_now=weight[1:], weight_before=weight[:-1])
    assert np.all(np.abs(back - growth[1:]) <= worst + 1e-7)


@pytest.mark.parametrize(("k", "worst", "sd"), [(8, 0.75, 0.31), (9, 0.85, 0.35), (12, 1.15, 0.47)])
def test_rounding_error_has_the_derived_size(k, worst, sd):
    weights = {"weight_now": EQUAL[k - 1], "weight_before": EQUAL[k - 2]}
    assert percent(gr.rounding_error(**weights), 2) == worst
    assert percent(gr.rounding_sd(**weights), 2) == sd


def test_rounding_sd_agrees_with_simulation():
    rng = np.random.default_rng(7)
    noise = rng.uniform(-0.0005, 0.0005, (2, 40_000))
    got = gr.single_period(noise[0], noise[1], weight_now=EQUAL[7], weight_before=EQUAL[6]).std()
    exact = float(gr.rounding_sd(weight_now=EQUAL[7], weight_before=EQUAL[6]))
    assert got == pytest.approx(exact, rel=4 / np.sqrt(2 * 40_000))


def test_single_month_of_the_speech_lies_in_the_derived_range():
    fai = gr.single_period(-0.136, -0.156, weight_now=EQUAL[7], weight_before=EQUAL[6])
    retail = gr.single_period(-0.101, -0.124, weight_now=EQUAL[7], weight_before=EQUAL[6])
    assert -0.02 < fai < 0.01
    assert 0.03 < retail < 0.07


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.4, 0.5), (0.4, -0.1)])
def test_weights_that_do_not_rise_are_refused(weights):
    with pytest.raises(ValueError, match="must rise"):
        gr.single_period(0.0, 0.0, weight_now=weights[0], weight_before=weights[1])


def test_published_months_leave_the_residuals_of_shaanxi_2020():
    july = gr.identity_residual(0.003, 0.010, -0.008, weight_now=EQUAL[6], weight_before=EQUAL[5])
    august = gr.identity_residual(0.008, 0.003, 0.071, weight_now=EQUAL[7], weight_before=EQUAL[6])
    assert percent(july, 2) == -0.44
    assert percent(august, 2) == -0.35
    worst_rounding = 2 * gr.ROUNDING_HALF_UNIT
    assert abs(july) > worst_rounding
    assert abs(august) > worst_rounding
    implied = gr.single_period(
        np.array([0.003, 0.008]),
        np.array([0.010, 0.003]),
        weight_now=EQUAL[6:8],
        weight_before=EQUAL[5:7],
    )
    assert np.all(np.abs(implied) < 0.20)


@given(levels, growths)
def test_unrounded_series_leave_no_residual(base, growth):
    weight = np.cumsum(base) / base.sum()
    cum = gr.cumulative(growth, base)
    residual = gr.identity_residual(cum[1:], cum[:-1], growth[1:], weight_now=weight[1:], weight_before=weight[:-1])
    assert np.all(np.abs(residual) < 1e-9)


@given(levels, growths)
def test_a_period_lifts_the_cumulative_exactly_if_it_grows_faster(base, growth):
    cum = gr.cumulative(growth, base)
    clear = np.abs(growth[1:] - cum[:-1]) > 1e-6
    lifted = np.diff(cum) > 0
    assert np.array_equal(gr.raises_cumulative(growth[1:], cum[:-1])[clear], lifted[clear])


def test_january_and_february_are_one_period_with_the_weight_of_both():
    rng = np.random.default_rng(3)
    growth = rng.normal(0.0, 0.1, 11)
    months_base = np.ones(12)
    months_now = np.concatenate([[1 + growth[0]] * 2, 1 + growth[1:]])
    brute = np.cumsum(months_now) / np.cumsum(months_base) - 1
    assert gr.cumulative(growth, default_profile(Frequency.MONTHLY)) == pytest.approx(brute[1:])


def test_pulls_of_zhangye_add_up_to_the_published_growth():
    shares, growth = np.array([0.282, 0.309, 0.395]), np.array([0.078, 0.430, -0.038])
    pulls = gr.pull(shares, growth)
    assert [percent(x) for x in pulls] == [2.2, 13.3, -1.5]
    assert percent(gr.total_growth(shares, growth)) == 14.0
    assert round(sum(percent(x) for x in pulls), 1) == 14.0


def test_contribution_rate_of_ankang_2022_equals_the_published_one():
    # Consumer goods grew 30.5 % and pulled 13.1 of 19.5 points; published contribution 67.2 %.
    assert percent(gr.contribution_rate(0.131 / 0.305, 0.305, total=0.195)) == 67.2


@given(hnp.arrays(np.float64, 5, elements=st.floats(0.1, 9.0)), hnp.arrays(np.float64, 5, elements=st.floats(-0.9, 2)))
def test_pulls_sum_to_the_growth_of_summed_levels(base, growth):
    brute = (base * (1 + growth)).sum() / base.sum() - 1
    assert float(gr.total_growth(base / base.sum(), growth)) == pytest.approx(brute, abs=1e-9)


@pytest.mark.parametrize(("average", "latest", "printed"), [(-0.087, 0.066, -21.8), (-0.121, 0.098, -29.6)])
def test_two_year_averages_of_2021_give_the_fall_of_2020(average, latest, printed):
    assert percent(gr.previous_growth(average, latest)) == printed


def test_the_two_routes_to_the_first_half_of_2020_agree():
    hanbin, lead = -0.152, 0.066
    assert percent(gr.previous_growth(-0.087, 0.066)) == percent(hanbin - lead) == -21.8


@given(st.floats(-0.9, 3.0), st.floats(-0.9, 3.0))
def test_two_year_average_is_inverted(previous, latest):
    average = gr.two_year_average(previous, latest)
    assert float(gr.previous_growth(average, latest)) == pytest.approx(previous, abs=1e-9)
    assert (1 + float(average)) ** 2 == pytest.approx((1 + previous) * (1 + latest))


def test_ratio_of_levels_is_not_the_published_growth():
    assert percent(gr.level_growth(26181.86, 25793.17)) == 1.5
    published = 0.022
    assert percent(gr.level_growth(26181.86, gr.comparable_base(26181.86, published))) == 2.2
    assert float(gr.comparable_base(26181.86, published)) < 25793.17


@pytest.mark.parametrize(
    ("first", "recovery", "printed"),
    [
        (8, 1.0, 2.7),
        (8, 0.6, 1.6),
        (8, (0.3, 0.6, 0.8), 1.5),
        (9, 0.6, 1.1),
        (10, 0.6, 0.6),
        (7, 1.0, 3.5),
    ],
)
def test_restart_of_the_halted_enterprises_lifts_as_worked_out(first, recovery, printed):
    assert PROFILE.sum() == pytest.approx(1.0)
    assert percent(gr.restart_lift(0.096, PROFILE[first:], recovery)) == printed


def test_what_was_lost_before_a_restart_never_comes_back():
    full = gr.restart_lift(0.096, PROFILE[8:], 1.0)
    assert percent(0.096 - full) == 6.9
    delay = full - gr.restart_lift(0.096, PROFILE[9:], 1.0)
    assert percent(delay) in (0.8, 0.9)


@given(levels, st.floats(0.01, 0.5), hnp.arrays(np.float64, 11, elements=st.floats(0.0, 1.2)), st.integers(0, 10))
def test_restart_lift_equals_brute_force_on_levels(base, share, recovery, first):
    recovery[:first] = 0.0
    group = share * base
    others = (base - group).sum() * 1.03
    stopped = others / base.sum() - 1
    running = (others + (group * recovery).sum()) / base.sum() - 1
    lift = gr.restart_lift(share, (base / base.sum())[first:], recovery[first:])
    assert float(lift) == pytest.approx(running - stopped, abs=1e-9)


def test_exit_with_its_base_kept_is_the_drag_worked_out():
    assert percent(gr.exit_keeping_base(0.05, 0.02)) == -3.1
    assert percent(gr.exit_with_base(0.02)) == 2.0


@given(st.floats(0.0, 0.9), st.floats(-0.9, 2.0))
def test_a_kept_base_costs_share_times_the_growth_factor(share, others):
    cost = gr.exit_with_base(others) - gr.exit_keeping_base(share, others)
    assert float(cost) == pytest.approx(share * (1 + others), abs=1e-12)
    base = np.array([share, 1 - share])
    brute = (base[1] * (1 + others)) / base.sum() - 1
    assert float(gr.exit_keeping_base(share, others)) == pytest.approx(brute, abs=1e-12)


@given(st.floats(0.0, 100.0))
def test_an_annual_entrant_adds_exactly_nothing_this_year(output):
    assert float(gr.entrant_lift(output, base_total=1000.0, channel=gr.EntryChannel.ANNUAL)) == 0.0
    monthly = gr.entrant_lift(output, base_total=1000.0, channel=gr.EntryChannel.MONTHLY)
    assert float(monthly) == pytest.approx((1000.0 + output) / 1000.0 - 1.0, abs=1e-12)
