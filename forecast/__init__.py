"""Dabiao (达标): how likely a city reaches its provincial average by the end of the year.

``read`` a data set, ``run`` it, ask: docs/api.md. Names come when they are asked for (PEP 562), so that the import
itself takes no time.

Invariant: what ``import forecast`` shows is ``__all__`` (held by ``tests/test_api.py``).
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # as typing's, which takes longer to import than everything here
if TYPE_CHECKING:
    from forecast.api import Answer, City, PlanAnswer, Results, open, read
    from forecast.errors import ForecastError, InputError, UsageError

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "City",
    "ForecastError",
    "InputError",
    "PlanAnswer",
    "Results",
    "UsageError",
    "__version__",
    "open",
    "read",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("forecast.errors" if name.endswith("Error") else "forecast.api"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
