"""The world that actions change: baseline draws, a data set, and what turns 亿元 into points, drawn.

Invariant: bases, shares and coefficients are drawn by their own names, so that no action changes another's
(held by ``tests/test_effects.py``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Final

import numpy as np

from forecast.data.dataset import Dataset
from forecast.data.ledger import Coefficient
from forecast.data.panel import nearest_province
from forecast.dims import DRAW, PERIOD, UNIT, Floats, brief, from_percent
from forecast.draws.paths import Paths
from forecast.draws.streams import generator
from forecast.periods import Frequency, default_profile

SHARES_OF: Final[Mapping[str, str]] = {"ind_output": "ind_va", "constr": "fai", "service_rev": "gdp"}
"""Indicator whose county shares stand in where bases.csv has none."""
MOST_SHARE: Final = 0.95
VALUE_ADDED_RATE: Final = 0.28
"""Value added over output of industry, for a city whose output of last year is not told: an assumption."""
MOST_KEPT: Final = 64
"""Evaluated actions that a world keeps, so that moving one slider evaluates one action; some 4 MB each at most."""
LEVEL, SHARE = 0, 1
"""Positions of level and share in a row of bases."""


class Memo[K: Hashable, V]:
    """What was made before, by key: asked again, it is not made again; nothing else can tell the difference.

    most : results that are kept, the least recently asked being dropped; None for all
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._kept: OrderedDict[K, V] = OrderedDict()

    def __call__(self, key: K, make: Callable[[], V]) -> V:
        """What ``make`` gives, now or when ``key`` was first asked."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        value = make()
        self._kept[key] = value
        if self._most is not None and len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return value


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """Baseline paths and the data set that they come from.

    Arrays by month cover ``months``, the calendar months that can still change.
    """

    paths: Paths
    dataset: Dataset
    _results: Memo[tuple[str, ...], Any] = field(default_factory=lambda: Memo(MOST_KEPT), init=False, repr=False)
    _weights: Memo[tuple[str, str], Floats] = field(default_factory=Memo, init=False, repr=False)
    _month_weights: Memo[tuple[str, str], Floats] = field(default_factory=Memo, init=False, repr=False)
    _drawn: Memo[tuple[str, ...], Floats] = field(default_factory=Memo, init=False, repr=False)
    _levels: Memo[tuple[str, str], Floats | None] = field(default_factory=Memo, init=False, repr=False)

    __repr__ = brief

    @property
    def seed(self) -> int:
        """Seed of the run, which the streams of actions share."""
        return self.paths.seed

    @cached_property
    def draws(self) -> int:
        """Number of draws."""
        return int(next(iter(self.paths.indicators.values())).cum_yoy.sizes[DRAW])

    @property
    def city(self) -> str:
        """Unit that the data set is about."""
        return self.dataset.config.city

    @cached_property
    def province(self) -> str:
        """Unit whose growth is 全省平均."""
        return nearest_province(self.dataset.panel.units, self.city) or self.dataset.config.province

    @cached_property
    def months(self) -> tuple[int, ...]:
        """Calendar months after the last published one, or from the first month of action where that is earlier."""
        config, as_of = self.dataset.config, self.paths.as_of.month
        after = as_of.month + 1 if as_of.year >= config.target_year else 1
        first = config.first_action_month.month if config.first_action_month.year == config.target_year else 13
        return tuple(range(min(after, first), 13)) or (12,)

    @property
    def first(self) -> int:
        """First month that a decision can still affect, 1 to 12."""
        first = self.dataset.config.first_action_month
        return first.month if first.year <= self.dataset.config.target_year else 13

    def column(self, year: int, month: int) -> int:
        """Position of a month in ``months``: negative before them, at least ``len(months)`` after the year."""
        return (year - self.paths.target_year) * 12 + month - self.months[0]

    def frequency(self, indicator: str) -> Frequency:
        """How often an indicator is published."""
        found = self.dataset.panel.indicators.get(indicator)
        return found.frequency if found else Frequency.MONTHLY

    @cached_property
    def _with_draws(self) -> frozenset[tuple[str, str]]:
        paths = self.paths.indicators
        return frozenset((name, str(unit)) for name, one in paths.items() for unit in one.cum_yoy[UNIT].values)

    def drawn(self, indicator: str, unit: str) -> bool:
        """Whether an indicator of a unit has draws."""
        return (indicator, unit) in self._with_draws

    def remember[T](self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        """What ``make`` gives, from the last ``MOST_KEPT`` results where ``key`` was asked before."""
        return self._results(key, make)

    def weight(self, indicator: str, unit: str) -> Floats:
        """Base weights of the periods of a year, (draw or 1, period)."""

        def made() -> Floats:
            if self.drawn(indicator, unit):
                one = self.paths.indicators[indicator]
                return one.base_weight.sel({UNIT: unit}).transpose(DRAW, PERIOD).to_numpy()
            meta = self.dataset.panel.indicators.get(indicator)
            frequency = meta.frequency if meta else Frequency.MONTHLY
            profile = meta.profile if meta else None
            return np.asarray(default_profile(frequency) if profile is None else profile)[None]

        return self._weights((indicator, unit), made)

    def month_weight(self, indicator: str, unit: str) -> Floats:
        """Share of last year's total in every calendar month, (draw or 1, 12); a period's months weigh alike.

        Months that no period covers (December of a shifted indicator) weigh nothing.
        """

        def made() -> Floats:
            spread = month_matrix(self.frequency(indicator))
            return self.weight(indicator, unit) @ (spread / spread.sum(0)).T

        return self._month_weights((indicator, unit), made)

    @cached_property
    def _bases(self) -> dict[tuple[str, str], tuple[float, float, float]]:
        """Level, share and relative standard deviation of every row of bases.csv, of the year nearest to last year."""
        rows = self.dataset.panel.bases
        far = (rows["base_year"] - (self.paths.target_year - 1)).abs()
        found: dict[tuple[str, str], tuple[float, float, float]] = {}
        for k in np.argsort(far.to_numpy(dtype=np.float64), kind="stable"):
            row = rows.iloc[int(k)]
            sd = float(row["sd_pct"])
            values = (
                float(row["base_level_yi"]),
                float(row["share_of_parent"]),
                from_percent(0.0 if np.isnan(sd) else sd),
            )
            found.setdefault((str(row["unit"]), str(row["indicator"])), values)
        return found

    def _stated(self, unit: str, indicator: str, position: int) -> tuple[float, float] | None:
        """Value and relative standard deviation of a row of bases.csv."""
        row = self._bases.get((unit, indicator))
        return None if row is None or not np.isfinite(row[position]) else (row[position], row[2])

    def _lognormal(self, key: tuple[str, ...], value: float, sd: float) -> Floats:
        def made() -> Floats:
            normal = generator(self.seed, *key).standard_normal(self.draws)
            return value * np.exp(np.sqrt(np.log1p(sd**2)) * normal)

        return self._drawn(key, made)

    def base_yi(self, unit: str, indicator: str) -> Floats | None:
        """Level of last year, (draw,), 亿元: as stated, else the parent's times the share; None where neither is."""

        def made() -> Floats | None:
            if (stated := self._stated(unit, indicator, LEVEL)) is not None:
                return self._lognormal(("base", unit, indicator), *stated)
            parent, share = self.dataset.panel.units[unit].parent, self.share(unit, indicator)
            above = self.base_yi(parent, indicator) if parent and share is not None else None
            if above is not None and share is not None:
                return above * share
            added = self.base_yi(unit, "ind_va") if indicator == "ind_output" else None
            return None if added is None else added / VALUE_ADDED_RATE

        return self._levels((unit, indicator), made)

    def share(self, unit: str, indicator: str) -> Floats | None:
        """Share of the parent's level, (draw,), fraction; None where none is stated."""
        stated = self._stated(unit, indicator, SHARE)
        if stated is None and indicator in SHARES_OF:
            return self.share(unit, SHARES_OF[indicator])
        if stated is None:
            return None
        return np.minimum(self._lognormal(("share", unit, indicator), *stated), MOST_SHARE)

    def coefficient(self, name: str, stated: Coefficient) -> Floats:
        """Draws of a coefficient, (draw,), normal, not below 0."""
        normal = generator(self.seed, "coefficient", name).standard_normal(self.draws)
        return np.maximum(stated.mean + stated.sd * normal, 0.0)

    def within(self, place: str) -> tuple[str, ...]:
        """Units whose figures contain a place of a ledger, the place first, the city last."""
        units = self.dataset.panel.units
        if place not in units or place == self.city:
            return (self.city,)
        outer = units[place].counted_within
        return (place, outer, self.city) if outer else (place, self.city)


@cache
def month_matrix(frequency: Frequency) -> Floats:
    """Which calendar months a period covers, (12, period), 0 or 1."""
    matrix = np.zeros((12, frequency.per_year))
    for k in range(frequency.per_year):
        matrix[[m - 1 for m in frequency.covers(k)], k] = 1.0
    return matrix
