"""The product's own model as a forecaster of the full-year-growth benchmark.

``forecaster(history, measure, rng)`` takes a panel of regions with their aggregate and gives joint draws of full-year
growth. It is a translation only: the frame becomes published figures of a nation and its provinces,
``forecast.inference.measure.measure`` makes measurements of them, ``forecast.inference.sampling.fit`` fits,
``forecast.draws.paths`` gives growth: the stages of ``dabiao run``.

Invariant: nothing but the frame and the random generator enters (held by ``tests/test_ytd.py``).
"""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager
from functools import cache
from typing import Final

import numpy as np
import pandas as pd
from threadpoolctl import ThreadpoolController

from forecast.data.panel import Indicator, Panel, Unit
from forecast.dims import DRAW, PERIOD, UNIT, Floats, from_percent, to_percent
from forecast.draws.paths import indicator_paths
from forecast.inference.gaps.fast import Method
from forecast.inference.measure import CUMULATIVE, measure
from forecast.inference.model import Measurements
from forecast.inference.priors import PROFILE_SD
from forecast.inference.sampling import fit
from forecast.periods import Frequency, Month

__all__ = ["AGGREGATE", "DRAWS", "forecaster", "limited", "measurements"]

AGGREGATE: Final = "ALL"
"""Column of the aggregate."""
DRAWS: Final = 1000
LEAST_GROWTH_PCT: Final = -99.95
"""Where a level rounds to nothing: growth of -100.0 % says that less than this is left."""
EXACT_SD: Final = 1e-5
"""Noise of growth that follows from levels, log points: none, but matrices must stay invertible."""
PROFILE_YEARS: Final = 1
"""Years of levels at the beginning of the history whose shares of the months are the profile."""
NAME: Final = "ytd"


def forecaster(
    history: pd.DataFrame, measure: str, rng: np.random.Generator, *, method: Method = "fast", draws: int = DRAWS
) -> Floats:
    """Joint draws of the growth of the full year of the last row.

    Parameters
    ----------
    history : DataFrame, one row a month (PeriodIndex, freq M), one column a region, the aggregate in ``ALL``; NaN is a
        figure that was not published
    measure : "cum_yoy" (published cumulative growth, percent, one decimal, January missing) or "level" (monthly levels)
    rng : gives the seed of the fit

    Returns
    -------
    array (draw, column), percent, columns in the order of ``history``

    Raises
    ------
    ValueError
        The measure is unknown, the aggregate is missing, or a column has no figure at all.
    """
    made = measurements(history, measure)
    seed = int(rng.integers(2**31))
    with limited():
        posterior = fit(made, method=method, seed=seed, name=NAME, draws=draws)
    year = int(history.index[-1].year)
    paths = indicator_paths(posterior, indicator=NAME, frequency=Frequency.MONTHLY, target_year=year)
    end = paths.cum_yoy.isel({PERIOD: -1}).sel({UNIT: list(_ids(history).values())})
    return to_percent(end.transpose(DRAW, UNIT).to_numpy())


def limited() -> AbstractContextManager[object]:
    """One thread, as every fit of the product has: sums must not depend on the number of threads."""
    return _threads().limit(limits=1)


@cache
def _threads() -> ThreadpoolController:
    """Pools of threads of the libraries; looking for them takes as long as a tenth of a fit."""
    return ThreadpoolController()


def measurements(history: pd.DataFrame, measure: str) -> Measurements:
    """A panel as measurements: the aggregate a nation, the regions its provinces.

    Levels give growth without rounding, and the profile of every place; published growth comes with neither.
    """
    if measure not in ("cum_yoy", "level"):
        raise ValueError(f"measure is cum_yoy or level, not {measure!r}")
    if AGGREGATE not in history.columns:
        raise ValueError(f"no column {AGGREGATE}")
    if measure == "cum_yoy":
        return _measured(history)
    cumulative = history.groupby(history.index.year).cumsum()
    growth = _growth(cumulative)
    made = _measured(growth)
    columns = {unit: column for column, unit in _ids(history).items()}
    weight = np.stack([_profile(cumulative[columns[unit]]) for unit in made.units])
    return dataclasses.replace(
        made,
        weight=weight,
        profile_sd=np.full(len(made.units), PROFILE_SD["levels"]),
        noise_sd=np.full(len(made.noise_sd), EXACT_SD),
    )


def _ids(history: pd.DataFrame) -> dict[str, str]:
    """Unit ids of the columns, whatever characters their names have."""
    return {column: "all" if column == AGGREGATE else f"r{i:03d}" for i, column in enumerate(history.columns)}


def _measured(growth: pd.DataFrame) -> Measurements:
    """Measurements of published growth, percent: what the product makes of such a data set."""
    ids = _ids(growth)
    grid = growth[growth.index.month.isin(Frequency.MONTHLY.months)]
    values = grid.to_numpy(dtype=np.float64)
    row, column = np.nonzero(np.isfinite(values))
    silent = [str(name) for k, name in enumerate(growth.columns) if k not in column]
    if silent:
        raise ValueError(f"no figure at all: {', '.join(silent)}")
    months = [Month(year, month) for year, month in zip(grid.index.year, grid.index.month, strict=True)]
    names = np.array(list(ids.values()), dtype=object)
    known = pd.DataFrame(
        {
            "unit": names[column],
            "indicator": NAME,
            "period": [months[k] for k in row],
            "measure": CUMULATIVE,
            "value": np.maximum(values[row, column], LEAST_GROWTH_PCT),
            "status": "published",
        }
    )
    units = {unit: _unit(unit) for unit in sorted(ids.values(), key=lambda unit: (unit != "all", unit))}
    panel = Panel(
        units=units,
        indicators={NAME: _INDICATOR},
        observations=known,
        bases=pd.DataFrame(),
        industries=pd.DataFrame(),
    )
    return measure(panel, known, _INDICATOR, target_year=int(growth.index[-1].year))


def _unit(unit: str) -> Unit:
    top = unit == "all"
    return Unit(
        unit=unit,
        name_zh=unit,
        level="nation" if top else "province",
        parent=None if top else "all",
        counted_within=None,
    )


_INDICATOR: Final = Indicator(
    indicator=NAME,
    name_zh=NAME,
    frequency=Frequency.MONTHLY,
    department="",
    team_zh="",
    revision_sd_pp=0.0,
    profile=None,
)


def _growth(cumulative: pd.DataFrame) -> pd.DataFrame:
    """Cumulative growth of cumulative levels, percent, from the second year on; NaN where a level is missing or 0."""
    before = cumulative.shift(12)
    with np.errstate(all="ignore"):
        growth = to_percent((cumulative / before.where(before > 0) - 1).to_numpy())
    return pd.DataFrame(growth, cumulative.index, cumulative.columns).iloc[12:]


def _profile(cumulative: pd.Series) -> Floats:
    """Share of every period in a year's total, mean over the first years; January and February are one."""
    first = cumulative.index[0].year
    shares = []
    for year in range(first, first + PROFILE_YEARS):
        running = cumulative[[p.year == year and p.month != 1 for p in cumulative.index]].to_numpy(dtype=np.float64)
        shares.append(np.diff(running, prepend=0.0) / running[-1])
    share = np.maximum(np.mean(shares, axis=0), from_percent(0.1))
    return share / share.sum()
