"""Charts as pictures of the fan, the gap, the chances and the scenarios, with a font that has Chinese.

Every picture says as of when, from which run, and whether synthetic rows reach it. A font is found on the
system or in a package, or it is said what to install.

Invariant: same dossier, same bytes; the numbers of a chart are those of the tables; no two characters look
alike, so that there are no empty boxes (held by ``tests/test_report_charts.py``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

import altair as alt
import pandas as pd

from forecast.answers.chances import Criterion, Status
from forecast.answers.judgement import Row, distribution, year_ends_of
from forecast.answers.scores import course
from forecast.data.target import TargetKind
from forecast.errors import UsageError
from forecast.report.charts import OUTCOMES, fan_chart, gap_chart
from forecast.report.league_charts import bump_chart, score_chart
from forecast.tables import words
from forecast.tables.dossier import Dossier, city_name, source_line, unit_names
from forecast.tables.monthly import Growth, of_indicator
from forecast.tables.notes import plain_name
from forecast.texts import Lang, t

FAMILIES: Final = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Noto Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
)
"""Families with Chinese, the open ones first."""
FOLDER_VARIABLE: Final = "DABIAO_FONTS"
"""Environment variable that names a folder of fonts."""
PACKAGES: Final = ("mplfonts",)
"""Packages that bundle open fonts with Chinese; optional."""
_PROBE: Final = "达市"


def stack() -> str:
    """Families as a style sheet lists them, the plain one last."""
    return ", ".join((*FAMILIES, "sans-serif"))


def ready() -> None:
    """Make sure that Chinese can be drawn; look in the folder named by the user, the system, and packages.

    Raises
    ------
    UsageError
        No font with Chinese was found.
    """
    if not _found(os.environ.get(FOLDER_VARIABLE, "")):
        raise UsageError("usage_no_font", variable=FOLDER_VARIABLE, package=PACKAGES[0])


@cache
def _found(folder: str) -> bool:
    """Whether two characters look different, with the fonts of a folder, the system, a package."""
    import vl_convert  # the renderer takes a while to load

    if folder and Path(folder).is_dir():
        vl_convert.register_font_directory(folder)
    if _drawn():
        return True
    for package in PACKAGES:
        spec = find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            for fonts in {path.parent for path in Path(place).rglob("*.[ot]tf")}:
                vl_convert.register_font_directory(str(fonts))
    return _drawn()


def _drawn() -> bool:
    first, second = (_picture(char) for char in _PROBE)
    return first != second and _picture("\U0010ffff") not in (first, second)


def _picture(char: str) -> bytes:
    import vl_convert

    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">'
        f'<text x="4" y="32" font-size="30" font-family="{stack()}">{char}</text></svg>'
    )
    return bytes(vl_convert.svg_to_png(svg))


type Format = Literal["png", "svg", "pdf"]
FORMATS: Final[tuple[Format, ...]] = ("png", "svg", "pdf")
WIDTH: Final = 640
SMALL: Final = (330, 170)
PIXEL_RATIO: Final = 2.0
"""Pixels of a picture for each of the chart: sharp in print at half a page."""
_BAR: Final = 22
ONE_WEIGHT: Final = "normal"
"""One weight, one font: the renderer writes several fonts into a PDF in an order of its own each time."""
MARK_COLOUR: Final = "#C00000"


def report_charts(dossier: Dossier, lang: Lang) -> dict[str, alt.TopLevelMixin]:
    """All charts by name of their files, official order."""
    found: dict[str, alt.TopLevelMixin] = {}
    rows = [goals.main for goals in dossier.goals if goals.main.forecast is not None]
    for row in rows:
        found[f"fan-{row.target.indicator}"] = fan(row, dossier, lang)
    for row in rows:
        if (made := _gap(row, dossier, lang)) is not None:
            found[f"gap-{row.target.indicator}"] = made
    if (made := _chances(dossier, lang)) is not None:
        found["chances"] = made
    if (made := _scenarios(dossier, lang)) is not None:
        found["scenarios"] = made
    return found | _league(dossier, lang)


def _league(dossier: Dossier, lang: Lang) -> dict[str, alt.TopLevelMixin]:
    """Ranks of the city month by month, an indicator a chart, and its score; nothing where it has no siblings."""
    run, league, names = dossier.run, dossier.league, unit_names(dossier, lang)
    panel, city = run.dataset.panel, run.dataset.config.city
    made = {}
    for name in league.ranks:
        chart = bump_chart(course(run.paths, panel, league, name), names, city, lang)
        indicator = words.indicator_name(name, panel.indicators[name].name_zh, lang)
        title = t("reports.chart_ranks", lang, city=names[city], indicator=indicator)
        made[f"ranks-{name}"] = _titled(chart, title, dossier, lang, mark=dossier.mark(lang))
    if league.scores is not None and city in league.scores.units:
        title = t("reports.chart_score", lang, city=names[city], year=run.paths.target_year)
        chart = score_chart(league.scores, city, lang)
        made["score"] = _titled(chart, title, dossier, lang, mark=dossier.mark(lang))
    return made


def chart_names(dossier: Dossier) -> list[str]:
    """Names of the files, without drawing them."""
    return list(report_charts(dossier, "zh"))


def drawn(chart: alt.TopLevelMixin, formats: Sequence[Format]) -> dict[Format, bytes]:
    """A chart as files: laid out once, as SVG, from which the others are made.

    Raises
    ------
    UsageError
        No font with Chinese was found.
    """
    import vl_convert  # the renderer takes a while to load

    ready()
    svg = _numbered(str(vl_convert.vegalite_to_svg(chart.to_dict())))
    made: dict[Format, bytes] = {}
    for one in formats:
        match one:
            case "svg":
                made[one] = svg.encode("utf-8")
            case "png":
                made[one] = bytes(vl_convert.svg_to_png(svg, scale=PIXEL_RATIO))
            case "pdf":
                made[one] = _ordered(bytes(vl_convert.svg_to_pdf(svg)))
    return made


def _ordered(pdf: bytes) -> bytes:
    """A PDF with the entries of its resources in order; nothing changes its place, so that offsets stay."""

    def order(found: re.Match[bytes]) -> bytes:
        return found[1] + b"".join(sorted(found[2].splitlines(keepends=True)))

    return re.sub(rb"(/[A-Z]\w+ <<\n)((?:[ ]*/\w+ \d+ 0 R\n)+)", order, pdf)


def _numbered(svg: str) -> str:
    """Ids of an SVG counted from nought, not from how many were drawn before."""
    ids = list(dict.fromkeys(re.findall(r'\bid="([^"]+)"', svg)))
    for k, one in enumerate(ids):
        svg = re.sub(rf'(id="|url\(#|href="#){re.escape(one)}(?=["\)])', rf"\g<1>part{k}", svg)
    return svg


def _titled(
    chart: alt.LayerChart | alt.Chart, title: str, dossier: Dossier, lang: Lang, *, mark: str
) -> alt.TopLevelMixin:
    """Title, state of knowledge, mark and source around a chart, in a font that has Chinese."""
    said = words.knowledge(dossier.run.paths.as_of, lang)
    below = alt.TitleParams(
        text=source_line(dossier, lang),
        orient="bottom",
        anchor="start",
        fontSize=9,
        fontWeight=ONE_WEIGHT,
        color="#666",
    )
    head = alt.TitleParams(
        text=title,
        subtitle=[said, mark] if mark else [said],
        subtitleColor=MARK_COLOUR if mark else "#555",
        anchor="middle",
        fontSize=15,
        fontWeight=ONE_WEIGHT,
        subtitleFontSize=11,
        offset=8,
    )
    inner = chart.properties(width=WIDTH, title=below)
    framed = alt.vconcat(inner).properties(title=head, background="white")
    return (
        framed.configure(font=stack())
        .configure_view(stroke=None)
        .configure_title(fontWeight=ONE_WEIGHT)
        .configure_axis(titleFontWeight=ONE_WEIGHT)
        .configure_legend(titleFontWeight=ONE_WEIGHT)
    )


def fan(row: Row, dossier: Dossier, lang: Lang) -> alt.TopLevelMixin:
    """Growth over the year of the city and of what it is held against."""
    units = [row.target.unit] + ([row.benchmark] if row.benchmark else [])
    rows = of_indicator(dossier.tables["paths"], row.target.indicator, units)
    names = unit_names(dossier, lang)
    fixed = row.target_value if row.target.kind is not TargetKind.PROVINCE_AVERAGE else None
    made = fan_chart(rows, {u: names[u] for u in units}, growth=Growth.CUMULATIVE, target_pct=fixed, lang=lang)
    title = t("reports.chart_fan", lang, city=city_name(dossier, lang), indicator=plain_name(row, lang))
    return _titled(made, title, dossier, lang, mark=dossier.mark(lang))


def small_fan(row: Row, dossier: Dossier, lang: Lang) -> alt.TopLevelMixin:
    """The same for half the width of a page: larger letters, and only its name above it."""
    units = [row.target.unit] + ([row.benchmark] if row.benchmark else [])
    names = unit_names(dossier, lang)
    rows = of_indicator(dossier.tables["paths"], row.target.indicator, units)
    made = fan_chart(
        rows, {u: names[u] for u in units}, growth=Growth.CUMULATIVE, target_pct=None, lang=lang
    ).properties(width=SMALL[0], height=SMALL[1])
    head = alt.TitleParams(text=plain_name(row, lang), anchor="middle", fontSize=14, fontWeight=ONE_WEIGHT)
    framed = alt.vconcat(made).properties(title=head, background="white")
    return framed.configure(font=stack()).configure_view(stroke=None).configure_axis(titleFontWeight=ONE_WEIGHT)


def _gap(row: Row, dossier: Dossier, lang: Lang) -> alt.TopLevelMixin | None:
    panel, config = dossier.run.dataset.panel, dossier.run.dataset.config
    found = year_ends_of(row.target, dossier.run.paths, panel=panel, config=config)
    if found is None:
        return None
    tolerance = row.target.tolerance_pp
    made = gap_chart(distribution(found), tolerance_pp=tolerance, criterion=row.criterion, lang=lang)
    title = t("reports.chart_gap", lang, city=city_name(dossier, lang), indicator=plain_name(row, lang))
    return _titled(made, title, dossier, lang, mark=dossier.mark(lang))


def _kinds(criterion: Criterion) -> tuple[str, str]:
    """Outcomes, the one that is spoken of first."""
    return ("near", "reached") if criterion is Criterion.NEAR else ("reached", "near")


def chance_rows(dossier: Dossier, lang: Lang) -> list[dict[str, object]]:
    """Probabilities of the city's judged indicators against the province's average: exact, and as they are said."""
    records: list[dict[str, object]] = []
    for goals in dossier.goals:
        row = goals.average
        if row is None or row.status is not Status.JUDGED or row.p_near is None or row.p_reach is None:
            continue
        both = {"near": row.p_near, "reached": row.p_reach}
        for kind in _kinds(row.criterion):
            p = both[kind]
            said = words.probability(p, lang, evidence=row.evidence)
            outcome = t(f"reports.outcome_{kind}", lang)
            records.append({"name": plain_name(row, lang), "kind": outcome, "p": p, "said": said})
    return records


def _chances(dossier: Dossier, lang: Lang) -> alt.TopLevelMixin | None:
    records = chance_rows(dossier, lang)
    if not records:
        return None
    frame = pd.DataFrame(records)
    kinds = list(dict.fromkeys(frame["kind"]))
    criterion = dossier.study.criterion
    colours = [OUTCOMES[kind] for kind in _kinds(criterion)]
    base = alt.Chart(frame).encode(
        y=alt.Y("name:N", sort=list(dict.fromkeys(frame["name"])), title=None, axis=alt.Axis(labelLimit=220)),
        yOffset=alt.YOffset("kind:N", sort=kinds),
        x=alt.X("p:Q", title=None, scale=alt.Scale(domain=[0, 1.05]), axis=alt.Axis(format=".0%", tickCount=5)),
    )
    legend = alt.Legend(title=None, orient="top")
    bars = base.mark_bar().encode(
        color=alt.Color("kind:N", sort=kinds, scale=alt.Scale(domain=kinds, range=colours), legend=legend)
    )
    texts = base.mark_text(align="left", dx=3, fontSize=10).encode(text="said:N")
    made = alt.LayerChart(layer=[bars, texts]).properties(height=2 * _BAR * frame["name"].nunique())
    title = t(
        "reports.chart_chance_title",
        lang,
        city=city_name(dossier, lang),
        year=dossier.run.paths.target_year,
        event=words.event_name(criterion, lang),
        other=words.event_name(criterion.other, lang),
    )
    return _titled(made, title, dossier, lang, mark=dossier.mark(lang))


def _scenarios(dossier: Dossier, lang: Lang) -> alt.TopLevelMixin | None:
    """How likely what is spoken of is of every indicator under the baseline and every scenario."""
    if not dossier.scenarios:
        return None
    records, criterion = [], dossier.study.criterion
    for result in dossier.study.comparison.all:
        name = (
            result.scenario.title if result is not dossier.study.comparison.baseline else t("scenario.baseline", lang)
        )
        for outcome in result.outcomes:
            target = outcome.case.target
            if target.unit == dossier.run.dataset.config.city and target.yearly_average:
                indicator = words.indicator_name(target.indicator, outcome.case.name_zh, lang)
                records.append({"indicator": indicator, "scenario": name, "p": outcome.p(criterion)})
    frame = pd.DataFrame(records)
    order, names = list(dict.fromkeys(frame["indicator"])), list(dict.fromkeys(frame["scenario"]))
    legend = alt.Legend(title=None, orient="top", columns=2, labelLimit=300)
    made = (
        alt.Chart(frame)
        .mark_point(filled=True, size=90, opacity=0.9)
        .encode(
            y=alt.Y("indicator:N", sort=order, title=None, axis=alt.Axis(labelLimit=220, grid=True)),
            x=alt.X("p:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%", tickCount=5)),
            color=alt.Color("scenario:N", sort=names, legend=legend),
            shape=alt.Shape("scenario:N", sort=names, legend=legend),
        )
        .properties(height=34 * len(order))
    )
    event = words.event_name(criterion, lang)
    title = t("reports.chart_scenarios", lang, city=city_name(dossier, lang), event=event)
    return _titled(made, title, dossier, lang, mark=dossier.scenario_mark(lang))
