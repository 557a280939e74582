"""The league of a province with all its cities: real figures, draws made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from forecast.answers.chances import Status
from forecast.answers.evidence import Evidence
from forecast.answers.scores import league
from forecast.data.dataset import read_dataset, retargeted
from forecast.data.panel import Unit
from forecast.dims import UNIT
from forecast.errors import UsageError
from forecast.periods import Month
from forecast.plan.request import MakeupError
from forecast.runs.run import Request, run
from forecast.runs.session import Session
from forecast.tables.league import rank_grid
from forecast.tables.notes import notes
from forecast.tables.table import Surface, View
from forecast.texts import t, wording
from forecast.track_record.replay import Pair, Replayed, rank_records
from tests.assignment_run import finished

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(scope="module")
def hunan():
    return run(Request(dataset=DATA / "hunan", draws=500))


def test_every_city_is_ranked_among_fourteen_by_counting(hunan):
    found = league(hunan.paths, hunan.dataset.panel, hunan.dataset.config)
    assert len(found.units) == 14
    one = hunan.paths.indicators["ind_va"]
    ends = np.round(one.cum_yoy.sel({UNIT: list(found.units)}).isel(period=-1).transpose("draw", UNIT) * 100.0, 1)
    answer = found.of("ind_va", "shaoyang")
    k = found.units.index("shaoyang")
    by_hand = [1 + int((draw > draw[k]).sum()) for draw in ends.to_numpy()]
    assert (answer.among, answer.of) == (14, 14)
    assert answer.expected == pytest.approx(np.mean(by_hand), abs=0.02)  # halves of a digit may round otherwise
    assert found.period["ind_va"] == Month(2021, 8)
    published = hunan.dataset.panel.observations
    rows = published[(published["indicator"] == "ind_va") & (published["period"] == Month(2021, 8))]
    august = rows[rows["unit"].isin(found.units)].set_index("unit")["value"]
    assert answer.now == 1 + int((august > august["shaoyang"]).sum())
    assert "gdp" not in found.ranks  # its cities publish none this year: nothing to rank


def test_scores_are_of_all_cities_and_within_what_the_rules_allow(hunan):
    found = league(hunan.paths, hunan.dataset.panel, hunan.dataset.config).scores
    assert found is not None
    assert len(found.units) == 14
    assert found.reachable == 100.0
    assert found.total.min() >= -1.0
    assert found.total.max() <= 100.0 + 5.0 + 3.0  # bonuses of two rules
    np.testing.assert_allclose(sum(found.classes().values()), np.ones(14))
    shares = np.array([(found.ranks() == r).mean(axis=0) for r in range(1, 15)])
    np.testing.assert_allclose(shares.sum(axis=0), np.ones(14))


def test_a_city_without_a_figure_is_left_out_and_the_rank_says_among_how_many(hunan):
    panel = hunan.dataset.panel
    seen = panel.observations
    silent = (seen["unit"] == "loudi") & (seen["indicator"] == "fai") & (seen["period"].map(lambda p: p.year) == 2021)
    answer = league(hunan.paths, replace(panel, observations=seen[~silent]), hunan.dataset.config).of("fai", "shaoyang")
    assert (answer.among, answer.of) == (13, 14)
    assert answer.shares.sum() == pytest.approx(1.0)


def test_the_same_figures_can_be_asked_of_another_place_and_year():
    whole = read_dataset(DATA / "hunan")
    other = retargeted(whole, unit="长沙市", year=2020)
    assert (other.config.city, other.config.target_year, other.config.as_of) == ("changsha", 2020, "2020-08")
    assert other.config.first_action_month == Month(2020, 10)
    assert retargeted(whole, unit="changsha").config.city == "changsha"
    assert retargeted(whole) == whole or retargeted(whole).config == whole.config
    with pytest.raises(UsageError, match="changsha"):
        retargeted(whole, unit="changshu")
    with pytest.raises(UsageError, match="2017"):
        retargeted(whole, year=2010)


def test_31_provinces_have_one_rank_each():
    found = run(Request(dataset=DATA / "provinces-gdp", draws=500, unit="shaanxi", year=2023))
    answers = league(found.paths, found.dataset.panel, found.dataset.config).ranks["gdp"]
    assert len(answers) == 31
    assert all(one.shares.sum() == pytest.approx(1.0) for one in answers)
    assert sum(one.first(10) for one in answers) >= 10.0  # equals share the better rank


def replayed(unit, outcome):
    pair = Pair(
        unit=unit, level="city", benchmark="p", tolerance_pp=1.0, outcome_pct=outcome, benchmark_outcome_pct=5.0
    )
    month = Month(2019, 8)
    return Replayed(indicator="fai", pair=pair, month=month, months_left=4, evidence=Evidence.AMPLE, synthetic=False)


def test_replayed_ranks_are_scored_as_counted_by_hand():
    ends = [9.0, 7.0, 7.0, 4.0, 2.0, 1.0]
    cases = [replayed(unit, end) for unit, end in zip("abcdef", ends, strict=True)]
    units = {u: Unit(unit=u, name_zh=u, level="city", parent="p", counted_within=None) for u in "abcdef"}
    draws = np.random.default_rng(5).normal([8, 7, 6, 4, 3, 1], 2.0, (300, 6)) / 100.0
    found = rank_records(cases, draws, {u: k for k, u in enumerate("abcdef")}, units)
    assert [found[u].outcome for u in "abcdef"] == [1, 2, 2, 4, 5, 6]
    printed = np.round(draws * 100.0, 1)
    second = [1 + int((draw > draw[2]).sum()) for draw in printed]
    one = found["c"]
    assert (one.among, one.first) == (6, 2)
    assert one.expected == pytest.approx(np.mean(second), abs=0.02)
    assert one.p_first == pytest.approx(np.mean(np.array(second) <= 2), abs=0.01)
    assert one.brier == pytest.approx((one.p_first - 1.0) ** 2)
    below = [np.mean(np.array(second) <= r) for r in range(1, 6)]
    assert one.rps == pytest.approx(np.mean([(b - (r >= 2)) ** 2 for r, b in enumerate(below, 1)]), abs=0.01)
    assert rank_records(cases[:4], draws, {u: k for k, u in enumerate("abcdef")}, units) == {}


def with_siblings(made, indicator, ahead):
    """The small city with ledgers, and siblings that end the year so much above it, fraction."""
    one, panel, city = made.paths.indicators[indicator], made.dataset.panel, made.dataset.config.city
    names = [f"sibling{k}" for k in range(len(ahead))]

    def more(values, moved):
        rows = [values.sel(unit=[city]).assign_coords(unit=[n]) + d * moved for n, d in zip(names, ahead, strict=True)]
        return xr.concat([values, *rows], dim="unit")

    fields = {"growth": 0, "base_weight": 0, "cum_yoy": 1, "published": 1}
    wider = replace(one, **{name: more(getattr(one, name), moved) for name, moved in fields.items()})
    mine = (panel.observations["unit"] == city) & (panel.observations["indicator"] == indicator)
    rows = [panel.observations[mine].assign(unit=name) for name in names]
    more_units = {name: replace(panel.units[city], unit=name, name_zh=name) for name in names}
    bigger = replace(
        panel,
        units={**panel.units, **more_units},
        observations=pd.concat([panel.observations, *rows], ignore_index=True),
    )
    return replace(
        made,
        paths=replace(made.paths, indicators={**made.paths.indicators, indicator: wider}),
        dataset=replace(made.dataset, panel=bigger),
    )


def test_a_wish_for_a_rank_is_granted_on_fresh_draws_and_is_the_rank_of_the_table():
    lab = Session(with_siblings(finished(), "fai", [-0.02, 0.004, 0.008, 0.012, 0.03]))
    answer = lab.league().of("fai", "ankang")
    request = lab.request(["fai:rank<=4>=60%"])
    (wish,) = request.wishes
    assert wish.id == "fai:rank<=4"
    (found,) = lab.plan(replace(request, points=0, again=False)).wishes
    assert found.before == pytest.approx(answer.first(4), abs=1.0 / lab.world.draws)
    assert found.status is Status.SOLVED
    assert found.all_draws >= 0.6
    assert found.fresh >= 0.6 - 4.0 * found.fresh_mcse


def test_a_rank_beyond_the_siblings_is_refused_with_their_number(hunan):
    with pytest.raises(MakeupError) as caught:
        Session(hunan).request(["fai:rank<=20>=50%"])
    assert "1 至 13" in caught.value.text("zh")
    assert "fai:rank<=20" in caught.value.text("en")


def test_a_data_set_of_provinces_never_says_the_whole_province():
    found = run(Request(dataset=DATA / "provinces-gdp", draws=500, unit="shaanxi", year=2023))
    words = found.dataset.config.words
    with wording(words):
        grid = rank_grid(
            Session(found).league(), found.attainment, found.dataset.panel, View(lang="zh", surface=Surface.PAGE)
        )
        said = [*notes(found.attainment, "zh"), t("backtest.level_city", "zh"), str(grid)]
    assert "全省" not in "".join(said)
    assert "各省加权平均" in "".join(said)
    assert t("backtest.level_city", "zh").startswith("市级")  # outside, nothing has changed
