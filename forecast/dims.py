"""Names of dimensions and measures, the one place where percent becomes a fraction, and how a type shows itself.

Invariant: growth is percent in files and on screens and a fraction everywhere inside (held by ``tests/test_dims.py``);
what a notebook or a log shows of a type is one line (held by ``tests/test_api.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from enum import Enum
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


LONGEST_REPR: Final = 200
"""Characters that a type may take where it shows itself."""


def brief(self: Any) -> str:
    """One line for a frozen type that holds arrays, tables or many others: ``__repr__ = brief``."""
    shown = ", ".join(f"{field.name}={_shown(getattr(self, field.name))}" for field in fields(self) if field.repr)
    text = f"<{type(self).__name__} {shown}>"
    return text if len(text) <= LONGEST_REPR else f"{text[: LONGEST_REPR - 2]}…>"


def _shown(value: Any) -> str:
    """A number or a short name as it is; of anything else its kind and size."""
    kind = type(value).__name__
    match value:
        case Enum():
            return str(value.value)
        case bool() | int() | None:
            return repr(value)
        case float():
            return f"{value:.4g}"
        case str():
            return repr(value if len(value) <= 30 else f"{value[:29]}…")
        case Mapping() | tuple() | list() | set() | frozenset():
            return f"{kind}({len(value)})"
        case _ if isinstance(shape := getattr(value, "shape", None), Iterable):
            return f"{kind}({'×'.join(map(str, shape))})"
    text = str(value)
    return text if len(text) <= 30 and getattr(type(value), "__repr__", None) is not brief else f"<{kind}>"
