"""The benchmark: its questions pinned on a small panel, the translation into the product, and what is saved.

The panel is made here; the public ones are no part of the repository.
"""

from __future__ import annotations

import dataclasses
import sys
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import others  # noqa: E402
import protocol  # noqa: E402
import results  # noqa: E402
import run_ytd  # noqa: E402
import scoreboard  # noqa: E402
import ytd  # noqa: E402
from others import peer  # noqa: E402

REGIONS = ("North Carolina", "South Carolina", "大区", "West", "tiny", "broken")


def tidy(*, cumulative: bool = False, years: range = range(2010, 2019), seed: int = 1) -> pd.DataFrame:
    """Levels of six regions and their total; ``tiny`` is below a hundredth of it, ``broken`` halts for a year."""
    rng = np.random.default_rng(seed)
    rows = []
    months = [f"{year}-{month:02d}" for year in years for month in range(1, 13)]
    season = np.tile(1 + 0.1 * np.sin(np.arange(12)), len(years))
    total = np.zeros(len(months))
    for size, region in zip((500, 300, 200, 100, 2, 150), REGIONS, strict=True):
        values = size * season * np.exp(0.004 * np.arange(len(months)) + 0.02 * rng.standard_normal(len(months)))
        if region == "broken":
            values[24:36] *= 0.1
        total += values
        rows += [(region, 0, month, value) for month, value in zip(months, values, strict=True)]
    rows += [("Whole", 1, month, value) for month, value in zip(months, total, strict=True)]
    table = pd.DataFrame(rows, columns=["region", "aggregate", "period", "value"]).assign(indicator="sales")
    table["measure"] = "level"
    if cumulative:
        table["value"] = table.groupby(["region", table["period"].str[:4]])["value"].cumsum()
        table = table[~table["period"].str.endswith("-01")].assign(measure="ytd_level")
    return table


@pytest.fixture(scope="module")
def panels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("panels")
    tidy().to_csv(folder / "small.csv", index=False)
    tidy(cumulative=True).to_csv(folder / "running.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def small(panels: Path) -> dict[str, pd.DataFrame]:
    return protocol.load_panel(panels / "small.csv")


def questions(panel, measure="cum_yoy", years=(2017, 2018), **more):
    return list(protocol.cases("small", panel, years, measure=measure, **more))


# The questions


def test_levels_are_since_january_with_the_aggregate_in_its_column(small):
    wide = small["sales"]
    table = tidy()
    assert set(wide.columns) == {*REGIONS, "ALL"}
    west = table[(table["region"] == "West") & (table["period"] <= "2012-03") & (table["period"] >= "2012-01")]
    assert wide.at[pd.Period("2012-03", "M"), "West"] == pytest.approx(west["value"].sum())


def test_cumulative_panels_have_no_january_and_the_same_growth(panels, small):
    running = protocol.load_panel(panels / "running.csv")["sales"]
    assert running[running.index.month == 1].isna().all().all()
    later = running.index.month > 1
    pd.testing.assert_frame_equal(running[later], small["sales"][later], check_names=False, rtol=1e-6)
    pd.testing.assert_frame_equal(protocol.growth(running), protocol.growth(small["sales"]), check_names=False)


def test_cases_are_every_year_and_origin_with_enough_history(small):
    found = questions(small, years=(2013, 2014, 2018, 2019))
    assert [(case.year, case.origin) for case in found] == [
        *((year, origin) for year in (2014, 2018) for origin in (3, 6, 8, 10))
    ]
    window = found[-1].window
    assert str(window.index[0]) == "2010-01"
    assert str(window.index[-1]) == "2018-12"


def test_small_and_broken_regions_are_left_out(small):
    (case, *_) = questions(small)
    assert list(case.window.columns) == ["North Carolina", "South Carolina", "West", "大区", "ALL"]
    early = questions(small, years=(2014,))[0]  # 2012 is within its past as well: growth of +900 % in 2013
    assert "broken" not in early.window.columns


def test_of_many_regions_a_fixed_few_are_drawn(small):
    case = questions(small, max_regions=2)[0]
    pick = np.random.default_rng(zlib.crc32(b"sales|2017")).choice(4, 2, replace=False)
    regions = ["North Carolina", "South Carolina", "West", "大区"]
    assert list(case.window.columns) == [*(regions[i] for i in sorted(pick)), "ALL"]


def test_a_history_ends_with_its_month_of_origin_and_is_what_is_published(small):
    case = next(c for c in questions(small) if c.origin == 8)
    history = case.history
    assert str(history.index[0]) == "2011-01"  # eight years of levels before 2017 are seven of growth, from 2010 on
    assert str(history.index[-1]) == "2017-08"
    assert history[history.index.month == 1].isna().all().all()
    values = history[history.index.month > 1].to_numpy()
    np.testing.assert_array_equal(values, np.round(values, 1))
    year = small["sales"].loc[pd.Period("2016-08", "M"), "West"], small["sales"].loc[pd.Period("2015-08", "M"), "West"]
    assert history.at[pd.Period("2016-08", "M"), "West"] == pytest.approx(100 * (year[0] / year[1] - 1), abs=0.0501)


def test_the_future_is_in_no_history(small):
    """Everything after the origin is poisoned; histories and selections stay."""
    case = next(c for c in questions(small) if c.origin == 6)
    poisoned = {name: wide.copy() for name, wide in small.items()}
    poisoned["sales"].loc[pd.Period("2017-07", "M") :] *= 7.0
    again = next(c for c in questions(poisoned) if c.origin == 6)
    pd.testing.assert_frame_equal(case.history, again.history)


@pytest.mark.parametrize("kind", ["small", "running"])
def test_monthly_levels_add_up_to_those_since_january(panels, kind):
    wide = protocol.load_panel(panels / f"{kind}.csv")["sales"]
    levels = protocol.monthly(wide)
    pd.testing.assert_series_equal(
        levels.groupby(levels.index.year).sum()["West"],
        wide[wide.index.month == 12]["West"].set_axis(range(2010, 2019)),
        check_names=False,
    )
    assert levels.at[pd.Period("2015-02", "M"), "West"] > 0


def test_an_answer_is_scored_region_by_region(small):
    case = next(c for c in questions(small) if c.origin == 10)
    outcome = protocol.growth(case.window, None).loc[pd.Period("2017-12", "M")].to_numpy()

    def sure(history, measure, rng):
        assert measure == "cum_yoy"
        assert rng.integers(2**31) == case.rng.integers(2**31)
        return np.tile(outcome, (40, 1))

    rows = protocol.play(case, sure, name="oracle")
    assert [row["region"] for row in rows] == list(case.window.columns[:-1])
    assert all(row["crps"] == pytest.approx(0, abs=1e-12) for row in rows)
    assert all(row["brier"] == pytest.approx(0.005**2) for row in rows)
    assert all(row["logs"] == pytest.approx(-np.log(0.995)) for row in rows)
    assert [row["event"] for row in rows] == (outcome[:-1] >= outcome[-1]).astype(float).tolist()


def test_an_answer_of_the_wrong_shape_is_refused(small):
    case = questions(small)[0]
    with pytest.raises(ValueError, match="2017-03"):
        protocol.play(case, lambda *_: np.zeros((10, 2)), name="short")
    with pytest.raises(ValueError, match="finite False"):
        protocol.play(case, lambda h, *_: np.full((10, h.shape[1]), np.nan), name="empty")


# The forecaster


@pytest.fixture(scope="module")
def august(small):
    return next(c for c in questions(small) if c.origin == 8).history


def test_measurements_are_the_published_figures(august):
    made = ytd.measurements(august, "cum_yoy")
    assert made.units[0] == "all"
    assert made.parent == (-1, 0, 0, 0, 0)
    assert made.per_year == 11
    assert len(made.log_growth) == august.notna().to_numpy().sum()
    last = (made.unit == made.units.index("r000")) & (made.time == made.time.max())
    assert np.expm1(made.log_growth[last])[0] * 100 == pytest.approx(august.iloc[-1, 0])
    assert (made.noise_sd * np.exp(made.log_growth) * 100).max() == pytest.approx(0.1 / np.sqrt(12))


def test_levels_give_growth_without_rounding_and_the_profile(small):
    history = next(c for c in questions(small, "level") if c.origin == 8).history
    made = ytd.measurements(history, "level")
    first = history.loc["2010"]["ALL"].to_numpy()
    profile = np.array([first[:2].sum(), *first[2:]]) / first.sum()
    np.testing.assert_allclose(made.weight[0], profile)
    totals = history["ALL"].groupby(history.index.year).sum()
    december = (made.unit == 0) & (made.time == 2 * 11 - 1)
    assert np.exp(made.log_growth[december])[0] == pytest.approx(totals[2011] / totals[2010])
    assert made.noise_sd.max() < 1e-4


def test_draws_are_joint_finite_and_near_what_is_known(august):
    draws = ytd.forecaster(august, "cum_yoy", np.random.default_rng(1), draws=250)
    assert draws.shape == (250, august.shape[1])
    assert np.isfinite(draws).all()
    assert (np.abs(np.median(draws, axis=0) - august.iloc[-1].to_numpy()) < 3).all()
    again = ytd.forecaster(august, "cum_yoy", np.random.default_rng(1), draws=250)
    np.testing.assert_array_equal(draws, again)


def test_gaps_and_a_collapse_go_the_same_way(august):
    gappy = august[["North Carolina", "West", "ALL"]].iloc[48:].copy()  # from 2015 on: gaps take their time
    gappy.iloc[8:12, 0] = np.nan
    gappy.iloc[-2:, 0] = np.nan
    gappy.iloc[-1, 1] = -100.0
    draws = ytd.forecaster(gappy, "cum_yoy", np.random.default_rng(2), draws=250)
    assert np.isfinite(draws).all()
    assert (draws > -100).all()


def test_what_cannot_be_read_is_refused(august):
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="cum_yoy or level"):
        ytd.forecaster(august, "yoy", rng)
    with pytest.raises(ValueError, match="no column ALL"):
        ytd.forecaster(august.drop(columns="ALL"), "cum_yoy", rng)
    with pytest.raises(ValueError, match="no figure at all: West"):
        ytd.forecaster(august.assign(West=np.nan), "cum_yoy", rng)


def test_persistence_runs_on_both_measures(small):
    for measure in protocol.MEASURES:
        case = next(c for c in questions(small, measure) if c.origin == 8)
        draws = peer("persistence", case.history, measure, np.random.default_rng(1))
        cumulative = protocol.growth(case.window, None).loc[pd.Period("2017-08", "M")].to_numpy()
        assert draws.shape[1] == case.window.shape[1]
        np.testing.assert_allclose(np.median(draws, axis=0), cumulative, atol=1.0)


# Tables and saved runs


def made_scores(*, cases: int = 4, panel: str = "small", factor: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    rows = []
    for year in (2017, 2018):
        for origin in (3, 6, 8, 10)[:cases]:
            for region in "abc":
                for name, scale in ((scoreboard.OURS, factor), ("persistence", 2.0)):
                    p = rng.random()
                    row = {"panel": panel, "indicator": "sales", "year": year, "origin": origin, "measure": "cum_yoy"}
                    row |= {"forecaster": name, "seconds": 0.1, "region": region, "crps": scale, "brier": scale / 10}
                    row |= {
                        "logs": scale / 3,
                        "cov50": 1.0,
                        "cov90": 1.0,
                        "pit": rng.random(),
                        "p": p,
                        "event": p > 0.5,
                    }
                    rows.append(row)
    return pd.DataFrame(rows).astype({"event": float})


def test_saved_means_stand_only_beside_a_run_of_all_cases():
    some = made_scores(panel="retail")
    assert list(scoreboard.means(some, "cum_yoy", "crps").index) == [scoreboard.OURS, "persistence"]
    employment = made_scores(panel="employment")  # 2 years of 4 origins are all of its cases
    table = scoreboard.means(employment, "cum_yoy", "crps")
    assert table.at["chained_ets", "employment"] == 0.220
    assert table.at["persistence", "employment"] == 2.0  # what was run goes before what was saved
    relative = scoreboard.ratios(table)
    assert relative.at[scoreboard.OURS, "GM"] == pytest.approx(1.0 / 0.220)
    assert relative.at["chained_ets", "GM"] == 1.0


def test_the_geometric_mean_is_over_panels():
    table = pd.DataFrame({"a": [1.0, 2.0], "b": [8.0, 1.0]}, index=[scoreboard.OURS, "persistence"])
    assert scoreboard.ratios(table).at[scoreboard.OURS, "GM"] == pytest.approx(np.sqrt(0.5 * 8.0))


def test_the_band_of_a_calibrated_forecaster_widens_with_what_cases_share():
    scores = made_scores(cases=4)
    shared = scores.assign(pit=scores.groupby("year")["pit"].transform("first"))
    rng = np.random.default_rng(3)
    alone = scoreboard.coverage_band(scores, 0.9, like=scores, rng=rng)
    together = scoreboard.coverage_band(scores, 0.9, like=shared, rng=rng)
    assert alone[0] < 0.9 < alone[1]
    assert together[0] < alone[0]


def test_a_run_is_saved_with_its_versions_and_compared_with_the_last(tmp_path):
    about = results.environment({"measures": ["cum_yoy"], "panels": "/somewhere"})
    assert "panels" not in about["options"]
    folder = results.save(made_scores(factor=2.0), tmp_path, method="fast", about=about)
    assert (folder / "summary.json").read_text(encoding="utf-8").count("numpy") == 1
    before = results.last_saved(tmp_path, method="fast")
    assert before is not None
    assert results.last_saved(tmp_path, method="nuts") is None
    lines = "\n".join(results.compared(made_scores(factor=1.0), before))
    assert "| cum_yoy | small | 0.500 | 0.500 | 0.500 | 1.000 |" in lines


def test_the_script_plays_a_sample_and_saves_it(panels, tmp_path, capsys):
    call = ["--panels", str(panels), "--only", "small", "--measures", "cum_yoy", "--every", "6", "--workers", "1"]
    assert run_ytd.main([*call, "--results", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "## cum_yoy" in out
    assert "| dabiao |" in out
    assert "## Calibration, cum_yoy" in out
    (saved,) = tmp_path.iterdir()
    scores = pd.read_csv(saved / "scores.csv")
    assert set(scores["forecaster"]) == {"dabiao", "persistence (run)", "gap_stays (run)"}
    assert str(panels) not in (saved / "summary.json").read_text(encoding="utf-8")


def test_results_replace_those_in_the_document(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n{results.BEGIN}\nold\n{results.END}\nmore\n", encoding="utf-8")
    for _ in range(2):
        results.insert(page, ["## new", "1"])
    assert page.read_text(encoding="utf-8") == f"# Page\n{results.BEGIN}\n\n### new\n1\n\n{results.END}\nmore\n"
    page.write_text("# Page\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no place"):
        results.insert(page, ["1"])


def test_no_panel_is_said(tmp_path):
    assert run_ytd.main(["--panels", str(tmp_path), "--dry"]) == 1


def test_years_of_an_unknown_panel_are_its_last_whole_ones(small):
    assert protocol.years_of("small", small) == (2016, 2017, 2018)
    assert protocol.years_of("retail", small) == (2009, 2012, 2015, 2018)


def test_a_case_is_named_by_all_that_tells_it_apart(small):
    names = [case.name for m in protocol.MEASURES for case in questions(small, m)]
    assert len(set(names)) == len(names) == 16
    assert dataclasses.replace(questions(small)[0], year=2001).name != names[0]


def test_the_gap_that_stays_is_centred_on_growth_to_date_with_the_spread_of_past_moves():
    rng = np.random.default_rng(3)
    growth = rng.normal(0.05, 0.01, (6, 11, 3))
    growth[-1, 4:] = np.nan
    drawn = others.gap_stays(growth, np.random.default_rng(1))
    gap = drawn[:, :2] - drawn[:, 2:]
    moved = (growth[:-1, -1, :2] - growth[:-1, -1, 2:]) - (growth[:-1, 3, :2] - growth[:-1, 3, 2:])
    pooled = (moved**2).mean()
    spread = np.sqrt(((moved**2).sum(0) + 2 * pooled) / 7)
    at = growth[-1, 3, :2] - growth[-1, 3, 2]
    assert (np.abs(gap.mean(0) - at) < 4 * spread / np.sqrt(len(gap))).all()
    np.testing.assert_allclose(gap.std(0), spread, rtol=0.1)


def test_the_average_of_peers_is_scored_by_its_own_probability():
    rows = [
        {
            "panel": "a",
            "indicator": "b",
            "year": 1,
            "origin": 3,
            "region": "r",
            "forecaster": name,
            "p": p,
            "event": 1.0,
        }
        | {"event": 1.0, "brier": (1 - p) ** 2, "logs": -np.log(p)}
        for name, p in ((scoreboard.OURS, 0.9), ("x (run)", 0.6), ("y (run)", 0.8))
    ]
    line = list(scoreboard._average_line(pd.DataFrame(rows)))[-1]
    assert f"brier {0.01 / 0.09:.3f}" in line
    assert f"logs {np.log(0.9) / np.log(0.7):.3f}" in line
