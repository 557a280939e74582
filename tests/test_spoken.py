"""Words for measures and numbers: one meaning each, or an error that says why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.data.reading.spoken import Goal, Said, WordsError, combined, said_of, spoken_goal, spoken_number, unit_of


@pytest.mark.parametrize(
    ("text", "kind", "span", "unit"),
    [
        ("地区生产总值(亿元)", "level", "", "亿元"),
        ("固定资产投资累计值（亿元）", "level", "cum", "亿元"),
        ("绝对额", "level", "", ""),
        ("绝对额(万元)", "level", "", "万元"),
        ("GDP总量", "level", "", ""),
        ("增速", "growth", "", ""),
        ("增速(%)", "growth", "", "%"),
        ("累计增长（%）", "growth", "cum", "%"),
        ("当月同比%", "growth", "month", ""),
        ("当月值", "level", "month", ""),
        ("规上工业增加值", "", "", ""),
        ("社会消费品零售总额", "", "", ""),
        ("增速全省位次", "rank", "", ""),
        ("比上月±百分点", "change", "", ""),
        ("占全市比重(%)", "share", "", "%"),
        ("单位：万元", "level", "", "万元"),
        ("工业用电量（亿千瓦时）", "level", "", "亿千瓦时"),
        ("2020年1-8月", "", "cum", ""),
    ],
)
def test_names_and_headers_say_measure_and_unit(text: str, kind: str, span: str, unit: str) -> None:
    said = said_of(text)
    assert (said.kind, said.span, said.unit, said.contradiction) == (kind, span, unit, "")


@pytest.mark.parametrize("text", ["增速(亿元)", "累计值(%)", "绝对额（%）", "同比增长(万元)"])
def test_words_and_unit_that_exclude_each_other_are_a_contradiction(text: str) -> None:
    assert said_of(text).contradiction


def test_two_texts_over_one_column_may_not_contradict_each_other() -> None:
    assert combined(["2020年1-8月", "增速(%)"]) == Said("growth", "cum", "%", worded=True)
    assert combined(["绝对额", "增速"]).contradiction
    assert not combined(["绝对额及增速", "增速"]).contradiction
    assert not combined(["增加值(亿元)", "增速"]).contradiction  # a unit of the name is that of its level


@pytest.mark.parametrize(
    ("text", "value", "about"),
    [
        ("增长8.5%", 8.5, False),
        ("同比增长8.5%", 8.5, False),
        ("下降3.2%", -3.2, False),
        ("同比下降３．２％", -3.2, False),
        ("↓3.2", -3.2, False),
        ("（3.2）", -3.2, False),
        ("(3.2%)", -3.2, False),
        ("持平", 0.0, False),
        ("同比持平", 0.0, False),
        ("约6.5", 6.5, True),
        ("8%左右", 8.0, True),
        ("增长8%左右", 8.0, True),
        ("6.3%（初步）", 6.3, True),
        ("-3.2%（快报）", -3.2, True),
        ("+6.5*", 6.5, False),
    ],
)
def test_numbers_in_words_are_understood(text: str, value: float, about: bool) -> None:
    found = spoken_number(text)
    assert found is not None
    assert (found.value, found.about) == (value, about)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("6.5-7", "number_range_words"),
        ("6.5%～7%", "number_range_words"),
        ("6至7", "number_range_words"),
        ("8%以上", "number_bound"),
        ("不低于8%", "number_bound"),
        ("8.5个百分点", "number_points"),
        ("8,5", "decimal_comma"),
        ("2020-05-01", "number_is_date"),
        ("5月1日", "number_is_date"),
    ],
)
def test_what_could_be_two_numbers_is_refused(text: str, code: str) -> None:
    with pytest.raises(WordsError, match=code):
        spoken_number(text)


@pytest.mark.parametrize("text", ["约三成", "好", "下降", "增长", "(x)", "下降-3.2", "abc3"])
def test_other_texts_are_no_number(text: str) -> None:
    assert spoken_number(text) is None


@given(st.floats(-99, 99).map(lambda x: round(x, 1)))
def test_words_and_signs_say_the_same_number(value: float) -> None:
    word = "增长" if value >= 0 else "下降"
    found = spoken_number(f"同比{word}{abs(value)}%")
    assert found is not None
    assert found.value == value


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        ("8%以上力争8.5%", Goal(8.0, None, 8.5)),
        ("确保7.5%、力争8%", Goal(7.5, 7.5, 8.0)),
        ("增长8%左右", Goal(8.0)),
        ("8%", Goal(8.0)),
        ("6.5%，确保6%，力争7%", Goal(6.5, 6.0, 7.0)),
    ],
)
def test_plans_of_government_reports(text: str, goal: Goal) -> None:
    assert spoken_goal(text) == goal


@pytest.mark.parametrize("text", ["", "8%9%", "力争", "高于全省平均", "6.5-7%"])
def test_other_words_are_no_plan(text: str) -> None:
    assert spoken_goal(text) is None


def test_units_are_read_in_brackets_after_their_word_or_at_the_end() -> None:
    assert [unit_of(x) for x in ("a（亿元）", "单位：万元", "a/万元", "%", "亿元", "总额")] == [
        *("亿元", "万元", "万元", "%", "亿元", ""),
    ]
