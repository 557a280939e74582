"""The reference route where figures have gaps: NUTS over the hyperparameters of a family's marginal model, in PyMC.

The model is the definition of the forecast: the same prior and the same likelihood as the fast route's, with no grid
and no importance weights. It compiles once; every family of every indicator is new data in the same graph.

Invariant: on the same family both routes agree within Monte Carlo error (held by ``tests/test_reference.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import arviz as az
import numpy as np
import nutpie
import pymc as pm
import pytensor.tensor as pt

from forecast.dims import Floats
from forecast.inference.diagnostics import Diagnostics
from forecast.inference.gaps.family import Family
from forecast.inference.gaps.fast import HyperDraws
from forecast.inference.model import components, growth_process
from forecast.inference.priors import (
    AR_MAX,
    CHAINS,
    GAPS_DRAWS,
    GAPS_TUNE,
    MAX_RHAT,
    MIN_ESS,
    PAD_TO,
    SCALE_SD,
    SHAPE_CENTRE,
    SHAPE_SPREAD,
    UNIT_SCALE_SD,
)


def family_data(family: Family, slots: int) -> dict[str, Floats]:
    """Data of a family for the graph; children beyond the published ones have no figures.

    Returns
    -------
    dict of matrix (slot, n, period), error (slot, n), noise (slot, n, n), restated (slot, n), and the prior's
    components (period, period)
    """
    published = family.published
    n = max(len(child.linear.target) for child in published)
    matrix = np.zeros((slots, n, family.periods))
    error = np.zeros((slots, n))
    restated = np.zeros((slots, n))
    noise = np.tile(np.eye(n), (slots, 1, 1))
    for i, child in enumerate(published):
        m = len(child.linear.target)
        matrix[i, :m], error[i, :m], noise[i, :m, :m] = child.linear.matrix, family.error(child), child.base_noise
        restated[i, :m] = child.linear.restated
    level, slope, season, lag, drift = components(family.periods, family.per_year)
    growth = growth_process(family.periods, family.per_year) * float(not family.root)
    return {
        "matrix": matrix,
        "error": error,
        "noise": noise,
        "restated": restated,
        "level": level,
        "slope": slope,
        "season": season,
        "lag": lag,
        "drift": drift,
        "growth": growth,
        "log_scale": np.array(np.log(family.scale)),
    }


def build_model(data: dict[str, Floats]) -> pm.Model:
    """Marginal model of a family: the index integrated out.

    shape ~ N(centre, spread); common ~ N(log prior median, 1.2); child_z ~ N(0, 1); scale = exp(common + .5 child_z);
    figures of child i ~ N(mean_i, scale_i^2 (A_i K(shape) A_i' + restatement) + N_i), mean_i what the parent's mean and
    the prior mean imply.
    """
    slots = data["error"].shape[0]
    with pm.Model() as model:
        d = {name: pm.Data(name, value) for name, value in data.items()}
        z = pm.Normal("shape_z", shape=len(SHAPE_CENTRE))
        shape = pm.Deterministic("shape", SHAPE_CENTRE + SHAPE_SPREAD * z)
        common = pm.Normal("common_z")
        child = pm.Normal("child_z", shape=slots)
        log_scale = pm.Deterministic("log_child_scale", d["log_scale"] + SCALE_SD * common + UNIT_SCALE_SD * child)
        sd2 = pt.exp(2 * shape[:5])
        decay = pt.exp(d["lag"] * (np.log(AR_MAX) - pt.softplus(-shape[5])))
        kernel = sd2[0] * d["level"] + sd2[1] * d["slope"] + sd2[2] * d["season"] + sd2[3] * decay
        kernel = kernel + sd2[4] * pt.eye(d["level"].shape[0]) + d["drift"]
        kernel = kernel + pt.exp(2 * shape[6]) * d["growth"]
        restatement = pt.exp(2 * shape[7])
        log_likelihood = pt.zeros(())
        for i in range(slots):
            a = d["matrix"][i]
            scaled = a @ kernel @ a.T + restatement * pt.diag(d["restated"][i])
            factor = pt.linalg.cholesky(pt.exp(2 * log_scale[i]) * scaled + d["noise"][i])
            white = pt.linalg.solve_triangular(factor, d["error"][i], lower=True)
            log_likelihood = log_likelihood - 0.5 * (white**2).sum() - pt.log(pt.diagonal(factor)).sum()
        pm.Potential("figures", log_likelihood)
    return model


@cache
def _compiled(slots: int) -> Any:
    """The graph for families of up to ``slots`` published children; its data are replaced before every use."""
    data = {"matrix": np.zeros((slots, 1, 2)), "error": np.zeros((slots, 1)), "noise": np.ones((slots, 1, 1))}
    data["restated"] = np.zeros((slots, 1))
    data |= {name: np.eye(2) for name in ("level", "slope", "season", "lag", "drift", "growth")}
    return nutpie.compile_pymc_model(build_model(data | {"log_scale": np.array(0.0)}))


def sample_reference(
    family: Family, *, rng: np.random.Generator, seed: int, draws: int
) -> tuple[HyperDraws, Diagnostics]:
    """Posterior draws of shape and scales by NUTS, and the verdict of the diagnostics.

    Parameters
    ----------
    draws : hyperparameter draws wanted; thinned evenly from all chains
    """
    published = [i for i, child in enumerate(family.children) if child.published]
    slots = -(-len(published) // PAD_TO) * PAD_TO if len(published) > 1 else 1
    compiled = _compiled(slots).with_data(**family_data(family, slots))
    trace = nutpie.sample(
        compiled,
        draws=GAPS_DRAWS,
        tune=GAPS_TUNE,
        chains=CHAINS,
        seed=seed,
        progress_bar=False,
        cores=2,
        target_accept=0.9,
    )
    posterior = trace["posterior"]
    shape = posterior["shape"].to_numpy().reshape(CHAINS * GAPS_DRAWS, -1)
    log_scale = posterior["log_child_scale"].to_numpy().reshape(CHAINS * GAPS_DRAWS, -1)
    pick = rng.permutation(np.linspace(0, CHAINS * GAPS_DRAWS - 1, draws).round().astype(int))
    common = np.log(family.scale) + SCALE_SD * posterior["common_z"].to_numpy().reshape(-1)
    scale = np.exp(common[pick, None] + UNIT_SCALE_SD * rng.standard_normal((draws, len(family.children))))
    scale[:, published] = np.exp(log_scale[pick][:, : len(published)])
    drawn = {name: posterior[name].to_numpy() for name in ("shape_z", "common_z")}
    diagnostics = checked(drawn, trace["sample_stats"]["diverging"].to_numpy())
    return HyperDraws(
        shape=shape[pick], scale=scale, effective=min(diagnostics.ess_bulk or 0.0, float(draws))
    ), diagnostics


def checked(drawn: Mapping[str, Floats], diverging: np.ndarray) -> Diagnostics:
    """Verdict on draws (chain, draw, ...) of these variables; diverging : (chain, draw), bool."""
    summary = az.summary(az.from_dict({"posterior": dict(drawn)}), kind="diagnostics", round_to="none")
    divergences = int(diverging.sum())
    rhat, bulk, tail = (
        float(v) for v in (summary["r_hat"].max(), summary["ess_bulk"].min(), summary["ess_tail"].min())
    )
    failed = []
    if not rhat <= MAX_RHAT:
        failed.append(f"R-hat {rhat:.3f} above {MAX_RHAT}")
    if not min(bulk, tail) >= MIN_ESS:
        failed.append(f"ESS {min(bulk, tail):.0f} below {MIN_ESS:.0f}")
    if divergences > diverging.size // 100:
        failed.append(f"{divergences} divergences")
    return Diagnostics(
        method="nuts",
        status="failed: " + ", ".join(failed) if failed else "ok",
        rhat=rhat,
        ess_bulk=bulk,
        ess_tail=tail,
        divergences=divergences,
    )
