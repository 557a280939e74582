"""Posterior predictive checks of a run: every indicator with a fit, in the city and what it is measured against.

Invariant: an indicator's findings do not depend on which others are checked, nor on where
(held by ``tests/test_predictive.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from forecast.answers.predictive import Finding, check_indicator
from forecast.executor import Done, Executor, Failed, Part, processes_for
from forecast.panel import known
from forecast.periods import Month
from forecast.run import Run, fit_task

__all__ = ["RunCheck", "check_run"]

SECONDS_EACH: Final = 1.2
"""What the checks of an indicator take on one core, roughly; decides only where they are done."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunCheck:
    """Findings of a run.

    findings : by indicator, official order
    periods : last month of every period of the grid, by indicator, to name figures left out
    failures : why an indicator could not be checked, one line each
    """

    run: Run
    findings: Mapping[str, tuple[Finding, ...]]
    periods: Mapping[str, tuple[Month, ...]]
    failures: Mapping[str, str] = field(default_factory=dict)

    def period(self, indicator: str, finding: Finding) -> Month | None:
        """Month of the figure that was left out; None for a statistic."""
        return None if finding.time < 0 else self.periods[indicator][finding.time]


def check_run(
    run: Run,
    *,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    executor: Executor | None = None,
) -> RunCheck:
    """Check every indicator of a run that was fitted; by the fast route, whatever the run's.

    Parameters
    ----------
    progress, executor : as of ``run``
    """
    dataset = run.dataset
    seen = known(dataset.panel, run.paths.as_of)
    units = (dataset.config.city, dataset.config.province)
    parts, periods = [], {}
    for name in run.fits:
        task = fit_task(dataset, seen, name, request=run.request)
        if task is None:
            continue
        m = task.measurements
        months = task.frequency.months
        periods[name] = tuple(Month(m.first_year + t // m.per_year, months[t % m.per_year]) for t in range(m.periods))
        work = partial(check_indicator, m, units=units, seed=run.request.seed, name=name)
        parts.append((name, Part(dataset.panel.indicators[name].name_zh, work)))
    chosen = executor or processes_for(len(parts), seconds_each=SECONDS_EACH)
    outcomes = chosen.outcomes([part for _, part in parts], progress=progress)
    done = {name: one for (name, _), one in zip(parts, outcomes, strict=True)}
    return RunCheck(
        run=run,
        findings={name: tuple(one.value) for name, one in done.items() if isinstance(one, Done)},
        periods=periods,
        failures={name: one.reason for name, one in done.items() if isinstance(one, Failed)},
    )
