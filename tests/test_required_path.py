"""The path that a probability needs: closed forms, what the draws say, and what an action of that size brings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.answers.chances import Case, Constant, Criterion, Ends, Province, Status, least_move
from forecast.answers.evidence import Evidence
from forecast.answers.required import action_month, required
from forecast.data.target import TargetKind
from forecast.draws.paths import IndicatorPaths
from forecast.errors import UsageError
from forecast.growth import cumulative, required_growth
from forecast.periods import AsOf, Frequency, Month
from forecast.plan.path import DEFAULT, Demand, Phase, Scope, indicators_of, required_path
from forecast.scenario.contributions import compare, ends
from forecast.scenario.effects import apply, year_ends
from forecast.scenario.world import World
from tests import handmade
from tests import scenario_world as sw

DRAWS = 400
NEAR, REACH = Criterion.NEAR, Criterion.REACH


def behind(one: IndicatorPaths) -> IndicatorPaths:
    """The same draws with the city's open periods 15 points lower, so that something is left to be asked."""
    growth, cum = one.growth.copy(), one.cum_yoy.copy()
    start = int(np.isfinite(one.published.sel(unit="ankang").to_numpy()).sum())
    growth.loc[{"unit": "ankang", "period": growth["period"][start:]}] -= 0.15
    weight = one.base_weight.sel(unit="ankang").to_numpy()
    cum.loc[{"unit": "ankang"}] = cumulative(growth.sel(unit="ankang").to_numpy(), weight)
    return replace(one, growth=growth, cum_yoy=cum)


def small_world(*, draws: int = DRAWS, published: int = 7, **changes) -> World:
    """The small city, with names and people in its ledger."""
    book = sw.ledger()
    projects = book.projects.assign(resp_unit="示例单位01", resp_person="责任人01", name_zh="示例项目")
    paths = sw.paths(draws=draws, published=published, as_of=changes.get("as_of", "2020-08"))
    paths = replace(paths, indicators={name: behind(one) for name, one in paths.indicators.items()})
    return World(paths=paths, dataset=sw.dataset(book=replace(book, projects=projects), **changes))


ONE = small_world()


def case(indicator: str, kind: TargetKind = TargetKind.PROVINCE_AVERAGE, value: float | None = None, **more) -> Case:
    target = handmade.target(indicator, kind=kind, value=value, **more)
    held = Province("shaanxi") if kind is TargetKind.PROVINCE_AVERAGE else Constant(float(value or 0.0))
    return Case(target=target, name_zh=indicator, held=held, evidence=Evidence.AMPLE, ess=float(DRAWS))


def one_path(world: World, one: Case, criterion: Criterion = NEAR, probability: float = 0.9):
    return required_path(world, [one], [Demand(criterion=criterion, probability=probability)])[0]


# The uplift


@pytest.mark.parametrize("criterion", [NEAR, REACH])
@pytest.mark.parametrize("probability", [0.9, 0.95])
@pytest.mark.parametrize("indicator", ["fai", "retail", "gdp"])
def test_with_the_uplift_exactly_the_wished_share_of_draws_is_there_and_with_less_fewer(
    indicator, probability, criterion
):
    one = case(indicator, tolerance_pp=1.0)
    found = one_path(ONE, one, criterion, probability)
    assert found.status is Status.SOLVED
    now = ends(year_ends(ONE.paths), [one])
    weight = ONE.weight(indicator, "ankang")[:, -3 if indicator != "gdp" else -1 :].sum(axis=1)
    share = ONE.share("ankang", indicator)

    def chance(size: float) -> float:
        return now.moved(0, own=size * weight, goal=size * weight * share).chance(0, criterion)

    assert found.p_then == chance(found.uplift_pp / 100) >= probability > chance(found.uplift_pp / 100 * (1 - 1e-6))
    assert found.p_then == pytest.approx(probability, abs=2 / DRAWS)


def test_an_action_of_that_size_brings_the_wished_probability():
    one = case("fai", tolerance_pp=1.0)
    found = one_path(ONE, one, NEAR, 0.9)
    push = {
        "type": "county_push",
        "unit": "ankang",
        "indicator": "fai",
        "effect_pp": found.uplift_pp,
        "month": "2020-10",
        "prob": 1.0,
        "delivery": 1.0,
        "spread": 0.0,
    }
    moved = apply(ONE.paths, sw.Evaluator(world=ONE, scenario=sw.scenario(ONE, push)).effects())
    then = ends(year_ends(moved), [one])
    assert then.chance(0, NEAR) == found.p_then
    assert compare(ONE, [sw.scenario(ONE, push)], [one], assessed=1).results[0].outcomes[0].p_near == found.p_then


@pytest.mark.parametrize(
    ("to_date", "weight", "target", "printed"),
    [(-13.6, 0.70, 1.0, 35.1), (-13.6, 0.70, 3.0, 41.7), (-12.2, 0.43, 2.2, 13.1), (-10.1, 0.64, 0.0, 18.0)],
)
def test_forecast_plus_uplift_is_the_required_growth_of_the_textbook(to_date, weight, target, printed):
    """DOMAIN §8b.1: one draw, one period before and one after; the year is there from half a digit below on."""
    forecast = 0.07
    end = weight * to_date / 100 + (1 - weight) * forecast
    one = against(np.array([end]), target)
    size = least_move(one, 0, REACH, probability=0.5, own=np.array([1 - weight]))
    assert forecast + size == pytest.approx(float(required_growth((target - 0.05) / 100, to_date / 100, weight)))
    assert round(100 * (forecast + size) + 0.05 / (1 - weight), 1) == printed


def against(growth: np.ndarray, plan_pct: float, tolerance: float = 0.0) -> Ends:
    """Draws of growth against a number named beforehand."""
    one = case("fai", TargetKind.PLAN, plan_pct, tolerance_pp=tolerance)
    return Ends(cases=(one,), own=growth[None], goal=np.full_like(growth, plan_pct / 100)[None])


@given(
    growth=st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=60),
    probability=st.floats(0.01, 0.99),
    tolerance=st.floats(0.0, 10.0),
    seed=st.integers(0, 99),
)
def test_the_uplift_is_the_least_that_serves(growth, probability, tolerance, seed):
    one = against(np.array(growth), 1.0, tolerance)
    weight = np.random.default_rng(seed).uniform(0.05, 1.0, len(growth))
    size = least_move(one, 0, NEAR, probability=probability, own=weight)
    most = (len(growth) + 0.5) / (len(growth) + 1)
    assert np.isfinite(size) == (most >= probability)
    if np.isfinite(size):
        assert one.moved(0, own=size * weight).chance(0, NEAR) >= probability
        assert size == 0.0 or one.moved(0, own=size * (1 - 1e-6) * weight - 1e-12).chance(0, NEAR) < probability
        more = least_move(one, 0, NEAR, probability=min(probability + 0.2, 0.99), own=weight)
        assert more >= size


def test_draws_that_cannot_be_moved_are_there_or_never_will_be():
    one, weight = against(np.array([-0.1, 0.1, -0.1, -0.2]), 0.0), np.array([0.0, 0.0, 0.5, 0.5])
    sizes = [least_move(one, 0, REACH, probability=p, own=weight) for p in (0.3, 0.5, 0.7, 0.9)]
    assert sizes == [0.0, pytest.approx(2 * 0.0995, abs=1e-4), pytest.approx(2 * 0.1995, abs=1e-4), np.inf]


# The path


def test_months_before_the_first_month_of_action_are_forecast_and_not_demanded():
    steps = one_path(ONE, case("fai", tolerance_pp=1.0)).lines[0].steps
    assert [s.phase for s in steps] == [Phase.PUBLISHED] * 7 + [Phase.FORECAST] + [Phase.DEMANDED] * 3
    for step in steps[:8]:
        assert step.demanded_month_pct == step.forecast_month_pct
        assert step.demanded_cum_pct == step.forecast_cum_pct
        assert step.extra_yi == 0.0


def test_single_and_cumulative_path_agree_and_levels_follow_from_base_and_weight():
    world = small_world(draws=1, sd_pct=0.0)
    found = one_path(world, case("fai", tolerance_pp=0.0), REACH, 0.5)
    steps = found.lines[0].steps
    single = np.array([s.demanded_month_pct for s in steps]) / 100
    assert [s.demanded_cum_pct / 100 for s in steps] == pytest.approx(list(cumulative(single, np.array(sw.PROFILE))))
    assert [s.demanded_yi for s in steps] == pytest.approx(list(80.0 * np.array(sw.PROFILE) * (1 + single)))
    assert sum(s.demanded_yi - s.forecast_yi for s in steps) == pytest.approx(sum(s.extra_yi for s in steps))
    assert found.rest.extra_yi == pytest.approx(sum(s.extra_yi for s in steps))
    goal = float(world.paths.indicators["fai"].cum_yoy.sel(unit="shaanxi")[0, -1])
    lifted = 0.05 * 0.277 * found.uplift_pp / 100  # the province rises by the city's share
    assert steps[-1].demanded_cum_pct == pytest.approx(round(100 * (goal + lifted), 1) - 0.05, abs=1e-4)


def test_the_pace_line_is_the_share_of_months_gone_and_progress_that_of_the_target_level():
    """Xuancheng: 91.7 % by November, 44 of 55 is 80.0 % (PEERS §5.2.9)."""
    found = one_path(ONE, case("fai", TargetKind.PLAN, 5.0, tolerance_pp=0.0), REACH, 0.5)
    steps = {s.period.month: s for s in found.lines[0].steps}
    assert round(steps[11].pace_pct, 1) == 91.7
    assert steps[12].pace_pct == 100.0
    cum = ONE.paths.indicators["fai"].cum_yoy.sel(unit="ankang").to_numpy()[:, 6]
    share = sum(sw.PROFILE[:7])
    assert steps[8].done_pct == pytest.approx(100 * share * (1 + cum.mean()) / 1.05)
    level = np.array([0.8, 0.2]) * 55
    assert round(100 * float(level[0] / level.sum()), 1) == 80.0


def test_counties_rise_alike_and_their_money_adds_up_to_the_citys():
    found = one_path(ONE, case("fai", tolerance_pp=1.0))
    city = found.lines[0]
    counties = [line for line in found.lines if line.scope is Scope.COUNTY]
    assert {line.key for line in counties} == {"hanbin", "xunyang"}
    assert [line.key for line in found.lines if line.scope is Scope.ZONE] == ["gaoxin"]
    for k, step in enumerate(city.steps):
        assert sum(line.steps[k].extra_yi for line in counties) == pytest.approx(step.extra_yi)
    drawn = counties[0].steps[-1]
    assert drawn.demanded_month_pct - drawn.forecast_month_pct == pytest.approx(found.uplift_pp)
    zone = next(line for line in found.lines if line.scope is Scope.ZONE)
    assert zone.steps[-1].forecast_month_pct is None  # nothing is published of it, and nothing is made up


def test_projects_are_scaled_alike_to_bring_the_citys_extra_money():
    found = one_path(ONE, case("fai", tolerance_pp=1.0))
    projects = [line for line in found.lines if line.scope is Scope.PROJECT]
    assert [line.key for line in projects] == ["p1", "p2", "p3", "p4", "p5"]
    assert all(line.synthetic for line in projects)
    assert [s.period.month for s in projects[0].steps] == [10, 11, 12]
    extra = sum(s.extra_yi for line in projects for s in line.steps)
    assert extra == pytest.approx(found.rest.extra_yi)
    ratios = {round(s.demanded_yi / s.forecast_yi, 9) for line in projects for s in line.steps if s.forecast_yi}
    assert len(ratios) == 1
    others = one_path(ONE, case("retail", tolerance_pp=1.0))
    assert not [line for line in others.lines if line.scope is Scope.PROJECT]


def test_the_uncertainty_of_the_base_widens_the_money_and_not_the_growth():
    one = case("fai", TargetKind.PLAN, 5.0, tolerance_pp=0.0)
    sure, unsure = (one_path(small_world(draws=DRAWS, sd_pct=sd), one) for sd in (0.0, 30.0))
    assert sure.uplift_pp == unsure.uplift_pp
    assert unsure.rest.p90_yi - unsure.rest.p10_yi > 2 * (sure.rest.p90_yi - sure.rest.p10_yi)


def test_a_wish_that_is_met_asks_for_nothing():
    found = one_path(ONE, case("fai", TargetKind.PLAN, -50.0), NEAR, 0.7)
    assert (found.status, found.uplift_pp, found.p_then) == (Status.ALREADY_MET, 0.0, found.p_now)
    for step in found.lines[0].steps:
        assert step.demanded_cum_pct == step.forecast_cum_pct


def test_nothing_can_be_asked_when_no_period_can_be_acted_on():
    world = small_world(draws=50, published=11, as_of="2020-12")
    found = one_path(world, case("fai", TargetKind.PLAN, 50.0), NEAR, 0.7)
    assert (found.status, found.uplift_pp, found.first) == (Status.NOT_ACTIONABLE, None, None)
    assert found.lines[0].steps[-1].demanded_month_pct is None


def test_a_base_that_is_not_known_gives_growth_without_money():
    bare = replace(ONE.dataset, panel=replace(ONE.dataset.panel, bases=ONE.dataset.panel.bases.iloc[:0]))
    found = one_path(World(paths=ONE.paths, dataset=bare), case("fai", tolerance_pp=1.0))
    assert found.status is Status.SOLVED
    assert found.rest is None
    assert {(s.demanded_yi, s.extra_yi) for s in found.lines[0].steps} == {(None, None)}


def test_every_target_is_asked_the_default_wishes_in_order():
    found = required_path(ONE, [case("fai"), case("retail")])
    assert [(p.case.target.indicator, p.demand) for p in found] == [(n, d) for n in ("fai", "retail") for d in DEFAULT]


def test_an_indicator_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match="nonsense"):
        indicators_of(["nonsense"], ONE.dataset)
    assert indicators_of(["fai"], ONE.dataset) == ("fai",)
    assert indicators_of([], ONE.dataset) == tuple(ONE.dataset.panel.indicators)


# Required growth and the first month of action


def test_a_draw_that_leaves_the_rest_no_weight_is_there_or_never_will_be():
    labels = Frequency.QUARTERLY.labels(2020)
    weight = np.tile([0.25, 0.25, 0.25, 0.25], (20, 1))
    weight[0] = weight[1] = [0.4, 0.3, 0.3, 0.0]
    cum = np.full((20, 4), -0.1)
    cum[1] = 0.2
    found = required(np.full(20, 0.05), cum=cum, base_weight=weight, labels=labels, start=3, open_from=3)
    assert found.status is Status.OPEN
    assert found.median_pct == pytest.approx(100 * float(required_growth(0.05, -0.1, 0.75)))
    assert found.p90_pct == pytest.approx(found.median_pct)
    weight[:12] = [0.4, 0.3, 0.3, 0.0]
    none = required(np.full(20, 0.05), cum=cum, base_weight=weight, labels=labels, start=3, open_from=3)
    assert none.status is Status.NOT_ACTIONABLE
    cum[:] = 0.2
    met = required(np.full(20, 0.05), cum=cum, base_weight=weight, labels=labels, start=3, open_from=3)
    assert met.status is Status.ALREADY_MET


@pytest.mark.parametrize(
    ("as_of", "first"),
    [
        ("2020-08", "2020-10"),  # the data set's own
        ("2020-07", "2020-09"),
        ("2020-10", "2020-12"),
        ("2020-12", "2021-02"),
        ("2020-09-25", "2020-10"),  # a day of the same month as the day that the figures of August are out by
        ("2019-06", "2020-01"),
    ],
)
def test_the_first_month_of_action_keeps_its_lag_to_the_day_of_knowledge(as_of, first):
    assert str(action_month(handmade.config(), AsOf.parse(as_of))) == first
    assert action_month(handmade.config(first_action_month=Month(2020, 11)), AsOf.parse(as_of)) >= Month.parse(first)
