"""Worlds of a known structure: what is published of them, what came, and what is said of forecasts."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.answers.chances import published
from forecast.data.panel import known
from forecast.periods import AsOf, Month

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
try:
    import worlds as bench
finally:
    sys.path.remove(str(BENCHMARKS))

DAY = AsOf.parse("2020-08")


def prints(kind: bench.Kind, seed: int = 3) -> dict[tuple[str, Month], list[float]]:
    """Figures that are known, by place and month, in the order of their release."""
    rows = known(bench.world(kind, seed).panel, DAY)
    return {key: list(one["value"]) for key, one in rows.groupby(["unit", "period"])}


def test_a_break_moves_the_cities_from_its_month_on_and_nothing_else():
    calm, broken = (prints(bench.KINDS[name]) for name in ("nothing", "break_now"))
    for (unit, month), (value,) in calm.items():
        moved = abs(broken[unit, month][0] - value) > 0.05
        assert moved == (unit != "province" and month >= Month(2020, 4))
    came, stayed = (bench.world(bench.KINDS[name], 3).came for name in ("break_now", "nothing"))
    assert came["province"] == stayed["province"]
    assert (1 + came["city1"]) / (1 + stayed["city1"]) == pytest.approx(0.94, abs=0.02)


def test_an_older_province_has_so_many_figures_less_and_cities_the_same():
    same, older = (bench.world(bench.KINDS[name], 3).panel.observations for name in ("as_old", "older"))
    cities = [one[one["unit"] != "province"].reset_index(drop=True) for one in (same, older)]
    assert (same["unit"] == "province").sum() - (older["unit"] == "province").sum() == 2
    assert len(cities[0]) == len(cities[1])


def test_first_prints_are_off_and_corrected_after_seventy_days():
    kind = replace(bench.KINDS["revised"], first_print_pp=2.0)
    of_world = bench.world(kind, 3).panel.observations
    both = of_world.groupby(["unit", "period"])["value"]
    last_year = [len(one) for (_, month), one in both if month.year < 2020]
    assert set(last_year) <= {1, 2}
    assert np.mean(np.array(last_year) == 2) > 0.9
    assert all(len(one) == 1 for (_, month), one in both if month == Month(2020, 8))


def test_what_came_later_changes_no_forecast():
    kind = bench.KINDS["revised"]
    one = bench.world(kind, 4)
    later = one.panel.observations.assign(value=99.0, released=DAY.day + bench.CORRECTED)
    poisoned = replace(one.panel, observations=pd.concat([one.panel.observations, later], ignore_index=True))
    a, b = (bench.forecasts(kind, replace(one, panel=panel), method="fast", seed=1) for panel in (one.panel, poisoned))
    for unit, drawn in a.items():
        np.testing.assert_array_equal(drawn, b[unit])


def test_places_and_chances_of_right_draws_are_right():
    """The truth as one more draw: covers are as nominal, chances as frequent as they say."""
    rng, rows = np.random.default_rng(2), []
    for _ in range(400):
        province, city = (0.06 + 0.01 * rng.standard_normal(301) for _ in range(2))
        came = {"province": float(published(province[-1])), "city1": float(published(city[-1]))}
        one = bench.World(panel=PANEL, came=came)
        rows += bench.judged(one, {"province": province[:-1], "city1": city[:-1]}, rng)
    found = bench.row("digit", "fast", pd.DataFrame(rows), 400)
    assert found["gap_rmse_over_sd"] == pytest.approx(1, abs=4 / np.sqrt(2 * 400))
    assert found["gap_covered80"] == pytest.approx(0.8, abs=4 * 0.4 / 20)
    assert found["mean_p"] == pytest.approx(found["came_true"], abs=4 * 0.5 / 20)


PANEL = bench.world(bench.KINDS["digit"], 0).panel


def test_rows_of_a_file_are_replaced_by_new_ones_and_keep_their_order(tmp_path):
    file = tmp_path / "worlds.csv"
    first = pd.DataFrame({"world": ["older", "nothing"], "route": "fast", "worlds": [1, 1]})
    first.to_csv(file, index=False)
    new = pd.DataFrame({"world": ["older"], "route": ["fast"], "worlds": [5]})
    out = bench.merged(new, file, ["world", "route"])
    assert out[["world", "worlds"]].to_numpy().tolist() == [["nothing", 1], ["older", 5]]
