"""A kept run, opened: its tables, its draws, its data set, read when they are asked for.

Invariant: tables computed anew from the draws of a kept run are the tables that it keeps, to the printed digit
(held by ``tests/test_store.py``).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from forecast.data.dataset import Dataset, read_dataset, retargeted
from forecast.draws.gdp import GDP
from forecast.draws.joint import joint_paths
from forecast.draws.paths import IndicatorPaths, Paths
from forecast.errors import ForecastError
from forecast.periods import AsOf
from forecast.runs.store.disk import MANIFEST, StoreError, checksum, damages, read_manifest
from forecast.runs.store.draws import draws_from_bytes, order_from_bytes
from forecast.runs.store.identity import Header, Identity, identity_of, stated_identity

if TYPE_CHECKING:
    from forecast.runs.run import Request, Run


DRAWS: Final = "draws"
INPUTS: Final = "inputs"
TABLES: Final = "tables"
COUPLING_FILE: Final = "coupling.nc"
SUMMARY: Final = "run.json"
MANIFEST_SCHEMA: Final = 2
"""Version of the folder of a run. 1: without scenario_hash."""


@dataclass(frozen=True, slots=True, eq=False)
class KeptRun:
    """A run's folder: in the store, or wherever ``--out`` or an export put it.

    manifest : ``manifest.json``, checked against its own checksum
    """

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def header(self) -> Header:
        """What tells it from other runs."""
        stated = stated_identity(self.manifest) or _found_identity(self.folder, str(self.manifest["checksum"]))
        return Header.of(self.manifest, stated)

    @property
    def run_id(self) -> str:
        """Its name."""
        return str(self.manifest["run_id"])

    @property
    def summary(self) -> Mapping[str, Any]:
        """What was run, on what, with which verdict: the content of ``run.json``."""
        return dict(self.manifest["run"])

    @property
    def as_of(self) -> AsOf:
        """Its state of knowledge."""
        return AsOf.parse(self.manifest["as_of"])

    @property
    def fits(self) -> dict[str, str]:
        """Key of every indicator's fit, in official order."""
        return {name: self.manifest["fits"][name] for name in self.manifest["indicators"]}

    @property
    def failures(self) -> dict[str, str]:
        """Why an indicator has no draws although it has figures."""
        return dict(self.manifest.get("failures", {}))

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of its tables."""
        names = (Path(name) for name in self.manifest["files"])
        return tuple(sorted(name.stem for name in names if name.parent.name == TABLES))

    def _read(self, name: str) -> bytes:
        entry = self.manifest["files"].get(name)
        if entry is None:
            raise StoreError("no_such_file", place=self.folder, files=name)
        try:
            if checksum(self.folder / name) != entry["sha256"]:
                raise StoreError("damaged", place=self.folder, files=name)
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise StoreError("damaged", place=self.folder, files=name) from error

    def table(self, name: str) -> pd.DataFrame:
        """A table as it was computed, columns of its CSV file.

        Raises
        ------
        StoreError
            There is no such table, or its file is damaged.
        """
        return pd.read_parquet(io.BytesIO(self._read(f"{TABLES}/{name}.parquet")))

    def fit(self, indicator: str) -> IndicatorPaths:
        """Draws of an indicator in the order of its fit."""
        return draws_from_bytes(self._read(f"{DRAWS}/{indicator}.nc"))

    def paths(self, indicators: Iterable[str] | None = None) -> Paths:
        """Joint draws of all indicators, or of some, in official order, as the run had them."""
        wanted = set(self.fits) if indicators is None else set(indicators)
        needed = set(self.fits) if GDP in wanted else wanted  # GDP is pooled with what its industries rest on
        joint = joint_paths(
            {name: self.fit(name) for name in self.fits if name in needed},
            order_from_bytes(self._read(COUPLING_FILE)),
            dataset=self.dataset(),
            as_of=self.as_of,
            seed=self.manifest["seed"],
            method=self.manifest["method"],
        )
        return replace(joint, indicators={name: one for name, one in joint.indicators.items() if name in wanted})

    def dataset(self) -> Dataset:
        """The data set as it was when the run was made."""
        whole = read_dataset(self.folder / INPUTS)
        return retargeted(whole, unit=self.manifest.get("unit"), year=self.manifest.get("year"))

    def request(self) -> Request:
        """What was asked for; the data set is the kept copy."""
        from forecast.runs.run import Request  # brings the model, which takes a second; who only looks needs none of it

        return Request(
            dataset=self.folder / INPUTS,
            as_of=self.manifest["as_of"],
            seed=self.manifest["seed"],
            method=self.manifest["method"],
            draws=self.manifest["draws"],
            unit=self.manifest.get("unit"),
            year=self.manifest.get("year"),
        )

    def run(self) -> Run:
        """The whole run, its answers computed anew from the kept draws and data."""
        from forecast.runs.run import Fits, finish  # brings the model, as above

        order = order_from_bytes(self._read(COUPLING_FILE))
        fits = Fits(
            paths={name: self.fit(name) for name in self.fits},
            keys=self.fits,
            order=order,
            reused=frozenset(self.fits),
            failures=self.failures,
        )
        return finish(fits, dataset=self.dataset(), as_of=self.as_of, request=self.request(), run_id=self.run_id)

    def damages(self) -> tuple[str, ...]:
        """Names of its files that are missing, damaged or foreign."""
        return damages(self.folder)


@lru_cache(maxsize=1024)
def _found_identity(folder: Path, checksum: str) -> Identity:  # noqa: ARG001  the checksum is part of the key
    """Identity of a run whose manifest states none: that of its data set, or what its summary says of it."""
    kept = opened(folder)
    try:
        return identity_of(kept.dataset())
    except (ForecastError, OSError):
        said = kept.summary
        return Identity(
            dataset=str(kept.manifest["dataset"]),
            place=str(said.get("name_zh", kept.manifest["city"])),
            province=str(said.get("province", "")),
            target_year=int(said.get("target_year", kept.as_of.month.year)),
        )


def is_kept(folder: Path) -> bool:
    """Whether a folder is that of a run with its draws."""
    return (folder / MANIFEST).is_file()


def opened(folder: Path) -> KeptRun:
    """The run of a folder.

    Raises
    ------
    StoreError
        It is no run, its manifest is damaged, or a later version of the program wrote it.
    """
    return KeptRun(folder, understood(read_manifest(folder), folder))


def understood(manifest: dict[str, Any], place: Path) -> dict[str, Any]:
    """A manifest that this version of the program can read.

    Raises
    ------
    StoreError
        It is not that of a run, or of a later version.
    """
    found = manifest.get("schema_version")
    if not isinstance(found, int) or not isinstance(manifest.get("run"), dict):
        raise StoreError("not_a_run", place=place)
    if found > MANIFEST_SCHEMA:
        raise StoreError("newer", place=place, found=found, known=MANIFEST_SCHEMA)
    return manifest


def fit_of(kept: KeptRun, key: str) -> IndicatorPaths | None:
    """Draws of the fit with a key; None where the run has none or they cannot be read."""
    for name, one in kept.fits.items():
        if one == key:
            try:
                return kept.fit(name)
            except (ForecastError, ValueError, KeyError, OSError):
                return None
    return None
