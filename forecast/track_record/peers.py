"""Other forecasters of full-year growth, to hold the model against: rules of thumb, and libraries off the shelf.

Every one is given what the model is given, the published cumulative growth of all places, and returns joint draws.
``pace`` (序时进度) says that the year ends as it stands; ``persistence`` says the same with the errors that this made
in past years; the others (extra ``bench``) forecast the series of cumulative growth itself, with their defaults, as
somebody with only the releases would do, and only where no figure is missing.

Invariant: nothing after the last figure of the target year enters (held by ``tests/test_peers.py``).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
import pandas as pd

from forecast.dims import Floats
from forecast.inference.model import Measurements

LIBRARIES: Final[Mapping[str, str]] = {
    "auto_theta": "statsforecast",
    "auto_ets": "statsforecast",
    "auto_arima": "statsforecast",
    "structural": "statsmodels",
    "prophet": "prophet",
}
"""Forecasters off the shelf, and the library of each."""
RULES: Final = ("pace", "persistence")
"""Rules of thumb."""
JITTER: Final = 0.5
"""Sd of the noise that persistence adds, in root mean squares of past misses: a handful of past years repeat."""
OWN_YEARS: Final = 2.0
"""Past years of its own that a place's misses count against the pooled ones: few years say little about a spread."""
LEAST_SPREAD: Final = 0.0005
"""Spread below which published figures cannot tell misses apart, fraction: half of the last printed digit."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GrowthHistory:
    """Published cumulative growth of all places of an indicator.

    growth : (year, period, unit), fraction; NaN where nothing is published; the last year is the target year
    """

    growth: Floats

    @property
    def position(self) -> np.ndarray:
        """Position of the last figure of the target year, (unit,), int; -1 where there is none."""
        out = np.isfinite(self.growth[-1])
        periods = out.shape[0]
        return np.where(out.any(axis=0), periods - 1 - np.argmax(out[::-1], axis=0), -1)

    @property
    def to_date(self) -> Floats:
        """Growth to date in the target year, (unit,), fraction; NaN where there is none."""
        at = self.position
        return np.where(at >= 0, self.growth[-1, at, np.arange(len(at))], np.nan)


def growth_history(measurements: Measurements) -> GrowthHistory:
    """Cumulative growth as the model sees it, on the same grid."""
    m = measurements
    growth = np.full((m.years, m.per_year, len(m.units)), np.nan)
    rows = np.flatnonzero(m.cumulative)
    growth[m.time[rows] // m.per_year, m.time[rows] % m.per_year, m.unit[rows]] = np.expm1(m.log_growth[rows])
    return GrowthHistory(growth=growth[1:])  # the first year of the grid is only a base


def available() -> tuple[str, ...]:
    """Forecasters off the shelf whose library is installed."""
    return tuple(name for name, library in LIBRARIES.items() if find_spec(library) is not None)


def forecast_with(name: str, history: GrowthHistory, *, rng: np.random.Generator, draws: int) -> Floats:
    """Joint draws of full-year growth by a rule or by a library.

    Returns
    -------
    array (draw, unit), fraction; NaN for a place that it cannot forecast: no figure this year, no past year to learn
    from, or for a library a figure missing in between. ``pace`` gives one draw: it knows no uncertainty.

    Raises
    ------
    KeyError
        There is no such forecaster.
    """
    if name == "pace":
        return history.to_date[None, :]
    if name == "persistence":
        return _persistence(history, rng, draws)
    return _off_the_shelf(name, history, rng, draws)


def _misses(history: GrowthHistory) -> Floats:
    """By how much the rule missed in past years at the same position, (year, unit); NaN where a figure is missing."""
    at, past = history.position, history.growth[:-1]
    miss = past[:, -1, :] - past[:, at, np.arange(len(at))]
    return np.where(at >= 0, miss, np.nan)


def _persistence(history: GrowthHistory, rng: np.random.Generator, draws: int) -> Floats:
    """Growth to date plus a past year's misses of all places together, either way.

    Misses count in units of each place's own spread, which is shrunk to that of all places; a place without a miss in
    the drawn year takes that of some other place and year.
    """
    miss = _misses(history)
    known = np.isfinite(miss)
    if not known.any():
        return np.full((draws, miss.shape[1]), np.nan)
    square = np.where(known, miss, 0.0) ** 2
    pooled = square.sum() / known.sum()
    spread = np.sqrt((square.sum(axis=0) + OWN_YEARS * pooled) / (known.sum(axis=0) + OWN_YEARS))
    spread = np.maximum(spread, LEAST_SPREAD)
    relative = miss / spread
    years = np.flatnonzero(known.any(axis=1))
    drawn = relative[rng.choice(years, draws)]
    anyone = rng.choice(relative[known], drawn.shape)
    sign = rng.choice([-1.0, 1.0], (draws, 1))
    noise = JITTER * rng.standard_normal(drawn.shape)
    return history.to_date + spread * (sign * np.where(np.isfinite(drawn), drawn, anyone) + noise)


def _off_the_shelf(name: str, history: GrowthHistory, rng: np.random.Generator, draws: int) -> Floats:
    """The library's simulation of cumulative growth to the end of the year, for complete series."""
    years, periods, units = history.growth.shape
    out = np.full((draws, units), np.nan)
    series = history.growth.reshape(years * periods, units)
    for at in np.unique(history.position[history.position >= 0]):
        end = (years - 1) * periods + int(at) + 1
        complete = np.flatnonzero((history.position == at) & np.isfinite(series[:end]).all(axis=0))
        if at == periods - 1:
            out[:, complete] = series[end - 1, complete]
        elif len(complete):
            ahead = simulate(name, 100 * series[:end, complete], season=periods, horizon=periods - 1 - int(at), rng=rng)
            year_end = np.clip(ahead[:, -1, :], -99.0, 1e4) / 100
            out[:, complete] = year_end[rng.integers(0, len(year_end), draws)] if len(year_end) != draws else year_end
    return out


SIMULATED: Final = 1000
"""Paths that a library simulates."""


def simulate(
    name: str, series: Floats, *, season: int, horizon: int, rng: np.random.Generator, seasonal: bool = False
) -> Floats:
    """Sample paths of every series by a library with its defaults.

    Parameters
    ----------
    series : (time, series), complete
    season : periods a year
    seasonal : whether the series have a season of their own, as levels do and cumulative growth does not

    Returns
    -------
    array (path, horizon, series)

    Raises
    ------
    KeyError
        There is no such forecaster.
    ImportError
        Its library is not installed.
    """
    makers: dict[str, Callable[..., Floats]] = {
        "auto_theta": partial(_statsforecast, "AutoTheta"),
        "auto_ets": partial(_statsforecast, "AutoETS"),
        "auto_arima": partial(_statsforecast, "AutoARIMA"),
        "structural": partial(_structural, seasonal),
        "prophet": _prophet,
    }
    with _quiet():
        return makers[name](series, season, horizon, rng)


@contextmanager
def _quiet() -> Iterator[None]:
    """Libraries report every fit."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def _statsforecast(model: str, series: Floats, season: int, horizon: int, rng: np.random.Generator) -> Floats:
    library, models = import_module("statsforecast"), import_module("statsforecast.models")
    time, count = series.shape
    names = [f"s{j:04d}" for j in range(count)]
    stamps = pd.date_range("2000-01-01", periods=time, freq="MS")  # only their order counts
    long = pd.DataFrame({"unique_id": np.repeat(names, time), "ds": np.tile(stamps, count), "y": series.T.ravel()})
    engine = library.StatsForecast(models=[getattr(models, model)(season_length=season)], freq="MS", n_jobs=1)
    made = engine.simulate(h=horizon, df=long, n_paths=SIMULATED, seed=_seed(rng))
    value = next(column for column in made.columns if column not in ("unique_id", "ds", "sample_id"))
    ordered = made.sort_values(["sample_id", "ds", "unique_id"])[value].to_numpy()
    return np.asarray(ordered, dtype=np.float64).reshape(SIMULATED, horizon, count)


def _structural(seasonal: bool, series: Floats, season: int, horizon: int, rng: np.random.Generator) -> Floats:
    """Local linear trend and season for levels, local level for growth, by maximum likelihood."""
    model = import_module("statsmodels.tsa.statespace.structural").UnobservedComponents
    options: dict[str, Any] = {"level": "lltrend", "seasonal": season} if seasonal else {"level": "llevel"}
    out = np.empty((SIMULATED, horizon, series.shape[1]))
    for j in range(series.shape[1]):
        fitted = model(series[:, j], **options).fit(disp=False, maxiter=200)
        paths = fitted.simulate(horizon, repetitions=SIMULATED, anchor="end", rng=np.random.default_rng(_seed(rng)))
        out[:, :, j] = np.asarray(paths).reshape(horizon, SIMULATED).T
    return out


def _prophet(series: Floats, season: int, horizon: int, rng: np.random.Generator) -> Floats:
    make = import_module("prophet").Prophet
    months = [12 - (season - 1 - k) * max(12 // season, 1) for k in range(season)]  # ends of the periods of a year
    times = range(len(series) + horizon)
    stamps = pd.DatetimeIndex([f"{2000 + t // season}-{months[t % season]:02d}-01" for t in times])
    out = np.empty((SIMULATED, horizon, series.shape[1]))
    for j in range(series.shape[1]):
        np.random.seed(_seed(rng))  # Prophet draws from numpy's global stream
        model = make(
            uncertainty_samples=SIMULATED, yearly_seasonality=True, weekly_seasonality=False, daily_seasonality=False
        )
        model.fit(pd.DataFrame({"ds": stamps[: len(series)], "y": series[:, j]}))
        out[:, :, j] = model.predictive_samples(pd.DataFrame({"ds": stamps[len(series) :]}))["yhat"].T
    return out


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))
