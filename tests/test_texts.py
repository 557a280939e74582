"""Catalogues: both languages have the same texts with the same placeholders, and every problem has its text."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path

import pytest

import forecast
from forecast.data.reading.columns import TABLES
from forecast.texts import LANGS, catalogue, default_lang, t

ROOT = Path(forecast.__file__).parent


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys() -> None:
    assert catalogue("zh").keys() == catalogue("en").keys()


def test_both_languages_have_the_same_namespaces() -> None:
    names = [{file.name for file in (ROOT / "locale" / lang).glob("*.toml")} for lang in LANGS]
    assert names[0] == names[1]
    assert "problems.toml" in names[0]


def test_catalogues_are_flat() -> None:
    for lang in LANGS:
        for file in (ROOT / "locale" / lang).glob("*.toml"):
            for key, text in tomllib.loads(file.read_text(encoding="utf-8")).items():
                assert isinstance(text, str), f"{lang}/{file.name}: {key}"


def test_only_a_gap_between_words_is_empty() -> None:
    empty = {lang: {key for key, text in catalogue(lang).items() if not text.strip()} for lang in LANGS}
    assert empty["zh"] == empty["en"]
    assert not [key for key in empty["zh"] if key.startswith("problems.")]


def test_both_languages_have_the_same_placeholders() -> None:
    zh, en = ({key: placeholders(text) for key, text in catalogue(lang).items()} for lang in LANGS)
    assert {key: (zh[key], en[key]) for key in zh if zh[key] != en[key]} == {}


def test_placeholders_never_collide_with_the_parameters_of_t() -> None:
    for key, text in catalogue("en").items():
        assert not placeholders(text) & {"key", "lang"}, key


FRAME = {"count", "row", "column", "comma", "colon"}


def test_problems_are_chinese_in_chinese_and_english_in_english() -> None:
    han = re.compile(r"[\u4e00-\u9fff]")
    latin = re.compile(r"[A-Za-z]")
    for key in catalogue("zh"):
        if key.startswith("problems.") and key.removeprefix("problems.") not in FRAME:
            assert han.search(catalogue("zh")[key]), key
            english = catalogue("en")[key]  # may cite the Chinese words that a user is to write
            assert len(latin.findall(english)) > 4 * len(han.findall(english)), key


def codes() -> set[str]:
    """Words of the sources that may be codes of problems."""
    found: set[str] = set()
    for file in ROOT.rglob("*.py"):
        found |= set(re.findall(r'"([a-z0-9]+(?:_[a-z0-9]+)+)"', file.read_text(encoding="utf-8")))
    return found


def test_no_problem_text_is_left_over() -> None:
    built = {f"{noun}_{end}" for noun in ("unit", "indicator", "county", "light_rule") for end in ("near", "unknown")}
    built |= {f"period_not_{frequency}" for frequency in ("monthly", "quarterly", "shifted")}
    built |= {f"wide_no_{place}" for place in ("city", "province")}
    reasons = ("neighbours", "tenfold", "turned", "alone", "shipped", "swapped", "climbs")
    built |= {f"doubt_{reason}" for reason in reasons}
    lacks = ("place", "month", "indicator", "month_place", "month_indicator", "place_indicator")
    built |= {"untold", *(f"untold_{lack}" for lack in lacks)}
    built |= {f"sheet_{kind}" for kind in TABLES}
    used = codes() | built | FRAME
    texts = {key.removeprefix("problems.") for key in catalogue("zh") if key.startswith("problems.")}
    assert texts - used == set()


def test_a_text_is_filled() -> None:
    assert t("problems.row", "zh", row=14) == "第14行"
    assert t("problems.row", "en", row=14) == "row 14"


def test_an_unknown_text_is_a_defect() -> None:
    with pytest.raises(KeyError, match=r"problems\.no_such_text"):
        t("problems.no_such_text", "zh")


@pytest.mark.parametrize(
    ("variables", "lang"),
    [
        ({}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "C"}, "zh"),
        ({"LANG": "en_US", "LC_ALL": "zh_CN"}, "zh"),
    ],
)
def test_the_language_follows_the_environment(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], lang: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert default_lang() == lang
