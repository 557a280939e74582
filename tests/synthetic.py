"""Synthetic measurements with a known truth, for the tests of the model."""

from __future__ import annotations

import numpy as np

from forecast.inference.model import SHAPE_CENTRE, Figures, Measurements, log_growth, shape_covariance
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
