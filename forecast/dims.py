"""Names of dimensions and measures, and the one place where percent becomes a fraction.

Invariant: growth is percent in files and on screens and a fraction everywhere inside
(held by ``tests/test_dims.py``).
"""

from __future__ import annotations

from typing import Any, Final, overload

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.floating[Any]]

DRAW: Final = "draw"
UNIT: Final = "unit"
PERIOD: Final = "period"

WAN_PER_YI: Final = 10_000.0
"""万元 in one 亿元."""


@overload
def from_percent(percent: float) -> float: ...
@overload
def from_percent(percent: Floats) -> Floats: ...
def from_percent(percent: float | Floats) -> float | Floats:
    """Fraction of a percentage: 4.1 % -> 0.041."""
    return percent / 100.0


@overload
def to_percent(fraction: float) -> float: ...
@overload
def to_percent(fraction: Floats) -> Floats: ...
def to_percent(fraction: float | Floats) -> float | Floats:
    """Percentage of a fraction: 0.041 -> 4.1 %."""
    return fraction * 100.0
