"""Fits by both routes of the same made-up measurements: up to minutes each, done once for all tests of a session."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np

from forecast.inference.model import Measurements
from forecast.inference.priors import HYPER_DRAWS
from forecast.inference.sampling import Method, Posterior, fit
from tests.synthetic import measurements

SEED = 4
GAPS_DRAWS, REGULAR_DRAWS = 8 * HYPER_DRAWS, 16 * HYPER_DRAWS


@cache
def with_gaps() -> Measurements:
    """Three years of a root and a child, figures missing at random."""
    return measurements(seed=11, years=3, last=6, gaps=True)


@cache
def regular() -> Measurements:
    """Six years of a root and two children on a regular grid; the first child misses three figures."""
    some = measurements(seed=11, siblings=2, years=6, last=6, scale=0.02)
    gone = (some.unit == 1) & np.isin(some.time, [15, 25, 34])
    rows = {name: getattr(some, name)[~gone] for name in ("unit", "time", "cumulative", "log_growth", "noise_sd")}
    return dataclasses.replace(some, **rows)


@cache
def gaps_fit(method: Method) -> Posterior:
    """Fit of the figures with gaps."""
    return fit(with_gaps(), method=method, seed=SEED, name="x", draws=GAPS_DRAWS)


@cache
def regular_fit(method: Method) -> Posterior:
    """Fit of the regular figures."""
    return fit(regular(), method=method, seed=SEED, name="x", draws=REGULAR_DRAWS)
