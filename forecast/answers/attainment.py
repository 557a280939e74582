"""Attainment: how likely every unit reaches, or comes close to, what it is held against.

Unit and benchmark both still move, so that every probability is counted on paired draws of the two.

Invariant: what is said of one indicator does not depend on which others are judged with it
(held by ``tests/test_attainment.py``).

Joint attainment: how many indicators are reached together, counted draw by draw.

The same draw number is the same world in every indicator, so that dependence between indicators is kept.

Invariant: the expected number is the sum of the single probabilities, whatever the dependence
(held by ``tests/test_attainment.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from forecast.answers.chances import Criterion, share_of, standard_error
from forecast.answers.evidence import Evidence, Published, weakest
from forecast.answers.judgement import Judgement, Row, judge, light_ahead
from forecast.data.panel import Config, Panel, Unit
from forecast.data.target import Target
from forecast.dims import DRAW, PERIOD, UNIT, Floats, brief
from forecast.draws.joint import STRONG, WEAK, coupling
from forecast.draws.paths import Paths
from forecast.periods import AsOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """How many of the judged indicators are attained together.

    assessed, judged : number of assessed indicators, and of those with enough evidence
    at_least : P(at least k) for k = 0, 1 ... judged, in (0, 1], the first exactly 1
    at_least_mcse : their Monte Carlo errors
    expected : mean number attained
    p10, p50, p90 : quantiles of the number attained (whole numbers); None when nothing is judged
    indicators : ids judged, official order
    at_least_weak, at_least_strong : ``at_least`` with the correlations between indicators at their 10 % and their 90 %
        values; empty where the draws do not tell how sure they are
    evidence : the weakest of these, at whose step its probabilities are printed
    """

    criterion: Criterion
    assessed: int
    indicators: tuple[str, ...]
    at_least: tuple[float, ...]
    at_least_mcse: tuple[float, ...]
    expected: float
    p10: int | None
    p50: int | None
    p90: int | None
    at_least_weak: tuple[float, ...] = ()
    at_least_strong: tuple[float, ...] = ()
    evidence: Evidence = Evidence.AMPLE

    __repr__ = brief

    @property
    def judged(self) -> int:
        """Number of indicators counted."""
        return len(self.indicators)

    @property
    def p_all(self) -> float | None:
        """P(all of them), None when nothing is judged."""
        return self.at_least[-1] if self.indicators else None

    @property
    def p_all_range(self) -> tuple[float, float] | None:
        """Least and largest P(all) over the correlations' range; None where it is not told."""
        if not (self.indicators and self.at_least_weak and self.at_least_strong):
            return None
        found = (self.at_least[-1], self.at_least_weak[-1], self.at_least_strong[-1])
        return min(found), max(found)


type Hits = Mapping[str, npt.NDArray[np.bool_]]
"""Whether an indicator is attained, (draw,), by indicator."""


def joint(
    hits: Hits,
    *,
    criterion: Criterion,
    assessed: int,
    ess: float,
    weak: Hits | None = None,
    strong: Hits | None = None,
    evidence: Evidence = Evidence.AMPLE,
) -> Joint:
    """Joint attainment of indicators from one boolean a draw and indicator.

    Parameters
    ----------
    hits : indicator -> array (draw,), paired over indicators; empty when nothing can be judged
    ess : effective number of draws, the least over the indicators
    weak, strong : the same hits, joined with correlations at their 10 % and 90 % values
    evidence : the weakest of the indicators

    Raises
    ------
    ValueError
        The indicators have different numbers of draws.
    """
    if not hits:
        return Joint(
            criterion=criterion,
            assessed=assessed,
            indicators=(),
            at_least=(1.0,),
            at_least_mcse=(0.0,),
            expected=0.0,
            p10=None,
            p50=None,
            p90=None,
        )
    if len({len(h) for h in hits.values()}) != 1:
        raise ValueError("indicators must share their draws")
    number = _number(hits)
    chances = _at_least(number, len(hits))
    low, middle, high = (int(q) for q in np.quantile(number, [0.1, 0.5, 0.9], method="inverted_cdf"))
    return Joint(
        criterion=criterion,
        assessed=assessed,
        indicators=tuple(hits),
        at_least=chances,
        at_least_mcse=(0.0, *(standard_error(p, ess) for p in chances[1:])),
        expected=float(number.mean()),
        p10=low,
        p50=middle,
        p90=high,
        at_least_weak=_at_least(_number(weak), len(weak)) if weak else (),
        at_least_strong=_at_least(_number(strong), len(strong)) if strong else (),
        evidence=evidence,
    )


def _number(hits: Hits) -> Floats:
    """How many are attained, (draw,)."""
    return np.asarray(np.sum(np.array(list(hits.values())), axis=0, dtype=np.float64))


def _at_least(number: Floats, most: int) -> tuple[float, ...]:
    return (1.0, *(share_of(number >= k) for k in range(1, most + 1)))


type Order = Mapping[str, np.ndarray]
"""Numbers of an indicator's draws in the order of other worlds, (draw,), by indicator."""
LIKELY: Final = 0.7
"""Probability from which an indicator no longer has to be won (较有把握)."""
WINNABLE: Final = 0.3
"""Probability below which an indicator is not called winnable (难度很大)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attainment:
    """All targets of a run, indicators and units in official order, and what can be said of them together.

    reach, near : joint attainment of the city's assessed indicators against the province's average
    hardest, winnable : indicators with the least probability of what ``criterion`` says below 0.7, and with the highest
        from 0.3 on; None without one
    """

    rows: tuple[Row, ...]
    reach: Joint
    near: Joint
    hardest: str | None
    winnable: str | None
    config: Config
    units: Mapping[str, Unit]
    as_of: AsOf
    target_year: int
    scenario: str
    seed: int
    method: str

    __repr__ = brief

    @property
    def criterion(self) -> Criterion:
        """What numbers, words and lights speak of."""
        return Criterion(self.config.criterion)

    def joint(self, criterion: Criterion) -> Joint:
        """How many are attained together."""
        return self.near if criterion is Criterion.NEAR else self.reach

    def speaking(self, criterion: Criterion) -> Attainment:
        """The same answers, of which number, word, light, the hardest and the most winnable speak of a criterion."""
        config = replace(self.config, criterion=criterion.value)
        rows = tuple(_speaking(row, criterion, config) for row in self.rows)
        hardest, winnable = _standouts([row for row in rows if _in_assessment(row.target, config)])
        return replace(self, rows=rows, hardest=hardest, winnable=winnable, config=config)


def _speaking(row: Row, criterion: Criterion, config: Config) -> Row:
    said = replace(row, criterion=criterion)
    rule = config.lights[row.target.light_rule]
    return said if said.p is None else replace(said, light=light_ahead(said.p, rule))


def attain(
    paths: Paths, panel: Panel, targets: Sequence[Target], config: Config, *, scenario: str = "baseline"
) -> Attainment:
    """Judge every target on the draws, and the city's assessed indicators together.

    Parameters
    ----------
    paths : joint draws; the state of knowledge is theirs
    panel : the data set, for what is published, names, and history
    targets : rows of ``targets.csv``; each gives one row, whether it can be judged or not
    config : city, first month of action, rules of lights and of evidence
    scenario : name that the tables carry

    Raises
    ------
    NonFiniteError
        A draw is NaN or infinite: it would count as missed.
    ValueError
        Arrays of an indicator, or draws of two indicators, do not match label by label.
    """
    _check_alignment(paths)
    published = Published.of(panel, paths.as_of, paths.target_year)
    indicators = {name: i for i, name in enumerate(panel.indicators)}
    units = {name: i for i, name in enumerate(panel.units)}
    ordered = sorted(targets, key=lambda target: (indicators[target.indicator], units[target.unit]))
    judged = [judge(target, paths, published=published, config=config) for target in ordered]
    together = [one for one in judged if _in_assessment(one.row.target, config)]
    hardest, winnable = _standouts([one.row for one in together])
    orders = _orders(paths)
    return Attainment(
        rows=tuple(one.row for one in judged),
        reach=_joint(together, Criterion.REACH, paths, orders),
        near=_joint(together, Criterion.NEAR, paths, orders),
        hardest=hardest,
        winnable=winnable,
        config=config,
        units=panel.units,
        as_of=paths.as_of,
        target_year=paths.target_year,
        scenario=scenario,
        seed=paths.seed,
        method=paths.method,
    )


def _check_alignment(paths: Paths) -> None:
    worlds = []
    for one in paths.indicators.values():
        xr.align(one.cum_yoy, one.base_weight, one.growth, join="exact")
        xr.align(one.published, one.cum_yoy.isel({DRAW: 0}, drop=True), join="exact")
        worlds.append(one.cum_yoy.isel({UNIT: 0, PERIOD: 0}, drop=True))
    xr.align(*worlds, join="exact")


def _in_assessment(target: Target, config: Config) -> bool:
    return target.assessed and target.yearly_average and target.unit == config.city


def _orders(paths: Paths) -> tuple[Order, Order]:
    """Draws joined with correlations at their 10 % and their 90 % values; empty where they are not told."""
    if paths.dependence is None:
        return {}, {}
    weak, strong = (coupling(paths.indicators, paths.dependence, paths.seed, sds=sds) for sds in (WEAK, STRONG))
    return weak, strong


def _joint(together: Sequence[Judgement], criterion: Criterion, paths: Paths, orders: tuple[Order, Order]) -> Joint:
    hits = {one.case.target.indicator: one.ends.hits(0, criterion) for one in together if one.ends is not None}
    ess = min((paths.indicators[name].ess for name in hits), default=1.0)
    weak, strong = ({name: hit[order[name]] for name, hit in hits.items()} if order else None for order in orders)
    evidence = weakest(one.case.evidence for one in together if one.ends is not None)
    return joint(
        hits, criterion=criterion, assessed=len(together), ess=ess, weak=weak, strong=strong, evidence=evidence
    )


def standouts(chances: Sequence[tuple[float, str]]) -> tuple[str | None, str | None]:
    """Hardest and most winnable of some indicators, from (probability, indicator): see ``Attainment``."""
    unsure = [one for one in chances if one[0] < LIKELY]
    if not unsure:
        return None, None
    hardest, (chance, winnable) = min(unsure)[1], max(unsure)
    return hardest, (winnable if winnable != hardest and chance >= WINNABLE else None)


def _standouts(rows: Sequence[Row]) -> tuple[str | None, str | None]:
    return standouts([(row.p, row.target.indicator) for row in rows if row.p is not None])
