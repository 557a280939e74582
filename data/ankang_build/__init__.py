"""Builds the data set of Ankang 2020: published facts as observations, stated estimates, synthetic ledgers.

Invariant: the committed files of ``data/ankang-2020`` are what ``frames`` makes from ``sources/`` and a seed, byte
for byte (held by ``tests/test_data_ankang.py``).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ankang_build import bases, facts, ledgers, tables

__all__ = ["FOLDER", "SEED", "csv_text", "frames"]

FOLDER = Path(__file__).resolve().parent.parent / "ankang-2020"
"""The data set."""

SEED = 20200928
"""Seed of the committed ledgers: the day of the speech."""


def frames(folder: Path = FOLDER, seed: int = SEED) -> dict[str, pd.DataFrame]:
    """Every table of the data set as text, keyed by the name of its file without ending.

    Parameters
    ----------
    folder : folder that holds ``sources/published.csv`` and ``sources/added.csv``
    seed : seed of the synthetic ledgers; nothing else depends on it
    """
    published, added = facts.read_sources(folder / "sources")
    return {
        "units": tables.units(),
        "bases": bases.bases(),
        "indicators": tables.indicators(published),
        "observations": facts.observations(published, added),
        "targets": tables.targets(),
        "industries": tables.industries(published),
        **ledgers.generate(seed),
    }


def csv_text(frame: pd.DataFrame) -> str:
    """A table as it stands in its file: UTF-8 text, ``\\n`` at line ends, empty where nothing is known."""
    return frame.to_csv(index=False, lineterminator="\n")
