"""Published growth of the nation and of provinces that comes with the program, each figure with source and vintage.

Invariant: every figure has a source, and one value (held by ``tests/test_plausible.py``).
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from forecast.periods import Month

NATION: Final = "全国"


@dataclass(frozen=True, slots=True)
class ShippedFigure:
    """One figure: growth in percent of January to ``period`` over the same months a year before.

    vintage : version of the source, ``first release``, or ``derived`` from a stated difference; "" where not known
    """

    period: Month
    value: float
    source: str
    vintage: str


@cache
def shipped() -> Mapping[tuple[str, str], tuple[ShippedFigure, ...]]:
    """All figures by place (short name: 陕西, or 全国) and indicator, in order of time."""
    packed = files("forecast.data").joinpath("series/series.csv.gz").read_bytes()
    found: dict[tuple[str, str], list[ShippedFigure]] = {}
    for row in csv.DictReader(io.StringIO(gzip.decompress(packed).decode())):
        figure = ShippedFigure(Month.parse(row["period"]), float(row["value"]), row["source"], row["vintage"])
        found.setdefault((row["place"], row["indicator"]), []).append(figure)
    return MappingProxyType({key: tuple(sorted(one, key=lambda f: f.period)) for key, one in found.items()})


def shipped_of(place: str, level: str, indicator: str) -> tuple[ShippedFigure, ...]:
    """Figures of a nation or province by its name as tables write it; none where nothing is shipped."""
    if level == "nation":
        return shipped().get((NATION, indicator), ())
    return shipped().get((_short(place), indicator), ()) if level == "province" else ()


def _short(name: str) -> str:
    for ending in ("壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "省", "市"):
        if name.endswith(ending) and len(name) > len(ending) + 1:
            return name.removesuffix(ending)
    return name


def shipped_series(place: str, level: str, indicator: str) -> dict[int, float]:
    """Growth in percent by month, counted as ``12 * year + month - 1``."""
    return {12 * one.period.year + one.period.month - 1: one.value for one in shipped_of(place, level, indicator)}
