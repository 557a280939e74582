"""A data set of one workbook takes a month's file as any other, and what its planner typed stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from forecast.data.dataset import read_dataset
from forecast.data.panel import known
from forecast.periods import AsOf
from forecast.runs.amend import apply
from forecast.runs.datasets import prepare
from tests.test_workbook import PLAIN, save

MONTH = (
    "地区,指标,时期,口径,数值,发布日期,数据性质,来源\n"
    "全市,规模以上工业增加值,2020-05,累计增速,-22.4,2020-06-18,公布,统计局\n"
    "陕西,规上工业,2020-05,累计增速,增长0.3%,,公布,统计局\n"
    "安康,ind_va,2020-04,累计增速,-25.3,2020-06-18,公布,统计局\n"
)


@pytest.fixture
def updated(tmp_path: Path) -> tuple[Path, Path]:
    book = save(tmp_path / "book", PLAIN) if (tmp_path / "book").mkdir() is None else Path()
    month = tmp_path / "5月.csv"
    month.write_text(MONTH, encoding="utf-8")
    apply(prepare(book, [month]).amendment)
    return book, month


def test_new_figures_and_revisions_are_known_after_the_update(updated: tuple[Path, Path]) -> None:
    dataset = read_dataset(updated[0])
    assert dataset.config.as_of == "2020-05"
    rows = known(dataset.panel, AsOf.parse("2020-05"))
    found = {(r["unit"], str(r["period"])): r["value"] for r in rows.to_dict("records")}
    assert found[("city", "2020-05")] == -22.4
    assert found[("shaanxi", "2020-05")] == 0.3
    assert found[("city", "2020-04")] == -25.3  # the revision
    before = known(dataset.panel, AsOf.parse("2020-05-25"))
    assert -25.0 in before["value"].tolist()  # as it was published first


def test_the_same_update_adds_nothing_a_second_time(updated: tuple[Path, Path]) -> None:
    again = prepare(updated[0], [updated[1]])
    assert again.intake.additions == ()
    assert again.intake.unchanged == 3


def test_what_the_planner_typed_stays_where_it_is(updated: tuple[Path, Path]) -> None:
    sheet = load_workbook(updated[0])["进度数据"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [list(row) for row in PLAIN]
    added = load_workbook(updated[0])["新增数据"]
    assert [cell.value for cell in added[2]][:2] == ["安康市", "规模以上工业增加值"]
