"""Numbers as people read them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.answers.attainment import attain
from forecast.answers.chances import Status
from forecast.answers.evidence import Comparison, Evidence, HistoryStatus
from forecast.answers.judgement import Light
from forecast.answers.required import Required, RequiredStatus
from forecast.data.target import TargetKind
from forecast.periods import AsOf, Month
from forecast.tables import words
from forecast.texts import LANGS
from tests import handmade as hm

AMPLE, THIN = Evidence.AMPLE, Evidence.THIN


@pytest.mark.parametrize(
    ("p", "evidence", "shown", "spoken", "band"),
    [
        (0.7501, AMPLE, "75%", "约七成五", "较有把握"),
        (0.72, AMPLE, "70%", "约七成", "较有把握"),
        (0.925, AMPLE, "95%", "约九成五", "把握很大"),
        (0.976, AMPLE, ">95%", "九成五以上", "把握很大"),
        (0.9999, AMPLE, ">95%", "九成五以上", "把握很大"),
        (0.024, AMPLE, "<5%", "不足半成", "难度很大"),
        (0.0001, AMPLE, "<5%", "不足半成", "难度很大"),
        (0.03, AMPLE, "5%", "约半成", "难度很大"),
        (0.15, AMPLE, "15%", "约一成五", "难度很大"),
        (0.30, AMPLE, "30%", "约三成", "难度较大"),
        (0.50, AMPLE, "50%", "约五成", "有望但不稳"),
        (0.88, AMPLE, "90%", "约九成", "把握很大"),
        (0.7501, THIN, "80%", "约八成", "较有把握"),
        (0.72, THIN, "70%", "约七成", "较有把握"),
        (0.04, THIN, "<10%", "不足一成", "难度很大"),
        (0.97, THIN, ">90%", "九成以上", "把握很大"),
    ],
)
def test_probabilities_are_rounded_for_leaders(p, evidence, shown, spoken, band):
    assert words.probability(p, "zh", evidence=evidence) == shown
    assert words.probability_words(p, "zh", evidence=evidence) == spoken
    assert words.band(p, "zh", evidence=evidence) == band


@given(st.floats(0.0, 1.0), st.sampled_from(list(Evidence)), st.sampled_from(LANGS))
def test_no_probability_is_ever_shown_as_certain(p, evidence, lang):
    shown = words.probability(p, lang, evidence=evidence)
    assert shown not in {"0%", "100%", "<0%", ">100%"}
    number = int(re.fullmatch(r"[<>]?(\d+)%", shown)[1])
    step = 10 if evidence is THIN else 5
    assert number % step == 0
    assert 0 < number < 100
    text = words.chance(p, lang, evidence=evidence)
    assert "必然" not in text
    assert "无望" not in text
    assert (("资料有限" in text) or ("limited data" in text)) is (evidence is THIN)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.sampled_from([AMPLE, THIN]))
def test_rounding_keeps_order_and_stays_within_half_a_step(a, b, evidence):
    low, high = sorted((a, b))
    assert words.shown_percent(low, evidence) <= words.shown_percent(high, evidence)
    half = 5.0 if evidence is THIN else 2.5
    assert abs(words.shown_percent(a, evidence) - 100 * a) <= half + 1e-6


@given(st.floats(0.0, 1.0), st.sampled_from([AMPLE, THIN]))
def test_number_and_band_as_shown_never_disagree(p, evidence):
    shown = words.shown_percent(p, evidence)
    band = words.band(p, "zh", evidence=evidence)
    expected = (
        "把握很大" if shown >= 90 else "较有把握" if shown >= 70 else "有望但不稳" if shown >= 50
        else "难度较大" if shown >= 30 else "难度很大"
    )  # fmt: skip
    assert band == expected


@pytest.mark.parametrize("p", [-0.01, 1.01, 75.0, float("nan")])
def test_a_percentage_in_place_of_a_fraction_is_an_error(p):
    with pytest.raises(ValueError, match="fraction in"):
        words.probability(p, "zh", evidence=AMPLE)


def test_without_a_probability_it_says_so():
    assert words.chance(None, "zh", evidence=Evidence.INSUFFICIENT) == "资料不足，暂不研判"
    assert words.probability(None, "zh", evidence=Evidence.INSUFFICIENT) == "—"
    assert words.band(None, "zh", evidence=Evidence.INSUFFICIENT) == ""


def test_chance_in_running_text():
    assert words.chance(0.76, "zh", evidence=AMPLE) == "约七成五，较有把握"
    assert words.chance(0.76, "zh", evidence=THIN) == "约八成，较有把握（资料有限）"
    assert words.chance(0.76, "en", evidence=AMPLE) == "about seven and a half in ten, likely"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(4.1, "+4.1%"), (-13.6, "-13.6%"), (0.0, "0.0%"), (-0.04, "0.0%"), (0.05, "+0.1%"), (-0.25, "-0.3%")],
)
def test_growth_has_a_sign_and_one_decimal(value, shown):
    assert words.growth(value, "zh") == shown


def test_growth_that_is_not_published_is_not_zero():
    assert words.growth(None, "zh") == "未公布"
    assert words.gap(None, "zh") == "—"
    assert words.points(-16.6, "zh") == "-16.6个百分点"
    assert words.gap(-16.6, "zh") == "-16.6"
    assert words.interval(-12.04, -3.1, "zh") == "-12.0～-3.1"


@given(st.floats(-1e4, 1e4))
def test_rounding_is_to_the_nearest_and_symmetric(value):
    for step in (0.1, 1.0, 5.0):
        got = words.rounded(value, step)
        assert abs(got - value) <= step / 2 + 1e-6
        assert words.rounded(-value, step) == -got or got == 0.0
        assert np.copysign(1.0, got) == 1.0 or got < 0


def test_a_growth_carries_its_month():
    assert words.through(Month(2020, 6), "zh") == "截至6月"
    assert words.through(Month(2020, 6), "en") == "to Jun"
    assert words.through(None, "zh") == ""
    assert words.months(Month(2020, 6), "zh") == "1—6月"
    assert words.knowledge(AsOf.parse("2020-08"), "zh") == "截至8月"
    assert words.knowledge(AsOf.parse("2020-09-25"), "zh") == "截至9月25日"


def test_feasibility_says_whose_past_it_is():
    own = Comparison(status=HistoryStatus.OWN, unit="ankang", percentile=91.7, spans=12)
    province = Comparison(status=HistoryStatus.PROVINCE, unit="shaanxi", percentile=100.0, spans=12)
    none = Comparison(status=HistoryStatus.INSUFFICIENT)
    assert (words.history_source(own, "zh"), words.feasibility(own, "zh")) == ("", "第92百分位")
    assert (words.history_source(province, "zh"), words.feasibility(province, "zh")) == ("参照全省", "需创历史")
    assert (words.history_source(none, "zh"), words.feasibility(none, "zh")) == ("", "历史资料不足")
    almost = Comparison(status=HistoryStatus.OWN, unit="ankang", percentile=99.7, spans=300)
    assert words.feasibility(almost, "zh") == "第99百分位"


@pytest.mark.parametrize("lang", LANGS)
def test_every_enumerated_value_has_a_word(lang):
    texts = [words.light_name(light, lang) for light in Light]
    texts += [words.evidence_name(evidence, lang) for evidence in Evidence]
    texts += [words.kind_name(kind, lang) for kind in TargetKind]
    for status in RequiredStatus.__value__.__args__:
        median = 1.0 if status is Status.OPEN else None
        texts.append(words.required_text(Required(status=status, median_pct=median), lang))
    assert all(texts)
    assert len(set(texts)) == len(texts)


def test_the_figure_to_add_is_named():
    row = attain(hm.paths(), hm.panel([]), [hm.target("culture_rev")], hm.config()).rows[0]
    note = words.insufficient_note(row, hm.units(), "zh")
    assert note == "资料不足，暂不研判；请补充安康市、陕西省1—6月规上文化企业营业收入累计增速"
    assert "Ankang, Shaanxi" in words.insufficient_note(row, hm.units(), "en")


def test_an_indicator_that_the_glossary_does_not_know_keeps_its_name():
    assert words.indicator_name("gdp", "地区生产总值", "zh") == "地区生产总值"
    assert words.indicator_name("gdp", "地区生产总值", "en") == "GDP"
    assert words.indicator_name("tea_output", "茶叶产量", "en") == "茶叶产量"


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.sampled_from([Evidence.AMPLE, Evidence.THIN]))
def test_a_change_of_a_probability_is_the_difference_of_the_printed_levels(p, before, evidence):
    def printed(one: float) -> int:
        return int(re.sub(r"[<>%]", "", words.probability(one, "en", evidence=evidence)))

    said = words.level_change(p, before, evidence=evidence)
    assert int(said) == printed(p) - printed(before)
    assert said == "0" or said[0] in "+-"
    phrase = words.level_phrase(p, before, "zh", evidence=evidence)
    assert ("未变" in phrase) == (said == "0")
    assert said == "0" or f"{abs(int(said))}个百分点" in phrase


def test_where_the_level_stays_the_gap_is_told_with_as_many_digits_as_show_it():
    said = [words.gap_phrase(pp, "zh") for pp in (0.43, 0.04, -0.004, 0.0)]
    assert said == ["差距缩小0.4个百分点，", "差距缩小0.04个百分点，", "差距扩大0.004个百分点，", ""]


@given(st.lists(st.floats(-5.0, 5.0), min_size=1, max_size=12), st.sampled_from([0.1, 0.01, 1.0]))
def test_parts_are_printed_so_that_they_sum_to_the_whole_as_printed(parts, step):
    shown = words.split(parts, step)
    assert sum(shown) == pytest.approx(words.rounded(sum(parts), step), abs=1e-9)
    assert all(abs(a - b) <= step * (1 + 1e-6) for a, b in zip(shown, parts, strict=True))


def test_largest_remainders_by_hand():
    assert words.split([0.333, 0.333, 0.334], 0.1) == pytest.approx([0.3, 0.3, 0.4])
    assert words.split([1.26, -0.26], 0.1) == pytest.approx([1.3, -0.3])
