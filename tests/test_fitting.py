"""The key of a fit: the same for the same inputs, another for any other, so that draws can be taken up again."""

from __future__ import annotations

import dataclasses
from enum import Enum

import numpy as np
import pytest

from forecast.draws import fitting
from forecast.draws.fitting import FitTask, code_hash, code_words, digest, fit_indicator, fit_key
from forecast.draws.joint import Ordering
from forecast.draws.paths import single_precision
from forecast.errors import NonFiniteError
from forecast.periods import Frequency
from tests.synthetic import measurements

ORDERING = Ordering(unit="child1", benchmark="root", period="2020-06", sign=-1, reliability=0.99, source="talk")


def task(**changes: object) -> FitTask:
    values: dict[str, object] = {
        "indicator": "ind_va",
        "frequency": Frequency.MONTHLY,
        "target_year": 2020,
        "measurements": measurements(seed=3),
        "remarks": (),
        "method": "fast",
        "seed": 1,
        "draws": 250,
    }
    return FitTask(**(values | changes))  # type: ignore[arg-type]


def test_the_same_task_has_the_same_key_and_the_same_draws():
    one, other = task(), task()
    assert fit_key(one) == fit_key(other)
    np.testing.assert_array_equal(fit_indicator(one).cum_yoy.values, fit_indicator(other).cum_yoy.values)


def test_any_other_input_has_another_key():
    base = task()
    m = base.measurements
    moved = m.log_growth.copy()
    moved[-1] += 1e-12
    others = [
        task(seed=2),
        task(draws=500),
        task(indicator="fai"),
        task(method="nuts"),
        task(target_year=2021),
        task(remarks=(ORDERING,)),
        task(remarks=(dataclasses.replace(ORDERING, sign=1),)),
        task(measurements=dataclasses.replace(m, log_growth=moved)),
        task(measurements=dataclasses.replace(m, units=("root", "other"))),
        task(measurements=dataclasses.replace(m, noise_sd=m.noise_sd * 2)),
    ]
    keys = [fit_key(one) for one in (base, *others)]
    assert len(set(keys)) == len(keys)


def test_other_code_or_libraries_have_another_key(monkeypatch):
    before = fit_key(task())
    with monkeypatch.context() as patch:
        patch.setattr(fitting, "code_hash", lambda: "other")
        assert fit_key(task()) != before
    with monkeypatch.context() as patch:
        patch.setattr(fitting, "library_versions", lambda _: {"numpy": "0"})
        assert fit_key(task()) != before
    assert fit_key(task()) == before


def test_the_hash_of_the_code_covers_every_module_of_the_model():
    names = {path.stem for path in fitting._modules_below(fitting.Path(fitting.__file__))}
    assert names >= {"fitting", "model", "family", "fast", "sampling", "nuts", "paths", "joint", "diagnostics"}
    assert not names & {"attainment", "store", "report", "run"}
    assert code_hash() == code_hash()


def test_words_about_the_code_are_no_code():
    plain = "X = 1\n\n\ndef f(a):\n    return 'a' + a  \n"
    told = plain.replace("X = 1", "X = 1  # one\n# more").replace("):\n", '):\n    """What it does."""\n')
    assert code_words(told) == code_words(plain)
    assert code_words(plain.replace("'a'", "'b'")) != code_words(plain)


class Colour(Enum):
    RED = "red"


def test_the_digest_tells_values_apart_by_type_shape_and_place():
    values: list[object] = [
        (),
        (1, 2),
        ((1,), 2),
        (1, (2,)),
        [1, 2],
        {"a": 1},
        {"a": 2},
        {"b": 1},
        1,
        1.0,
        "1",
        True,
        None,
        Colour.RED,
        "red",
        np.zeros(4),
        np.zeros((2, 2)),
        np.zeros(4, dtype=np.float32),
    ]
    assert len({digest(value) for value in values}) == len(values)
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    with pytest.raises(TypeError, match="no stable form: set"):
        digest({1, 2})


def test_draws_are_what_single_precision_holds_and_published_figures_are_exact():
    paths = fit_indicator(task())
    growth = paths.growth.values
    np.testing.assert_array_equal(growth, growth.astype(np.float32).astype(np.float64))
    known = np.isfinite(paths.published.values)
    assert known.any()
    repeated = np.broadcast_to(paths.published.values, paths.cum_yoy.shape)
    np.testing.assert_array_equal(paths.cum_yoy.values[:, known], repeated[:, known])
    assert (growth > -1).all()


def test_draws_that_nothing_can_be_said_of_are_a_failure(monkeypatch):
    good = fit_indicator(task())
    weight = good.base_weight.copy()
    weight[0, 0, :] = [1.0, *[0.0] * (weight.sizes["period"] - 1)]
    for bad, message in (
        (dataclasses.replace(good, cum_yoy=good.cum_yoy * np.nan), "ind_va.*not a finite number"),
        (dataclasses.replace(good, base_weight=weight), "ind_va.*no weight"),
    ):
        monkeypatch.setattr(fitting, "indicator_paths", lambda *_, bad=bad, **__: bad)
        with pytest.raises(NonFiniteError, match=message):
            fit_indicator(task())


def test_weights_of_a_part_of_the_year_never_come_to_all_of_it():
    """The last period may weigh next to nothing in a draw; rounding must not make the rest the whole year."""
    exact = fit_indicator(task())
    shares = np.array([[[0.2, 0.3, 0.5 - 1e-9, 1e-9], [0.1, 0.2, 0.3, 0.4], [1 / 3, 1 / 3, 1 / 3 - 1e-8, 1e-8]]])
    shape = exact.base_weight.isel(draw=[0], unit=[0, 0, 0], period=[0, 1, 2, 3]).copy(data=shares)
    rounded = single_precision(dataclasses.replace(exact, base_weight=shape)).base_weight.values
    assert (rounded[..., :3].sum(-1) < 1).all()
    np.testing.assert_allclose(rounded, shares, rtol=2e-7)
    np.testing.assert_array_equal(rounded, rounded.astype(np.float32))
