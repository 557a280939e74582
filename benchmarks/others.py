"""Peers in the contract of the benchmark: rules of thumb and libraries off the shelf, each with its defaults.

From published growth a library forecasts the series of cumulative growth itself; from levels their logarithm, and
full-year growth follows from the paths. Needs the extra ``bench``, but for ``persistence``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.dims import Floats, from_percent, to_percent
from forecast.track_record.peers import GrowthHistory, forecast_with, simulate

__all__ = ["DRAWS", "NAMES", "peer"]

DRAWS = 1000
NAMES = ("persistence", "auto_theta", "auto_ets", "structural", "prophet", "auto_arima")
"""Cheapest first."""
LOG_ROOM = 5.0
"""How far above its past a path of a log level may go: further is an explosion of the library, not a forecast."""


def peer(name: str, history: pd.DataFrame, measure: str, rng: np.random.Generator) -> Floats:
    """Joint draws of full-year growth, (draw, column), percent.

    Raises
    ------
    ImportError
        The library is not installed.
    ValueError
        A series has a gap, which no library fills by itself.
    """
    if measure == "level" and name != "persistence":
        draws = _from_levels(name, history, rng)
    else:
        if measure == "level":
            cumulative = history.groupby(history.index.year).cumsum()
            history = to_percent(cumulative / cumulative.shift(12) - 1).iloc[12:]
        draws = to_percent(forecast_with(name, _growth_history(history), rng=rng, draws=DRAWS))
    if not np.isfinite(draws).all():
        raise ValueError(f"{name} cannot forecast a series with a gap")
    return draws


def _growth_history(history: pd.DataFrame) -> GrowthHistory:
    """Eleven periods a year, the open ones of the last year NaN."""
    first, last = history.index[0].year, history.index[-1].year
    grid = pd.period_range(f"{first}-01", f"{last}-12", freq="M")
    whole = history.reindex(grid[grid.month != 1]).to_numpy(dtype=np.float64)
    return GrowthHistory(growth=from_percent(whole.reshape(last - first + 1, 11, history.shape[1])))


def _from_levels(name: str, history: pd.DataFrame, rng: np.random.Generator) -> Floats:
    logs = np.log(history.to_numpy(dtype=np.float64))
    year, origin = history.index[-1].year, history.index[-1].month
    ahead = simulate(name, logs, season=12, horizon=12 - origin, rng=rng, seasonal=True)
    rest = np.exp(np.minimum(ahead, logs.max(axis=0) + LOG_ROOM)).sum(axis=1)
    totals = history.groupby(history.index.year).sum()
    return to_percent((totals.loc[year].to_numpy() + rest) / totals.loc[year - 1].to_numpy() - 1)
