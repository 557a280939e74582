"""Writers that are killed: a program of its own, so that it can fork cheaply; prints what it found as JSON.

A writer is killed at an event of its work, never after some time, so that what is hit does not depend on how busy the
machine is. Events are calls and returns of Python and of C: every second writer kills itself at the very event; the
others tell it and go on, and are killed from outside, also within a call of the system. Every fourth writer counts
only events at which a folder of its own is unfinished, and so cannot be missed in the middle of its work.

usage: crashing_writers.py kill FOLDER TIMES SEED | race FOLDER WRITERS EACH
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from forecast.runs.store import Store
from tests.kept import made, made_files, run_id

FEW = 4
"""Runs that a writer lets be before it deletes the oldest."""
MOST_ACTS = 6.0
"""Longest life of a writer: what keeping so many runs takes in events; opening the store takes as much as one."""
AIMED_ACTS = 2.0
"""The same for writers that are killed amid their work, in events of that kind: every instant of keeping a run."""
TIME = b"!"
"""Told by a writer that is to be killed from outside."""


def write_for_ever(root: Path, first: int, acknowledge: int) -> None:
    """Keep and delete runs until killed; each finished act is told through the pipe."""
    store = Store(root)
    number = first
    while True:
        store.put(run_id(number), made(number))
        os.write(acknowledge, f"kept {run_id(number)}\n".encode())
        number += 1
        for header in store.runs()[FEW:]:
            os.write(acknowledge, f"doomed {header.run_id}\n".encode())
            store.prune([header.run_id])
            os.write(acknowledge, f"gone {header.run_id}\n".encode())


class Clock:
    """Counts the events of a program's work, those for which ``counts`` holds; at one of them does something."""

    def __init__(self, at: int, act: Any, counts: Callable[[], bool] | None = None) -> None:
        self.events = 0
        self.at = at
        self.act = act
        self.counts = counts

    def __call__(self, *_: object) -> None:
        if self.counts is not None and not self.counts():
            return
        self.events += 1
        if self.events == self.at:
            self.act()


def unfinished_of(root: Path, process: int) -> bool:
    """Whether a process has, or left, a folder in the making."""
    with os.scandir(root / "tmp") as found:
        return any(one.name.startswith(f"{process}-") for one in found)


def events_of_an_act(root: Path, counts: Callable[[], bool] | None = None) -> int:
    """Events while one run is kept."""
    clock = Clock(0, None, counts)
    store = Store(root)
    store.put(run_id(999_998), made(999_998))  # what is done only once is not counted
    sys.setprofile(clock)
    try:
        store.put(run_id(999_999), made(999_999))
    finally:
        sys.setprofile(None)
    return clock.events


def killed_once(root: Path, first: int, at: int, *, outside: bool, amid: bool) -> tuple[list[str], bool]:
    """One writer, killed at an event of its work; what it had acknowledged, and whether it left a folder unfinished.

    ``amid`` : events are those at which it has an unfinished folder
    """
    read, write = os.pipe()
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.close(told)
        end = (lambda: os.write(tell, TIME)) if outside else (lambda: os.kill(os.getpid(), signal.SIGKILL))
        mine = os.getpid()
        sys.setprofile(Clock(at, end, (lambda: unfinished_of(root, mine)) if amid else None))
        try:
            write_for_ever(root, first, write)
        except BaseException:
            sys.setprofile(None)
            os.write(write, f"error {json.dumps(traceback.format_exc())}\n".encode())
        os._exit(1)
    os.close(write)
    os.close(tell)
    with os.fdopen(told, "rb") as pipe:
        pipe.read(1)  # until the writer says so, or is gone
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(read) as pipe:
        return pipe.read().splitlines(), unfinished_of(root, child)


def faults(root: Path, kept: set[str], gone: set[str], doomed: set[str]) -> list[str]:
    """Whatever is not as it must be after a kill."""
    found = []
    before = {folder.name for folder in (root / "runs").iterdir()}
    store = Store(root)
    whole = {h.run_id for h in store.runs()}
    found += [f"damaged {name}: {files}" for name, files in store.verify().items() if files]
    found += [f"lost {name}" for name in kept - gone - doomed - whole]
    found += [f"still there {name}" for name in gone & whole]
    found += [f"not entered {name}" for name in before - whole - doomed]
    for name in whole:
        folder = store.open(name).folder
        expected = made_files(int(name.rpartition("-")[2], 16))
        found += [f"other content {name}/{f}" for f, c in expected.items() if (folder / f).read_bytes() != c]
    return found


def kill(root: Path, times: int, seed: int) -> dict[str, object]:
    """Kill writers at random events of their work and look at the store after every kill."""
    rng = random.Random(seed)
    kept: set[str] = set()
    gone: set[str] = set()
    doomed: set[str] = set()
    found: list[str] = []
    aimed = missed = unfinished = acts = 0
    here = os.getpid()
    act = events_of_an_act(root)
    Store(root).prune(h.run_id for h in Store(root).runs())
    amid_act = events_of_an_act(root, lambda: unfinished_of(root, here))
    Store(root).prune(h.run_id for h in Store(root).runs())
    for turn in range(times):
        amid = turn % 4 == 2
        at = rng.randint(1, round(AIMED_ACTS * amid_act if amid else MOST_ACTS * act))
        lines, hit = killed_once(root, 1000 * turn, at, outside=turn % 2 == 1, amid=amid)
        aimed += amid
        missed += amid and not hit
        unfinished += hit
        for line in lines:
            what, _, about = line.partition(" ")
            {"kept": kept, "gone": gone, "doomed": doomed}.get(what, set()).add(about)
            acts += what in {"kept", "gone"}
            found += [line] if what == "error" else []
        found += [f"turn {turn}: {fault}" for fault in faults(root, kept, gone, doomed)]
        for folder in (root / "tmp").iterdir():  # what a later start would clear
            os.utime(folder, (0, 0))
    return {"times": times, "acts": acts, "aimed": aimed, "missed": missed, "unfinished": unfinished, "faults": found}


def race(root: Path, writers: int, each: int) -> dict[str, object]:
    """Writers beside each other, all keeping the same runs and some of their own."""
    children = []
    for writer in range(writers):
        child = os.fork()
        if child == 0:
            try:
                store = Store(root)
                for number in range(each):
                    store.put(run_id(number), made(number))
                    store.put(run_id(1000 * (writer + 1) + number), made(1000 * (writer + 1) + number))
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    store = Store(root)
    damaged = {name: files for name, files in store.verify().items() if files}
    return {"codes": codes, "runs": len(store.runs()), "damaged": damaged}


if __name__ == "__main__":
    task, folder, first, second = sys.argv[1:]
    work = kill if task == "kill" else race
    sys.stdout.write(json.dumps(work(Path(folder), int(first), int(second))))
