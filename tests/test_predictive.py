"""Posterior predictive checks: what comes from the model passes, what does not is found, and nothing below matters."""

from __future__ import annotations

import csv
import dataclasses
import io
import json

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from forecast.answers import predictive
from forecast.answers.predictive import LEAST_FIGURES, Finding, Judged, check_indicator
from forecast.cli import app
from forecast.executor import InProcess
from forecast.periods import Frequency
from forecast.report.files import write_tables
from forecast.report.terminal import page
from forecast.runs.run import Request, run
from forecast.runs.session import RunCheck, check_run
from forecast.tables.record import check_blocks, check_document, check_tables
from forecast.texts import LANGS
from forecast.track_record.simulated import gapped_world, whole_world
from tests.small_dataset import write_dataset
from tests.synthetic import measurements

REPLICATES = 100


def checked(m, units=("child1", "root"), seed: int = 1) -> list[Finding]:
    return check_indicator(m, units=units, seed=seed, name="x", replicates=REPLICATES)


def test_histories_of_the_model_are_not_found_wanting_more_often_than_by_chance():
    p = []
    for seed in range(8):
        rng = np.random.default_rng(40 + seed)
        if seed % 2:
            m = whole_world(rng, frequency=Frequency.QUARTERLY, past=5, last=2, children=1).measurements
        else:
            m = gapped_world(rng, frequency=Frequency.QUARTERLY, years=6, last=2, children=1).measurements
        if np.abs(m.log_growth).max() < 1.0:
            p += [one.p_value for one in checked(m)]
    assert len(p) > 20
    off = np.mean(np.array(p) < 0.05)
    assert off < 0.05 + 4 * np.sqrt(0.05 * 0.95 / (len(p) / 3))  # statistics of one history are much alike


@pytest.fixture(scope="module")
def city():
    return measurements(seed=2, years=5, last=6)


def by_check(found: list[Finding], unit: str) -> dict[str, Finding]:
    """The latest finding of every check of a place."""
    return {one.check: one for one in reversed(found) if one.unit == unit}


def test_a_figure_out_of_the_blue_is_found_when_it_is_left_out(city):
    last = city.time.max()
    at = (city.unit == 1) & (city.time == last)
    broken = dataclasses.replace(city, log_growth=np.where(at, city.log_growth - 0.25, city.log_growth))
    before, after = (by_check(checked(m), "child1")["left_out"] for m in (city, broken))
    assert before.judged is Judged.FINE
    assert after.judged is Judged.OFF
    assert after.observed < after.low
    assert after.time == last


def test_a_figure_left_out_is_looked_up_in_what_was_known_before_it(city):
    """Its own value and all later ones do not move its forecast."""
    last = int(city.time.max())
    poison = np.where(city.time >= last - 1, 3.0, city.log_growth)
    clean, poisoned = (
        [one for one in checked(m) if one.check == "left_out" and one.time == last - 1]
        for m in (city, dataclasses.replace(city, log_growth=poison))
    )
    assert [(one.low, one.middle, one.high) for one in clean] == [(one.low, one.middle, one.high) for one in poisoned]
    assert all(one.judged is Judged.OFF for one in poisoned)


def test_months_that_contradict_cumulative_growth_are_found(city):
    """Single months published beside cumulative growth: as they follow from it, and three points off in turn."""
    rows = np.flatnonzero((city.unit == 1) & (city.time % city.per_year > 0))
    place = city.time[rows] % city.per_year
    total = np.cumsum(city.weight[1])
    growth = np.expm1(city.log_growth)
    before = growth[rows - 1]
    single = (total[place] * growth[rows] - total[place - 1] * before) / city.weight[1][place]

    def with_months(extra: np.ndarray):
        return dataclasses.replace(
            city,
            unit=np.r_[city.unit, np.ones(len(rows), dtype=np.intp)],
            time=np.r_[city.time, city.time[rows]],
            cumulative=np.r_[city.cumulative, np.zeros(len(rows), dtype=bool)],
            log_growth=np.r_[city.log_growth, np.log1p(single + extra)],
            noise_sd=np.r_[city.noise_sd, np.full(len(rows), 0.002)],
        )

    turns = 0.1 * (-1.0) ** np.arange(len(rows))
    fine, off = (by_check(checked(with_months(e)), "child1")["identity"] for e in (0 * turns, turns))
    assert fine.observed < 0.05
    assert off.observed > off.high
    assert off.judged is Judged.OFF
    assert off.figures == len(rows)


def test_statistics_are_those_of_the_published_changes(city):
    found = by_check(checked(city), "root")
    growth = {int(t): 100 * np.expm1(g) for t, g in zip(city.of(0).time, city.of(0).log_growth, strict=True)}
    changes = np.array([growth[t] - growth[t - 1] for t in sorted(growth) if t % 11 and t - 1 in growth])
    assert found["change_sd"].observed == pytest.approx(np.sqrt((changes**2).mean()))
    assert found["change_max"].observed == pytest.approx(np.abs(changes).max())
    lag = (changes[1:] * changes[:-1]).sum() / (changes**2).sum()
    assert found["autocorrelation"].observed == pytest.approx(lag)
    assert found["change_sd"].figures == len(changes) >= LEAST_FIGURES


def test_those_below_a_place_do_not_change_its_findings():
    many = measurements(seed=3, siblings=3, gaps=True)
    without = dataclasses.replace(
        many,
        units=many.units[:1],
        parent=many.parent[:1],
        weight=many.weight[:1],
        profile_sd=many.profile_sd[:1],
        scale=many.scale[:1],
        **{
            name: getattr(many, name)[many.unit == 0]
            for name in ("unit", "time", "cumulative", "log_growth", "noise_sd")
        },
    )
    assert checked(many, units=("root",)) == checked(without, units=("root",))


def test_a_place_without_figures_has_no_findings():
    silent = measurements(seed=1, siblings=2, silent=(2,))
    assert {one.unit for one in checked(silent, units=("child2", "root"))} == {"root"}
    assert checked(silent, units=("nowhere",)) == []


def test_p_values_are_two_sided_with_ties_halved():
    draws = np.array([1.0, 2.0, 2.0, 3.0])
    middle = predictive._finding("a", "change_sd", 9, 2.0, draws)
    assert middle.p_value == 1.0
    low = predictive._finding("a", "change_sd", 9, 0.0, draws)
    assert low.p_value == pytest.approx(2 * 0.5 / 5)
    assert low.judged is Judged.FINE


# Of a run


@pytest.fixture(scope="module")
def check(tmp_path_factory) -> RunCheck:
    folder = write_dataset(tmp_path_factory.mktemp("data") / "small")
    return check_run(run(Request(dataset=folder, draws=250), executor=InProcess()), executor=InProcess())


def test_every_fitted_indicator_is_checked_in_city_and_province(check):
    assert set(check.findings) == set(check.run.fits)
    assert check.failures == {}
    assert {one.unit for findings in check.findings.values() for one in findings} == {"xiaocheng", "dasheng"}


def test_the_table_has_every_finding_with_its_month(check, tmp_path):
    frame = check_tables(check)["checks"]
    assert len(frame) == sum(map(len, check.findings.values()))
    left = frame[frame["check"] == "left_out"]
    seen = check.run.dataset.panel.observations
    for row in left.to_dict("records"):
        mine = (seen["indicator"] == row["indicator"]) & (seen["unit"] == row["unit"])
        published = {str(p): v for p, v in zip(seen["period"][mine], seen["value"][mine], strict=True)}
        assert row["period"] in published
    assert frame.loc[frame["check"] != "left_out", "period"].isna().all()
    write_tables(check_tables(check), tmp_path)
    assert (tmp_path / "checks.csv").read_text(encoding="utf-8-sig").count("\n") == len(frame) + 1
    assert len(check_document(check)["checks"]) == len(frame)


@pytest.mark.parametrize("lang", LANGS)
def test_what_is_off_is_named_on_the_screen(check, lang):
    name = next(iter(check.findings))
    bad = [
        Finding(unit="dasheng", check=kind, figures=9, time=-1, observed=o, low=1, middle=2, high=3, p_value=0.003)
        for kind in ("left_out", "change_sd", "change_max", "autocorrelation", "identity")
        for o in (0.0, 9.0)
    ]
    screen = Console(width=160, record=True, file=io.StringIO())
    screen.print(page(check_blocks(dataclasses.replace(check, findings={name: tuple(bad)}), lang)))
    text = screen.export_text()
    assert text.count("0.003") == 10
    calm = [dataclasses.replace(one, p_value=0.5) for one in bad]
    screen.print(page(check_blocks(dataclasses.replace(check, findings={name: tuple(calm)}), lang)))
    assert "0.003" not in screen.export_text()


def test_the_command_writes_the_checks_beside_the_run_and_into_the_document(tmp_path):
    folder, out = write_dataset(tmp_path / "data"), tmp_path / "out"
    options = ["--check", "--workers", "1", "--out", str(out), "--json"]
    called = CliRunner().invoke(app, ["run", str(folder), *options])
    assert called.exit_code == 0, called.output
    document = json.loads(called.stdout)
    with (out / "checks.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["verdict"] for row in rows] == [row["verdict"] for row in document["checks"]]
    assert {row["run_id"] for row in rows} == {document["run_id"]}
    assert len(rows) > 0
