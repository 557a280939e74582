"""Every table is one list of columns, and every surface shows the value of the column."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast import tables
from forecast.periods import Month
from forecast.tables import breakdown, makeup_levers, record
from forecast.tables.kind import Kind
from forecast.tables.schema import WRITTEN
from forecast.tables.table import PROVENANCE, Cell, Column, Show, Surface, Table, View
from forecast.texts import LANGS, catalogue

MADE = {
    "breakdown.margins": breakdown.margin_columns((Month(2020, 10), Month(2020, 11))),
    **{f"record.replays_{lang}": record.replay_columns(lang) for lang in LANGS},
}
"""Lists that depend on what is asked."""
UNITS = {
    r".*_pct(_mean|_p\d\d)?": "%",
    r".*_pp": "pp",
    r".*_yi": "亿元",
    r".*_wan": "万元",
    r"p_(reach|near|at_least_k)": "probability",
}
"""Unit of a column of a file, by its name."""


def is_list(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and all(isinstance(one, Column) for one in value)


def lists() -> Iterator[tuple[str, tuple[Column, ...]]]:
    """Every list of columns that any module of the tables has, under its name there."""
    for module in pkgutil.iter_modules(tables.__path__):
        found = vars(importlib.import_module(f"forecast.tables.{module.name}"))
        for name, value in found.items():
            held = dict(value) if isinstance(value, Mapping) else {"": value}
            for key, one in held.items():
                if is_list(one):
                    yield f"{module.name}.{name}{f'.{key}' if key else ''}", one
    yield from MADE.items()


def described() -> dict[str, tuple[Column, ...]]:
    """The same, each once."""
    found: dict[tuple[int, ...], tuple[str, tuple[Column, ...]]] = {}
    for name, one in lists():
        found.setdefault(tuple(map(id, one)), (name, one))
    return dict(found.values())


LISTS = described()


@pytest.mark.parametrize("name", LISTS)
def test_a_table_keeps_the_contract(name):
    """Names are unique, texts exist, units are those of the names, and every surface shows the value at its digits."""
    columns = LISTS[name]
    for column in columns:
        unit = next((unit for name, unit in UNITS.items() if re.fullmatch(name, column.name)), column.kind.unit)
        assert Surface.FILE not in column.on or column.kind.unit == unit, column.name
    for surface in Surface:
        shown = Table(name="made", columns=columns).of(surface)
        assert len({one.name for one in shown}) == len(shown), surface
        for one in shown:
            for lang in LANGS:
                keeps(one, lang)


def keeps(one, lang):
    """A column where it is shown: its heading, its meaning, and the value that it shows."""
    show, texts = one.show, catalogue(lang)
    if one.surface is Surface.FILE:
        assert one.column.meaning(lang).strip()
        return
    assert (show.label or texts[show.head or f"reports.col_{one.name}"]).strip()
    if one.surface in (Surface.SHEET, Surface.CHANCES):
        assert (show.told or texts[show.means or f"reports.mean_{one.name}"]).strip()
    if show.says is None:
        for value in (1.25, -0.004, None) if one.kind.places is not None else ("x", None):
            probed = replace(one, column=replace(one.column, value=lambda _, value=value: value))
            view = View(lang=lang, surface=one.surface)
            assert probed.cell(None, view) == Cell(one.kind.shown(value, lang))
            assert probed.value(None, view) == value


def test_every_file_is_one_of_the_lists_with_where_its_numbers_come_from():
    known = {tuple(one.name for one in columns if Surface.FILE in one.on) for columns in LISTS.values()}
    files = {name: columns for found in WRITTEN.values() for name, columns in found.items()}
    assert len(files) > 30
    for name, columns in files.items():
        assert columns[-len(PROVENANCE) :] == PROVENANCE, name
        assert tuple(one.name for one in columns[: -len(PROVENANCE)]) in known, name


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
