"""The true monthly levels of the invented city 示例市, its province, nation, counties and zone.

Invariant: counties sum to the city, city and rest of province to the province, province and rest of nation to
the nation, for every indicator and month (held by ``tests/test_data_example.py``).

Every component of an indicator is a structural series of logs: level, damped slope, autoregressive part, slowly
changing seasonality, irregular with rare heavy-tailed shocks, and its loading on one common shock in 2017. A
place is the nation's factor plus the deviation of its province plus that of its city plus its own.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

type Floats = npt.NDArray[np.float64]

FIRST_YEAR, BASE_YEAR, TARGET_YEAR = 2012, 2013, 2020
"""2012 only warms the states up; 2013 is the base of the first published growth."""
MONTHS = (TARGET_YEAR - FIRST_YEAR + 1) * 12
TURN_MONTH = 6
"""First month of the target year in which the turning county falls."""

SCALES: Mapping[str, tuple[float, float, float, float, float, float]] = {
    # sd in percent of: level, slope, autoregressive part, first seasonal, seasonal walk, irregular
    "nation": (0.25, 0.05, 0.30, 0.0, 0.20, 0.30),
    "province": (0.30, 0.05, 0.40, 1.0, 0.20, 0.60),
    "city": (0.45, 0.08, 0.60, 1.5, 0.35, 1.00),
    "county": (0.80, 0.12, 1.20, 3.0, 0.60, 2.20),
}
"""An indicator's volatility multiplies them; smaller places move more (Chinese official series, by rule of thumb)."""
SLOPE_DAMPING, AR_COEFFICIENT = 0.92, 0.60
CANDIDATES = 64
COMMON_SHARE: Mapping[str, float] = {"nation": 0.50, "province": 0.12, "city": 0.12, "county": 0.05}
"""Share of the variance of level and autoregressive innovations that indicators of a place have in common: a common
winter hits the nation, and what a place does beyond what it lies in is nearly its own."""
APART = ("urban_inc", "rural_inc", "fiscal_rev", "fdi", "culture_rev")
APART_SHARE = 0.3
"""Part of the common share that indicators have which are not of what is produced, invested and sold."""
KIN: Mapping[str, str] = {"ind_va": "industry", "ind_power": "industry", "retail": "shops", "retail_above": "shops"}
KIN_SHARE = 0.30
"""Share that indicators have in common beside that which are a part of each other, at every level."""
OUTLIER_RATE, OUTLIER_SCALE, OUTLIER_DF, OUTLIER_CLIP = 0.004, 4.0, 3, 3.0
SHOCK_2017 = (0.4, 1.0, 0.7, 0.45, 0.3, 0.2, 0.13, 0.09, 0.06, 0.04, 0.02, 0.01)
"""Months of 2017 by their share of an indicator's shock: a fall in February and March, then recovery."""

COUNTIES = tuple(f"county{k:02d}" for k in range(1, 13))
PARTS = ("county01_rest", "zone01", *COUNTIES[1:])
"""What is simulated below the city: the zone is counted within county01."""
SERIES = ("nation", "province", "city", *PARTS)
UNITS = ("nation", "province", "city", *COUNTIES, "zone01")
TURNING = "county05"
COUNTY_SHARES = (0.205, 0.142, 0.118, 0.102, 0.086, 0.078, 0.069, 0.058, 0.049, 0.041, 0.031, 0.021)
ZONE_SHARE = 0.36
"""Of county01."""
PROVINCE_SHARE, CITY_SHARE = 0.028, 0.052


@dataclass(frozen=True, slots=True)
class Kind:
    """What is simulated of an indicator.

    nation_yi : level of the nation in the base year, 亿元 (ind_power: 亿千瓦时)
    growth : mean yearly growth, percent; volatility : multiple of ``SCALES``; depth : shock of 2017, percent of a month
    season : weight of every calendar month; frequency : monthly, quarterly, shifted
    """

    nation_yi: float
    growth: float
    volatility: float
    depth: float
    season: tuple[float, ...]
    frequency: str


FLAT = (0.92, 0.80, 1.02, 0.98, 1.00, 1.04, 0.98, 0.99, 1.02, 1.02, 1.06, 1.17)
BUILD = (0.45, 0.45, 0.92, 0.95, 1.05, 1.35, 1.06, 1.08, 1.20, 1.10, 1.08, 1.31)
SHOP = (1.06, 0.98, 0.93, 0.92, 0.98, 0.99, 0.95, 0.97, 1.00, 1.06, 1.04, 1.12)
PAY = (1.22, 1.10, 0.98, 0.90, 0.90, 0.95, 0.92, 0.92, 0.98, 0.98, 0.98, 1.17)
TAX = (1.25, 0.80, 0.95, 1.02, 1.00, 1.18, 0.98, 0.85, 0.95, 1.02, 0.90, 1.10)

KINDS: Mapping[str, Kind] = {
    "gdp": Kind(
        620_000, 6.8, 0.55, 7.0, (0.86, 0.80, 0.88, 0.93, 0.96, 1.02, 0.99, 1.00, 1.06, 1.10, 1.15, 1.25), "quarterly"
    ),
    "ind_va": Kind(230_000, 6.5, 1.00, 9.0, FLAT, "monthly"),
    "fai": Kind(440_000, 7.5, 1.50, 18.0, BUILD, "monthly"),
    "retail": Kind(260_000, 8.0, 0.60, 14.0, SHOP, "monthly"),
    "retail_above": Kind(120_000, 7.0, 1.10, 17.0, SHOP, "monthly"),
    "urban_inc": Kind(210_000, 7.4, 0.30, 3.0, PAY, "quarterly"),
    "rural_inc": Kind(90_000, 8.2, 0.35, 5.0, PAY, "quarterly"),
    "fiscal_rev": Kind(130_000, 6.0, 1.60, 11.0, TAX, "monthly"),
    "fdi": Kind(7_500, 5.0, 2.60, 15.0, (0.9, 0.8, 1.1, 0.9, 1.0, 1.3, 0.8, 0.9, 1.1, 0.9, 1.0, 1.3), "monthly"),
    "ind_power": Kind(39_000, 5.0, 1.00, 8.0, FLAT, "monthly"),
    "culture_rev": Kind(80_000, 8.5, 1.30, 14.0, SHOP, "quarterly"),
    "service_rev": Kind(95_000, 9.0, 0.85, 12.0, FLAT, "shifted"),
}
ENDS: Mapping[str, tuple[int, ...]] = {
    "monthly": (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
    "quarterly": (3, 6, 9, 12),
    "shifted": (2, 5, 8, 11),
}
"""Last month of every reporting period of a year."""
SEEN: Mapping[str, int] = {"monthly": 8, "quarterly": 6, "shifted": 8}
"""Last month of the target year that a figure as of August covers."""


def stream(seed: int, *key: str) -> np.random.Generator:
    """Random stream of an entity: never depends on what else is drawn."""
    return np.random.default_rng([seed, zlib.crc32("/".join(key).encode())])


@dataclass(frozen=True, slots=True, eq=False)
class Innovations:
    """Standardised innovations, dims (draw, series, month); ``outlier`` is 0 where none struck, in irregular sds."""

    level: Floats
    slope: Floats
    ar: Floats
    season: Floats
    irregular: Floats
    outlier: Floats


def shares_together(indicator: str) -> tuple[Floats, Floats]:
    """Shares of the variance of every series that all indicators, and that kin ones, have in common, (series,)."""
    level = [s if s in COMMON_SHARE else "county" for s in SERIES]
    common = np.array([COMMON_SHARE[s] for s in level]) * (APART_SHARE if indicator in APART else 1.0)
    return common, np.full(len(SERIES), KIN_SHARE if indicator in KIN else 0.0)


def innovate(seed: int, indicator: str, *, draws: int, stage: str) -> Innovations:
    """Innovations of all series of an indicator; level and autoregressive ones share a part with other indicators.

    Stage ``history``: the draws are candidates for the city's own innovations and alike in everything else.
    """
    shape, alike = (draws, MONTHS), stage == "history"

    def drawn(owner: str, part: str) -> Floats:
        own = [stream(seed, stage, owner, s, part).standard_normal(shape) for s in SERIES]
        return np.stack(
            [x[:1].repeat(draws, 0) if alike and s != "city" else x for s, x in zip(SERIES, own, strict=True)], 1
        )

    common, kin = shares_together(indicator)

    def coupled(part: str) -> Floats:
        owners = [("all", common)] + ([(KIN[indicator], kin)] if indicator in KIN else [])
        together = sum(share[:, None] ** 0.5 * drawn(owner, part)[: 1 if alike else None] for owner, share in owners)
        left = 1 - common - kin
        return np.asarray(together + left[:, None] ** 0.5 * drawn(indicator, part))

    def struck(series: str) -> Floats:
        rng = stream(seed, stage, indicator, series, "outlier")
        size = np.clip(rng.standard_t(OUTLIER_DF, shape), -OUTLIER_CLIP, OUTLIER_CLIP)
        hit = OUTLIER_SCALE * size * (rng.random(shape) < OUTLIER_RATE)
        return hit[:1].repeat(draws, 0) if alike else hit

    return Innovations(
        coupled("level"),
        drawn(indicator, "slope"),
        coupled("ar"),
        drawn(indicator, "season"),
        drawn(indicator, "irregular"),
        np.stack([struck(s) for s in SERIES], axis=1),
    )


def sds(indicator: str) -> Floats:
    """Standard deviations of logs, dims (series, component), in the order of ``SCALES``."""
    level = [s if s in SCALES else "county" for s in SERIES]
    return np.array([SCALES[s] for s in level]) / 100 * KINDS[indicator].volatility


def log_series(seed: int, indicator: str, innovations: Innovations) -> Floats:
    """Logs of every series from given innovations, dims (draw, series, month)."""
    kind, sd = KINDS[indicator], sds(indicator)
    first = stream(seed, indicator, "season").standard_normal((len(SERIES), 12)) * sd[:, 3:4]
    weight = np.array(kind.season)
    first[0] = np.log(weight / weight.mean())
    loading = (
        0.3 * stream(seed, indicator, "loading").standard_normal(len(SERIES)) * (0.5, 0.5, 0.8, *[1.0] * len(PARTS))
    )
    loading[0] = 1.0
    mean_slope = np.zeros(len(SERIES))
    mean_slope[0] = np.log1p(kind.growth / 100) / 12
    draws = innovations.level.shape[0]
    level, ar = np.zeros((draws, len(SERIES))), np.zeros((draws, len(SERIES)))
    slope = np.tile(mean_slope, (draws, 1))
    season = np.tile(first, (draws, 1, 1))
    out = np.empty(innovations.level.shape)
    for t in range(MONTHS):
        year, month = FIRST_YEAR + t // 12, t % 12
        level = level + slope + sd[:, 0] * innovations.level[:, :, t]
        slope = mean_slope + SLOPE_DAMPING * (slope - mean_slope) + sd[:, 1] * innovations.slope[:, :, t]
        ar = AR_COEFFICIENT * ar + sd[:, 2] * innovations.ar[:, :, t]
        season[:, :, month] += sd[:, 4] * innovations.season[:, :, t]
        irregular = sd[:, 5] * (innovations.irregular[:, :, t] + innovations.outlier[:, :, t])
        shock = loading * np.log1p(-kind.depth / 100 * SHOCK_2017[month]) if year == 2017 else 0.0
        out[:, :, t] = level + ar + season[:, :, month] + irregular + shock
    return out


def part_shares(seed: int, indicator: str) -> Floats:
    """Share of every part in the city, sums to 1; counties differ by indicator."""
    jitter = np.exp(0.25 * stream(seed, indicator, "share").standard_normal(len(COUNTIES)))
    share = np.array(COUNTY_SHARES) * jitter
    share /= share.sum()
    return np.concatenate(([share[0] * (1 - ZONE_SHARE), share[0] * ZONE_SHARE], share[1:]))


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Monthly levels of an indicator, 亿元: parts of the city, dims (draw, part, month); the rest outside it."""

    parts: Floats
    rest_of_province: Floats
    rest_of_nation: Floats

    def units(self) -> dict[str, Floats]:
        """Level of every unit, and of the rests, dims (draw, month); aggregates are exact sums."""
        city = self.parts.sum(axis=1)
        province = city + self.rest_of_province
        counties = {c: self.parts[:, k + 1] for k, c in enumerate(COUNTIES)}
        counties["county01"] = self.parts[:, 0] + self.parts[:, 1]
        whole = {"nation": province + self.rest_of_nation, "province": province, "city": city}
        rests = {"rest_of_province": self.rest_of_province, "rest_of_nation": self.rest_of_nation}
        return {**whole, **counties, "zone01": self.parts[:, 1], **rests}

    def one(self, k: int) -> Levels:
        """Draw ``k`` alone, its dim kept."""
        return Levels(*(x[k : k + 1] for x in (self.parts, self.rest_of_province, self.rest_of_nation)))

    def scaled(self, factor: Floats) -> Levels:
        """The same with every part times ``factor``, dims (part, month)."""
        return Levels(self.parts * factor, self.rest_of_province, self.rest_of_nation)


def compose(seed: int, indicator: str, logs: Floats) -> Levels:
    """Levels from the logs of nation factor, deviations of province, city and parts."""
    month = KINDS[indicator].nation_yi / 12
    nation, province = month * np.exp(logs[:, 0]), np.exp(logs[:, 1])
    share = PROVINCE_SHARE * np.exp(0.15 * stream(seed, indicator, "province_share").standard_normal())
    inside = CITY_SHARE * np.exp(0.15 * stream(seed, indicator, "city_share").standard_normal())
    city = share * inside * nation * province * np.exp(logs[:, 2])
    parts = part_shares(seed, indicator)[:, None] * city[:, None, :] * np.exp(logs[:, 3:])
    return Levels(parts, share * (1 - inside) * nation * province, (1 - share) * nation)


def span(year: int, first: int, last: int) -> slice:
    """Months ``first`` to ``last`` of a year."""
    start = (year - FIRST_YEAR) * 12
    return slice(start + first - 1, start + last)


def turn_down(levels: Levels, before_pct: float, after_pct: float) -> Floats:
    """Factor, dims (month,), that gives the turning county its growth through May and through August."""
    x = levels.parts[0, PARTS.index(TURNING)]
    this, last = TARGET_YEAR, TARGET_YEAR - 1
    before, after = (span(this, 1, TURN_MONTH - 1), span(this, TURN_MONTH, 8))
    wanted = (1 + before_pct / 100) * x[span(last, 1, TURN_MONTH - 1)].sum()
    factor = np.ones(MONTHS)
    factor[before] = wanted / x[before].sum()
    left = (1 + after_pct / 100) * x[span(last, 1, 8)].sum() - wanted
    factor[span(this, TURN_MONTH, 12)] = left / x[after].sum()
    return factor


def city_shift(levels: Levels, indicator: str, gap_pp: float) -> Floats:
    """Factor, dims (month,), of all parts but the turning county that sets the true gap to date as of August."""
    last_month = SEEN[KINDS[indicator].frequency]
    now, base = span(TARGET_YEAR, 1, last_month), span(TARGET_YEAR - 1, 1, last_month)
    turning = levels.parts[0, PARTS.index(TURNING)]
    city, rest = levels.parts[0].sum(axis=0), levels.rest_of_province[0]
    city_base, province_base = city[base].sum(), city[base].sum() + rest[base].sum()
    wanted = (gap_pp / 100 + rest[now].sum() / province_base) / (1 / city_base - 1 / province_base)
    factor = np.ones(MONTHS)
    factor[span(TARGET_YEAR, 1, 12)] = (wanted - turning[now].sum()) / (city[now].sum() - turning[now].sum())
    return factor


def adjustment(levels: Levels, indicator: str, *, gap_pp: float | None, turn_pct: tuple[float, float] | None) -> Floats:
    """Factor of every part, dims (part, month), for the events of the target year; 1 where nothing is set."""
    factor = np.ones((len(PARTS), MONTHS))
    k = PARTS.index(TURNING)
    if turn_pct is not None:
        factor[k] = turn_down(levels, *turn_pct)
    if gap_pp is not None:
        turned = levels.scaled(factor)
        others = [j for j in range(len(PARTS)) if j != k]
        factor[others] = city_shift(turned, indicator, gap_pp)
    return factor


def cumulative_growth(levels: Floats, ends: tuple[int, ...]) -> Floats:
    """True cumulative growth, fraction, dims (..., year from ``BASE_YEAR + 1``, period)."""
    years = levels.reshape(*levels.shape[:-1], -1, 12)
    sums = years.cumsum(axis=-1)[..., [m - 1 for m in ends]]
    return np.asarray(sums[..., 2:, :] / sums[..., 1:-1, :] - 1)


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Everything true of an indicator.

    levels : unit -> monthly level from January of ``FIRST_YEAR``, dims (month,)
    gap_draws : year-end gap of the city to the province, fraction, given all true states as of August, dims (draw,)
    innovations, factor : what made it, for the list of events
    """

    levels: Mapping[str, Floats]
    gap_draws: Floats
    innovations: Innovations
    factor: Floats


def simulate(
    seed: int, indicator: str, *, gap_pp: float | None, turn_pct: tuple[float, float] | None, draws: int
) -> Truth:
    """History of an indicator, and what could still have come of its states as of August.

    With ``gap_pp`` the city is the one of ``CANDIDATES`` that comes nearest to that gap by itself: a city drawn
    given its gap, but for a small shift that sets it exactly.
    """
    kind = KINDS[indicator]
    candidates = innovate(seed, indicator, draws=1 if gap_pp is None else CANDIDATES, stage="history")
    drawn = compose(seed, indicator, log_series(seed, indicator, candidates))
    each = [drawn.one(k) for k in range(len(drawn.parts))]
    factors = [adjustment(x, indicator, gap_pp=gap_pp, turn_pct=turn_pct) for x in each]
    k = int(np.argmin([abs(f[0, -1] - 1) for f in factors]))
    history, factor = each[k].scaled(factors[k]).units(), factors[k]
    past = Innovations(*(getattr(candidates, f)[k : k + 1] for f in Innovations.__slots__))
    coming = innovate(seed, indicator, draws=draws, stage="future")
    cut = span(TARGET_YEAR, 1, SEEN[kind.frequency]).stop
    spliced = Innovations(*(splice(getattr(past, f), getattr(coming, f), cut) for f in Innovations.__slots__))
    units = compose(seed, indicator, log_series(seed, indicator, spliced)).scaled(factor).units()
    end = ENDS[kind.frequency][-1:]
    gap = cumulative_growth(units["city"], end) - cumulative_growth(units["province"], end)
    return Truth({u: x[0] for u, x in history.items()}, gap[:, -1, 0], past, factor)


def splice(past: Floats, coming: Floats, cut: int) -> Floats:
    """The one past before ``cut``, many futures from it on."""
    head = np.broadcast_to(past[..., :cut], (coming.shape[0], past.shape[1], cut))
    return np.concatenate((head, coming[..., cut:]), axis=-1)


def truth_tables(truths: Mapping[str, Truth]) -> dict[str, pd.DataFrame]:
    """True monthly levels (a row a unit, indicator and year), year-end growth, and the outlook as of August."""
    levels, growth, outlook = [], [], []
    for indicator, truth in truths.items():
        ends = ENDS[KINDS[indicator].frequency]
        for unit, x in truth.levels.items():
            for year in range(BASE_YEAR, TARGET_YEAR + 1):
                months = {f"m{m:02d}": f"{v:.6g}" for m, v in enumerate(x[span(year, 1, 12)], 1)}
                levels.append({"unit": unit, "indicator": indicator, "year": year, **months})
            for year, g in enumerate(cumulative_growth(x, ends)[:, -1], BASE_YEAR + 1):
                growth.append({"unit": unit, "indicator": indicator, "year": year, "growth_pct": f"{100 * g:.3f}"})
        gaps = 100 * truth.gap_draws
        outcome = [cumulative_growth(truth.levels[u], ends)[-1, -1] for u in ("city", "province")]
        outlook.append(
            {
                "indicator": indicator,
                "p_reach_given_states": f"{(gaps >= 0).mean():.3f}",
                "gap_mean_pp": f"{gaps.mean():.3f}",
                "gap_sd_pp": f"{gaps.std():.3f}",
                "gap_true_pp": f"{100 * (outcome[0] - outcome[1]):.3f}",
            }
        )
    return {
        "truth/levels.csv": pd.DataFrame(levels),
        "truth/growth.csv": pd.DataFrame(growth),
        "truth/outlook.csv": pd.DataFrame(outlook),
    }
