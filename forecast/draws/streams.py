"""How much of an action arrives: success, completion and delay, drawn.

Every entity of an action has a stream of its own, keyed by seed, action and entity; one more stream of the action makes
the fates of its entities alike to a stated correlation. Shares come from quantiles of a Beta distribution at the drawn
uniforms, so that a higher mean never lowers a draw.

Invariant: an action's draws never depend on which other actions, or which other entities, are there
(held by ``tests/test_effects.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import scipy.special

from forecast.dims import Floats

GRID: Final = 1024
"""Intervals of the table of Beta quantiles; linear in between."""
SUCCESS, SHARE, DELAY = 0, 1, 2
"""Rows of ``uniforms``."""
MOST_SPREAD: Final = 0.95
"""Widest spread of a share; at 1 it would be all or nothing."""


def generator(seed: int, *names: str) -> np.random.Generator:
    """Random stream of an entity: depends on the seed and all letters of the names, and on nothing else."""
    text = "\x1f".join((str(seed), *names))
    key = np.frombuffer(hashlib.blake2b(text.encode(), digest_size=16).digest(), dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


@lru_cache(maxsize=24)
def uniforms(seed: int, key: str, entities: tuple[str, ...], draws: int, correlation: float) -> Floats:
    """Uniform draws of success, share and delay of the entities of an action.

    Returns
    -------
    array (3, entity, draw), in (0, 1), read-only. Between entities they follow a Gaussian copula with ``correlation``.
    """
    common = generator(seed, "action", key).standard_normal((3, draws), dtype=np.float32)
    own = np.empty((3, len(entities), draws), dtype=np.float32)
    for k, entity in enumerate(entities):
        own[:, k] = generator(seed, "action", key, entity).standard_normal((3, draws), dtype=np.float32)
    own *= np.float32(np.sqrt(1.0 - correlation))
    own += np.float32(np.sqrt(correlation)) * common[:, None]
    out: Floats = scipy.special.ndtr(own)
    out.flags.writeable = False
    return out


@lru_cache(maxsize=512)
def _quantiles(mean: float, spread: float) -> Floats:
    """Quantiles of a Beta distribution at ``GRID + 1`` equal steps, its tails cut at one in a million."""
    total = 1.0 / min(spread, MOST_SPREAD) ** 2 - 1.0
    levels = np.clip(np.linspace(0.0, 1.0, GRID + 1), 1e-6, 1.0 - 1e-6)
    return np.asarray(scipy.special.betaincinv(mean * total, (1.0 - mean) * total, levels), dtype=np.float32)


def shares(uniform: Floats, mean: float | Sequence[float], spread: float) -> Floats:
    """Draws of a share with a mean and a spread.

    Parameters
    ----------
    uniform : (entity, draw)
    mean : of all entities, or of each; at 0, at 1 and above, the share is not drawn but fixed
    spread : standard deviation as a part of the widest one possible, sqrt(mean (1 - mean)); 0 fixes the share

    Returns
    -------
    array (entity, draw), non-decreasing in ``mean`` at every draw.
    """
    means = np.broadcast_to(np.asarray(mean, dtype=np.float64), uniform.shape[:1])
    out = np.empty(uniform.shape, dtype=np.float32)
    for value in np.unique(means):
        rows = means == value
        if spread == 0.0 or value <= 0.0 or value >= 1.0:
            out[rows] = value
            continue
        table = _quantiles(float(value), spread)
        place = (uniform if rows.all() else uniform[rows]) * np.float32(GRID)
        low = np.minimum(place.astype(np.int32), GRID - 1)
        out[rows] = table[low] + (place - low) * (table[1:] - table[:-1])[low]
    return out


@lru_cache(maxsize=24)
def completions(
    seed: int,
    key: str,
    entities: tuple[str, ...],
    draws: int,
    correlation: float,
    means: tuple[float, ...],
    spread: float,
) -> Floats:
    """Shares that arrive of the entities of an action, (entity, draw), read-only; see ``shares``."""
    out = shares(uniforms(seed, key, entities, draws, correlation)[SHARE], means, spread)
    out.flags.writeable = False
    return out


def delays(uniform: Floats, distribution: Sequence[float]) -> np.ndarray:
    """Drawn delay in months, (entity, draw); ``distribution`` gives the probability of 0, 1, 2 ... months."""
    edges = np.cumsum(np.asarray(distribution, dtype=np.float64))[:-1]
    return np.searchsorted(edges, uniform, side="right").astype(np.int8)
