"""Writers that are killed: a program of its own, so that it can fork cheaply; prints what it found as JSON.

usage: crashing_writers.py kill FOLDER TIMES SEED | race FOLDER WRITERS EACH
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

from forecast.runs.store import Store
from tests.kept import made, made_files, run_id

FEW = 4
"""Runs that a writer lets be before it deletes the oldest."""


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


def killed_once(root: Path, first: int, after: float) -> list[str]:
    """One writer, killed after some time; what it had acknowledged."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            write_for_ever(root, first, write)
        except BaseException:
            os.write(write, f"error {json.dumps(traceback.format_exc())}\n".encode())
        os._exit(1)
    os.close(write)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(read) as pipe:
        return pipe.read().splitlines()


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
    """Kill writers at random times and look at the store after every kill."""
    rng = random.Random(seed)
    kept: set[str] = set()
    gone: set[str] = set()
    doomed: set[str] = set()
    found: list[str] = []
    unfinished = acts = 0
    Store(root)
    for turn in range(times):
        for line in killed_once(root, 1000 * turn, rng.uniform(0.002, 0.09)):
            what, _, about = line.partition(" ")
            {"kept": kept, "gone": gone, "doomed": doomed}.get(what, set()).add(about)
            acts += what in {"kept", "gone"}
            found += [line] if what == "error" else []
        unfinished += any((root / "tmp").iterdir())
        found += [f"turn {turn}: {fault}" for fault in faults(root, kept, gone, doomed)]
        for folder in (root / "tmp").iterdir():  # what a later start would clear
            os.utime(folder, (0, 0))
    return {"times": times, "acts": acts, "unfinished": unfinished, "faults": found}


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
    act = kill if task == "kill" else race
    sys.stdout.write(json.dumps(act(Path(folder), int(first), int(second))))
