"""Joint draws of a run from the fits of its indicators: coupled in a given order, GDP pooled with its industries.

Invariant: a run and its kept copy have the same joint draws, for both are made here from the same fits
(held by ``tests/test_store.py``).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from forecast.data.dataset import Dataset
from forecast.data.panel import nearest_province
from forecast.draws.gdp import pool
from forecast.draws.paths import IndicatorPaths, Paths, reordered
from forecast.periods import AsOf


def benchmark_of(dataset: Dataset) -> str:
    """The province that the city is held against."""
    config = dataset.config
    return nearest_province(dataset.panel.units, config.city) or config.province


def joint_paths(
    fits: Mapping[str, IndicatorPaths],
    order: Mapping[str, np.ndarray],
    *,
    dataset: Dataset,
    as_of: AsOf,
    seed: int,
    method: str,
) -> Paths:
    """Joint draws of all indicators.

    Parameters
    ----------
    fits : draws in the order of their fits, in official order of the indicators
    order : order of every indicator's draws as coupled, of its fit's; a permutation (draw,)
    """
    coupled = Paths(
        indicators={name: reordered(one, order[name], one.ess) for name, one in fits.items()},
        target_year=dataset.config.target_year,
        as_of=as_of,
        seed=seed,
        method=method,
    )
    return pool(coupled, dataset.panel, units=(benchmark_of(dataset), dataset.config.city))
