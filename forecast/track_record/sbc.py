"""Simulation-based calibration: worlds drawn from the prior and fitted, and the rank of the truth among the draws.

Where the posterior is right, the rank of the truth among posterior draws is uniform, for every quantity (Cook, Gelman
and Rubin 2006; Talts et al. 2018). Four routes are put to the test:

``adaptive``   figures with gaps, importance sampling of the hyperparameters (``sampling.fit``, fast)
``reference``  the same worlds by NUTS
``structural`` regular figures, the structural member alone: the Bayesian part of the regular route
``regular``    the same worlds as a run forecasts them, with what is done after the fit (direct member, root's spread,
               tails): no posterior of any model, so that its ranks are a calibration on this prior and no test of it

Invariant: a world and its ranks depend on the seed, the kind and the number of the world alone
(held by ``tests/test_sbc.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from forecast.dims import Floats
from forecast.inference.factors import NOISE_RATIOS, Grid, factors
from forecast.inference.incomplete import series
from forecast.inference.learning import SCALE_SHAPE, Learnt, evidence
from forecast.inference.model import SHAPE_NAMES, Measurements
from forecast.inference.refine import refined
from forecast.inference.regular import common_grid, regular_family
from forecast.inference.sampling import Posterior, fit, stream
from forecast.track_record.simulated import World, gapped_world, whole_world
from forecast.track_record.uniformity import chi_square, ecdf_test, rank

__all__ = ["ENDS", "ROUTES", "Route", "Verdict", "ranks_of", "verdicts"]

type Route = Literal["adaptive", "reference", "structural", "regular"]
ROUTES: Final[tuple[Route, ...]] = ("adaptive", "structural", "regular", "reference")

DRAWS: Final = 1000
RANKED: Final = 250
"""Posterior draws of a hyperparameter that the truth is ranked among."""
LAST: Final = (3, 10)
"""Periods of the target year that are out in gapped worlds, from and up to."""
PAST: Final = 5
"""Past years of regular worlds: from four on the direct member has its share."""
POSSIBLE: Final = (np.log(0.05), np.log(10.0))
"""Log growth that is published: a world where any figure would be a fall of 95 % or a growth to tenfold is drawn again,
and one whose gaps would send it the other way. The choice looks at what is published alone: ranks stay uniform."""
TRIES: Final = 100
ENDS: Final = ("root_year_end", "child_year_end", "gap_year_end")
"""Quantities that are reported to people; the others are hyperparameters."""
SIGNIFICANCE: Final = 0.05
"""Probability that any quantity of a route fails although all are calibrated."""


def _world(route: Route, number: int, seed: int) -> tuple[World, np.random.Generator]:
    """World of a number, the same for routes that are compared; and the stream for its ranks."""
    kind = "gapped" if route in ("adaptive", "reference") else "whole"
    for attempt in range(TRIES):
        rng = stream(seed, "sbc", kind, str(number), str(attempt))
        with np.errstate(all="ignore"):  # a few worlds explode, and are not published
            world = (
                gapped_world(rng, last=int(rng.integers(3, 10))) if kind == "gapped" else whole_world(rng, past=PAST)
            )
        growth = world.measurements.log_growth
        possible = np.isfinite(growth).all() and growth.min() > POSSIBLE[0] and growth.max() < POSSIBLE[1]
        if possible and _goes(world.measurements, kind):
            return world, rng
    raise RuntimeError(f"{kind} world {number}: nothing that can be published in {TRIES} tries")


def _goes(m: Measurements, kind: str) -> bool:
    """Whether root and children both go the way that the kind of the world is to test."""
    gapped = common_grid(m, (0,), None, root=True) is None
    return gapped if kind == "gapped" else _grid(m) is not None


def _grid(m: Measurements) -> Grid | None:
    """Regular grid of root and children; None where the figures have too many gaps for one."""
    root = common_grid(m, (0,), None, root=True)
    below = tuple(range(1, len(m.units)))
    return root if root is not None and common_grid(m, below, root, root=False) == root else None


def ranks_of(route: Route, number: int, *, seed: int) -> dict[str, float]:
    """Ranks of a world's truths among its posterior draws, by quantity, in [0, 1].

    Parameters
    ----------
    number : of the world
    """
    world, rng = _world(route, number, seed)
    match route:
        case "structural":
            return _structural(world, rng)
        case "adaptive" | "regular" | "reference":
            method: Literal["fast", "nuts"] = "nuts" if route == "reference" else "fast"
            posterior = fit(world.measurements, method=method, seed=seed + number, name="sbc", draws=DRAWS)
            found = _ends(world, _year_end(world.measurements, posterior.index), rng)
            return found if route == "regular" else found | _sampled(world, posterior, rng)


def _year_end(m: Measurements, index: Floats) -> Floats:
    """Growth of the full target year (draw, unit) of indices (draw, unit, period), fraction."""
    level = m.weight[:, None, :] * np.exp(index[..., -2 * m.per_year :].reshape(*index.shape[:-1], 2, m.per_year))
    return level[..., 1, :].sum(-1) / level[..., 0, :].sum(-1) - 1


def _ends(world: World, drawn: Floats, rng: np.random.Generator) -> dict[str, float]:
    """Ranks of the root's and the first child's full-year growth, and of the gap between them."""
    truth = world.year_end()
    pairs = ((drawn[:, 0], truth[0]), (drawn[:, 1], truth[1]), (drawn[:, 1] - drawn[:, 0], truth[1] - truth[0]))
    return {name: float(rank(x, y, rng.random())) for name, (x, y) in zip(ENDS, pairs, strict=True)}


def _sampled(world: World, posterior: Posterior, rng: np.random.Generator) -> dict[str, float]:
    """Ranks of the hyperparameters of both families, and of the scales of the root and the first child."""
    out = {}
    for label, above, unit in (("root", -1, 0), ("child", 0, 1)):
        for k, name in enumerate(SHAPE_NAMES):
            out[f"{label}_{name}"] = float(rank(posterior.shape[above][:, k], world.shape[unit, k], rng.random()))
        out[f"{label}_scale"] = float(rank(posterior.scale[unit], world.scale[unit], rng.random()))
    return out


def _structural(world: World, rng: np.random.Generator) -> dict[str, float]:
    """Ranks by the structural member: ends of root and child, and hyperparameters of a child without siblings.

    Siblings' shapes share a prior that is learnt by maximum likelihood (empirical Bayes), which has no posterior to be
    ranked in; the ends are those of siblings all the same.
    """
    m, grid = world.measurements, _grid(world.measurements)
    if grid is None:
        raise ValueError("the figures have gaps")
    places = [series(m, unit, grid) for unit in range(len(m.units))]
    rounding = np.array([np.median(m.noise_sd[m.unit == unit]) for unit in range(len(m.units))])
    own = tuple(rng.spawn(len(places)))
    root = regular_family(grid, places[:1], rounding[:1], above=None, own=own[:1], draws=DRAWS)
    noise = np.hypot(rounding[1:], rounding[0])
    below = regular_family(grid, places[1:], noise, above=root.drawn[0], own=own[1:], draws=DRAWS)
    drawn = _year_end(m, np.concatenate([root.ratio, root.ratio + below.ratio], axis=1))
    gaps = np.union1d(places[0].missing, places[1].missing)
    first = (places[1].index - places[0].index)[:, None]
    known, learnt = refined(factors(grid), lambda design: evidence(design, first, noise[:1], [gaps]))
    return _ends(world, drawn, rng) | _weighted(world, learnt, known.shapes, rng)


def _weighted(world: World, learnt: Learnt, shapes: Floats, rng: np.random.Generator) -> dict[str, float]:
    """Ranks of the hyperparameters of the first child, by the weights of the points (point, 6)."""
    mass = learnt.weight[:, :, 0].ravel()
    point, ratio = np.divmod(rng.choice(len(mass), RANKED, p=mass / mass.sum()), len(NOISE_RATIOS))
    beta = learnt.prior_scale2[ratio, 0] + learnt.quadratic[point, ratio, 0] / 2
    scale = np.sqrt(beta / rng.gamma(SCALE_SHAPE + learnt.figures[0] / 2, 1.0, RANKED))
    out = {
        f"child_{name}": float(rank(shapes[point, k], world.shape[1, k], rng.random()))
        for k, name in enumerate(SHAPE_NAMES[: shapes.shape[1]])
    }
    both = float(np.hypot(*world.noise_sd[:2]))
    out["child_scale"] = float(rank(scale, world.scale[1], rng.random()))
    out["child_noise"] = float(rank(scale * NOISE_RATIOS[ratio], both, rng.random()))
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
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


def verdicts(ranks: Sequence[Mapping[str, float]]) -> list[Verdict]:
    """Verdict on every quantity of a route, from the ranks of its worlds."""
    names = list(ranks[0])
    limit = SIGNIFICANCE / (2 * len(names))
    out = []
    for name in names:
        values = np.array([one[name] for one in ranks])
        chi, ecdf = chi_square(values), ecdf_test(values)
        out.append(
            Verdict(
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
