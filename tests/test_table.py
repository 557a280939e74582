"""Every table is one list of columns, and every surface shows the value of the column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.periods import Month
from forecast.tables import (
    attainment,
    breakdown,
    collected,
    forecast,
    makeup,
    makeup_levers,
    path,
    paths,
    required,
    scenarios,
)
from forecast.tables.attainment import attainment_table
from forecast.tables.kind import Kind
from forecast.tables.leaders import QUALITY
from forecast.tables.table import Cell, Column, Show, Surface, Table, View
from forecast.texts import LANGS, catalogue
from tests.test_report import world

LISTS = {
    "attainment": (*attainment.COLUMNS, *forecast.OWN),
    "quality": QUALITY,
    "required": required.REQUIRED,
    "joint": required.JOINT,
    "paths": paths.COLUMNS,
    **makeup.COLUMNS,
    **scenarios.COLUMNS,
    "required_path": path.COLUMNS,
    "planned_paths": path.PLANNED,
    **breakdown.COLUMNS,
    "breakdown_margins": breakdown.margin_columns((Month(2020, 10), Month(2020, 11))),
    "duties": breakdown.DUTIES,
    **collected.COLUMNS,
}
COLUMNS = [
    pytest.param(name, column, surface, id=f"{name}-{column.name}-{surface}")
    for name, columns in LISTS.items()
    for column in columns
    for surface in column.on
]


@pytest.mark.parametrize(("name", "column", "surface"), COLUMNS)
def test_every_column_has_a_head_and_a_meaning_in_both_languages(name, column, surface):
    (shown,) = Table(name=name, columns=(column,)).of(surface)
    for lang in LANGS:
        if surface is not Surface.FILE:
            key = shown.show.head or f"reports.col_{shown.name}"
            assert shown.show.label or catalogue(lang)[key].strip()
        if surface in (Surface.SHEET, Surface.CHANCES):
            assert shown.show.told or catalogue(lang)[shown.show.means or f"reports.mean_{shown.name}"].strip()
        if surface is Surface.FILE:
            assert column.meaning(lang).strip()


@pytest.mark.parametrize("name", LISTS)
def test_names_are_unique_on_every_surface(name):
    for surface in Surface:
        names = [shown.name for shown in Table(name=name, columns=LISTS[name]).of(surface)]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("surface", [s for s in Surface if s is not Surface.FILE])
def test_what_a_person_reads_is_the_value_of_the_column_unless_it_says_it_in_words(surface, lang):
    _, found = world()
    table, view = attainment_table(found), View(lang=lang, surface=surface)
    grid, shown = table.grid(view), table.of(surface)
    assert len(grid.rows) == len(found.rows)
    for row, cells in zip(table.rows, grid.rows, strict=True):
        assert len(cells) == len(shown) == len(grid.heads)
        for one, cell in zip(shown, cells, strict=True):
            if one.show.says is None:
                assert cell == Cell(one.kind.shown(one.column.value(row), lang))


def test_a_column_stands_where_it_says_and_in_the_file_after_the_last():
    new = Column("new", Kind.POINTS, value=lambda r: r, on={Surface.FILE: Show(), Surface.PAGE: Show(after="a")})
    old = [
        Column(name, value=lambda _, name=name: name, on={Surface.FILE: Show(), Surface.PAGE: Show()}) for name in "ab"
    ]
    table = Table(name="made", columns=(*old, new), rows=(1.25,), order={Surface.PAGE: ("b", "a")})
    assert [one.name for one in table.of(Surface.FILE)] == ["a", "b", "new"]
    assert [one.name for one in table.of(Surface.PAGE)] == ["b", "a", "new"]
    assert table.records() == [{"a": "a", "b": "b", "new": 1.25}]


def test_a_column_waits_for_a_screen_that_is_wide_enough_and_for_the_part_it_belongs_to():
    wide = Column("wide", on={Surface.TERMINAL: Show(label="w", width=120)})
    part = Column("part", on={Surface.TERMINAL: Show(label="p", parts=("ahead",))})
    table = Table(name="made", columns=(wide, part))
    assert [one.name for one in table.of(Surface.TERMINAL)] == ["wide", "part"]
    assert [one.name for one in table.of(Surface.TERMINAL, width=100)] == ["part"]
    assert [one.name for one in table.of(Surface.TERMINAL, ["now"], width=120)] == ["wide"]


@given(value=st.floats(-1e6, 1e6), kind=st.sampled_from([kind for kind in Kind if kind.places is not None]))
def test_a_number_is_shown_at_the_digits_of_its_kind_and_never_as_minus_zero(value, kind):
    text = kind.shown(value, "zh")
    assert not text.startswith("-0.0") or float(text) != 0.0
    assert abs(float(text.replace(",", "")) - value) <= 0.5 * 10.0**-kind.places + 1e-9 * max(1.0, abs(value))
    assert len(text.partition(".")[2]) == kind.places
    assert kind.shown(None, "zh") == catalogue("zh")["glossary.none"]


def test_difficulty_has_no_unit_in_the_file_or_in_the_workbook():
    (column,) = (one for one in makeup_levers.LEVERS if one.name == "difficulty")
    assert column.kind.unit == column.on[Surface.SHEET].kind.unit == ""
