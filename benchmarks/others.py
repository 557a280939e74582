"""Peers in the contract of the benchmark: rules of thumb and libraries off the shelf, each with its defaults.

From published growth a library forecasts the series of cumulative growth itself; from levels their logarithm, and
full-year growth follows from the paths. Needs the extra ``bench``, but for the rules of thumb ``persistence`` and
``gap_stays``: the aggregate and every gap to it stay as they are, give or take what they moved in past years.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.dims import Floats, from_percent, to_percent
from forecast.track_record.peers import OWN_YEARS, GrowthHistory, forecast_with, simulate

__all__ = ["DRAWS", "NAMES", "peer"]

DRAWS = 1000
NAMES = ("persistence", "gap_stays", "auto_theta", "auto_ets", "structural", "prophet", "auto_arima")
"""Cheapest first."""
RULES = ("persistence", "gap_stays")
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
    if measure == "level" and name not in RULES:
        draws = _from_levels(name, history, rng)
    else:
        if measure == "level":
            cumulative = history.groupby(history.index.year).cumsum()
            history = to_percent(cumulative / cumulative.shift(12) - 1).iloc[12:]
        known = _growth_history(history)
        of_rule = gap_stays(known.growth, rng) if name == "gap_stays" else None
        draws = to_percent(forecast_with(name, known, rng=rng, draws=DRAWS) if of_rule is None else of_rule)
    if not np.isfinite(draws).all():
        raise ValueError(f"{name} cannot forecast a series with a gap")
    return draws


def gap_stays(growth: Floats, rng: np.random.Generator) -> Floats:
    """Draws of full-year growth (draw, column), the last column the aggregate: it and every gap to it stay.

    Spreads are those of past years' moves from the same period to the year's end, of all places together, in which a
    place's own count as they are many against ``OWN_YEARS``.

    Parameters
    ----------
    growth : (year, period, column), fraction, the open periods of the last year NaN
    """
    at = int(np.flatnonzero(np.isfinite(growth[-1]).all(axis=1))[-1])
    parts = growth - growth[..., -1:]
    parts[..., -1] = growth[..., -1]
    square = (parts[:-1, -1] - parts[:-1, at]) ** 2
    known, years = np.isfinite(square), np.isfinite(square).sum(axis=0)
    own = np.where(known, square, 0.0).sum(axis=0)
    pooled = own[:-1].sum() / max(years[:-1].sum(), 1)
    spread = np.sqrt(
        (own + OWN_YEARS * np.append(np.full(len(own) - 1, pooled), own[-1] / max(years[-1], 1))) / (years + OWN_YEARS)
    )
    drawn = parts[-1, at] + spread * rng.standard_normal((DRAWS, len(spread)))
    drawn[:, :-1] += drawn[:, -1:]
    return np.asarray(drawn)


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
