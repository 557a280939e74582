"""Targets: an accepted row can be evaluated without a further check."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.data.dataset import Dataset, read_dataset
from forecast.data.target import Target, TargetKind
from forecast.errors import InputError
from forecast.tables.words import planned
from tests.small_dataset import FILES, edited, write_dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return read_dataset(write_dataset(tmp_path_factory.mktemp("small")))


def test_targets_keep_the_order_of_their_file(dataset: Dataset) -> None:
    assert [(t.indicator, t.kind) for t in dataset.targets] == [
        ("ind_va", TargetKind.PROVINCE_AVERAGE),
        ("ind_va", TargetKind.PLAN),
        ("gdp", TargetKind.POSITIVE_GROWTH),
        ("gdp", TargetKind.RANK),
    ]


def test_a_target_is_read_in_full(dataset: Dataset) -> None:
    first = dataset.targets[0]
    expected = Target(
        unit="xiaocheng",
        indicator="ind_va",
        kind=TargetKind.PROVINCE_AVERAGE,
        value=None,
        tolerance_pp=2.0,
        assessed=True,
        light_rule="gap",
        source="会议",
    )
    assert first == expected


def test_plans_and_ranks_have_values_and_the_others_none_that_matters(dataset: Dataset) -> None:
    for target in dataset.targets:
        needs = target.kind in (TargetKind.PLAN, TargetKind.RANK)
        assert (target.value is not None) == needs


def test_every_target_names_what_exists(dataset: Dataset) -> None:
    for target in dataset.targets:
        assert target.unit in dataset.panel.units
        assert target.indicator in dataset.panel.indicators
        assert target.light_rule in dataset.config.lights
        assert target.tolerance_pp >= 0


@pytest.mark.parametrize(("word", "kind"), [("全省平均", "province_average"), ("PROVINCE_AVERAGE", "province_average")])
def test_kinds_are_read_in_chinese(tmp_path: Path, word: str, kind: str) -> None:
    targets = read_dataset(write_dataset(tmp_path, edited("targets.csv", "province_average", word))).targets
    assert targets[0].kind == kind


def test_positive_growth_may_say_zero(tmp_path: Path) -> None:
    changed = edited("targets.csv", "positive_growth,,", "positive_growth,0,")
    assert read_dataset(write_dataset(tmp_path, changed)).targets[2].value == 0.0


def test_a_county_may_be_held_against_the_province(tmp_path: Path) -> None:
    changed = edited("targets.csv", "xiaocheng,ind_va,province", "dongxian,ind_va,province")
    assert read_dataset(write_dataset(tmp_path, changed)).targets[0].unit == "dongxian"


def test_a_plan_may_be_negative_and_in_percent_signs(tmp_path: Path) -> None:
    assert read_dataset(write_dataset(tmp_path, edited("targets.csv", "plan,5", "plan,-1.5%"))).targets[1].value == -1.5


@pytest.mark.parametrize(
    ("words", "plan", "stretch"),
    [
        ("8%以上力争8.5%", 8.0, 8.5),
        ("确保7.5%、力争8%", 7.5, 8.0),
        ("增长8%左右", 8.0, None),
        ("8%以上", 8.0, None),
        ("6.5", 6.5, None),
    ],
)
def test_a_plan_in_words_is_a_plan_and_what_is_striven_for(
    tmp_path: Path, words: str, plan: float, stretch: float | None
) -> None:
    dataset = read_dataset(write_dataset(tmp_path, edited("targets.csv", "plan,5,", f"plan,{words},")))
    target = next(one for one in dataset.targets if one.kind is TargetKind.PLAN)
    assert (target.value, target.stretch) == (plan, stretch)
    noted = [one.text("zh") for one in dataset.remarks if one.code == "goal_spoken"]
    assert [words in text for text in noted] == [True] * (stretch is not None or words == "8%以上")


def with_stretch(row: str, stretch: str) -> dict[str, str]:
    """The small data set with a column of what is striven for, filled in one row of the targets."""
    lines = FILES["targets.csv"].splitlines()
    said = [line + (f",{stretch}" if row in line else ",") for line in lines[1:]]
    return {"targets.csv": "\n".join([f"{lines[0]},力争目标", *said]) + "\n"}


def test_a_stretch_has_a_column_of_its_own_after_the_last(tmp_path: Path) -> None:
    dataset = read_dataset(write_dataset(tmp_path, with_stretch("plan", "7.5")))
    assert [one.stretch for one in dataset.targets] == [None, 7.5, None, None]
    assert planned(dataset.targets[1], "zh") == "+5.0%（力争+7.5%）"


@pytest.mark.parametrize(
    ("row", "stretch", "code"),
    [("plan", "5", "target_stretch_low"), ("positive_growth", "1", "target_stretch_unused")],
)
def test_a_stretch_that_cannot_be_is_a_problem(tmp_path: Path, row: str, stretch: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read_dataset(write_dataset(tmp_path, with_stretch(row, stretch)))
    assert [problem.code for problem in caught.value.problems] == [code]
