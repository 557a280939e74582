"""Other ledgers with the same totals, and the range of a group's effect over them."""

from __future__ import annotations

import csv
import gzip
import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecast.data.dataset import read_dataset
from forecast.scenario.contributions import ends
from forecast.scenario.effects import Evaluator, year_ends
from forecast.scenario.ledger_rows import by_group, ledgers, others_of, ranges, rests_on_synthetic, with_ledgers
from forecast.scenario.world import World
from tests import scenario_world as sw
from tests.test_compare import CASES

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "data" / "ankang-2020" / "regenerated"
ONE = sw.world(draws=400)
GROUP = {"type": "enterprise_restart", "id": "g", "select": {"status": "halted"}, "month": "2020-10"}
NAMED = {"type": "enterprise_restart", "id": "n", "enterprises": ["e4"], "month": "2020-10"}


@pytest.fixture(scope="module")
def ankang():
    return read_dataset(ROOT / "data" / "ankang-2020")


@pytest.fixture(scope="module")
def others(ankang):
    return ledgers(ankang)


def test_there_are_twenty_and_their_totals_are_those_of_the_data_set(ankang, others):
    assert len(others) == 20
    own = ankang.ledger
    for one in others:
        assert one.projects["plan_year_invest_yi"].sum() == pytest.approx(own.projects["plan_year_invest_yi"].sum())
        for status, rows in own.enterprises.groupby("status"):
            mine = one.enterprises[one.enterprises["status"] == status]
            assert len(mine) == len(rows)
            if status != "normal":
                pulls = [(f["base_output_yi"] * f["ytd_growth_pct"]).sum() for f in (mine, rows)]
                assert pulls[0] == pytest.approx(pulls[1], abs=0.01)
        assert len(one.pipeline) == len(own.pipeline)


def test_they_differ_from_each_other_and_are_synthetic(others):
    sizes = {tuple(one.enterprises["base_output_yi"]) for one in others}
    assert len(sizes) == 20
    assert all((frame["row_status"] == "synthetic").all() for one in others for frame in (one.projects, one.pipeline))


def test_the_files_are_what_the_generator_gives():
    command = [sys.executable, str(ROOT / "data" / "build_regenerated.py"), "--check"]
    assert subprocess.run(command, check=False).returncode == 0


def test_a_data_set_without_such_files_has_none():
    assert ledgers(ONE.dataset) == ()


def test_only_groups_of_synthetic_rows_are_ranged():
    group, named = sw.scenario(ONE, GROUP).actions[0], sw.scenario(ONE, NAMED).actions[0]
    assert by_group(group)
    assert not by_group(named)
    assert rests_on_synthetic(group, ONE.dataset)
    real = replace(ONE.dataset, ledger=sw.ledger("published"))
    assert not rests_on_synthetic(group, real)


def bigger(factor: float):
    book = sw.ledger()
    frame = book.enterprises.copy()
    frame["base_output_yi"] *= factor
    return replace(book, enterprises=frame)


def test_the_range_is_the_least_and_the_greatest_effect():
    scenario = sw.scenario(ONE, GROUP, NAMED)
    found = ranges(with_ledgers(ONE, [bigger(f) for f in (0.5, 1.0, 2.0)]), scenario, CASES)
    case = CASES[1]
    named, group = (sw.change(ONE, "ind_va", "ankang", one) for one in (NAMED, GROUP))
    end = ONE.paths.indicators["ind_va"].cum_yoy.sel(unit="ankang").to_numpy()[:, -1]
    least, most = (100 * float(np.median(end + named + f * group) - np.median(end)) for f in (0.5, 2.0))
    assert found[case.key].growth_pp == (pytest.approx(least), pytest.approx(most))
    assert found[case.key].ledgers == 3


def test_the_own_ledger_gives_the_effect_itself():
    scenario = sw.scenario(ONE, GROUP)
    spread = ranges(with_ledgers(ONE, [ONE.dataset.ledger]), scenario, CASES)[CASES[1].key]
    world = World(paths=ONE.paths, dataset=ONE.dataset)
    now = ends(year_ends(ONE.paths, Evaluator(world=world, scenario=scenario).effects()), CASES[1:2])
    before = ends(year_ends(ONE.paths), CASES[1:2])
    assert spread.growth_pp == (pytest.approx((np.median(now.own) - np.median(before.own)) * 100),) * 2


def test_without_a_group_there_is_no_range():
    assert ranges(with_ledgers(ONE, [bigger(2.0)]), sw.scenario(ONE, NAMED), CASES) == {}


def test_every_row_names_its_ledger():
    rows = list(csv.DictReader(io.StringIO(gzip.decompress((FOLDER / "enterprises.csv.gz").read_bytes()).decode())))
    assert {row["ledger"] for row in rows} == {str(k) for k in range(1, 21)}
    assert np.isclose(len(rows) / 20, 235)


def test_ranges_are_taken_over_fewer_draws_of_the_same_worlds():
    many = sw.world(draws=2000)
    thin = others_of(many).own
    assert thin.draws == 1000
    full = many.paths.indicators["fai"].cum_yoy.to_numpy()
    assert np.array_equal(thin.paths.indicators["fai"].cum_yoy.to_numpy(), full[::2])
    assert others_of(many).worlds == ()
