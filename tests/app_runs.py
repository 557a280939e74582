"""Stores with kept runs that several test files of the app share; made once a process."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from forecast.report.files import answers
from forecast.runs.run import Request, Run, run
from forecast.runs.store import Store

ROOT = Path(__file__).parent.parent
DRAWS = 250


@cache
def ankang() -> tuple[Path, Run, Run]:
    """A store with Ankang as of July and as of August; the two runs, the later one last."""
    home = Path(tempfile.mkdtemp(prefix="dabiao-app-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    data = ROOT / "data" / "ankang-2020"
    made = [run(Request(dataset=data, as_of=as_of, draws=DRAWS)) for as_of in ("2020-07", "2020-08")]
    for one in made:
        Store(home).keep(one, answers(one))
    return home, made[0], made[1]
