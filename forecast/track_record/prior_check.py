"""Prior predictive check: what the prior holds possible, before any figure, beside what has happened.

A nation, a province, a city and a county are drawn down the chain of places, many times, with nothing but the prior of
``inference.model``; published growth follows with rounding and restatement. Magnitudes that did occur (DOMAIN facts of
Shaanxi and Ankang, each with its page in the data set) must be possible, and usual ones must be usual.

Invariant: no magnitude of the record is impossible under the prior (held by ``tests/test_prior_check.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from forecast.dims import Floats
from forecast.inference.model import fixed_covariance, prior_mean, shape_covariance
from forecast.inference.priors import (
    PROFILE_SD,
    ROUNDING_SD_PP,
    SCALE_BY_LEVEL,
    SCALE_SD,
    SHAPE_CENTRE,
    SHAPE_SPREAD,
    UNIT_SCALE_SD,
)
from forecast.periods import Frequency, default_profile

LEVELS: Final = ("nation", "province", "city", "county")
YEARS: Final = 3
"""Years of the grid: one before growth, one year of growth, the target year."""
REVISION_SD_PP: Final = 0.3
"""Disagreement of published months with cumulative growth that the data set states, cumulative points."""
RARE: Final = 0.001
"""Probability below which an event that did happen counts as held impossible."""
USUAL: Final = 0.025
"""Probability either side below which an everyday magnitude counts as held unusual."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriorDraws:
    """Growth of the target year under the prior, percent.

    cumulative : (draw, level, period), published cumulative growth; single : the same of single periods
    """

    cumulative: Floats
    single: Floats

    def at(self, level: str, months: int) -> Floats:
        """Cumulative growth of January to a month, 2 to 12, (draw,)."""
        return self.cumulative[:, LEVELS.index(level), months - 2]


@cache
def drawn(draws: int = 2000, seed: int = 1) -> PriorDraws:
    """Draws of the chain of places; treat the arrays as read-only."""
    rng = np.random.default_rng(seed)
    weight = default_profile(Frequency.MONTHLY)
    per_year = len(weight)
    periods = per_year * YEARS
    cumulative = np.empty((draws, len(LEVELS), per_year))
    single = np.empty_like(cumulative)
    for d in range(draws):
        above = np.zeros(periods)
        for k, level in enumerate(LEVELS):
            root = k == 0
            shape = SHAPE_CENTRE + SHAPE_SPREAD * rng.standard_normal(8)
            log_scale = np.log(SCALE_BY_LEVEL[level]) + np.hypot(SCALE_SD, UNIT_SCALE_SD) * rng.standard_normal()
            scale = np.exp(log_scale)
            fixed = fixed_covariance(periods, per_year, root=root, profile_sd=PROFILE_SD["profile"])
            covariance = scale**2 * shape_covariance(shape, periods, per_year, root=root) + fixed
            factor = np.linalg.cholesky(covariance + 1e-12 * np.eye(periods))
            above = above + prior_mean(periods, per_year, root=root) + factor @ rng.standard_normal(periods)
            levels = weight * np.exp(above[-2 * per_year :].reshape(2, per_year))
            total = np.cumsum(levels, axis=1)
            log_growth = np.log(total[1] / total[0]) + scale * np.exp(shape[-1]) * rng.standard_normal(per_year)
            rounding = ROUNDING_SD_PP * rng.standard_normal(per_year)
            cumulative[d, k] = 100 * np.expm1(np.minimum(log_growth, 7.0)) + rounding
            single[d, k] = 100 * np.minimum(levels[1] / levels[0] - 1, 1e3)
    return PriorDraws(cumulative=cumulative, single=single)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A magnitude of the record beside the prior.

    name : key of its text in the catalogue; observed : what happened, percent or points
    low, middle, high : 1, 50 and 99 % quantiles under the prior; percentile : share of the prior below the observed
    usual : whether it is an everyday magnitude, to lie well inside; else it has only to be possible
    """

    name: str
    observed: float
    low: float
    middle: float
    high: float
    percentile: float
    usual: bool

    @property
    def passed(self) -> bool:
        """Whether the prior holds the magnitude as possible, or as usual, as it should."""
        least = USUAL if self.usual else RARE
        return least <= self.percentile <= 1 - least


def prior_checks(draws: int = 2000, seed: int = 1) -> list[Check]:
    """Magnitudes of 2020 and of ordinary years beside the prior's draws.

    Observed figures: ``data/ankang-2020`` and its sources; a county of Ankang fell 29 % in 2020 (GDP), another went
    from +0.4 to -4.9 within a month; the median change of single months is national industry's, April to November 2019.
    """
    d = drawn(draws, seed)
    gap = d.at("city", 6) - d.at("province", 6)
    moved = d.at("province", 10) - d.at("province", 8)
    narrowed = d.at("city", 8) - d.at("city", 7)
    flipped = d.at("county", 8) - d.at("county", 7)
    residual = _residual(d, "province", seed)
    noise = np.median(np.abs(np.diff(d.single[:, LEVELS.index("nation"), 2:10], axis=1)), axis=1)
    leads = d.at("county", 6) - d.at("city", 6)
    return [
        _check("nation_usual", 6.1, d.at("nation", 12), usual=True),
        _check("province_usual", 5.8, d.at("province", 9), usual=True),
        _check("city_q1", -29.6, d.at("city", 3)),
        _check("city_h1", -21.8, d.at("city", 6)),
        _check("city_gdp_h1", -12.2, d.at("city", 6)),
        _check("county_year", -29.0, d.at("county", 12)),
        _check("county_year_30", -30.0, d.at("county", 12)),
        _check("gap_h1", -22.8, gap),
        _check("county_flip", -5.3, flipped),
        _check("city_narrowed", 2.0, narrowed, usual=True),
        _check("province_moved", 1.6, moved, usual=True),
        _check("county_leads", 6.6, leads, usual=True),
        _check("month_noise", 1.3, noise, usual=True),
        _check("identity", 0.26, residual, usual=True),
    ]


def _check(name: str, observed: float, values: Floats, *, usual: bool = False) -> Check:
    low, middle, high = np.quantile(values, [0.01, 0.5, 0.99])
    return Check(
        name=name,
        observed=observed,
        low=float(low),
        middle=float(middle),
        high=float(high),
        percentile=float((values < observed).mean()),
        usual=usual,
    )


def _residual(d: PriorDraws, level: str, seed: int) -> Floats:
    """Root mean square by which published months and cumulative growth disagree, (draw,), cumulative points.

    Over six months, by the weights of the profile, as an analyst without levels would do. The month's own noise is what
    the data set states, that of cumulative growth the restatement.
    """
    rng = np.random.default_rng(seed + 1)
    weight = default_profile(Frequency.MONTHLY)
    at = LEVELS.index(level)
    cumulative, single = d.cumulative[:, at], d.single[:, at]
    total = np.cumsum(weight)
    share = weight / total
    published = single + REVISION_SD_PP / share * rng.standard_normal(single.shape)
    implied = (total[:-1] * cumulative[:, :-1] + weight[1:] * published[:, 1:]) / total[1:]
    return np.sqrt(np.mean((cumulative[:, 1:] - implied)[:, 4:10] ** 2, axis=1))
