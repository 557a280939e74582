"""Which data set a run is of, and which runs belong together.

Every data set made from a workbook is called after its year alone, so that its name tells no city from another. What
does is place, province, year and the data set's own name together: an ``Identity``. Everything that looks for "the
same data set" compares identities: kept runs, the shelf, what is newer or earlier, updates, records, links.

Invariant: runs of two cities are never taken for one another's, whatever their data sets are called
(held by ``tests/test_identity.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from forecast.data.dataset import Dataset
from forecast.data.panel import Config, Panel
from forecast.periods import AsOf
from forecast.runs.store.registry import NO_SCENARIO


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A data set through all its versions.

    dataset : its own name; place, province : Chinese names of the unit that it is about and of its province
    """

    dataset: str
    place: str
    province: str
    target_year: int

    @classmethod
    def of(cls, config: Config, panel: Panel) -> Identity:
        """Identity of a data set, of its configuration and its units."""
        names = {unit: one.name_zh for unit, one in panel.units.items()}
        return cls(
            dataset=config.name,
            place=names.get(config.city, config.city),
            province=names.get(config.province, config.province),
            target_year=config.target_year,
        )


def identity_of(dataset: Dataset) -> Identity:
    """Identity of a data set."""
    return Identity.of(dataset.config, dataset.panel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What tells one kept run from another.

    kept_at : when it was kept, UTC; bytes : of all its files; status : kept, missing, pruning
    place, province : Chinese names; target_year : of the data set; with ``dataset`` they are its identity
    """

    run_id: str
    kept_at: datetime
    dataset: str
    city: str
    as_of: str
    method: str
    seed: int
    draws: int
    data_hash: str
    scenario_hash: str
    model_version: str
    bytes: int
    checksum: str
    status: str = "kept"
    place: str = ""
    province: str = ""
    target_year: int = 0

    @classmethod
    def of(cls, manifest: Mapping[str, Any], identity: Identity | None = None) -> Header:
        """Header of a manifest of any schema up to the present one.

        identity : of a manifest that does not state it, as those before did not
        """
        names = ("run_id", "dataset", "city", "as_of", "method", "seed", "draws", "data_hash", "model_version")
        stated = stated_identity(manifest) or identity
        return cls(
            **{name: manifest[name] for name in names},
            scenario_hash=manifest.get("scenario_hash", NO_SCENARIO),
            kept_at=datetime.fromisoformat(manifest["kept_at"]),
            bytes=sum(entry["bytes"] for entry in manifest["files"].values()),
            checksum=manifest["checksum"],
            place=stated.place if stated else "",
            province=stated.province if stated else "",
            target_year=stated.target_year if stated else 0,
        )

    @property
    def identity(self) -> Identity:
        """Data set that it is of."""
        return Identity(dataset=self.dataset, place=self.place, province=self.province, target_year=self.target_year)


def stated_identity(manifest: Mapping[str, Any]) -> Identity | None:
    """Identity that a manifest states; None for one of an earlier version of the program."""
    found = manifest.get("identity")
    return Identity(**found) if isinstance(found, Mapping) else None


def identity_fields(dataset: Dataset) -> dict[str, Any]:
    """What a manifest states of the identity of its data set."""
    return asdict(identity_of(dataset))


def newer(header: Header, kept: Sequence[Header], undone: frozenset[str] = frozenset()) -> Header | None:
    """The newest run of the same data set that was kept later; None where there is none.

    undone : hashes of versions of the data that were taken back: a run of one of them follows nothing
    """
    mine = [
        one
        for one in kept
        if one.identity == header.identity and one.kept_at > header.kept_at and one.data_hash not in undone
    ]
    return max(mine, key=lambda one: one.kept_at, default=None)


def earlier(header: Header, kept: Sequence[Header], undone: frozenset[str] = frozenset()) -> Header | None:
    """The run to compare with: the newest one of the same data set, method and seed as of an earlier day; None without.

    undone : as in ``newer``
    """
    day = AsOf.parse(header.as_of).day
    same = [
        one
        for one in kept
        if (one.identity, one.method, one.seed) == (header.identity, header.method, header.seed)
        and AsOf.parse(one.as_of).day < day
        and one.data_hash not in undone
    ]
    return max(same, key=lambda one: (AsOf.parse(one.as_of).day, one.kept_at), default=None)
