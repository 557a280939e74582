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
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal

import numpy as np

from forecast.dims import Floats
from forecast.inference.gaps.ratio import Method
from forecast.inference.model import Measurements
from forecast.inference.priors import DESIGN_NAMES, SHAPE_NAMES
from forecast.inference.regular.factors import Grid, factors
from forecast.inference.regular.incomplete import series
from forecast.inference.regular.learning import evidence, refined
from forecast.inference.regular.noise import noise_draws
from forecast.inference.regular.regular import Behind, common_grid, placed, regular_family, sampled, weighed
from forecast.inference.sampling import Posterior, fit, stream
from forecast.track_record.simulated import SimulatedWorld, gapped_world, whole_world
from forecast.track_record.uniformity import chi_square, ecdf_test, rank

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
            found = _ends(world, _year_end(world.measurements, posterior.index), rng)
            return found if route == "regular" else found | _sampled(world, posterior, rng)


def _year_end(m: Measurements, index: Floats) -> Floats:
    """Growth of the full target year (draw, unit) of indices (draw, unit, period), fraction."""
    level = m.weight[:, None, :] * np.exp(index[..., -2 * m.per_year :].reshape(*index.shape[:-1], 2, m.per_year))
    return level[..., 1, :].sum(-1) / level[..., 0, :].sum(-1) - 1


def _ends(world: SimulatedWorld, drawn: Floats, rng: np.random.Generator) -> dict[str, float]:
    """Ranks of the root's and the first child's full-year growth, and of the gap between them."""
    truth = world.year_end()
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
    return _ends(world, drawn, rng) | _hyperparameters(world, behind, float(rounding[1]), rng)


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
