"""Runs the checks in a temporary folder and says what became of each.

Invariant: a check that fails, however it fails, is one line and does not stop the others
(held by ``tests/test_selftest.py``).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from forecast.dims import brief
from forecast.selftest.checks import CHECKS, CheckError, Workbench


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What became of a check.

    detail : what was seen, or what was found instead
    seconds : wall time, what it made for later checks included
    """

    name: str
    passed: bool
    detail: str
    seconds: float

    __repr__ = brief


def selftest(
    *,
    progress: Callable[[Tested], None] = lambda _: None,
    checks: Mapping[str, Callable[[Workbench], str]] = CHECKS,
) -> list[Tested]:
    """Outcomes of all checks, in order. Everything is done in a temporary folder; no run is kept.

    Parameters
    ----------
    progress : called with every outcome as it comes
    """
    out = []
    with tempfile.TemporaryDirectory(prefix="dabiao-selftest-") as folder:
        bench = Workbench(folder=Path(folder))
        for name, check in checks.items():
            start = time.perf_counter()
            passed, detail = _tried(check, bench)
            out.append(Tested(name=name, passed=passed, detail=detail, seconds=time.perf_counter() - start))
            progress(out[-1])
    return out


def _tried(check: Callable[[Workbench], str], bench: Workbench) -> tuple[bool, str]:
    try:
        return True, check(bench)
    except CheckError as failed:
        return False, str(failed)
    except Exception as error:  # whatever is broken on this machine is what is looked for
        text = " ".join(str(error).split())
        return False, f"{type(error).__name__}: {text}" if text else type(error).__name__
