"""Holds are read as they stand, or every slip in them is reported."""

from __future__ import annotations

import pytest

from forecast.errors import InputError, UsageError
from forecast.periods import Month
from forecast.tasks.allocation import parse_hold, read_holds


@pytest.mark.parametrize(
    ("text", "key", "month", "wan", "indicator"),
    [
        ("hanbin:2020-11=3.2", "hanbin", Month(2020, 11), 32000, None),
        ("汉滨区：2020-10 ＝ 3200万元", "汉滨区", Month(2020, 10), 3200, None),
        ("工业稳增长专班=8亿", "工业稳增长专班", None, 80000, None),
        ("2020-12=10", "", Month(2020, 12), 100000, None),
        ("fai/p017=0.0001", "p017", None, 1, "fai"),
        ("hanbin=0", "hanbin", None, 0, None),
    ],
)
def test_a_hold_says_what_when_and_how_much(text, key, month, wan, indicator):
    hold = parse_hold(text)
    assert (hold.key, hold.month, hold.amount_wan, hold.indicator) == (key, month, wan, indicator)


@pytest.mark.parametrize("text", ["hanbin", "=3", "hanbin:2020-13=1", "hanbin=three", ""])
def test_what_is_no_hold_is_refused(text):
    with pytest.raises(UsageError, match="cannot be read"):
        parse_hold(text)


def test_negative_amounts_and_parts_of_the_smallest_unit_are_refused():
    with pytest.raises(UsageError, match="negative"):
        parse_hold("hanbin=-1")
    with pytest.raises(UsageError, match="whole number of 万元"):
        parse_hold("hanbin=0.00005")


def test_the_name_of_a_hold_reads_back_as_the_same_hold():
    for text in ("hanbin:2020-11=3.2", "2020-12=10", "p017=0.5"):
        hold = parse_hold(text)
        assert parse_hold(hold.name) == hold


TOML = """holds = [
  "hanbin:2020-11=3.2",
  {key = "xunyang", amount_wan = 500, note = "已下达"},
]
"""
YAML = """holds:
  - hanbin:2020-11=3.2
  - {key: xunyang, amount_wan: 500, note: 已下达}
"""
CSV = "key,month,amount_yi,amount_wan,note\nhanbin,2020-11,3.2,,\nxunyang,,,500,已下达\n"


@pytest.mark.parametrize(("name", "text"), [("h.toml", TOML), ("h.yaml", YAML), ("h.csv", CSV)])
def test_all_forms_of_a_file_say_the_same(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    found = read_holds(tmp_path / name)
    assert [(h.key, h.month, h.amount_wan, h.note) for h in found] == [
        ("hanbin", Month(2020, 11), 32000, ""),
        ("xunyang", None, 500, "已下达"),
    ]
    assert {h.file for h in found} == {name}


def test_all_slips_of_a_file_are_reported_at_once(tmp_path):
    path = tmp_path / "holds.csv"
    path.write_text("key,month,amount_yi\nhanbin,2020-11,-1\nxunyang,2020-11,abc\n,,3\nhanbin,,\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_holds(path)
    assert [(p.code, p.row) for p in caught.value.problems] == [
        ("hold_negative", 2),
        ("hold_form", 3),
        ("hold_form", 4),
        ("hold_amount", 5),
    ]


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("a.toml", "holds = [", "hold_file"),
        ("b.yaml", "holds: [1", "hold_file"),
        ("c.yaml", "locks: []", "hold_list"),
        ("d.csv", "place,amount_yi\nhanbin,1\n", "hold_key"),
        ("e.toml", 'holds = [{key = "hanbin", amount = 3}]', "hold_key"),
        ("f.yaml", "holds: [3]", "hold_form"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path, name, text, code):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_holds(tmp_path / name)
    assert {p.code for p in caught.value.problems} == {code}


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(InputError, match=r"none\.toml"):
        read_holds(tmp_path / "none.toml")
