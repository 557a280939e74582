"""What was released between two states of knowledge, in the groups among which a change is shared out.

A group is what one place brought for one period: its cumulative and its single-period growth. What was said of gaps
without a number (a rank, a sign) is a group, figures that were restated are one, figures that were withdrawn another.
Within a group nothing has an order, so that the order of releases of one day cannot matter.

Invariant: figures of all groups taken are the later state of knowledge, of none the earlier one, row by row
(held by ``tests/test_news.py``).

How a released figure compares with what the earlier run expected of it.

Invariant: a figure is called better or worse than expected only beyond one standard deviation of the earlier run's
predictive distribution, rounding included (held by ``tests/test_news.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
import pandas as pd

from forecast.answers.evidence import Published
from forecast.data.panel import Unit
from forecast.dims import DRAW, PERIOD, UNIT, brief, to_percent
from forecast.draws.paths import IndicatorPaths
from forecast.inference.measure import CUMULATIVE, SINGLE
from forecast.inference.priors import ROUNDING_SD_PP
from forecast.periods import Month
from forecast.runs.difference import FigureChange

MOST_GROUPS: Final = 6
"""Groups of an indicator at most: every set of them is fitted once, 64 fits of some 0.3 s."""
LEVEL: Final = "level_cum"
REMARKS: Final = ("gap_sign", "rank")
KEY: Final = ("unit", "indicator", "period", "measure")

type ReleaseKey = tuple[str, str, Month, str]
"""Unit, indicator, period, measure."""


class Origin(StrEnum):
    """Where a group of figures comes from."""

    CITY = "city"
    PROVINCE = "province"
    NATION = "nation"
    OTHERS = "others"
    REMARK = "remark"
    REVISION = "revision"
    WITHDRAWN = "withdrawn"


_MERGED: Final = (Origin.OTHERS, Origin.NATION, Origin.PROVINCE, Origin.CITY)
"""Whose periods are taken together first where there are more than ``MOST_GROUPS``: the farthest from the city."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure that differs between two states of knowledge.

    key : unit, indicator, period, measure
    before, after : positions in the two frames of figures; None where there is none
    figure : the same for people
    """

    key: ReleaseKey
    before: int | None
    after: int | None
    figure: FigureChange

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseGroup:
    """Changes that are taken together.

    name : tells it from the others; changes : in order of unit, period, measure
    """

    name: str
    origin: Origin
    changes: tuple[Change, ...]

    @property
    def keys(self) -> frozenset[ReleaseKey]:
        """Keys of its figures."""
        return frozenset(change.key for change in self.changes)


def changes(before: pd.DataFrame, after: pd.DataFrame, indicator: str, *, target_year: int) -> tuple[Change, ...]:
    """Figures of an indicator that differ and that its fit rests on.

    Parameters
    ----------
    before, after : the figures that are out (``panel.known``)
    target_year : levels count only where they are those of the year before it, from which weights are read
    """
    old, new = (_rows(frame, indicator, target_year) for frame in (before, after))
    out = []
    for key in sorted(set(old) | set(new)):
        was, now = old.get(key), new.get(key)
        if was is None or now is None or _content(was[1]) != _content(now[1]):
            out.append(_change(key, was, now))
    return tuple(out)


def _rows(frame: pd.DataFrame, indicator: str, year: int) -> dict[ReleaseKey, tuple[int, Any]]:
    mine = frame[frame["indicator"] == indicator]
    kept = np.array(
        [
            measure in (CUMULATIVE, SINGLE, *REMARKS) or (measure == LEVEL and period.year == year - 1)
            for measure, period in zip(mine["measure"], mine["period"], strict=True)
        ],
        dtype=bool,
    )
    mine = mine[kept]
    keys = zip(*(mine[name] for name in KEY), strict=True)
    rows = zip(mine.index, mine.to_dict("records"), strict=True)
    return dict(zip(keys, rows, strict=True))


def _content(row: Mapping[str, Any]) -> tuple[float, str, str]:
    """What a fit sees of a figure."""
    return float(row["value"]), str(row["status"]), str(row.get("rank_of") or "")


def _change(key: ReleaseKey, was: tuple[int, Any] | None, now: tuple[int, Any] | None) -> Change:
    unit, indicator, period, measure = key
    row = (now or was or (0, {}))[1]
    return Change(
        key=key,
        before=None if was is None else was[0],
        after=None if now is None else now[0],
        figure=FigureChange(
            indicator=indicator,
            unit=unit,
            period=str(period),
            measure=measure,
            before=None if was is None else float(was[1]["value"]),
            after=None if now is None else float(now[1]["value"]),
            released=None if now is None else now[1]["released"],
            source=str(row["source"]),
        ),
    )


def grouped(
    found: Sequence[Change], units: Mapping[str, Unit], *, city: str, province: str, most: int = MOST_GROUPS
) -> tuple[ReleaseGroup, ...]:
    """Groups of changes, the city's first.

    Releases of the city, the province and the nation are a group each by period; those of all other places are one
    group by period. Remarks are one group, restated figures one, withdrawn ones another. Where there are more than
    ``most``, the periods of an origin are taken together, of other places first, then of the nation, the province and
    the city.
    """
    by_name: dict[tuple[Origin, str], list[Change]] = {}
    for change in found:
        origin = _origin(change, units, city, province)
        period = change.figure.period if origin in _MERGED else ""
        by_name.setdefault((origin, period), []).append(change)
    for origin in _MERGED:
        if len(by_name) > most:
            together = [one for key in [k for k in by_name if k[0] is origin] for one in by_name.pop(key)]
            if together:
                by_name[(origin, "")] = together
    order = {origin: k for k, origin in enumerate(Origin)}
    return tuple(
        ReleaseGroup(name=f"{origin.value} {period}".strip(), origin=origin, changes=tuple(by_name[origin, period]))
        for origin, period in sorted(by_name, key=lambda key: (order[key[0]], key[1]))
    )


def _origin(change: Change, units: Mapping[str, Unit], city: str, province: str) -> Origin:
    if change.after is None:
        return Origin.WITHDRAWN
    if change.before is not None:
        return Origin.REVISION
    if change.figure.measure in REMARKS:
        return Origin.REMARK
    unit = change.figure.unit
    if unit in (city, province):
        return Origin.CITY if unit == city else Origin.PROVINCE
    return Origin.NATION if units[unit].level == "nation" else Origin.OTHERS


def figures_with(
    before: pd.DataFrame,
    after: pd.DataFrame,
    indicator: str,
    found: Sequence[Change],
    taken: Collection[ReleaseGroup],
    *,
    expected: Mapping[ReleaseKey, float],
) -> pd.DataFrame:
    """Figures of an indicator: the earlier ones with the changes of some groups made, in the order of ``known``.

    Parameters
    ----------
    found : all changes of the indicator; taken : groups of them
    expected : what stands in for new figures of groups that are not taken, percent: such a figure came out as expected;
        one that nothing is expected of is left out
    """
    made = {key for group in taken for key in group.keys}
    fresh = [c for c in found if c.key not in made and c.before is None and c.key in expected]
    gone = [c.before for c in found if c.key in made and c.before is not None]
    come = [c.after for c in found if c.key in made and c.after is not None]
    kept = before[(before["indicator"] == indicator) & ~before.index.isin(gone)]
    stand_in = after.loc[[c.after for c in fresh]].assign(value=[expected[c.key] for c in fresh])
    frames = [frame for frame in (kept, after.loc[come], stand_in) if len(frame)]
    rows = pd.concat(frames, ignore_index=True) if frames else kept.reset_index(drop=True)
    order = sorted(range(len(rows)), key=lambda i: tuple(_sorting(rows, i)))
    return rows.iloc[np.array(order, dtype=np.intp)].reset_index(drop=True)


def _sorting(rows: pd.DataFrame, at: int) -> Iterator[Any]:
    for name in KEY:
        yield rows[name].iloc[at]


BEYOND: Final = 1.0
"""Standard deviations from which a figure is not as expected."""


class ReleaseVerdict(StrEnum):
    """A figure against what was expected of it."""

    BETTER = "better"
    WORSE = "worse"
    EXPECTED = "expected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A figure that came out, or was restated or withdrawn; growth in percent.

    previous_pct, previous_period : the place's latest cumulative growth of the year that the earlier run knew
    expected_pct, expected_sd_pp : mean and standard deviation of the earlier run's draws of this very figure; None
        where it had none, or knew the figure
    """

    figure: FigureChange
    previous_pct: float | None = None
    previous_period: str | None = None
    expected_pct: float | None = None
    expected_sd_pp: float | None = None

    @property
    def change_pp(self) -> float | None:
        """Cumulative growth against the latest one known before; of a restated figure, against what it was."""
        if self.figure.after is None or self.figure.measure != CUMULATIVE:
            return None
        before = self.previous_pct if self.figure.before is None else self.figure.before
        return None if before is None else self.figure.after - before

    @property
    def surprise(self) -> float | None:
        """Standard deviations by which the figure lies above what was expected."""
        if self.figure.after is None or self.expected_pct is None or self.expected_sd_pp is None:
            return None
        return (self.figure.after - self.expected_pct) / self.expected_sd_pp

    @property
    def verdict(self) -> ReleaseVerdict:
        """Better or worse than expected beyond one standard deviation; as expected within it."""
        if self.surprise is None:
            return ReleaseVerdict.UNKNOWN
        if abs(self.surprise) <= BEYOND:
            return ReleaseVerdict.EXPECTED
        return ReleaseVerdict.BETTER if self.surprise > 0.0 else ReleaseVerdict.WORSE


def released(changes: Sequence[Change], *, earlier: IndicatorPaths | None, published: Published) -> tuple[Release, ...]:
    """Releases with what the earlier run expected of each.

    Parameters
    ----------
    earlier : draws of the earlier run; None without
    published : what the earlier run knew
    """
    return tuple(_release(change.figure, earlier, published) for change in changes)


def _release(figure: FigureChange, earlier: IndicatorPaths | None, published: Published) -> Release:
    previous = [
        one
        for one in (published.to_date(figure.unit, figure.indicator))
        if figure.before is None and one.period < Month.parse(figure.period)
    ]
    expected, sd = _expected(figure, earlier)
    return Release(
        figure=figure,
        previous_pct=previous[-1].growth_pct if previous else None,
        previous_period=str(previous[-1].period) if previous else None,
        expected_pct=expected,
        expected_sd_pp=sd,
    )


def _expected(figure: FigureChange, earlier: IndicatorPaths | None) -> tuple[float | None, float | None]:
    """Mean and standard deviation of the draws of a figure that was not known, percent and points."""
    if earlier is None or figure.before is not None or figure.measure not in (CUMULATIVE, SINGLE):
        return None, None
    array = earlier.cum_yoy if figure.measure == CUMULATIVE else earlier.growth
    if figure.unit not in array[UNIT].values or figure.period not in array[PERIOD].values:
        return None, None
    at = {UNIT: figure.unit, PERIOD: figure.period}
    if figure.measure == CUMULATIVE and np.isfinite(float(earlier.published.sel(at))):
        return None, None
    draws = array.sel(at).transpose(DRAW).to_numpy()
    sd = float(np.hypot(to_percent(float(draws.std())), ROUNDING_SD_PP))
    return to_percent(float(draws.mean())), sd
