"""One count of a probability: by brute force, against every kind of benchmark, and in one module only."""

from __future__ import annotations

import ast
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from forecast.answers.chances import (
    Benchmark,
    Case,
    Constant,
    Criterion,
    Ends,
    Province,
    Siblings,
    Unknown,
    ends,
    least_move,
    outcome,
    published,
)
from forecast.answers.evidence import Evidence
from forecast.errors import NonFiniteError
from tests import handmade

FORECAST = Path(__file__).parents[1] / "forecast"
RNG = np.random.default_rng(7)
GROWTH = {unit: RNG.normal(0.05, 0.02, 300) for unit in ("ankang", "shaanxi", "a", "b", "c")}
HELD: tuple[Benchmark, ...] = (Province("shaanxi"), Constant(4.5), Siblings(("a", "b", "c"), 2))


def case(held: Benchmark, tolerance: float = 0.5) -> Case:
    target = handmade.target("fai", tolerance_pp=tolerance)
    return Case(target=target, name_zh="投资", held=held, evidence=Evidence.AMPLE, ess=300.0)


def of_growth(indicator: str, unit: str, period: int) -> np.ndarray:
    return GROWTH[unit]


def goal_by_hand(held: Benchmark, draw: int) -> float:
    if isinstance(held, Province):
        return float(GROWTH[held.unit][draw])
    if isinstance(held, Siblings):
        return sorted((GROWTH[unit][draw] for unit in held.units), reverse=True)[held.rank - 1]
    assert isinstance(held, Constant)
    return held.growth_pct / 100


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("criterion", list(Criterion))
def test_a_chance_is_the_count_of_draws_one_by_one(held, criterion):
    found = ends(of_growth, [case(held)])
    tolerance = 0.5 if criterion is Criterion.NEAR else 0.0
    goal = np.array([goal_by_hand(held, i) for i in range(300)])
    gap = handmade.printed(GROWTH["ankang"]) - (100 * goal if isinstance(held, Constant) else handmade.printed(goal))
    hits = sum(gap >= -tolerance - 1e-9)
    assert found.chance(0, criterion) == pytest.approx((hits + 0.5) / 301)
    assert found.hits(0, criterion).sum() == hits


@pytest.mark.parametrize("held", HELD)
def test_an_outcome_says_what_its_draws_say(held):
    before = ends(of_growth, [case(held)])
    after = before.moved(0, own=0.01, goal=0.004)
    found = outcome(after, 0, before=before)
    goal = np.array([goal_by_hand(held, i) for i in range(300)])
    gap = GROWTH["ankang"] + 0.01 - goal - 0.004
    assert found.gap_pp == pytest.approx(100 * np.median(gap))
    assert found.shortfall_pp == pytest.approx(100 * np.mean([max(-g, 0.0) for g in gap]))
    assert found.change_growth_pp == pytest.approx(1.0)
    assert found.change_gap_pp == pytest.approx(0.6)
    assert found.change_reach == pytest.approx(after.chance(0, Criterion.REACH) - before.chance(0, Criterion.REACH))
    assert found.p_better == 1.0


def test_without_anything_before_nothing_changes():
    found = outcome(ends(of_growth, [case(Province("shaanxi"))]), 0)
    assert (found.change_growth_pp, found.change_gap_pp, found.change_reach, found.change_near) == (0.0,) * 4
    assert found.p_better == 0.5


def test_a_draw_that_is_no_number_is_refused_and_nothing_to_be_held_against_too():
    with pytest.raises(NonFiniteError, match="shaanxi: a draw is NaN"):
        ends(lambda _, unit, __: np.array([0.1, np.nan if unit == "shaanxi" else 0.1]), [case(Province("shaanxi"))])
    with pytest.raises(ValueError, match="nothing to be held against: no_benchmark"):
        ends(of_growth, [case(Unknown("no_benchmark"))])


@given(
    draws=st.lists(st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)), min_size=1, max_size=40),
    better=st.floats(0.0, 0.2),
    tolerance=st.floats(0.0, 3.0),
)
def test_a_chance_is_bounded_and_a_better_year_end_never_lowers_it(draws, better, tolerance):
    own, goal = (np.array(side)[None] for side in zip(*draws, strict=True))
    one = Ends(cases=(case(Province("shaanxi"), tolerance),), own=own, goal=goal)
    for criterion in Criterion:
        now, then = one.chance(0, criterion), one.moved(0, own=better).chance(0, criterion)
        assert 0.0 < now <= then < 1.0
        assert one.moved(0, own=0.0, goal=better).chance(0, criterion) <= now
    assert one.chance(0, Criterion.REACH) <= one.chance(0, Criterion.NEAR)


def called_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


def test_shares_of_draws_are_counted_in_one_module():
    """``reached`` elsewhere only colours a histogram and reads off how a past year turned out."""
    for path in FORECAST.rglob("*.py"):
        room = path.relative_to(FORECAST).as_posix()
        found = called_in(path) & {"bounded_share", "reached"}
        allowed = {"answers/chances.py": {"bounded_share", "reached"}, "answers/judgement.py": {"reached"}}
        assert found <= allowed.get(room, {"reached"} if room == "track_record/replay.py" else set()), room


def test_kinds_of_benchmark_are_told_apart_by_one_match():
    names = {"Province", "Siblings", "Constant"}
    for path in FORECAST.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for match in (node for node in ast.walk(tree) if isinstance(node, ast.Match)):
            classes = {
                c.cls.id for c in ast.walk(match) if isinstance(c, ast.MatchClass) and isinstance(c.cls, ast.Name)
            }
            assert not classes & names or path.name == "chances.py", path


# The published digit is what is judged


@given(st.integers(-9999, 9999), st.integers(0, 3))
def test_growth_is_rounded_as_the_bureau_rounds_halves_away_from_zero(tenths_of_digits, decimals):
    growth = tenths_of_digits / 10.0 ** (decimals + 3)
    exact = (Decimal(tenths_of_digits) / 10).quantize(Decimal(1), ROUND_HALF_UP)
    assert float(published(np.array([growth]), decimals)[0]) == pytest.approx(float(exact) / 10.0 ** (decimals + 2))


def test_a_city_that_is_its_province_reaches_it():
    same = ends(lambda *_: GROWTH["ankang"], [case(Province("shaanxi"), 0.0)])
    assert same.chance(0, Criterion.REACH) == pytest.approx(300.5 / 301)
    noise = 1e-5 * RNG.standard_normal(300)
    alike = Ends(cases=same.cases, own=same.own + noise, goal=same.goal)
    assert alike.chance(0, Criterion.REACH) > 0.98  # a thousandth of a digit apart is the same print, but at an edge


@pytest.mark.parametrize(("gap_sd_pp", "gap_pp"), [(0.05, 0.0), (0.1, -0.05), (0.5, -0.2), (2.0, 0.3)])
def test_the_chance_of_discretised_normals_is_the_closed_form(gap_sd_pp, gap_pp):
    """P(round(own) >= round(goal)): of two independent normals, summed over the goal's digits."""
    rng, n = np.random.default_rng(5), 200_000
    sd = gap_sd_pp / np.sqrt(2)
    own, goal = rng.normal(5.0 + gap_pp, sd, n) / 100, rng.normal(5.0, sd, n) / 100
    digits = np.arange(-300, 400) / 10
    mass = norm.cdf(digits + 0.05, 5.0, sd) - norm.cdf(digits - 0.05, 5.0, sd)
    one = Ends(cases=(case(Province("shaanxi"), 0.2),), own=own[None], goal=goal[None])
    for criterion, tolerance in ((Criterion.REACH, 0.0), (Criterion.NEAR, 0.2)):
        exact = float(mass @ norm.sf(digits - tolerance - 0.05, 5.0 + gap_pp, sd))
        error = np.sqrt(exact * (1 - exact) / n)
        assert one.chance(0, criterion) == pytest.approx(exact, abs=4 * error + 1 / n)


def test_income_of_one_digit_is_judged_better_than_its_draws_are_apart():
    """Rural income in November: the last digit is a good part of the spread, and equal prints reach."""
    rng, n = np.random.default_rng(3), 100_000
    goal = rng.normal(0.079, 0.0006, n)
    own = goal + rng.normal(0.0001, 0.0006, n)
    one = Ends(cases=(case(Province("shaanxi")),), own=own[None], goal=goal[None])
    apart = float((own >= goal).mean())
    assert apart == pytest.approx(float(norm.cdf(1 / 6)), abs=0.01)
    assert one.chance(0, Criterion.REACH) > apart + 0.2


@given(st.integers(0, 3), st.floats(0.0, 2.0), st.integers(0, 99))
def test_the_slack_of_a_solver_is_attained_exactly_where_the_print_is(decimals, tolerance, seed):
    rng = np.random.default_rng(seed)
    held = HELD[seed % 2]
    target = handmade.target("fai", tolerance_pp=tolerance)
    one = Case(target=target, name_zh="", held=held, evidence=Evidence.AMPLE, ess=1.0, decimals=decimals)
    own, goal = rng.normal(0.045, 0.01, (1, 200)), rng.normal(0.045, 0.01, (1, 200))
    found = Ends(cases=(one,), own=own, goal=goal if isinstance(held, Province) else np.full_like(goal, 0.045))
    for criterion in Criterion:
        assert np.array_equal(found.slack(0, criterion) >= 0.0, found.hits(0, criterion))


@given(st.integers(0, 99), st.floats(0.1, 0.9), st.floats(0.0, 0.6))
def test_the_least_move_has_the_probability_and_less_of_it_has_not(seed, probability, share):
    rng = np.random.default_rng(seed)
    own, goal = rng.normal(0.03, 0.02, (1, 300)), rng.normal(0.045, 0.02, (1, 300))
    one, weight = Ends(cases=(case(Province("shaanxi")),), own=own, goal=goal), rng.uniform(0.2, 0.3, 300)
    size = least_move(one, 0, Criterion.NEAR, probability=probability, own=weight, goal=share * weight)

    def chance(size: float) -> float:
        return one.moved(0, own=size * weight, goal=size * share * weight).chance(0, Criterion.NEAR)

    assert chance(size) >= probability
    assert size == 0.0 or chance(size * (1 - 2e-6)) < probability + 2 / 301
