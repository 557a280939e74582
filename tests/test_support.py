"""Who could carry a task, and how much: by hand from the rows of the small city."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from forecast.data.ledger import Assumptions
from forecast.tasks.carriers import Condition, Kind, Work, open_rows, rows_of, work_of
from tests import scenario_world as sw

ONE = sw.world(draws=200, sd_pct=0.0)
MONTHS = [10, 11, 12]


def by_entity(indicator, world=ONE, months=MONTHS):
    return {row.entity: row for row in rows_of(indicator, world, months, Assumptions()) if row.entity}


def test_a_started_project_catches_up_with_its_plan_and_brings_a_month_forward():
    """p1: plan 0.6, 0.7, 0.5 at a usual 80 %; 8 亿元 left, so one month of pace 0.6 comes forward."""
    row = by_entity("fai")["p1"]
    assert row.condition is Condition.BUILD
    assert row.base == pytest.approx([0.48, 0.56, 0.40])
    assert row.cap == pytest.approx([0.12 + 0.2, 0.14 + 0.2, 0.10 + 0.2])
    assert row.chance == 0.8


def test_work_is_brought_forward_only_as_far_as_any_is_left():
    """p2: 10 亿元, 70 % done, 1.2 planned: 1.8 left, pace 0.4 fits; nearly done, nothing does."""
    assert by_entity("fai")["p2"].cap.sum() == pytest.approx(0.1 * 1.2 + 0.4)
    book = sw.ledger()
    book.projects["progress_pct"] = 88.0  # leaves exactly what is planned
    done = by_entity("fai", sw.world(draws=50, book=book))["p2"]
    assert done.cap.sum() == pytest.approx(0.1 * 1.2)


def test_a_project_outside_the_library_enters_first_and_reports_what_it_did_since():
    row = by_entity("fai")["p3"]
    assert row.condition is Condition.LIBRARY
    assert row.base == pytest.approx([0.0, 0.0, 0.0])
    assert row.cap == pytest.approx([0.0, 0.3 + 0.3, 0.2])


def test_a_project_that_has_not_started_starts_and_enters():
    rows = by_entity("fai")
    assert rows["p4"].condition is Condition.START
    assert rows["p4"].cap == pytest.approx([0.0, 2.0 + 3.0, 4.0])
    assert rows["p5"].cap == pytest.approx([0.0, 0.0, 2.0 + 2.0])  # planned for November, in the library in December


def test_a_halted_firm_recovers_along_its_ramp_and_a_lost_one_not_at_all():
    rows = by_entity("ind_va")
    weight = np.array(sw.PROFILE[-3:])
    assert rows["e1"].cap == pytest.approx(6.0 * weight * np.array([0.3, 0.6, 0.8]))
    assert rows["e2"].cap == pytest.approx(3.0 * weight * np.array([0.0, 0.3, 0.6]))
    assert rows["e1"].base == pytest.approx([0.0, 0.0, 0.0])
    assert "e3" not in rows
    assert "e6" not in rows


def test_a_half_halted_firm_can_add_only_what_it_does_not_do():
    row = by_entity("ind_va")["e4"]
    weight = np.array(sw.PROFILE[-3:])
    assert row.condition is Condition.RAISE
    assert row.base == pytest.approx(4.0 * weight * 0.4)
    assert row.cap == pytest.approx(4.0 * weight * np.array([0.1, 0.3, 0.3]))


def test_only_the_monthly_channel_carries_tasks_of_this_year():
    assert {e for e, r in by_entity("retail").items() if r.kind is Kind.ENTRY} == {"w2"}
    row = by_entity("ind_va")["w1"]
    assert row.condition is Condition.FILE
    assert row.cap == pytest.approx([0.0, 0.1, 0.1])  # filed in the first month of action at the earliest


def test_nothing_can_be_added_before_the_first_month_of_action():
    late = sw.world(draws=50, first=12)
    assert all(len(row.cap) == 1 for row in rows_of("fai", late, [12], Assumptions()))
    assert by_entity("fai", late, [12])["p1"].cap == pytest.approx([0.1 + 0.5])


def test_gdp_counts_value_added_and_the_sectors_own_caps():
    rows = rows_of("gdp", ONE, MONTHS, Assumptions())
    firm = next(r for r in rows if r.entity == "e1")
    # 120 亿元 x 30 % of value added over 100 亿元 of output, elasticity .95, and 70 % of it new
    per_yi = 0.95 * 120.0 * 0.30 / 100.0 * 0.7
    assert firm.cap == pytest.approx(by_entity("ind_va")["e1"].cap * per_yi)
    assert firm.own_per_yi == pytest.approx(1.0 / per_yi)
    assert firm.sector == "industry"
    fourth = 120.0 * sw.QUARTERS[3]
    services = [r for r in rows if r.kind is Kind.SECTOR and r.entity == "services"]
    assert sum(r.cap.sum() for r in services) == pytest.approx(0.04 * 0.45 * fourth)
    assert not any(r.supported for r in services)


def test_a_sectors_own_cap_is_what_its_ledger_leaves():
    rows = rows_of("gdp", ONE, MONTHS, Assumptions())
    ledger = sum(r.cap.sum() for r in rows if r.sector == "industry" and r.supported)
    rest = sum(r.cap.sum() for r in rows if r.sector == "industry" and not r.supported)
    assert ledger + rest == pytest.approx(0.10 * 0.30 * 120.0 * sw.QUARTERS[3])


def test_a_zone_is_taken_out_of_the_county_that_contains_it():
    """Shares: hanbin 40 % with gaoxin's 10 % inside, xunyang 20 %."""
    rows = {r.place: r for r in open_rows("fai", ONE, MONTHS, rows_of("fai", ONE, MONTHS, Assumptions()))}
    total = sum(r.reference.sum() for r in rows.values())
    share = {place: row.reference.sum() / total for place, row in rows.items()}
    assert share["gaoxin"] == pytest.approx(0.1 / 0.6)
    assert share["hanbin"] == pytest.approx(0.3 / 0.6)
    assert share["xunyang"] == pytest.approx(0.2 / 0.6)
    assert share["shibenji"] == 0.0


def test_without_any_stated_share_what_is_open_is_the_citys():
    rows = open_rows("gdp", ONE, MONTHS, ())
    assert [row.place for row in rows] == ["ankang"]


def test_tasks_are_counted_in_the_work_of_the_indicator():
    assert [work_of(name) for name in ("fai", "ind_va", "gdp", "fdi")] == [
        Work.INVESTMENT,
        Work.OUTPUT,
        Work.VALUE_ADDED,
        Work.AMOUNT,
    ]


def test_a_deadline_is_that_of_the_ledger():
    book = sw.ledger()
    book.enterprises["deadline"] = dt.date(2020, 10, 31)
    row = by_entity("ind_va", sw.world(draws=50, book=book))["e1"]
    assert row.deadline == dt.date(2020, 10, 31)
