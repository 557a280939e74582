"""Write the tables of ``data/ankang-2020`` from its ``sources/`` and the seed: ``python data/build_ankang.py``.

``--check`` writes nothing and exits with 1 if a committed file differs from what would be written.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from ankang_build import FOLDER, SEED, csv_text, frames


def main() -> int:
    """Write or check every file; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write to (default: the data set)")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the synthetic ledgers")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    differs = []
    for name, frame in frames(seed=arguments.seed).items():
        path = arguments.out / f"{name}.csv"
        content = csv_text(frame).encode("utf-8")
        if not arguments.check:
            path.write_bytes(content)
        elif not path.is_file() or path.read_bytes() != content:
            differs.append(path.name)
    for name in differs:
        print(f"{name} differs from what the sources give", file=sys.stderr)
    return 1 if differs else 0


if __name__ == "__main__":
    sys.exit(main())
