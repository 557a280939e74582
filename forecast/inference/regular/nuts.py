"""The reference route on a regular grid: NUTS over the shape of one place in PyMC, scale and noise integrated out.

The model is the definition of the regular way. With z the only variables,

    z ~ N(0, I),    shape = centre + spread z,
    log p(c | shape) = log sum over noise ratios of the marginal likelihood with the scale integrated (``learning``),

``c = B x`` being the published figures of cumulative log growth less the parent's; those that were not published are
absent rows. Siblings' centre is the one that the fast route's EM finds. The sampler moves in coordinates in which the
fast route's posterior has mean zero and no correlation, which changes its pace and nothing else. Grids, places and gaps
are data of one graph, which compiles once a process.

Covariances of autoregressions between those of a fine grid are interpolated. The gradient is written out: with
``A = U diag(lam) U'``, that of a function of A's eigenvalues and of ``U' c`` is ``U M U'``.

Invariant: its log density is the fast route's at any shape, its gradient that of its density, and both routes agree on
the same figures (held by ``tests/test_regular_reference.py``).
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, Final

import numpy as np
import nutpie
import pymc as pm
import pytensor
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from forecast.dims import Floats
from forecast.inference.diagnostics import Diagnostics
from forecast.inference.gaps.nuts import checked
from forecast.inference.priors import (
    AR_MAX,
    CHAINS,
    DESIGN_CENTRE,
    DESIGN_SPREAD,
    KEPT_GRIDS,
    LEAST_EIGENVALUE,
    LOG_SCALE_SD,
    NOISE_RATIOS,
    NOISE_REACH,
    NOISE_STEP,
    REGULAR_ACCEPT,
    REGULAR_DEPTH,
    REGULAR_DRAWS,
    REGULAR_ROUNDS,
    REGULAR_TUNE,
)
from forecast.inference.regular.factors import Grid, contrast_lags, contrast_parts, lasting_offset, whitening
from forecast.inference.regular.learning import Places
from forecast.inference.regular.noise import cells, kinds

AR_FROM, AR_STEP, AR_NODES = -5.0, 0.1, 131
"""Grid of the logit of the autoregression: beyond it there is no prior mass; interpolated to six digits."""

SHAPES: Final = len(DESIGN_CENTRE)


@lru_cache(maxsize=KEPT_GRIDS)
def _covariances(grid: Grid) -> tuple[Floats, Floats, Floats]:
    """B, and covariances of B x: by the parts but autoregression, (7, T, T); by autoregressions of the grid."""
    n = grid.observed
    figures = whitening(grid)
    parts, lags = contrast_parts(grid)[0][:, :n, :n], contrast_lags(grid)[0][:, :n, :n]
    rate = AR_MAX / (1 + np.exp(-(AR_FROM + AR_STEP * np.arange(AR_NODES))))
    seen = rate[:, None] ** np.arange(grid.periods)
    regressive = np.stack([d[lags[0]] + d[lags[1]] - d[lags[2]] - d[lags[3]] for d in seen])
    return figures, figures @ parts @ figures.T, figures @ regressive @ figures.T


def place_data(grid: Grid, places: Places, place: int, pool: Floats, around: tuple[Floats, Floats]) -> dict[str, Any]:
    """Data of a place for the graph.

    Parameters
    ----------
    pool : (8,), centre of the siblings' shapes, in prior sds from that of all places; zero for a place alone
    around : mean (8,) and covariance (8, 8) of z by the fast route
    """
    figures, parts, regressive = _covariances(grid)
    rows = np.setdiff1d(np.arange(grid.observed), places.missing[place])
    events, variance = places.events_of(place)
    parts = parts.copy()
    parts[-1] += (events.T * variance) @ events
    seen = (slice(None), *np.ix_(rows, rows))
    return {
        "figures": (figures @ places.index[:, place])[rows],
        "parts": parts[seen].reshape(len(parts), -1),
        "regressive": regressive[seen].reshape(AR_NODES, -1),
        "units": contrast_parts(grid)[1],
        "lag_units": contrast_lags(grid)[1],
        "lasting": np.array(lasting_offset(grid.per_year)),
        "centre": DESIGN_CENTRE + DESIGN_SPREAD * pool,
        "spread": DESIGN_SPREAD * places.pool_spread,
        "log_median": np.array(np.log(places.scale[place])),
        "log_rounding": np.array(np.log(places.rounding_sd[place])),
        "cells": cells(len(rows)).log_mass,
        "middle": around[0],
        "stretch": np.linalg.cholesky(around[1]),
    }


def build_place_model(data: dict[str, Any]) -> pm.Model:
    """Marginal model of a place; its variable is ``raw`` (8,), of which ``z`` and ``shape`` follow."""
    with pm.Model() as model:
        d = {name: pm.Data(name, value) for name, value in data.items()}
        z = pm.Deterministic("z", d["middle"] + d["stretch"] @ pm.Flat("raw", shape=SHAPES))
        pm.Potential("prior", -0.5 * (z**2).sum())
        shape = pm.Deterministic("shape", d["centre"] + d["spread"] * z)
        pm.Potential("log_likelihood", _log_likelihood(_covariance(shape, d), d))
    return model


def _covariance(shape: Any, d: dict[str, Any]) -> Any:
    """Prior covariance of the figures for unit scale, (T, T)."""
    n = d["figures"].shape[0]
    sd2 = pt.exp(2 * shape[:7])
    lasting = pt.sigmoid(shape[7] + d["lasting"])
    decay = pt.exp(pt.arange(d["lag_units"].shape[0]) * (np.log(AR_MAX) - pt.softplus(-shape[5])))
    variance = pt.stack([sd2[0], sd2[1] * (1 - lasting), sd2[2], sd2[4], sd2[6], sd2[1] * lasting])
    unit = (variance * d["units"]).sum() + sd2[3] * (d["lag_units"] * decay).sum()
    node, weight = _between(shape[5])
    regressive = (sd2[3] * weight) @ d["regressive"][node]
    return ((variance @ d["parts"][:6] + regressive) / unit + d["parts"][6]).reshape((n, n))


def _between(logit: Any) -> tuple[Any, Any]:
    """The four nodes around a logit of the autoregression, and Lagrange's cubic weights of them."""
    place = (logit - AR_FROM) / AR_STEP
    node = pt.clip(pt.floor(place), 1, AR_NODES - 3).astype("int64")
    t = place - node
    before, at = -t * (t - 1) * (t - 2) / 6, (t + 1) * (t - 1) * (t - 2) / 2
    after, beyond = -(t + 1) * t * (t - 2) / 2, (t + 1) * t * (t - 1) / 6
    return pt.arange(-1, 3) + node, pt.stack([before, at, after, beyond])


def _log_likelihood(covariance: Any, d: dict[str, Any]) -> Any:
    """Log marginal likelihood of the figures, scale and noise integrated out, with its gradient in the covariance."""
    fixed = disconnected_grad(covariance)
    values, axes = pt.linalg.eigh(fixed, driver="evd")
    rotated = axes.T @ d["figures"]
    precision = 1 / (pt.maximum(values, LEAST_EIGENVALUE)[None, :] + (NOISE_RATIOS**2)[:, None])
    log_det, quadratic = -pt.log(precision).sum(1), precision @ rotated**2
    value = pt.logsumexp(_log_mass(quadratic, d) - 0.5 * log_det)
    by_log_det, by_quadratic = pytensor.grad(value, [log_det, quadratic])
    solved = precision * rotated
    inner = pt.diag(by_log_det @ precision) - (solved.T * by_quadratic) @ solved
    gradient = disconnected_grad(axes @ inner @ axes.T)
    return disconnected_grad(value) + (gradient * (covariance - fixed)).sum()


def _log_mass(quadratic: Any, d: dict[str, Any]) -> Any:
    """Log likelihood and prior of scale and noise, the log determinant aside, (ratio,): as in ``learning``."""
    n = d["figures"].shape[0]
    u = 0.5 * pt.log(quadratic / n)
    z = (u - d["log_median"]) / LOG_SCALE_SD
    slope = -z / LOG_SCALE_SD
    v = u + slope / (2 * n) + np.log(NOISE_RATIOS) - d["log_rounding"]
    place = pt.clip((v + NOISE_REACH) / NOISE_STEP, 0, d["cells"].shape[1] - 2)
    left = pt.floor(place).astype("int64")
    part, kind = place - left, kinds()
    log_cell = (1 - part) * d["cells"][kind, left] + part * d["cells"][kind, left + 1]
    return -0.5 * z**2 + slope**2 / (4 * n) + log_cell - n * u


@cache
def _compiled() -> Any:
    """The graph; its data are replaced before every use."""
    grid = Grid(per_year=4, years=3, known=2)
    places = Places(
        index=np.zeros((grid.observed, 1)), rounding_sd=np.ones(1), scale=np.ones(1), missing=(np.arange(0),)
    )
    around = (np.zeros(SHAPES), np.eye(SHAPES))
    return nutpie.compile_pymc_model(build_place_model(place_data(grid, places, 0, np.zeros(SHAPES), around)))


def sample_shapes(
    grid: Grid,
    places: Places,
    place: int,
    pool: Floats,
    around: tuple[Floats, Floats],
    *,
    rng: np.random.Generator,
    draws: int,
) -> tuple[Floats, Diagnostics]:
    """Posterior draws of a place's shape by NUTS, (draw, 8), thinned evenly from all chains; the verdict on them.

    Parameters
    ----------
    pool, around : as of ``place_data``
    """
    compiled = _compiled().with_data(**place_data(grid, places, place, pool, around))
    rounds = []
    for seed in rng.integers(2**31, size=REGULAR_ROUNDS).tolist():
        rounds.append(
            nutpie.sample(
                compiled,
                draws=REGULAR_DRAWS,
                tune=REGULAR_TUNE,
                chains=CHAINS,
                seed=seed,
                progress_bar=False,
                cores=2,
                target_accept=REGULAR_ACCEPT,
                maxdepth=REGULAR_DEPTH,
                save_warmup=False,
            )
        )
        z, shape = (np.concatenate([one["posterior"][name].to_numpy() for one in rounds]) for name in ("z", "shape"))
        diverging = np.concatenate([one["sample_stats"]["diverging"].to_numpy() for one in rounds])
        diagnostics = checked({"z": z}, diverging)
        if diagnostics.status == "ok":
            break
    every = shape.reshape(-1, SHAPES)
    return every[rng.permutation(np.linspace(0, len(every) - 1, draws).round().astype(int))], diagnostics
