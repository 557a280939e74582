"""What the job behind the export dialog does: everything that ``dabiao report`` makes, and a zip of it.

Invariant: the files are those of ``write_reports`` on the same run and scenario (held by ``tests/test_app_export.py``).
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from forecast.store import Store, home
from forecast.texts import t

__all__ = ["FOLDER", "ZIP", "files_of", "work_report"]

FOLDER: Final = "files"
ZIP: Final = "reports.zip"
MOST_KEPT: Final = 10
"""Exports whose files stay."""
FIXED: Final = (1980, 1, 1, 0, 0, 0)
"""Time of every entry of the zip: the same files, the same bytes."""


def work_report(options: dict[str, Any], progress: Callable[[str, int, int], None]) -> dict[str, str]:
    """Write reports, kind after kind, so that the reader sees how far it is.

    options : run, kinds, by ("" for none), pdf, lang, scenario (YAML, "" for none), backtest (folder, "" for none),
        news (name of a kept split, "" for none), place (folder of the store to write to)
    """
    from forecast.report.dossier import gather
    from forecast.report.export import Kind, ReportRequest, read_backtest, write_reports
    from forecast.report.recipients import By
    from forecast.ui.newsroom import read_split

    lang = options["lang"]
    place = home() / "exports" / options["place"]
    out = place / FOLDER
    out.mkdir(parents=True, exist_ok=True)
    kinds = [kind for kind in Kind if kind.value in options["kinds"]]
    progress(t("ui_export.gathering", lang), 0, len(kinds) + 1)
    kept = Store().open(options["run"])
    scenarios = _scenarios(options["scenario"], place)
    dossier = gather(
        kept.run(),
        scenarios,
        backtest=read_backtest(Path(options["backtest"])) if options["backtest"] else None,
        news=read_split(options["news"]) if options["news"] else None,
    )
    asked = ReportRequest(lang=lang, pdf=options["pdf"])
    for k, kind in enumerate(kinds):
        progress(t(f"ui_export.kind_{kind.value}", lang), k + 1, len(kinds) + 1)
        by = By(options["by"]) if options["by"] and kind is kinds[0] else None
        write_reports(dossier, out, replace(asked, kinds=frozenset({kind}), by=by))
    _zipped(out, place / ZIP)
    _tidy(place.parent)
    return {"run_id": options["run"]}


def _tidy(folder: Path) -> None:
    """Remove all but the newest exports: they can be made again."""
    newest = sorted(folder.iterdir(), key=lambda path: -path.stat().st_mtime_ns)
    for old in newest[MOST_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def _scenarios(text: str, place: Path) -> tuple[Path, ...]:
    if not text:
        return ()
    file = place / "scenario.yaml"
    file.write_text(text, encoding="utf-8")
    return (file,)


def files_of(place: str) -> list[Path]:
    """Files of a finished export, the ones to open first; empty where it is gone."""
    out = home() / "exports" / place / FOLDER
    found = [path for path in out.rglob("*") if path.is_file()] if out.is_dir() else []
    return sorted(found, key=lambda path: (len(path.relative_to(out).parts), path.name))


def _zipped(out: Path, to: Path) -> None:
    """One file of all."""
    beside = to.with_suffix(".new")
    with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(out.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(out).as_posix(), FIXED)
                entry.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(entry, path.read_bytes())
    beside.replace(to)
