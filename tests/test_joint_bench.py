"""Joint calibration in worlds of a known structure, and what the benchmark of the number attained may see."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

import joint as bench

from forecast.draws.paths import Level
from forecast.periods import Frequency

WORLDS = 60


@pytest.fixture(scope="module")
def made():
    return [bench.world(seed, bench.structures("prior", seed), draws=500) for seed in range(WORLDS)]


@pytest.mark.parametrize("what", ["gap", "growth"])
def test_the_number_attained_is_calibrated_in_worlds_of_the_prior(made, what):
    """Its place among the draws is uniform (Kolmogorov-Smirnov, one in a thousand), its mean within four errors."""
    place = np.array([counts[what].pit for counts, _ in made])
    assert kstest(place, "uniform").pvalue > 1e-3
    assert place.mean() == pytest.approx(0.5, abs=4 / np.sqrt(12 * WORLDS))


def test_all_attained_is_as_frequent_as_it_says(made):
    """Within four standard errors of a sum of unequal chances."""
    for what in ("gap", "growth"):
        chances = np.array([counts[what].p_all for counts, _ in made])
        hits = sum(counts[what].all_reached for counts, _ in made)
        assert abs(hits - chances.sum()) <= 4 * np.sqrt((chances * (1 - chances)).sum()) + 1


def test_strong_levels_and_weak_gaps_are_told_apart():
    """From the history of the world alone: the nation's correlation shows in the draws, the gap's does not."""
    _, reached = bench.world(3, {Level.NATION: 0.8, Level.PROVINCE: 0.0, Level.CITY: 0.0})
    nation, province, city = reached[:, 1]
    assert nation > 0.4
    assert max(province, city) < 0.15


def test_nothing_after_the_month_of_origin_is_seen():
    months = pd.period_range("2014-02", "2019-12", freq="M")
    growth = pd.DataFrame(np.arange(len(months))[:, None] * [0.01, 0.02, 0.03], months, ["ALL", "a", "b"])
    seen, end = bench.history_of(bench.Series(growth=growth, frequency=Frequency.MONTHLY), 2019, 6)
    assert seen.index[-1] == pd.Period("2019-06", freq="M")
    assert end["a"] == growth.loc["2019-12", "a"]
    later = growth.copy()
    later.loc["2019-07":"2019-11"] = 50.0
    again, _ = bench.history_of(bench.Series(growth=later, frequency=Frequency.MONTHLY), 2019, 6)
    pd.testing.assert_frame_equal(seen, again)


def test_scores_of_a_count_are_those_of_its_distribution():
    hits = np.array([[1, 1], [1, 0], [0, 0], [1, 1]])
    found = bench.count(hits, 2, all_reached=True, u=0.5)
    mass = (np.array([1, 1, 2]) + 1 / 3) / 5
    assert found.log == pytest.approx(-np.log(mass[2]))
    assert found.p_all == pytest.approx(mass[2])
    assert found.rps == pytest.approx(mass[0] ** 2 + (mass[0] + mass[1]) ** 2)
    assert found.pit == pytest.approx(1 - 0.5 * mass[2])
