"""One count of a probability: by brute force, against every kind of benchmark, and in one module only."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.answers.benchmark import Benchmark, Constant, Province, Siblings, Unknown
from forecast.answers.chances import Case, Criterion, Ends, ends, outcome
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


def of_growth(indicator: str, unit: str) -> np.ndarray:
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
    tolerance = 0.005 if criterion is Criterion.NEAR else 0.0
    hits = sum(GROWTH["ankang"][i] - goal_by_hand(held, i) >= -tolerance for i in range(300))
    assert found.chance(0, criterion) == pytest.approx((hits + 0.5) / 301)
    assert found.hits(0, criterion).sum() == hits


@pytest.mark.parametrize("held", HELD)
def test_an_outcome_says_what_its_draws_say(held):
    before = ends(of_growth, [case(held)])
    after = before.moved(0, own=0.01, goal=0.004)
    found = outcome(after, 0, before=before)
    goal = np.array([goal_by_hand(held, i) for i in range(300)])
    gap = GROWTH["ankang"] + 0.01 - goal - 0.004
    assert found.gap_pp == pytest.approx(100 * np.mean(gap))
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
        ends(lambda _, unit: np.array([0.1, np.nan if unit == "shaanxi" else 0.1]), [case(Province("shaanxi"))])
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
