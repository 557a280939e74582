"""A kept run, opened: its tables, its draws, its data set, read when they are asked for.

Invariant: tables computed anew from the draws of a kept run are the tables that it keeps, to the printed digit
(held by ``tests/test_store.py``).

Draws of an indicator as a netCDF file, and back.

Draws are kept as the fit gave them, in single precision, before indicators are coupled, so that a later run with the
same fit shares the file; the order in which a run couples them is kept beside it.

Invariant: what is read is what was written, bit for bit (held by ``tests/test_store.py``).

What the folder of a run holds: draws, coupling, tables, the data set as it was, and a summary.

Invariant: a kept run needs nothing outside its folder (held by ``tests/test_store.py``).
"""

from __future__ import annotations

import io
import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from forecast.data.dataset import Dataset, read_dataset, retargeted, speaking_of
from forecast.data.reading.source import ACCEPTED, CONFIG_FILE, Source
from forecast.dims import DRAW
from forecast.draws.gdp import GDP
from forecast.draws.joint import joint_paths
from forecast.draws.paths import IndicatorPaths, Paths, exact_where_published
from forecast.errors import ForecastError
from forecast.inference.diagnostics import Diagnostics
from forecast.periods import AsOf, Frequency
from forecast.runs.store.disk import FULL, MANIFEST, Staging, StoreError, checksum, damages, read_manifest, written
from forecast.runs.store.registry import Header, Identity, identity_fields, identity_of, stated_identity

if TYPE_CHECKING:
    from forecast.runs.run import Request, Run

_DRAWN: Final = ("growth", "base_weight", "cum_yoy")
_ENCODING: Final[Mapping[str, Any]] = {"zlib": True, "complevel": 1, "shuffle": True}
"""Level 4 saves one per cent more and takes longer: the last bits of a draw are noise."""


def draws_to_bytes(paths: IndicatorPaths) -> bytes:
    """A netCDF file: growth, base_weight and cum_yoy (draw, unit, period) as float32, fraction; what is published."""
    data: dict[str, xr.DataArray] = {name: getattr(paths, name).astype(np.float32) for name in _DRAWN}
    attributes = {
        "indicator": paths.indicator,
        "frequency": paths.frequency.value,
        "ess": paths.ess,
        "diagnostics": json.dumps(asdict(paths.diagnostics)),
        "units": "fraction",
    }
    dataset = xr.Dataset({**data, "published": paths.published}, attrs=attributes)
    return bytes(dataset.to_netcdf(engine="netcdf4", encoding={key: dict(_ENCODING) for key in _DRAWN}))


def draws_from_bytes(content: bytes) -> IndicatorPaths:
    """The draws of ``draws_to_bytes``."""
    dataset = xr.load_dataset(content, engine="netcdf4")
    published = dataset["published"]
    drawn = {name: dataset[name].astype(np.float64) for name in _DRAWN}
    for values in (*drawn.values(), published):
        values.attrs, values.name, values.encoding = {}, None, {}
    return IndicatorPaths(
        indicator=str(dataset.attrs["indicator"]),
        frequency=Frequency(dataset.attrs["frequency"]),
        growth=drawn["growth"],
        base_weight=drawn["base_weight"],
        cum_yoy=exact_where_published(drawn["cum_yoy"], published),
        published=published,
        ess=float(dataset.attrs["ess"]),
        diagnostics=Diagnostics(**json.loads(dataset.attrs["diagnostics"])),
    )


def order_to_bytes(order: Mapping[str, np.ndarray]) -> bytes:
    """A netCDF file: a variable an indicator, (draw,), the number of each draw in the indicator's fit."""
    data = {name: (DRAW, one.astype(np.int32)) for name, one in order.items()}
    return bytes(xr.Dataset(data).to_netcdf(engine="netcdf4", encoding={name: dict(_ENCODING) for name in data}))


def order_from_bytes(content: bytes) -> dict[str, np.ndarray]:
    """The orders of ``order_to_bytes``."""
    dataset = xr.load_dataset(content, engine="netcdf4")
    return {str(name): one.to_numpy().astype(np.intp) for name, one in dataset.data_vars.items()}


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
        asked = retargeted(whole, unit=self.manifest.get("unit"), year=self.manifest.get("year"))
        return speaking_of(asked, self.manifest.get("criterion"))

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
            criterion=self.manifest.get("criterion"),
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """What is kept of a run beside its draws and its data.

    summary : content of ``run.json``; tables : by name
    """

    summary: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]


def header_of(run: Run, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Everything of the manifest but the files."""
    from forecast.draws.fitting import code_hash, library_versions  # the model: who only looks at runs needs none of it

    config = run.dataset.config
    return {
        "schema_version": MANIFEST_SCHEMA,
        "run_id": run.run_id,
        "kept_at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "dataset": config.name,
        "city": config.city,
        "identity": identity_fields(run.dataset),
        "as_of": run.paths.as_of.text,
        "method": run.request.method,
        "seed": run.request.seed,
        "draws": run.request.draws,
        "unit": run.request.unit,
        "year": run.request.year,
        "criterion": run.request.criterion,
        "data_hash": run.dataset.data_hash,
        "scenario_hash": summary["scenario_hash"],
        "model_version": summary["model_version"],
        "code_hash": code_hash(),
        "versions": {"python": platform.python_version(), **library_versions(run.request.method)},
        "fits": dict(run.keys),
        "indicators": list(run.keys),
        "failures": dict(run.failures),
        "run": dict(summary),
    }


def fill(staged: Staging, run: Run, answers: Answers, earlier: Mapping[str, KeptRun]) -> None:
    """Write everything of a run but its manifest.

    Parameters
    ----------
    earlier : kept runs to take files from, by key of a fit, and by data set under its name
    """
    for name, one in run.fits.items():
        file = f"{DRAWS}/{name}.nc"
        holder = earlier.get(run.keys[name])
        if holder is None or not _shared(staged, file, holder, _draws_file(holder, run.keys[name])):
            staged.add(file, draws_to_bytes(one))
    staged.add(COUPLING_FILE, order_to_bytes(run.order))
    for name, frame in answers.tables.items():
        staged.add(f"{TABLES}/{name}.parquet", table_to_bytes(frame))
    before = earlier.get(run.dataset.config.name)
    for name, content in inputs_of(run.dataset):
        file = f"{INPUTS}/{name}"
        if before is None or not _same(before, file, content) or not _shared(staged, file, before, file):
            staged.add(file, content)
    staged.add(SUMMARY, summary_to_bytes(answers.summary))


def summary_to_bytes(summary: Mapping[str, Any]) -> bytes:
    """``run.json``: the same summary, the same bytes."""
    return f"{json.dumps(summary, ensure_ascii=False, indent=2, sort_keys=True)}\n".encode()


def table_to_bytes(frame: pd.DataFrame) -> bytes:
    """A Parquet file of a table."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _draws_file(holder: KeptRun, key: str) -> str:
    return next(f"{DRAWS}/{name}.nc" for name, one in holder.fits.items() if one == key)


def _same(before: KeptRun, file: str, content: bytes) -> bool:
    entry = before.manifest["files"].get(file)
    return entry is not None and entry["bytes"] == len(content) and (before.folder / file).read_bytes() == content


def _shared(staged: Staging, file: str, holder: KeptRun, theirs: str) -> bool:
    """Share a file with an earlier run; False where that one is damaged or gone."""
    try:
        staged.share(file, holder.folder / theirs, holder.manifest["files"][theirs]["sha256"])
    except (OSError, KeyError) as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        return False
    return True


def inputs_of(dataset: Dataset) -> Iterator[tuple[str, bytes]]:
    """Files of a data set, name below its folder and content, checked to be those that were read.

    Raises
    ------
    StoreError
        A file lies outside the folder, or was changed since it was read.
    """
    config = dataset.config
    book = _workbook(dataset)
    kinds: dict[str, Path] = {"workbook": book} if book else {CONFIG_FILE: config.folder / CONFIG_FILE, **config.files}
    source = Source(folder=config.folder, file="")
    named = []
    for kind, path in kinds.items():
        if not path.resolve().is_relative_to(config.folder.resolve()):
            raise StoreError("input_outside", place=path)
        with written(path):
            source.contents[kind] = path.read_bytes()
        named.append((path.resolve().relative_to(config.folder.resolve()).as_posix(), source.contents[kind]))
    if source.digest() != dataset.data_hash:
        raise StoreError("input_changed", place=config.folder)
    yield from dict(named).items()
    accepted = config.folder / ACCEPTED
    if accepted.is_file() and ACCEPTED not in dict(named):
        with written(accepted):
            yield ACCEPTED, accepted.read_bytes()


def _workbook(dataset: Dataset) -> Path | None:
    """The one workbook that a data set is, or None where it is a folder with a configuration."""
    paths = set(dataset.config.files.values())
    only = next(iter(paths)) if len(paths) == 1 else None
    return only if only is not None and not (dataset.config.folder / CONFIG_FILE).exists() else None
