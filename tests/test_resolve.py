"""One answer to a word for a place or an indicator, in every table."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.data.dataset import read_dataset
from forecast.data.panel import Unit
from forecast.data.reading.places import indicator_names, place_names

ANKANG = Path(__file__).parent.parent / "data" / "ankang-2020"


@pytest.fixture(scope="module")
def panel():
    return read_dataset(ANKANG).panel


@pytest.mark.parametrize(
    ("word", "unit"),
    [
        *(("安康市", "ankang"), ("安康", "ankang"), ("全市", "ankang"), ("本市", "ankang"), ("全市合计", "ankang")),
        *(("陕西", "shaanxi"), ("陕西省", "shaanxi"), ("全省", "shaanxi"), ("全国", "china"), ("中国", "china")),
        *(("旬阳县", "xunyang"), ("旬阳", "xunyang"), ("旬阳市", "xunyang"), (" 旬 阳 ", "xunyang")),
        *(("汉滨", "hanbin"), ("其中：汉滨区", "hanbin"), ("高新区", "gaoxin"), ("恒口", "hengkou")),
        *(("xunyang", "xunyang"), ("汉中市", ""), ("合计", ""), ("阳", "")),
    ],
)
def test_places_in_all_ways_of_writing(panel, word: str, unit: str) -> None:
    assert place_names(panel.units.values()).find(word) == unit


@pytest.mark.parametrize(
    ("word", "indicator"),
    [
        *(("规模工业增加值", "ind_va"), ("规上工业增加值增速(%)", "ind_va"), ("规上工业", "ind_va")),
        *(
            ("固定资产投资", "fai"),
            ("固定资产投资（不含农户）", "fai"),
            ("固定资产投资(不含农户)", "fai"),
            ("固投", "fai"),
        ),
        *(("地区生产总值(亿元)", "gdp"), ("地区生产总值累计值(亿元)", "gdp"), ("GDP总量", "gdp"), ("财政总收入", "")),
        *(("固定资产投资额累计增长(%)", "fai"), ("社会消费品零售总额_累计增长(%)", "retail")),
    ],
)
def test_indicators_in_all_ways_of_writing(panel, word: str, indicator: str) -> None:
    assert indicator_names(panel.indicators.values()).find(word) == indicator


def test_a_word_that_could_mean_two_places_means_none() -> None:
    def unit(key: str, name: str, level: str, parent: str | None) -> Unit:
        return Unit(unit=key, name_zh=name, level=level, parent=parent, counted_within=None)

    units = [
        unit("p", "吉林省", "province", None),
        unit("jl", "吉林市", "city", "p"),
        unit("cc", "长春市", "city", "p"),
        unit("a", "新城县", "county", "jl"),
        unit("b", "新城区", "county", "cc"),
    ]
    names = place_names(units)
    assert names.find("吉林") == "p"  # the higher level goes first
    assert names.find("吉林市") == "jl"
    assert names.find("新城") == ""
    assert names.find("新城区") == "b"
    assert names.find("全市") == ""
    assert place_names(units, city="jl").find("全市") == "jl"
