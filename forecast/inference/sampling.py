"""Fit an indicator: family by family down the chain of places, then draws of every index.

The nation first; then the province given the nation's draws, the cities given the province's, and so on: draw number i
is the same world in every place, so that common movements stay common.

A family of which most is published goes the regular way (``regular``); any other the way of the marginal likelihood of
its figures (``ratio``). Either way there are two routes to the hyperparameters, fast and NUTS, and all else is the
same: the direct member gives its share of the draws of regular families (``mixture``).

Invariant: a place's draws never depend on its siblings' or children's presence, except through what siblings share:
the prior of their shapes and the coefficients of the direct member (held by ``tests/test_sampling.py``).

A draw that nothing could have been (a figure met by a correction that went astray, a scale of the far tail) is replaced
by another one of its place, which keeps to that place's figures as well, and counted: the draws are those of the
posterior without what is impossible, and no fit is lost to one of them (held by ``tests/test_cities.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from forecast.dims import Floats
from forecast.errors import NonFiniteError
from forecast.inference.chain import draw_excess, fit_direct
from forecast.inference.diagnostics import Diagnostics, worst
from forecast.inference.gaps.family import Parent, prepare
from forecast.inference.gaps.fast import Method, RatioDraws, sampled_family
from forecast.inference.model import Measurements
from forecast.inference.priors import GROWTH_SCALES, GROWTH_SEEN, LEAST_SHARE, MOST_GROWTH, MOST_REPLACED
from forecast.inference.regular.events import Restated, restated
from forecast.inference.regular.factors import Grid
from forecast.inference.regular.incomplete import Drawn, Series, series
from forecast.inference.regular.noise import shifted, tilts
from forecast.inference.regular.regular import common_grid, regular_family
from forecast.inference.volatility import Mixture, Parts, combined, mixture, parts, with_parts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posterior:
    """Joint draws of the log index of one indicator.

    index : (draw, unit, period of the last two years), log points; the last ``per_year`` are the target year
    shape : {parent index: (hyper, 7)}, scale : {unit index: (hyper,)}, of families whose hyperparameters are sampled,
        not of those whose shapes are weighted on a design
    events : {unit index: periods of the measurements' grid in which an event was found}
    recent : the same of what looks like an event and is not over; no draw depends on it
    """

    measurements: Measurements
    index: Floats
    shape: dict[int, Floats]
    scale: dict[int, Floats]
    diagnostics: Diagnostics
    events: dict[int, tuple[int, ...]] = field(default_factory=dict)
    recent: dict[int, tuple[int, ...]] = field(default_factory=dict)


def impossible(index: Floats, weight: Floats) -> np.ndarray:
    """Which draws no statistics could be, (draw,), bool: not finite, a period that vanishes, or boundless growth.

    Parameters
    ----------
    index : (draw, period), log points, whole years, of which the last two count; weight : (per_year,) base weights
    """
    with np.errstate(over="ignore", invalid="ignore"):
        last = index[:, -2 * len(weight) :].reshape(len(index), 2, -1)
        relative = np.exp(last - last.max(axis=(1, 2), keepdims=True))
        total = relative @ weight
        least = relative.min(axis=2) / total
        growth = np.abs(np.log(total[:, 1] / total[:, 0]))
        return np.asarray(~((least >= LEAST_SHARE).all(axis=1) & (growth <= np.log(MOST_GROWTH))))


def most_growth(m: Measurements) -> Floats:
    """Log growth of a year's total that a place can have, either way, (unit,): by its level, or by what it has shown.

    A child can grow as much as its parent.
    """
    out = GROWTH_SCALES * m.scale
    np.maximum.at(out, m.unit, GROWTH_SEEN * np.abs(m.log_growth))
    for unit, above in enumerate(m.parent):
        out[unit] = max(out[unit], out[above]) if above >= 0 else out[unit]
    return np.asarray(out)


def beyond(index: Floats, weight: Floats, most: float) -> np.ndarray:
    """Draws in which a year's total grows by more than it can, (draw,), bool.

    Parameters
    ----------
    index : (draw, period), log points, whole years; weight : (per_year,) base weights; most : as of ``most_growth``
    """
    with np.errstate(over="ignore", invalid="ignore"):
        years = index.reshape(len(index), -1, len(weight))
        top = years.max(axis=2)
        total = top + np.log(np.exp(years - top[:, :, None]) @ weight)
        return np.asarray(~(np.abs(np.diff(total, axis=1)) <= most).all(axis=1))


def replaced(verdict: Diagnostics, counts: Sequence[int], draws: int) -> Diagnostics:
    """The verdict on a family of whose places so many draws were replaced."""
    most = max(counts)
    if most <= MOST_REPLACED * draws or verdict.status != "ok":
        return replace(verdict, replaced=most)
    return replace(verdict, replaced=most, status=f"failed: {most} of {draws} draws of a place impossible")


def stream(seed: int, *names: str) -> np.random.Generator:
    """Random stream of an entity: depends on the seed and the names alone, never on what else is drawn."""
    key = hashlib.sha256("\x1f".join(names).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(key, dtype="<u4").tolist()])


def fit(
    measurements: Measurements,
    *,
    method: Method,
    seed: int,
    name: str,
    draws: int,
    progress: Callable[[str], None] = lambda _: None,
) -> Posterior:
    """Posterior draws of the index of all places of an indicator.

    Parameters
    ----------
    method : "fast"; "nuts" (PyMC's marginal model, the reference); "auto", fast, and the reference for every place
        or family whose effective points are too few
    name : of the indicator; keys its random streams
    draws : a multiple of ``HYPER_DRAWS``
    """
    most = most_growth(measurements)
    task = _Fit(measurements=measurements, method=method, seed=seed, name=name, draws=draws, most=most)
    made = _Progress.empty(draws, measurements)
    for group in measurements.siblings():
        family = task.family(group, made)
        for unit in family.units:
            progress(measurements.units[unit])
        task.draw(family, made)
    return made.posterior(measurements)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Siblings:
    """A family to be fitted.

    above : index of the parent, -1 for none; label : its name
    units : indices of the siblings, in the order of their ids, so that sums do not depend on the file's
    grid : their regular grid; None: their figures have gaps
    """

    above: int
    label: str
    units: tuple[int, ...]
    grid: Grid | None


@dataclass(slots=True, kw_only=True, eq=False)
class _Progress:
    """What is drawn so far: arrays (draw, unit, period) that fill up, and what families leave for their children.

    structural : by the structural member alone, on the stated base weights; index : members mixed, on drawn ones
    verdict : on every family, by its parent
    tilt : (draw, per_year) log of base weights over the stated ones, of every regular unit
    grid : of every unit; series : figures of every regular unit; drawn : the same with what was missing drawn
    events, recent : periods in which an event was found, by unit, and those in which one is suspected
    restated : what is restated of running totals, by the family's parent; None of the root
    excess : (n,) direct draws of every regular unit
    """

    structural: Floats
    index: Floats
    fitted: dict[int, RatioDraws] = field(default_factory=dict)
    verdict: dict[int, Diagnostics] = field(default_factory=dict)
    tilt: dict[int, Floats] = field(default_factory=dict)
    grid: dict[int, Grid | None] = field(default_factory=dict)
    series: dict[int, Series] = field(default_factory=dict)
    drawn: dict[int, Drawn] = field(default_factory=dict)
    events: dict[int, tuple[int, ...]] = field(default_factory=dict)
    recent: dict[int, tuple[int, ...]] = field(default_factory=dict)
    restated: dict[int, Restated | None] = field(default_factory=dict)
    excess: dict[int, Floats] = field(default_factory=dict)

    @classmethod
    def empty(cls, draws: int, m: Measurements) -> _Progress:
        shape = (draws, len(m.units), m.periods)
        return cls(structural=np.empty(shape), index=np.empty(shape))

    def posterior(self, m: Measurements) -> Posterior:
        diagnostics = worst(list(self.verdict.values()), len(m.unit))
        sampled = {above: one.hyper for above, one in self.fitted.items() if one.hyper is not None}
        units = {above: sorted(self._siblings(m, above), key=m.units.__getitem__) for above in sampled}
        return Posterior(
            measurements=m,
            index=np.ascontiguousarray(self.index[:, :, -2 * m.per_year :]),
            shape={above: hyper.shape for above, hyper in sampled.items()},
            scale={u: hyper.scale[:, i] for above, hyper in sampled.items() for i, u in enumerate(units[above])},
            diagnostics=diagnostics,
            events={unit: times for unit, times in self.events.items() if times},
            recent={unit: times for unit, times in self.recent.items() if times},
        )

    @staticmethod
    def _siblings(m: Measurements, above: int) -> list[int]:
        return [unit for unit, parent in enumerate(m.parent) if parent == above]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fit:
    """The fit of an indicator.

    most : (unit,), as of ``most_growth``
    """

    measurements: Measurements
    method: Method
    seed: int
    name: str
    draws: int
    most: Floats

    def family(self, group: tuple[int, ...], made: _Progress) -> _Siblings:
        """A family, its grid if it is regular, and the chained index of its places."""
        m, above = self.measurements, self.measurements.parent[group[0]]
        units = tuple(sorted(group, key=m.units.__getitem__))
        grid = common_grid(m, units, made.grid.get(above), root=above < 0)
        made.grid.update(dict.fromkeys(units, grid))
        if grid is not None:
            made.series.update({unit: series(m, unit, grid) for unit in units})
            made.restated[above] = self._restated(units, made.series.get(above), grid, made)
        return _Siblings(above=above, label="root" if above < 0 else m.units[above], units=units, grid=grid)

    def _restated(self, units: Sequence[int], above: Series | None, grid: Grid, made: _Progress) -> Restated | None:
        """What siblings' figures say of totals that are restated within the year; None for the root.

        A jump of all places together is a shock, not a restatement.
        """
        if above is None:
            return None
        mine = [made.series[unit] for unit in units]
        beside = above.log_growth[: grid.observed]
        growth = [one.log_growth[: grid.observed] - beside for one in mine]
        return restated(growth, [np.union1d(one.missing, above.missing) for one in mine], grid)

    def draw(self, family: _Siblings, made: _Progress) -> None:
        """All draws of a family. ``auto`` takes the reference where the fast route breaks down or replaces too many."""
        try:
            verdict = self._members(family, made, self.method)
        except (np.linalg.LinAlgError, FloatingPointError):
            if self.method != "auto":
                raise
            verdict = self._members(family, made, "nuts")
        if self.method == "auto" and verdict.replaced > MOST_REPLACED * self.draws and verdict.rhat is None:
            verdict = self._members(family, made, "nuts")
        made.verdict[family.above] = verdict

    def _members(self, family: _Siblings, made: _Progress, method: Method) -> Diagnostics:
        """Structural and direct draws of a family, those that nothing could have been replaced; the verdict on them."""
        structural = self.structural(family, made, method)
        made.fitted[family.above] = structural
        made.drawn.update(zip(family.units, structural.drawn, strict=False))
        made.events.update(zip(family.units, structural.events, strict=False))
        made.recent.update(zip(family.units, structural.recent, strict=False))
        made.structural[:, family.units] = structural.ratio
        if family.above >= 0:
            above = made.index if family.grid is None else made.structural
            made.structural[:, family.units] += above[:, [family.above]]
        made.index[:, family.units] = made.structural[:, family.units]
        if family.grid is not None:
            self.weigh(family, family.grid, made)
            if family.grid.open:
                self.mix(family, family.grid, made)
        return replaced(structural.diagnostics, [self._mend(family, unit, made) for unit in family.units], self.draws)

    def _mend(self, family: _Siblings, unit: int, made: _Progress) -> int:
        """Replace draws of a place that nothing could have been by others of the same place; how many went astray.

        The others are those whose parent grows alike: what a place does beside its parent stays with it.
        """
        m = self.measurements
        bad = impossible(made.index[:, unit], m.weight[unit])
        if bad.mean() > 0.5:  # what is published is itself of that kind
            bad = ~np.isfinite(made.index[:, unit]).all(axis=1)
        if bad.all():
            raise NonFiniteError(f"{self.name}, {m.units[unit]}: no draw is finite")
        astray = int(bad.sum())
        if family.grid is None:  # where figures are regular they know the scale
            far = bad | beyond(made.index[:, unit], m.weight[unit], self.most[unit])
            bad = bad if far.mean() > 0.5 else far
        if bad.any():
            rng = stream(self.seed, self.name, family.label, m.units[unit], "replaced")
            other = self._alike(family, made, bad, rng)
            for paths in (made.index, made.structural):
                paths[bad, unit] = paths[other, unit]
        return astray

    def _alike(self, family: _Siblings, made: _Progress, bad: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draws in the place of bad ones, each the next good one in the order of the parent's growth, (bad,)."""
        good = rng.permutation(np.flatnonzero(~bad))
        if family.above < 0:
            return np.asarray(rng.choice(good, int(bad.sum())))
        m, s = self.measurements, self.measurements.per_year
        level = np.exp(made.index[:, family.above, -2 * s :].reshape(-1, 2, s)) @ m.weight[family.above]
        growth = level[:, 1] / level[:, 0]
        good = good[np.argsort(growth[good], kind="stable")]
        place = np.searchsorted(growth[good], growth[bad])
        return np.asarray(good[np.minimum(place + rng.integers(-1, 2, len(place)), len(good) - 1).clip(min=0)])

    def structural(self, family: _Siblings, made: _Progress, method: Method) -> RatioDraws:
        """Draws of the siblings' ratios by the structural member."""
        m, above = self.measurements, family.above
        own = tuple(stream(self.seed, self.name, family.label, m.units[unit]) for unit in family.units)
        if family.grid is not None:
            siblings = [made.series[unit] for unit in family.units]
            parent_drawn = made.drawn[above] if above >= 0 else None
            scale = m.scale[list(family.units)]
            stirred = stream(self.seed, self.name, family.label, "volatility")
            return regular_family(
                family.grid,
                siblings,
                m.usual_rounding(family.units),
                scale,
                above=parent_drawn,
                own=own,
                common=stirred.standard_normal((self.draws, family.grid.open)),
                method=method,
            )
        source = made.index if family.grid is None else made.structural
        parent = Parent.none(self.draws, m.periods) if above < 0 else Parent.of(source[:, above])
        prepared = prepare(m, family.units, parent, root=above < 0)
        rng = stream(self.seed, self.name, family.label)
        return sampled_family(prepared, m, method=method, seed=self.seed, rng=rng, own=own)

    def weigh(self, family: _Siblings, grid: Grid, made: _Progress) -> None:
        """Index of a regular family on base weights as uncertain as where they come from."""
        m = self.measurements
        for unit in family.units:
            rng = stream(self.seed, self.name, family.label, m.units[unit], "weights")
            above = (made.tilt[family.above], float(m.profile_sd[family.above])) if family.above >= 0 else None
            made.tilt[unit] = tilts(float(m.profile_sd[unit]), above, self.draws, m.per_year, rng)
            made.index[:, unit] += shifted(made.structural[:, unit], made.tilt[unit], made.drawn[unit], grid)

    def mix(self, family: _Siblings, grid: Grid, made: _Progress) -> None:
        """Index of a regular family with the direct member's share of the draws."""
        m = self.measurements
        shared = mixture(grid, self.draws, stream(self.seed, self.name, "mixture"))
        self._direct(family, grid, made, shared)
        still = made.restated[family.above]
        for i, unit in enumerate(family.units):
            paths, weight = made.index[:, unit], m.weight[unit]
            found = parts(paths, weight, grid)
            to_date, figures = found.to_date.copy(), made.series[unit]
            if grid.known and grid.observed - 1 not in figures.missing:
                to_date[shared.direct] = figures.log_growth[-1] + self._corrected(made.drawn[unit])[shared.direct]
            rest = combined(found.rest, to_date[shared.direct] + made.excess[unit], shared)
            rng = stream(self.seed, self.name, family.label, m.units[unit], "restated")
            moved = 0.0 if still is None else still.draw(i, grid, self.draws, rng)
            made.index[:, unit] = with_parts(paths, weight, grid, Parts(to_date=to_date + moved, rest=rest + moved))

    def _corrected(self, place: Drawn) -> Floats:
        """What a place's last figure is still corrected by in every draw, (draw,), log points."""
        last = place.series.loose == len(place.series.log_growth) - 1
        return place.moved[:, last].sum(axis=1) if last.any() else np.zeros(self.draws)

    def _direct(self, family: _Siblings, grid: Grid, made: _Progress, shared: Mixture) -> None:
        """Direct draws of every sibling; none where the member cannot be used.

        A place with an event has none of its own: past years that come back would bring the event back.
        """
        m = self.measurements
        if not len(shared.direct):
            made.excess.update({unit: np.zeros(0) for unit in family.units})
            return
        direct = fit_direct(self._ratios(family, made), m.weight[list(family.units)].T, grid)
        for i, unit in enumerate(family.units):
            rng = stream(self.seed, self.name, family.label, m.units[unit], "direct")
            if made.events.get(unit):
                structural = parts(made.index[shared.direct, unit], m.weight[unit], grid)
                made.excess[unit] = structural.rest - structural.to_date
                continue
            above = made.excess[family.above] if family.above >= 0 else 0.0
            made.excess[unit] = above + draw_excess(direct, i, shared.worlds, rng)

    def _ratios(self, family: _Siblings, made: _Progress) -> Floats:
        """Chained index of the siblings less the parent's, (T, sibling)."""
        index = np.stack([made.series[unit].index for unit in family.units], axis=1)
        return index if family.above < 0 else index - made.series[family.above].index[:, None]
