"""The process behind a job: ``python -m forecast.ui.worker FOLDER``; see ``forecast.ui.jobs``.

Invariant: whatever happens, the folder says what came of the job (held by ``tests/test_app_jobs.py``).
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from forecast.errors import ForecastError, InputError
from forecast.texts import LANGS, t
from forecast.ui.jobs import ALIVE, PROGRESS, REQUEST, RESULT, STOP, JobStatus, write_json

LOOK_SECONDS: Final = 0.25
EXIT_STOPPED: Final = 3

type Progress = Callable[[str, int, int], None]


def main(folder: Path) -> None:
    """Do what a folder asks for, and say in it what came of it."""
    threading.Thread(target=_watch, args=(folder,), daemon=True).start()
    result: dict[str, Any]
    try:
        result = {"status": JobStatus.DONE.value, **work(_request(folder), _shown_in(folder))}
    except ForecastError as error:
        texts = {lang: error.report(lang) if isinstance(error, InputError) else error.text(lang) for lang in LANGS}
        result = {"status": JobStatus.FAILED.value, "texts": texts}
    except Exception as error:  # whatever it is, the reader is told, and the log has the rest
        traceback.print_exc()
        reason = f"{type(error).__name__}: {error}"
        texts = {lang: t("ui_data.job_broken", lang, reason=reason, log=folder / "log.txt") for lang in LANGS}
        result = {"status": JobStatus.FAILED.value, "texts": texts}
    write_json(folder / RESULT, result | {"ended": time.time()})


def _request(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / REQUEST).read_text(encoding="utf-8")))


def _shown_in(folder: Path) -> Progress:
    def show(name: str, done: int, of: int) -> None:
        write_json(folder / PROGRESS, {"step": name, "done": done, "of": of})

    return show


def _watch(folder: Path) -> None:
    """Give a sign of life, and stop when that is wished."""
    while True:
        if (folder / STOP).exists():
            for child in multiprocessing.active_children():
                child.terminate()
            write_json(folder / RESULT, {"status": JobStatus.STOPPED.value, "ended": time.time()})
            os._exit(EXIT_STOPPED)  # from a thread, amid a fit: nothing of a run is on its place before it is whole
        if folder.exists():
            (folder / ALIVE).touch()
        time.sleep(LOOK_SECONDS)


def work(request: dict[str, Any], progress: Progress) -> dict[str, str]:
    """Do one piece of work and keep what it gives; its id."""
    dataset, options = Path(request["dataset"]), request["options"]
    if request["kind"] == "news":
        from forecast.ui.overview import work_news

        return work_news(options, progress)
    if request["kind"] == "report":
        from forecast.ui.export import work_report

        return work_report(options, progress)
    return _backtest(dataset, options, progress) if request["kind"] == "backtest" else _run(dataset, options, progress)


def _run(dataset: Path, options: dict[str, Any], progress: Progress) -> dict[str, str]:
    from forecast.report.files import answers
    from forecast.runs.run import Request, run
    from forecast.runs.store import Store

    store = Store()
    finished = run(Request(dataset=dataset, **options), progress=progress, kept=store.fit)
    return {"run_id": store.keep(finished, answers(finished)).run_id}


def _backtest(dataset: Path, options: dict[str, Any], progress: Progress) -> dict[str, str]:
    from forecast.report.files import write_backtest
    from forecast.tables.track import Track
    from forecast.track_record.backtest import BacktestRequest, backtest
    from forecast.ui.kept import folder_of

    if (years := options.get("years")) is not None:
        options = options | {"years": tuple(years)}
    result = backtest(BacktestRequest(dataset=dataset, **options), progress=progress)
    write_backtest(Track(result), folder_of(result.dataset.data_hash, result.run_id))
    return {"run_id": result.run_id}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
