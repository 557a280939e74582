"""Long work in processes of its own: how it ends is told, however it ends."""

from __future__ import annotations

import json
import os
import time

import pytest

from forecast.runs.store import Store
from forecast.ui import jobs as module
from forecast.ui import worker
from forecast.ui.jobs import JobStatus, jobs, start, stop
from tests.small_dataset import write_dataset

WAIT_SECONDS = 60.0


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DABIAO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def folder(home):
    """A job that nobody works on yet."""
    place = home / "jobs" / "20200101-000000-aaaaaa"
    place.mkdir(parents=True)
    asked = {"kind": "run", "dataset": str(home / "small"), "name": "小城", "started": time.time(), "options": {}}
    (place / module.REQUEST).write_text(json.dumps(asked), encoding="utf-8")
    (place / module.ALIVE).touch()
    return place


def ended(name=None):
    until = time.time() + WAIT_SECONDS
    while time.time() < until:
        job = jobs()[0]
        if job.status is not JobStatus.RUNNING:
            return job
        time.sleep(0.1)
    raise AssertionError(jobs()[0])


def test_a_job_runs_in_a_process_of_its_own_and_keeps_its_run(home, tmp_path):
    job = start("run", write_dataset(tmp_path / "small"), name="小城", draws=250)
    assert job.status is JobStatus.RUNNING
    done = ended()
    assert done.status is JobStatus.DONE, (done.texts, (done.folder / "log.txt").read_text(encoding="utf-8"))
    assert [one.run_id for one in Store(home).runs()] == [done.run_id]
    assert (done.done, done.share) == (done.of, 1.0)


def test_a_job_that_is_to_stop_stops_and_leaves_no_run(home, tmp_path):
    job = start("run", write_dataset(tmp_path / "small"), name="小城", draws=250)
    stop(job)
    assert ended().status is JobStatus.STOPPED
    assert Store(home).runs() == []


def test_a_bad_data_set_is_told_with_its_problems(home, folder):
    write_dataset(home / "small", {"observations.csv": "unit,indicator\nx,y\n"})
    worker.main(folder)
    job = jobs()[0]
    assert job.status is JobStatus.FAILED
    assert "observations.csv" in job.text("zh")
    assert "observations.csv" in job.text("en")


def test_a_defect_is_told_too(home, folder, monkeypatch, capsys):
    def broken(*_):
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(worker, "work", broken)
    worker.main(folder)
    assert "ZeroDivisionError: by nothing" in jobs()[0].text("zh")
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_process_that_died_is_told_apart_from_one_at_work(home, folder):
    assert jobs()[0].status is JobStatus.RUNNING
    long_ago = time.time() - module.LOST_SECONDS - 1
    os.utime(folder / module.ALIVE, (long_ago, long_ago))
    assert jobs()[0].status is JobStatus.LOST


def test_progress_is_read_as_it_was_written(home, folder):
    worker._shown_in(folder)("固定资产投资", 2, 8)
    job = jobs()[0]
    assert (job.step, job.done, job.of, job.share) == ("固定资产投资", 2, 8, 0.25)


def test_a_torn_file_is_no_job(home, folder):
    (folder / module.REQUEST).write_text("{", encoding="utf-8")
    assert jobs() == []
