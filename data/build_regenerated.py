"""Write ``data/ankang-2020/regenerated/``: twenty other ledgers with the same published totals.

``python data/build_regenerated.py``; ``--check`` writes nothing and exits with 1 if a file differs.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from ankang_build import FOLDER, SEED, csv_text
from ankang_build.ledgers import generate

LEDGERS = 20
"""Enough for a range; each is another draw of the same totals."""


def contents() -> dict[str, bytes]:
    """Name of every file and its bytes; the same everywhere."""
    tables: dict[str, list[pd.DataFrame]] = {}
    for number in range(1, LEDGERS + 1):
        for name, frame in generate(SEED + number).items():
            frame = frame.copy()
            frame["ledger"] = str(number)
            tables.setdefault(name, []).append(frame)
    texts = {name: csv_text(pd.concat(frames, ignore_index=True)) for name, frames in tables.items()}
    return {f"{name}.csv.gz": gzip.compress(text.encode("utf-8"), mtime=0) for name, text in texts.items()}


def main() -> int:
    """Write or check every file; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    folder = FOLDER / "regenerated"
    differs = []
    for name, content in contents().items():
        path = folder / name
        if not check:
            folder.mkdir(exist_ok=True)
            path.write_bytes(content)
        elif not path.is_file() or gzip.decompress(path.read_bytes()) != gzip.decompress(content):
            differs.append(name)
    for name in differs:
        print(f"{name} differs from what the generator gives", file=sys.stderr)
    return 1 if differs else 0


if __name__ == "__main__":
    sys.exit(main())
