"""The balance of 五上 units: at the start of the year, entered, left, by sector and month; and what can still be filed.

Notes
-----
``stock_t = stock_(t-1) + entered - left``. A unit that enters through the monthly channel counts this year; one of the
annual review reports from next February and adds nothing to this year (DOMAIN.md §3.4).

Invariant: every balance closes, and a unit of the annual review is never counted in this year's stock
(held by ``tests/test_stock.py``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from forecast.data.dataset import Dataset
from forecast.dims import brief
from forecast.growth import EntryChannel
from forecast.periods import AsOf, Month

ALL: Final = ""
"""Sector of the sum over sectors."""
_ENTERED, _LEFT = "entered", ("left", "exited")


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One sector in one month; ``month`` None: the whole year.

    opening : at the start, None where the data set does not say
    entered, left : known by the day of knowledge, None where the ledger keeps no such record
    preparing : filings that would report from this month on
    at_risk : expected exits among those that entered by then, from the ledger's ``exit_risk``; only for the year
    closing : opening + entered - left; expected : closing + all preparing so far, None where opening is not told
    """

    sector: str
    sector_zh: str
    month: Month | None
    opening: int | None
    entered: int | None
    left: int | None
    preparing: int
    at_risk: float | None
    closing: int | None
    expected: int | None

    @property
    def net(self) -> int | None:
        """Entered minus left."""
        return None if self.entered is None or self.left is None else self.entered - self.left


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingWindow:
    """Units that can still be filed by one day, through one channel.

    first_report : month from which they report; counts_this_year : whether anything of it is in this year's growth
    monthly_output_yi : expected of all of them, 亿元 a month; sectors : units by sector, Chinese names
    """

    deadline: dt.date
    channel: str
    first_report: Month
    counts_this_year: bool
    units: int
    monthly_output_yi: float
    days_left: int
    sectors: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Balances by sector and month (sectors first, then their sum), and the windows that are left."""

    balances: tuple[Balance, ...]
    windows: tuple[FilingWindow, ...]
    synthetic: bool

    __repr__ = brief

    def year(self, sector: str = ALL) -> Balance | None:
        """Balance of the whole year, of a sector or of all."""
        return next((b for b in self.balances if b.sector == sector and b.month is None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    sector: str
    sector_zh: str
    status: str
    monthly: bool
    report: Month | None
    left: Month | None
    filing: dt.date | None
    output_yi: float
    risk: float


def stock(dataset: Dataset, as_of: AsOf) -> Stock:
    """Balance of the pipeline of a data set at a state of knowledge; empty tables without one."""
    frame, year = dataset.ledger.pipeline, dataset.config.target_year
    units = tuple(_units(frame))
    names = {unit.sector: unit.sector_zh for unit in units}
    opening = dataset.config.opening_stock
    exits = "exit_month" in frame.columns or any(unit.status in _LEFT for unit in units)
    kept = _Kept(entered=any(unit.status == _ENTERED for unit in units), left=exits)
    balances: list[Balance] = []
    for sector in [*dict.fromkeys([*names, *opening]), ALL]:
        mine = [unit for unit in units if sector in (unit.sector, ALL)]
        start = opening.get(sector) if sector != ALL else _sum([opening.get(name) for name in names or opening])
        balances += _balances(sector, names.get(sector, sector), mine, start, year, as_of, kept)
    return Stock(
        balances=tuple(balances) if units or opening else (),
        windows=tuple(_windows(units, year, as_of)),
        synthetic=bool(len(frame)) and bool((frame["row_status"] == "synthetic").any()),
    )


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _month(value: object) -> Month | None:
    if isinstance(value, Month):
        return value
    try:
        return Month.parse(str(value)[:7])
    except ValueError:
        return None


def _units(frame: pd.DataFrame) -> Iterator[_Unit]:
    """Rows of the pipeline; ``status``, ``first_report_month`` and ``exit_month`` are extra columns of its file."""
    rows: Iterator[Any] = frame.itertuples(index=False)
    for row in rows:
        monthly = str(row.channel) == EntryChannel.MONTHLY.value
        filing = getattr(row, "filing_deadline", None)
        filing = filing if isinstance(filing, dt.date) else None
        report = _month(getattr(row, "first_report_month", None))
        if report is None and filing is not None:
            report = Month(filing.year, filing.month).plus(1) if monthly else Month(filing.year + 1, 2)
        sector_zh = getattr(row, "sector_zh", "")
        output, risk = float(row.expected_monthly_output_yi), getattr(row, "exit_risk", np.nan)
        yield _Unit(
            sector=str(row.sector),
            sector_zh=sector_zh if isinstance(sector_zh, str) and sector_zh else str(row.sector),
            status=_status(row),
            monthly=monthly,
            report=report,
            left=_month(getattr(row, "exit_month", None)),
            filing=filing,
            output_yi=output if np.isfinite(output) else 0.0,
            risk=float(risk) if isinstance(risk, float) and np.isfinite(risk) else 0.0,
        )


def _status(row: Any) -> str:
    found = getattr(row, "status", "")
    return found.strip() if isinstance(found, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What a ledger keeps record of: without a record there is no number, which is not 0."""

    entered: bool
    left: bool


def _balances(
    sector: str, name: str, units: Sequence[_Unit], opening: int | None, year: int, as_of: AsOf, kept: _Kept
) -> Iterator[Balance]:
    """The year, then its months; what entered is known through the day of knowledge, what is filed comes after."""
    entered = [u for u in units if u.status == _ENTERED and u.report and u.report.year == year]
    gone = [u for u in units if u.left and u.left.year == year]
    coming = [u for u in units if u.status not in (_ENTERED, *_LEFT) and u.monthly and u.report]
    coming = [u for u in coming if u.report and u.report.year == year and _open(u, as_of)]
    known = opening if kept.entered and kept.left else None

    def balance(month: Month | None, start: int | None, new: int, out: int, prepared: int, filed: int) -> Balance:
        closing = None if start is None or known is None else start + new - out
        risk = sum(u.risk for u in entered if u.left is None) if month is None and entered else None
        return Balance(
            sector=sector,
            sector_zh=name,
            month=month,
            opening=start,
            entered=new if kept.entered else None,
            left=out if kept.left else None,
            preparing=prepared,
            at_risk=risk,
            closing=closing,
            expected=None if closing is None else closing + filed,
        )

    yield balance(None, opening, len(entered), len(gone), len(coming), len(coming))
    level, filed = opening, 0
    for month in (Month(year, number) for number in range(2, 13)):
        new, out, prepared = (
            sum(_in(found, month) for found in months)
            for months in ([u.report for u in entered], [u.left for u in gone], [u.report for u in coming])
        )
        filed += prepared
        made = balance(month, level, new, out, prepared, filed)
        level = made.closing
        yield made


def _in(found: Month | None, month: Month) -> bool:
    """Whether something belongs to a month; January and February are one period."""
    return found is not None and (found == month or (month.month == 2 and found == month.plus(-1)))


def _open(unit: _Unit, as_of: AsOf) -> bool:
    """Whether a filing can still be made."""
    return unit.filing is None or unit.filing >= as_of.day


def _windows(units: Sequence[_Unit], year: int, as_of: AsOf) -> Iterator[FilingWindow]:
    """Days of filing that are still ahead, by channel."""
    waiting = [u for u in units if u.status not in (_ENTERED, *_LEFT) and u.filing and u.filing >= as_of.day]
    for day, monthly in sorted({(u.filing, u.monthly) for u in waiting if u.filing}):
        mine = [u for u in waiting if (u.filing, u.monthly) == (day, monthly)]
        report = min(u.report for u in mine if u.report)
        sectors: dict[str, int] = {}
        for unit in mine:
            sectors[unit.sector_zh] = sectors.get(unit.sector_zh, 0) + 1
        yield FilingWindow(
            deadline=day,
            channel=(EntryChannel.MONTHLY if monthly else EntryChannel.ANNUAL).value,
            first_report=report,
            counts_this_year=report.year == year,
            units=len(mine),
            monthly_output_yi=sum(u.output_yi for u in mine),
            days_left=(day - as_of.day).days,
            sectors=sectors,
        )
