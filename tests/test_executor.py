"""One executor: the same outcomes wherever the work is done, failures as values."""

from __future__ import annotations

import gc
import os
import weakref
from functools import partial
from multiprocessing import get_context
from multiprocessing.synchronize import SemLock
from pathlib import Path

import numpy as np
import pytest

from forecast.executor import Done, Failed, InProcess, LocalProcesses, Part, processes_for

EXECUTORS = [InProcess(), LocalProcesses(1), LocalProcesses(3)]


def drawn(seed: int, name: str) -> np.ndarray:
    """Draws of an entity."""
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


def waits_for(flag: Path) -> str:
    """Ends once another part has set the flag."""
    with flag.open("rb") as pipe:
        return pipe.read().decode()


def sets(flag: Path) -> str:
    flag.write_bytes(b"after")
    return "before"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="waits at a pipe")
def test_outcomes_keep_the_order_of_submission_where_a_later_part_ends_first(tmp_path):
    os.mkfifo(flag := tmp_path / "flag")
    parts = [Part("first", partial(waits_for, flag)), Part("second", partial(sets, flag))]
    outcomes = LocalProcesses(2).outcomes(parts, progress=quiet)
    assert outcomes == [Done("first", "after"), Done("second", "before")]


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


class Unread:
    """A value that cannot travel back."""

    def __reduce__(self):
        raise TypeError("cannot be pickled")


FATES = {
    "well": [Part("a", where)],
    "fails": [Part("a", partial(divided, 0)), Part("b", where)],
    "cannot travel": [Part("a", lambda: 1), Part("b", where)],
    "cannot travel back": [Part("a", Unread), Part("b", where)],
    "dies": [Part("a", process_dies), Part("b", where)],
}


def semaphores() -> int:
    """Semaphores alive; asked by type, since ``isinstance`` would ask a weak proxy for what it may have lost."""
    return sum(issubclass(type(one), SemLock) for one in gc.get_objects())


@pytest.mark.parametrize("fate", FATES)
def test_nothing_of_a_pool_is_left_to_be_collected_later(fate):
    """A semaphore freed within a call to Python's resource tracker is a warning, and in a test an error."""
    gc.collect()
    gc.disable()
    try:
        before = semaphores()
        outcomes = LocalProcesses(2).outcomes(FATES[fate], progress=quiet)
        after = semaphores()
    finally:
        gc.enable()
    assert len(outcomes) == len(FATES[fate])
    assert after == before


def test_semaphores_are_counted_beside_proxies_of_what_is_gone():
    gone = Unread()
    dead = weakref.proxy(gone)
    del gone
    assert any(one is dead for one in gc.get_objects())
    before = semaphores()
    lock = get_context("spawn").Lock()
    assert semaphores() == before + 1
    del lock


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
