"""Tables as planners keep them: understood, or refused with the cell; never a wrong number in silence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from forecast.data.dataset import Dataset, read_dataset
from forecast.errors import InputError, Problem
from forecast.runs.datasets import prepare

CASES = Path(__file__).parent / "data" / "cases"
ANKANG = Path(__file__).parent.parent / "data" / "ankang-2020"


def figures(dataset: Dataset, measure: str = "cum_yoy_pct") -> dict[tuple[str, str, str], float]:
    """Figures of one measure by place, indicator and month."""
    rows = dataset.panel.observations
    rows = rows[(rows["measure"] == measure) & rows["value"].notna()]
    names = {unit.unit: unit.name_zh for unit in dataset.panel.units.values()}
    keys = zip(rows["unit"].map(names), rows["indicator"], rows["period"].map(str), strict=True)
    return dict(zip(keys, rows["value"].tolist(), strict=True))


def refused(name: str) -> dict[str, Problem]:
    """Problems by cell."""
    with pytest.raises(InputError, match="problem") as caught:
        read_dataset(CASES / name)
    return {str(problem.column): problem for problem in caught.value.problems}


def remark(dataset: Dataset, code: str) -> str:
    return next(one.text("zh") for one in dataset.remarks if one.code == code)


def test_a_unit_in_the_name_makes_levels_of_figures() -> None:
    dataset = read_dataset(CASES / "levels-as-growth.xlsx")
    assert figures(dataset) == {}
    levels = figures(dataset, "level_cum")
    assert levels[("邵阳市", "fai", "2025-09")] == 984.4
    assert levels[("邵阳市", "gdp", "2025-06")] == 1355.5


def test_only_a_real_percent_format_makes_a_fraction_of_a_number() -> None:
    assert figures(read_dataset(CASES / "percent-formats.xlsx")) == {
        ("邵阳市", "fai", "2025-02"): 8.5,
        ("邵阳市", "fai", "2025-03"): 3.3,
        ("邵阳市", "fai", "2025-04"): -0.1,
        ("湖南省", "fai", "2025-02"): 390.0,
        ("湖南省", "fai", "2025-03"): 3.5,
        ("湖南省", "fai", "2025-04"): 3.1,
    }


@pytest.fixture
def ankang(tmp_path: Path) -> Path:
    return shutil.copytree(ANKANG, tmp_path / "ankang-2020")


def test_places_are_named_in_one_way_in_every_form(ankang: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the same as row 3") as caught:
        prepare(ankang, [CASES / "places-and-names.csv"])  # 全市 and 安康 are one place
    assert [problem.row for problem in caught.value.problems] == [4]
    lines = (CASES / "places-and-names.csv").read_text(encoding="utf-8").splitlines()
    once = tmp_path / "once.csv"
    once.write_text("\n".join(line for line in lines if not line.startswith("安康,")), encoding="utf-8")
    found = [
        {(one.unit, one.indicator): one.value for one in prepare(ankang, [file]).intake.additions}
        for file in (once, CASES / "places-and-names.xlsx")
    ]
    growth = {("xunyang", "ind_va"): -9.8, ("ankang", "ind_va"): -9.8, ("shaanxi", "ind_va"): 1.0}
    assert found == [growth, growth | {("ankang", "fai"): -8.0}]


def test_a_name_with_brackets_is_the_indicator_itself(ankang: Path) -> None:
    (one,) = prepare(ankang, [CASES / "name-with-brackets.csv"]).intake.additions
    assert (one.unit, one.indicator, one.value) == ("ankang", "fai", -9.8)


def test_a_comma_among_semicolons_is_refused_with_its_cell(ankang: Path) -> None:
    with pytest.raises(InputError, match="1,234") as caught:
        prepare(ankang, [CASES / "decimal-comma.csv"])
    (problem,) = caught.value.problems
    assert (problem.code, problem.row, problem.column) == ("decimal_comma", 2, "数值")


def test_foreign_capital_may_fall_to_nothing() -> None:
    found = figures(read_dataset(CASES / "minus-100.xlsx"))
    assert found[("邵阳市", "fdi", "2025-02")] == -100.0
    assert found[("邵阳市", "fdi", "2025-03")] == -99.99


def test_level_and_growth_below_one_month_are_both_read() -> None:
    dataset = read_dataset(CASES / "two-row-head.xlsx")
    assert figures(dataset) == {
        ("邵阳市", "gdp", "2025-09"): 4.96,
        ("邵阳市", "fai", "2025-09"): -9.9,
        ("湖南省", "fai", "2025-09"): -3.4,
    }
    assert figures(dataset, "level_cum") == {("邵阳市", "gdp", "2025-09"): 1974.61}


def test_pairs_of_columns_are_read_as_the_plain_sheet_is() -> None:
    pairs, plain = (figures(read_dataset(CASES / f"{name}.xlsx")) for name in ("pairs-of-columns", "footnotes"))
    assert len(pairs) > 80
    for key, value in pairs.items():
        other = key if key[1] != "ind_va" or key[0] == "全国" else (_swapped(key[0]), *key[1:])
        assert plain.get(key) == value or plain.get(other) == value


def _swapped(place: str) -> str:
    return {"西安市": "陕西省", "陕西省": "西安市"}[place]


def test_numbers_in_words_are_understood_and_shown_back_and_ranges_refused() -> None:
    found = refused("words-for-numbers.xlsx")
    assert {cell.partition("!")[2]: problem.code for cell, problem in found.items()} == {
        "E6": "number_points",
        "N6": "number_range_words",
    }


def test_notes_below_a_table_are_left_aside_and_named() -> None:
    dataset = read_dataset(CASES / "footnotes.xlsx")
    assert len(figures(dataset)) > 80
    assert "A36" in remark(dataset, "notes_aside")
    assert "制表：市发改委综合科" in remark(dataset, "notes_aside")
