"""Real Chinese places beside "the gap stays": ``python benchmarks/home.py --facts ../shared/facts``.

Hunan's cities under their province and the nation, monthly, and real growth of provinces' GDP, by quarter, under the
mean weighted by last year's GDP. Of every year and month of origin the model is given what was out, as a data set gives
it, and its draws of the year's growth are scored against what came. Beside it stands the rule of thumb of every office:
the gap to the benchmark stays as it is, with the spread that this had in the other years (the year that is asked for
left out, later ones not: a calibrated rule).

All places of a year share its shocks. Ratios come with intervals that resample years and indicators, and by year.

Invariant: nothing after the month of origin enters a forecast (held by ``tests/test_home.py``).
"""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # run as a script: the folder's own modules, and the package

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from protocol import ORIGINS as MONTHS  # noqa: E402
from results import about_line, environment, insert  # noqa: E402
from scipy.special import ndtr  # noqa: E402
from ytd import limited  # noqa: E402

from forecast.data.panel import Indicator, Panel, Unit  # noqa: E402
from forecast.dims import DRAW, PERIOD, UNIT, Floats, to_percent  # noqa: E402
from forecast.draws.paths import indicator_paths  # noqa: E402
from forecast.executor import Done, InProcess, LocalProcesses, Part  # noqa: E402
from forecast.inference.gaps.fast import Method  # noqa: E402
from forecast.inference.measure import CUMULATIVE, measure  # noqa: E402
from forecast.inference.sampling import fit  # noqa: E402
from forecast.periods import Frequency, Month  # noqa: E402
from forecast.track_record import scoring  # noqa: E402

FACTS: Final = (Path("../shared/facts"), HERE.parent / "data" / "facts")
"""Where the figures are looked for: ``hunan.csv``, ``nation.csv``, ``provinces_gdp.csv``."""
YEARS: Final = {"hunan": (2019, 2020, 2021), "gdp": tuple(range(2009, 2025))}
ORIGINS: Final = {"hunan": MONTHS, "gdp": (3, 6, 9)}
INDICATORS: Final = ("fai", "ind_va", "fiscal_rev", "export")
"""Of Hunan: the first two are the bars, the others, nominal and lumpy, are looked at beside."""
NATION_NAMES: Final = {"export": "export_usd"}
PROVINCE: Final = "湖南省"
FIRST: Final = {"hunan": 2018, "gdp": 2005}
"""Year from which on every month, or quarter, has figures; of Hunan there is a December before."""
HISTORY_YEARS: Final = 7
"""Years of growth before the target year that a forecaster is given, where there are as many."""
DRAWS: Final = 1000
PROBS: Final = (0.5, 0.8, 0.9)
MARKS: Final = ("<!-- home: begin -->", "<!-- home: end -->")
RATED: Final = ("brier", "logs", "crps", "crps_gap")
RESAMPLES: Final = 2000
THIRDS: Final = ((2009, 2014), (2015, 2019), (2020, 2024))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """A year of an indicator, as of a month.

    growth : cumulative growth as published, percent, a row a reporting month through the end of the target year
    parents : what every place is measured against, the root None; benchmark : whom the judged places want to reach
    """

    panel: str
    indicator: str
    year: int
    origin: int
    frequency: Frequency
    growth: pd.DataFrame
    parents: Mapping[str, str | None]
    levels: Mapping[str, str]
    benchmark: str

    @property
    def name(self) -> str:
        """As progress and failures call it."""
        return f"{self.panel} {self.indicator} {self.year}-{self.origin:02d}"

    @property
    def known(self) -> pd.DataFrame:
        """What is out."""
        return self.growth.loc[: pd.Period(f"{self.year}-{self.origin:02d}", "M")]

    @property
    def judged(self) -> list[str]:
        """Places under the benchmark."""
        return [place for place, parent in self.parents.items() if parent == self.benchmark]

    def outcome(self) -> pd.Series:
        """Growth of the full year, percent."""
        return self.growth.loc[pd.Period(f"{self.year}-12", "M")]

    def to_date(self) -> pd.Series:
        """Gap of the judged places to the benchmark in the last month of the year that both have, points."""
        rows = self.known[self.known.index.year == self.year]
        gap = rows[self.judged].sub(rows[self.benchmark], axis=0)
        return gap.ffill().iloc[-1]


def questions(facts: Path, *, only: Sequence[str] = ("hunan", "gdp")) -> Iterator[Question]:
    """All questions that the files of a folder answer."""
    if "hunan" in only:
        yield from _hunan(facts)
    if "gdp" in only:
        yield from _gdp(facts)


def _hunan(facts: Path) -> Iterator[Question]:
    cities, nation = (pd.read_csv(facts / f"{name}.csv") for name in ("hunan", "nation"))
    for indicator in INDICATORS:
        table = _wide(cities[cities["indicator"] == indicator], "unit_zh")
        above = nation[nation["indicator"] == NATION_NAMES.get(indicator, indicator)].assign(place="nation")
        table = table.join(_wide(above, "place")["nation"])
        places = [name for name in table.columns if name not in (PROVINCE, "nation")]
        parents: dict[str, str | None] = {"nation": None, PROVINCE: "nation", **dict.fromkeys(places, PROVINCE)}
        levels = {"nation": "nation", PROVINCE: "province", **dict.fromkeys(places, "city")}
        shape = {"frequency": Frequency.MONTHLY, "parents": parents, "levels": levels, "benchmark": PROVINCE}
        yield from _asked("hunan", indicator, table[list(parents)], shape)


def _gdp(facts: Path) -> Iterator[Question]:
    rows = pd.read_csv(facts / "provinces_gdp.csv")
    table, level = (_wide(rows[rows["measure"] == name], "province") for name in ("cum_yoy_pct", "level_cum_yi"))
    before = level.shift(4)[table.columns]
    table["all"] = ((table * before).sum(axis=1) / before.sum(axis=1)).round(1)
    table = table[before.notna().all(axis=1)]
    parents: dict[str, str | None] = {"all": None} | {name: "all" for name in table.columns if name != "all"}
    levels = {name: "nation" if parent is None else "province" for name, parent in parents.items()}
    shape = {"frequency": Frequency.QUARTERLY, "parents": parents, "levels": levels, "benchmark": "all"}
    yield from _asked("gdp", "gdp", table[list(parents)], shape)


def _wide(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    table = rows.pivot_table(index="period", columns=column, values="value", aggfunc="last")
    table.index = pd.PeriodIndex(table.index, freq="M")
    return table.sort_index()


def _asked(panel: str, indicator: str, table: pd.DataFrame, shape: dict[str, Any]) -> Iterator[Question]:
    for year in YEARS[panel]:
        first = max(year - HISTORY_YEARS, FIRST[panel])
        window = table[(table.index.year >= first) & (table.index.year <= year)]
        end = pd.Period(f"{year}-12", "M")
        for origin in ORIGINS[panel]:
            known = window.loc[f"{year}-01" : f"{year}-{origin:02d}"]
            out = known.notna().any() & window.loc[end].notna()
            places = [name for name in window.columns if out[name]]
            parents = {name: parent for name, parent in shape["parents"].items() if name in places}
            if shape["benchmark"] in places:
                own = shape | {"parents": parents}
                yield Question(panel=panel, indicator=indicator, year=year, origin=origin, growth=window[places], **own)


def draws_of(question: Question, *, method: Method = "fast", draws: int = DRAWS) -> pd.DataFrame:
    """Draws of the full year's growth, percent: a row a draw, a column a place."""
    ids = {name: f"u{i:03d}" for i, name in enumerate(question.growth.columns)}
    parents, about = question.parents, question.frequency
    units = {
        ids[name]: Unit(
            unit=ids[name],
            name_zh=name,
            level=question.levels[name],
            parent=None if (above := parents[name]) is None else ids[above],
            counted_within=None,
        )
        for name in parents
    }
    indicator = Indicator(
        indicator=question.indicator,
        name_zh=question.indicator,
        frequency=about,
        department="",
        team_zh="",
        revision_sd_pp=0.0,
        profile=None,
    )
    found = question.known[question.known.index.month.isin(about.months)].stack().dropna()
    known = pd.DataFrame(
        {
            "unit": [ids[place] for _, place in found.index],
            "indicator": question.indicator,
            "period": [Month(at.year, at.month) for at, _ in found.index],
            "measure": CUMULATIVE,
            "value": found.to_numpy(),
            "status": "published",
        }
    )
    empty = pd.DataFrame()
    panel = Panel(
        units=units,
        indicators={question.indicator: indicator},
        observations=known,
        bases=empty,
        industries=empty,
    )
    made = measure(panel, known, indicator, target_year=question.year)
    seed = zlib.crc32(question.name.encode())
    with limited():
        posterior = fit(made, method=method, seed=seed, name=question.indicator, draws=draws)
    paths = indicator_paths(posterior, indicator=question.indicator, frequency=about, target_year=question.year)
    end = paths.cum_yoy.isel({PERIOD: -1}).sel({UNIT: list(ids.values())}).transpose(DRAW, UNIT)
    return pd.DataFrame(to_percent(end.to_numpy()), columns=list(ids))


def scored(question: Question, *, method: Method = "fast") -> list[dict[str, Any]]:
    """Scores of one question, a row a judged place."""
    begin = time.process_time()
    draws = draws_of(question, method=method)
    seconds = time.process_time() - begin
    outcome, judged = question.outcome(), question.judged
    own, whole = draws[judged].to_numpy(), draws[[question.benchmark]].to_numpy()
    truth, bench = outcome[judged].to_numpy(), float(outcome[question.benchmark])
    event, reach = truth >= bench, (own >= whole).mean(axis=0)
    columns: dict[str, Any] = {
        "place": judged,
        "to_date": question.to_date()[judged].to_numpy(),
        "gap": truth - bench,
        "event": event.astype(float),
        "p": reach,
        "brier": scoring.brier(np.clip(reach, scoring.CLIP, 1 - scoring.CLIP), event),
        "logs": scoring.log_score(reach, event),
        "crps": scoring.crps(own, truth),
        "crps_gap": scoring.crps(own - whole, truth - bench),
    }
    for prob in PROBS:
        at = f"{100 * prob:.0f}"
        columns[f"city{at}"] = scoring.covered(own, truth, interval_prob=prob).astype(float)
        columns[f"gap{at}"] = scoring.covered(own - whole, truth - bench, interval_prob=prob).astype(float)
    centred = (own - whole).mean(axis=0), (own - whole).std(axis=0)
    columns["z_gap"] = (truth - bench - centred[0]) / centred[1]
    columns["z_bench"] = np.full(len(judged), (bench - whole.mean()) / whole.std())
    head = {"panel": question.panel, "indicator": question.indicator, "year": question.year, "origin": question.origin}
    head["seconds"] = seconds
    now = question.known[question.known.index.year == question.year].ffill().iloc[-1]
    columns["own_change"] = truth - now[judged].to_numpy()
    return [head | dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def beside_stays(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores with those of "the gap stays": a normal around the gap to date, its spread that of the other years."""
    out = scores.assign(change=scores["gap"] - scores["to_date"])
    key = ["panel", "indicator", "origin"]
    for name, of in (("spread", "change"), ("own_spread", "own_change")):
        square = out[of] ** 2
        total, count = square.groupby([out[k] for k in key]).transform("sum"), out.groupby(key)[of].transform("count")
        mine = square.groupby([out[k] for k in [*key, "year"]]).transform("sum")
        size = out.groupby([*key, "year"])[of].transform("count")
        out[name] = np.sqrt((total - mine) / (count - size))
    p = ndtr(out["to_date"] / out["spread"])
    event = out["event"].to_numpy() > 0
    out["stays_brier"] = scoring.brier(np.clip(p, scoring.CLIP, 1 - scoring.CLIP), event)
    out["stays_logs"] = scoring.log_score(p, event)
    out["stays_crps_gap"] = normal_crps(out["change"].to_numpy(), out["spread"].to_numpy())
    out["stays_crps"] = normal_crps(out["own_change"].to_numpy(), out["own_spread"].to_numpy())
    return out


def normal_crps(error: Floats, sd: Floats) -> Floats:
    """CRPS of a normal with this sd around the outcome less ``error`` (Gneiting and Raftery 2007, p. 367)."""
    z = error / sd
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    return np.asarray(sd * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi)))


def tables(scores: pd.DataFrame) -> Iterator[str]:
    """Markdown: scores and ratios by indicator, with intervals by resampling years; coverage; small probabilities."""
    head = ["n", "Brier", "to stays", "log", "to stays", "CRPS", "to stays", "CRPS of gap", "to stays"]
    head += ["place 50/80/90 %", "gap 50/80/90 %", "P<=.1 n", "came true", "P>.9 n", "came true", "s a case"]
    yield from (_row(["", *head]), _row(["---"] * (len(head) + 1)))
    for (panel, indicator), all_ in scores.groupby(["panel", "indicator"], sort=False):
        for label, rows in _split(panel, all_):
            yield _row([f"{indicator} {label}", *_cells(rows)])
    yield ""
    yield "Brier to the gap stays, 90 % interval by resampling years:"
    for (panel, indicator), rows in scores.groupby(["panel", "indicator"], sort=False):
        low, high = _interval(rows)
        yield f"- {panel} {indicator}: {rows['brier'].sum() / rows['stays_brier'].sum():.3f} ({low:.2f}-{high:.2f})"


def _split(panel: str, rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    yield "all", rows
    if panel == "gdp":
        for first, last in THIRDS:
            yield f"{first}-{last}", rows[rows["year"].between(first, last)]
        for label, odd in (("odd years", 1), ("even years", 0)):
            yield label, rows[rows["year"] % 2 == odd]
    else:
        for year, mine in rows.groupby("year"):
            yield str(year), mine


def _cells(rows: pd.DataFrame) -> list[str]:
    cells = [str(len(rows))]
    for score in RATED:
        ratio = rows[score].sum() / rows[f"stays_{score}"].sum()
        cells += [f"{rows[score].mean():.3f}", f"{ratio:.3f}"]
    for of in ("city", "gap"):
        cells.append("/".join(f"{rows[f'{of}{100 * prob:.0f}'].mean():.2f}" for prob in PROBS))
    for chosen in (rows[rows["p"] <= 0.1], rows[rows["p"] > 0.9]):
        cells += [str(len(chosen)), f"{chosen['event'].mean():.2f}" if len(chosen) else ""]
    return [*cells, f"{rows.drop_duplicates(['year', 'origin'])['seconds'].mean():.2f}"]


def _interval(rows: pd.DataFrame) -> tuple[float, float]:
    """90 % interval of the ratio of Brier scores, years resampled."""
    sums = rows.groupby("year")[["brier", "stays_brier"]].sum().to_numpy()
    rng = np.random.default_rng(1)
    chosen = rng.integers(len(sums), size=(RESAMPLES, len(sums)))
    drawn = sums[chosen].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.05, 0.95])
    return float(low), float(high)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main(arguments: list[str] | None = None) -> int:
    """Play, print, save; 1 where there are no figures or a case failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--facts", type=Path, help="folder of hunan.csv, nation.csv, provinces_gdp.csv")
    parser.add_argument("--only", nargs="+", choices=("hunan", "gdp"), default=["hunan", "gdp"])
    parser.add_argument("--indicators", nargs="+", help="of Hunan")
    parser.add_argument("--method", choices=("fast", "nuts"), default="fast")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--csv", type=Path, help="file for the scores of every case")
    parser.add_argument("--docs", type=Path, help="document whose results are replaced by these")
    asked = parser.parse_args(arguments)
    folder = next((one for one in ([asked.facts] if asked.facts else FACTS) if (one / "hunan.csv").exists()), None)
    if folder is None:
        print(f"no hunan.csv in {', '.join(map(str, [asked.facts] if asked.facts else FACTS))}; give --facts")
        return 1
    chosen = [q for q in questions(folder, only=asked.only) if not asked.indicators or q.indicator in asked.indicators]
    parts = [Part(q.name, partial(scored, q, method=asked.method)) for q in chosen]
    executor = InProcess() if asked.workers == 1 else LocalProcesses(asked.workers)
    done = executor.outcomes(parts, progress=lambda name, n, of: print(name, n, of, file=sys.stderr))
    scores = beside_stays(pd.DataFrame([row for one in done if isinstance(one, Done) for row in one.value]))
    failures = [f"{one.name}: {one.reason}" for one in done if not isinstance(one, Done)]
    lines = [*tables(scores), *failures]
    print("\n".join(lines))
    if asked.csv is not None:
        scores.to_csv(asked.csv, index=False)
    if asked.docs is not None:
        about = about_line(environment({}), asked.method)
        insert(asked.docs, [about, "", *lines], marks=MARKS)
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
