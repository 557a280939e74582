"""What if it turns out so: draws conditioned on outcomes, such as ``fai.shaanxi>=4.0``.

Draws in which the outcome does not hold are dropped and the others weighted up, as long as enough remain. Below the
floor one outcome is met by moving the draws that come nearest to it, along the regression of everything on it, with the
tail that the draws have. Against rejection among four million draws, normal or t with four to eight degrees of freedom,
limits exceeded by 1.5 % to .1 %, a probability is off by .025 at most, beside a Monte Carlo error of .035 at most, that
of 200 effective draws. Several outcomes are refused.

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
DONORS: Final = 200.0
"""Effective draws that are moved: few enough to lie in the tail, enough for a probability to within four points."""
TAIL: Final = 0.1
"""Share of the draws that the tail is read from."""
MOST_WIDENING: Final = 0.5
"""Largest slope of a residual variance on the square of a standardised outcome: t with three degrees of freedom."""
MOST_SHAPE: Final = 0.4
"""Largest shape of a tail, either way: t with 2.5 degrees of freedom."""

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
        like = near(given.indicator, paths.indicators)
        known = dict.fromkeys([*([like] if like else []), *paths.indicators])  # what was meant stands first
        raise GivenError("given_indicator", found=given.indicator, known=", ".join(known))
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
    """The draws that come nearest to an outcome, moved to it along the regression of everything on it.

    The outcome follows the tail that the draws themselves have (``tail_quantiles``), the nearest draw the least of it;
    everything that is open moves by its regression coefficient times the outcome's move, which is small, and what is
    left around the regression widens where tails are heavy.

    Notes
    -----
    Regression adjustment of nearest draws (Beaumont, Zhang and Balding 2002, Genetics 162).
    """
    value = _outcome(paths, given)
    mean, sd = float(value.mean()), float(value.std())
    limit = from_percent(given.growth_pct)
    sign = 1.0 if given.sign in (">=", ">", "≥") else -1.0
    z = sign * (limit - mean) / sd if sd > 0 else np.inf
    if z > LEAST:
        raise GivenError("given_far", found=str(given), sds=f"{abs(z):.1f}")
    draws = len(value)
    donors = min(max(int(np.ceil(DONORS * draws / ess)), 1), draws)
    nearest = np.argsort(-sign * value, kind="stable")[:donors][::-1]
    order = nearest[np.arange(draws) * donors // draws]
    levels = (np.arange(draws) + 0.5) / draws
    wanted = np.maximum(tail_quantiles(sign * value, sign * limit, levels), sign * limit) * sign
    mixed = generator(paths.seed, "given", str(given)).permutation(draws)
    order, wanted = order[mixed], wanted[mixed]
    step, effective = wanted - value[order], ess * donors / draws
    moved = {name: _regressed(one, value, order, step, effective) for name, one in paths.indicators.items()}
    exact = _pinned(moved[given.indicator], given, wanted)
    return Conditioned(
        paths=replace(paths, indicators={**moved, given.indicator: exact}),
        given=(given,),
        route=Route.SHIFT,
        probability=share,
        effective=effective,
    )


def tail_quantiles(values: Floats, limit: float, levels: Floats) -> Floats:
    """Quantiles of a value given that it exceeds a limit, from draws of which few or none do.

    Parameters
    ----------
    values : (draw,); levels : (n,) in (0, 1)

    Notes
    -----
    Excesses over a quantile of the draws are generalised Pareto (Pickands 1975), its two numbers by weighted moments
    (Hosking and Wallis 1987); excesses over the limit then are as well, of the same shape.
    """
    beyond = float((values >= limit).mean())
    threshold = float(np.quantile(values, 1.0 - min(max(TAIL, 2.0 * beyond), 0.5)))
    excess = np.sort(values[values > threshold] - threshold)
    if len(excess) < 2 or excess[-1] <= 0.0:
        return np.full(len(levels), max(limit, threshold))
    weight = 1.0 - (np.arange(len(excess)) + 0.65) / len(excess)
    first, second = float(excess.mean()), float((weight * excess).mean())
    shape = float(np.clip(2.0 - first / max(first - 2.0 * second, 1e-12), -MOST_SHAPE, MOST_SHAPE))
    scale = first * (1.0 - shape)
    over = max(limit - threshold, 0.0)
    if shape < 0.0:
        over = min(over, -scale / shape * (1.0 - 1e-3))
    wider = scale + shape * over
    left = -np.log1p(-levels)
    beyond_it = wider * (left if abs(shape) < 1e-6 else np.expm1(shape * left) / shape)
    return np.asarray(max(limit, threshold) + beyond_it)


def _regressed(one: IndicatorPaths, value: Floats, order: np.ndarray, step: Floats, effective: float) -> IndicatorPaths:
    """Draws in an order, moved by their regression on a value as it moves by ``step``.

    What is left around the regression widens with the distance of the value from its mean as it does among the draws
    (``_widening``): where one scale is behind all, an outcome in the tail says that it is large.
    """
    mean, sd = float(value.mean()), float(value.std())
    z = (value - mean) / sd
    after = (value[order] + step - mean) / sd
    near, far = ((of**2 - 1.0)[:, None, None] for of in (z[order], after))
    outer = np.argsort(-np.abs(z), kind="stable")[: max(int(TAIL * len(z)), 1)]
    arrays = {}
    dims = (DRAW, UNIT, PERIOD)
    published = one.published.transpose(UNIT, PERIOD).to_numpy()
    fixed = np.array([[k < first_open(row) for k in range(len(row))] for row in published])
    chosen = reordered(one, order, min(one.ess, effective))
    for name in ("cum_yoy", "growth"):
        array = getattr(one, name).transpose(*dims)
        values = array.to_numpy()
        centre = values.mean(axis=0)
        slope = np.tensordot(z, values - centre, axes=(0, 0)) / len(z)
        left = values - centre - z[:, None, None] * slope
        wider = _widening(left, z, outer)
        factor = np.sqrt((1.0 + wider * far) / (1.0 + wider * near))
        moved = centre + after[:, None, None] * slope + factor * left[order]
        kept = getattr(chosen, name).transpose(*dims)
        arrays[name] = kept.copy(data=np.where(fixed, kept.to_numpy(), np.maximum(moved, -0.999)))
    return replace(chosen, **arrays)


def _widening(left: Floats, z: Floats, outer: np.ndarray) -> Floats:
    """Slope of the variance of residuals on the square of a standardised value, (unit, period), in units of itself.

    ``1 / (nu - 1)`` where both are t with ``nu`` degrees of freedom and one scale, 0 where they have scales apart; read
    from the outer draws and kept in [0, MOST_WIDENING].
    """
    usual = (left**2).mean(axis=0)
    ratio = np.divide((left[outer] ** 2).mean(axis=0), usual, out=np.ones_like(usual), where=usual > 0.0)
    far = float((z[outer] ** 2).mean()) - 1.0
    return np.clip((ratio - 1.0) / far, 0.0, MOST_WIDENING) if far > 0.0 else np.zeros_like(usual)


def _pinned(one: IndicatorPaths, given: Given, wanted: Floats) -> IndicatorPaths:
    """The outcome itself to the last digit, so that it holds in every draw."""
    cum = one.cum_yoy.copy()
    at = given.period or str(cum[PERIOD].values[-1])
    cum.loc[{UNIT: given.unit, PERIOD: at}] = wanted
    return replace(one, cum_yoy=cum)
