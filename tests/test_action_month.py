"""The first month that a decision can affect moves with the state of knowledge."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.answers.required import action_month
from forecast.data.dataset import read_dataset
from forecast.errors import InputError
from forecast.periods import AsOf, Month
from forecast.runs.run import acting
from forecast.scenario.document import ScenarioError
from forecast.scenario.reader import read_scenario
from tests import handmade
from tests.small_dataset import FILES, write_dataset

ANKANG = Path(__file__).parent.parent / "data" / "ankang-2020"
EARLY = """name: early
title: 提前
actions:
  - type: county_push
    unit: ankang
    indicator: retail
    effect_pp: 1
    month: 2020-08
"""


def test_the_data_sets_own_state_of_knowledge_has_the_month_that_it_names():
    config = handmade.config(as_of="2020-08", first_action_month=Month(2020, 10))
    assert action_month(config, AsOf.parse("2020-08")) == Month(2020, 10)


@given(months=st.integers(-5, 3))
def test_the_lag_from_knowledge_to_action_is_kept(months):
    config = handmade.config(as_of="2020-08", first_action_month=Month(2020, 10))
    assert action_month(config, AsOf.parse(str(Month(2020, 8).plus(months)))) == Month(2020, 10).plus(months)


def test_the_lag_is_a_rule_of_the_data_set_whatever_figures_came_later():
    """All of 2023 is in the file: its own first month is cut to December, before the day of knowledge."""
    whole = handmade.config(as_of="2023-12", first_action_month=Month(2023, 12), target_year=2023)
    stated = replace(whole, action_lag_months=1)
    assert action_month(stated, AsOf.parse("2023-08")) == Month(2023, 10)
    assert action_month(whole, AsOf.parse("2023-08")) > Month(2023, 8), "a month that is over is never actionable"


@pytest.mark.parametrize(
    ("key", "code"), [("action_lag_months = 9", "action_lag_range"), ('criterion = "all"', "criterion_unknown")]
)
def test_rules_that_cannot_be_are_refused(tmp_path, key, code):
    folder = write_dataset(tmp_path, {"dataset.toml": f"{key}\n" + FILES["dataset.toml"]})
    with pytest.raises(InputError) as error:
        read_dataset(folder)
    assert [problem.code for problem in error.value.problems] == [code]


def test_no_action_comes_before_the_target_year():
    config = handmade.config(as_of="2020-08", first_action_month=Month(2020, 10))
    assert action_month(config, AsOf.parse("2019-06")) == Month(2020, 1)


def test_a_scenario_may_act_in_a_month_that_was_still_ahead_at_an_earlier_state_of_knowledge(tmp_path):
    file = tmp_path / "early.yaml"
    file.write_text(EARLY, encoding="utf-8")
    dataset = read_dataset(ANKANG)
    assert read_scenario(file, acting(dataset, AsOf.parse("2020-06"))).actions
    with pytest.raises(ScenarioError, match="2020-10"):
        read_scenario(file, dataset)
