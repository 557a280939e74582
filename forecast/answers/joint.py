"""Joint attainment: how many indicators are reached together, counted draw by draw.

The same draw number is the same world in every indicator, so that dependence between indicators is kept.

Invariant: the expected number is the sum of the single probabilities, whatever the dependence
(held by ``tests/test_attainment.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecast.answers.chances import Criterion, share_of, standard_error
from forecast.answers.evidence import Evidence
from forecast.dims import Floats, brief


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
