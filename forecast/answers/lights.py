"""Lights: by what is published now, and by what is likely at the end of the year.

Colours mean different things in different places, so that the rule is printed beside every light.

Invariant: a light never improves when its gap or probability falls (held by ``tests/test_attainment.py``).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from forecast.dims import to_percent
from forecast.panel import LightRule

__all__ = ["TIE", "Light", "light_ahead", "light_now"]

TIE: Final = 1e-9
"""Fraction below which a gap counts as none: published figures have one decimal of a percent, so that a difference of
this size is the binary representation of an equal one."""


class Light(StrEnum):
    """Colour of a light."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


def light_now(gap_pp: float, tolerance_pp: float) -> Light:
    """Light by the published gap (unit minus benchmark, points): green from 0, yellow from -tolerance, else red."""
    if gap_pp >= -to_percent(TIE):
        return Light.GREEN
    return Light.YELLOW if gap_pp >= -tolerance_pp - to_percent(TIE) else Light.RED


def light_ahead(p_reach: float, rule: LightRule) -> Light:
    """Light by the probability of reaching, as counted and not as rounded for a screen."""
    if p_reach >= rule.green_from:
        return Light.GREEN
    return Light.YELLOW if p_reach >= rule.yellow_from else Light.RED
