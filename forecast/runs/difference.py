"""What moved between two runs: probabilities and forecasts, and the figures, revisions and ledger entries behind it.

The facts are read off the two runs' tables, data sets and manifests; how much each of them moved a probability is
another question, and not answered here.

Invariant: two runs on the same data, fits and settings have no difference (held by ``tests/test_update.py``).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final

import pandas as pd

from forecast.data.dataset import Dataset
from forecast.data.panel import known
from forecast.data.target import YEAR_END
from forecast.errors import UsageError
from forecast.periods import AsOf
from forecast.runs.store import KeptRun, identity_of


class Cause(StrEnum):
    """What can have moved an indicator."""

    NEW_FIGURES = "new_figures"
    REVISIONS = "revisions"
    WITHDRAWN = "withdrawn"
    SETTINGS = "settings"
    FAILED = "failed"
    REFITTED = "refitted"
    LINKED = "linked"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vintage:
    """One side of a comparison.

    attainment : columns of ``attainment.csv``; fits : key of every indicator's fit
    settings : method, seed, draws, version, scenario
    """

    run_id: str
    as_of: AsOf
    dataset: Dataset
    attainment: pd.DataFrame
    fits: Mapping[str, str]
    failures: Mapping[str, str]
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureChange:
    """A figure that the later run sees and the earlier did not, or saw with another value.

    before, after : value as published; None where there was, or is, none
    """

    indicator: str
    unit: str
    period: str
    measure: str
    before: float | None
    after: float | None
    released: dt.date | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerChange:
    """An entry of a ledger that came, went or changed.

    changes : (column, before, after) as text; empty for an entry that came or went
    kind : added, removed, changed
    """

    ledger: str
    entry: str
    name_zh: str
    kind: str
    changes: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A target before and after. Growth in percent, probabilities as fractions; None where there is none.

    by_month : month of the target year that it is due in; 12 of runs that knew no other
    """

    indicator: str
    name_zh: str
    unit: str
    target_kind: str
    evidence: str
    causes: tuple[Cause, ...]
    p_reach: tuple[float | None, float | None]
    p_near: tuple[float | None, float | None]
    forecast_pct: tuple[float | None, float | None]
    benchmark_forecast_pct: tuple[float | None, float | None]
    ytd_pct: tuple[float | None, float | None]
    last_period: tuple[str | None, str | None]
    by_month: int = YEAR_END


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Everything that differs between two runs.

    settings : (name, before, after) of what was run differently
    """

    before: str
    after: str
    as_of: tuple[str, str]
    moves: tuple[Move, ...]
    figures: tuple[FigureChange, ...]
    revisions: tuple[FigureChange, ...]
    withdrawn: tuple[FigureChange, ...]
    ledger: tuple[LedgerChange, ...]
    settings: tuple[tuple[str, str, str], ...]

    @property
    def only_ledger(self) -> bool:
        """Whether nothing but ledgers changed (台账更新)."""
        other = self.figures or self.revisions or self.withdrawn or self.settings
        return bool(self.ledger) and not other and self.as_of[0] == self.as_of[1]

    @property
    def nothing(self) -> bool:
        """Whether nothing changed at all."""
        same = all(move.causes == (Cause.NOTHING,) for move in self.moves)
        return same and not (self.ledger or self.figures or self.revisions or self.withdrawn or self.settings)

    def ledger_counts(self) -> dict[str, int]:
        """Entries by what happened: restarted, started, entered_library, other."""
        counts = {"restarted": 0, "started": 0, "entered_library": 0, "other": 0}
        for change in self.ledger:
            counts[_event(change)] += 1
        return counts


def _event(change: LedgerChange) -> str:
    after = {column: new for column, _, new in change.changes}
    if change.ledger == "enterprises" and after.get("status") == "normal":
        return "restarted"
    if change.ledger == "projects" and after.get("started") == "True":
        return "started"
    if change.ledger == "projects" and after.get("in_stat_library") == "True":
        return "entered_library"
    return "other"


def vintage(kept: KeptRun, *, dataset: Dataset | None = None) -> Vintage:
    """A kept run as one side of a comparison.

    ``dataset``, where it is at hand, is taken in place of the kept copy if it holds the same.
    """
    at_hand = dataset is not None and dataset.data_hash == kept.header.data_hash
    header = kept.header
    settings = {
        "method": header.method,
        "seed": str(header.seed),
        "draws": str(header.draws),
        "model_version": header.model_version,
        "code": str(kept.manifest.get("code_hash", "")),
        "scenario": header.scenario_hash,
    }
    return Vintage(
        run_id=kept.run_id,
        as_of=kept.as_of,
        dataset=dataset if dataset is not None and at_hand else kept.dataset(),
        attainment=kept.table("attainment"),
        fits=kept.fits,
        failures=kept.failures,
        settings=settings,
    )


def check_same_place(before: Dataset, after: Dataset) -> None:
    """Two runs can be compared.

    Raises
    ------
    UsageError
        They are of different places or target years, whatever their data sets are called.
    """
    one, other = identity_of(before), identity_of(after)
    if (one.place, one.province, one.target_year) != (other.place, other.province, other.target_year):
        found = "; ".join(f"{side.place} {side.target_year}" for side in (one, other))
        raise UsageError("usage_news_other", found=found)


def compare(before: Vintage, after: Vintage) -> Moved:
    """What moved from one run to another of the same city.

    Raises
    ------
    UsageError
        The runs are of different places or target years.
    """
    check_same_place(before.dataset, after.dataset)
    figures, revisions, withdrawn = _figures(before, after)
    names = sorted(set(before.settings) & set(after.settings))
    changed = [(n, before.settings[n], after.settings[n]) for n in names if before.settings[n] != after.settings[n]]
    by_cause = {
        Cause.NEW_FIGURES: {one.indicator for one in figures},
        Cause.REVISIONS: {one.indicator for one in revisions},
        Cause.WITHDRAWN: {one.indicator for one in withdrawn},
        Cause.SETTINGS: set(after.fits) if changed else set(),
        Cause.FAILED: set(before.failures) | set(after.failures),
    }
    return Moved(
        before=before.run_id,
        after=after.run_id,
        as_of=(before.as_of.text, after.as_of.text),
        moves=tuple(_moves(before, after, by_cause)),
        figures=tuple(figures),
        revisions=tuple(revisions),
        withdrawn=tuple(withdrawn),
        ledger=tuple(_ledgers(before.dataset, after.dataset)),
        settings=tuple(changed),
    )


def _moves(before: Vintage, after: Vintage, by_cause: Mapping[Cause, set[str]]) -> Iterator[Move]:
    rows = {_key(row): row for row in before.attainment.to_dict("records")}
    for row in after.attainment.to_dict("records"):
        old = rows.get(_key(row), {})
        indicator = str(row["indicator"])
        causes = tuple(cause for cause, names in by_cause.items() if indicator in names)
        if not causes and before.fits.get(indicator) != after.fits.get(indicator):
            causes = (Cause.REFITTED,)
        if not causes and any(_pair(old, row, c)[0] != _pair(old, row, c)[1] for c in _JUDGED):
            causes = (Cause.LINKED,)  # GDP is pooled with what the industries' drivers say
        yield Move(
            indicator=indicator,
            name_zh=str(row["name_zh"]),
            unit=str(row["unit"]),
            target_kind=str(row["target_kind"]),
            evidence=str(row["evidence"]),
            causes=causes or (Cause.NOTHING,),
            p_reach=_pair(old, row, "p_reach"),
            p_near=_pair(old, row, "p_near"),
            forecast_pct=_pair(old, row, "forecast_growth_pct"),
            benchmark_forecast_pct=_pair(old, row, "benchmark_forecast_pct"),
            ytd_pct=_pair(old, row, "ytd_growth_pct"),
            last_period=(_text(old.get("last_period")), _text(row.get("last_period"))),
            by_month=_by(row),
        )


_JUDGED: Final = ("p_reach", "p_near", "forecast_growth_pct", "benchmark_forecast_pct")


def _key(row: Mapping[Any, Any]) -> tuple[str, ...]:
    return *(str(row[name]) for name in ("indicator", "unit", "target_kind")), str(_by(row))


def _by(row: Mapping[Any, Any]) -> int:
    return int(row.get("by_month", YEAR_END))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _pair(old: Mapping[Any, Any], new: Mapping[Any, Any], column: str) -> tuple[float | None, float | None]:
    return _number(old.get(column)), _number(new.get(column))


_FIGURE: Final = ("indicator", "unit", "period", "measure")


def _seen(side: Vintage) -> dict[tuple[str, ...], dict[Any, Any]]:
    rows = known(side.dataset.panel, side.as_of).to_dict("records")
    return {tuple(str(row[name]) for name in _FIGURE): row for row in rows}


def _figures(before: Vintage, after: Vintage) -> tuple[list[FigureChange], list[FigureChange], list[FigureChange]]:
    """Figures that are new, revised, and gone, as known by each side."""
    old, new = _seen(before), _seen(after)
    change = [
        FigureChange(
            **dict(zip(_FIGURE, key, strict=True)),
            before=float(old[key]["value"]) if key in old else None,
            after=float(new[key]["value"]) if key in new else None,
            released=new[key]["released"] if key in new else None,
            source=str((new.get(key) or old[key])["source"]),
        )
        for key in sorted(set(old) | set(new))
        if key not in old or key not in new or float(old[key]["value"]) != float(new[key]["value"])
    ]
    fresh = [one for one in change if one.before is None]
    gone = [one for one in change if one.after is None]
    return fresh, [one for one in change if one.before is not None and one.after is not None], gone


_LEDGERS: Final[Mapping[str, str]] = {"projects": "project", "enterprises": "enterprise", "pipeline": "enterprise"}
_PLACE: Final = frozenset({"file", "row"})


def _ledgers(before: Dataset, after: Dataset) -> Iterator[LedgerChange]:
    """Entries of ledgers that differ, ledger by ledger, in the order of the later one."""
    for ledger, key in _LEDGERS.items():
        old = _entries(getattr(before.ledger, ledger), key)
        new = _entries(getattr(after.ledger, ledger), key)
        for entry in [*new, *(name for name in old if name not in new)]:
            one = new.get(entry) or old[entry]
            about = partial(LedgerChange, ledger=ledger, entry=entry, name_zh=one["name_zh"])
            if entry not in old:
                yield about(kind="added")
            elif entry not in new:
                yield about(kind="removed")
            elif old[entry] != new[entry]:
                columns = list(dict.fromkeys([*old[entry], *new[entry]]))
                pairs = [(c, old[entry].get(c, ""), new[entry].get(c, "")) for c in columns]
                yield about(kind="changed", changes=tuple(p for p in pairs if p[1] != p[2]))


def _entries(frame: pd.DataFrame, key: str) -> dict[str, dict[str, str]]:
    """Entries of a ledger by id, every cell a text."""
    return {
        str(row[key]): {str(c): _shown(v) for c, v in row.items() if c not in _PLACE}
        for row in frame.to_dict("records")
    }


def _shown(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.12g}" if isinstance(value, float) else str(value)
