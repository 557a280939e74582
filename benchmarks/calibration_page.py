"""The page of the calibration: tables, charts and text, all from the ranks.

Invariant: every number of the page is in its tables, and a quantity that is not uniform is named
(held by ``tests/test_calibration_page.py``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd

from forecast.report.track_charts import FONTS, svg
from forecast.track_record.sbc import ENDS, SIGNIFICANCE, Check, SbcVerdict, envelope

__all__ = ["ecdf_chart", "page_text", "write_page"]

CLASSES: Final = 20
COLUMNS: Final = 5
ROUTE_TITLES: Final = {
    "adaptive": "Figures with gaps, fast route (adaptive importance sampling)",
    "reference": "Figures with gaps, reference (NUTS), the first of the same worlds",
    "structural": "Regular figures, fast route: the structural member alone",
    "sampled": "Regular figures, reference (NUTS): the structural member, the first of the same worlds",
    "regular": "Regular figures, fast route, as a run forecasts (members mixed, longer tails)",
}
QUANTITIES: Final = {
    "year_end": "year-end growth",
    "level": "level",
    "slope": "slope",
    "season": "season",
    "ar": "autoregression, sd",
    "irregular": "irregular",
    "ar_logit": "autoregression, rate",
    "growth": "growth of its own",
    "lasting_logit": "share of a slope that lasts",
    "revision": "restatement",
    "scale": "scale",
    "noise": "noise of figures",
}
CHECKS: Final = {
    "nation_usual": "Nation, full year 2019 (GDP)",
    "province_usual": "Province, January to September 2019 (GDP)",
    "city_q1": "City, first quarter of 2020, industry (Ankang)",
    "city_h1": "City, first half of 2020, industry (Ankang)",
    "city_gdp_h1": "City, first half of 2020, GDP (Ankang)",
    "county_year": "County, full year 2020, GDP (one of Ankang's)",
    "county_year_30": "County, a fall of 30 % in a year",
    "gap_h1": "City less province, first half of 2020, industry",
    "county_flip": "County, cumulative growth within a month (+0.4 to -4.9)",
    "city_narrowed": "City, cumulative growth from July to August (investment)",
    "province_moved": "Province, cumulative growth from August to October (investment)",
    "county_leads": "County less city, first half of 2020, industry (Hanbin)",
    "month_noise": "Nation, median change of single-month growth (industry 2019)",
    "identity": "Province, months against cumulative growth, rms (industry 2020)",
}


def _name(quantity: str) -> str:
    """Name of a quantity for people: ``child_year_end`` is "child: year-end growth"."""
    place, _, what = quantity.partition("_")
    return f"{place}: {QUANTITIES.get(what, what)}"


def ecdf_chart(ranks: Sequence[Mapping[str, float]], title: str) -> Any:
    """Empirical distribution of ranks less the uniform one, a panel a quantity, in its simultaneous 95 % envelope."""
    band = envelope(len(ranks))
    at = band.at
    panels = []
    for name in ranks[0]:
        values = np.array([one[name] for one in ranks])
        share = (values[:, None] <= at).mean(0)
        frame = pd.DataFrame({"rank": at, "off": share - at, "low": band.low - at, "high": band.high - at})
        x = alt.X("rank:Q", title=None, axis=alt.Axis(values=[0, 0.5, 1]), scale=alt.Scale(domain=[0, 1]))
        shade = alt.Chart(frame).mark_area(color="#7a7f87", opacity=0.25).encode(x=x, y="low:Q", y2="high:Q")
        line = alt.Chart(frame).mark_line(color="#2563b8").encode(x=x, y=alt.Y("off:Q", title=None))
        panels.append(alt.layer(shade, line).properties(width=130, height=80, title=_name(name)))
    rows = [alt.hconcat(*panels[i : i + COLUMNS]) for i in range(0, len(panels), COLUMNS)]
    heading = alt.TitleParams(title, fontSize=14, anchor="start", offset=10)
    return alt.vconcat(*rows).properties(title=heading, padding=8).configure(font=FONTS, background="white")


def write_page(
    out: Path,
    ranks: Mapping[str, Sequence[Mapping[str, float]]],
    judged: Mapping[str, Sequence[SbcVerdict]],
    checks: Sequence[Check],
    *,
    about: Mapping[str, Any],
    failures: Sequence[str],
) -> None:
    """Write ``calibration.md`` and the folder ``calibration`` under ``out``."""
    folder = out / "calibration"
    folder.mkdir(parents=True, exist_ok=True)
    summary_frame(judged).to_csv(folder / "summary.csv", index=False, float_format="%.4g", lineterminator="\n")
    counts_frame(ranks).to_csv(folder / "ranks.csv", index=False, lineterminator="\n")
    for route, found in ranks.items():
        (folder / f"{route}.svg").write_text(svg(ecdf_chart(found, ROUTE_TITLES[route])), encoding="utf-8")
    (folder / "about.json").write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    worlds, joint = (_frame(folder / name) for name in ("worlds.csv", "joint.csv"))
    text = page_text(judged, checks, about=about, failures=failures, worlds=worlds, joint=joint)
    (out / "calibration.md").write_text(text, encoding="utf-8")


def _frame(file: Path) -> pd.DataFrame:
    return pd.read_csv(file) if file.exists() else pd.DataFrame()


def summary_frame(judged: Mapping[str, Sequence[SbcVerdict]]) -> pd.DataFrame:
    """A row a route and quantity."""
    rows = [
        {
            "route": route,
            "quantity": one.quantity,
            "worlds": one.worlds,
            "p_chi_square": one.p_chi_square,
            "p_ecdf": one.p_ecdf,
            "mean_rank": one.mean,
            "covered50": one.covered50,
            "covered90": one.covered90,
            "uniform": int(one.uniform),
        }
        for route, found in judged.items()
        for one in found
    ]
    return pd.DataFrame(rows)


def counts_frame(ranks: Mapping[str, Sequence[Mapping[str, float]]]) -> pd.DataFrame:
    """Counts of ranks in equal classes, a row a route and quantity."""
    rows = []
    for route, found in ranks.items():
        for name in found[0]:
            counts = np.histogram([one[name] for one in found], bins=CLASSES, range=(0.0, 1.0))[0]
            rows.append({"route": route, "quantity": name, **{f"c{k:02d}": int(c) for k, c in enumerate(counts)}})
    return pd.DataFrame(rows)


def page_text(
    judged: Mapping[str, Sequence[SbcVerdict]],
    checks: Sequence[Check],
    *,
    about: Mapping[str, Any],
    failures: Sequence[str],
    worlds: pd.DataFrame | None = None,
    joint: pd.DataFrame | None = None,
) -> str:
    """The page in Markdown.

    Parameters
    ----------
    worlds, joint : as ``worlds.py`` keeps them; None or empty: not on the page
    """
    versions = ", ".join(f"{name} {v}" for name, v in about["versions"].items() if v != "absent")
    lines = [
        "# Calibration of the inference, by simulation",
        "",
        "Made by `make calibrate` (`benchmarks/calibrate.py`); nothing here is written by hand.",
        f"{about['date']}, seed {about['seed']}, commit {about['commit']}, {about['machine']}; {versions}.",
        "",
        *_method(judged),
        *_verdict_lines(judged),
    ]
    for route, found in judged.items():
        lines += [f"## {ROUTE_TITLES[route]}", "", *_table(found), "", f"![ECDF](calibration/{route}.svg)", ""]
    if failures:
        lines += ["## Worlds that could not be fitted", "", *[f"- {one}" for one in failures], ""]
    lines += _worlds_lines(worlds) if worlds is not None and len(worlds) else []
    lines += _joint_lines(joint) if joint is not None and len(joint) else []
    lines += _prior_lines(checks)
    return "\n".join(lines).rstrip() + "\n"


def _method(judged: Mapping[str, Sequence[SbcVerdict]]) -> list[str]:
    sizes = ", ".join(f"{route} {found[0].worlds}" for route, found in judged.items())
    limits = ", ".join(f"{route} {SIGNIFICANCE / 2 / len(found):.2g}" for route, found in judged.items())
    return [
        "A world — a root and its children, hyperparameters, paths, published figures — is drawn from the prior that",
        "the model states; the figures are fitted as any data set is, and the truth is ranked among the draws. If the",
        "inference is right, ranks are uniform, for every quantity. They are tested by chi-square over ten classes and",
        "by the simultaneous envelope of their empirical distribution (Säilynoja, Bürkner, Vehtari 2022).",
        f"A quantity **fails** where either p-value is below .05 over all tests of its route ({limits}).",
        "",
        "What is new in a period of a regular figure, noise included, is stirred by the volatility that the model",
        "states; so is what comes after the last figure where figures have gaps.",
        "",
        f"Worlds: {sizes}. A world in which any published figure would be a fall of 95 % or a growth to",
        "tenfold (regular figures: a fall of 30 % or growth of 40 %) is drawn again, which looks at the published",
        "figures alone and so leaves ranks uniform. Beyond a third or so, chained noise is no longer small to first",
        "order, and the scale of regular figures comes out too high (mean rank .41), the forecasts do not. Worlds have",
        "no events, which all year-end forecasts look for: those are in the worlds of a known structure below. Figures",
        "carry normal noise of the size of rounding; rounding itself is put to the test by the public panels.",
        "",
        "- *Figures with gaps*: 11 periods a year, 4 years, three to nine periods of the last year out, half or four",
        "  fifths of a place's figures missing, root and two children. Province and city scales.",
        "- *Regular figures*: 11 periods, five past years and January to August, root and three children; in half of",
        "  the places 15 % of the figures are missing.",
        "- A child's fit takes its parent's posterior as given and does not correct it: the posterior of the parent",
        "  alone, then that of the child (a cut). Ranks of the gap test what that costs.",
        "- Where figures are regular, the centre of siblings' shapes is learnt by maximum likelihood (empirical",
        "  Bayes), which has no posterior: hyperparameters are ranked for a child by itself, year-end growth for",
        "  siblings.",
        "- *As a run forecasts* adds a regression member and lengthens tails, by what public panels showed. Worlds",
        "  of the prior know nothing of that; ranks there show the price of the adjustment on data that follow the",
        "  prior exactly, not an error of the inference.",
        "",
    ]


def _verdict_lines(judged: Mapping[str, Sequence[SbcVerdict]]) -> list[str]:
    """What holds and what does not, in words."""
    lines = ["## Verdict", ""]
    for route, found in judged.items():
        ends = [one for one in found if one.quantity in ENDS]
        failed = [one for one in found if not one.uniform]
        covered = "; ".join(f"{_name(one.quantity)} 50 % {one.covered50:.2f}, 90 % {one.covered90:.2f}" for one in ends)
        off = np.sqrt(0.09 / found[0].worlds)
        covered += f" (standard error of the last {off:.2f})"
        verdict = "all uniform" if not failed else "not uniform: " + ", ".join(_words(one) for one in failed)
        lines.append(f"- **{ROUTE_TITLES[route]}**: {verdict}. Coverage: {covered}.")
    return [*lines, ""]


def _words(one: SbcVerdict) -> str:
    """A failed quantity and how it fails."""
    how = []
    if abs(one.mean - 0.5) > 2 * np.sqrt(1 / 12 / one.worlds):
        how.append("posterior too low" if one.mean > 0.5 else "posterior too high")
    if abs(one.covered90 - 0.9) > 2 * np.sqrt(0.09 / one.worlds):
        how.append("too narrow" if one.covered90 < 0.9 else "too wide")
    return _name(one.quantity) + (f" ({', '.join(how)})" if how else "")


def _table(found: Sequence[SbcVerdict]) -> list[str]:
    head = ("quantity", "chi-square p", "ECDF p", "mean rank", "50 % covers", "90 % covers", "uniform")
    rows = [
        (
            _name(one.quantity),
            f"{one.p_chi_square:.3f}",
            f"{one.p_ecdf:.3f}",
            f"{one.mean:.3f}",
            f"{one.covered50:.2f}",
            f"{one.covered90:.2f}",
            "yes" if one.uniform else "**no**",
        )
        for one in found
    ]
    return ["| " + " | ".join(row) + " |" for row in (head, ("---",) * len(head), *rows)]


WITHIN: Final = (0.75, 1.35)
"""Root mean square error over the spread that is as it should be, in worlds of a known structure."""
COVER: Final = (0.72, 0.88)
"""The same of the cover of 80 % intervals."""


def _worlds_lines(frame: pd.DataFrame) -> list[str]:
    """Worlds of a known structure, a row a world and route; what is outside is marked, with what chance allows."""
    lines = [
        "## Worlds of a known structure",
        "",
        "`python benchmarks/worlds.py`: a province and four cities with paths of the prior's centre and what happens",
        "besides, published, read and fitted as a data set is, judged at the published digit. Root mean square error",
        "over the spread should lie within .75 to 1.35, the 80 % interval of the gap cover .80 ± .08; what is outside",
        "by more than two standard errors (cities of a world counted as two) is marked. P is that of a city to reach",
        "its province; the Brier score without rounding is beside it.",
        "",
        "| world | route | worlds | province rmse/sd | gap rmse/sd | gap covers 50 / 80 / 90 % | mean P, came true"
        " | P ≤ .1: n, came true | P ≥ .9 | Brier, unrounded |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for _, r in frame.iterrows():
        low, high = (_chances(r, side) for side in ("p_low", "p_high"))
        covers = [f"{r[f'gap_covered{k}']:.2f}" for k in (50, 80, 90)]
        covers[1] = _marked(covers[1], float(r["gap_covered80"]), COVER, 0.4 / np.sqrt(2 * r["worlds"]))
        root, gap = float(r["root_rmse_over_sd"]), float(r["gap_rmse_over_sd"])
        lines.append(
            f"| {r['title']} | {r['route']} | {r['worlds']} "
            f"| {_marked(f'{root:.2f}', root, WITHIN, root / np.sqrt(2 * r['worlds']))} "
            f"| {_marked(f'{gap:.2f}', gap, WITHIN, gap / np.sqrt(4 * r['worlds']))} | {' / '.join(covers)} "
            f"| {r['mean_p']:.2f}, {r['came_true']:.2f} | {low} | {high} "
            f"| {r['brier']:.3f}, {r['brier_unrounded']:.3f} |"
        )
    return [*lines, ""]


def _chances(row: Any, side: str) -> str:
    return f"{row[side]:.0f}, {row[f'{side}_came_true']:.2f}" if row[side] else "0"


def _marked(text: str, value: float, within: tuple[float, float], error: float) -> str:
    return text if within[0] - 2 * error <= value <= within[1] + 2 * error else f"**{text}**"


def _joint_lines(frame: pd.DataFrame) -> list[str]:
    """The number of indicators attained, in worlds of known correlations."""
    lines = [
        "## Indicators together, in worlds of known correlations",
        "",
        "`python benchmarks/worlds.py --only --joint 1000`: ten indicators with 28 quarters of history, correlated by",
        "level as the prior says (prior), or .3 to .9 at the nation and 0 to .3 below (box). Place of the number",
        "attained among its draws, gaps and growth, and P(all) beside how often all were.",
        "",
        "| correlations | what | worlds | mean place | within 50 % | within 80 % | mean P(all) | all attained |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['structure']} | {r['what']} | {r['worlds']} | {r['mean_place']:.3f} | {r['covered50']:.3f} "
        f"| {r['covered80']:.3f} | {r['mean_p_all']:.4f} | {r['all_reached']:.4f} |"
        for _, r in frame.iterrows()
    ]
    return [*lines, ""]


def _prior_lines(checks: Sequence[Check]) -> list[str]:
    """Prior predictive table."""
    lines = [
        "## What the prior holds possible",
        "",
        "Before any figure, from the prior alone (nation, province, city, county down the chain, percent or points).",
        "What did happen in 2020 must be possible (between the 0.1 and the 99.9 percentile), everyday magnitudes must",
        "lie between the 2.5 and the 97.5 percentile. Scales of places and indicators differ by a factor of ten, so",
        "that the prior is wide; a handful of figures of the place's own narrows it.",
        "",
        "| magnitude | what happened | prior 1 % | median | 99 % | percentile | |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in checks:
        kind = "usual" if one.usual else "possible"
        verdict = f"{kind}: yes" if one.passed else f"**{kind}: no**"
        lines.append(
            f"| {CHECKS[one.name]} | {one.observed:+.1f} | {one.low:.1f} | {one.middle:.1f} | {one.high:.1f}"
            f" | {100 * one.percentile:.0f} | {verdict} |"
        )
    return lines
