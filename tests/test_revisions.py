"""Figures that are corrected after their first print: learnt from vintages, carried into both kinds of families."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest

from forecast.data.panel import Panel, known, release_rule
from forecast.inference.measure import corrections, measure, prints
from forecast.inference.model import Figures, Measurements, log_growth
from forecast.inference.priors import NOISE_RATIOS, REVISION_PRIOR_FIGURES
from forecast.inference.regular.factors import DESIGN, Grid, decomposed
from forecast.inference.regular.incomplete import draw_missing, series
from forecast.inference.regular.regular import common_grid, placed
from forecast.inference.sampling import fit
from forecast.periods import AsOf, Frequency, Month, default_profile
from tests import handmade as hm
from tests.synthetic import full_year, truth

YEARS, LAST, CITIES, LATER = 5, 7, 4, dt.timedelta(days=70)
DAY = release_rule(Month(2020, 8))


def world(seed: int, error_pp: float, *, gaps: bool = False) -> tuple[Panel, dict[str, float]]:
    """A province and four cities, prints corrected after 70 days; full-year growth that stays, percent."""
    rng = np.random.default_rng(seed)
    weight, months = default_profile(Frequency.MONTHLY), Frequency.MONTHLY.months
    index = truth(rng, 11 * YEARS, 11, CITIES + 1, 0.008)
    names = ["shaanxi", "ankang", *(f"city{i}" for i in range(1, CITIES))]
    observations, final = [], {}
    for name, path in zip(names, index, strict=True):
        time = np.arange(11, 11 * YEARS)
        ones = np.ones(len(time))
        figures = Figures(weight=weight, time=time, cumulative=ones > 0, log_growth=0 * ones, noise_sd=ones)
        growth = np.round(100 * np.expm1(log_growth(path, figures)), 1)
        final[name] = float(growth[-1])
        for t, stays in zip(time[: 11 * (YEARS - 2) + LAST], growth, strict=False):
            month = Month(2021 - YEARS + t // 11, months[t % 11])
            printed = round(float(stays + error_pp * rng.standard_normal()), 1)
            if gaps and rng.random() < 0.5 and month != Month(2020, 8):
                continue
            observations.append(hm.observation(name, "fai", str(month), printed))
            if (later := release_rule(month) + LATER) <= DAY and printed != stays:
                observations.append(hm.observation(name, "fai", str(month), float(stays), released=later))
    panel = hm.panel(observations, cities=CITIES)
    units = {u: dataclasses.replace(one, parent=None) if u == "shaanxi" else one for u, one in panel.units.items()}
    return dataclasses.replace(panel, units={u: one for u, one in units.items() if u != "china"}), final


def measured(panel: Panel) -> Measurements:
    return measure(panel, known(panel, AsOf.parse("2020-08")), panel.indicators["fai"], target_year=2020)


def gaps_covered(m: Measurements, final: dict[str, float], seed: int) -> list[bool]:
    """Whether the 80 % interval of the year-end gap of every city holds what stayed."""
    growth = 100 * full_year(m, fit(m, method="fast", seed=seed, name="x", draws=1000))
    gap = growth - growth[:, [m.units.index("shaanxi")]]
    found = []
    for name in final.keys() - {"shaanxi"}:
        low, high = np.quantile(gap[:, m.units.index(name)], [0.1, 0.9])
        found.append(bool(low <= final[name] - final["shaanxi"] <= high))
    return found


@pytest.mark.parametrize("gaps", [False, True])
def test_intervals_of_the_gap_cover_where_first_prints_are_corrected(gaps):
    """Nominal .80; without the corrections regular figures cover .55 (60 worlds)."""
    covered = [hit for seed in range(8 if gaps else 16) for hit in gaps_covered(*_world(seed, 0.6, gaps), seed)]
    assert np.mean(covered) >= 0.8 - 0.08 - np.sqrt(0.8 * 0.2 / len(covered))


def _world(seed: int, error_pp: float, gaps: bool) -> tuple[Measurements, dict[str, float]]:
    panel, final = world(seed, error_pp, gaps=gaps)
    return measured(panel), final


def test_what_is_learnt_is_the_mean_square_of_past_corrections_shrunk_to_the_prior():
    panel, _ = world(1, 0.6)
    rows = panel.observations
    m = measured(panel)
    firsts = rows.sort_values("released", kind="stable").groupby(["unit", "period"], sort=False)["value"].first()
    lasts = rows.sort_values("released", kind="stable").groupby(["unit", "period"], sort=False)["value"].last()
    settled = np.array([release_rule(p) + LATER <= DAY for _, p in firsts.index])
    error = np.log1p(lasts[settled].to_numpy() / 100) - np.log1p(firsts[settled].to_numpy() / 100)
    prior = 0.0025**2 * REVISION_PRIOR_FIGURES
    expected = np.sqrt(((error**2).sum() + prior) / (len(error) + REVISION_PRIOR_FIGURES))
    recent = m.time >= m.per_year * (m.years - 1) + LAST - 3  # June to August: out for fewer than 70 days
    np.testing.assert_allclose(m.corrections[recent], expected, rtol=1e-9)
    assert (m.corrections[~recent] == 0).all()
    assert expected == pytest.approx(0.006, rel=0.15)


def test_figures_that_are_still_to_be_corrected_say_nothing_of_the_scale_unless_they_are_too_many():
    m = measured(world(1, 0.6)[0])
    grid = common_grid(m, (0,), None, root=True)
    assert grid is not None
    root, child = (series(m, unit, grid) for unit in (0, 1))
    assert len(root.unsettled) > 0
    assert len(root.missing) == 0
    np.testing.assert_array_equal(root.silent, np.sort(root.unsettled))
    found, _ = placed(grid, [child], m.usual_rounding([1]), m.scale[1:2], above=root)
    np.testing.assert_array_equal(found.missing[0], np.union1d(root.unsettled, child.unsettled))
    many = dataclasses.replace(root, unsettled=np.arange(grid.observed), error_sd=np.ones(grid.observed))
    assert len(many.silent) == 0


def test_spreads_of_the_gap_are_those_of_errors_where_first_prints_are_corrected():
    """Mean square of errors over that of spreads; before, .51 (240 gaps)."""
    error, spread = [], []
    for seed in range(12):
        panel, final = world(seed, 0.6)
        m = measured(panel)
        growth = 100 * full_year(m, fit(m, method="fast", seed=seed, name="x", draws=500))
        for name in sorted(final.keys() - {"shaanxi"}):
            gap = growth[:, m.units.index(name)] - growth[:, m.units.index("shaanxi")]
            error.append(np.median(gap) - (final[name] - final["shaanxi"]))
            spread.append(gap.std())
    ratio = np.sqrt(np.mean(np.square(error)) / np.mean(np.square(spread)))
    slack = 3 / np.sqrt(2 * len(error) / 2)  # four cities of a world as two
    assert 0.75 * (1 - slack) <= ratio <= 1.35 * (1 + slack)


def test_figures_that_were_never_corrected_are_taken_as_they_stand():
    panel, _ = world(1, 0.0)
    assert (measured(panel).corrections == 0).all()
    plain = dataclasses.replace(panel, observations=panel.observations.drop(columns="released"))
    seen = known(panel, AsOf.parse("2020-08")).drop(columns="released")
    assert (measure(plain, seen, panel.indicators["fai"], target_year=2020).corrections == 0).all()


@pytest.mark.parametrize("poison", [-50.0, 3.0, 1e9])
def test_no_print_that_is_not_out_enters(poison):
    panel, _ = world(2, 0.6)
    late = hm.observation("ankang", "fai", "2020-07", poison, released=AsOf.parse("2020-08").day + dt.timedelta(days=1))
    poisoned = dataclasses.replace(
        panel, observations=pd.concat([panel.observations, pd.DataFrame([late])], ignore_index=True)
    )
    for name in ("log_growth", "revision_sd"):
        np.testing.assert_array_equal(getattr(measured(panel), name), getattr(measured(poisoned), name))


def test_the_print_that_stood_at_an_age_is_the_last_one_by_then():
    days = [dt.date(2020, 3, 20), dt.date(2020, 4, 20), dt.date(2020, 6, 20)]
    observations = [
        hm.observation("shaanxi", "fai", "2020-02", value, released=day)
        for value, day in zip((1.0, 2.0, 4.0), days, strict=True)
    ]
    observations.append(hm.observation("shaanxi", "fai", "2020-08", 0.0))
    panel = hm.panel(observations)
    seen = known(panel, AsOf.parse("2020-08"))
    found = prints(panel, seen, panel.indicators["fai"])
    assert found.horizon == 92
    for age, stood in ((0, 1.0), (30, 1.0), (31, 2.0), (91, 2.0), (92, 4.0)):
        np.testing.assert_allclose(found.errors(age), [np.log1p(0.04) - np.log1p(stood / 100)])
    sd = corrections(panel, seen, seen, panel.indicators["fai"])
    assert sd[0] == 0
    assert sd[1] > 0


def test_a_figure_seen_with_an_error_is_drawn_from_the_dense_conditional_normal():
    """Six figures, the last two seen with errors: mean and covariance of what stays, by the whole covariance."""
    grid, scale, error = Grid(per_year=4, years=1, known=2), 0.02, np.array([0.004, 0.01])
    known_ = decomposed(DESIGN[:1], grid)
    ratio = 5
    covariance = scale**2 * (
        known_.axes[0] @ np.diag(known_.eigenvalue[0] + NOISE_RATIOS[ratio] ** 2) @ known_.axes[0].T
    )
    figures = np.array([0.01, 0.02, -0.01, 0.0, 0.03, 0.04])
    noisy = covariance + np.diag([0, 0, 0, 0, *error**2])
    gain = covariance[4:] @ np.linalg.inv(noisy)
    mean, left = gain @ figures, covariance[4:, 4:] - gain @ covariance[:, 4:]
    draws, rows = 40000, np.array([4, 5])
    rng = np.random.default_rng(1)
    moved, rotated = draw_missing(
        known_.axes[:1][:, rows],
        known_.precision[:1, ratio],
        np.zeros(draws, dtype=int),
        np.tile(known_.axes[0].T @ figures, (draws, 1)),
        scale * rng.standard_normal((draws, 2)),
        np.tile(scale**2 / error**2, (draws, 1)),
    )
    stays = figures[4:] + moved
    np.testing.assert_allclose(stays.mean(0), mean, atol=4 * np.sqrt(np.diag(left) / draws).max())
    np.testing.assert_allclose(np.cov(stays.T), left, atol=4 * np.diag(left).max() * np.sqrt(2 / draws))
    np.testing.assert_allclose((rotated @ known_.axes[0].T)[:, 4:], stays, atol=1e-12)
