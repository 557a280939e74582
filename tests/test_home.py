"""The benchmark of real Chinese places, on figures made for the test."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import norm

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import home


def table(rows: list[tuple[str, ...]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture(scope="module")
def facts(tmp_path_factory) -> Path:
    """Two cities, their province and the nation by month; three provinces' GDP by quarter."""
    folder, rng = tmp_path_factory.mktemp("facts"), np.random.default_rng(1)
    months = [f"{year}-{month:02d}" for year in range(2018, 2022) for month in range(2, 13)]
    places = {name: np.round(8 + rng.normal(0, 0.4, len(months)).cumsum(), 1) for name in ("甲市", "乙市", "湖南省")}
    rows = [(p, i, m, v) for p, of in places.items() for m, v in zip(months, of, strict=True) for i in home.INDICATORS]
    table(rows, ["unit_zh", "indicator", "period", "value"]).to_csv(folder / "hunan.csv", index=False)
    of = np.round(7 + rng.normal(0, 0.3, len(months)).cumsum(), 1)
    names = [home.NATION_NAMES.get(i, i) for i in home.INDICATORS]
    nation = [(i, m, v) for m, v in zip(months, of, strict=True) for i in names]
    table(nation, ["indicator", "period", "value"]).to_csv(folder / "nation.csv", index=False)
    quarters = [f"{year}-{month:02d}" for year in range(2004, 2025) for month in (3, 6, 9, 12)]
    rows = []
    for name in ("A", "B", "C"):
        level, growth = 100 * np.tile([1, 2, 3, 4], 21), np.round(9 + rng.normal(0, 0.2, len(quarters)).cumsum(), 1)
        for measure, values in (("level_cum_yi", level), ("cum_yoy_pct", growth)):
            rows += [(name, m, measure, v) for m, v in zip(quarters, values, strict=True)]
    table(rows, ["province", "period", "measure", "value"]).to_csv(folder / "provinces_gdp.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def asked(facts) -> list[home.Question]:
    return list(home.questions(facts))


def test_every_year_and_month_of_origin_is_asked(asked):
    names = [q.name for q in asked]
    assert len(set(names)) == len(names) == len(home.INDICATORS) * 3 * 4 + 16 * 3
    chain = next(q for q in asked if q.panel == "hunan").parents
    assert chain == {"nation": None, "湖南省": "nation", "乙市": "湖南省", "甲市": "湖南省"}


def test_nothing_after_the_month_of_origin_enters_a_forecast(asked):
    for question in (asked[5], asked[-2]):
        later = question.growth.copy()
        later.loc[later.index > question.known.index[-1]] = 99.0
        changed = home.Question(
            **{name: getattr(question, name) for name in home.Question.__slots__} | {"growth": later}
        )
        same = [home.draws_of(one, draws=250) for one in (question, changed)]
        pd.testing.assert_frame_equal(*same)


def test_the_aggregate_of_provinces_is_the_mean_weighted_by_last_years_level(asked):
    question = asked[-1]
    own = question.growth[["A", "B", "C"]].mean(axis=1)  # the levels of all three are the same
    np.testing.assert_allclose(question.growth["all"], own.round(1), atol=0.1)


def test_crps_of_a_normal_is_its_integral():
    for error, sd in ((0.3, 1.0), (-2.0, 0.5)):
        below = quad(lambda x, s=sd: norm.cdf(x, 0, s) ** 2, -12, error)[0]
        above = quad(lambda x, s=sd: (1 - norm.cdf(x, 0, s)) ** 2, error, 12)[0]
        assert home.normal_crps(np.array([error]), np.array([sd]))[0] == pytest.approx(below + above, rel=1e-5)


def test_the_spread_of_the_gap_that_stays_is_that_of_the_other_years():
    rng = np.random.default_rng(2)
    rows = [
        {"panel": "x", "indicator": "y", "year": year, "origin": 3, "to_date": 1.0, "gap": 1.0 + move, "event": 1.0}
        | {"own_change": move}
        for year in (1, 2, 3)
        for move in rng.normal(0, year, 5)
    ]
    scores = home.beside_stays(pd.DataFrame(rows))
    others = scores[scores["year"] != 2]["gap"] - 1.0
    mine = scores[scores["year"] == 2]
    np.testing.assert_allclose(mine["spread"], np.sqrt((others**2).mean()))
    np.testing.assert_allclose(mine["stays_brier"], (norm.cdf(1 / mine["spread"]) - 1) ** 2)
