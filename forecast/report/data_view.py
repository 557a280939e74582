"""A data set as tables for people: where every figure comes from, what is assumed and why, what an upload would change.

Invariant: every row is a row of the data set, with its file and row (held by ``tests/test_app_data.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from forecast.data.dataset import Dataset, Summary
from forecast.data.intake import Addition
from forecast.data.ledger import Assumptions, Coefficient
from forecast.data.panel import Config, Panel
from forecast.dims import from_percent
from forecast.scenario.actions import ADDITIONALITY
from forecast.tables import words
from forecast.texts import Lang, catalogue, t


def _frame(records: Sequence[dict[str, Any]], columns: Sequence[str], lang: Lang) -> pd.DataFrame:
    heads = {name: t(f"ui_data.column_{name}", lang) for name in columns}
    return pd.DataFrame(list(records), columns=pd.Index(columns)).rename(columns=heads)


def _place(unit: str, panel: Panel, lang: Lang) -> str:
    return words.unit_name(panel.units[unit], lang) if unit in panel.units else unit


def _indicator(name: str, panel: Panel, lang: Lang) -> str:
    known = panel.indicators.get(name)
    return words.indicator_name(name, known.name_zh, lang) if known else name


def _word(kind: str, value: str, lang: Lang) -> str:
    key = f"ui_data.{kind}_{value}"
    return t(key, lang) if key in catalogue(lang) else value


def figures_table(panel: Panel, lang: Lang, *, indicator: str | None, unit: str | None) -> pd.DataFrame:
    """Figures as they were read, each with its release day and source; of one indicator or place, or of all."""
    rows = panel.observations
    if indicator is not None:
        rows = rows[rows["indicator"] == indicator]
    if unit is not None:
        rows = rows[rows["unit"] == unit]
    columns = ("indicator", "unit", "period", "measure", "value", "released", "status", "source", "file", "row")
    records = [
        {
            **{name: row[name] for name in ("value", "source", "file", "row")},
            "indicator": _indicator(row["indicator"], panel, lang),
            "unit": _place(row["unit"], panel, lang),
            "period": str(row["period"]),
            "measure": _word("measure", str(row["measure"]), lang),
            "released": f"{row['released']}{t('ui_data.by_rule', lang) if row['released_rule'] else ''}",
            "status": _word("status", str(row["status"]), lang),
        }
        for row in rows.to_dict("records")
    ]
    return _frame(records, columns, lang)


def files_table(read: Summary, lang: Lang) -> pd.DataFrame:
    """What every file holds."""
    records = [
        {
            "table": _word("table", one.table, lang),
            "file": one.file,
            "rows": one.rows,
            "statuses": t("glossary.and", lang).join(
                f"{_word('status', status, lang)} {n}" for status, n in one.statuses.items()
            ),
            "masked": one.masked,
            "revisions": one.revisions,
        }
        for one in read.files
    ]
    return _frame(records, ("table", "file", "rows", "statuses", "masked", "revisions"), lang)


def series_table(read: Summary, panel: Panel, lang: Lang) -> pd.DataFrame:
    """How far every series reaches."""
    records = [
        {
            "indicator": _indicator(one.indicator, panel, lang),
            "unit": _place(one.unit, panel, lang),
            "figures": one.figures,
            "this_year": one.this_year,
            "first": one.first_period,
            "last": one.last_period,
        }
        for one in read.series
    ]
    return _frame(records, ("indicator", "unit", "figures", "this_year", "first", "last"), lang)


def additions_table(additions: Sequence[Addition], panel: Panel, lang: Lang) -> pd.DataFrame:
    """Figures that an upload brings, and which of them replace one."""
    records = [
        {
            "indicator": _indicator(one.indicator, panel, lang),
            "unit": _place(one.unit, panel, lang),
            "period": str(one.period),
            "measure": _word("measure", one.measure, lang),
            "value": one.value,
            "revises": one.revises,
            "released": str(one.released) if one.released else t("ui_data.usual_day", lang),
            "file": one.file,
            "at": one.cell or str(one.row),
        }
        for one in additions
    ]
    columns = ("indicator", "unit", "period", "measure", "value", "revises", "released", "file", "at")
    return _frame(records, columns, lang)


def assumptions_table(dataset: Dataset, lang: Lang) -> pd.DataFrame:
    """What is assumed and not measured, each with its value, its spread and where it comes from."""
    panel = dataset.panel
    records = [*_rules(dataset.config, lang), *_coefficients(lang)]
    for row in panel.industries.to_dict("records"):
        for name, spread in (("elasticity", row["elasticity_sd"]), ("cap_pp", None)):
            records.append(
                _record(t(f"ui_data.assume_{name}", lang), row["name_zh"], row[name], spread, row["status"], row, lang)
            )
    for row in panel.bases.to_dict("records"):
        about = f"{_place(row['unit'], panel, lang)} {_indicator(row['indicator'], panel, lang)}"
        for name, factor in (("base_level_yi", 1.0), ("share_of_parent", 1.0)):
            if pd.notna(row[name]):
                spread = from_percent(row["sd_pct"]) * row[name] * factor
                label = t(f"ui_data.assume_{name}", lang, year=row["base_year"])
                records.append(_record(label, about, row[name], spread, row["status"], row, lang))
    return _frame(records, ("what", "about", "value", "spread", "status", "source"), lang)


def _record(
    what: str, about: str, value: Any, spread: Any, status: str, row: dict[Any, Any], lang: Lang
) -> dict[str, Any]:
    return {
        "what": what,
        "about": about,
        "value": _number(value),
        "spread": _number(spread),
        "status": _word("status", status, lang),
        "source": t("ui_data.source_at", lang, **{name: row[name] for name in ("source", "file", "row")}),
    }


def _number(value: Any) -> str:
    return "" if value is None or pd.isna(value) else f"{float(value):.4g}"


def _rules(config: Config, lang: Lang) -> list[dict[str, Any]]:
    """The evidence gate and the rules of the lights."""
    source, rule = t("ui_data.source_config", lang), config.evidence
    found = [(t(f"ui_data.assume_{name}", lang), "", getattr(rule, name)) for name in ("limited_from", "ample_from")]
    for light in config.lights.values():
        found += [
            (t(f"ui_data.assume_{name}", lang), light.rule, getattr(light, name))
            for name in ("green_from", "yellow_from")
        ]
    set_by = t("ui_data.status_set", lang)
    return [
        {"what": what, "about": about, "value": _number(value), "spread": "", "status": set_by, "source": source}
        for what, about, value in found
    ]


def _coefficients(lang: Lang) -> list[dict[str, Any]]:
    """Coefficients of scenarios, which a scenario file may override."""
    source, set_by = t("ui_data.source_default", lang), t("ui_data.status_set", lang)
    records: list[tuple[str, str, float, float | None]] = []
    for kind, share in ADDITIONALITY.items():
        records.append((t("scenario.assume_additionality", lang), t(f"scenario.type_{kind}", lang), share, None))
    usual = Assumptions()
    for name in ("value_added_per_output", "construction_share", "usual_completion", "correlation"):
        value = getattr(usual, name)
        mean, spread = (value.mean, value.sd) if isinstance(value, Coefficient) else (value, None)
        records.append((t(f"scenario.assume_{name}", lang), "", mean, spread))
    return [
        {
            "what": what,
            "about": about,
            "value": _number(value),
            "spread": _number(spread),
            "status": set_by,
            "source": source,
        }
        for what, about, value, spread in records
    ]
