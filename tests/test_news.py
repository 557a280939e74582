"""Why a probability moved: shares that sum, that are fair, and that know what was expected."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import chain, combinations, permutations
from math import factorial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.answers.chances import Case, Province
from forecast.answers.evidence import Evidence, Published
from forecast.data.dataset import read_dataset
from forecast.data.panel import known
from forecast.draws.fitting import fit_indicator
from forecast.errors import UsageError
from forecast.executor import InProcess
from forecast.news.attribution import QUANTITIES, decisive, key_of, worth
from forecast.news.news import Delta, Kind, Levels, News, NewsSide, NewsStatus, TargetNews, news
from forecast.news.releases import (
    MOST_GROUPS,
    Origin,
    Release,
    ReleaseVerdict,
    changes,
    figures_with,
    grouped,
    released,
)
from forecast.periods import AsOf, Month
from forecast.runs.difference import FigureChange
from forecast.runs.run import Request, Run, fit_task, run
from forecast.scenario.contributions import shapley
from tests import handmade
from tests.small_dataset import FILES, TOML, write_dataset

HEAD = "unit,indicator,period,measure,value,released,status,source\n"
GROWTH = {
    "guojia": (-13.5, -8.4, -4.9, -2.8, -1.3, -0.4, 0.4),
    "dasheng": (-9.6, -3.0, -1.2, 0.3, 1.0, 0.3, 0.8),
    "xiaocheng": (-30.1, -24.0, -19.5, -16.0, -12.2, -9.8, -6.0),
    "dongxian": (-20.0, -15.0, -11.0, -9.0, -8.0, -7.0, -5.5),
}
MONTHS = ("02", "03", "04", "05", "06", "07", "08")
TARGETS = """\
unit,indicator,kind,value,tolerance_pp,assessed,light_rule,source
xiaocheng,ind_va,province_average,,8,true,gap,会议
xiaocheng,ind_va,plan,-5,2,false,gap,会议
xiaocheng,gdp,province_average,,4,true,gap,会议
"""


def rows(*, growth=GROWTH, last: str = "08") -> list[str]:
    out = []
    for unit, values in growth.items():
        for month, value in zip(MONTHS, values, strict=True):
            if month <= last:
                day = dt.date(2020, int(month) + 1, 18)
                out.append(f"{unit},ind_va,2020-{month},cum_yoy_pct,{value},{day},published,统计局")
    for unit, (first, half) in {"guojia": (-6.8, -1.6), "dasheng": (-5.6, -0.3), "xiaocheng": (-11.0, -6.0)}.items():
        out.append(f"{unit},gdp,2020-03,cum_yoy_pct,{first},2020-04-20,published,统计局")
        out.append(f"{unit},gdp,2020-06,cum_yoy_pct,{half},2020-07-20,published,统计局")
    return out


def city(folder: Path, observations: list[str], **files: str) -> Path:
    text = HEAD + "\n".join(observations) + "\n"
    return write_dataset(folder, {"observations.csv": text, "targets.csv": TARGETS, **files})


def made(folder: Path, as_of: str, **more) -> Run:
    return run(Request(dataset=folder, as_of=as_of, draws=250, **more), executor=InProcess())


def split(before: NewsSide, after: NewsSide) -> News:
    return news(before, after, executor=InProcess())


def one(found: News, indicator: str = "ind_va", kind: str = "province_average") -> TargetNews:
    return next(target for target in found.targets if (target.key[0], target.key[2]) == (indicator, kind))


def values(delta: Delta) -> np.ndarray:
    return np.array([delta.reach, delta.near, delta.forecast_pp, delta.benchmark_pp, delta.gap_pp], dtype=float)


def assert_sums(found: News) -> None:
    for target in found.targets:
        assert target.parts[-1].kind is Kind.MONTE_CARLO
        total = np.sum([values(part.delta) for part in target.parts], axis=0)
        assert total == pytest.approx(values(target.change), abs=1e-12)
        assert values(target.change) == pytest.approx(target.after.array() - target.before.array(), abs=0.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return city(tmp_path_factory.mktemp("news") / "city", rows())


@pytest.fixture(scope="module")
def july(folder) -> Run:
    return made(folder, "2020-07")


@pytest.fixture(scope="module")
def august(folder) -> Run:
    return made(folder, "2020-08")


@pytest.fixture(scope="module")
def found(july, august) -> News:
    return split(NewsSide.of(july), NewsSide.of(august))


# A month's figures


def test_parts_sum_to_the_change_of_what_was_published(found):
    assert_sums(found)
    target = one(found)
    assert target.status is NewsStatus.SPLIT
    assert [part.kind for part in target.parts] == [
        Kind.CITY,
        Kind.PROVINCE,
        Kind.NATION,
        Kind.OTHERS,
        Kind.EXPECTED,
        Kind.MONTE_CARLO,
    ]
    assert np.abs(values(target.parts[0].delta)).max() > 0.0


def test_the_same_random_numbers_leave_no_monte_carlo_remainder(found):
    for target in found.targets:
        assert (values(target.parts[-1].delta) == 0.0).all()


def test_figures_of_places_below_bring_nothing_to_the_city(found, folder, tmp_path, july):
    others = next(part for part in one(found).parts if part.kind is Kind.OTHERS)
    assert {r.figure.unit for r in others.releases} == {"dongxian"}
    assert (values(others.delta) == 0.0).all()
    without = city(tmp_path / "without", [row for row in rows() if not row.startswith("dongxian,ind_va,2020-08")])
    a, b = (
        r.paths.indicators["ind_va"].cum_yoy.sel(unit="xiaocheng").values
        for r in (made(folder, "2020-08"), made(without, "2020-08"))
    )
    assert np.array_equal(a, b)


def test_gdp_takes_the_news_of_its_industries_drivers_as_a_part_of_its_own(found):
    target = one(found, "gdp")
    assert [(part.kind, part.linked) for part in target.parts[:-1]] == [(Kind.LINKED, "ind_va")]
    assert values(target.parts[0].delta) == pytest.approx(values(target.change), abs=1e-12)
    assert target.change.forecast_pp != 0.0


def test_shares_are_those_of_all_orders_in_which_groups_can_be_taken(found, july, august):
    """Brute force: every order, every fit anew."""
    panel = august.dataset.panel
    seen = [known(r.dataset.panel, r.paths.as_of) for r in (july, august)]
    moved = changes(*seen, "ind_va", target_year=2020)
    groups = [
        g for g in grouped(moved, panel.units, city="xiaocheng", province="dasheng") if g.origin is not Origin.OTHERS
    ]
    earlier = july.paths.indicators["ind_va"]
    told = released(moved, earlier=earlier, published=Published.of(july.dataset.panel, july.paths.as_of, 2020))
    expected = {c.key: r.expected_pct for c, r in zip(moved, told, strict=True)}
    target = august.dataset.targets[0]
    goal = Case(target=target, name_zh="", held=Province("dasheng"), evidence=Evidence.AMPLE, ess=1.0)
    county = [g for g in grouped(moved, panel.units, city="xiaocheng", province="dasheng") if g.origin is Origin.OTHERS]

    def value(taken) -> np.ndarray:
        figures = figures_with(*seen, "ind_va", moved, [*taken, *county], expected=expected)
        task = fit_task(august.dataset, figures, "ind_va", request=august.request)
        return worth(fit_indicator(task), [goal])[0]

    memo = {frozenset(): value([])}
    share = {group.name: np.zeros(len(QUANTITIES)) for group in groups}
    for order in permutations(groups):
        taken: list = []
        for group in order:
            before = memo[frozenset(g.name for g in taken)]
            taken.append(group)
            name = frozenset(g.name for g in taken)
            memo.setdefault(name, value(taken) if name not in memo else memo[name])
            share[group.name] += (memo[name] - before) / factorial(len(groups))
    parts = [part for part in one(found).parts if part.kind in (Kind.CITY, Kind.PROVINCE, Kind.NATION)]
    for group, part in zip(groups, parts, strict=True):
        assert values(part.delta) == pytest.approx(share[group.name], abs=1e-12)


def test_the_order_of_releases_does_not_matter(july, august, tmp_path):
    """Rows in another order: the same groups, and for every set of them the very same fit."""
    shuffled = rows()
    np.random.default_rng(3).shuffle(shuffled)
    keys = []
    for dataset in (august.dataset, read_dataset(city(tmp_path / "shuffled", shuffled))):
        seen = [known(dataset.panel, r.paths.as_of) for r in (july, august)]
        moved = changes(*seen, "ind_va", target_year=2020)
        groups = grouped(moved, dataset.panel.units, city="xiaocheng", province="dasheng")
        sets = chain.from_iterable(combinations(groups, k) for k in range(len(groups) + 1))
        frames = (figures_with(*seen, "ind_va", moved, taken, expected={}) for taken in sets)
        keys.append([key_of(fit_task(dataset, frame, "ind_va", request=august.request)) for frame in frames])
    assert keys[0] == keys[1]
    assert len(set(keys[0])) == 16


def test_a_figure_that_is_exactly_as_expected_brings_nothing(july, tmp_path):
    own = july.paths.indicators["ind_va"].cum_yoy.sel(unit="xiaocheng", period="2020-08").to_numpy()
    expected = 100.0 * float(own.mean())
    growth = {**GROWTH, "xiaocheng": (*GROWTH["xiaocheng"][:-1], expected)}
    other = city(tmp_path / "expected", rows(growth=growth))
    target = one(split(NewsSide.of(made(other, "2020-07")), NewsSide.of(made(other, "2020-08"))))
    assert target.parts[0].kind is Kind.CITY
    assert target.parts[0].lead.verdict is ReleaseVerdict.EXPECTED
    assert values(target.parts[0].delta) == pytest.approx(0.0, abs=1e-12)


# Everything else that can change


def test_nothing_changed_means_nothing_moved(august):
    same = split(NewsSide.of(august), NewsSide.of(august))
    assert same.nothing
    for target in same.targets:
        assert target.status is NewsStatus.NOTHING
        assert [part.kind for part in target.parts] == [Kind.MONTE_CARLO]
        assert (values(target.parts[0].delta) == 0.0).all()
        assert (values(target.change) == 0.0).all()


def test_another_seed_is_all_monte_carlo(folder, august):
    moved = split(NewsSide.of(august), NewsSide.of(made(folder, "2020-08", seed=2)))
    assert_sums(moved)
    for target in moved.targets:
        assert [part.kind for part in target.parts] == [Kind.MONTE_CARLO]
    assert np.abs(values(one(moved).change)).max() > 0.0


def test_a_changed_target_is_a_part_of_its_own(august, tmp_path):
    other = city(tmp_path / "target", rows(), **{"targets.csv": TARGETS.replace("plan,-5,2", "plan,-2,2")})
    target = one(split(NewsSide.of(august), NewsSide.of(made(other, "2020-08"))), kind="plan")
    assert [part.kind for part in target.parts] == [Kind.TARGET, Kind.MONTE_CARLO]
    assert target.parts[0].delta.benchmark_pp == pytest.approx(3.0)
    assert target.parts[0].delta.reach < 0.0


def test_a_restated_figure_is_a_revision_and_a_changed_profile_belongs_to_the_model(august, tmp_path):
    restated = [row.replace("2020-08,cum_yoy_pct,-6.0", "2020-08,cum_yoy_pct,-5.0") for row in rows()]
    revised = split(NewsSide.of(august), NewsSide.of(made(city(tmp_path / "revised", restated), "2020-08")))
    assert_sums(revised)
    target = one(revised)
    assert target.parts[0].kind is Kind.REVISION
    assert target.parts[0].releases[0].change_pp == pytest.approx(1.0)
    assert target.parts[0].delta.forecast_pp > 0.0
    names = FILES["indicators.csv"].replace("工业稳增长专班,0.3", "工业稳增长专班,0.9")
    profile = names.replace(".06;.07;", ".10;.03;").replace("0.9,", "0.3,")
    flat = profile.replace(".10;.03;.085;.083;.085;.088;.082;.083;.087;.087;.092;.098", "")
    model = split(
        NewsSide.of(august), NewsSide.of(made(city(tmp_path / "model", rows(), **{"indicators.csv": flat}), "2020-08"))
    )
    assert_sums(model)
    assert [part.kind for part in one(model).parts] == [Kind.MODEL, Kind.MONTE_CARLO]


def test_an_effect_of_a_scenario_is_a_part_of_its_own(july, august, found):
    after = NewsSide.of(august)
    key = one(found).key
    lifted = replace(after.levels[key], p_reach=after.levels[key].p_reach + 0.125)
    moved = split(NewsSide.of(july), replace(after, levels={**after.levels, key: lifted}))
    assert_sums(moved)
    part = next(part for part in one(moved).parts if part.kind is Kind.SCENARIO)
    assert values(part.delta) == pytest.approx([0.125, 0.0, 0.0, 0.0, 0.0])
    rest = [part for part in one(moved).parts if part.kind is not Kind.SCENARIO]
    assert [values(p.delta).tolist() for p in rest] == [values(p.delta).tolist() for p in one(found).parts]


def test_a_target_without_draws_on_one_side_is_not_split(august, tmp_path):
    late = city(tmp_path / "late", [row for row in rows() if ",ind_va,2020-08" in row or ",gdp," in row])
    moved = split(NewsSide.of(made(late, "2020-07")), NewsSide.of(made(late, "2020-08")))
    assert one(moved).status is NewsStatus.NOT_BEFORE
    assert one(moved).parts == ()
    assert one(moved).change.forecast_pp is None


def test_runs_of_different_cities_cannot_be_compared(august):
    config = replace(august.dataset.config, city="dongxian")
    other = replace(august, dataset=replace(august.dataset, config=config))
    with pytest.raises(UsageError, match="one city and year"):
        split(NewsSide.of(august), NewsSide.of(other))


# Shares


def test_shapley_of_a_gaussian_probability_by_hand():
    """Two releases: a moves the mean gap by 1.0, b by -0.4; less is left open: sd 2 becomes 1.5. Closed form."""
    mean, sd = -0.5, 2.0
    moves, shrink = {"a": 1.0, "b": -0.4}, {"a": 0.8, "b": 0.9375}

    def value(members: frozenset[str]) -> np.ndarray:
        at = mean + sum(moves[m] for m in members)
        spread = sd * float(np.prod([shrink[m] for m in members]))
        return np.array([scipy.stats.norm.cdf(at / spread)])

    none, a, b, both = (value(frozenset(s)) for s in ("", "a", "b", "ab"))
    shares, _ = shapley(("a", "b"), value, seed=1)
    assert shares[0] == pytest.approx(0.5 * ((a - none) + (both - b)))
    assert shares[1] == pytest.approx(0.5 * ((b - none) + (both - a)))
    assert both[0] == pytest.approx(scipy.stats.norm.cdf(0.1 / 1.5))


@settings(max_examples=60)
@given(n=st.integers(1, 5), seed=st.integers(0, 10_000))
def test_shares_are_fair_for_any_worth_of_sets(n, seed):
    rng = np.random.default_rng(seed)
    names = [f"g{i}" for i in range(n)]
    table: dict[frozenset[str], np.ndarray] = {}

    def value(members: frozenset[str]) -> np.ndarray:
        named = frozenset(m for m in members if m not in ("idle", "twin"))
        base = table.setdefault(named, rng.standard_normal(2))
        return base + (2.0 if {"twin", "g0"} & members else 0.0) * np.array([1.0, 0.0])

    players = [*names, "idle", "twin"]
    shares, errors = shapley(players, value, seed=1)
    whole = value(frozenset(players)) - value(frozenset())
    assert shares.sum(axis=0) == pytest.approx(whole, abs=1e-12)
    assert (errors == 0.0).all()
    assert shares[players.index("idle")] == pytest.approx([0.0, 0.0], abs=1e-12)
    again, _ = shapley(players[::-1], value, seed=1)
    assert again[::-1] == pytest.approx(shares, abs=1e-12)


def test_players_alike_have_the_same_share():
    shares, _ = shapley(("a", "b", "c"), lambda s: np.array([float(len(s & {"a", "b"}) > 0) + len(s)]), seed=1)
    assert shares[0] == pytest.approx(shares[1], abs=1e-12)
    assert shares[0] != pytest.approx(shares[2])


# Groups of figures


def panel_with(*observations):
    return handmade.panel([handmade.observation(*o[:4], **(o[4] if len(o) > 4 else {})) for o in observations])


def test_figures_of_all_groups_are_the_later_state_and_of_none_the_earlier(july, august):
    seen = [known(r.dataset.panel, r.paths.as_of) for r in (july, august)]
    moved = changes(*seen, "ind_va", target_year=2020)
    groups = grouped(moved, august.dataset.panel.units, city="xiaocheng", province="dasheng")
    for side, taken in zip(seen, ((), groups), strict=True):
        mine = side[side["indicator"] == "ind_va"].reset_index(drop=True)
        pd.testing.assert_frame_equal(figures_with(*seen, "ind_va", moved, taken, expected={}), mine)


def test_what_is_one_group_and_what_is_merged():
    before = panel_with(("ankang", "ind_va", "2020-07", -9.0))
    months = [(u, "ind_va", f"2020-{m:02d}", 1.0) for u in ("ankang", "shaanxi", "china", "hanbin") for m in (8, 9, 10)]
    after = panel_with(
        ("ankang", "ind_va", "2020-07", -8.0), *months, ("ankang", "ind_va", "2020-10", 2.0, {"measure": "rank"})
    )
    seen = [known(p, AsOf.parse("2020-10")) for p in (before, after)]
    moved = changes(*seen, "ind_va", target_year=2020)
    units = handmade.units()
    fine = grouped(moved, units, city="ankang", province="shaanxi", most=20)
    assert len(fine) == 4 * 3 + 2
    assert {g.origin for g in fine} == {
        Origin.CITY,
        Origin.PROVINCE,
        Origin.NATION,
        Origin.OTHERS,
        Origin.REMARK,
        Origin.REVISION,
    }
    coarse = grouped(moved, units, city="ankang", province="shaanxi")
    assert len(coarse) == MOST_GROUPS
    assert sorted(key for g in fine for key in g.keys) == sorted(key for g in coarse for key in g.keys)
    twelve = grouped(moved, units, city="ankang", province="shaanxi", most=12)
    assert [g.origin for g in twelve].count(Origin.OTHERS) == 1  # the farthest places are merged first
    assert [g.origin for g in twelve].count(Origin.CITY) == 3


def test_levels_count_only_where_weights_are_read_from_them():
    before = panel_with()
    after = panel_with(
        ("ankang", "ind_va", "2019-12", 330.0, {"measure": "level_cum"}),
        ("ankang", "ind_va", "2020-08", 210.0, {"measure": "level_cum"}),
        ("ankang", "ind_va", "2020-08", 30.0, {"measure": "level_month"}),
    )
    seen = [known(p, AsOf.parse("2020-10")) for p in (before, after)]
    assert [c.figure.period for c in changes(*seen, "ind_va", target_year=2020)] == ["2019-12"]


def test_places_that_draws_depend_on_are_all_above_and_beside_and_none_below():
    units = handmade.units(cities=3)
    assert decisive(frozenset({"ankang"}), units) == {"china", "shaanxi", "ankang", "city1", "city2"}
    assert "hanbin" in decisive(frozenset({"hanbin"}), units)


# What was expected


def release(after: float, expected: float | None, sd: float | None) -> Release:
    figure = FigureChange(
        indicator="fai",
        unit="ankang",
        period="2020-08",
        measure="cum_yoy_pct",
        before=None,
        after=after,
        released=None,
        source="",
    )
    return Release(figure=figure, previous_pct=-15.6, expected_pct=expected, expected_sd_pp=sd)


@given(st.floats(-30, 30), st.floats(0.05, 5.0), st.floats(-3, 3))
def test_better_than_expected_only_beyond_one_standard_deviation(expected, sd, beyond):
    one = release(expected + beyond * sd, expected, sd)
    assert (one.verdict is ReleaseVerdict.BETTER) == (one.surprise > 1.0)
    assert (one.verdict is ReleaseVerdict.WORSE) == (one.surprise < -1.0)
    assert one.surprise == pytest.approx(beyond, abs=1e-6)


def test_without_an_expectation_there_is_no_verdict():
    assert release(-13.6, None, None).verdict is ReleaseVerdict.UNKNOWN
    assert release(-13.6, None, None).change_pp == pytest.approx(2.0)


def test_what_was_expected_is_read_from_the_earlier_runs_draws_of_that_very_figure():
    growth = handmade.normal_growth(np.random.default_rng(1), -0.1, 0.02)
    paths = handmade.indicator_paths("fai", {"ankang": growth}, published={"ankang": {5: -0.156}})
    before = panel_with(("ankang", "fai", "2020-07", -15.6))
    after = panel_with(
        ("ankang", "fai", "2020-07", -15.6),
        ("ankang", "fai", "2020-08", -13.6),
        ("ankang", "fai", "2020-08", 2.2, {"measure": "month_yoy_pct"}),
    )
    seen = [known(p, AsOf.parse("2020-08")) for p in (before, after)]
    found = released(
        changes(*seen, "fai", target_year=2020),
        earlier=paths,
        published=Published.of(before, AsOf.parse("2020-07"), 2020),
    )
    cumulative, single = found
    draws = paths.cum_yoy.sel(unit="ankang", period="2020-08").to_numpy()
    assert cumulative.expected_pct == pytest.approx(100 * draws.mean())
    assert cumulative.expected_sd_pp == pytest.approx(np.hypot(100 * draws.std(), 0.1 / np.sqrt(12)))
    assert (cumulative.previous_pct, cumulative.previous_period) == (-15.6, "2020-07")
    assert cumulative.change_pp == pytest.approx(2.0)
    assert single.expected_pct == pytest.approx(
        100 * paths.growth.sel(unit="ankang", period="2020-08").to_numpy().mean()
    )
    assert single.change_pp is None


def test_levels_know_what_is_missing():
    assert np.isnan(Levels(forecast_pct=1.0).array()).tolist() == [True, True, False, True, True]
    told = Delta(reach=None, near=0.5, forecast_pp=0.0, benchmark_pp=1.0, gap_pp=-0.2)
    assert Delta.of(np.array([np.nan, 0.5, 0.0, 1.0, -0.2])) == told
    assert str(Month.parse("2020-08")) in TOML  # the small data set is as of the month that these tests end in
