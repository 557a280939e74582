"""The stored run of ``example`` that comes with the program: ``python data/build_bundle.py``.

Few draws, kept to 10 binary digits, make it small: 0.1 % of a growth is far below what is printed. Its answers are
computed from the draws as they are kept. Writes ``forecast/bundled/example.dabiao.zip``, and beside it the track
record of one year, ``example-record.zip``.
"""

from __future__ import annotations

import os
import sys
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from forecast.draws.paths import IndicatorPaths, exact_where_published
from forecast.executor import InProcess
from forecast.report.files import answers, write_backtest
from forecast.runs.run import Fits, Request, finish, run
from forecast.runs.store import Store, export
from forecast.tables.track import Track
from forecast.track_record.backtest import BacktestRequest, backtest
from forecast.ui.kept import EXAMPLE_RECORD, EXAMPLE_RUN, PACKAGE

DRAWS: Final = 500
BITS: Final = 10
"""Binary digits of a draw of growth that are kept."""
WEIGHT_BITS: Final = 6
"""Of a draw of a base weight: one percent of it, of a spread of 8 % and more."""
MOST_BYTES: Final = 3_000_000
RECORD_YEARS: Final = (2019, 2019)


def coarse(values: xr.DataArray, bits: int = BITS) -> xr.DataArray:
    """The same values with so many binary digits."""
    mantissa, exponent = np.frexp(values.to_numpy())
    return values.copy(data=np.ldexp(np.round(mantissa * 2.0**bits) / 2.0**bits, exponent))


def small(one: IndicatorPaths) -> IndicatorPaths:
    """Draws that take little room; what is published stays exact."""
    return replace(
        one,
        growth=coarse(one.growth),
        base_weight=coarse(one.base_weight, WEIGHT_BITS),
        cum_yoy=exact_where_published(coarse(one.cum_yoy), one.published),
    )


def deflated(source: Path, target: Path) -> Path:
    """The same file with its members compressed: an export stores them as they are."""
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for info in before.infolist():
            out.writestr(zipfile.ZipInfo(info.filename, info.date_time), before.read(info), zipfile.ZIP_DEFLATED, 9)
    return target


def record(source: Path) -> Path:
    """The track record of the example over one year, as one file."""
    request = BacktestRequest(dataset=source, years=RECORD_YEARS, libraries=())
    result = backtest(request, executor=InProcess())
    target = PACKAGE / EXAMPLE_RECORD
    with (
        tempfile.TemporaryDirectory() as scratch,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out,
    ):
        folder = Path(scratch) / "record"
        write_backtest(Track(result), folder)
        for path in sorted(folder.glob("*.*")):
            name = f"{result.dataset.data_hash}/{result.run_id}/{path.name}"
            out.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    return target


def main() -> None:
    """Run, make small, judge anew, keep, export; replay."""
    source = Path(__file__).parent / "example"
    made = run(Request(dataset=source, draws=DRAWS), executor=InProcess())
    fits = Fits(paths={name: small(one) for name, one in made.fits.items()}, keys=made.keys, order=made.order)
    finished = finish(fits, dataset=made.dataset, as_of=made.paths.as_of, request=made.request)
    with tempfile.TemporaryDirectory() as scratch:
        kept = Store(Path(scratch)).keep(finished, answers(finished))
        PACKAGE.mkdir(exist_ok=True)
        path = deflated(export(kept, Path(scratch)), PACKAGE / EXAMPLE_RUN)
    size = path.stat().st_size
    print(f"{path.name}: {size / 1e6:.2f} MB, {kept.run_id}")
    size += record(source).stat().st_size
    print(f"with its track record {size / 1e6:.2f} MB")
    if size > MOST_BYTES:
        sys.exit(f"more than {MOST_BYTES / 1e6:.0f} MB")


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
