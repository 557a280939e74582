"""Charts of the workbook that can be edited where they stand: lines and bars on the cells of the table above them.

Invariant: a chart has no number of its own (held by ``tests/test_report_workbook.py``).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from xlsxwriter.utility import xl_rowcol_to_cell

from forecast.tables.table import Chart
from forecast.texts import Lang, t

if TYPE_CHECKING:
    from forecast.report.workbook.worksheet import Placed


COLOURS: Final = ("#2563B8", "#7FA6DA", "#7FA6DA", "#C2620C", "#2B8A66", "#B4475A")
WIDTH: Final = 440
HEIGHT: Final = 306
"""Pixels of a chart: four fill a page of A4 that lies across."""
GAP: Final = 10
ROWS_A_CHART: Final = 18
"""Rows that a chart and the gap below it take."""
A4: Final = 9
MOST_IN_FOOTER: Final = 220
FAINT: Final = {"color": "#D9D9D9", "width": 0.5}
FONT: Final = {"name": "宋体", "size": 9}


def write_charts(book: Any, placed: Placed, *, source: str, lang: Lang) -> None:
    """Put the charts of a table on a worksheet of their own, two side by side, four a page."""
    sheet = placed.sheet
    page = book.add_worksheet(t("reports.tab_charts", lang, tab=sheet.tab))
    page.hide_gridlines(2)
    page.set_landscape()
    page.set_paper(A4)
    page.set_margins(left=0.45, right=0.45, top=0.5, bottom=0.6)
    page.set_footer(f"&L&8{footer_text(source, sheet.mark)}&R&8{t('reports.page_of', lang)}")
    breaks = []
    for k, chart in enumerate(sheet.charts):
        made = _bars(book, placed, chart, lang) if chart.bars else _lines(book, placed, chart, lang)
        title = f"{chart.title}\n{sheet.mark}" if sheet.mark else chart.title
        made.set_title({"name": title, "name_font": {"name": "黑体", "size": 10, "bold": False}, "overlay": False})
        made.set_legend({"position": "bottom", "font": FONT})
        wide = chart.bars or len(sheet.charts) == 1
        made.set_size({"width": WIDTH * 2 + GAP if wide else WIDTH, "height": HEIGHT * 2 if wide else HEIGHT})
        row = (k // 2) * ROWS_A_CHART
        if k and k % 4 == 0:
            breaks.append(row)
        page.insert_chart(row, 0, made, {"x_offset": (k % 2) * (WIDTH + GAP), "object_position": 3})
    page.set_h_pagebreaks(breaks)


def footer_text(source: str, mark: str) -> str:
    """Source and mark for the footer of a page, where ``&`` begins a command and 255 characters are the most."""
    lines = "\n".join(line for line in (source, mark) if line)
    return lines.replace("&", "&&")[:MOST_IN_FOOTER]


def _lines(book: Any, placed: Placed, chart: Chart, lang: Lang) -> Any:
    sheet, tab = placed.sheet, placed.sheet.tab
    made = book.add_chart({"type": "line"})
    columns = [sheet.position(name) for name in chart.fields]
    head = placed.first - 1
    for k, (row, name) in enumerate(chart.rows):
        colour = COLOURS[k % len(COLOURS)]
        line = {"color": colour, "width": 1.0 if row in chart.dashed else 2.0}
        if row in chart.dashed:
            line["dash_type"] = "dash"
        made.add_series(
            {
                "name": name,
                "categories": _cells(tab, head, columns),
                "values": _cells(tab, placed.first + row, columns),
                "line": line,
                "marker": {"type": "none"} if row in chart.dashed else {"type": "circle", "size": 4},
            }
        )
    low, high = _bounds(placed, chart, columns)
    axis = {"num_format": "0", "num_font": FONT, "name": t("reports.axis_growth", lang), "name_font": FONT}
    made.set_y_axis(
        {**axis, "min": low, "max": high, "crossing": "min", "major_gridlines": {"visible": True, "line": FAINT}}
    )
    made.set_x_axis({"num_font": FONT, "label_position": "low"})
    made.show_blanks_as("span")
    return made


def _bounds(placed: Placed, chart: Chart, columns: list[int]) -> tuple[int, int]:
    """Whole numbers below and above all points of a chart."""
    rows = [placed.sheet.rows[row] for row, _ in chart.rows]
    values = [value for row in rows for k in columns if isinstance(value := row[k], int | float)]
    return math.floor(min(values, default=0.0) - 0.5), math.ceil(max(values, default=1.0) + 0.5)


def _cells(tab: str, row: int, columns: list[int]) -> str:
    """Cells of a row: one range, or several where columns between them are left out."""
    name = "'" + tab.replace("'", "''") + "'"
    if columns == list(range(columns[0], columns[-1] + 1)):
        first = xl_rowcol_to_cell(row, columns[0], row_abs=True, col_abs=True)
        last = xl_rowcol_to_cell(row, columns[-1], row_abs=True, col_abs=True)
        return f"={name}!{first}:{last}"
    cells = ",".join(f"{name}!{xl_rowcol_to_cell(row, k, row_abs=True, col_abs=True)}" for k in columns)
    return f"=({cells})"


def _bars(book: Any, placed: Placed, chart: Chart, lang: Lang) -> Any:
    """A group of bars a row: its values over the columns named."""
    sheet, tab = placed.sheet, placed.sheet.tab
    made = book.add_chart({"type": "bar"})
    rows = [placed.first + row for row, _ in chart.rows]
    labels = sheet.position("indicator")
    for k, name in enumerate(chart.fields):
        one = sheet.fields[sheet.position(name)]
        made.add_series(
            {
                "name": one.heading(lang),
                "categories": [tab, rows[0], labels, rows[-1], labels],
                "values": [tab, rows[0], sheet.position(name), rows[-1], sheet.position(name)],
                "fill": {"color": COLOURS[(0, 4)[k % 2]]},
                "gap": 60,
            }
        )
    made.set_x_axis({"min": 0, "max": 1, "num_format": "0%", "num_font": FONT, "major_gridlines": {"visible": True}})
    made.set_y_axis({"reverse": True, "num_font": FONT})
    return made
