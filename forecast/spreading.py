"""One increment spread over the rows that can carry it, in whole 万元.

Invariant: ledgers carry all they can before anything is left open (held by ``tests/test_breakdown.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from forecast.allocation import Group, Held, most, rounded, spread
from forecast.dims import WAN_PER_YI, Floats
from forecast.effects import World
from forecast.errors import InputError, Problem
from forecast.holds import Hold
from forecast.periods import Month, last_day
from forecast.support import Kind, Row, place_name
from forecast.tasks import Task

__all__ = ["Method", "Plan", "caps_wan"]


class Method(StrEnum):
    """What a breakdown goes by."""

    CAPACITY = "capacity"
    PROPORTIONAL = "proportional"
    EVEN = "even"
    MARGINAL = "marginal"


def caps_wan(rows: Sequence[Row]) -> Floats:
    """Most that can be added, (row, month), whole 万元."""
    caps = np.stack([row.cap for row in rows]) if rows else np.zeros((0, 0))
    return np.where(np.isinf(caps), np.inf, np.floor(caps * WAN_PER_YI + 1e-6))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """A breakdown in the making; cells are (row, month) in row-major order."""

    world: World
    total: int
    method: Method
    rows: tuple[Row, ...]
    months: tuple[Month, ...]
    holds: tuple[Hold, ...]

    @property
    def cells(self) -> Group:
        return np.arange(len(self.rows) * len(self.months)).reshape(len(self.rows), len(self.months))

    def held(self) -> tuple[Held, ...]:
        """Holds as sums of cells."""
        problems, out = [], []
        for hold in self.holds:
            members = self._members(hold.key)
            month = [self.months.index(hold.month)] if hold.month in self.months else list(range(len(self.months)))
            if hold.month is not None and hold.month not in self.months:
                shown = ", ".join(map(str, self.months))
                params = {"found": hold.name, "months": shown}
                problems.append(Problem(code="hold_month", file=hold.file, row=hold.row, params=params))
            if not len(members):
                params = {"found": hold.key}
                problems.append(Problem(code="hold_unknown", file=hold.file, row=hold.row, params=params))
            cells = self.cells[np.ix_(members, month)].ravel()
            out.append(Held(name=hold.name, cells=cells, amount=float(hold.amount_wan)))
        if problems:
            raise InputError(problems)
        return tuple(out)

    def _members(self, key: str) -> Group:
        """Rows that a hold names: by place, team, sector, project, enterprise or key."""
        if not key:
            return np.arange(len(self.rows))
        units = self.world.dataset.panel.units
        meanings = (
            lambda row: (row.key,),
            lambda row: () if row.kind is Kind.SECTOR else (row.entity, row.name_zh),
            lambda row: (row.place, place_name(row.place, units)),
            lambda row: (row.team_zh,),
            lambda row: (row.sector, row.sector_zh),
        )
        for meaning in meanings:
            found = np.flatnonzero([key in meaning(row) for row in self.rows])
            if len(found):
                return found
        return np.zeros(0, dtype=np.intp)

    def _weights(self, caps: Floats) -> Floats:
        reference = np.stack([row.reference for row in self.rows])
        chance = np.array([row.chance for row in self.rows])[:, None]
        room = np.where(np.isinf(caps), 0.0, caps)
        weights = {
            Method.CAPACITY: room,
            Method.PROPORTIONAL: reference,
            Method.EVEN: (room > 0.0).astype(np.float64),
            Method.MARGINAL: room * chance,
        }[self.method]
        without = np.isinf(caps)
        shares = np.where(without, reference, 0.0)
        least = max(float(shares.max()), 1.0) * 1e-9  # a place without a share takes what only it can take
        return np.where(without, np.maximum(shares, least), weights)

    def amounts(self, caps: Floats, held: tuple[Held, ...]) -> np.ndarray:
        """Tasks in whole 万元, (row, month); ledgers carry all they can before anything is left open."""
        cells, flat = self.cells, caps.ravel()
        supported = cells[[row.kind is not Kind.OPEN for row in self.rows]].ravel()
        carried = round(most(flat, supported, total=self.total, held=held))
        sums = (*held, Held(name="", cells=supported, amount=float(carried)))
        amounts = spread(self._weights(caps).ravel(), total=self.total, caps=flat, held=sums)
        places = np.array([row.place for row in self.rows])
        groups = [cells[places == place] for place in dict.fromkeys(places)]
        margins = [
            *cells,
            *cells.T,
            *(group.ravel() for group in groups),
            *(column for group in groups for column in group.T),
        ]
        limit = np.where(np.isinf(flat), np.iinfo(np.int64).max // 2, np.nan_to_num(flat, posinf=0.0)).astype(np.int64)
        exact = [(hold.cells, round(hold.amount)) for hold in sums]
        whole = rounded(amounts, total=self.total, held=exact, margins=margins, caps=limit)
        return whole.reshape(cells.shape)

    def tasks(self, amounts: np.ndarray, caps: Floats, held: tuple[Held, ...]) -> tuple[Task, ...]:
        """Every carrier in every month; places without anything open are left out."""
        under = {int(cell) for hold in held for cell in hold.cells}
        units = self.world.dataset.panel.units
        out = []
        for i, row in enumerate(self.rows):
            if row.kind is Kind.OPEN and not amounts[i].any():
                continue
            for k, month in enumerate(self.months):
                out.append(
                    Task(
                        key=row.key,
                        kind=row.kind,
                        entity=row.entity,
                        name_zh=row.name_zh,
                        month=month,
                        place=row.place,
                        place_zh=place_name(row.place, units),
                        team_zh=row.team_zh,
                        sector=row.sector,
                        sector_zh=row.sector_zh,
                        condition=row.condition,
                        resp_unit=row.resp_unit,
                        resp_person=row.resp_person,
                        deadline=row.deadline or last_day(month),
                        base_wan=round(float(row.base[k]) * WAN_PER_YI),
                        task_wan=int(amounts[i, k]),
                        cap_wan=None if np.isinf(caps[i, k]) else int(caps[i, k]),
                        own_wan=round(int(amounts[i, k]) * row.own_per_yi),
                        held=int(self.cells[i, k]) in under,
                        synthetic=row.synthetic,
                    )
                )
        return tuple(out)
