"""Figures that look wrong beside their neighbours: asked about before they are believed, never changed.

A figure is compared with the figures before and after it in its own series, moved as its parent's moved in between,
with what the program ships of nation and province, and, where it stands alone, with what its siblings have. It is
doubted only where it is far from all of these.

Invariant: the planted faults of ``tests/data/cases`` are doubted, and at most 2 % of published figures are
(held by ``tests/test_plausible.py``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np

from forecast.data.panel import Panel, known
from forecast.data.reading.problems import Problems, quoted
from forecast.data.reading.source import ACCEPTED
from forecast.data.reading.textfiles import csv_rows, read_bytes
from forecast.data.starter import shipped_series
from forecast.errors import Problem
from forecast.periods import AsOf, Month

type Key = tuple[str, str]
"""Unit and indicator."""
type Series = dict[int, float]
"""Growth in percent by month, counted as ``12 * year + month - 1``."""

QUIET: Final = frozenset({"gdp", "gdp1", "gdp3", "urban_inc", "rural_inc", "all_inc", "agri_va"})
"""Indicators that move by a point or two between two releases."""
WILD: Final = frozenset({"fdi", "export", "trade", "import", "export_usd", "import_usd", "house_area", "fiscal_rev"})
"""Indicators whose growth may double between two releases (facts: foreign capital from -58 to +123 %)."""
LEAST_SCALE: Final = {"quiet": 0.8, "usual": 1.5, "wild": 6.0}
"""Least typical change between two releases, points: median changes of published series lie at 0.1 to 4.4."""
MOST_SCALES: Final = 7.0
"""Typical changes beyond which a figure is doubted."""
TENFOLD_SCALES: Final = 4.0
"""The same for a figure a tenth of which would be as expected: the point was left out."""
SAME_PP: Final = 0.35
"""Two published values of one figure agree within rounding and a small revision, points."""
OTHER_PP: Final = 1.5
"""Disagreement with the shipped figure of the same place from which it is asked about, points."""
ALONE: Final = {"quiet": 25.0, "usual": 60.0, "wild": 300.0}
"""Growth of a figure without neighbours from which it is asked about, percent."""
LEVEL_LIKE: Final = 25.0
"""Least last value of a series that climbs from month to month as a level does, percent."""
_FAR: Final = 13
"""Months beyond which two figures are no neighbours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A figure that should be confirmed.

    reason : neighbours, tenfold, alone, shipped, swapped, climbs, turned
    expected : what its neighbours make of it, percent; None where there is nothing to compare with
    """

    unit: str
    indicator: str
    period: Month
    value: float
    expected: float | None
    reason: str
    file: str
    row: int
    cell: str = ""

    @property
    def key(self) -> tuple[str, str, str, float]:
        """What is confirmed: this value of this figure."""
        return (self.unit, self.indicator, str(self.period), self.value)

    def problem(self, panel: Panel) -> Problem:
        """The doubt as a remark in words."""
        unit, indicator = panel.units.get(self.unit), panel.indicators.get(self.indicator)
        shown = {
            "unit": unit.name_zh if unit else self.unit,
            "indicator": indicator.name_zh if indicator else self.indicator,
            "period": str(self.period),
            "value": f"{self.value:g}",
            "expected": "" if self.expected is None else f"{self.expected:.1f}",
        }
        row = None if self.cell else self.row
        return Problem(code=f"doubt_{self.reason}", file=self.file, row=row, column=self.cell or None, params=shown)


def warned(found: Sequence[Doubt], panel: Panel) -> tuple[Problem, ...]:
    """Doubts as remarks in words; what makes a whole row doubtful is said once, with the figures counted."""
    groups: dict[object, list[Doubt]] = {}
    for one in found:
        whole = one.reason in ("swapped", "climbs")
        groups.setdefault((one.reason, one.unit, one.indicator) if whole else one, []).append(one)
    problems = []
    for group in groups.values():
        first = group[0].problem(panel)
        problems.append(replace(first, params={**first.params, "n": str(len(group))}))
    return tuple(problems)


def _kind(indicator: str) -> str:
    return "quiet" if indicator in QUIET else "wild" if indicator in WILD else "usual"


def series_of(panel: Panel, as_of: AsOf) -> tuple[dict[Key, Series], dict[tuple[str, str, int], tuple[str, int, str]]]:
    """Cumulative growth as known, and where every figure stands (file, row, cell)."""
    rows = known(panel, as_of)
    rows = rows[rows["measure"] == "cum_yoy_pct"]
    cells = rows["cell_at"].tolist() if "cell_at" in rows.columns else [""] * len(rows)
    series: dict[Key, Series] = {}
    places: dict[tuple[str, str, int], tuple[str, int, str]] = {}
    columns = (rows[name].tolist() for name in ("unit", "indicator", "period", "value", "file", "row"))
    for unit, indicator, period, value, file, row, cell in zip(*columns, cells, strict=True):
        at = 12 * period.year + period.month - 1
        series.setdefault((unit, indicator), {})[at] = float(value)
        places[unit, indicator, at] = (str(file), int(row), str(cell))
    return series, places


def scales(series: Mapping[Key, Series]) -> dict[Key, float]:
    """Typical change between two releases of every series, points: its own median, held up by that of its indicator."""
    changes = {key: _changes(one) for key, one in series.items()}
    pooled: dict[str, list[float]] = {}
    for (_, indicator), found in changes.items():
        pooled.setdefault(indicator, []).extend(found)
    common = {indicator: median(found) if len(found) >= _ENOUGH else 0.0 for indicator, found in pooled.items()}
    return {
        key: max(
            LEAST_SCALE[_kind(key[1])], common[key[1]], median(changes[key]) if len(changes[key]) >= _ENOUGH else 0.0
        )
        for key in series
    }


_ENOUGH: Final = 5
"""Changes from which on their median says something."""


def _changes(one: Series) -> list[float]:
    at = sorted(one)
    return [abs(one[b] - one[a]) for a, b in pairwise(at) if b - a <= _FAR]


def expectations(one: Series, at: int, above: Series | None) -> list[float]:
    """What the two figures before and after make of a figure: as they stand, and moved as the parent moved."""
    others = sorted((abs(other - at), other) for other in one if other != at and abs(other - at) <= _FAR)
    before = [other for _, other in others if other < at][:2]
    after = [other for _, other in others if other > at][:2]
    found = [one[other] for other in (*before, *after)]
    if above is not None and at in above:
        found += [one[other] + above[at] - above[other] for other in (*before, *after) if other in above]
    if before and after:
        found.append((one[before[0]] + one[after[0]]) / 2)
    return found


def doubts(
    series: Mapping[Key, Series], parents: Mapping[str, str | None], *, shipped: Mapping[Key, Series] | None = None
) -> dict[tuple[str, str, int], tuple[str, float | None]]:
    """Reason and expected value of every figure that is doubted.

    Parameters
    ----------
    series : growth in percent by unit and indicator
    parents : unit -> the unit above it, whose movement a figure is compared with
    shipped : what is shipped of these units, under the same keys
    """
    size = scales(series)
    found: dict[tuple[str, str, int], tuple[str, float | None]] = {}
    for key, one in series.items():
        if _climbs(one):
            found |= {(*key, at): ("climbs", None) for at in one}
            continue
        above = series.get((parents.get(key[0]) or "", key[1]))
        for at, value in one.items():
            reason = _judged(key[1], value, expectations(one, at, above), size[key], edge=_edge(one, at))
            if reason is not None:
                found[(*key, at)] = reason
    for key, told in (shipped or {}).items():
        for at in series.get(key, {}):
            if at in told and abs(series[key][at] - told[at]) <= SAME_PP:
                found.pop((*key, at), None)
    for place, reason in _against_shipped(series, parents, shipped or {}).items():
        found.setdefault(place, reason)
    return found


def _edge(one: Series, at: int) -> bool:
    return at in (min(one), max(one))


def _judged(
    indicator: str, value: float, expected: Sequence[float], scale: float, *, edge: bool
) -> tuple[str, float | None] | None:
    """Reason to doubt a figure, and what was expected; None where it is near one of its expectations."""
    if not expected:
        return ("alone", None) if abs(value) > ALONE[_kind(indicator)] else None
    nearest = min(expected, key=lambda x: abs(value - x))
    # What is large moves by much: a third of the smaller of the two is no surprise.
    slack = scale + abs(nearest) / 12
    distance = abs(value - nearest)
    tenth = min(abs(value / 10 - x) for x in expected)
    without_point = value == int(value) or _kind(indicator) == "wild"  # published to one decimal: 6.5 becomes 65
    if without_point and distance > TENFOLD_SCALES * slack and tenth < min(distance / 6, slack):
        return "tenfold", nearest
    if distance > MOST_SCALES * slack * (1.5 if edge else 1.0):
        return "neighbours", nearest
    turned = min(abs(-value - x) for x in expected)
    if distance > TENFOLD_SCALES * slack and turned < slack / 4 and abs(value) > 2 * slack:
        return "turned", nearest
    return None


def _climbs(one: Series) -> bool:
    """Whether a series climbs within its years as a cumulative level does: twice as much after twice the months."""
    by_year: dict[int, list[tuple[int, float]]] = {}
    for at in sorted(one):
        by_year.setdefault(at // 12, []).append((at % 12 + 1, one[at]))
    judged = [months for months in by_year.values() if len(months) >= 3]
    return bool(judged) and all(_like_level(months) for months in judged)


def _like_level(months: Sequence[tuple[int, float]]) -> bool:
    values = np.array([value for _, value in months])
    share = values / np.array([month for month, _ in months])
    rising = bool((values > 0).all() and (np.diff(values) > 0).all())
    return rising and values[-1] > LEVEL_LIKE and float(share.max() / share.min()) < 1.35


def _against_shipped(
    series: Mapping[Key, Series], parents: Mapping[str, str | None], shipped: Mapping[Key, Series]
) -> dict[tuple[str, str, int], tuple[str, float | None]]:
    """Figures that differ from those shipped of the same place; where a place below has these, rows were exchanged."""
    found: dict[tuple[str, str, int], tuple[str, float | None]] = {}
    for key, told in shipped.items():
        one = series.get(key, {})
        common = [at for at in one if at in told]
        off = [at for at in common if abs(one[at] - told[at]) > OTHER_PP]
        for unit in (unit for unit, above in parents.items() if above == key[0]):
            below = series.get((unit, key[1]), {})
            meets = [at for at in below if at in told]
            same = [at for at in meets if abs(below[at] - told[at]) <= SAME_PP]
            if len(same) >= _SWAPPED and 3 * len(same) >= 2 * len(meets) and 2 * len(off) >= len(common) > 0:
                found |= {(*key, at): ("swapped", told[at]) for at in common}
                found |= {(unit, key[1], at): ("swapped", None) for at in same}
        for at in off:
            found.setdefault((*key, at), ("shipped", told[at]))
    return found


_SWAPPED: Final = 3
"""Figures that a place below must share with the shipped series of the one above before rows are said to be swapped."""


def doubted(
    panel: Panel, as_of: AsOf, accepted: Iterable[tuple[str, str, str, float]] = (), *, synthetic: bool = False
) -> tuple[Doubt, ...]:
    """Figures of a panel that should be confirmed, without those that were.

    Parameters
    ----------
    accepted : keys of figures that were confirmed (``Doubt.key``)
    synthetic : whether the places are invented, so that nothing published is theirs
    """
    series, places = series_of(panel, as_of)
    parents = {unit.unit: unit.parent for unit in panel.units.values()}
    names = {unit.unit: unit.name_zh for unit in panel.units.values() if unit.level in ("nation", "province")}
    names = {} if synthetic else names
    levels = {unit.unit: unit.level for unit in panel.units.values()}
    shipped = {
        (unit, indicator): told
        for unit, indicator in series
        if unit in names and (told := shipped_series(names[unit], levels[unit], indicator))
    }
    confirmed = set(accepted)
    found = []
    for (unit, indicator, at), (reason, expected) in doubts(series, parents, shipped=shipped).items():
        file, row, cell = places[unit, indicator, at]
        one = Doubt(
            unit=unit,
            indicator=indicator,
            period=Month(at // 12, at % 12 + 1),
            value=series[unit, indicator][at],
            expected=expected if expected is None or math.isfinite(expected) else None,
            reason=reason,
            file=file,
            row=row,
            cell=cell,
        )
        if one.key not in confirmed:
            found.append(one)
    return tuple(sorted(found, key=lambda d: (d.file, d.row, d.cell)))


ACCEPTED_COLUMNS: Final = ("unit", "indicator", "period", "value")


def read_accepted(folder: Path, problems: Problems) -> frozenset[tuple[str, str, str, float]]:
    """Figures that were confirmed; none where there is no such file. A row that cannot be read is a problem."""
    path = folder / ACCEPTED
    if not path.is_file():
        return frozenset()
    content = read_bytes(path, ACCEPTED, problems)
    rows = csv_rows(content, ACCEPTED, problems) if content else None
    found = set()
    for number, cells in (rows or [])[1:]:
        try:
            unit, indicator, period, value = (cell.strip() for cell in cells)
            found.add((unit, indicator, str(Month.parse(period)), float(value)))
        except ValueError:
            problems.add("accepted_bad", ACCEPTED, row=number, value=quoted(",".join(cells)))
    return frozenset(found)


def accepted_text(keys: Iterable[tuple[str, str, str, float]]) -> str:
    """Text of the file of confirmed figures."""
    lines = [",".join(ACCEPTED_COLUMNS)]
    lines += [f"{unit},{indicator},{period},{value:g}" for unit, indicator, period, value in sorted(keys)]
    return "\n".join(lines) + "\n"
