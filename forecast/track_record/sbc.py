"""Simulation-based calibration: worlds drawn from the prior and fitted, and the rank of the truth among the draws.

Where the posterior is right, the rank of the truth among posterior draws is uniform, for every quantity (Cook, Gelman
and Rubin 2006; Talts et al. 2018). Five routes are put to the test:

``adaptive``   figures with gaps, importance sampling of the hyperparameters (``sampling.fit``, fast)
``reference``  the same worlds by NUTS
``structural`` regular figures, the structural member alone: the Bayesian part of the regular route
``sampled``    the same worlds by NUTS
``regular``    the same worlds as a run forecasts them, with what is done after the fit (direct member, tails): no
               posterior of any model, so that its ranks are a calibration on this prior and no test of it

Invariant: a world and its ranks depend on the seed, the kind and the number of the world alone
(held by ``tests/test_sbc.py``).

Prior predictive check: what the prior holds possible, before any figure, beside what has happened.

A nation, a province, a city and a county are drawn down the chain of places, many times, with nothing but the prior of
``inference.model``; published growth follows with rounding and restatement. Magnitudes that did occur (DOMAIN facts of
Shaanxi and Ankang, each with its page in the data set) must be possible, and usual ones must be usual.

Invariant: no magnitude of the record is impossible under the prior (held by ``tests/test_prior_check.py``).

Whether numbers that should be uniform are: tests of ranks and PIT values, and bands around what chance allows.

Two tests, because they see different things: chi-square over equal classes sees any shape, coarsely; the simultaneous
envelope of the empirical distribution sees small shifts and spreads that persist over many classes.

Invariant: on exactly uniform numbers each test rejects as often as it says (held by ``tests/test_uniformity.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import binom, chisquare

from forecast.dims import Floats
from forecast.errors import NonFiniteError
from forecast.inference.gaps.fast import Method
from forecast.inference.model import Measurements, fixed_covariance, prior_mean, shape_covariance
from forecast.inference.priors import (
    DESIGN_NAMES,
    PROFILE_SD,
    ROUNDING_SD_PP,
    SCALE_BY_LEVEL,
    SCALE_SD,
    SHAPE_CENTRE,
    SHAPE_NAMES,
    SHAPE_SPREAD,
    UNIT_SCALE_SD,
)
from forecast.inference.regular.factors import Grid, factors
from forecast.inference.regular.incomplete import series
from forecast.inference.regular.learning import evidence, refined
from forecast.inference.regular.noise import noise_draws
from forecast.inference.regular.regular import Behind, common_grid, placed, regular_family, sampled, weighed
from forecast.inference.sampling import Posterior, beyond, fit, most_growth, stream
from forecast.periods import Frequency, default_profile
from forecast.track_record.simulated import SimulatedWorld, gapped_world, whole_world

CLASSES: Final = 10
"""Classes of the chi-square test."""
POINTS: Final = 50
"""Points at which the empirical distribution is held against its envelope."""
SIMULATIONS: Final = 20_000
"""Uniform samples behind the envelope: the Monte Carlo error of a p-value of .01 is .0007."""


def rank(draws: npt.ArrayLike, truth: npt.ArrayLike, uniform: npt.ArrayLike) -> Floats:
    """Place of the truth among posterior draws, in [0, 1]; uniform where the truth is one more draw.

    Parameters
    ----------
    draws : (draw, ...); truth : (...); uniform : (...), places the truth within its rank and among equal draws

    Notes
    -----
    ``(#{X < t} + u (1 + #{X = t})) / (n + 1)`` (Talts et al. 2018, ranks made continuous).

    Raises
    ------
    NonFiniteError
        A draw or a truth is NaN or infinite.
    """
    x, y, u = (np.asarray(a, dtype=np.float64) for a in (draws, truth, uniform))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise NonFiniteError("rank: a draw or a truth is NaN or infinite")
    return np.asarray(((x < y).sum(axis=0) + u * (1 + (x == y).sum(axis=0))) / (len(x) + 1))


def chi_square(values: npt.ArrayLike, *, classes: int = CLASSES) -> float:
    """P-value of the chi-square test that numbers in [0, 1] are uniform, over equal classes."""
    counts = np.histogram(np.asarray(values, dtype=np.float64), bins=classes, range=(0.0, 1.0))[0]
    return float(chisquare(counts).pvalue)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Envelope:
    """Simultaneous band of the empirical distribution of ``n`` uniform numbers.

    at : (point,) where it is evaluated; low, high : (point,) bounds, shares
    """

    at: Floats
    low: Floats
    high: Floats


@lru_cache(maxsize=16)
def _distances(n: int) -> Floats:
    """Sorted distances (as ``ecdf_distance``) of simulated uniform samples of ``n``."""
    rng = np.random.default_rng(n)
    at = np.arange(1, POINTS) / POINTS
    out = np.empty(SIMULATIONS)
    for block in np.array_split(np.arange(SIMULATIONS), max(1, SIMULATIONS * POINTS // 5_000_000 + 1)):
        counts = rng.multinomial(n, np.full(POINTS, 1 / POINTS), size=len(block)).cumsum(1)[:, :-1]
        out[block] = _tails(counts, n, at).min(1)
    return np.sort(out)


@lru_cache(maxsize=16)
def _tail_table(n: int) -> Floats:
    """Two-sided tail probability of every count at every point, (point, count)."""
    at = (np.arange(1, POINTS) / POINTS)[:, None]
    count = np.arange(n + 1)[None, :]
    return 2 * np.minimum(binom.cdf(count, n, at), binom.sf(count - 1, n, at))


def _tails(counts: npt.NDArray[np.intp], n: int, at: Floats) -> Floats:
    return _tail_table(n)[np.arange(len(at)), counts]


def ecdf_distance(values: npt.ArrayLike) -> float:
    """Least two-sided binomial tail probability of the empirical distribution over its points; small is far."""
    v = np.asarray(values, dtype=np.float64)
    at = np.arange(1, POINTS) / POINTS
    counts = (v[:, None] <= at).sum(0)
    return float(_tails(counts, len(v), at).min())


def ecdf_test(values: npt.ArrayLike) -> float:
    """P-value of the simultaneous test that the empirical distribution is that of uniform numbers.

    Notes
    -----
    Säilynoja, Bürkner and Vehtari (2022), Graphical test for discrete uniformity, by simulation.
    """
    v = np.asarray(values, dtype=np.float64)
    known = _distances(len(v))
    below = np.searchsorted(known, ecdf_distance(v) * (1 + 1e-12), side="right")
    return float((below + 1) / (len(known) + 1))


def envelope(n: int, *, prob: float = 0.95) -> Envelope:
    """Band that the whole empirical distribution of ``n`` uniform numbers keeps with probability ``prob``."""
    gamma = float(np.quantile(_distances(n), 1 - prob))
    at = np.arange(1, POINTS) / POINTS
    low, high = binom.ppf(gamma / 2, n, at), binom.ppf(1 - gamma / 2, n, at)
    return Envelope(at=at, low=low / n, high=high / n)


def binomial_band(n: int, share: float, *, prob: float = 0.9) -> tuple[float, float]:
    """Central band of an observed share of ``n`` independent cases whose probability is ``share``."""
    if n <= 0:
        return 0.0, 1.0
    tail = (1 - prob) / 2
    return float(binom.ppf(tail, n, share) / n), float(binom.ppf(1 - tail, n, share) / n)


LEVELS: Final = ("nation", "province", "city", "county")
YEARS: Final = 3
"""Years of the grid: one before growth, one year of growth, the target year."""
REVISION_SD_PP: Final = 0.3
"""Disagreement of published months with cumulative growth that the data set states, cumulative points."""
RARE: Final = 0.001
"""Probability below which an event that did happen counts as held impossible."""
USUAL: Final = 0.025
"""Probability either side below which an everyday magnitude counts as held unusual."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriorDraws:
    """Growth of the target year under the prior, percent.

    cumulative : (draw, level, period), published cumulative growth; single : the same of single periods
    """

    cumulative: Floats
    single: Floats

    def at(self, level: str, months: int) -> Floats:
        """Cumulative growth of January to a month, 2 to 12, (draw,)."""
        return self.cumulative[:, LEVELS.index(level), months - 2]


@cache
def drawn(draws: int = 2000, seed: int = 1) -> PriorDraws:
    """Draws of the chain of places; treat the arrays as read-only."""
    rng = np.random.default_rng(seed)
    weight = default_profile(Frequency.MONTHLY)
    per_year = len(weight)
    periods = per_year * YEARS
    cumulative = np.empty((draws, len(LEVELS), per_year))
    single = np.empty_like(cumulative)
    for d in range(draws):
        above = np.zeros(periods)
        for k, level in enumerate(LEVELS):
            root = k == 0
            shape = SHAPE_CENTRE + SHAPE_SPREAD * rng.standard_normal(8)
            log_scale = np.log(SCALE_BY_LEVEL[level]) + np.hypot(SCALE_SD, UNIT_SCALE_SD) * rng.standard_normal()
            scale = np.exp(log_scale)
            fixed = fixed_covariance(periods, per_year, root=root, profile_sd=PROFILE_SD["profile"])
            covariance = scale**2 * shape_covariance(shape, periods, per_year, root=root) + fixed
            factor = np.linalg.cholesky(covariance + 1e-12 * np.eye(periods))
            above = above + prior_mean(periods, per_year, root=root) + factor @ rng.standard_normal(periods)
            levels = weight * np.exp(above[-2 * per_year :].reshape(2, per_year))
            total = np.cumsum(levels, axis=1)
            log_growth = np.log(total[1] / total[0]) + scale * np.exp(shape[-1]) * rng.standard_normal(per_year)
            rounding = ROUNDING_SD_PP * rng.standard_normal(per_year)
            cumulative[d, k] = 100 * np.expm1(np.minimum(log_growth, 7.0)) + rounding
            single[d, k] = 100 * np.minimum(levels[1] / levels[0] - 1, 1e3)
    return PriorDraws(cumulative=cumulative, single=single)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A magnitude of the record beside the prior.

    name : key of its text in the catalogue; observed : what happened, percent or points
    low, middle, high : 1, 50 and 99 % quantiles under the prior; percentile : share of the prior below the observed
    usual : whether it is an everyday magnitude, to lie well inside; else it has only to be possible
    """

    name: str
    observed: float
    low: float
    middle: float
    high: float
    percentile: float
    usual: bool

    @property
    def passed(self) -> bool:
        """Whether the prior holds the magnitude as possible, or as usual, as it should."""
        least = USUAL if self.usual else RARE
        return least <= self.percentile <= 1 - least


def prior_checks(draws: int = 2000, seed: int = 1) -> list[Check]:
    """Magnitudes of 2020 and of ordinary years beside the prior's draws.

    Observed figures: ``data/ankang-2020`` and its sources; a county of Ankang fell 29 % in 2020 (GDP), another went
    from +0.4 to -4.9 within a month; the median change of single months is national industry's, April to November 2019.
    """
    d = drawn(draws, seed)
    gap = d.at("city", 6) - d.at("province", 6)
    moved = d.at("province", 10) - d.at("province", 8)
    narrowed = d.at("city", 8) - d.at("city", 7)
    flipped = d.at("county", 8) - d.at("county", 7)
    residual = _residual(d, "province", seed)
    noise = np.median(np.abs(np.diff(d.single[:, LEVELS.index("nation"), 2:10], axis=1)), axis=1)
    leads = d.at("county", 6) - d.at("city", 6)
    return [
        _check("nation_usual", 6.1, d.at("nation", 12), usual=True),
        _check("province_usual", 5.8, d.at("province", 9), usual=True),
        _check("city_q1", -29.6, d.at("city", 3)),
        _check("city_h1", -21.8, d.at("city", 6)),
        _check("city_gdp_h1", -12.2, d.at("city", 6)),
        _check("county_year", -29.0, d.at("county", 12)),
        _check("county_year_30", -30.0, d.at("county", 12)),
        _check("gap_h1", -22.8, gap),
        _check("county_flip", -5.3, flipped),
        _check("city_narrowed", 2.0, narrowed, usual=True),
        _check("province_moved", 1.6, moved, usual=True),
        _check("county_leads", 6.6, leads, usual=True),
        _check("month_noise", 1.3, noise, usual=True),
        _check("identity", 0.26, residual, usual=True),
    ]


def _check(name: str, observed: float, values: Floats, *, usual: bool = False) -> Check:
    low, middle, high = np.quantile(values, [0.01, 0.5, 0.99])
    return Check(
        name=name,
        observed=observed,
        low=float(low),
        middle=float(middle),
        high=float(high),
        percentile=float((values < observed).mean()),
        usual=usual,
    )


def _residual(d: PriorDraws, level: str, seed: int) -> Floats:
    """Root mean square by which published months and cumulative growth disagree, (draw,), cumulative points.

    Over six months, by the weights of the profile, as an analyst without levels would do. The month's own noise is what
    the data set states, that of cumulative growth the restatement.
    """
    rng = np.random.default_rng(seed + 1)
    weight = default_profile(Frequency.MONTHLY)
    at = LEVELS.index(level)
    cumulative, single = d.cumulative[:, at], d.single[:, at]
    total = np.cumsum(weight)
    share = weight / total
    published = single + REVISION_SD_PP / share * rng.standard_normal(single.shape)
    implied = (total[:-1] * cumulative[:, :-1] + weight[1:] * published[:, 1:]) / total[1:]
    return np.sqrt(np.mean((cumulative[:, 1:] - implied)[:, 4:10] ** 2, axis=1))


type SbcRoute = Literal["adaptive", "reference", "structural", "sampled", "regular"]
ROUTES: Final[tuple[SbcRoute, ...]] = ("adaptive", "structural", "regular", "reference", "sampled")

DRAWS: Final = 1000
RANKED: Final = 250
"""Posterior draws of a hyperparameter that the truth is ranked among."""
LAST: Final = (3, 10)
"""Periods of the target year that are out in gapped worlds, from and up to."""
PAST: Final = 5
"""Past years of regular worlds: from four on the direct member has its share."""
POSSIBLE: Final = {"gapped": (np.log(0.05), np.log(10.0)), "whole": (np.log(0.7), np.log(1.4))}
"""Log growth that is published: a world where any figure would be beyond is drawn again, and one whose gaps would send
it the other way. The choice looks at what is published alone: ranks stay uniform. Noise of regular figures is chained
to first order, which takes growth of no more than a third or so: beyond, the scale comes out too high (mean rank .41,
90 % intervals cover 77 %), the forecasts do not."""
TRIES: Final = 100
ENDS: Final = ("root_year_end", "child_year_end", "gap_year_end")
"""Quantities that are reported to people; the others are hyperparameters."""
SIGNIFICANCE: Final = 0.05
"""Probability that any quantity of a route fails although all are calibrated."""


def _world(route: SbcRoute, number: int, seed: int) -> tuple[SimulatedWorld, np.random.Generator]:
    """World of a number, the same for routes that are compared; and the stream for its ranks."""
    kind = "gapped" if route in ("adaptive", "reference") else "whole"
    for attempt in range(TRIES):
        rng = stream(seed, "sbc", kind, str(number), str(attempt))
        with np.errstate(all="ignore"):  # a few worlds explode, and are not published
            world = (
                gapped_world(rng, last=int(rng.integers(3, 10))) if kind == "gapped" else whole_world(rng, past=PAST)
            )
        growth = world.measurements.log_growth
        least, most = POSSIBLE[kind]
        possible = np.isfinite(growth).all() and growth.min() > least and growth.max() < most
        if possible and _goes(world.measurements, kind) and (kind == "whole" or _can_be(world)):
            return world, rng
    raise RuntimeError(f"{kind} world {number}: nothing that can be published in {TRIES} tries")


def _can_be(world: SimulatedWorld) -> bool:
    """Whether no year of any place grows by more than the prior has an end at."""
    m = world.measurements
    most = most_growth(m)
    return not any(beyond(index[None], m.weight[u], most[u])[0] for u, index in enumerate(world.index))


def _goes(m: Measurements, kind: str) -> bool:
    """Whether root and children both go the way that the kind of the world is to test."""
    gapped = common_grid(m, (0,), None, root=True) is None
    return gapped if kind == "gapped" else _grid(m) is not None


def _grid(m: Measurements) -> Grid | None:
    """Regular grid of root and children; None where the figures have too many gaps for one."""
    root = common_grid(m, (0,), None, root=True)
    below = tuple(range(1, len(m.units)))
    found = None if root is None else common_grid(m, below, root, root=False)
    return found if root is not None and found == replace(root, root=False) else None


def ranks_of(route: SbcRoute, number: int, *, seed: int) -> dict[str, float]:
    """Ranks of a world's truths among its posterior draws, by quantity, in [0, 1].

    Parameters
    ----------
    number : of the world
    """
    world, rng = _world(route, number, seed)
    match route:
        case "structural":
            return _structural(world, rng, "fast")
        case "sampled":
            return _structural(world, rng, "nuts")
        case "adaptive" | "regular" | "reference":
            method: Method = "nuts" if route == "reference" else "fast"
            posterior = fit(world.measurements, method=method, seed=seed + number, name="sbc", draws=DRAWS)
            truth = world.weighed_year_end() if route == "regular" else world.year_end()
            found = _ends(truth, _year_end(world.measurements, posterior.index), rng)
            return found if route == "regular" else found | _sampled(world, posterior, rng)


def _year_end(m: Measurements, index: Floats) -> Floats:
    """Growth of the full target year (draw, unit) of indices (draw, unit, period), fraction."""
    level = m.weight[:, None, :] * np.exp(index[..., -2 * m.per_year :].reshape(*index.shape[:-1], 2, m.per_year))
    return level[..., 1, :].sum(-1) / level[..., 0, :].sum(-1) - 1


def _ends(truth: Floats, drawn: Floats, rng: np.random.Generator) -> dict[str, float]:
    """Ranks of the root's and the first child's full-year growth, and of the gap between them."""
    pairs = ((drawn[:, 0], truth[0]), (drawn[:, 1], truth[1]), (drawn[:, 1] - drawn[:, 0], truth[1] - truth[0]))
    return {name: float(rank(x, y, rng.random())) for name, (x, y) in zip(ENDS, pairs, strict=True)}


def _sampled(world: SimulatedWorld, posterior: Posterior, rng: np.random.Generator) -> dict[str, float]:
    """Ranks of the hyperparameters of both families, and of the scales of the root and the first child."""
    out = {}
    for label, above, unit in (("root", -1, 0), ("child", 0, 1)):
        for k, name in enumerate(SHAPE_NAMES):
            out[f"{label}_{name}"] = float(rank(posterior.shape[above][:, k], world.shape[unit, k], rng.random()))
        out[f"{label}_scale"] = float(rank(posterior.scale[unit], world.scale[unit], rng.random()))
    return out


def _structural(world: SimulatedWorld, rng: np.random.Generator, method: Method) -> dict[str, float]:
    """Ranks by the structural member: ends of root and child, and hyperparameters of a child without siblings.

    Siblings' shapes share a prior that is learnt by maximum likelihood (empirical Bayes), which has no posterior to be
    ranked in; the ends are those of siblings all the same.
    """
    m, grid = world.measurements, _grid(world.measurements)
    if grid is None:
        raise ValueError("the figures have gaps")
    places = [series(m, unit, grid) for unit in range(len(m.units))]
    rounding = m.usual_rounding(range(len(m.units)))
    own = tuple(rng.spawn(len(places)))
    common = [rng.standard_normal((DRAWS, grid.open)) for _ in range(2)]
    family = partial(regular_family, method=method)
    root = family(
        replace(grid, root=True), places[:1], rounding[:1], m.scale[:1], above=None, own=own[:1], common=common[0]
    )
    below = family(grid, places[1:], rounding[1:], m.scale[1:], above=root.drawn[0], own=own[1:], common=common[1])
    drawn = _year_end(m, np.concatenate([root.ratio, root.ratio + below.ratio], axis=1))
    first, _ = placed(grid, places[1:2], rounding[1:2], m.scale[1:2], above=places[0])
    known, learnt = refined(factors(grid), lambda design: evidence(design, first))
    if method == "nuts":
        behind, _ = sampled(known, learnt, 0, rng=rng, common=common[0])
    else:
        behind = weighed(known, learnt, 0, rng=rng, common=rng.standard_normal((RANKED, grid.open)))
    return _ends(world.year_end(), drawn, rng) | _hyperparameters(world, behind, float(rounding[1]), rng)


def _hyperparameters(
    world: SimulatedWorld, behind: Behind, rounding_sd: float, rng: np.random.Generator
) -> dict[str, float]:
    """Ranks of the hyperparameters of the first child."""
    shapes = behind.known.shapes[behind.point[behind.member]]
    noise = noise_draws(behind.scale, behind.ratio[behind.member], rounding_sd, rng)
    out = {
        f"child_{name}": float(rank(shapes[:, k], world.shape[1, k], rng.random()))
        for k, name in enumerate(DESIGN_NAMES)
    }
    out["child_scale"] = float(rank(behind.scale, world.scale[1], rng.random()))
    out["child_noise"] = float(rank(noise, world.noise_sd[1], rng.random()))
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class SbcVerdict:
    """What the ranks of a quantity say.

    p_chi_square, p_ecdf : p-values of the two tests of uniformity
    mean : of the ranks, .5 if calibrated; above, the posterior is too low
    covered50, covered90 : share of truths within the central intervals
    uniform : whether neither test rejects at ``SIGNIFICANCE`` over all tests of the route (Bonferroni)
    """

    quantity: str
    worlds: int
    p_chi_square: float
    p_ecdf: float
    mean: float
    covered50: float
    covered90: float
    uniform: bool


def verdicts(ranks: Sequence[Mapping[str, float]]) -> list[SbcVerdict]:
    """Verdict on every quantity of a route, from the ranks of its worlds."""
    names = list(ranks[0])
    limit = SIGNIFICANCE / (2 * len(names))
    out = []
    for name in names:
        values = np.array([one[name] for one in ranks])
        chi, ecdf = chi_square(values), ecdf_test(values)
        out.append(
            SbcVerdict(
                quantity=name,
                worlds=len(values),
                p_chi_square=chi,
                p_ecdf=ecdf,
                mean=float(values.mean()),
                covered50=float((np.abs(values - 0.5) <= 0.25).mean()),
                covered90=float((np.abs(values - 0.5) <= 0.45).mean()),
                uniform=min(chi, ecdf) >= limit,
            )
        )
    return out
