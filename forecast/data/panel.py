"""The published figures of a data set: units, indicators, bases and every vintage of every observation.

Invariant: what ``known`` returns never depends on a row that was released later than the state of knowledge
(held by ``tests/test_panel.py``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd

from forecast.data.assessment import Assessment
from forecast.data.reading.problems import Problems, RawTable, quoted
from forecast.data.reading.rows import CellError, Fields, Names, split_numbers
from forecast.dims import brief
from forecast.periods import AsOf, Frequency, Month


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A place.

    level : nation, province, city, county, zone
    parent : the unit that it is measured against and modelled relative to; None for the root
    counted_within : for a zone whose figures a county already contains, that county
    """

    unit: str
    name_zh: str
    level: str
    parent: str | None
    counted_within: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """What is measured.

    decimals : digits of growth that are published; targets are judged at them
    revision_sd_pp : sd of the disagreement between published cumulative and single-period growth, points
    profile : base weight of every period of a year (``frequency.per_year`` values that sum to 1), or None
    """

    indicator: str
    name_zh: str
    frequency: Frequency
    department: str
    team_zh: str
    revision_sd_pp: float
    decimals: int = 1
    profile: tuple[float, ...] | None

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class LightRule:
    """When a light is green, yellow or red. Colours differ between places, so the rule is printed beside it.

    Now: green from ``gap >= 0``, yellow from ``gap >= -tolerance``. Ahead: by the probability of reaching.
    """

    rule: str
    green_from: float
    yellow_from: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRule:
    """How many points of the unit in the target year make evidence thin, limited or ample.

    ``none`` (不足) is always: the unit or its benchmark has no point in the target year.
    thin (薄弱): fewer than ``limited_from`` points of the unit; limited (有限): fewer than ``ample_from``;
    ample (充分): the rest.
    """

    limited_from: int = 3
    ample_from: int = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """Something said of a place without a figure, for the lists of 点名 and 约谈.

    indicator : id, or "" for none in particular; released : day from which it is known
    """

    unit: str
    indicator: str
    text: str
    source: str
    released: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingRule:
    """Which places the lists of 点名 and 约谈 propose.

    indicators : ranked; empty: those of the assessment for which counties publish
    name_last, interview_last : places from the end of one indicator's ranking, of the overall one
    behind_pp : only places at least so far below the city's growth, points
    least : places with a figure of the same period that make a ranking
    """

    indicators: tuple[str, ...] = ()
    name_last: int = 3
    interview_last: int = 3
    behind_pp: float = 0.0
    least: int = 5
    stated: tuple[Stated, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What ``dataset.toml`` says.

    action_lag_months : from the day of knowledge to the first month of action, at any state of knowledge; None: as
        ``first_action_month`` lies to ``as_of``
    criterion : what number, word and light of a row speak of: near (达到或接近) or reach (达到)
    opening_stock : 五上 units in the statistics at the start of the year, by sector of the pipeline
    assessment : rules of the yearly assessment; None where none are stated
    words : what Chinese texts say instead of words that do not fit the data set: {"全省": "各省加权平均"}
    """

    folder: Path
    name: str
    name_zh: str
    city: str
    province: str
    target_year: int
    as_of: str
    first_action_month: Month
    synthetic: bool
    lights: Mapping[str, LightRule]
    evidence: EvidenceRule
    files: Mapping[str, Path]
    naming: NamingRule = NamingRule()
    opening_stock: Mapping[str, int] = field(default_factory=dict)
    assessment: Assessment | None = None
    action_lag_months: int | None = None
    criterion: Literal["near", "reach"] = "near"
    words: Mapping[str, str] = field(default_factory=dict)

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel:
    """Everything published, as read; nothing is dropped, nothing is filled.

    units, indicators : in the order of their files, which is the official order on every screen
    observations : one row a vintage; columns unit, indicator, period (Month), measure, value (percent, or 亿元 for
        levels; NaN where masked), released (date), released_rule (True where the file names no day and the usual
        one stands in), status, source, file, row, and every extra column of the file (text)
    bases : unit, indicator, base_year (int), base_level_yi, share_of_parent (fraction), sd_pct, status, source,
        file, row
    industries : industry, name_zh, share_q1 ... share_q4 (fractions), driver, elasticity, elasticity_sd, cap_pp,
        difficulty, status, source, file, row
    """

    units: Mapping[str, Unit]
    indicators: Mapping[str, Indicator]
    observations: pd.DataFrame
    bases: pd.DataFrame
    industries: pd.DataFrame

    __repr__ = brief


def known(panel: Panel, as_of: AsOf) -> pd.DataFrame:
    """Latest vintage of every figure that is out by ``as_of``.

    Returns
    -------
    DataFrame, the columns of ``Panel.observations``, one row per (unit, indicator, period, measure), sorted by them.
    Masked values (NaN) are missing and left out; a later masked vintage does not erase an earlier figure.
    """
    rows = panel.observations
    months = np.array([p.year * 12 + p.month for p in rows["period"]], dtype=np.int64)
    days = np.array([day.toordinal() for day in rows["released"]], dtype=np.int64)
    seen = (months <= as_of.month.year * 12 + as_of.month.month) & (days <= as_of.day.toordinal())
    at = np.flatnonzero(seen & rows["value"].notna().to_numpy())
    codes = [pd.factorize(rows[key].iloc[at], sort=True)[0] for key in ("unit", "indicator", "measure")]
    unit, indicator, measure = codes
    order = np.lexsort((days[at], measure, months[at], indicator, unit))
    keys = np.stack([unit, indicator, months[at], measure])[:, order]
    last = np.append(np.any(keys[:, 1:] != keys[:, :-1], axis=0), True) if at.size else np.zeros(0, dtype=bool)
    return rows.iloc[at[order[last]]].reset_index(drop=True)


def release_rule(period: Month) -> dt.date:
    """Usual release day where the source names none: the 20th of the month after the period."""
    following = period.plus(1)
    return dt.date(following.year, following.month, 20)


def read_units(table: RawTable, problems: Problems) -> dict[str, Unit]:
    """Units of ``units.csv`` in their order: one tree, every zone's figures counted once.

    Problems are noted for ids that repeat, unknown parents, a parent that is not above its child, cycles, several
    roots or none, and a ``counted_within`` that is no county or on a row that is no zone.
    """
    fields = Fields(table, problems)
    ids = fields.keys("unit")
    names = fields.texts("name_zh", required=True)
    for index, name in enumerate(names):
        if name and name in names[:index]:
            fields.note(index, "name_zh", "name_twice", value=quoted(name), row=fields.rows[names.index(name)])
    named = Names.of("unit", dict(zip(ids, names, strict=True)))
    columns = zip(
        ids,
        names,
        fields.choices("level", words="level"),
        fields.ids("parent", named, required=False),
        fields.ids("counted_within", named, required=False),
        strict=True,
    )
    units = {
        unit: Unit(unit=unit, name_zh=name, level=level, parent=parent or None, counted_within=within or None)
        for unit, name, level, parent, within in columns
        if unit
    }
    if fields.has("parent"):
        _check_tree(fields, ids, units)
    _check_zones(fields, ids, units)
    return units


_LEVELS: Final = {"nation": 0, "province": 1, "city": 2, "county": 3, "zone": 3}


def _check_tree(fields: Fields, ids: Sequence[str], units: Mapping[str, Unit]) -> None:
    """One root; every other unit below a parent of a higher level; no cycle."""
    stated = fields.texts("parent")
    roots = [unit for unit, parent in zip(ids, stated, strict=True) if unit and not parent]
    if len(roots) != 1:
        fields.problems.add("units_roots", fields.table.file, column="parent", found=", ".join(roots) or "0")
    for index, key in enumerate(ids):
        unit = units.get(key)
        if unit is None or unit.parent is None:
            continue
        chain = [key]
        while (above := units[chain[-1]].parent) is not None and above not in chain:
            chain.append(above)
        if above == key:
            fields.note(index, "parent", "units_cycle", value=key, chain=" → ".join([*chain, key]))
        level = units[unit.parent].level
        if above is None and unit.level and level and _LEVELS[level] >= _LEVELS[unit.level]:
            fields.note(index, "parent", "parent_not_above", value=key, parent=unit.parent, level=level)


def _check_zones(fields: Fields, ids: Sequence[str], units: Mapping[str, Unit]) -> None:
    """Only a zone is counted within, and only a county contains it."""
    for index, key in enumerate(ids):
        unit = units.get(key)
        if unit is None or unit.counted_within is None:
            continue
        if unit.level not in ("zone", ""):
            fields.note(index, "counted_within", "within_not_zone", value=key, level=unit.level)
        if units[unit.counted_within].level not in ("county", ""):
            found = units[unit.counted_within].level
            fields.note(index, "counted_within", "within_not_county", value=unit.counted_within, level=found)


REVISION_SD_PP: Final = 0.25
"""Disagreement of published cumulative and single-period growth where indicators.csv says nothing, points.

Shaanxi, industrial value added 2020: residuals of the identity between -0.44 and +0.20.
"""
_PROFILE_SLACK: Final = 0.02
"""How far the weights of a profile may miss 1 by their rounding; they are scaled to sum to 1."""


def read_indicators(table: RawTable, problems: Problems) -> dict[str, Indicator]:
    """Indicators of ``indicators.csv`` in their order, profiles on the indicator's own periods."""
    fields = Fields(table, problems)
    ids = fields.keys("indicator")
    names = fields.texts("name_zh", required=True)
    frequencies = fields.choices("frequency", words="frequency")
    revisions = fields.numbers("revision_sd_pp", low=0.0, high=20.0)
    decimals = _decimals(fields)
    profiles = fields.texts("profile")
    departments = fields.texts("department")
    teams = fields.texts("team_zh")
    indicators: dict[str, Indicator] = {}
    for index, key in enumerate(ids):
        frequency = Frequency(frequencies[index] or "monthly")
        profile = _profile(fields, index, profiles[index], frequency) if frequencies[index] else None
        if key:
            indicators[key] = Indicator(
                indicator=key,
                name_zh=names[index],
                frequency=frequency,
                department=departments[index],
                team_zh=teams[index],
                revision_sd_pp=REVISION_SD_PP if np.isnan(revisions[index]) else float(revisions[index]),
                profile=profile,
                decimals=decimals[index],
            )
    return indicators


def _decimals(fields: Fields) -> list[int]:
    """Published digits of every indicator, 1 where nothing is said."""
    out = []
    for index, value in enumerate(fields.numbers("decimals", low=0.0, high=3.0, code="decimals_bad").tolist()):
        if not np.isnan(value) and value != int(value):
            fields.note(index, "decimals", "decimals_bad", value=quoted(fields.texts("decimals")[index]))
        out.append(1 if np.isnan(value) else int(value))
    return out


def _profile(fields: Fields, index: int, cell: str, frequency: Frequency) -> tuple[float, ...] | None:
    """Base weights of the periods of a year; the twelve months of a monthly indicator become its eleven periods."""
    if not cell:
        return None
    try:
        weights = split_numbers(cell)
    except CellError as error:
        fields.note(index, "profile", error.code, value=quoted(cell))
        return None
    expected = 12 if frequency is Frequency.MONTHLY else frequency.per_year
    if len(weights) != expected:
        fields.note(index, "profile", "profile_length", found=len(weights), expected=expected, frequency=frequency)
        return None
    if min(weights) < 0:
        fields.note(index, "profile", "profile_negative", value=f"{min(weights):g}")
        return None
    total = sum(weights)
    if abs(total - 1.0) > _PROFILE_SLACK:
        fields.note(index, "profile", "profile_sum", found=f"{total:g}")
        return None
    if frequency is Frequency.MONTHLY:
        weights = (weights[0] + weights[1], *weights[2:])
    return tuple(weight / total for weight in weights)


def ancestors(units: Mapping[str, Unit], unit: str) -> tuple[str, ...]:
    """Parents of a unit up to the root, nearest first."""
    chain: list[str] = []
    parent = units[unit].parent
    while parent is not None:
        chain.append(parent)
        parent = units[parent].parent
    return tuple(chain)


def nearest_province(units: Mapping[str, Unit], unit: str) -> str | None:
    """The province that a unit belongs to, or None for a province and above."""
    return next((a for a in ancestors(units, unit) if units[a].level == "province"), None)
