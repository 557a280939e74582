"""Posterior predictive checks of a run as a table, a file and on the screen.

Invariant: every finding is in the table, and what is named on the screen is off in the table
(held by ``tests/test_predictive.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from forecast.answers.predictive import OFF, REPLICATES, WATCH, Finding, Judged
from forecast.report.files import write_csv
from forecast.runs.session import RunCheck
from forecast.tables import words
from forecast.tables.dossier import provenance
from forecast.tables.schema import table_frame
from forecast.texts import Lang, t


def check_frame(check: RunCheck) -> pd.DataFrame:
    """``checks.csv``: a row a finding."""
    records = [
        (
            indicator,
            one.unit,
            one.check,
            None if (period := check.period(indicator, one)) is None else str(period),
            one.figures,
            one.observed,
            one.low,
            one.middle,
            one.high,
            one.p_value,
            one.judged.value,
        )
        for indicator, findings in check.findings.items()
        for one in findings
    ]
    return table_frame("checks", records, provenance(check.run))


def write_check(check: RunCheck, folder: Path) -> None:
    """Write ``checks.csv`` into the directory of its run, at once or not at all."""
    write_csv(check_frame(check), folder / "checks.csv", table="checks")


def check_document(check: RunCheck) -> dict[str, Any]:
    """The checks for programs."""
    return {
        "checks": json.loads(check_frame(check).to_json(orient="records")),
        "checks_failed": dict(check.failures),
    }


def render_check(check: RunCheck, *, lang: Lang) -> RenderableType:
    """Findings that are off or to be watched, how the figures left out fell, and how to read it."""
    found = [(name, one) for name, findings in check.findings.items() for one in findings]
    named = [(name, one) for name, one in found if one.judged is not Judged.FINE]
    lines: list[RenderableType] = [Text(f"\n{t('check.title', lang)}", style="bold")]
    if named:
        lines.append(_table(named, check, lang))
    lines += [Text(line) for line in _summary(found, check, lang)]
    return Group(*lines)


def _table(named: list[tuple[str, Finding]], check: RunCheck, lang: Lang) -> Table:
    panel = check.run.dataset.panel
    table = Table(box=box.SIMPLE_HEAVY, show_edge=False, pad_edge=False, padding=(0, 1))
    for column in ("indicator", "unit", "what", "observed", "expected", "p", "reading"):
        right = column in ("observed", "expected", "p")
        table.add_column(Text(t(f"check.head_{column}", lang)), justify="right" if right else "left", overflow="fold")
    for name, one in named:
        period = check.period(name, one)
        month = "" if period is None else words.months(period, lang)
        table.add_row(
            words.indicator_name(name, panel.indicators[name].name_zh, lang),
            words.unit_name(panel.units[one.unit], lang),
            t(f"check.what_{one.check}", lang, month=month),
            f"{one.observed:.2f}",
            t("glossary.range", lang, low=f"{one.low:.2f}", high=f"{one.high:.2f}"),
            f"{one.p_value:.3f}",
            t(f"check.reading_{one.check}_{'high' if one.observed > one.middle else 'low'}", lang),
        )
    return table


def _summary(found: list[tuple[str, Finding]], check: RunCheck, lang: Lang) -> Iterator[str]:
    """How many were checked, how many are off and how many chance alone gives; one-step coverage."""
    off = sum(one.judged is Judged.OFF for _, one in found)
    watched = sum(one.judged is Judged.WATCH for _, one in found)
    expected = f"{WATCH * len(found):.1f}"
    yield t("check.counts", lang, count=len(found), off=off, watch=watched, expected=expected)
    left = [one for _, one in found if one.check == "left_out"]
    if left:
        inside = sum(one.low <= one.observed <= one.high for one in left)
        yield t("check.left_out", lang, count=len(left), inside=inside)
    yield t("check.note", lang, off=OFF, watch=WATCH, replicates=REPLICATES)
    names = check.run.dataset.panel.indicators
    for name, reason in check.failures.items():
        yield t("check.failed", lang, indicator=words.indicator_name(name, names[name].name_zh, lang), reason=reason)
