"""Time and memory of what users wait for, against the budgets of the design and the last kept result.

    python benchmarks/budgets.py [--nuts] [--repeat 3] [--keep]

Every case is a process of its own, measured from its start to its end, with the largest resident memory that the system
counted for it. *Cold* is a first start after installation: no bytecode, no compiled model, no kept fit, and, where the
machine lets us, no file in the system's cache. *Warm* has bytecode and compiled models but still fits everything;
*again* takes its fits up from the store. ``--keep`` saves the result below ``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"
DATASET = ROOT / "data" / "ankang-2020"
EXAMPLE = ROOT / "data" / "example"
SLOWER = 1.25
"""Ratio to the last kept result from which a time counts as a regression: above the noise of a shared machine."""
MIB = 1024.0

PYTHON = (sys.executable, "-P")
"""Without the present folder on the path: the copy of the program runs, not the one that is being edited."""

BUDGETS: Mapping[str, float] = {
    "run fast cold": 45,
    "run fast warm": 15,
    "run nuts cold": 300,
    "run nuts warm": 150,
    "help": 1,
    "open a kept run": 3,
    "update ledger only": 5,
}
"""Seconds, on two cores."""
MEMORY_MIB = 2048.0


@dataclass(frozen=True)
class Measured:
    """One case: wall seconds (median of the repeats), processor seconds, largest memory of any repeat."""

    case: str
    seconds: float
    cpu_seconds: float
    memory_mib: float
    repeats: int

    @property
    def budget(self) -> float | None:
        return BUDGETS.get(self.case)

    @property
    def over(self) -> bool:
        return self.memory_mib > MEMORY_MIB or (self.budget is not None and self.seconds > self.budget)


class Place:
    """Where a series of cases lives: its caches, its store, its copies of data and program."""

    def __init__(self, folder: Path, dataset: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        shutil.copytree(dataset, self.data)
        # the program as it is now: an edit meanwhile would change the keys of fits
        shutil.copytree(ROOT / "forecast", folder / "code" / "forecast", ignore=shutil.ignore_patterns("__pycache__"))

    def environment(self) -> dict[str, str]:
        caches = {
            "PYTHONPATH": str(self.folder / "code"),
            "PYTHONPYCACHEPREFIX": str(self.folder / "bytecode"),
            "PYTENSOR_FLAGS": f"base_compiledir={self.folder / 'pytensor'}",
            "NUMBA_CACHE_DIR": str(self.folder / "numba"),
            "DABIAO_HOME": str(self.folder / "home"),
            "LANG": "zh_CN.UTF-8",
        }
        return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | caches

    def cool(self) -> None:
        """Nothing cached any more."""
        for name in ("bytecode", "pytensor", "numba", "home"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        try:
            os.sync()
            Path("/proc/sys/vm/drop_caches").write_text("3", encoding="ascii")
        except OSError:
            pass  # only root may; the files then come from memory

    def forget(self) -> None:
        """No kept run any more."""
        shutil.rmtree(self.folder / "home", ignore_errors=True)


def timed(command: Sequence[str], place: Place) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and largest memory (MiB) of a process and those it started."""
    before = time.perf_counter()
    process = subprocess.Popen(command, env=place.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    told = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - before
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{told.decode()}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MIB


def dabiao(*arguments: str) -> list[str]:
    return [*PYTHON, "-c", "from forecast.cli import main; main()", *arguments]


def summed(case: str, runs: Sequence[tuple[float, float, float]]) -> Measured:
    seconds, cpu, memory = zip(*runs, strict=True)
    return Measured(
        case,
        round(statistics.median(seconds), 2),
        round(statistics.median(cpu), 2),
        round(max(memory), 0),
        len(runs),
    )


def main_job(place: Place, method: str, repeat: int) -> Iterator[Measured]:
    """Cold, warm, and again with kept fits."""
    command = dabiao(
        "run", str(place.data), "--as-of", "2020-08", "--method", method, "--out", str(place.folder / "out")
    )
    cold = []
    for _ in range(1 if method == "nuts" else repeat):
        place.cool()
        cold.append(timed(command, place))
    yield summed(f"run {method} cold", cold)
    warm = []
    for _ in range(1 if method == "nuts" else repeat):
        place.forget()
        warm.append(timed(command, place))
    yield summed(f"run {method} warm", warm)
    yield summed(f"run {method} again", [timed(command, place) for _ in range(repeat)])


OPEN = "from forecast.runs.store import Store; print(Store().open('latest').table('attainment'))"


def small_jobs(place: Place, repeat: int) -> Iterator[Measured]:
    """What comes after a run; the store holds one."""
    timed(dabiao("--help"), place)
    yield summed("help", [timed(dabiao("--help"), place) for _ in range(repeat)])
    command = [*PYTHON, "-c", OPEN]
    yield summed("open a kept run", [timed(command, place) for _ in range(repeat)])
    ledger = place.data / "enterprises.csv"
    texts = [ledger.read_text(encoding="utf-8-sig")]
    texts.append(texts[0].replace(",halted,", ",normal,", 3))
    runs = []
    for turn in range(repeat):
        new = place.folder / "enterprises.csv"
        new.write_text(texts[(turn + 1) % 2], encoding="utf-8")
        place_runs = place.folder / "home" / "runs"
        runs.append(timed(dabiao("update", str(place.data), str(new)), place))
        assert len(list(place_runs.iterdir())) >= 2
    yield summed("update ledger only", runs)


def by_indicators(place: Place) -> list[dict[str, float]]:
    """Time of fits by number of indicators: the cost of a further one must not grow."""
    targets = place.data / "targets.csv"
    lines = targets.read_text(encoding="utf-8-sig").splitlines()
    at = lines[0].split(",").index("indicator")
    names = list(dict.fromkeys(line.split(",")[at] for line in lines[1:]))
    out = []
    timed(dabiao("validate", str(place.data)), place)  # bytecode, which the first case would pay for
    timed([*PYTHON, "-c", "import forecast.runs.run, forecast.report.files"], place)
    for count in (2, 4, 8, len(names)):
        chosen = [line for line in lines[1:] if line.split(",")[at] in names[:count]]
        targets.write_text("\n".join([lines[0], *chosen]) + "\n", encoding="utf-8")
        place.forget()
        seconds, cpu, _ = timed(dabiao("run", str(place.data), "--out", str(place.folder / "out")), place)
        out.append({"indicators": count, "seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2)})
    return out


def machine() -> dict[str, object]:
    """What the figures were measured on; nothing that tells whose it is."""
    model = ""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else ""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    load = [round(value, 2) for value in os.getloadavg()]
    return {
        "processor": model or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "system": platform.system(),
        "load_before": load,
    }


def versions() -> dict[str, str]:
    names = ("numpy", "scipy", "pandas", "xarray", "pymc", "nutpie", "netCDF4", "pyarrow", "SQLAlchemy", "dabiao")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    return done.stdout.strip()


def last_kept(on: Mapping[str, object]) -> dict[str, object] | None:
    """Newest kept result of a machine of the same kind."""
    for path in sorted(RESULTS.glob("budgets-*.json"), reverse=True):
        kept = json.loads(path.read_text(encoding="utf-8"))
        if all(kept["machine"][key] == on[key] for key in ("processor", "cores")):
            return kept
    return None


def report(found: Sequence[Measured], last: Mapping[str, object] | None) -> bool:
    """Print every case beside its budget and its last kept time; whether all budgets hold."""
    before = {one["case"]: one["seconds"] for one in last["cases"]} if last else {}  # type: ignore[index,union-attr]
    print(f"{'case':24}{'seconds':>9}{'budget':>8}{'cpu':>8}{'MiB':>7}{'last':>8}")
    for one in found:
        earlier = before.get(one.case)
        slower = earlier is not None and one.seconds > SLOWER * earlier
        remark = " OVER BUDGET" if one.over else f" SLOWER by {one.seconds / earlier - 1:.0%}" if slower else ""
        budget, was = (("" if v is None else f"{v:g}") for v in (one.budget, earlier))
        print(f"{one.case:24}{one.seconds:9.2f}{budget:>8}{one.cpu_seconds:8.2f}{one.memory_mib:7.0f}{was:>8}{remark}")
    return not any(one.over for one in found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nuts", action="store_true", help="also the reference route: minutes")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="save the result")
    asked = parser.parse_args()
    on = machine()
    with tempfile.TemporaryDirectory() as scratch:
        place = Place(Path(scratch) / "ankang", DATASET)
        found = [*main_job(place, "fast", asked.repeat), *small_jobs(place, asked.repeat)]
        if asked.nuts:
            found += main_job(Place(Path(scratch) / "nuts", DATASET), "nuts", asked.repeat)
        linear = by_indicators(Place(Path(scratch) / "example", EXAMPLE))
    holds = report(found, last_kept(on))
    for row in linear:
        print(f"example, {row['indicators']:3.0f} indicators: {row['seconds']:6.2f} s, cpu {row['cpu_seconds']:6.2f} s")
    if asked.keep:
        now = dt.datetime.now(dt.UTC)
        result = {
            "date": now.isoformat(timespec="seconds"),
            "commit": commit(),
            "machine": on,
            "versions": versions(),
            "cases": [asdict(one) for one in found],
            "by_indicators": linear,
        }
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"budgets-{now:%Y%m%dT%H%M%S}.json"
        path.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        print(f"kept as {path.relative_to(ROOT)}")
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
