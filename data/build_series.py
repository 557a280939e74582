"""Write ``forecast/data/series/series.csv.gz``: published growth of the nation and of provinces that the program ships.

``python data/build_series.py FOLDER`` with a folder that holds ``nation.csv``, ``published.csv``, ``provinces_gdp.csv``
and ``hunan.csv``. Every figure keeps its source and, where it is known, the version of the source. Where two sources
have a figure, the first in the order above is kept: of the nation's GDP the first release before the revised one.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "forecast" / "data" / "series" / "series.csv.gz"
COLUMNS = ("place", "level", "indicator", "period", "value", "source", "vintage")

type Row = tuple[str, str, str, str, str, str, str]


def rows(folder: Path) -> Iterator[Row]:
    """Growth of all sources, the preferred ones first."""
    nation = list(_read(folder / "nation.csv"))
    for wanted in ("gdp_first", ""):
        for row in nation:
            if (row["indicator"] == "gdp_first") == bool(wanted):
                name = "gdp" if wanted else row["indicator"]
                vintage = "first release" if wanted else row["version"]
                yield "全国", "nation", name, row["period"], row["value"], row["source"], vintage
    for row in _read(folder / "published.csv"):
        if row["level"] in ("nation", "province"):
            name = "陕西省" if row["region"] == "陕西" else row["region"]
            derived = "derived" if row["derived"] == "1" else ""
            yield name, row["level"], row["indicator"], row["period"], row["value"], row["source_url"], derived
    for row in _read(folder / "hunan.csv"):
        if row["unit_zh"] == "湖南省":
            yield "湖南省", "province", row["indicator"], row["period"], row["value"], row["source"], row["version"]
    for row in _read(folder / "provinces_gdp.csv"):
        vintage = "as read in early 2025"
        yield row["province_zh"], "province", "gdp", row["period"], row["value"], row["source"], vintage


def _read(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from (row for row in csv.DictReader(file) if row["measure"] == "cum_yoy_pct")


def content(folder: Path) -> bytes:
    """The file, the same bytes everywhere."""
    kept: dict[tuple[str, str, str], Row] = {}
    for row in rows(folder):
        place = row[0].removesuffix("省") if row[1] == "province" else row[0]
        kept.setdefault((place, row[2], row[3]), (place, *row[1:]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(kept[key] for key in sorted(kept))
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="") as file:
        file.write(text.getvalue().encode())
    return packed.getvalue()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(content(parser.parse_args().folder))
