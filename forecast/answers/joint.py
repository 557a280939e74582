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
from forecast.dims import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """How many of the judged indicators are attained together.

    assessed, judged : number of assessed indicators, and of those with enough evidence
    at_least : P(at least k) for k = 0, 1 ... judged, in (0, 1], the first exactly 1
    at_least_mcse : their Monte Carlo errors
    expected : mean number attained
    p10, p50, p90 : quantiles of the number attained (whole numbers); None when nothing is judged
    indicators : ids judged, official order
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

    @property
    def judged(self) -> int:
        """Number of indicators counted."""
        return len(self.indicators)

    @property
    def p_all(self) -> float | None:
        """P(all of them), None when nothing is judged."""
        return self.at_least[-1] if self.indicators else None


def joint(hits: Mapping[str, npt.NDArray[np.bool_]], *, criterion: Criterion, assessed: int, ess: float) -> Joint:
    """Joint attainment of indicators from one boolean a draw and indicator.

    Parameters
    ----------
    hits : indicator -> array (draw,), paired over indicators; empty when nothing can be judged
    ess : effective number of draws, the least over the indicators

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
    number: Floats = np.sum(np.array(list(hits.values())), axis=0, dtype=np.float64)
    chances = [share_of(number >= k) for k in range(1, len(hits) + 1)]
    low, middle, high = (int(q) for q in np.quantile(number, [0.1, 0.5, 0.9], method="inverted_cdf"))
    return Joint(
        criterion=criterion,
        assessed=assessed,
        indicators=tuple(hits),
        at_least=(1.0, *chances),
        at_least_mcse=(0.0, *(standard_error(p, ess) for p in chances)),
        expected=float(number.mean()),
        p10=low,
        p50=middle,
        p90=high,
    )
