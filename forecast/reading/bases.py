"""Reads ``bases.csv`` and ``industries.csv``: what turns growth into 亿元 and weighs counties and industries.

Invariant: shares are fractions after reading, whatever the file wrote (held by ``tests/test_panel.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from forecast.panel import Indicator, Unit
from forecast.reading.columns import MONEY_UNITS, TABLES
from forecast.reading.fields import Fields, Names
from forecast.reading.tables import Problems, RawTable

__all__ = ["empty_table", "read_bases", "read_industries", "with_provenance"]

_SHARE_SLACK: Final = 0.02
"""How far the shares of a quarter may miss 1 by their rounding."""


_NUMBERS: Final = ("_yi", "_pct", "_pp", "_prob", "_risk", "_months", "_sd", "_of_parent", "elasticity", "difficulty")
"""Endings of columns that hold numbers, for the types of an absent table."""


def empty_table(kind: str) -> pd.DataFrame:
    """Table that a data set leaves out: its columns with their types, no row."""
    names = [f"{column.stem}_yi" if column.is_money else column.name for column in TABLES[kind]]
    types = {name: "float64" if name.endswith(_NUMBERS) or name.startswith("share_q") else "object" for name in names}
    types |= {"file": "object", "row": "int64"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})


def with_provenance(frame: pd.DataFrame, fields: Fields, kind: str) -> pd.DataFrame:
    """Frame with file and row of every entry, and the extra columns of the file as text.

    An extra amount (``plan_m09_wan``) is read like the amounts of the format and becomes 亿元 (``plan_m09_yi``).
    """
    frame["file"] = fields.table.file
    frame["row"] = fields.rows
    read = {column.name for column in TABLES[kind]}
    stems = {column.stem for column in TABLES[kind] if column.is_money}
    for extra in fields.extras(tuple(read)):
        stem, _, ending = extra.rpartition("_")
        if stem in stems:
            continue
        if ending in MONEY_UNITS and f"{stem}_yi" not in frame.columns:
            frame[f"{stem}_yi"] = fields.money(stem)
        else:
            frame[extra] = fields.texts(extra)
    return frame


def read_bases(
    table: RawTable,
    problems: Problems,
    *,
    units: Mapping[str, Unit] | None,
    indicators: Mapping[str, Indicator] | None,
) -> pd.DataFrame:
    """Bases, levels in 亿元, shares as fractions; one row per unit, indicator and year."""
    fields = Fields(table, problems)
    unit_names = Names.of("unit", {u.unit: u.name_zh for u in units.values()}) if units else None
    names = Names.of("indicator", {i.indicator: i.name_zh for i in indicators.values()}) if indicators else None
    years = fields.numbers("base_year", low=1990, high=2100, required=True, code="year_range")
    frame = pd.DataFrame(
        {
            "unit": fields.ids("unit", unit_names),
            "indicator": fields.ids("indicator", names),
            "base_year": np.nan_to_num(years).astype(np.int64),
            "base_level_yi": fields.money("base_level"),
            "share_of_parent": fields.fractions("share_of_parent"),
            "sd_pct": fields.numbers("sd_pct", form="percent", low=0.0, high=200.0),
            "status": fields.choices("status", words="estimate_status"),
            "source": fields.texts("source", required=True),
        }
    )
    first: dict[tuple[str, str, int], int] = {}
    for index, key in enumerate(zip(frame["unit"], frame["indicator"], frame["base_year"], strict=True)):
        if key[0] and key[1] and first.setdefault(key, index) != index:
            fields.note(index, None, "row_twice", row=fields.rows[first[key]], name=", ".join(map(str, key)))
    return with_provenance(frame, fields, "bases")


def read_industries(table: RawTable, problems: Problems, *, indicators: Mapping[str, Indicator] | None) -> pd.DataFrame:
    """Industries of GDP; the shares of each quarter are fractions that sum to 1."""
    fields = Fields(table, problems)
    names = Names.of("indicator", {i.indicator: i.name_zh for i in indicators.values()}) if indicators else None
    quarters = [f"share_q{quarter}" for quarter in range(1, 5)]
    before = len(problems)
    frame = pd.DataFrame(
        {
            "industry": fields.keys("industry"),
            "name_zh": fields.texts("name_zh", required=True),
            **{quarter: fields.fractions(quarter, required=True) for quarter in quarters},
            "driver": fields.ids("driver", names, required=False),
            "elasticity": fields.numbers("elasticity", low=-10.0, high=10.0),
            "elasticity_sd": fields.numbers("elasticity_sd", low=0.0, high=10.0),
            "cap_pp": fields.numbers("cap_pp", form="percent", low=0.0, high=200.0),
            "difficulty": fields.numbers("difficulty", low=1.0, high=5.0),
            "status": fields.choices("status", words="estimate_status"),
            "source": fields.texts("source", required=True),
        }
    )
    if len(problems) == before:
        for quarter in quarters:
            total = float(frame[quarter].sum())
            if fields.has(quarter) and abs(total - 1.0) > _SHARE_SLACK:
                problems.add("shares_sum", table.file, column=quarter, found=f"{total:g}")
    return with_provenance(frame, fields, "industries")
