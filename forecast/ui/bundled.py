"""What comes with the program: a stored run of the example, the example's data, scenarios to begin with.

Installed, these lie in the package; in a checkout the data sets and scenarios lie beside it.

Invariant: everything named here is found from an installed wheel outside the repository
(held by ``tests/test_app_data.py`` and ``tests/browser``).
"""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

from forecast.data.dataset import Dataset, read_dataset
from forecast.errors import InputError
from forecast.ui.records import FOLDER

PACKAGE: Final = Path(__file__).parents[1] / "bundled"
CHECKOUT: Final = Path(__file__).parents[2]
EXAMPLE_RUN: Final = "example.dabiao.zip"
EXAMPLE_RECORD: Final = "example-record.zip"
SCENARIOS: Final = "DABIAO_SCENARIOS"
"""Environment variable that names a further folder of scenarios."""


def example_run() -> Path | None:
    """The stored run of the example, as an exported file; None where it does not come with the program."""
    path = PACKAGE / EXAMPLE_RUN
    return path if path.is_file() else None


def unpack_example_record(home: Path) -> None:
    """Put the track record of the example into a store, where it does not have it."""
    path = PACKAGE / EXAMPLE_RECORD
    if not path.is_file():
        return
    with zipfile.ZipFile(path) as record:
        for name in record.namelist():
            target = home / FOLDER / PurePosixPath(name)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(record.read(name))


def scenario_folders() -> tuple[Path, ...]:
    """Folders with scenario files, the reader's own first."""
    named = os.environ.get(SCENARIOS)
    places = [Path(named)] if named else []
    places += [root / "scenarios" for root in (Path.cwd(), CHECKOUT, PACKAGE)]
    inner = [one for place in places for one in (place, place / "example")]
    return tuple(dict.fromkeys(one.resolve() for one in inner if one.is_dir()))


def with_regenerated(dataset: Dataset) -> Dataset:
    """The data set, pointing to the ledgers that were regenerated for it where the program has them."""
    for root in (CHECKOUT / "data", PACKAGE / "data"):
        folder = root / dataset.config.name
        if (folder / "regenerated").is_dir() and _hash(folder) == dataset.data_hash:
            return replace(dataset, config=replace(dataset.config, folder=folder))
    return dataset


@cache
def _hash(folder: Path) -> str:
    try:
        return read_dataset(folder).data_hash
    except InputError:
        return ""
