"""Synthetic measurements with a known truth, for the tests of the model."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from forecast.inference.model import Figures, Measurements, log_growth, shape_covariance
from forecast.inference.priors import SHAPE_CENTRE
from forecast.inference.sampling import Posterior
from forecast.periods import Frequency, default_profile


def truth(rng: np.random.Generator, periods: int, per_year: int, units: int, scale: float) -> np.ndarray:
    """Log index of a root and its children, (unit, period), drawn from the prior's centre."""
    factor = np.linalg.cholesky(shape_covariance(SHAPE_CENTRE, periods, per_year))
    root = scale * factor @ rng.standard_normal(periods) + np.arange(periods) * 0.05 / per_year
    ratios = 2 * scale * (factor @ rng.standard_normal((periods, units - 1))).T
    return np.vstack([root, root + ratios])


def measurements(
    *,
    seed: int,
    siblings: int = 1,
    years: int = 4,
    last: int = 7,
    frequency: Frequency = Frequency.MONTHLY,
    scale: float = 0.015,
    gaps: bool = False,
    silent: tuple[int, ...] = (),
) -> Measurements:
    """Rounded cumulative growth of a root and its children through period ``last`` of the last year."""
    rng = np.random.default_rng(seed)
    per_year, units = frequency.per_year, siblings + 1
    periods = per_year * years
    index = truth(rng, periods, per_year, units, scale)
    weight = np.tile(default_profile(frequency), (units, 1))
    time = np.arange(per_year, periods - per_year + last)
    rows = [(u, t) for u in range(units) if u not in silent for t in time if not (gaps and rng.random() < 0.3)]
    unit, when = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    exact = np.empty(len(rows))
    for u in range(units):
        mine = unit == u
        n = int(mine.sum())
        one = Figures(
            weight=weight[u], time=when[mine], cumulative=np.ones(n, bool), log_growth=np.zeros(n), noise_sd=np.ones(n)
        )
        exact[mine] = log_growth(index[u], one)
    published = np.round(np.expm1(exact), 3)
    return Measurements(
        units=("root", *(f"child{u}" for u in range(1, units))),
        parent=(-1, *([0] * siblings)),
        per_year=per_year,
        first_year=2017,
        years=years,
        weight=weight,
        profile_sd=np.full(units, 0.02),
        scale=np.array([scale, *([2 * scale] * siblings)]),
        unit=unit,
        time=when,
        cumulative=np.ones(len(rows), dtype=bool),
        log_growth=np.log1p(published),
        noise_sd=np.full(len(rows), 0.001 / np.sqrt(12)),
    )


def full_year(m: Measurements, posterior: Posterior) -> np.ndarray:
    """Growth of the full target year, (draw, unit), fraction."""
    level = np.tile(m.weight, 2) * np.exp(posterior.index)
    return level[:, :, m.per_year :].sum(2) / level[:, :, : m.per_year].sum(2) - 1


def furthest_apart(m: Measurements, fast: Posterior, nuts: Posterior) -> float:
    """Largest difference between quantiles of full-year growth by two routes, sds, less four Monte Carlo errors."""
    a, b = full_year(m, fast), full_year(m, nuts)
    found = []
    for quantile in (0.1, 0.25, 0.5, 0.75, 0.9):
        error = np.sqrt(quantile * (1 - quantile)) / norm.pdf(norm.ppf(quantile))
        mcse = error * np.sqrt(1 / fast.diagnostics.effective_draws + 1 / nuts.diagnostics.effective_draws)
        difference = np.abs(np.quantile(a, quantile, axis=0) - np.quantile(b, quantile, axis=0)) / b.std(0)
        found.append(difference.max() - 4 * mcse)
    return max(found)
