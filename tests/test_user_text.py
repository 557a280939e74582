"""Text of users is text: nothing in a name is obeyed, on any way out."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from forecast.cli import app
from forecast.data.dataset import read_dataset
from forecast.errors import InputError, Problem
from forecast.scenario.actions import ScenarioHeader
from forecast.texts import visible
from tests import scenario_world as sw
from tests.small_dataset import edited, write_dataset

HOSTILE = "[/a]小[ppp]城:smile:"
TURNED = "\u202e\u200b\u2066\ufeff"
HIDDEN = "\x1b[31m\x9b2J\u202e\u200b\u2066\ufeff"


def test_what_nobody_sees_is_left_out_and_the_rest_stays():
    assert visible(f"安{HIDDEN}康\n\t市") == "安[31m2J康\n\t市"
    plain = "安康市 Ankang [a] ，。—·"
    assert visible(plain) is plain


def test_fields_and_titles_hold_visible_text_only(tmp_path):
    toml = edited("dataset.toml", "小城2020年", f"小{TURNED}城2020年")
    folder = write_dataset(tmp_path, edited("units.csv", "小城市", f"小{TURNED}城市") | toml)
    read = read_dataset(folder)
    assert read.panel.units["xiaocheng"].name_zh == "小城市"
    assert read.config.name_zh == "小城2020年"
    title = ScenarioHeader(name="x", title=f"甲{HIDDEN}乙", actions=(sw.every_action()[0],)).title
    assert title == "甲[31m2J乙"


def test_a_message_never_carries_what_a_terminal_obeys():
    problem = Problem(code="unit_unknown", file=f"a{HIDDEN}.csv", row=2, params={"value": HIDDEN, "expected": ""})
    for lang in ("zh", "en"):
        told = InputError([problem]).report(lang)
        assert visible(told) == told


@pytest.mark.parametrize("command", ["validate", "run", "path"])
def test_markup_in_a_name_is_printed_as_it_is_written(command, tmp_path, monkeypatch):
    monkeypatch.setenv("DABIAO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    changes = edited("units.csv", "小城市", HOSTILE) | edited("indicators.csv", "规上工业增加值", f"工业{HOSTILE}")
    out = [] if command == "validate" else ["--out", str(tmp_path / "out")]
    folder = write_dataset(tmp_path / "set", changes)
    shown = CliRunner().invoke(app, [command, str(folder), *out, "--lang", "zh"])
    assert shown.exit_code == 0, shown.output
    assert f"工业{HOSTILE}" in "".join(shown.output.split())
