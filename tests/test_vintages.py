"""Replays of past months, refits of only what changed, and runs of which a part failed."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from forecast.answers.chances import Status
from forecast.data.dataset import read_dataset
from forecast.draws.fitting import FitTask, fit_indicator, fit_key
from forecast.executor import InProcess, LocalProcesses
from forecast.periods import AsOf
from forecast.report.files import answers
from forecast.runs import run as run_module
from forecast.runs.run import Request, Run, run
from forecast.runs.store import Store
from tests.small_dataset import FILES, write_dataset

DATA = Path(__file__).parent.parent / "data"


def keys(folder: Path, as_of: str) -> dict[str, str]:
    dataset = read_dataset(folder)
    tasks = run_module._tasks(dataset, AsOf.parse(as_of), Request(dataset=folder, draws=250))
    return {name: fit_key(task) for name, task in tasks.items()}


def without_later_figures(folder: Path, target: Path, as_of: str) -> Path:
    """A data set as it stood on the day of knowledge: rows that came out later are not there yet."""
    day = AsOf.parse(as_of)
    target.mkdir()
    for file in folder.iterdir():
        if file.is_file():
            (target / file.name).write_bytes(file.read_bytes())
    text = (folder / "observations.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    kept = [row for row in rows if row["released"] <= day.day.isoformat() and row["period"] <= str(day.month)]
    assert 0 < len(kept) < len(rows)
    with (target / "observations.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(kept)
    return target


@pytest.mark.parametrize("as_of", ["2020-03", "2020-06", "2020-08", "2020-10", "2020-09-25"])
def test_a_replay_sees_what_was_known_then_and_nothing_else(tmp_path, as_of):
    """Every fit of the replay has the inputs that it would have had if later figures had not been there."""
    then = keys(without_later_figures(DATA / "ankang-2020", tmp_path / "then", as_of), as_of)
    assert keys(DATA / "ankang-2020", as_of) == then
    assert keys(DATA / "ankang-2020", "2020-12") != then


def same_draws(one: Run, other: Run, indicators: set[str]) -> None:
    for name in indicators:
        for array in ("growth", "base_weight", "cum_yoy"):
            mine, theirs = (getattr(r.paths.indicators[name], array).values for r in (one, other))
            np.testing.assert_array_equal(mine, theirs)


def test_new_figures_refit_their_indicator_alone_and_exactly_as_if_all_were_fitted(tmp_path):
    city, store = write_dataset(tmp_path / "city"), Store(tmp_path / "home")
    first = run(Request(dataset=city, draws=250))
    store.keep(first, answers(first))
    more = FILES["observations.csv"] + "xiaocheng,ind_va,2020-06,cum_yoy_pct,-20.3,2020-07-20,published,市统计局\n"
    (city / "observations.csv").write_text(more, encoding="utf-8")
    quick = run(Request(dataset=city, draws=250), kept=store.fit)
    assert set(quick.keys) - quick.reused == {"ind_va"}
    whole = run(Request(dataset=city, draws=250))
    same_draws(quick, whole, set(whole.keys))
    assert quick.attainment.rows == whole.attainment.rows
    assert quick.run_id == whole.run_id != first.run_id
    np.testing.assert_array_equal(first.fits["gdp"].cum_yoy.values, whole.fits["gdp"].cum_yoy.values)


def test_results_do_not_depend_on_the_number_of_workers(tmp_path):
    city = write_dataset(tmp_path / "city")
    request = Request(dataset=city, draws=250)
    alone, two = (run(request, executor=one) for one in (InProcess(), LocalProcesses(2)))
    same_draws(alone, two, set(alone.keys))
    assert alone.attainment.rows == two.attainment.rows
    assert alone.run_id == two.run_id


def broken_for_gdp(task: FitTask):
    if task.indicator == "gdp":
        raise np.linalg.LinAlgError("not positive definite")
    return fit_indicator(task)


def test_a_fit_that_fails_leaves_the_others_and_is_named(tmp_path, monkeypatch):
    city, store = write_dataset(tmp_path / "city"), Store(tmp_path / "home")
    request = Request(dataset=city, draws=250)
    whole = run(request)
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "fit_indicator", broken_for_gdp)
        part = run(request)
    assert dict(part.failures) == {"gdp": "LinAlgError: not positive definite"}
    assert set(part.paths.indicators) == set(whole.paths.indicators) - {"gdp"}
    same_draws(part, whole, set(part.keys))
    assert part.run_id != whole.run_id
    mine = {(r.target.indicator, r.target.kind): r for r in part.attainment.rows}
    for row in whole.attainment.rows:
        if row.target.indicator == "gdp":
            assert mine[row.target.indicator, row.target.kind].status is not Status.JUDGED
            assert mine[row.target.indicator, row.target.kind].p_reach is None
        else:
            assert mine[row.target.indicator, row.target.kind] == row
    kept = store.keep(part, answers(part))
    assert kept.failures == part.failures
    assert kept.summary["failures"] == part.failures
    healed = run(request, kept=store.fit)
    assert healed.reused == frozenset(part.keys)
    assert healed.attainment.rows == whole.attainment.rows
