"""Scenarios on the draws of a kept run, held between reruns: what was evaluated once is not evaluated again.

Invariant: a scenario evaluated here has the numbers of ``dabiao scenario`` on the same run
(held by ``tests/test_app_scenario.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import RLock

import streamlit as st

from forecast.answers.chances import Case
from forecast.data.dataset import Dataset
from forecast.runs.session import assessed, judged_of, world_of
from forecast.runs.store import Header
from forecast.scenario.compare import Result, compare
from forecast.scenario.contributions import Contribution, contributions
from forecast.scenario.drafting import Draft, checked
from forecast.scenario.effects import Evaluator, World
from forecast.scenario.ledger_ranges import Others, Range, others_of, ranges, rests_on_synthetic
from forecast.scenario.reader import Scenario
from forecast.ui.bundled import with_regenerated
from forecast.ui.kept import loaded


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Laboratory:
    """A run, ready for scenarios.

    cases : targets that can be judged; assessed : indicators in the city's assessment, judged or not
    """

    world: World
    cases: tuple[Case, ...]
    assessed: int
    _others: list[Others] = field(default_factory=list)
    _lock: RLock = field(default_factory=RLock)

    @property
    def dataset(self) -> Dataset:
        """The data set of the run."""
        return self.world.dataset

    def evaluate(self, scenarios: Sequence[Scenario]) -> tuple[Result, ...]:
        """The baseline, then every scenario, on the same draws."""
        with self._lock:  # readers share what the world remembers
            return compare(self.world, scenarios, self.cases, assessed=self.assessed).all

    def scenario(self, draft: Draft) -> Scenario:
        """A draft, checked.

        Raises
        ------
        ScenarioError
            Anything is wrong with it.
        """
        return checked(draft, self.dataset)

    def contributions(self, scenario: Scenario) -> tuple[Contribution, ...]:
        """What every action brings to every target."""
        with self._lock:
            key = ("contributions", scenario.hash, *(m.id for m in scenario.actions))
            found = self.world.remember(
                key, lambda: contributions(Evaluator(world=self.world, scenario=scenario), self.cases)
            )
            return tuple(found)

    def ranges(self, scenario: Scenario) -> Mapping[tuple[str, str, str], Range]:
        """Range of the effect over ledgers with the same totals, by target; empty where there are none."""
        with self._lock:
            if not self._others:
                world = self.world
                self._others.append(others_of(World(paths=world.paths, dataset=with_regenerated(world.dataset))))
            key = ("ranges", scenario.hash)
            return dict(self.world.remember(key, lambda: ranges(self._others[0], scenario, self.cases)))

    def answer[T](self, key: tuple[str, ...], make: Callable[[World, tuple[Case, ...]], T]) -> T:
        """Anything else on the draws of the run; the last few are kept by their key."""
        with self._lock:
            return self.world.remember(key, lambda: make(self.world, self.cases))

    def synthetic(self, scenario: Scenario) -> bool:
        """Whether any number of a scenario rests on synthetic rows."""
        return self.dataset.config.synthetic or any(rests_on_synthetic(m, self.dataset) for m in scenario.actions)


def laboratory(header: Header) -> Laboratory:
    """The laboratory of a kept run.

    Raises
    ------
    StoreError
        Files of it are missing or damaged.
    """
    return _laboratory(header.run_id, header.checksum, header)


@st.cache_resource(show_spinner=False, max_entries=2)
def _laboratory(run_id: str, checksum: str, _header: Header) -> Laboratory:  # noqa: ARG001  parts of the key
    run = loaded(_header)
    world = world_of(run)
    judged = judged_of(run, world)
    made = Laboratory(world=world, cases=judged, assessed=assessed(run))
    made.evaluate(())
    return made
