"""Tables of the benchmark: ours beside every peer, ratios to the best of them, calibration. Markdown lines.

Peers that were not run have their saved means (``peers.csv``: measured on the same cases with statsforecast 2.1,
statsmodels 0.15 and Prophet 1.5; the ``chained`` ones are given a monthly index made of published growth, as an expert
would; ``prototype`` is a trial of this model and counts as no peer). A saved mean is of all cases of a panel: it stands
only beside a run of all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import ndtri

from forecast.track_record import scoring

__all__ = ["OURS", "SCORES", "calibration_lines", "coverage_band", "means", "ratios", "tables"]

OURS: Final = "dabiao"
SCORES: Final = {
    "crps": "CRPS (percentage points)",
    "brier": "Brier score of reaching the aggregate",
    "logs": "Log score",
    "cov50": "Coverage of 50 % intervals",
    "cov90": "Coverage of 90 % intervals",
    "seconds": "Seconds of processor time a case",
}
RATED: Final = ("crps", "brier", "logs")
NO_PEER: Final = (OURS, "prototype", "gap_stays (run)")
"""Ourselves, and what stands beside without being a peer: the rule of thumb has a line of its own."""
SAVED: Final = Path(__file__).resolve().parent / "peers.csv"
SIMULATIONS: Final = 2000


def means(scores: pd.DataFrame, measure: str, score: str) -> pd.DataFrame:
    """Mean score by forecaster (rows) and panel (columns): those that were run, and saved ones of the same cases."""
    mine = scores[scores["measure"] == measure]
    run = mine.groupby(["forecaster", "panel"])[score].mean().unstack()
    rest = _saved(mine, measure, score)
    others = rest.loc[[name for name in rest.index if name not in run.index]]
    table = pd.concat([run, others]).reindex(columns=run.columns)
    return table.loc[list(dict.fromkeys([OURS, *run.index, *others.index]))]


def _saved(scores: pd.DataFrame, measure: str, score: str) -> pd.DataFrame:
    """Saved means of the panels whose cases were all run."""
    saved = pd.read_csv(SAVED)
    saved = saved[saved["measure"] == measure].set_index("forecaster")
    ours = scores[scores["forecaster"] == OURS]
    run = ours.groupby("panel").apply(lambda rows: rows.groupby(["indicator", "year", "origin"]).ngroups)
    whole = saved[saved["score"] == "cases"].loc["*"]
    panels = [panel for panel in run.index if panel in whole.index and run[panel] == whole[panel]]
    return saved[saved["score"] == score][panels].dropna(how="all")


def ratios(table: pd.DataFrame) -> pd.DataFrame:
    """Every forecaster's mean score over that of the best peer of each panel, with the geometric mean over panels.

    A perfect peer leaves no ratio (NaN).
    """
    best = table.drop(index=list(NO_PEER), errors="ignore").min().replace(0.0, np.nan)
    relative = table / best
    relative["GM"] = np.exp(np.log(relative).mean(axis=1, skipna=False))
    return relative


def tables(scores: pd.DataFrame) -> Iterator[str]:
    """Markdown of all means, and of the ratios to the best peer of each panel."""
    for measure in scores["measure"].unique():
        yield f"## {measure}"
        for score, title in SCORES.items():
            table = means(scores, measure, score)
            if score in RATED:
                table["GM"] = ratios(table)["GM"]
            yield from ("", f"{title}{'; GM: ratio to the best peer' if score in RATED else ''}", "")
            yield from _markdown(table)
        yield from ("", f"{OURS}: ratio to the best peer of each panel", "")
        rated = {SCORES[score]: ratios(means(scores, measure, score)).loc[OURS] for score in RATED}
        yield from _markdown(pd.DataFrame(rated).T)
        yield from _paired_lines(scores[scores["measure"] == measure])
        yield from _average_line(scores[scores["measure"] == measure])


def _paired_lines(scores: pd.DataFrame) -> Iterator[str]:
    """Ratios to the peers that were run, with intervals by clusters of panel, indicator and year."""
    keys = ["panel", "indicator", "year", "origin", "region"]
    ours = scores[scores["forecaster"] == OURS].set_index(keys)
    for name in [n for n in scores["forecaster"].unique() if n != OURS]:
        theirs = scores[scores["forecaster"] == name].set_index(keys)
        both = ours[list(RATED)].join(theirs[list(RATED)].add_suffix("_peer"), how="inner")
        cluster = [f"{p}|{i}|{y}" for p, i, y, _, _ in both.index]
        found = [scoring.paired_ratio(both[s], both[f"{s}_peer"], cluster, rng=np.random.default_rng(1)) for s in RATED]
        words = ", ".join(
            f"{s} {one.ratio:.3f} [{one.low:.3f}, {one.high:.3f}]" for s, one in zip(RATED, found, strict=True)
        )
        yield from ("", f"{OURS} / {name}, all cases, 90 % interval by {found[0].clusters} clusters: {words}")


def _average_line(scores: pd.DataFrame) -> Iterator[str]:
    """Ratio to the average of the probabilities of all peers that were run, which the best of them hides."""
    keys = ["panel", "indicator", "year", "origin", "region"]
    ours = scores[scores["forecaster"] == OURS].set_index(keys)
    peers = scores[scores["forecaster"] != OURS]
    if peers.empty or ours.empty:
        return
    p, event = peers.groupby(keys)["p"].mean().reindex(ours.index), ours["event"].to_numpy() > 0
    both = np.isfinite(p.to_numpy())
    theirs = {"brier": scoring.brier(p[both], event[both]), "logs": scoring.log_score(p[both], event[both])}
    ratios_ = ", ".join(f"{s} {ours[s].to_numpy()[both].sum() / found.sum():.3f}" for s, found in theirs.items())
    names = ", ".join(name.removesuffix(" (run)") for name in peers["forecaster"].unique())
    yield from ("", f"{OURS} / the average of the probabilities of {names}: {ratios_}")


def _markdown(table: pd.DataFrame) -> Iterator[str]:
    yield "| | " + " | ".join(map(str, table.columns)) + " |"
    yield "|" + "---|" * (table.shape[1] + 1)
    for name, row in table.iterrows():
        yield f"| {name} | " + " | ".join("" if np.isnan(v) else f"{v:.3f}" for v in row) + " |"


def calibration_lines(scores: pd.DataFrame) -> Iterator[str]:
    """Coverage beside the band that a calibrated forecaster would keep, and reliability over pooled tenths."""
    for measure in scores["measure"].unique():
        ours = scores[(scores["forecaster"] == OURS) & (scores["measure"] == measure)]
        yield from ("", f"## Calibration, {measure}", "")
        yield "| panel | 50 % | band | 90 % | band |"
        yield "|---|---|---|---|---|"
        for panel in [*ours["panel"].unique(), "all"]:
            mine = ours if panel == "all" else ours[ours["panel"] == panel]
            cells = []
            for column, nominal in (("cov50", 0.5), ("cov90", 0.9)):
                low, high = coverage_band(mine, nominal, like=ours, rng=np.random.default_rng(1))
                cells += [f"{mine[column].mean():.3f}", f"{low:.2f}-{high:.2f}"]
            yield f"| {panel} | " + " | ".join(cells) + " |"
        tenths = scoring.reliability(ours["p"], ours["event"])
        deciles = scoring.reliability(ours["p"], ours["event"], edges=scoring.decile_edges(ours["p"]))
        yield from ("", "| P(reach) | cases | mean | observed |", "|---|---|---|---|")
        for k, count in enumerate(tenths.count):
            if count:
                low, high = tenths.edges[k], tenths.edges[k + 1]
                yield f"| {low:.1f}-{high:.1f} | {count} | {tenths.forecast[k]:.3f} | {tenths.observed[k]:.3f} |"
        yield from (
            "",
            f"mean absolute deviation weighted by count: {tenths.deviation:.4f} over tenths of probability, "
            f"{deciles.deviation:.4f} over deciles of equal count",
        )


def coverage_band(
    scores: pd.DataFrame, nominal: float, *, like: pd.DataFrame, rng: np.random.Generator
) -> tuple[float, float]:
    """Coverage that a calibrated forecaster keeps in 95 % of simulations on the same cases.

    Cases of an indicator and year share its shocks, those of one region even more. Normal scores of a calibrated
    forecaster are standard normal with an effect of the cluster and one of the region in it; their sizes are taken from
    the PIT values of ``like``, so that a band rests on all panels.
    """
    cluster_share, region_share = _shares(like)
    cluster, region = _labels(scores)
    noise = np.sqrt(max(0.0, 1 - cluster_share - region_share))
    bound = ndtri((1 + nominal) / 2)
    covered = np.empty(SIMULATIONS)
    for k in range(SIMULATIONS):
        z = np.sqrt(cluster_share) * rng.standard_normal(cluster.max() + 1)[cluster]
        z += np.sqrt(region_share) * rng.standard_normal(region.max() + 1)[region]
        z += noise * rng.standard_normal(len(scores))
        covered[k] = (np.abs(z) <= bound).mean()
    low, high = np.quantile(covered, [0.025, 0.975])
    return float(low), float(high)


def _labels(scores: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    cluster = scores.groupby(["panel", "indicator", "year"]).ngroup().to_numpy()
    return cluster, scores.groupby(["panel", "indicator", "year", "region"]).ngroup().to_numpy()


def _shares(scores: pd.DataFrame) -> tuple[float, float]:
    """Shares of the variance of normal scores that cases of a cluster, and of a region in it, have in common."""
    z = ndtri(np.clip(scores["pit"].to_numpy(), 1e-3, 1 - 1e-3))
    z = (z - z.mean()) / max(float(z.std()), 1e-9)
    cluster, region = _labels(scores)
    within_cluster, within_region = _pair_mean(z, cluster), _pair_mean(z, region)
    between = max(0.0, min(within_cluster, 1.0))
    return between, float(np.clip(within_region - between, 0.0, 1.0 - between))


def _pair_mean(z: np.ndarray, label: np.ndarray) -> float:
    """Mean product of two different cases of the same label."""
    total, square, count = np.bincount(label, z), np.bincount(label, z**2), np.bincount(label)
    pairs = (count * (count - 1)).sum()
    return float((total**2 - square).sum() / pairs) if pairs else 0.0
