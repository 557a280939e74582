"""The benchmark's question: from what was published up to a month, how will full-year growth end, and who reaches it?

For every panel (one aggregate and its regions), year and month of origin a forecaster is given the history so far and
returns joint draws of full-year growth; its draws are scored against what happened. Panels are tidy CSV files, which
are not part of the repository, because their licences differ.

Invariant: a case's history ends with its month of origin, and its random stream depends on its name alone
(held by ``tests/test_ytd.py``).
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from forecast.track_record import scoring

__all__ = ["AGGREGATE", "MEASURES", "ORIGINS", "YEARS", "Case", "cases", "load_panel", "play", "years_of"]

AGGREGATE: Final = "ALL"
MEASURES: Final = ("cum_yoy", "level")
ORIGINS: Final = (3, 6, 8, 10)
"""Months of origin."""
YEARS: Final = {
    "production": (2019, 2020),
    "retail": (2009, 2012, 2015, 2018),
    "nights": (2012, 2016, 2019, 2020, 2021),
    "livestock": (2006, 2012),
    "employment": (2009, 2014),
    "visitors": tuple(range(2003, 2018, 2)),
    "sectors": tuple(range(1978, 2019, 4)),
    "industries": (1998, 2001, 2004, 2006, 2008, 2010, 2012, 2015, 2018),
    "jobless": tuple(range(2004, 2010)),
}
"""Years scored by panel; of a panel that is not named, the last ``LAST_YEARS`` whole ones."""
LAST_YEARS: Final = 3
HISTORY_MONTHS: Final = 96
LEAST_MONTHS: Final = 60
LEAST_YEARS_BEFORE: Final = 4
MIN_SHARE: Final = 0.01
"""Share of the aggregate below which a region is left out: it says little about a method."""
GROWTH_BOUNDS: Final = (-80.0, 200.0)
"""Past growth, percent, outside of which a region's figures are broken."""
LEAST_COLUMNS: Final = 4
MAX_REGIONS: Final = 12

type Forecaster = Callable[[pd.DataFrame, str, np.random.Generator], Any]


def load_panel(path: Path) -> dict[str, pd.DataFrame]:
    """Levels since January by indicator: one row a month, one column a region, the aggregate in ``ALL``.

    The file has the columns region, aggregate (1 marks the aggregate), indicator, period (YYYY-MM), value, and
    optionally measure: "level" or "level_stock" (monthly values), or "ytd_level" (since January, January missing).
    """
    table = pd.read_csv(path)
    table["period"] = pd.PeriodIndex(table["period"], freq="M")
    table["region"] = table["region"].where(table["aggregate"] != 1, AGGREGATE)
    found = {}
    for indicator, rows in table.groupby("indicator", sort=True):
        wide = rows.drop_duplicates(["period", "region"]).dropna(subset=["value"])
        wide = wide.pivot(index="period", columns="region", values="value").sort_index()
        span = pd.period_range(f"{wide.index[0].year}-01", f"{wide.index[-1].year}-12", freq="M")
        wide = wide.reindex(span)
        if "measure" not in rows.columns or rows["measure"].iloc[0] != "ytd_level":
            wide = wide.groupby(wide.index.year).cumsum(skipna=False)
        if AGGREGATE in wide.columns:
            found[str(indicator)] = wide
    return found


def years_of(name: str, panel: dict[str, pd.DataFrame]) -> tuple[int, ...]:
    """Years that a panel is scored on."""
    if name in YEARS:
        return YEARS[name]
    whole = {year for wide in panel.values() for year in wide[AGGREGATE].dropna().index.year if _whole(wide, year)}
    return tuple(sorted(whole)[-LAST_YEARS:])


def _whole(wide: pd.DataFrame, year: int) -> bool:
    return bool(np.isfinite(wide.at[pd.Period(f"{year}-12", "M"), AGGREGATE]))


def growth(cumulative: pd.DataFrame, decimals: int | None = 1) -> pd.DataFrame:
    """Cumulative growth as published: percent, one decimal, without the first year and without Januaries."""
    percent = (cumulative / cumulative.shift(12) - 1) * 100
    percent[percent.index.month == 1] = np.nan
    return percent if decimals is None else percent.round(decimals)


def monthly(cumulative: pd.DataFrame) -> pd.DataFrame:
    """Monthly levels; where there is no January, February holds both months."""
    before = cumulative.shift(1)
    before[cumulative.index.month == 1] = 0.0
    both = before.isna() & (cumulative.index.month == 2)[:, None]
    return cumulative - before.mask(both, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """One question.

    window : levels since January to the end of the year that is asked for
    """

    panel: str
    indicator: str
    year: int
    origin: int
    measure: str
    window: pd.DataFrame

    @property
    def name(self) -> str:
        """As progress and failures call it."""
        return f"{self.panel} {self.indicator} {self.year}-{self.origin:02d} {self.measure}"

    @property
    def rng(self) -> np.random.Generator:
        """The case's own random stream."""
        return np.random.default_rng(zlib.crc32(f"{self.panel}|{self.indicator}|{self.year}|{self.origin}".encode()))

    def in_sample(self, every: int) -> bool:
        """Whether the case falls into a fixed sample of one in so many."""
        return zlib.crc32(self.name.encode()) % every == 0

    @property
    def history(self) -> pd.DataFrame:
        """What a forecaster is given: levels, or growth as published, up to the month of origin."""
        known = monthly(self.window) if self.measure == "level" else growth(self.window).iloc[12:]
        return known.loc[: pd.Period(f"{self.year}-{self.origin:02d}", "M")]


def cases(
    name: str,
    panel: dict[str, pd.DataFrame],
    years: Sequence[int],
    *,
    measure: str,
    origins: Sequence[int] = ORIGINS,
    max_regions: int = MAX_REGIONS,
) -> Iterator[Case]:
    """Questions of a panel: every indicator and year with enough history and enough usable regions."""
    for indicator, levels in panel.items():
        for year in years:
            window = _window(indicator, levels, year, max_regions)
            if window is None or (measure == "level" and window.isna().to_numpy().any()):
                continue
            for origin in origins:
                yield Case(panel=name, indicator=indicator, year=year, origin=origin, measure=measure, window=window)


def _window(indicator: str, levels: pd.DataFrame, year: int, max_regions: int) -> pd.DataFrame | None:
    """Levels from eight years before, for usable regions; at most so many of them, drawn by the case's name."""
    first = max((pd.Period(f"{year}-01", "M") - HISTORY_MONTHS).year, levels.index[0].year)
    end, base = pd.Period(f"{year}-12", "M"), pd.Period(f"{year - 1}-12", "M")
    if first > year - LEAST_YEARS_BEFORE or end > levels.index[-1]:
        return None
    window = levels.loc[pd.Period(f"{first}-01", "M") : end]
    past = growth(window[window.index.year < year], None).iloc[12:]
    share = window.loc[base] / window.at[base, AGGREGATE]
    usable = [
        column
        for column in window.columns
        if (window.loc[window.index.month != 1, column] > 0).all()
        and share[column] >= MIN_SHARE
        and past[column].min() > GROWTH_BOUNDS[0]
        and past[column].max() < GROWTH_BOUNDS[1]
    ]
    if len(window) < LEAST_MONTHS or AGGREGATE not in usable or len(usable) < LEAST_COLUMNS:
        return None
    regions = [column for column in usable if column != AGGREGATE]
    if len(regions) > max_regions:
        rng = np.random.default_rng(zlib.crc32(f"{indicator}|{year}".encode()))
        regions = [regions[i] for i in sorted(rng.choice(len(regions), max_regions, replace=False))]
    return window[[*regions, AGGREGATE]]


def play(case: Case, forecaster: Forecaster, *, name: str) -> list[dict[str, Any]]:
    """Ask a forecaster one question and score its answer: one row a region.

    ``seconds`` is processor time, all threads added up: what else the machine does counts little in it.

    Raises
    ------
    ValueError
        The draws have another shape than (draw, column), or one is not finite.
    """
    history, rng = case.history, case.rng
    begin = time.process_time()
    draws = np.asarray(forecaster(history, case.measure, rng), dtype=np.float64)
    seconds = time.process_time() - begin
    if draws.ndim != 2 or draws.shape[1] != history.shape[1] or not np.isfinite(draws).all():
        raise ValueError(f"{case.name}: draws {draws.shape}, finite {bool(np.isfinite(draws).all())}")
    last = [case.window.loc[pd.Period(f"{year}-12", "M")].to_numpy() for year in (case.year, case.year - 1)]
    outcome = (last[0] / last[1] - 1) * 100
    own, whole = draws[:, :-1], draws[:, -1:]
    event = outcome[:-1] >= outcome[-1]
    reach = (own >= whole).mean(axis=0)
    p = np.clip(reach, scoring.CLIP, 1 - scoring.CLIP)
    uniform = np.random.default_rng([zlib.crc32(case.name.encode())]).random(own.shape[1])
    columns = {
        "region": list(case.window.columns[:-1]),
        "crps": scoring.crps(own, outcome[:-1]),
        "brier": scoring.brier(p, event),
        "logs": scoring.log_score(reach, event),
        "cov50": scoring.covered(own, outcome[:-1], interval_prob=0.5).astype(float),
        "cov90": scoring.covered(own, outcome[:-1], interval_prob=0.9).astype(float),
        "pit": scoring.pit(own, outcome[:-1], uniform),
        "p": p,
        "event": event.astype(float),
    }
    head = {"panel": case.panel, "indicator": case.indicator, "year": case.year, "origin": case.origin}
    head |= {"measure": case.measure, "forecaster": name, "seconds": seconds}
    return [head | dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
