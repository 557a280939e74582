"""Write ``data/hunan`` and ``data/provinces-gdp``: ``python data/build_real.py FACTS``.

FACTS is a folder with ``hunan.csv`` (unit_zh, indicator, period, measure, value, source, version, checked),
``nation.csv`` (the same without unit) and ``provinces_gdp.csv`` (province_zh, province, period, measure, value,
source).
Nothing is computed but release days and the mean of the provinces. ``--check`` writes nothing and exits with 1 if a
committed file differs from what would be written.
"""

from __future__ import annotations

import argparse
import calendar
import datetime as dt
import sys
from pathlib import Path
from typing import Final

import pandas as pd

DATA: Final = Path(__file__).resolve().parent

COLUMNS: Final = (
    "unit",
    "indicator",
    "period",
    "measure",
    "value",
    "released",
    "status",
    "source",
    "release_basis",
    "note",
)
"""Columns of ``observations.csv``."""

HUNAN_UNITS: Final = {
    "湖南省": "hunan", "长沙市": "changsha", "株洲市": "zhuzhou", "湘潭市": "xiangtan", "衡阳市": "hengyang",
    "邵阳市": "shaoyang", "岳阳市": "yueyang", "常德市": "changde", "张家界市": "zhangjiajie", "益阳市": "yiyang",
    "郴州市": "chenzhou", "永州市": "yongzhou", "怀化市": "huaihua", "娄底市": "loudi", "湘西自治州": "xiangxi",
}  # fmt: skip
"""Units of Hunan in official order."""

NATION_OF: Final = {"export": "export_usd"}
"""Indicator of the nation where it bears another name than the province's; exports are in US dollars there."""

HUNAN_INDICATORS: Final = (
    # indicator, name, frequency, department, revision sd, team, tolerance
    ("gdp", "生产总值", "quarterly", "省统计局", "0.2", "", "1.0"),
    ("ind_va", "规模以上工业增加值", "monthly", "省统计局", "0.28", "", "1.0"),
    ("fai", "固定资产投资（不含农户）", "monthly", "省统计局", "0.3", "", "2.0"),
    ("retail", "社会消费品零售总额", "monthly", "省统计局", "0.3", "", "1.0"),
    ("fiscal_rev", "地方财政收入", "monthly", "省财政厅", "0.3", "", "2.0"),
    ("export", "出口总额", "monthly", "长沙海关", "0.5", "", "5.0"),
)


def usual_release(period: str, *, city: bool) -> str:
    """Day on which a figure is usually out: the nation's on the 17th, a province's table of cities on the 25th."""
    year, month = (int(part) for part in period.split("-"))
    after = dt.date(year + month // 12, month % 12 + 1, 1)
    return after.replace(day=min(25 if city else 17, calendar.monthrange(after.year, after.month)[1])).isoformat()


def row(
    unit: str,
    indicator: str,
    period: str,
    value: str,
    source: str,
    *,
    city: bool,
    note: str = "",
    derived: bool = False,
) -> dict[str, str]:
    """One observation as text."""
    return {
        "unit": unit, "indicator": indicator, "period": period, "measure": "cum_yoy_pct", "value": value,
        "released": usual_release(period, city=city), "status": "derived" if derived else "published", "source": source,
        "release_basis": "惯例：次月25日（分市州月报）" if city else "国家统计局惯例：次月17日", "note": note,
    }  # fmt: skip


def text_of(value: float) -> str:
    """A figure as it was published, without a binary tail."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def hunan(facts: Path) -> dict[str, pd.DataFrame]:
    """Tables of ``data/hunan``: the nation, the province and its 14 cities."""
    cities, nation = (pd.read_csv(facts / name) for name in ("hunan.csv", "nation.csv"))
    rows = []
    last = cities["period"].max()
    for name, *_ in HUNAN_INDICATORS:
        own = NATION_OF.get(name, name)
        for one in nation[
            (nation["indicator"] == own) & (nation["period"] >= "2016-02") & (nation["period"] <= last)
        ].itertuples():
            note = "以美元计" if own.endswith("_usd") else ""
            rows.append(row("china", name, one.period, text_of(one.value), one.source, city=False, note=note))
        chosen = cities[(cities["indicator"] == name) & (cities["measure"] == "cum_yoy_pct")]
        for unit_zh, unit in HUNAN_UNITS.items():
            for one in chosen[chosen["unit_zh"] == unit_zh].sort_values("period").itertuples():
                note = "" if pd.isna(one.checked) else str(one.checked)
                rows.append(row(unit, name, one.period, text_of(one.value), one.source, city=True, note=note))
    # a lone January is no figure of a monthly indicator
    kept = [one for one in rows if not (one["period"].endswith("-01") and one["indicator"] != "gdp")]
    units = [("china", "全国", "nation", "", "")] + [
        (unit, name, "province" if unit == "hunan" else "city", "china" if unit == "hunan" else "hunan", "")
        for name, unit in HUNAN_UNITS.items()
    ]
    return {
        "units": pd.DataFrame(units, columns=["unit", "name_zh", "level", "parent", "counted_within"]),
        "indicators": pd.DataFrame(
            [(i, z, f, d, s, "", t) for i, z, f, d, s, t, _ in HUNAN_INDICATORS],
            columns=["indicator", "name_zh", "frequency", "department", "revision_sd_pp", "profile", "team_zh"],
        ),
        "observations": pd.DataFrame(kept, columns=list(COLUMNS)),
        "targets": pd.DataFrame(
            [
                (unit, i, "province_average", "", tolerance, "1", "gap", "设定：以全省平均为参照")
                for unit in HUNAN_UNITS.values()
                if unit != "hunan"
                for i, *_, tolerance in HUNAN_INDICATORS
            ],
            columns=["unit", "indicator", "kind", "value", "tolerance_pp", "assessed", "light_rule", "source"],
        ),
    }


def _gdp_growth(
    growth: pd.DataFrame, level: pd.DataFrame, nation: pd.DataFrame, ids: dict[str, str], source: dict[str, str]
) -> list[tuple[str, ...]]:
    """Growth of the nation, of the provinces' weighted mean, and of every province."""
    rows = []
    first = nation[nation["indicator"] == "gdp_first"].set_index("period")
    revised = nation[nation["indicator"] == "gdp"].set_index("period")
    for period in sorted(set(revised.index) | set(first.index)):
        if growth.index.min() <= period <= growth.index.max():
            one, note = (first.loc[period], "初次公布") if period in first.index else (revised.loc[period], "修订后")
            rows.append(row("china", "gdp", period, text_of(one["value"]), one["source"], city=False, note=note))
    for period in growth.index:
        base = f"{int(period[:4]) - 1}{period[4:]}"
        if base in level.index:
            weight = level.loc[base] / level.loc[base].sum()
            mean = text_of(round(float((weight * growth.loc[period]).sum()), 1))
            rows.append(
                row("mean", "gdp", period, mean, "31省增速按上年同期生产总值加权，自行计算", city=True, derived=True)
            )
    for province, unit in ids.items():
        for period, value in growth[province].dropna().items():
            rows.append(row(unit, "gdp", str(period), text_of(float(value)), source[province], city=True))
    return rows


def _gdp_bases(level: pd.DataFrame, ids: dict[str, str], source: dict[str, str]) -> pd.DataFrame:
    """Last year's GDP of every province, and its share of all."""
    last = level.loc["2023-12"]
    columns = ["unit", "indicator", "base_year", "base_level_yi", "share_of_parent", "sd_pct", "status", "source"]
    bases = [
        (
            *(unit, "gdp", "2023", text_of(float(last[province]))),
            *(text_of(100 * float(last[province] / last.sum())) + "%", "2", "published", source[province]),
        )
        for province, unit in ids.items()
    ]
    return pd.DataFrame(bases, columns=columns)


def provinces_gdp(facts: Path) -> dict[str, pd.DataFrame]:
    """Tables of ``data/provinces-gdp``: 31 provinces, and their mean weighted by last year's GDP."""
    table, nation = pd.read_csv(facts / "provinces_gdp.csv"), pd.read_csv(facts / "nation.csv")
    growth = table[table["measure"] == "cum_yoy_pct"].pivot_table(index="period", columns="province", values="value")
    level = table[table["measure"] == "level_cum_yi"].pivot_table(index="period", columns="province", values="value")
    names = dict(zip(table["province"], table["province_zh"], strict=True))
    source = dict(zip(table["province"], table["source"], strict=True))
    ids = {province: province.lower().replace(" ", "_").replace("'", "") for province in names}
    rows = _gdp_growth(growth, level, nation, ids, source)
    units = [("china", "全国", "nation", "", ""), ("mean", "各省加权平均", "province", "china", "")]
    units += [(unit, names[province], "city", "mean", "") for province, unit in ids.items()]
    return {
        "units": pd.DataFrame(units, columns=["unit", "name_zh", "level", "parent", "counted_within"]),
        "indicators": pd.DataFrame(
            [("gdp", "生产总值", "quarterly", "各省统计局", "0.2", "", "")],
            columns=["indicator", "name_zh", "frequency", "department", "revision_sd_pp", "profile", "team_zh"],
        ),
        "observations": pd.DataFrame(rows, columns=list(COLUMNS)),
        "bases": _gdp_bases(level, ids, source),
        "targets": pd.DataFrame(
            [
                (unit, "gdp", "province_average", "", "0.5", "1", "gap", "设定：以各省加权平均为参照")
                for unit in ids.values()
            ],
            columns=["unit", "indicator", "kind", "value", "tolerance_pp", "assessed", "light_rule", "source"],
        ),
    }


def main() -> int:
    """Write or check every file; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("facts", type=Path, help="folder of the tables of published figures")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    differs = []
    for folder, frames in (("hunan", hunan(arguments.facts)), ("provinces-gdp", provinces_gdp(arguments.facts))):
        for name, frame in frames.items():
            path = DATA / folder / f"{name}.csv"
            content = frame.to_csv(index=False, lineterminator="\n").encode("utf-8")
            if not arguments.check:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
            elif not path.is_file() or path.read_bytes() != content:
                differs.append(f"{folder}/{path.name}")
    for name in differs:
        print(f"{name} differs from what the sources give", file=sys.stderr)
    return 1 if differs else 0


if __name__ == "__main__":
    sys.exit(main())
