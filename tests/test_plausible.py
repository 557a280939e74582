"""Figures that look wrong are asked about, hardly any others, and what was confirmed is not asked about again."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from forecast.data.dataset import read_dataset, summary
from forecast.data.plausible import doubts, series_of
from forecast.data.starter import shipped, shipped_of, shipped_series
from forecast.errors import InputError
from forecast.periods import AsOf
from forecast.runs.amend import accept
from forecast.tables.data import summary_blocks
from forecast.tables.table import Sentence
from forecast.texts import t

ROOT = Path(__file__).parent
CASES = ROOT / "data" / "cases"
MOST_FLAGGED = 0.02
"""Share of published figures that may be asked about."""


def told(name: str) -> dict[str, str]:
    """Reason by cell."""
    return {doubt.cell.partition("!")[2]: doubt.reason for doubt in read_dataset(CASES / name).doubts}


def test_a_figure_without_its_point_is_doubted_at_its_cell_with_what_was_expected() -> None:
    (doubt,) = read_dataset(CASES / "typo-tenfold.xlsx").doubts
    assert (doubt.cell, doubt.reason, doubt.value) == ("进度数据!U6", "tenfold", 65.0)
    assert doubt.expected is not None
    assert 5.0 <= doubt.expected <= 8.0


def test_exchanged_rows_of_city_and_province_are_told_by_what_the_province_published() -> None:
    found = told("city-province-swapped.xlsx")
    assert set(found.values()) == {"swapped"}
    assert {cell[-1] for cell in found} == {"6", "7"}
    data = read_dataset(CASES / "city-province-swapped.xlsx")
    assert len([one for one in data.warnings() if one.code == "doubt_swapped"]) == 2  # once a row


def test_growth_of_nineteen_hundred_percent_is_asked_about() -> None:
    assert told("minus-100.xlsx") == {"E2": "neighbours"}


def test_a_climb_like_a_level_is_named_as_one() -> None:
    levels = {24000 + month: 94.0 * (month + 1) for month in (1, 2, 4, 5, 8)}
    found = doubts({("a", "fai"): levels}, {"a": None})
    assert {reason for reason, _ in found.values()} == {"climbs"}


def test_hardly_any_published_figure_is_doubted() -> None:
    series: dict[tuple[str, str], dict[int, float]] = {}
    for (place, indicator), figures in shipped().items():
        series[place, indicator] = {12 * f.period.year + f.period.month - 1: f.value for f in figures}
    found = doubts(series, {place: None if place == "全国" else "全国" for place, _ in series})
    assert len(found) <= MOST_FLAGGED * sum(map(len, series.values()))


@pytest.mark.parametrize("name", ["ankang-2020", "hunan", "provinces-gdp", "example"])
def test_hardly_any_figure_of_a_whole_data_set_is_doubted(name: str) -> None:
    dataset = read_dataset(ROOT.parent / "data" / name)
    growth = dataset.panel.observations
    assert len(dataset.doubts) <= MOST_FLAGGED * int((growth["measure"] == "cum_yoy_pct").sum())


def test_most_figures_without_their_point_are_caught() -> None:
    dataset = read_dataset(ROOT.parent / "data" / "hunan")
    series, _ = series_of(dataset.panel, AsOf.parse(dataset.config.as_of))
    parents = {unit.unit: unit.parent for unit in dataset.panel.units.values()}
    places = [(key, at) for key, one in series.items() if len(one) >= 12 for at in one if abs(one[at]) >= 1]
    caught = 0
    drawn = random.Random(7).sample(places, 60)
    for key, at in drawn:
        wrong = {other: dict(one) for other, one in series.items() if other[1] == key[1]}
        wrong[key][at] = round(10 * series[key][at], 1)
        caught += (*key, at) in doubts(wrong, parents)
    assert caught >= 0.8 * len(drawn)


def test_what_was_confirmed_is_not_asked_about_again_and_a_new_value_is(tmp_path: Path) -> None:
    book = Path(shutil.copy(CASES / "typo-tenfold.xlsx", tmp_path))
    first = read_dataset(book)
    assert accept(first) == 1
    again = read_dataset(book)
    assert again.doubts == ()
    assert again.data_hash == first.data_hash
    text = (tmp_path / "accepted.csv").read_text(encoding="utf-8-sig")
    (tmp_path / "accepted.csv").write_text(text.replace("65", "66"), encoding="utf-8")
    assert len(read_dataset(book).doubts) == 1
    (tmp_path / "accepted.csv").write_text(text + "一行\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"accepted\.csv, row 3"):
        read_dataset(book)


def test_every_shipped_figure_has_a_source_and_one_value() -> None:
    for figures in shipped().values():
        assert all(figure.source for figure in figures)
        assert len({figure.period for figure in figures}) == len(figures)
    assert shipped_series("陕西省", "province", "gdp")[12 * 2020 + 2] == -5.6
    assert shipped_of("广西壮族自治区", "province", "gdp") == shipped_of("广西", "province", "gdp") != ()
    assert shipped_of("安康市", "city", "gdp") == ()


def test_a_check_that_asks_about_figures_does_not_also_say_that_nothing_was_found(tmp_path: Path) -> None:
    book = Path(shutil.copy(CASES / "typo-tenfold.xlsx", tmp_path))

    def said() -> list[str]:
        data = read_dataset(book)
        return [block.text for block in summary_blocks(data, summary(data), "zh") if isinstance(block, Sentence)]

    asked, passed = t("cli.doubted", "zh", n=1), t("cli.valid", "zh")
    assert (said()[-1], passed in said()) == (asked, False)
    accept(read_dataset(book))
    assert (said()[-1], asked in said()) == (passed, False)
