"""Ledgers: money in 亿元 whatever the header said, and every row with its place and its status."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from forecast.data.dataset import read_dataset
from forecast.data.ledger import Ledger
from forecast.periods import Month
from tests.small_dataset import FILES, edited, write_dataset


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return read_dataset(write_dataset(tmp_path_factory.mktemp("small"))).ledger


def test_money_of_one_ledger_in_two_units_becomes_yi(ledger: Ledger) -> None:
    projects = ledger.projects
    assert projects["total_invest_yi"].tolist() == [1.5, 3.2]
    assert projects["plan_year_invest_yi"].tolist() == pytest.approx([1.2, 2.0])
    assert projects["plan_m12_yi"].tolist() == pytest.approx([0.13, 0.4])
    assert not [c for c in projects.columns if c.endswith("_wan")]
    assert ledger.pipeline["expected_monthly_output_yi"].tolist() == pytest.approx([0.035])


@pytest.mark.parametrize(
    ("header", "factor"), [("年度计划投资（亿元）", 1.0), ("年度计划投资(万元)", 1e-4), ("plan_year_invest_yi", 1.0)]
)
def test_the_header_decides_the_unit(tmp_path: Path, header: str, factor: float) -> None:
    changed = edited("projects.csv", "plan_year_invest_wan", header)
    projects = read_dataset(write_dataset(tmp_path, changed)).ledger.projects
    assert projects["plan_year_invest_yi"].tolist() == pytest.approx([12000 * factor, 20000 * factor])


def test_an_extra_amount_becomes_yi_too(tmp_path: Path) -> None:
    lines = FILES["projects.csv"].splitlines()
    text = "\n".join([lines[0] + ",plan_m09_wan,备注", *(line + ",900,略" for line in lines[1:])])
    projects = read_dataset(write_dataset(tmp_path, {"projects.csv": text})).ledger.projects
    assert projects["plan_m09_yi"].tolist() == pytest.approx([0.09, 0.09])
    assert projects["备注"].tolist() == ["略", "略"]


def test_masked_money_is_missing_not_zero(tmp_path: Path) -> None:
    projects = read_dataset(write_dataset(tmp_path, edited("projects.csv", "6500", "X"))).ledger.projects
    assert projects["ytd_invest_yi"].isna().tolist() == [True, False]
    assert projects["ytd_invest_yi"].iloc[1] == 0.0


def test_percentages_stay_percent_and_probabilities_are_fractions(ledger: Ledger) -> None:
    assert ledger.projects["progress_pct"].tolist() == [65.0, 0.0]
    assert ledger.projects["funded_pct"].tolist() == [80.0, 40.0]
    assert ledger.projects["completion_prob"].tolist() == pytest.approx([0.8, 0.6])
    assert ledger.enterprises["restart_prob"].iloc[0] == 0.5
    assert ledger.enterprises["ytd_growth_pct"].tolist() == [-100.0, -62.5]
    assert ledger.pipeline["exit_risk"].tolist() == [0.1]


def test_yes_no_months_days_and_ramps_have_their_types(ledger: Ledger) -> None:
    assert ledger.projects["started"].tolist() == [True, False]
    assert ledger.projects["start_plan"].tolist() == [Month(2020, 3), Month(2020, 10)]
    assert ledger.enterprises["restart_month"].tolist() == [Month(2020, 10), None]
    assert ledger.enterprises["ramp"].tolist() == [(0.3, 0.6, 0.8), ()]
    assert ledger.enterprises["deadline"].tolist() == [dt.date(2020, 10, 31), None]
    assert ledger.enterprises["recoverable"].tolist() == [True, False]
    assert ledger.pipeline["filing_deadline"].tolist() == [dt.date(2020, 10, 20)]


def test_every_row_knows_its_place_its_status_and_who_answers(ledger: Ledger) -> None:
    for name in ("projects", "enterprises", "pipeline"):
        frame = getattr(ledger, name)
        assert frame["file"].tolist() == [f"{name}.csv"] * len(frame)
        assert frame["row"].tolist() == list(range(2, len(frame) + 2))
        assert set(frame["row_status"]) == {"synthetic"}
        assert frame["resp_unit"].str.len().min() > 0
        assert frame["resp_person"].str.len().min() > 0


@pytest.mark.parametrize(
    ("county", "key"),
    [
        ("东县", "dongxian"),
        ("高新区", "gaoxin"),
        ("市本级", "shibenji"),
        ("跨县区", "kuaxianqu"),
        ("kuaxianqu", "kuaxianqu"),
    ],
)
def test_counties_are_known_by_id_and_by_name(tmp_path: Path, county: str, key: str) -> None:
    projects = read_dataset(write_dataset(tmp_path, edited("projects.csv", "dongxian", county))).ledger.projects
    assert projects["county"].iloc[0] == key


def test_chinese_words_become_the_fixed_values(tmp_path: Path) -> None:
    changes = edited("projects.csv", "continued", "续建") | edited("enterprises.csv", ",halted,", ",停产,")
    read = read_dataset(write_dataset(tmp_path, changes)).ledger
    assert read.projects["nature"].iloc[0] == "continued"
    assert read.enterprises["status"].iloc[0] == "halted"


def test_absent_ledgers_are_empty_with_the_columns_of_a_full_one(tmp_path: Path, ledger: Ledger) -> None:
    names = ("projects", "enterprises", "pipeline")
    read = read_dataset(write_dataset(tmp_path, {f"{name}.csv": None for name in names})).ledger
    for name in names:
        empty, full = getattr(read, name), getattr(ledger, name)
        assert len(empty) == 0
        assert set(full.columns) <= set(empty.columns)
        for column in empty.columns.intersection(full.select_dtypes("float64").columns):
            assert empty[column].dtype == "float64"
