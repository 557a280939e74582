"""Places on a regular grid, for tests."""

from __future__ import annotations

import numpy as np

from forecast.inference.regular.factors import Factors, Grid
from forecast.inference.regular.incomplete import NO_GAP
from forecast.inference.regular.learning import Places
from forecast.inference.regular.regular import Behind

ROUNDING_SD = 4e-4


def places(
    index: np.ndarray, *, rounding: float = ROUNDING_SD, scale: float = 0.02, missing: tuple[np.ndarray, ...] = ()
) -> Places:
    """Places of this index (T, place), all with the same prior."""
    n = index.shape[1]
    return Places(
        index=index,
        rounding_sd=np.full(n, rounding),
        scale=np.full(n, scale),
        missing=missing or (NO_GAP,) * n,
    )


def behind(
    known: Factors, index: np.ndarray, at: list[tuple[int, int]], scale: np.ndarray, member: np.ndarray
) -> Behind:
    """Draws at these points and positions in the grid of noise ratios: index (T,), scale and member (draw,)."""
    point, ratio = (np.array(one) for one in zip(*at, strict=True))
    rotated = known.rotated(index[:, None])[point, :, 0]
    return Behind(
        known=known,
        point=point,
        ratio=ratio,
        rotated=rotated,
        member=member,
        scale=scale,
        ahead=np.zeros((len(scale), known.grid.open)),
    )


def stirring(draws: int, grid: Grid) -> np.ndarray:
    """What siblings have in common of how stirred times will be, (draw, H)."""
    return np.random.default_rng(9).standard_normal((draws, grid.open))
