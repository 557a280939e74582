"""One executor: the same outcomes wherever the work is done, failures as values."""

from __future__ import annotations

import os
import time
from functools import partial

import numpy as np
import pytest

from forecast.executor import Done, Failed, InProcess, LocalProcesses, Part, processes_for

EXECUTORS = [InProcess(), LocalProcesses(1), LocalProcesses(3)]


def drawn(seed: int, name: str) -> np.ndarray:
    """Draws of an entity; the later parts are done first."""
    time.sleep(0.05 if name == "part0" else 0.0)
    values = np.random.default_rng([seed, *name.encode()]).standard_normal((60, 60))
    return np.linalg.inv(values @ values.T + np.eye(60))


def divided(by: int) -> float:
    return 1 / by


def process_dies() -> None:
    os._exit(3)


def where() -> int:
    return os.getpid()


def quiet(*_: object) -> None:
    return


def test_outcomes_are_bit_identical_for_any_number_of_workers_and_in_order():
    parts = [Part(f"part{i}", partial(drawn, 7, f"part{i}")) for i in range(6)]
    expected = [drawn(7, part.name) for part in parts]
    for executor in EXECUTORS:
        outcomes = executor.outcomes(parts, progress=quiet)
        assert [one.name for one in outcomes] == [part.name for part in parts]
        for one, value in zip(outcomes, expected, strict=True):
            assert isinstance(one, Done), one
            np.testing.assert_array_equal(one.value, value)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_failing_part_is_a_value_and_the_rest_goes_on(executor):
    outcomes = executor.outcomes([Part(f"1/{n}", partial(divided, n)) for n in (2, 0, 4)], progress=quiet)
    assert [one.value if isinstance(one, Done) else None for one in outcomes] == [0.5, None, 0.25]
    failed = outcomes[1]
    assert isinstance(failed, Failed)
    assert failed.reason == "ZeroDivisionError: division by zero"
    assert "divided" in failed.trace


def test_a_worker_that_dies_takes_only_its_own_part_along():
    parts = [Part("a", partial(divided, 2)), Part("dies", process_dies), Part("b", partial(divided, 4))]
    outcomes = LocalProcesses(2).outcomes(parts, progress=quiet)
    assert [type(one) for one in outcomes] == [Done, Failed, Done]


def test_a_part_that_cannot_travel_fails_with_its_reason():
    outcomes = LocalProcesses(2).outcomes([Part("a", lambda: 1), Part("b", partial(divided, 4))], progress=quiet)
    assert isinstance(outcomes[0], Failed)
    assert "pickle" in outcomes[0].reason.lower() or "lambda" in outcomes[0].reason.lower()
    assert outcomes[1] == Done("b", 0.25)


def test_processes_are_others_and_in_process_is_this_one():
    (here,) = InProcess().outcomes([Part("a", where)], progress=quiet)
    (there,) = LocalProcesses(2).outcomes([Part("a", where)], progress=quiet)
    assert here == Done("a", os.getpid())
    assert isinstance(there, Done)
    assert there.value != os.getpid()


@pytest.mark.parametrize("executor", EXECUTORS)
def test_progress_counts_every_part_and_ends(executor):
    told: list[tuple[str, int, int]] = []
    parts = [Part(f"part{i}", partial(divided, i)) for i in range(4)]
    executor.outcomes(parts, progress=lambda *one: told.append(one))
    assert told[-1] == ("", 4, 4)
    assert {name for name, _, _ in told[:-1]} == {part.name for part in parts}
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert executor.outcomes([], progress=quiet) == []


def test_processes_are_taken_only_where_the_work_outweighs_their_start():
    assert processes_for(12, seconds_each=0.4, cores=2) == InProcess()
    assert processes_for(12, seconds_each=12.0, cores=2) == LocalProcesses(2)
    assert processes_for(1, seconds_each=100.0, cores=8) == InProcess()
    assert processes_for(12, seconds_each=12.0, cores=1) == InProcess()
