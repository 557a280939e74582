"""Wishes and options as people write them, and everything that is wrong with them at once."""

from __future__ import annotations

import pytest

from forecast.answers.chances import Case, Constant, Criterion, Province
from forecast.answers.evidence import Evidence
from forecast.data.target import TargetKind
from forecast.plan.request import Form, MakeupError, parse_wishes, read_options, wish_text, wishes_of
from forecast.scenario.actions import Family
from tests import handmade
from tests import scenario_world as sw


def case(indicator, kind=TargetKind.PROVINCE_AVERAGE, unit="ankang"):
    held = Province("shaanxi") if kind is TargetKind.PROVINCE_AVERAGE else Constant(1.0)
    target = handmade.target(indicator, kind=kind, unit=unit, assessed=kind is TargetKind.PROVINCE_AVERAGE)
    return Case(target=target, name_zh=indicator, held=held, evidence=Evidence.AMPLE, ess=100.0)


CASES = (case("gdp"), case("ind_va"), case("fai"), case("fai", TargetKind.PLAN), case("retail", unit="hanbin"))
DATASET = sw.dataset()


def parse(*texts):
    return parse_wishes(texts, CASES, city="ankang")


@pytest.mark.parametrize(
    ("text", "keys", "criterion", "level", "form", "least"),
    [
        ("gdp>=0.3", ["gdp"], Criterion.REACH, 0.3, Form.ALL, 0),
        ("gdp >= .3", ["gdp"], Criterion.REACH, 0.3, Form.ALL, 0),
        ("gdp:near>=50%", ["gdp"], Criterion.NEAR, 0.5, Form.ALL, 0),
        ("gdp:near>=50％", ["gdp"], Criterion.NEAR, 0.5, Form.ALL, 0),
        ("gdp+fai:near>=0.2", ["gdp", "fai"], Criterion.NEAR, 0.2, Form.ALL, 0),
        ("2of:gdp+ind_va+fai>=0.3", ["gdp", "ind_va", "fai"], Criterion.REACH, 0.3, Form.AT_LEAST, 2),
        ("count:near>=2.5", ["gdp", "ind_va", "fai"], Criterion.NEAR, 2.5, Form.EXPECTED, 0),
    ],
)
def test_a_wish_is_read(text, keys, criterion, level, form, least):
    one = parse(text)[0]
    assert [key[0] for key in one.keys] == keys
    assert (one.criterion, one.level, one.form, one.least) == (criterion, level, form, least)
    assert parse(wish_text(one)) == (one,)


def test_another_kind_of_target_is_named_after_a_dot():
    one = parse("fai.plan>=0.2")[0]
    assert one.keys == (("fai", "ankang", "plan"),)
    assert wish_text(one) == "fai.plan>=0.2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gdp", "cannot read the wish 'gdp'"),
        ("gdp>=abc", "cannot read the wish"),
        ("gdpp>=0.3", "did you mean 'gdp'"),
        ("retail>=0.3", "cannot be judged"),
        ("gdp>=1.2", "between 0.01 and 0.99"),
        ("gdp>=0", "between 0.01 and 0.99"),
        ("4of:gdp+fai>=0.3", "must be 1 to 2"),
        ("count>=3.5", "at most 3"),
    ],
)
def test_a_wish_that_cannot_be_read_says_why(text, said):
    with pytest.raises(MakeupError, match=said):
        parse(text)


def test_all_that_is_wrong_is_told_at_once_in_both_languages():
    with pytest.raises(MakeupError) as caught:
        parse("gdp", "gdp>=1.2", "gdpp>=0.3", "fai>=0.3")
    assert len(caught.value.text("en").splitlines()) == 3
    assert caught.value.text("zh").count("愿望") == 3


def test_without_wishes_there_is_the_default_and_without_targets_a_message():
    assert wish_text(wishes_of((), CASES, city="ankang")[0]) == "gdp:near>=0.5"
    with pytest.raises(MakeupError, match="no assessed indicator"):
        wishes_of((), CASES[3:], city="ankang")
    with pytest.raises(MakeupError, match="needs assessed"):
        parse_wishes(["count>=1"], CASES[3:], city="ankang")


def test_options_are_read():
    found = read_options(DATASET, families="restart, bond", difficulty=["restart=4"], cap=["services=2.5"], singles=3)
    assert found.families == (Family.RESTART, Family.BOND)
    assert (found.difficulty, found.cap, found.singles) == ({"restart": 4.0}, {"services": 2.5}, 3)
    assert read_options(DATASET).families == tuple(Family)


def test_options_that_cannot_be_read_are_all_told():
    with pytest.raises(MakeupError) as caught:
        read_options(DATASET, families="restart,exit", difficulty=["restart=9", "nothing"], cap=["servces=2"])
    text = caught.value.text("en")
    assert len(caught.value.lines) == 4
    assert "no family of levers 'exit'" in text
    assert "'restart=9'" in text
    assert "services" in text


@pytest.mark.parametrize("kind", ["exit", "keep_base", "base_revision", "price_shift", "benchmark_path"])
def test_what_is_no_lever_cannot_be_asked_for(kind):
    with pytest.raises(MakeupError, match="no family of levers"):
        read_options(DATASET, families=kind)
