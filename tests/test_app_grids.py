"""Tables of words: every row has its cells, and no text of a data set reaches a page unescaped."""

from __future__ import annotations

import pytest

from forecast.report import html
from forecast.tables.table import Cell, grid, split_head
from forecast.ui.html import facts_html, part_html
from tests.app_pages import Rows


def test_a_grid_shows_every_cell_and_marks_sums():
    table = grid("k", "标题", ["县区", "增加\n(万元)"], [("甲", "1,200"), ("合计", Cell("3,400", "小字"))], marked=(1,))
    rows = Rows(html.table(table)).rows
    assert rows == [[["县区"], ["增加", "(万元)"]], [["甲"], ["1,200"]], [["合计"], ["3,400", "小字"]]]
    assert html.table(table).count('<tr class="marked">') == 1


def test_a_row_with_too_few_cells_is_refused():
    with pytest.raises(ValueError, match="rows of k must have 2 cells"):
        grid("k", "标题", ["a", "b"], [("1",)])


def test_texts_are_escaped():
    table = grid("k", "<i>", ["<b>", "x"], [("<script>1</script>", "a & b")])
    for page in (html.table(table), facts_html(["<script>"]), part_html("<script>")):
        assert "<script>" not in page
        assert "<i>" not in page
    assert "&lt;script&gt;1&lt;/script&gt;" in html.table(table)


def test_the_second_line_of_a_head_stands_below():
    assert split_head("拟补济\n(亿元)") == Cell("拟补济", "(亿元)")
    assert split_head("行业") == Cell("行业")
