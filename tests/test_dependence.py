"""Dependence between indicators: the prior's without figures, the figures' with many, read from innovations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forecast.data.dataset import read_dataset
from forecast.draws.dependence import (
    Kind,
    dependence,
    estimated,
    innovations,
    kind_of,
    prior,
    quarterly,
)
from forecast.draws.joint import typical
from forecast.draws.paths import Level
from forecast.inference.priors import DEPENDENCE_NATION, DEPENDENCE_RATIO, YEAR_END_OVER_QUARTER
from forecast.inference.regular.factors import DESIGN, Grid, decomposed, shape_kernel, whitening
from forecast.inference.regular.learning import Places
from forecast.periods import AsOf

ROOT = Path(__file__).parent.parent
GRID = Grid(per_year=4, years=5, known=2)


def places(index):
    return Places(
        index=index, rounding_sd=np.full(index.shape[1], 1e-4), scale=np.full(index.shape[1], 0.01), missing=()
    )


def test_an_innovation_is_what_a_figure_brings_beyond_all_before_it():
    """By regression of the last figure on all before, in the covariance of the one point that there is."""
    rng = np.random.default_rng(4)
    x = np.cumsum(rng.standard_normal((GRID.observed, 1)), axis=0) * 0.01
    one = decomposed(DESIGN[:1], GRID)
    found = innovations(one, places(x))[:, 0]
    best, scale = None, None
    for ratio in range(one.precision.shape[1]):
        b = whitening(GRID)
        covariance = b @ shape_kernel(DESIGN[0], GRID)[: GRID.observed, : GRID.observed] @ b.T
        covariance += np.eye(GRID.observed) * (1 / one.precision[0, ratio, 0] - one.eigenvalue[0, 0])
        c = (b @ x)[:, 0]
        gain = np.linalg.solve(covariance[:-1, :-1], covariance[:-1, -1])
        last = (c[-1] - gain @ c[:-1]) / np.sqrt(covariance[-1, -1] - gain @ covariance[:-1, -1])
        scale = np.sqrt(c @ np.linalg.solve(covariance, c) / len(c))
        near = abs(last / scale - found[-1])
        best = near if best is None else min(best, near)
    assert best < 1e-9
    assert np.mean(found**2) == pytest.approx(1.0)


def test_quarters_are_summed_where_all_their_months_are_there():
    months = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
    values = np.zeros(15)
    values[0:2], values[2:5], values[11:13] = 0.5, 1.0, -4.0
    found = dict(quarterly(values, np.array([6]), months, 2018))
    assert found[2018 * 4] == pytest.approx(1.0 / np.sqrt(2))
    assert found[2018 * 4 + 1] == pytest.approx(3.0 / np.sqrt(3))
    assert 2018 * 4 + 2 not in found
    assert found[2019 * 4] == -3.0
    assert 2019 * 4 + 1 not in found


def world(n: int, r: float, seed: int = 1):
    """Quarterly sums of two indicators with correlation r at the nation; none elsewhere."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal(n)
    return {
        name: {
            (Level.NATION, "", q): float(np.sqrt(r) * common[q] + np.sqrt(1 - r) * rng.standard_normal())
            for q in range(n)
        }
        for name in ("fai", "retail")
    }


PAIR = {(a, b): Kind.ACTIVITY for a in ("fai", "retail") for b in ("fai", "retail")}


def test_without_figures_the_dependence_is_the_priors():
    found = estimated({"fai": {}, "retail": {}}, PAIR, line=("a", "b", "c"))
    assert found.mean[:, 0, 1].tolist() == [0.35, 0.06, 0.06]
    assert found.sd[:, 0, 1].tolist() == pytest.approx([0.2, 0.05, 0.05])
    assert np.isnan(found.seen[:, 0, 1]).all()
    assert (found.mean[:, [0, 1], [0, 1]] == 1.0).all()


def test_with_many_figures_it_is_theirs_and_in_between_by_precision():
    many = estimated(world(30_000, 0.6), PAIR, line=("a", "b", "c"))
    assert many.mean[0, 0, 1] == pytest.approx(YEAR_END_OVER_QUARTER * 0.6, abs=0.02)
    assert many.mean[1, 0, 1] == 0.06
    few = estimated(world(30, 0.6), PAIR, line=("a", "b", "c"))
    seen, weight = few.seen[0, 0, 1], 30 / 3
    assert few.mean[0, 0, 1] == pytest.approx((0.35 / 0.2**2 + seen * weight) / (1 / 0.2**2 + weight))
    assert few.sd[0, 0, 1] == pytest.approx((1 / 0.2**2 + weight) ** -0.5)
    assert few.mean[0, 0, 1] == few.mean[0, 1, 0]


def test_kinds_of_pairs_have_the_stated_priors():
    drivers = frozenset({"ind_va", "retail_above"})
    assert kind_of("fai", "private_fai", drivers) is Kind.PART
    assert kind_of("retail_above", "gdp", drivers) is Kind.DRIVER
    assert kind_of("fai", "retail", drivers) is Kind.ACTIVITY
    assert kind_of("fdi", "retail", drivers) is Kind.UNLIKE
    assert prior(Level.NATION, Kind.DRIVER) == DEPENDENCE_NATION["activity"]
    assert prior(Level.CITY, Kind.DRIVER) == DEPENDENCE_RATIO["driver"]
    assert prior(Level.PROVINCE, Kind.ACTIVITY) == DEPENDENCE_RATIO["unlike"]


def test_a_data_set_tells_its_own_dependence():
    found = dependence(read_dataset(ROOT / "data" / "example"), AsOf.parse("2020-08"))
    assert found.line == ("nation", "province", "city")
    assert (found.sums[0] > 0).any()
    assert np.array_equal(found.mean, found.mean.transpose(0, 2, 1))
    mean = typical(found, found.indicators)
    assert mean[Level.NATION] > mean[Level.CITY]
    assert (found.sd <= found.prior_sd + 1e-12).all()
