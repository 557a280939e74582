"""Forecasts in worlds of a known structure: ``python benchmarks/worlds.py --worlds 60``.

Simulation-based calibration draws worlds of the prior. These are worlds of what happens besides: a collapse a year ago,
a break of the level, first prints that are corrected, a benchmark that is older than the city's figures, a figure whose
last digit is a good part of its spread. A province and four cities have paths of the prior's centre; everything is
published, read and fitted as a data set is, by either route, and judged at the published digit.

Written: ``docs/calibration/worlds.csv``, a row a world and route, and ``joint.csv``, the number attained in worlds of
``joint.py``; ``calibrate.py`` puts both on the page.

Invariant: nothing that was not out by the day of knowledge enters a forecast (held by ``tests/test_worlds_bench.py``).
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # run as a script: the folder's own modules, and the package

import joint  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from forecast.answers.chances import attained, published  # noqa: E402
from forecast.data.panel import Indicator, Panel, Unit, known, release_rule  # noqa: E402
from forecast.dims import Floats  # noqa: E402
from forecast.inference.gaps.fast import Method  # noqa: E402
from forecast.inference.measure import CUMULATIVE, measure  # noqa: E402
from forecast.inference.model import Figures, log_growth, shape_covariance  # noqa: E402
from forecast.inference.priors import ROOT_TREND_A_YEAR, SHAPE_CENTRE  # noqa: E402
from forecast.inference.sampling import Posterior, fit  # noqa: E402
from forecast.periods import AsOf, Frequency, Month, default_profile  # noqa: E402

S: Final = 11
YEAR: Final = 2020
CITIES: Final = 4
DRAWS: Final = 500
CORRECTED: Final = dt.timedelta(days=70)
"""After a first print, its correction."""
INDICATOR: Final = "x"
MONTHS: Final = Frequency.MONTHLY.months


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is special about a world.

    title : what it is called on the page
    years : of the grid; last : periods of the target year that are out
    scale : of the province, log points a period; a city's ratio has twice as much
    place, since, until, left : first place that something happened to (1: all cities), periods of the grid from and up
        to, and what was left of the level
    first_print_pp : error of first prints; behind : periods by which the province's figures are older; missing : share
        of the figures that never came
    """

    title: str
    years: int = 7
    last: int = 6
    scale: float = 0.01
    place: int = 0
    since: int = 0
    until: int = 0
    left: float = 1.0
    first_print_pp: float = 0.0
    behind: int = 0
    missing: float = 0.0


NOW: Final = 6 * S
KINDS: Final[dict[str, Kind]] = {
    "nothing": Kind(title="nothing happens"),
    "collapse": Kind(title="a year of −60 %, the year before", since=NOW - S, until=NOW, left=0.4),
    "fall": Kind(title="a year of −20 %, the year before", since=NOW - S, until=NOW, left=0.8),
    "winter": Kind(title="three periods of −30 %, the year before", since=NOW - S, until=NOW - S + 3, left=0.7),
    "break": Kind(title="an 8 % break of the cities, the year before", place=1, since=NOW - 6, until=99, left=0.92),
    "break_now": Kind(title="an 8 % break of the cities, this year", place=1, since=NOW + 2, until=99, left=0.92),
    "unrevised": Kind(title="no first print is corrected", years=5, last=7, scale=0.008),
    "revised": Kind(title="first prints off by .6 points", years=5, last=7, scale=0.008, first_print_pp=0.6),
    "revised_gaps": Kind(
        title="the same, half of the figures missing", years=5, last=7, scale=0.008, first_print_pp=0.6, missing=0.5
    ),
    "as_old": Kind(title="city and province of October", last=9),
    "older": Kind(title="city of October, province of August", last=9, behind=2),
    "digit": Kind(title="income in November: the last digit counts", last=10, scale=0.0015),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """What is published, and what came: growth of the full year as it stays, fraction, by unit."""

    panel: Panel
    came: dict[str, float]


def world(kind: Kind, seed: int) -> World:
    """A province and its cities, with what is special about them."""
    rng = np.random.default_rng(seed)
    periods, weight = S * kind.years, default_profile(Frequency.MONTHLY)
    shift = NOW - S * (kind.years - 1)
    observations, came = [], {}
    for place, path in enumerate(_paths(rng, periods, kind.scale)):
        if place >= kind.place:
            path[max(kind.since - shift, 0) : max(kind.until - shift, 0)] += np.log(kind.left)
        name = "province" if place == 0 else f"city{place}"
        stays = published(np.expm1(log_growth(path, _every(weight, np.arange(S, periods)))))
        came[name] = float(stays[-1])
        out = S * (kind.years - 2) + kind.last - (kind.behind if place == 0 else 0)
        for t, growth in enumerate(stays[:out]):
            month = Month(YEAR - kind.years + 2 + t // S, MONTHS[t % S])
            first = float(published(np.array(growth + kind.first_print_pp / 100 * rng.standard_normal())))
            if rng.random() < kind.missing and t < out - 1:
                continue
            observations.append(_row(name, month, 100 * first, release_rule(month)))
            if first != growth and (later := release_rule(month) + CORRECTED) <= _day(kind):
                observations.append(_row(name, month, 100 * float(growth), later))
    return World(panel=_panel(observations, weight), came=came)


def _paths(rng: np.random.Generator, periods: int, scale: float) -> Floats:
    """Log index of the province and its cities, (unit, period), of the prior's centre."""
    above, below = (
        np.linalg.cholesky(shape_covariance(SHAPE_CENTRE, periods, S, root=root) + 1e-9 * np.eye(periods))
        for root in (True, False)
    )
    root = scale * above @ rng.standard_normal(periods) + np.arange(periods) * ROOT_TREND_A_YEAR / S
    ratios = 2 * scale * (below @ rng.standard_normal((periods, CITIES))).T
    return np.vstack([root, root + ratios])


def _every(weight: Floats, time: np.ndarray) -> Figures:
    ones = np.ones(len(time))
    return Figures(weight=weight, time=time, cumulative=ones > 0, log_growth=0 * ones, noise_sd=ones)


def _day(kind: Kind) -> dt.date:
    return release_rule(Month(YEAR, MONTHS[kind.last - 1]))


def _row(unit: str, month: Month, value: float, released: dt.date) -> dict[str, object]:
    return {
        "unit": unit,
        "indicator": INDICATOR,
        "period": month,
        "measure": CUMULATIVE,
        "value": value,
        "released": released,
        "status": "published",
        "source": "simulated",
        "file": "",
        "row": 0,
    }


def _panel(observations: list[dict[str, object]], weight: Floats) -> Panel:
    names = ["province", *(f"city{i}" for i in range(1, CITIES + 1))]
    units = {
        name: Unit(
            unit=name,
            name_zh=name,
            level="province" if name == "province" else "city",
            parent=None if name == "province" else "province",
            counted_within=None,
        )
        for name in names
    }
    indicator = Indicator(
        indicator=INDICATOR,
        name_zh=INDICATOR,
        frequency=Frequency.MONTHLY,
        department="",
        team_zh="",
        revision_sd_pp=0.0,
        profile=tuple(float(w) for w in weight),
    )
    return Panel(
        units=units,
        indicators={INDICATOR: indicator},
        observations=pd.DataFrame(observations),
        bases=pd.DataFrame(),
        industries=pd.DataFrame(),
    )


def forecasts(kind: Kind, one: World, *, method: Method, seed: int) -> dict[str, Floats]:
    """Draws of full-year growth, (draw,), by unit, fraction."""
    day = AsOf.parse(str(Month(YEAR, MONTHS[kind.last - 1])))
    m = measure(one.panel, known(one.panel, day), one.panel.indicators[INDICATOR], target_year=YEAR)
    posterior = fit(m, method=method, seed=seed, name=INDICATOR, draws=DRAWS)
    return dict(zip(m.units, year_end(posterior).T, strict=True))


def year_end(posterior: Posterior) -> Floats:
    """Growth of the full target year, (draw, unit), fraction."""
    m = posterior.measurements
    level = np.tile(m.weight, 2) * np.exp(posterior.index)
    return np.asarray(level[:, :, S:].sum(2) / level[:, :, :S].sum(2) - 1)


def judged(one: World, drawn: dict[str, Floats], rng: np.random.Generator) -> Iterator[dict[str, float]]:
    """A row a city: errors and spreads of the province and of the gap, points; place; chances, printed or not."""
    goal, its = drawn["province"], one.came["province"]
    for name in sorted(one.came.keys() - {"province"}):
        own, mine = drawn[name], one.came[name]
        gap, true = published(own) - published(goal), mine - its
        u = float(np.mean(gap < true - 1e-9) + rng.random() * np.mean(np.abs(gap - true) <= 1e-9))
        yield {
            "root_error2": (100 * (np.median(goal) - its)) ** 2,
            "root_var": float(np.var(100 * goal)),
            "gap_error2": (100 * (np.median(own - goal) - true)) ** 2,
            "gap_var": float(np.var(100 * (own - goal))),
            "place": u,
            "p": (float(attained(own, goal).sum()) + 0.5) / (len(own) + 1),
            "p_unrounded": (float((own >= goal).sum()) + 0.5) / (len(own) + 1),
            "came_true": float(bool(attained(np.array(mine), np.array(its)))),
        }


def row(kind: str, method: str, rows: pd.DataFrame, worlds: int) -> dict[str, object]:
    """What the page says of a kind of world and a route."""
    inner = np.abs(rows["place"] - 0.5)
    low, high = rows[rows["p"] <= 0.1], rows[rows["p"] >= 0.9]
    return {
        "world": kind,
        "title": KINDS[kind].title,
        "route": method,
        "worlds": worlds,
        "root_rmse_over_sd": float(np.sqrt(rows["root_error2"].mean() / rows["root_var"].mean())),
        "gap_rmse_over_sd": float(np.sqrt(rows["gap_error2"].mean() / rows["gap_var"].mean())),
        "gap_covered50": float((inner <= 0.25).mean()),
        "gap_covered80": float((inner <= 0.4).mean()),
        "gap_covered90": float((inner <= 0.45).mean()),
        "mean_p": float(rows["p"].mean()),
        "came_true": float(rows["came_true"].mean()),
        "p_low": len(low),
        "p_low_came_true": float(low["came_true"].mean()),
        "p_high": len(high),
        "p_high_came_true": float(high["came_true"].mean()),
        "brier": float(((rows["p"] - rows["came_true"]) ** 2).mean()),
        "brier_unrounded": float(((rows["p_unrounded"] - rows["came_true"]) ** 2).mean()),
    }


def scored(name: str, method: Method, worlds: int) -> dict[str, object]:
    """Many worlds of a kind by a route."""
    kind, found = KINDS[name], list[dict[str, float]]()
    for seed in range(worlds):
        one = world(kind, seed)
        drawn = forecasts(kind, one, method=method, seed=seed)
        found += judged(one, drawn, np.random.default_rng([seed, 1]))
    return row(name, method, pd.DataFrame(found), worlds)


def merged(new: pd.DataFrame, file: Path, keys: list[str]) -> pd.DataFrame:
    """Rows of a file with those of the same keys replaced, in the order of the kinds."""
    old = pd.read_csv(file) if file.exists() else new.iloc[:0]
    out = pd.concat([old, new]).drop_duplicates(keys, keep="last")
    order = {name: k for k, name in enumerate(KINDS)}
    return out.sort_values(keys, key=lambda one: one.map(order).fillna(0) if one.name == "world" else one)


def main() -> int:
    """Draw, fit, judge, and keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--worlds", type=int, default=60)
    parser.add_argument("--method", choices=("fast", "nuts"), default="fast")
    parser.add_argument("--only", nargs="*", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--joint", type=int, default=0, help="worlds of many indicators; 0 for none")
    parser.add_argument("--out", type=Path, default=HERE.parent / "docs" / "calibration")
    parser.add_argument("--dry", action="store_true", help="do not write")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    for name in asked.only:
        one = scored(name, asked.method, asked.worlds)
        print("  ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{v}" for k, v in one.items()), flush=True)
        if not asked.dry:
            file = asked.out / "worlds.csv"
            frame = merged(pd.DataFrame([one]), file, ["world", "route"])
            frame.to_csv(file, index=False, float_format="%.4g", lineterminator="\n")
    if asked.joint:
        made = joint.simulated_frame(asked.joint)
        print(made.to_string())
        if not asked.dry:
            made.to_csv(asked.out / "joint.csv", index=False, float_format="%.4g", lineterminator="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
