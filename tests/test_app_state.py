"""The address carries what the reader chose: a reload, another browser and the export show the same."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from forecast.answers.chances import Criterion
from forecast.periods import Month
from forecast.plan.candidates import Family, LeverOptions
from forecast.plan.request import parse_settings, settings_text
from forecast.runs.session import Session
from forecast.tables.breakdown import place_table
from forecast.tasks.allocation import Hold, hold_text, parse_hold
from forecast.ui.export import asked_tasks
from tests.app_pages import APP, keep_main, page, said, tables
from tests.app_runs import ankang

LOCK = Hold(key="hanbin", month=None, amount_yi=5.0, indicator="fai")


@pytest.fixture
def home(monkeypatch):
    keep_main(monkeypatch)
    monkeypatch.setenv("DABIAO_HOME", str(ankang()[0]))
    return ankang()[0]


def opened(name: str, **address: str) -> AppTest:
    """A page as another browser opens it from a link."""
    at = page(name)
    for key, value in address.items():
        at.query_params[key.replace("_", "-")] = value
    return at.run()


def address(at: AppTest) -> dict[str, str]:
    return {key: value[0] if isinstance(value, list) else value for key, value in at.query_params.items()}


@pytest.mark.parametrize(
    "hold",
    [
        LOCK,
        Hold(key="hanbin", month=Month(2020, 11), amount_yi=123.4567, indicator="ind_va"),
        Hold(key="", month=Month(2020, 12), amount_yi=0.0, indicator="fai"),
        Hold(key="工业稳增长专班", month=None, amount_yi=8.0),
    ],
)
def test_a_lock_in_the_address_is_read_back_to_the_last_unit(hold):
    again = parse_hold(hold_text(hold))
    assert (again.key, again.month, again.indicator) == (hold.key, hold.month, hold.indicator)
    assert again.amount_wan == hold.amount_wan


def test_locks_method_probability_and_amount_survive_a_reload(home):
    first = opened("tasks", locks=hold_text(LOCK), task="fai", chance="30", method="even", task_increment="40")
    assert not first.exception
    assert address(first)["locks"] == hold_text(LOCK)
    assert any((one.key or "").startswith("unlock-") for one in first.button)
    again = opened("tasks", **{key.replace("-", "_"): value for key, value in address(first).items()})
    assert not again.exception
    assert tables(again, "grid team") == tables(first, "grid team")
    assert again.number_input(key="task-increment").value == 40.0
    assert address(again) == address(first)


def test_a_lock_that_is_taken_off_leaves_the_address(home):
    at = opened("tasks", locks=hold_text(LOCK))
    next(one for one in at.button if (one.key or "").startswith("unlock-")).click().run()
    assert "locks" not in address(at)


def test_a_lock_that_cannot_be_read_is_said(home):
    at = opened("tasks", locks="fai/hanbin=lots")
    assert not at.exception
    assert "fai/hanbin=lots" in said(at)


def test_every_page_of_the_app_keeps_the_choices_of_the_others(home):
    at = AppTest.from_file(APP, default_timeout=60)
    chosen = {"locks": hold_text(LOCK), "chance": "30", "given": "fai.shaanxi>=4", "scenario": "file:restart"}
    for key, value in chosen.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception
    assert chosen.items() <= address(at).items()
    at.query_params.clear()  # as Streamlit does when the page changes
    at.run()
    assert not at.exception
    assert chosen.items() <= address(at).items()


def test_going_back_makes_the_address_what_was_chosen(home, monkeypatch):
    """As the browser sends it: the address of before, and that it is one of its history."""
    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params["sort"] = "risk"
    at.query_params["scenario"] = "file:restart"
    at.run()
    before = address(at)
    assert (before["sort"], before["scenario"]) == ("risk", "file:restart")
    at.segmented_control(key="sort").set_value("official").run()
    next(one for one in at.selectbox if (one.key or "").startswith("overview-scenario")).set_value("").run()
    assert "sort" not in address(at)
    assert "scenario" not in address(at)
    monkeypatch.setattr("forecast.ui.choice._returned", lambda: True)
    at.query_params.clear()
    for key, value in before.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception
    assert address(at) == before
    assert at.segmented_control(key="sort").value == "risk"
    chosen = next(one for one in at.selectbox if (one.key or "").startswith("overview-scenario"))
    assert chosen.value == "file:restart"


def test_an_address_that_is_late_does_not_undo_a_choice(home):
    """A reader who clicks before the browser has written the last choice down."""
    at = AppTest.from_file(APP, default_timeout=60).run()
    late = address(at)
    at.segmented_control(key="sort").set_value("risk").run()
    at.query_params.clear()
    for key, value in late.items():
        at.query_params[key] = value
    at.run()
    assert address(at)["sort"] == "risk"
    assert at.segmented_control(key="sort").value == "risk"


def test_parts_of_a_link_that_cannot_be_used_are_named(home):
    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params["nonsense"] = "1"
    at.run()
    assert "nonsense" in said(at)
    at = opened("indicator", indicator="fai", given="fai.nowhere>=4", years="maybe")
    assert "nowhere" in said(at)
    assert "maybe" in said(at)
    at = opened("tasks", task_increment="lots")
    assert "lots" in said(at)
    at = opened("makeup", levers="budget=lots;fares=1")
    assert "budget=lots" in said(at)
    assert "fares=1" in said(at)


def test_a_condition_of_a_link_stays_as_it_was_written(home):
    at = opened("indicator", indicator="fai", given="fai.shaanxi@2020-10>3.5")
    assert not at.exception
    assert address(at)["given"] == "fai.shaanxi@2020-10>3.5"
    assert at.number_input(key="given-fai-shaanxi").value == 3.5


def test_the_export_holds_the_locks_of_the_page(home):
    run = ankang()[2]
    state = {"task": "fai", "chance": "30", "method": "even", "locks": hold_text(LOCK)}
    asked = asked_tasks(run.dataset, state)
    assert asked is not None
    assert (asked.indicators[0], asked.wish, asked.method.value, asked.criterion) == (
        "fai",
        0.3,
        "even",
        Criterion.NEAR,
    )
    found = Session(run).assignments(asked)
    (mine,) = [b for b in found.breakdowns if b.indicator == "fai"]
    places = place_table(mine, found, "zh")
    assert places.rows[places.keys.index("hanbin")]["sum"] == 50_000
    assert {b.indicator for b in found.breakdowns} > {"fai"}
    assert asked_tasks(run.dataset, {}) is None


def test_the_export_takes_the_stated_amount_of_the_page(home):
    asked = asked_tasks(ankang()[2].dataset, {"task": "fai", "task-increment": "40"})
    assert asked is not None
    assert asked.increments is not None
    assert list(asked.increments) == ["fai"]
    assert asked.increments["fai"].total_yi == 40.0


def test_the_dialog_names_what_goes_along(home):
    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params["locks"] = hold_text(LOCK)
    at.query_params["method"] = "even"
    at.run()
    at.button(key="export").click().run()
    assert not at.exception
    assert hold_text(LOCK) in said(at)


def test_an_outcome_that_was_typed_is_there_again(home):
    at = opened("indicator", indicator="fai", given="fai.shaanxi>=4")
    assert not at.exception
    assert at.number_input(key="given-fai-shaanxi").value == 4.0
    assert address(at)["given"] == "fai.shaanxi>=4"


def test_levers_budget_and_fairness_are_read_back_as_they_were():
    dataset = ankang()[2].dataset
    options = LeverOptions(
        families=(Family.RESTART, Family.BOND), singles=5, difficulty={"restart": 4.0}, cap={"bond": 10.0}
    )
    text = settings_text(options, budget=12.5, fair=True)
    assert parse_settings(text, dataset) == (options, 12.5, True)
    assert settings_text(LeverOptions()) == ""
    assert parse_settings("", dataset) == (LeverOptions(), None, False)


def test_what_was_asked_of_the_plan_survives_a_reload(home):
    at = opened("makeup", wish="fai:near>=0.3", levers="levers=restart,bond;budget=50;fair=1")
    assert not at.exception
    assert address(at)["levers"] == "levers=restart,bond;budget=50;fair=1"
    assert at.toggle(key="makeup-fair").value is True
    assert at.number_input(key="makeup-budget").value == 50.0
    assert set(at.multiselect(key="makeup-families").value) == {"restart", "bond"}
