"""What stands above and below every table: title, state of knowledge, provenance.

Invariant: a page says as of when it speaks and from which run (held by ``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from forecast.periods import Month
from forecast.tables import words
from forecast.tables.dossier import Dossier
from forecast.texts import Lang, t


def city_name(dossier: Dossier, lang: Lang) -> str:
    """Name of the city under study."""
    return words.unit_name(dossier.run.attainment.units[dossier.run.dataset.config.city], lang)


def unit_names(dossier: Dossier, lang: Lang) -> dict[str, str]:
    """Names of all places by id."""
    return {unit: words.unit_name(one, lang) for unit, one in dossier.run.attainment.units.items()}


def heading(sheet: str, dossier: Dossier, lang: Lang) -> str:
    """Title of a table: 安康市2020年主要经济指标完成情况预测表."""
    config = dossier.run.dataset.config
    return t(f"reports.title_{sheet}", lang, city=city_name(dossier, lang), year=config.target_year)


def subtitle(dossier: Dossier, lang: Lang) -> str:
    """State of knowledge, first month of action, units."""
    config = dossier.run.dataset.config
    return t(
        "reports.subtitle",
        lang,
        as_of=words.knowledge(dossier.run.paths.as_of, lang),
        year=config.target_year,
        first=words.month_name(config.first_action_month, lang),
    )


def source_line(dossier: Dossier, lang: Lang) -> str:
    """Run, hash of the data, version, method, seed: the footer of every page."""
    source = dossier.provenance
    return t(
        "reports.source",
        lang,
        run=source.run_id,
        data=source.data_hash,
        version=source.model_version,
        method=dossier.run.paths.method,
        seed=source.seed,
    )


def span_name(month: Month, covers: tuple[int, ...], lang: Lang) -> str:
    """Heading of a period: 9月, or 7—9月."""
    last = words.month_name(month, lang)
    if len(covers) == 1:
        return t("ui.month", lang, month=last)
    return t("ui.month_span", lang, first=words.month_name(Month(month.year, covers[0]), lang), last=last)
