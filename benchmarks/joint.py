"""How many indicators reach the aggregate together: ``python benchmarks/joint.py --panels ../shared/bench/panels``.

Every indicator of a panel is forecast by itself; what differs is how draws of a region are joined: independently, with
a rank correlation of .3 on all gaps (the product's until November 2026), or as the product joins them now, with a prior
by level and kind of pair and the panel's own innovations up to the month of origin. The number of indicators that reach
the aggregate is scored by its log score, its ranked probability score, and P(all).

Simulated worlds have a known structure: nation, province and city are drawn with correlations between indicators, a
history of quarterly surprises with the same, and the product's chain from surprises to the number attained is put to
the test: the number's place among its draws must be uniform, P(all) as frequent as it says.

Invariant: nothing after the month of origin enters a forecast or a correlation (held by ``tests/test_joint_bench.py``).
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # run as a script: the folder's own modules, and the package

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import xarray as xr  # noqa: E402
from protocol import AGGREGATE, load_panel  # noqa: E402

from forecast.data.panel import Indicator, Panel, Unit  # noqa: E402
from forecast.dims import DRAW, PERIOD, UNIT, Floats, to_percent  # noqa: E402
from forecast.draws.dependence import Kind, Surprises, estimated, prior, surprises  # noqa: E402
from forecast.draws.joint import coupling, normal_scores  # noqa: E402
from forecast.draws.paths import IndicatorPaths, Level, indicator_paths  # noqa: E402
from forecast.draws.streams import generator  # noqa: E402
from forecast.errors import NonFiniteError  # noqa: E402
from forecast.inference.diagnostics import Diagnostics  # noqa: E402
from forecast.inference.measure import CUMULATIVE, measure  # noqa: E402
from forecast.inference.sampling import fit  # noqa: E402
from forecast.periods import Frequency, Month  # noqa: E402

DRAWS: Final = 1000
HISTORY_YEARS: Final = 8
LEAST_TOGETHER: Final = 3
"""Indicators of a region from which they are counted together."""
MOST_MISSING: Final = 0.1
BOUNDS_PCT: Final = (-80.0, 200.0)
"""Past growth outside of which a region's figures are broken."""
EARLIER: Final = 0.3
"""Rank correlation on gaps until November 2026."""
PANELS: Final[Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]] = {
    "provinces": ((2012, 2013, 2014, 2015, 2016, 2017, 2018, 2019), (3, 6, 9)),
    "retail": ((2009, 2012, 2015, 2018), (3, 6, 8, 10)),
    "livestock": ((2006, 2009, 2012), (3, 6, 8, 10)),
    "hunan": ((2019, 2020, 2021), (3, 6, 8, 10)),
}
"""Years and months of origin, by panel."""
SAME: Final = (frozenset(("power", "火力发电量(long)")), frozenset(("粗钢(long)", "钢材(long)")))
DRIVERS: Final = frozenset(("power", "水泥(long)", "汽车(long)"))
WAYS: Final = ("independent", "earlier", "product")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """Published cumulative growth of an indicator, percent, one decimal: a row a month, a column a region."""

    growth: pd.DataFrame
    frequency: Frequency


def panel_of(name: str, panels: Path, facts: Path) -> dict[str, Series]:
    """Indicators of a panel; regions have the same names in all of them."""
    if name == "hunan":
        return _hunan(facts / "hunan.csv")
    if name != "provinces":
        return {one: _from_levels(levels) for one, levels in load_panel(panels / f"{name}.csv").items()}
    power = load_panel(panels / "power_use.csv")
    out = {"gdp": _gdp(facts / "provinces_gdp.csv"), "power": _from_levels(next(iter(power.values())))}
    out |= {one: _from_levels(levels) for one, levels in load_panel(panels / "output_long.csv").items()}
    return out


def _from_levels(cumulative: pd.DataFrame, frequency: Frequency = Frequency.MONTHLY) -> Series:
    before = cumulative.shift(12)
    growth = to_percent((cumulative / before.where(before > 0) - 1).to_numpy(dtype=np.float64))
    return Series(
        growth=pd.DataFrame(growth, cumulative.index, cumulative.columns).round(1).iloc[12:], frequency=frequency
    )


def _wide(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    wide = rows.drop_duplicates(["period", column], keep="last").pivot(index="period", columns=column, values="value")
    wide.index = pd.PeriodIndex(wide.index, freq="M")
    return wide.sort_index().reindex(pd.period_range(f"{wide.index[0].year}-01", f"{wide.index[-1].year}-12", freq="M"))


def _gdp(file: Path) -> Series:
    """Real growth by quarter; the aggregate is the mean weighted by last year's GDP to the same quarter."""
    table = pd.read_csv(file)
    growth, level = (_wide(table[table["measure"] == one], "province") for one in ("cum_yoy_pct", "level_cum_yi"))
    weight = level.reindex(columns=growth.columns).shift(12)
    whole = (growth * weight).sum(axis=1, min_count=20) / weight.where(growth.notna()).sum(axis=1)
    return Series(growth=growth.assign(**{AGGREGATE: whole.round(1)}), frequency=Frequency.QUARTERLY)


def _hunan(file: Path) -> dict[str, Series]:
    table = pd.read_csv(file)
    table["unit_zh"] = table["unit_zh"].where(table["unit_zh"] != "湖南省", AGGREGATE)
    names = ("fai", "ind_va", "fiscal_rev", "export")
    return {
        one: Series(growth=_wide(table[table["indicator"] == one], "unit_zh"), frequency=Frequency.MONTHLY)
        for one in names
    }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """An indicator as of a month: draws, what its quarters brought, and how the year ended, percent by region."""

    paths: IndicatorPaths
    surprises: Surprises
    outcome: Mapping[str, float]


def history_of(one: Series, year: int, month: int) -> tuple[pd.DataFrame, pd.Series]:
    """Growth up to a month of origin, whole regions only, and the year's end."""
    grid = one.growth[one.growth.index.month.isin(one.frequency.months)]
    seen = grid[(grid.index <= pd.Period(f"{year}-{month:02d}", freq="M")) & (grid.index.year >= year - HISTORY_YEARS)]
    seen = seen.loc[seen[AGGREGATE].first_valid_index() :] if seen[AGGREGATE].notna().any() else seen
    end = one.growth.loc[pd.Period(f"{year}-12", freq="M")]
    whole = (seen.isna().mean() <= MOST_MISSING) & seen.iloc[-1:].notna().all() & end.notna()
    whole &= (seen.min() > BOUNDS_PCT[0]) & (seen.max() < BOUNDS_PCT[1])
    return seen.loc[:, whole], end


def fitted(name: str, one: Series, year: int, month: int) -> Fit | None:
    """Draws of an indicator as of a month; None where there is too little."""
    seen, end = history_of(one, year, month)
    if AGGREGATE not in seen.columns or len(seen.columns) < 4 or len(seen) < 2 * one.frequency.per_year:
        return None
    row, column = np.nonzero(seen.notna().to_numpy())
    months = [Month(period.year, period.month) for period in seen.index]
    names = np.array(seen.columns, dtype=object)
    known = pd.DataFrame(
        {
            "unit": names[column],
            "indicator": name,
            "period": [months[k] for k in row],
            "measure": CUMULATIVE,
            "value": seen.to_numpy()[row, column],
            "status": "published",
        }
    )
    order = sorted(map(str, names), key=lambda unit: (unit != AGGREGATE, unit))
    units = {
        unit: Unit(
            unit=unit,
            name_zh=unit,
            level="nation" if unit == AGGREGATE else "province",
            parent=None if unit == AGGREGATE else AGGREGATE,
            counted_within=None,
        )
        for unit in order
    }
    indicator = Indicator(
        indicator=name,
        name_zh=name,
        frequency=one.frequency,
        department="",
        team_zh="",
        revision_sd_pp=0.0,
        profile=None,
    )
    panel = Panel(
        units=units,
        indicators={name: indicator},
        observations=known,
        bases=pd.DataFrame(),
        industries=pd.DataFrame(),
    )
    made = measure(panel, known, indicator, target_year=year)
    seed = zlib.crc32(f"{name}|{year}|{month}".encode())
    try:
        posterior = fit(made, method="fast", seed=seed, name=name, draws=DRAWS)
    except NonFiniteError:
        return None
    paths = indicator_paths(posterior, indicator=name, frequency=one.frequency, target_year=year)
    levels = {unit.unit: unit.level for unit in units.values()}
    found = {
        (Level.CITY if level is Level.PROVINCE else level, unit, quarter): value
        for (level, unit, quarter), value in surprises(made, levels, one.frequency).items()
    }
    return Fit(paths=paths, surprises=found, outcome={str(unit): float(end[unit]) for unit in names})


def kind(first: str, second: str) -> Kind:
    """What two indicators of the panels are to each other."""
    pair = frozenset((first, second))
    if pair in SAME:
        return Kind.PART
    return Kind.DRIVER if "gdp" in pair and pair & DRIVERS else Kind.ACTIVITY


def _orders(way: str, fits: Mapping[str, Fit], region: str, seed: int) -> dict[str, np.ndarray]:
    paths = {name: one.paths for name, one in fits.items() if region in one.outcome}
    if way == "independent":
        return {name: np.arange(DRAWS) for name in paths}
    if way == "earlier":
        common = generator(seed, "common").standard_normal(DRAWS)
        out = {}
        for name, one in paths.items():
            own = generator(seed, name).standard_normal(DRAWS)
            rank = np.argsort(np.argsort(np.sqrt(EARLIER) * common + np.sqrt(1 - EARLIER) * own))
            out[name] = np.argsort(_gap(one, region), kind="stable")[rank]
        return out
    kinds = {(a, b): kind(a, b) for a in fits for b in fits}
    together = estimated({name: one.surprises for name, one in fits.items()}, kinds, line=(AGGREGATE, region))
    return coupling(paths, together, seed)


def _gap(one: IndicatorPaths, region: str) -> Floats:
    year = one.cum_yoy.isel({PERIOD: -1})
    return np.asarray((year.sel({UNIT: region}) - year.sel({UNIT: AGGREGATE})).to_numpy())


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many reach the aggregate: scores of its distribution."""

    log: float
    rps: float
    p_all: float
    all_reached: bool
    pit: float


def count(hits: Floats, reached: int, *, all_reached: bool, u: float) -> Count:
    """Scores of the number attained.

    Parameters
    ----------
    hits : (draw, indicator) of 0 and 1; reached : how many were; u : uniform number that breaks ties of the place
    """
    number = hits.sum(axis=1).astype(int)
    n = hits.shape[1]
    mass = (np.bincount(number, minlength=n + 1) + 1 / (n + 1)) / (len(number) + 1)
    below = np.cumsum(mass)
    return Count(
        log=float(-np.log(mass[reached])),
        rps=float(((below - (np.arange(n + 1) >= reached)) ** 2).sum()),
        p_all=float(mass[-1]),
        all_reached=all_reached,
        pit=float(below[reached] - u * mass[reached]),
    )


def scores(name: str, series: Mapping[str, Series]) -> Iterator[dict[str, object]]:
    """A row a case and way: year, month and region."""
    years, origins = PANELS[name]
    for year in years:
        for month in origins:
            made = {one: fitted(one, found, year, month) for one, found in series.items()}
            fits = {one: found for one, found in made.items() if found is not None}
            regions = sorted({unit for one in fits.values() for unit in one.outcome} - {AGGREGATE})
            for region in regions:
                mine = [one for one, found in fits.items() if region in found.outcome]
                if len(mine) < LEAST_TOGETHER:
                    continue
                seed = zlib.crc32(f"{name}|{year}|{month}|{region}".encode())
                reach = [fits[one].outcome[region] >= fits[one].outcome[AGGREGATE] for one in mine]
                for way in WAYS:
                    order = _orders(way, fits, region, seed)
                    hits = np.stack([_gap(fits[one].paths, region)[order[one]] >= 0 for one in mine], axis=1)
                    found = count(
                        hits, sum(reach), all_reached=all(reach), u=float(np.random.default_rng(seed).random())
                    )
                    key = {"panel": name, "year": year, "month": month, "region": region, "n": len(mine), "way": way}
                    yield key | {field: getattr(found, field) for field in Count.__slots__}


def table(frame: pd.DataFrame) -> str:
    """Scores by panel and way, and the product's log score over the others', with intervals by resampled years."""
    lines = [
        "| panel | cases | way | log | RPS | mean P(all) | all reached | log over it, 90 % by years |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    rng = np.random.default_rng(5)
    for panel, rows in frame.groupby("panel", sort=False):
        log = rows.pivot_table(index=["year", "month", "region"], columns="way", values="log")
        years = log.index.get_level_values("year")
        each = {year: log[years == year] for year in sorted(set(years))}
        for way in WAYS:
            mine = rows[rows["way"] == way]
            ratios = []
            for _ in range(400):
                drawn = pd.concat([each[y] for y in rng.choice(list(each), len(each))])
                ratios.append(drawn["product"].mean() / drawn[way].mean())
            low, high = np.quantile(ratios, [0.05, 0.95])
            over = log["product"].mean() / log[way].mean()
            lines.append(
                f"| {panel} | {len(mine)} | {way} | {mine['log'].mean():.4f} | {mine['rps'].mean():.4f} "
                f"| {mine['p_all'].mean():.4f} | {mine['all_reached'].mean():.4f} | {over:.3f} ({low:.3f}-{high:.3f}) |"
            )
    return "\n".join(lines)


SIMULATED: Final = 10
"""Indicators of a simulated world."""
QUARTERS: Final = 28
SDS: Final = {Level.NATION: 0.02, Level.PROVINCE: 0.01, Level.CITY: 0.015}
LINE: Final = ("nation", "province", "city")


def world(seed: int, correlation: Mapping[Level, float], draws: int = DRAWS) -> tuple[dict[str, Count], Floats]:
    """A world with a known structure: counts of indicators whose gap, and whose growth, is at least zero.

    Returns
    -------
    counts : "gap" and "growth"; wanted and reached correlations of the draws, (level, 2)
    """
    rng = np.random.default_rng(seed)
    names = [f"i{k}" for k in range(SIMULATED)]
    kinds = {(a, b): Kind.ACTIVITY for a in names for b in names}

    def joined(size: int, r: float) -> Floats:
        own = rng.standard_normal((size, SIMULATED))
        return np.asarray(np.sqrt(r) * rng.standard_normal((size, 1)) + np.sqrt(1 - r) * own)

    past = {level: joined(QUARTERS, r / 1.2) for level, r in correlation.items()}
    found: dict[str, Surprises] = {
        name: {
            (level, "" if level is Level.NATION else level.value, q): float(past[level][q, k])
            for level in Level
            for q in range(QUARTERS)
        }
        for k, name in enumerate(names)
    }
    together = estimated(found, kinds, line=LINE)
    centre = {level: sd * rng.standard_normal(SIMULATED) for level, sd in SDS.items()}
    truth = {level: centre[level] + SDS[level] * joined(1, correlation[level])[0] for level in Level}
    paths = {}
    for k, name in enumerate(names):
        parts = [centre[level][k] + SDS[level] * rng.standard_normal(draws) for level in Level]
        paths[name] = _paths(name, np.expm1(np.cumsum(parts, axis=0)).T)
    order = coupling(paths, together, seed)
    year = {name: one.cum_yoy.to_numpy()[order[name], :, 0] for name, one in paths.items()}
    gap = np.stack([one[:, 2] >= one[:, 1] for one in year.values()], axis=1)
    growth = np.stack([one[:, 2] >= 0 for one in year.values()], axis=1)
    true_gap, true_growth = truth[Level.CITY] >= 0, sum(truth.values()) >= 0
    u = float(rng.random())
    keys = {Level.NATION: 0, Level.PROVINCE: 1, Level.CITY: 2}
    reached = []
    for level, at in keys.items():
        values = np.stack(
            [np.log1p(one[:, at]) - (np.log1p(one[:, at - 1]) if at else 0.0) for one in year.values()], axis=1
        )
        off = np.corrcoef(normal_scores(values), rowvar=False)[np.triu_indices(SIMULATED, k=1)]
        reached.append((correlation[level], float(off.mean())))
    counts = {
        "gap": count(gap, int(true_gap.sum()), all_reached=bool(true_gap.all()), u=u),
        "growth": count(growth, int(np.sum(true_growth)), all_reached=bool(np.all(true_growth)), u=u),
    }
    return counts, np.array(reached)


def _paths(name: str, growth: Floats) -> IndicatorPaths:
    """Draws of the end of a year, (draw, unit of ``LINE``)."""
    coords = {UNIT: list(LINE), PERIOD: ["2020-12"]}
    cum = xr.DataArray(growth[:, :, None], coords, (DRAW, UNIT, PERIOD))
    return IndicatorPaths(
        indicator=name,
        frequency=Frequency.MONTHLY,
        growth=cum,
        base_weight=xr.ones_like(cum),
        cum_yoy=cum,
        published=xr.DataArray(np.full((3, 1), np.nan), coords, (UNIT, PERIOD)),
        ess=float(len(growth)),
        diagnostics=Diagnostics(method="fast", status="ok", observations=0),
    )


def structures(name: str, seed: int) -> dict[Level, float]:
    """Correlations of a simulated world: of the prior, or .3 to .9 between levels and 0 to .3 in gaps."""
    rng = np.random.default_rng([seed, 17])
    if name == "prior":
        both = {level: prior(level, Kind.ACTIVITY) for level in Level}
        return {level: float(np.clip(m + s * rng.standard_normal(), 0.0, 0.9)) for level, (m, s) in both.items()}
    wide = {level: float(rng.uniform(0.0, 0.3)) for level in Level}
    return wide | {Level.NATION: float(rng.uniform(0.3, 0.9))}


def simulated_frame(worlds: int) -> pd.DataFrame:
    """Calibration of the number attained in simulated worlds: a row a structure and what is counted."""
    rows = []
    for name in ("prior", "box"):
        made = [world(seed, structures(name, seed))[0] for seed in range(worlds)]
        for what in ("gap", "growth"):
            pit = np.array([one[what].pit for one in made])
            rows.append(
                {
                    "structure": name,
                    "worlds": worlds,
                    "what": what,
                    "mean_place": pit.mean(),
                    "covered50": (np.abs(pit - 0.5) <= 0.25).mean(),
                    "covered80": (np.abs(pit - 0.5) <= 0.4).mean(),
                    "mean_p_all": np.mean([one[what].p_all for one in made]),
                    "all_reached": np.mean([one[what].all_reached for one in made]),
                }
            )
    return pd.DataFrame(rows)


def simulated(worlds: int) -> str:
    """The same as a table."""
    lines = [
        "| worlds | what | mean place | within the middle 50 % | 80 % | mean P(all) | all reached |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for r in simulated_frame(worlds).itertuples():
        lines.append(
            f"| {r.structure}, {r.worlds} | {r.what} | {r.mean_place:.3f} | {r.covered50:.3f} | {r.covered80:.3f} "
            f"| {r.mean_p_all:.4f} | {r.all_reached:.4f} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Score panels and simulated worlds and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=Path, default=Path("../shared/bench/panels"))
    parser.add_argument("--facts", type=Path, default=Path("../shared/facts"))
    parser.add_argument("--only", nargs="*", default=list(PANELS))
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--out", type=Path, help="CSV of all cases")
    arguments = parser.parse_args()
    if arguments.worlds:
        print(simulated(arguments.worlds), flush=True)
    rows: list[dict[str, object]] = []
    for name in arguments.only:
        rows += scores(name, panel_of(name, arguments.panels, arguments.facts))
        print(table(pd.DataFrame(rows)), flush=True)
    if arguments.out and rows:
        pd.DataFrame(rows).to_csv(arguments.out, index=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
