"""The verdict on a fit, which travels with every number derived from it.

Invariant: a failed gate of any family is a failed gate of the indicator (held by ``tests/test_diagnostics.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostics:
    """Whether a fit can be relied on. ``status`` travels with every number derived from the fit.

    method : "fast", "nuts", or "fast+nuts" where some places went by the reference
    status : "ok", or "failed: " and which gate failed
    rhat, ess_bulk, ess_tail, divergences : of the reference route, worst over hyperparameters; None by the fast route
    effective_points : of the fast route, worst over units; None by the reference; effective_draws : of either
    replaced : draws of a place that nothing could have been, replaced by others of it; the most of all places
    observations : figures fitted
    breaks : suspected changes of coverage or structure, "unit YYYY-MM", sorted
    """

    method: str
    status: str
    rhat: float | None = None
    ess_bulk: float | None = None
    ess_tail: float | None = None
    divergences: int | None = None
    effective_points: float | None = None
    effective_draws: float | None = None
    replaced: int = 0
    observations: int = 0
    breaks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """What is read from a file is a list."""
        object.__setattr__(self, "breaks", tuple(self.breaks))


def worst(families: Sequence[Diagnostics], observations: int) -> Diagnostics:
    """One verdict over the families of an indicator, or the places of a family."""
    failed = [d.status for d in families if d.status != "ok"]

    def least(values: Sequence[float | None]) -> float | None:
        return min((v for v in values if v is not None), default=None)

    sampled = [d for d in families if d.rhat is not None]
    return Diagnostics(
        method="+".join(sorted({name for d in families for name in d.method.split("+")})),
        status=failed[0] if failed else "ok",
        rhat=max((d.rhat for d in sampled if d.rhat is not None), default=None),
        ess_bulk=least([d.ess_bulk for d in families]),
        ess_tail=least([d.ess_tail for d in families]),
        divergences=sum(d.divergences or 0 for d in sampled) if sampled else None,
        effective_points=least([d.effective_points for d in families]),
        effective_draws=least([d.effective_draws for d in families]),
        replaced=max((d.replaced for d in families), default=0),
        observations=observations,
        breaks=tuple(sorted({one for d in families for one in d.breaks})),
    )
