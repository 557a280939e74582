"""The balance of 五上 units closes, and what is left to file is counted once."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from forecast.data.dataset import read_dataset
from forecast.periods import AsOf, Month
from forecast.tasks.stock import stock
from tests import scenario_world as sw

ROWS = (
    # unit, sector, channel, filing, status, first report, exit, risk, output
    ("w1", "industry", "monthly", dt.date(2020, 3, 20), "entered", "2020-04", "", 0.2, 0.10),
    ("w2", "industry", "monthly", dt.date(2020, 1, 20), "entered", "2020-02", "2020-07", 0.9, 0.10),
    ("w3", "trade", "monthly", dt.date(2020, 10, 20), "preparing", "2020-11", "", 0.1, 0.05),
    ("w4", "trade", "annual", dt.date(2020, 11, 30), "preparing", "2021-02", "", 0.1, 0.20),
    ("w5", "trade", "monthly", dt.date(2020, 8, 20), "preparing", "2020-09", "", 0.1, 0.30),
    ("w6", "trade", "monthly", dt.date(2020, 10, 20), "preparing", "", "", 0.1, 0.07),
)
COLUMNS = [
    "enterprise",
    "sector",
    "channel",
    "filing_deadline",
    "status",
    "first_report_month",
    "exit_month",
    "exit_risk",
    "expected_monthly_output_yi",
]


def dataset(opening=None):
    frame = pd.DataFrame(ROWS, columns=pd.Index(COLUMNS))
    frame["sector_zh"] = frame["sector"].map({"industry": "工业", "trade": "贸易业"})
    frame["row_status"] = "synthetic"
    one = sw.dataset()
    config = replace(one.config, opening_stock=opening or {})
    return replace(one, ledger=replace(one.ledger, pipeline=frame), config=config)


def found(opening=None, as_of="2020-08"):
    return stock(dataset(opening), AsOf.parse(as_of))


def test_what_entered_and_left_is_counted_by_sector():
    year = found().year("industry")
    assert (year.entered, year.left, year.net, year.preparing) == (2, 1, 1, 0)
    assert year.at_risk == pytest.approx(0.2)  # the one that left is no risk any more
    assert (year.opening, year.closing, year.expected) == (None, None, None)


def test_every_balance_closes():
    opening = {"industry": 100, "trade": 80}
    all_ = found(opening).balances
    for b in all_:
        assert b.closing == b.opening + b.entered - b.left
    for sector in ("industry", "trade", ""):
        months = [b for b in all_ if b.sector == sector and b.month]
        assert [b.opening for b in months[1:]] == [b.closing for b in months[:-1]]
        year = found(opening).year(sector)
        assert months[-1].closing == year.closing
        assert months[-1].expected == year.expected == year.closing + year.preparing
        assert sum(b.entered for b in months) == year.entered
        assert sum(b.preparing for b in months) == year.preparing


def test_the_sum_is_that_of_the_sectors():
    got = found({"industry": 100, "trade": 80})
    total, parts = got.year(), [got.year("industry"), got.year("trade")]
    for name in ("opening", "entered", "left", "preparing", "closing", "expected"):
        assert getattr(total, name) == sum(getattr(part, name) for part in parts)
    assert found({"industry": 100}).year().opening is None  # a sum over what is partly unknown is unknown


def test_the_annual_review_never_counts_this_year():
    assert found().year("trade").preparing == 2
    window = next(w for w in found().windows if w.channel == "annual")
    assert (window.counts_this_year, window.first_report) == (False, Month(2021, 2))


def test_windows_are_the_filing_days_that_are_ahead():
    windows = found().windows
    assert [(w.deadline, w.channel, w.units, w.days_left) for w in windows] == [
        (dt.date(2020, 10, 20), "monthly", 2, 20),
        (dt.date(2020, 11, 30), "annual", 1, 61),
    ]
    assert windows[0].monthly_output_yi == pytest.approx(0.12)
    assert windows[0].first_report == Month(2020, 11)
    assert windows[0].sectors == {"贸易业": 2}
    assert [w.channel for w in found(as_of="2020-09").windows] == ["annual"]


def test_a_filing_that_was_missed_is_not_expected():
    assert found().year("trade").preparing == 2  # w5's day has passed, w3 and w6 are ahead


def test_january_belongs_to_the_first_period():
    book = dataset()
    rows = book.ledger.pipeline.copy()
    rows.loc[1, "first_report_month"] = "2020-01"
    got = stock(replace(book, ledger=replace(book.ledger, pipeline=rows)), AsOf.parse("2020-08"))
    assert next(b for b in got.balances if b.sector == "" and b.month == Month(2020, 2)).entered == 1


def test_what_the_ledger_keeps_no_record_of_is_no_zero():
    book = dataset({"industry": 100, "trade": 80})
    rows = book.ledger.pipeline.drop(columns=["exit_month"])
    got = stock(replace(book, ledger=replace(book.ledger, pipeline=rows)), AsOf.parse("2020-08")).year()
    assert (got.entered, got.left, got.net, got.closing, got.expected) == (2, None, None, None, None)
    rows = rows.assign(status="preparing")
    got = stock(replace(book, ledger=replace(book.ledger, pipeline=rows)), AsOf.parse("2020-08")).year()
    assert (got.opening, got.entered, got.closing) == (180, None, None)


def test_without_a_pipeline_there_is_nothing():
    one = sw.dataset()
    got = stock(replace(one, ledger=replace(one.ledger, pipeline=one.ledger.pipeline.iloc[:0])), AsOf.parse("2020-08"))
    assert (got.balances, got.windows, got.synthetic) == ((), (), False)


def test_the_speech_counts_132_new_units_in_ankang_and_three_windows_are_left():
    """132 new units by August (the speech); filings of October and November, and the annual review."""
    one = read_dataset(Path(__file__).parent.parent / "data" / "ankang-2020")
    got = stock(one, AsOf.parse("2020-08"))
    assert got.year().entered == 132
    assert [w.deadline.month for w in got.windows if w.counts_this_year] == [10, 11]
    assert {w.channel for w in got.windows if not w.counts_this_year} == {"annual"}
    assert got.synthetic
