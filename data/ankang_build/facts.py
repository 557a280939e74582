"""Observations from the two files of sources: figures read from public pages, and what the speech adds.

Invariant: every observation repeats a value of a source row; nothing is computed here but release days
(held by ``tests/test_data_ankang.py``).
"""

from __future__ import annotations

import calendar
import datetime as dt
from pathlib import Path
from typing import Final

import pandas as pd

from ankang_build.tables import INDICATORS, UNITS

__all__ = ["COLUMNS", "observations", "read_sources", "usual_release"]

COLUMNS: Final = (
    "unit", "indicator", "period", "measure", "value", "released", "status", "source",
    "quote", "release_basis", "rank_of", "note",
)  # fmt: skip

_UNIT_OF_REGION: Final = {
    "全国": "china", "陕西": "shaanxi", "安康": "ankang", "汉滨": "hanbin", "汉阴": "hanyin", "石泉": "shiquan",
    "宁陕": "ningshan", "紫阳": "ziyang", "岚皋": "langao", "平利": "pingli", "镇坪": "zhenping", "旬阳": "xunyang",
    "白河": "baihe",
}  # fmt: skip

_LEVEL_UNIT: Final = "亿元"
"""The format holds levels in 亿元 only; income (元), floor area and electricity stay in the sources."""

_SECTOR_NOTES: Final = frozenset({"culture_rev", "service_rev", "ind_power"})
"""Indicators whose notes come two to five weeks after the month's main release."""

_SEEN_SHAANXI: Final = {
    "2020-03": "2020-04-21", "2020-05": "2020-06-17", "2020-06": "2020-07-20", "2020-12": "2021-01-20",
    "2021-02": "2021-03-19", "2021-03": "2021-04-20", "2021-08": "2021-09-16", "2021-09": "2021-10-20",
    "2022-06": "2022-07-20", "2023-03": "2023-04-26",
}  # fmt: skip
"""Release days of Shaanxi that pages name."""

_SEEN_ANKANG: Final = {"2021-06": "2021-07-29", "2022-03": "2022-04-28", "2023-06": "2023-07-31"}
"""Release days of Ankang that pages name."""

_BASE_BREAK: Final = "同年年末数与上半年相差悬殊，疑年末修订过基数（推断，无页面说明）"


def read_sources(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``published.csv`` and ``added.csv``, every cell as text."""
    first, second = (
        pd.read_csv(folder / name, dtype=str, keep_default_na=False) for name in ("published.csv", "added.csv")
    )
    return first, second


def usual_release(unit: str, indicator: str, period: str) -> tuple[str, str]:
    """Release day of a figure whose source names none, and the rule it follows.

    Parameters
    ----------
    unit, indicator : ids
    period : ``YYYY-MM``, the last month covered
    """
    level = UNITS[unit]["level"]
    yearly = period.endswith("-12")
    if indicator in _SECTOR_NOTES and level in ("nation", "province"):
        return _day_after(period, 28), "行业数据惯例：次月28日"
    if level == "nation":
        day, rule = (18, "国家统计局惯例：全年数次年1月18日") if yearly else (16, "国家统计局惯例：次月16日")
        return _day_after(period, day), rule
    if level == "province":
        if period in _SEEN_SHAANXI:
            return _SEEN_SHAANXI[period], "页面所见陕西发布日"
        day, rule = (20, "陕西惯例：全年数次年1月20日") if yearly else (18, "陕西惯例：次月18日")
        return _day_after(period, day), rule
    if level == "city" and period in _SEEN_ANKANG:
        return _SEEN_ANKANG[period], "页面所见安康发布日"
    return _day_after(period, 28), "安康及县区惯例：次月28日"


def observations(published: pd.DataFrame, added: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``observations.csv``, in the order of units, indicators, periods and measures."""
    rows = [row for row in published.to_dict("records") if _fits(row)]
    chosen = pd.DataFrame([_from_published(row) for row in rows] + [_from_added(r) for r in added.to_dict("records")])
    chosen["_unit"] = chosen["unit"].map({unit: k for k, unit in enumerate(UNITS)})
    chosen["_indicator"] = chosen["indicator"].map({name: k for k, name in enumerate(INDICATORS)})
    chosen = chosen.sort_values(["_unit", "_indicator", "period", "measure", "released"], kind="stable")
    return chosen[list(COLUMNS)].reset_index(drop=True)


def _fits(row: dict[str, str]) -> bool:
    level_in_other_unit = row["measure"].startswith("level") and row["unit"] != _LEVEL_UNIT
    return row["region"] in _UNIT_OF_REGION and row["indicator"] in INDICATORS and not level_in_other_unit


def _from_published(row: dict[str, str]) -> dict[str, str]:
    unit = _UNIT_OF_REGION[row["region"]]
    released, rule = usual_release(unit, row["indicator"], row["period"])
    broken = unit == "ankang" and row["period"] == "2023-06" and row["indicator"] in ("gdp", "ind_va")
    two_year = "两年平均" in row["quote"]
    return {
        "unit": unit,
        "indicator": row["indicator"],
        "period": row["period"],
        "measure": row["measure"],
        "value": row["value"],
        "released": released,
        "status": "derived" if row["derived"] == "1" else "published",
        "source": row["source_url"].removeprefix("no address: "),
        "quote": row["quote"],
        "release_basis": rule,
        "rank_of": "",
        "note": _BASE_BREAK if broken else "由两年平均增速反推，允许±0.2" if two_year else "",
    }


def _from_added(row: dict[str, str]) -> dict[str, str]:
    if row["released"]:
        return row
    released, rule = usual_release(row["unit"], row["indicator"], row["period"])
    return row | {"released": released, "release_basis": rule}


def _day_after(period: str, day: int) -> str:
    year, month = int(period[:4]), int(period[5:])
    year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return dt.date(year, month, min(day, calendar.monthrange(year, month)[1])).isoformat()
