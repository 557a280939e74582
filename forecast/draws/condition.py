"""What if it turns out so: draws conditioned on outcomes, such as ``fai.shaanxi>=4.0``.

Draws in which the outcome does not hold are dropped and the others weighted up, as long as enough remain. Below the
floor one outcome is met by moving every draw to it along the regression of everything on it, which never runs out;
several are refused.

Invariant: a sure outcome changes nothing, bit for bit (held by ``tests/test_given.py``).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
import scipy.special

from forecast.data.reading.problems import near
from forecast.dims import DRAW, PERIOD, UNIT, Floats, from_percent
from forecast.draws.paths import IndicatorPaths, Paths, first_open, reordered
from forecast.draws.streams import generator
from forecast.errors import UsageError
from forecast.inference.gaps.fast import systematic
from forecast.texts import Lang, t

FLOOR: Final = 100.0
"""Effective draws below which weighting is not relied on: a probability would be off by five points and more."""
LEAST: Final = 4.0
"""Standard deviations beyond which an outcome is not believed: the draws hold nothing like it."""

_TEXT: Final = re.compile(
    r"\s*([A-Za-z_]\w*)\.([A-Za-z_]\w*)(?:@(\d{4}-\d{2}))?\s*(>=|<=|>|<|≥|≤)\s*([-+]?\d+(?:\.\d+)?)\s*[%％]?\s*"
)
_SIGNS: Final[Mapping[str, Callable[[Floats, float], np.ndarray]]] = {
    ">=": operator.ge,
    "≥": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "≤": operator.le,
    "<": operator.lt,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Cumulative growth of a unit at a period, on one side of a value.

    period : ``YYYY-MM``; None: the end of the year
    growth_pct : percent
    """

    indicator: str
    unit: str
    period: str | None
    sign: str
    growth_pct: float

    def __str__(self) -> str:
        at = f"@{self.period}" if self.period else ""
        return f"{self.indicator}.{self.unit}{at}{self.sign}{self.growth_pct:g}"


class GivenError(UsageError):
    """An outcome that cannot be read, or that the draws cannot be conditioned on."""

    def text(self, lang: Lang) -> str:
        """What is off, and what to do."""
        return t(f"scenario.{self.code}", lang, **self.params)


class Route(StrEnum):
    """How draws were conditioned."""

    NOTHING = "nothing"
    WEIGHTS = "weights"
    SHIFT = "shift"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Conditioned:
    """Draws given outcomes.

    probability : share of draws in which they hold, before conditioning
    effective : effective number of draws behind the result
    """

    paths: Paths
    given: tuple[Given, ...]
    route: Route
    probability: float
    effective: float


def read_given(text: str) -> Given:
    """Outcome as written: ``fai.shaanxi>=4.0``, or ``fai.shaanxi@2020-10<3``; its names are not checked.

    Raises
    ------
    GivenError
        It cannot be read.
    """
    found = _TEXT.fullmatch(text)
    if not found:
        raise GivenError("given_form", found=text)
    indicator, unit, period, sign, value = found.groups()
    return Given(indicator=indicator, unit=unit, period=period, sign=sign, growth_pct=float(value))


def parse_given(text: str, paths: Paths) -> Given:
    """Outcome of ``read_given``, about something that has draws.

    Raises
    ------
    GivenError
        It cannot be read, or names an indicator, a unit or a period without draws.
    """
    given = read_given(text)
    if given.indicator not in paths.indicators:
        found = near(given.indicator, paths.indicators) or given.indicator
        raise GivenError("given_indicator", found=found, known=", ".join(paths.indicators))
    one = paths.indicators[given.indicator]
    units, periods = ([str(label) for label in one.cum_yoy[dim].values] for dim in (UNIT, PERIOD))
    if given.unit not in units:
        raise GivenError("given_unit", found=given.unit, known=", ".join(units))
    if given.period is not None and given.period not in periods:
        raise GivenError("given_period", found=given.period, known=", ".join(periods))
    return given


def condition(paths: Paths, given: Sequence[Given], *, floor: float = FLOOR) -> Conditioned:
    """Draws in which all outcomes hold, as many as before, worlds kept whole.

    Raises
    ------
    GivenError
        The outcomes leave too few draws and cannot be met by moving them.
    """
    holds = np.ones(next(iter(paths.indicators.values())).cum_yoy.sizes[DRAW], dtype=bool)
    for one in given:
        holds &= _SIGNS[one.sign](_outcome(paths, one), from_percent(one.growth_pct))
    share = float(holds.mean())
    ess = min(p.ess for p in paths.indicators.values())
    if holds.all():
        return Conditioned(paths=paths, given=tuple(given), route=Route.NOTHING, probability=1.0, effective=ess)
    if share * ess >= floor:
        rng = generator(paths.seed, "given", *sorted(map(str, given)))
        order = systematic(holds / holds.sum(), len(holds), rng)
        kept = {name: reordered(p, order, p.ess * share) for name, p in paths.indicators.items()}
        return Conditioned(
            paths=replace(paths, indicators=kept),
            given=tuple(given),
            route=Route.WEIGHTS,
            probability=share,
            effective=share * ess,
        )
    if len(given) > 1:
        raise GivenError("given_few", found=f"{share * ess:.0f}", floor=f"{floor:g}")
    return _shifted(paths, given[0], share, ess)


def _outcome(paths: Paths, given: Given) -> Floats:
    one = paths.indicators[given.indicator]
    at = one.cum_yoy.sel({UNIT: given.unit})
    chosen = at.sel({PERIOD: given.period}) if given.period else at.isel({PERIOD: -1})
    return np.asarray(chosen.to_numpy())


def _shifted(paths: Paths, given: Given, share: float, ess: float) -> Conditioned:
    """Draws moved to an outcome along their regression on it (Matheron's rule for a Gaussian outcome).

    The outcome is drawn anew from a normal with the draws' mean and variance, cut to the side wanted; everything that
    is open moves by its regression coefficient times the outcome's move.
    """
    value = _outcome(paths, given)
    mean, sd = float(value.mean()), float(value.std())
    limit = from_percent(given.growth_pct)
    z = (limit - mean) / sd if sd > 0 else np.inf
    above = given.sign in (">=", ">", "≥")
    if (z if above else -z) > LEAST:
        raise GivenError("given_far", found=str(given), sds=f"{abs(z):.1f}")
    rank = (np.argsort(np.argsort(value, kind="stable")) + 0.5) / len(value)
    below = float(scipy.special.ndtr(z))
    level = below + (1.0 - below) * rank if above else below * rank
    wanted = mean + sd * np.asarray(scipy.special.ndtri(level))
    wanted = np.maximum(wanted, limit) if above else np.minimum(wanted, limit)
    step = wanted - value
    moved = {name: _regressed(one, value, step) for name, one in paths.indicators.items()}
    exact = _pinned(moved[given.indicator], given, wanted)
    return Conditioned(
        paths=replace(paths, indicators={**moved, given.indicator: exact}),
        given=(given,),
        route=Route.SHIFT,
        probability=share,
        effective=ess,
    )


def _regressed(one: IndicatorPaths, value: Floats, step: Floats) -> IndicatorPaths:
    centred = value - value.mean()
    variance = float(centred @ centred)
    arrays = {}
    dims = (DRAW, UNIT, PERIOD)
    published = one.published.transpose(UNIT, PERIOD).to_numpy()
    fixed = np.array([[k < first_open(row) for k in range(len(row))] for row in published])
    for name in ("cum_yoy", "growth"):
        array = getattr(one, name).transpose(*dims)
        values = array.to_numpy()
        slope = np.tensordot(centred, values - values.mean(axis=0), axes=(0, 0)) / variance
        slope = np.where(fixed, 0.0, slope)
        arrays[name] = array.copy(data=np.maximum(values + step[:, None, None] * slope, -0.999))
    return replace(one, **arrays)


def _pinned(one: IndicatorPaths, given: Given, wanted: Floats) -> IndicatorPaths:
    """The outcome itself to the last digit, so that it holds in every draw."""
    cum = one.cum_yoy.copy()
    at = given.period or str(cum[PERIOD].values[-1])
    cum.loc[{UNIT: given.unit, PERIOD: at}] = wanted
    return replace(one, cum_yoy=cum)
