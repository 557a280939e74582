"""A request on a world, posed as a problem of the solver, and the plans that solve it.

Invariant: with a budget no plan spends more than it (held by ``tests/test_makeup.py``).

A plan on draws: through the machinery of scenarios, on all draws and on fresh ones.

Fresh draws are the half that the proportions of a plan never saw, with every delivery, base, share and coefficient
drawn anew under another seed. Their baseline is the posterior's own; only a refit would give other draws of it.

Invariant: fresh draws share no random stream of a lever with those of the plan (held by ``tests/test_makeup.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from forecast.answers.chances import Case, Ends, Siblings, ends, standard_error
from forecast.answers.evidence import Published
from forecast.answers.judgement import case_of
from forecast.data.target import Target, TargetKind
from forecast.dims import Floats
from forecast.draws.paths import reordered
from forecast.plan.candidates import Unit, candidates
from forecast.plan.program import Columns, Found, SearchProblem, relevant, search
from forecast.plan.request import Form, MakeupError, MakeupRequest, Wish, asked_ranks, distance, value
from forecast.plan.worth import Worth, worth
from forecast.scenario.actions import Family
from forecast.scenario.effects import Effects, Evaluator, year_ends
from forecast.scenario.reader import Scenario
from forecast.scenario.world import World

FRESH: Final = 1_000_003
"""Added to the seed of the run: streams of deliveries and bases that no plan was made with."""
ROUNDING: Final = 1e-9
"""Fraction that a slack is raised by: one that is nothing is not made negative by the last binary digit."""
TRAIN: Final = slice(0, None, 2)
"""Draws that proportions of a plan come from: every other one."""


def ends_under(world: World, scenario: Scenario | None, cases: Sequence[Case]) -> Ends:
    """Year ends of cases under a scenario, exactly as a comparison of scenarios has them."""
    effects = Effects() if scenario is None else Evaluator(world=world, scenario=scenario).effects()
    return ends(year_ends(world.paths, effects), cases)


def fresh_world(world: World) -> World:
    """The other half of the draws, on other streams."""
    chosen = np.arange(1, world.draws, 2)
    kept = {name: reordered(one, chosen, one.ess / 2.0) for name, one in world.paths.indicators.items()}
    paths = replace(world.paths, indicators=kept, seed=world.seed + FRESH)
    return World(paths=paths, dataset=world.dataset)


def slack_of(found: Ends, wish: Wish) -> Floats:
    """Slack of a wish's cases at the published digit, (case of the wish, draw); not below 0 where one is attained."""
    at = [next(i for i, case in enumerate(found.cases) if case.key == key) for key in wish.keys]
    return np.array([found.slack(i, wish.criterion) for i in at]) + ROUNDING


def value_error(found: Ends, wish: Wish, *, part: float = 1.0) -> float:
    """Monte Carlo error of a wish's value; ``part`` is the share of the draws that it was counted on."""
    mine = [case for case in found.cases if case.key in wish.keys]
    ess = max(min(case.ess for case in mine) * part, 1.0)
    slack = slack_of(found, wish)
    if wish.form is Form.EXPECTED:
        return float((slack >= 0.0).sum(axis=0).std() / np.sqrt(ess))
    return standard_error(value(wish, slack), ess)


def with_ranks(texts: Sequence[str], judged: Sequence[Case], world: World) -> tuple[Case, ...]:
    """Targets that wishes may be about: those that are judged, and the ranks of the city that they ask for.

    Raises
    ------
    MakeupError
        A rank is beyond the number of siblings, or too few of them have figures.
    """
    dataset, paths = world.dataset, world.paths
    published = Published.of(dataset.panel, paths.as_of, paths.target_year)
    out = {case.key: case for case in judged}
    problems: list[tuple[str, dict[str, object]]] = []
    for indicator, rank in asked_ranks(texts):
        if indicator not in paths.indicators:
            continue  # the wish is refused by the indicator's name
        first, case = (
            case_of(_ranked_at(world.city, indicator, k), paths, published=published, config=dataset.config)
            for k in (1, rank)
        )
        if isinstance(case.held, Siblings):
            out.setdefault(case.key, case)
            continue
        most = len(first.held.units) if isinstance(first.held, Siblings) else 0
        name = dataset.panel.indicators[indicator].name_zh
        problems.append(("wish_rank", {"found": f"{indicator}:rank<={rank}", "indicator": name, "most": most}))
    if problems:
        raise MakeupError(problems)
    return tuple(out.values())


def _ranked_at(unit: str, indicator: str, rank: int) -> Target:
    return Target(
        unit=unit,
        indicator=indicator,
        kind=TargetKind.RANK,
        value=float(rank),
        tolerance_pp=0.0,
        assessed=False,
        light_rule="",
        source="",
    )


FLAT: Final = 0.01
"""Effort beyond the least within which the most even plan is taken: what nobody knows of a difficulty is far more."""
LIGHTER: Final = 0.005
"""Fall of the largest burden from which a plan is more even, share of all that the group could do."""
HALVINGS: Final = 7
"""Of the progress that a budget buys: to less than one percent of it."""
FEWER: Final = 4
"""The same for plans that are only compared with the one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posed:
    """One request on one world.

    cases : targets of the wishes, and the city's assessed ones; before : their year ends without the plan
    groups : names of the groups of the problem's columns
    start, most : distances of the wishes with nothing and with every lever at full use, (wish,), fraction, as the
        solver is asked; margin : (wish,), how much of them is beyond the wish itself
    """

    world: World
    request: MakeupRequest
    cases: tuple[Case, ...]
    worth: Worth
    groups: tuple[str, ...]
    problem: SearchProblem
    before: Ends
    start: Floats
    most: Floats
    margin: Floats

    @classmethod
    def of(cls, world: World, judged: Sequence[Case], request: MakeupRequest, *, margin: Floats | None = None) -> Posed:
        """Levers, their effects, and the baseline (with the scenario adopted already).

        Parameters
        ----------
        margin : (wish,), what a plan must bring beyond each, fraction of growth; None: nothing
        """
        keys = {key for wish in request.wishes for key in wish.keys}
        cases = tuple(c for c in judged if c.key in keys or (c.target.unit == world.city and c.in_assessment))
        wanted = [c.target.indicator for c in cases if c.key in keys]
        bring = _brought(world, cases, request, wanted)
        names, group = _groups(bring)
        before = ends_under(world, request.scenario, cases)
        at = {case.key: i for i, case in enumerate(cases)}
        beyond = np.zeros(len(request.wishes)) if margin is None else margin
        counts = np.cumsum([0, *(len(wish.keys) for wish in request.wishes)])
        problem = SearchProblem(
            columns=Columns(cost=bring.cost, whole=bring.whole, lever=bring.lever, group=group),
            wishes=request.wishes,
            about=tuple(np.arange(a, b) for a, b in pairwise(counts)),
            slack=np.concatenate([slack_of(before, w) - m for w, m in zip(request.wishes, beyond, strict=True)]),
            effects=bring.effects[[at[key] for wish in request.wishes for key in wish.keys]],
            step=bring.step,
            train=TRAIN,
            least=np.zeros(len(bring.lever)),
        )
        return cls(
            world=world,
            request=request,
            cases=cases,
            worth=bring,
            groups=names,
            problem=problem,
            before=before,
            start=problem.distances(problem.least),
            most=problem.distances(problem.columns.largest()),
            margin=beyond,
        )

    def short(self, after: Ends) -> Floats:
        """How far a plan's year ends miss the wishes that it was to grant, (wish,), fraction; 0 where they do not.

        What levers bring is counted as a movement of the gap, and the benchmark that moves with the city is printed
        rounded, so that a plan can miss by a hair.
        """
        distances = [distance(wish, slack_of(after, wish)) for wish in self.request.wishes]
        granted = (self.start > 0.0) & (self.most <= 0.0)
        return np.where(granted, np.maximum(distances, 0.0), 0.0)

    @property
    def full(self) -> Floats:
        """Every lever at full use."""
        return self.problem.columns.largest()

    def plan(
        self, columns: Columns, *, budget: float | None, fair: bool, near: Floats | None = None
    ) -> tuple[Found, bool]:
        """Plan of least effort, and whether a budget cut it short.

        A wish that no plan reaches gets all that there is for it; with a budget, all wishes move on together as far
        as it goes.
        """
        problem, goals = self._whole_way()
        loose = budget is not None and near is not None
        found = search(problem, goals, columns=columns, fair=fair, near=near, loose=loose)
        if near is None and not fair:  # tangents at the plan, or on the way back from everything, may be better
            tried = [search(problem, goals, columns=columns, near=start) for start in (found.use, self.full)]
            found = min((found, *tried), key=lambda one: (not one.met, one.effort))
        if budget is None or found.effort <= budget:
            return found, False
        low, high = 0.0, 1.0
        best = search(self.problem, self.goals(low), columns=columns, fair=fair, loose=True)
        for _ in range(HALVINGS if near is None else FEWER):
            middle = 0.5 * (low + high)
            trial = search(self.problem, self.goals(middle), columns=columns, fair=fair, near=best.use, loose=True)
            if trial.effort <= budget:
                low, best = middle, trial
            else:
                high = middle
        return best, True

    def even(self, found: Found) -> Found:
        """Of the plans that take hardly more effort than the least, the one whose largest burden is least.

        Around its optimum effort is flat: which county of several does its share is next to arbitrary there. The plan
        found comes back where none is more even.
        """
        columns, most = self.problem.columns, found.effort * (1.0 + FLAT)
        if not found.met or found.effort <= 0.0:
            return found
        problem, goals = self._whole_way()
        fair = search(problem, goals, columns=columns, fair=True, near=found.use, most=most)
        before, after = (columns.burdens(one.use).max(initial=0.0) for one in (found, fair))
        return fair if fair.met and fair.effort <= most and after < before - LIGHTER else found

    def _whole_way(self) -> tuple[SearchProblem, Floats]:
        """All wishes that can be reached, and all that there is for those that cannot."""
        open_ = self.most > 0.0
        beyond = relevant(self.problem, [int(w) for w in np.flatnonzero(open_)])
        return replace(self.problem, least=np.where(beyond, self.full, 0.0)), np.where(open_, np.inf, 0.0)

    def goals(self, progress: float) -> Floats:
        """Distances at a part of the way from nothing to the wishes, or to all that can be done for them, (wish,)."""
        end = np.maximum(self.most, 0.0)
        return np.where(self.start > 0.0, self.start + progress * (end - self.start), 0.0)

    def uses(self, use: Floats) -> dict[str, float]:
        """Use of every lever in its own unit."""
        out = {lever.id: 0.0 for lever in self.worth.levers}
        for c, k in enumerate(self.worth.lever):
            out[self.worth.levers[k].id] += round(float(use[c] * self.worth.use[c]), 6)
        return out

    def slacks(self, use: Floats) -> list[Floats]:
        """Slack of every wish's cases under a plan."""
        slack = self.problem.under(use)
        return [slack[at] + beyond for at, beyond in zip(self.problem.about, self.margin, strict=True)]

    def values(self, use: Floats) -> tuple[float, ...]:
        """What the wishes are worth under a plan, all draws."""
        return tuple(value(w, s) for w, s in zip(self.request.wishes, self.slacks(use), strict=True))

    def burdens(self, use: Floats) -> Mapping[str, float]:
        """Effort of every county and sector as a share of what all its levers would take."""
        shares = self.problem.columns.burdens(use)
        return {name: float(shares[k]) for k, name in enumerate(self.groups)}


def _brought(world: World, cases: Sequence[Case], request: MakeupRequest, wanted: Sequence[str]) -> Worth:
    """What all levers bring; the world remembers it for other wishes about the same indicators."""
    adopted = request.scenario

    def made() -> Worth:
        found = candidates(world, request.options, wanted=wanted, scenario=adopted)
        return worth(world, found, cases, stated=adopted)

    about = ("worth", str(asdict(request.options)), *sorted(set(wanted)), *("/".join(c.key) for c in cases))
    stated = (adopted.hash, str([asdict(m) for m in adopted.actions])) if adopted else ()
    return world.remember((*about, *stated), made)


def _groups(bring: Worth) -> tuple[tuple[str, ...], np.ndarray]:
    """Who carries a lever: the county of its rows, the industry of a sector, bonds by themselves."""
    names: dict[str, int] = {}
    out = []
    for k in bring.lever:
        lever = bring.levers[k]
        name = lever.place
        if lever.family in (Family.SECTOR, Family.PUSH):
            name = lever.industry or lever.acts_on
        elif lever.unit is Unit.MONEY:
            name = lever.family.value
        out.append(names.setdefault(name, len(names)))
    return tuple(names), np.array(out, dtype=int)
