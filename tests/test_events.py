"""Events: found where they are and nowhere else, taken out of the scale, their stay drawn, and named."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from forecast.draws.paths import indicator_paths
from forecast.inference.diagnostics import Diagnostics, worst
from forecast.inference.model import Figures, Measurements, log_growth
from forecast.inference.priors import EVENT_QUIET, NOISE_RATIOS
from forecast.inference.regular import regular
from forecast.inference.regular.events import Events, directions, screened
from forecast.inference.regular.factors import DESIGN, Grid, contrasts, decomposed, factors, shape_kernel, whitening
from forecast.inference.regular.incomplete import NO_GAP, integrated_out
from forecast.inference.regular.learning import Places, evidence, refined
from forecast.inference.regular.regular import Behind, draw_future
from forecast.inference.sampling import fit
from forecast.periods import Frequency, default_profile
from tests.synthetic import full_year, truth

S, YEARS, LAST, CHILDREN, SCALE = 11, 7, 6, 4, 0.01
START = S * (YEARS - 1)
HAPPENED = {
    "nothing": (0, START, START, 1.0),
    "a year of -60 %": (0, START - S, START, 0.4),
    "a year of -20 %": (0, START - S, START, 0.8),
    "a winter of -30 %": (0, START - S, START - S + 3, 0.7),
    "a break of 8 %": (1, START - S + 5, S * YEARS, 0.92),
}
"""First place that it happened to, from when, until when, and what was left of the level."""


def world(seed: int, happened: str) -> tuple[Measurements, np.ndarray]:
    """A root and four children of the prior's centre, and what happened on top; full-year growth that came, (unit,)."""
    index = truth(np.random.default_rng(seed), S * YEARS, S, CHILDREN + 1, SCALE)
    place, since, until, left = HAPPENED[happened]
    index[place:, since:until] += np.log(left)
    weight = np.tile(default_profile(Frequency.MONTHLY), (CHILDREN + 1, 1))
    every, seen = np.arange(S, S * YEARS), START + LAST - S
    ones = np.ones(len(every))
    growth = [
        np.round(
            np.expm1(
                log_growth(
                    path,
                    Figures(weight=weight[0], time=every, cumulative=ones > 0, log_growth=0 * ones, noise_sd=ones),
                )
            ),
            3,
        )
        for path in index
    ]
    rows = seen * (CHILDREN + 1)
    m = Measurements(
        units=("root", *(f"child{i}" for i in range(1, CHILDREN + 1))),
        parent=(-1, *([0] * CHILDREN)),
        per_year=S,
        first_year=2014,
        years=YEARS,
        weight=weight,
        profile_sd=np.full(CHILDREN + 1, 0.02),
        scale=np.array([SCALE, *([2 * SCALE] * CHILDREN)]),
        unit=np.repeat(np.arange(CHILDREN + 1), seen),
        time=np.tile(every[:seen], CHILDREN + 1),
        cumulative=np.ones(rows, dtype=bool),
        log_growth=np.concatenate([np.log1p(one[:seen]) for one in growth]),
        noise_sd=np.full(rows, 0.001 / np.sqrt(12)),
    )
    return m, np.array([one[-1] for one in growth])


@functools.cache
def fitted(happened: str) -> tuple[np.ndarray, np.ndarray, list]:
    """Errors and spreads of year-end growth, (world, level), points: the root, and gaps; the posteriors."""
    error, spread, posteriors = [], [], []
    for seed in range(12):
        m, came = world(seed, happened)
        posterior = fit(m, method="fast", seed=seed, name="x", draws=500)
        growth = full_year(m, posterior)
        both = np.column_stack([growth[:, 0], growth[:, 1:] - growth[:, [0]]])
        error.append(100 * (np.median(both, axis=0) - np.append(came[0], came[1:] - came[0])))
        spread.append(100 * both.std(axis=0))
        posteriors.append((m, posterior))
    return np.array(error), np.array(spread), posteriors


@pytest.mark.parametrize("happened", HAPPENED)
def test_spreads_are_as_large_as_errors_after_events(happened):
    """Root: mean square of 12 errors over that of spreads; three sds of its sampling, around .75 and 1.35 squared."""
    error, spread, _ = fitted(happened)
    for level, free in ((slice(0, 1), 12), (slice(1, None), 12 * CHILDREN)):
        ratio = np.sqrt((error[:, level] ** 2).mean() / (spread[:, level] ** 2).mean())
        slack = 3 / np.sqrt(2 * free)
        assert 0.75 * (1 - slack) <= ratio <= 1.35 * (1 + slack), (happened, ratio)


def test_without_events_spreads_and_digits_are_those_of_before():
    """What happened to the root's spread before: 25 points after -60 %, 3 after -20 %; .44 without."""
    _, calm, posteriors = fitted("nothing")
    assert not any(posterior.events for _, posterior in posteriors)
    _, stirred, _ = fitted("a year of -20 %")
    assert stirred[:, 0].mean() < 2 * calm[:, 0].mean()
    _, collapsed, _ = fitted("a year of -60 %")
    assert collapsed[:, 0].mean() < 2.5 * calm[:, 0].mean() / 0.4  # growth on a base of 40 %


def test_events_are_found_where_they_are_and_named_by_unit_and_month():
    for m, posterior in fitted("a winter of -30 %")[2]:
        assert START - S in posterior.events[0]
        assert set(posterior.events[0]) <= set(range(START - S, START - S + 4))  # three pulses, or down and up again
        paths = indicator_paths(posterior, indicator="x", frequency=Frequency.MONTHLY, target_year=2020)
        assert "root 2019-02" in paths.diagnostics.breaks
        assert len(paths.diagnostics.breaks) == sum(len(times) for times in posterior.events.values())
        assert {name.split()[0] for name in paths.diagnostics.breaks} <= set(m.units)


def test_a_break_of_this_year_is_named_and_no_digit_depends_on_its_name(monkeypatch):
    monkeypatch.setitem(HAPPENED, "a break of this year", (1, START + 2, S * YEARS, 0.7))
    m, _ = world(3, "a break of this year")
    named = fit(m, method="fast", seed=3, name="x", draws=500)
    assert not named.events
    assert named.recent == dict.fromkeys(range(1, CHILDREN + 1), (START + 2,))
    paths = indicator_paths(named, indicator="x", frequency=Frequency.MONTHLY, target_year=2020)
    assert paths.diagnostics.breaks == tuple(f"child{unit} 2020-04" for unit in range(1, CHILDREN + 1))
    monkeypatch.setattr(regular, "screened", lambda known, *_: Events.none(known.grid))
    np.testing.assert_array_equal(fit(m, method="fast", seed=3, name="x", draws=500).index, named.index)


def test_breaks_travel_with_the_verdict_and_survive_a_file():
    a = Diagnostics(method="fast", status="ok", breaks=("root 2019-02",))
    b = dataclasses.replace(a, breaks=("child1 2019-03",))
    assert worst([a, b], 1).breaks == ("child1 2019-03", "root 2019-02")
    assert Diagnostics(**(dataclasses.asdict(a) | {"breaks": ["root 2019-02"]})) == a


GRID = Grid(per_year=4, years=3, known=2)


def test_directions_are_what_a_pulse_and_a_shift_of_the_index_do():
    pulse, shift, pulse_open, shift_open = directions(GRID)
    rows, white = contrasts(GRID), whitening(GRID)
    for t in range(GRID.observed):
        index = np.zeros(GRID.periods)
        index[GRID.per_year + t] = 1.0
        np.testing.assert_allclose(pulse[t], white @ (rows @ index)[: GRID.observed], atol=1e-12)
        np.testing.assert_allclose(pulse_open[t], (rows @ index)[GRID.observed :])
        index[GRID.per_year + t :] = 1.0
        np.testing.assert_allclose(shift[t], white @ (rows @ index)[: GRID.observed], atol=1e-12)
        np.testing.assert_allclose(shift_open[t], (rows @ index)[GRID.observed :])


def some_events() -> Events:
    return Events.at(GRID, [6, 10], [8.0, 20.0])


def test_the_likelihood_with_events_is_that_of_the_dense_covariance():
    known, events = decomposed(DESIGN[:2], GRID), some_events()
    x = np.random.default_rng(1).standard_normal(GRID.observed)
    rotated = known.rotated(x[:, None])[:, :, 0]
    wanted = np.ones(len(NOISE_RATIOS), dtype=bool)
    for gaps in (NO_GAP, np.array([3, 7])):
        found = integrated_out(known, rotated, gaps, wanted, events=events.figures, variance=events.variance)
        rest = np.setdiff1d(np.arange(GRID.observed), gaps)
        for p in range(2):
            kernel = shape_kernel(DESIGN[p], GRID)[: GRID.observed, : GRID.observed]
            white = whitening(GRID)
            for r in (2, 10):
                dense = white @ kernel @ white.T + NOISE_RATIOS[r] ** 2 * np.eye(GRID.observed)
                dense = dense + (events.figures.T * events.variance) @ events.figures
                dense = dense[np.ix_(rest, rest)]
                expected = -2 * multivariate_normal(np.zeros(len(rest)), dense).logpdf((white @ x)[rest])
                constant = len(rest) * np.log(2 * np.pi)
                assert found[0][p, r] + found[1][p, r] + constant == pytest.approx(expected, rel=1e-8)


def test_the_reference_has_events_in_its_density():
    """Its covariance is the fast route's with the events added, at any shape."""
    import pytensor.tensor as pt  # takes seconds to import, as PyMC does

    from forecast.inference.regular import nuts

    events = some_events()
    places = Places(
        index=np.zeros((GRID.observed, 1)),
        rounding_sd=np.array([3e-4]),
        scale=np.array([0.02]),
        missing=(NO_GAP,),
        events=((events.figures, events.variance),),
    )
    around = (np.zeros(DESIGN.shape[1]), np.eye(DESIGN.shape[1]))
    data = [
        nuts.place_data(GRID, one, 0, np.zeros(DESIGN.shape[1]), around)
        for one in (places, dataclasses.replace(places, events=()))
    ]
    constants = [{name: pt.as_tensor_variable(value) for name, value in one.items()} for one in data]
    added = [nuts._covariance(pt.as_tensor_variable(DESIGN[3]), one).eval() for one in constants]
    np.testing.assert_allclose(
        added[0] - added[1], (events.figures.T * events.variance) @ events.figures, rtol=1e-9, atol=1e-9
    )


def test_draws_with_events_have_the_mean_and_covariance_of_the_dense_conditional_normal():
    known, events, scale, ratio, draws = decomposed(DESIGN[:1], GRID), some_events(), 0.02, 6, 60000
    x = 0.1 * np.random.default_rng(2).standard_normal(GRID.observed)
    n, h = GRID.observed, GRID.open
    white = whitening(GRID)
    both = shape_kernel(DESIGN[0], GRID)
    across = np.concatenate([events.figures, events.wanted], axis=1)
    turned = np.block([[white, np.zeros((n, h))], [np.zeros((h, n)), np.eye(h)]])
    dense = turned @ both @ turned.T + (across.T * events.variance) @ across
    dense[:n, :n] += NOISE_RATIOS[ratio] ** 2 * np.eye(n)
    gain = dense[n:, :n] @ np.linalg.inv(dense[:n, :n])
    mean, left = gain @ white @ x, scale**2 * (dense[n:, n:] - gain @ dense[:n, n:])
    behind = Behind(
        known=known,
        point=np.zeros(1, dtype=int),
        ratio=np.array([ratio]),
        rotated=known.rotated(x[:, None])[:, :, 0],
        member=np.zeros(draws, dtype=int),
        scale=np.full(draws, scale),
        ahead=np.zeros((draws, h)),
    )
    wanted, moved = draw_future(behind, rng=np.random.default_rng(3), events=events)
    assert moved.shape == (draws, 0)
    sd = np.sqrt(np.diag(left))
    np.testing.assert_allclose(wanted[:, :-1].mean(0), mean, atol=4 * sd.max() / np.sqrt(draws))
    np.testing.assert_allclose(np.cov(wanted[:, :-1].T), left, atol=4 * sd.max() ** 2 * np.sqrt(2 / draws))


def test_a_shift_is_found_in_its_period_once_it_is_over_and_not_where_shifts_are_what_is_usual():
    grid = Grid(per_year=11, years=5, known=6)
    rng = np.random.default_rng(4)
    kernel = shape_kernel(DESIGN[0], grid)[: grid.observed, : grid.observed]
    x = 0.01 * np.linalg.cholesky(kernel + 1e-9 * np.eye(grid.observed)) @ rng.standard_normal(grid.observed)
    first, last = 30, grid.observed - EVENT_QUIET
    cases = {(): [], (first,): [first], (last,): [], (last - 1,): [last - 1], (10, 20, 30, 40): []}
    for shifts, times in cases.items():
        moved = x - 0.2 * sum((-1) ** k * (np.arange(grid.observed) >= at) for k, at in enumerate(shifts))
        places = Places(index=moved[:, None], rounding_sd=np.array([3e-4]), scale=np.array([0.01]), missing=(NO_GAP,))
        known, learnt = refined(factors(grid), lambda design, p=places: evidence(design, p))
        found = screened(known, learnt, 0)
        assert found.time.tolist() == times
        assert found.recent == ((last,) if last in shifts else ())
