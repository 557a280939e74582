"""31 provinces, 2009-2024: probabilities of reaching the mean and of being among the first ten are what happens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.track_record.backtest import BacktestRequest, backtest, rank_reliability
from forecast.track_record.replay import MODEL, RankRecord

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "docs" / "calibration" / "provinces-gdp"
MOST = 0.04
"""Deviation of P(first ten) from frequencies, mean over tenths by count."""


def overall():
    scores = pd.read_csv(KEPT / "scores.csv", encoding="utf-8-sig")
    return scores[(scores["months_left_from"] == 0)].set_index("forecaster")


def test_the_chance_of_the_first_ten_is_how_often_it_came():
    classes = pd.read_csv(KEPT / "calibration.csv", encoding="utf-8-sig")
    mine = classes[
        (classes["forecaster"] == MODEL)
        & (classes["kind"] == "rank_reliability")
        & (classes["months_left_from"] == 0)
        & (classes["count"] > 0)
    ]
    by_hand = float(np.average((mine["expected"] - mine["observed"]).abs(), weights=mine["count"]))
    assert mine["count"].sum() == 1488
    assert by_hand == pytest.approx(overall().loc[MODEL, "rank_deviation"], abs=1e-3)
    assert by_hand <= MOST


def test_the_model_beats_the_gap_and_the_rank_that_stay():
    scores = overall()
    for column in ("crps_pp", "brier", "rank_rps", "rank_brier"):
        assert scores.loc[MODEL, column] < 0.75 * scores.loc["pace", column]


def test_the_page_of_the_provinces_prints_the_kept_scores():
    text = (ROOT / "docs" / "provinces.md").read_text(encoding="utf-8")
    row = overall().loc[MODEL]
    cells = [f"{row['crps_pp']:.2f}", *(f"{row[c]:.3f}"[1:] for c in ("brier", "deviation"))]
    cells += [f"{row[c] * 100:.0f} %" for c in ("covered50", "covered90")]
    cells += [f"{row[c]:.3f}"[1:] for c in ("rank_rps", "rank_brier", "rank_deviation")]
    assert f"| all | model | {' | '.join(cells)} |" in text


def test_calibrated_worlds_have_calibrated_ranks():
    """Worlds whose truth is a draw like all others: P(among the first third) is the frequency, within its error."""
    rng = np.random.default_rng(8)
    worlds, places, draws, first = 400, 31, 200, 10
    found = []
    for _ in range(worlds):
        level, spread = rng.normal(0, 2, places), rng.uniform(0.5, 3.0)
        all_draws = level + rng.normal(0, spread, (draws + 1, places)) + rng.normal(0, 1, (draws + 1, 1))
        ranks = 1 + (np.round(all_draws, 1)[:, None, :] > np.round(all_draws, 1)[:, :, None]).sum(axis=2)
        p = (ranks[1:] <= first).mean(axis=0)
        found += [
            RankRecord(
                outcome=int(ranks[0, k]),
                among=places,
                expected=0.0,
                first=first,
                p_first=float(p[k]),
                brier=0.0,
                rps=0.0,
            )
            for k in range(places)
        ]
    table = rank_reliability(found)
    assert table is not None
    # a class of n forecasts in which places of a world share their errors: sd at most .5/sqrt(n / 31 places)
    assert table.deviation <= 4 * 0.5 / np.sqrt(worlds)
    assert table.deviation <= MOST


@pytest.mark.slow
def test_replayed_anew_the_chance_of_the_first_ten_is_how_often_it_came():
    request = BacktestRequest(dataset=ROOT / "data" / "provinces-gdp", years=(2009, 2024), libraries=())
    result = backtest(request)
    ranks = [r.rank for r in result.records if r.forecaster == MODEL and r.rank is not None]
    table = rank_reliability(ranks)
    assert len(ranks) == 1488
    assert table is not None
    assert table.deviation <= MOST
