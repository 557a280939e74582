"""Work over several parts (indicators, origins, data sets) through one interface: in process, or in local processes.

A part is a function of nothing that can be pickled, usually a ``functools.partial`` of a function of a module. Its
random streams are keyed by what it is, never by where or when it runs. It is pickled here and travels as bytes: an
error inside a pool's own threads keeps their semaphores alive, which are then freed at any time, even within another
pool's calls to Python's resource tracker.

Invariant: outcomes come in the order of submission, are bit-identical for any number of workers, and a part that
fails is a value among them and does not stop the others (held by ``tests/test_executor.py``).
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Final, Protocol

from threadpoolctl import threadpool_limits

type Progress = Callable[[str, int, int], None]
"""Called with the name of a part, how many are done, and of how many; with "" when all are."""


@dataclass(frozen=True, slots=True)
class Part[T]:
    """One piece of work.

    name : how progress and failures call it
    work : gives the part's value
    """

    name: str
    work: Callable[[], T]


@dataclass(frozen=True, slots=True)
class Done[T]:
    """A part that gave its value."""

    name: str
    value: T


@dataclass(frozen=True, slots=True)
class Failed:
    """A part that did not.

    reason : kind and text of the error, one line; trace : where it happened, for a developer
    """

    name: str
    reason: str
    trace: str = ""


type PartOutcome[T] = Done[T] | Failed


class Executor(Protocol):
    """Runs parts. A cluster's executor implements the same method."""

    def outcomes[T](self, parts: Sequence[Part[T]], *, progress: Progress) -> list[PartOutcome[T]]:
        """Value or failure of every part, in order of submission.

        Raises
        ------
        KeyboardInterrupt
            The user stops the work; parts under way are given up.
        """
        ...


def _outcome[T](part: Part[T]) -> PartOutcome[T]:
    """Do one part, on one thread: sums must not depend on the number of threads."""
    try:
        with threadpool_limits(limits=1):
            return Done(part.name, part.work())
    except Exception as error:  # whatever it is, the other parts go on
        return Failed(part.name, _reason(error), traceback.format_exc())


def _arrived(packed: bytes) -> PartOutcome[Any]:
    """Do a part that came as bytes."""
    return _outcome(pickle.loads(packed))


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


@dataclass(frozen=True, slots=True)
class InProcess:
    """One part after the other in this process."""

    def outcomes[T](self, parts: Sequence[Part[T]], *, progress: Progress) -> list[PartOutcome[T]]:
        """See ``Executor``; progress names the part that begins."""
        out: list[PartOutcome[T]] = []
        for done, part in enumerate(parts):
            progress(part.name, done, len(parts))
            out.append(_outcome(part))
        progress("", len(parts), len(parts))
        return out


@dataclass(frozen=True, slots=True)
class LocalProcesses:
    """Parts shared by processes of this machine, started afresh (spawn), so that no state is inherited.

    workers : processes at most
    """

    workers: int

    def outcomes[T](self, parts: Sequence[Part[T]], *, progress: Progress) -> list[PartOutcome[T]]:
        """See ``Executor``; progress names the part that ended.

        A worker that dies (out of memory, killed) takes its whole pool along: the parts without an outcome are then
        done one at a time in processes of their own, so that only the part that kills its worker fails.
        """
        found: dict[int, PartOutcome[T]] = {}
        packed: dict[int, bytes] = {}
        for at, part in enumerate(parts):
            try:
                packed[at] = pickle.dumps(part)
            except Exception as error:  # whatever cannot be pickled, the other parts go on
                found[at] = Failed(part.name, _reason(error), traceback.format_exc())
        self._together(parts, packed, found, progress)
        for at in (at for at in range(len(parts)) if at not in found):
            found[at] = self._alone(parts[at].name, packed[at])
            progress(parts[at].name, len(found), len(parts))
        progress("", len(parts), len(parts))
        return [found[at] for at in range(len(parts))]

    def _together[T](
        self,
        parts: Sequence[Part[T]],
        packed: Mapping[int, bytes],
        found: dict[int, PartOutcome[T]],
        progress: Progress,
    ) -> None:
        progress(parts[0].name if parts else "", len(found), len(parts))
        if not packed:
            return
        workers = max(1, min(self.workers, len(packed)))
        with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
            futures = {pool.submit(_arrived, content): at for at, content in packed.items()}
            for future in as_completed(futures):
                name = parts[futures[future]].name
                try:
                    found[futures[future]] = future.result()
                except BrokenProcessPool:
                    continue
                except Exception as error:  # its value cannot be pickled
                    found[futures[future]] = Failed(name, _reason(error), traceback.format_exc())
                progress(name, len(found), len(parts))

    def _alone(self, name: str, packed: bytes) -> PartOutcome[Any]:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            try:
                return pool.submit(_arrived, packed).result()
            except Exception as error:  # the worker died: a killed process leaves no message of its own
                return Failed(name, _reason(error), traceback.format_exc())


START_SECONDS: Final = 3.0
"""Time until a fresh process has imported the model: what a further worker costs before it does anything."""


def processes_for(parts: int, *, seconds_each: float, cores: int | None = None) -> Executor:
    """In process where that is faster; local processes where the work outweighs their start.

    Parameters
    ----------
    seconds_each : what a part takes, roughly
    cores : of the machine; None: as the system says
    """
    workers = min(parts, cores or os.cpu_count() or 1)
    if workers < 2:
        return InProcess()
    alone = parts * seconds_each
    shared = START_SECONDS + alone / workers
    return LocalProcesses(workers) if shared < alone else InProcess()
