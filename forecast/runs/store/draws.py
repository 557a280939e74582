"""Draws of an indicator as a netCDF file, and back.

Draws are kept as the fit gave them, in single precision, before indicators are coupled, so that a later run with the
same fit shares the file; the order in which a run couples them is kept beside it.

Invariant: what is read is what was written, bit for bit (held by ``tests/test_store.py``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import xarray as xr

from forecast.dims import DRAW
from forecast.draws.paths import IndicatorPaths, exact_where_published
from forecast.inference.diagnostics import Diagnostics
from forecast.periods import Frequency

_DRAWN: Final = ("growth", "base_weight", "cum_yoy")
_ENCODING: Final[Mapping[str, Any]] = {"zlib": True, "complevel": 1, "shuffle": True}
"""Level 4 saves one per cent more and takes longer: the last bits of a draw are noise."""


def draws_to_bytes(paths: IndicatorPaths) -> bytes:
    """A netCDF file: growth, base_weight and cum_yoy (draw, unit, period) as float32, fraction; what is published."""
    data: dict[str, xr.DataArray] = {name: getattr(paths, name).astype(np.float32) for name in _DRAWN}
    attributes = {
        "indicator": paths.indicator,
        "frequency": paths.frequency.value,
        "ess": paths.ess,
        "diagnostics": json.dumps(asdict(paths.diagnostics)),
        "units": "fraction",
    }
    dataset = xr.Dataset({**data, "published": paths.published}, attrs=attributes)
    return bytes(dataset.to_netcdf(engine="netcdf4", encoding={key: dict(_ENCODING) for key in _DRAWN}))


def draws_from_bytes(content: bytes) -> IndicatorPaths:
    """The draws of ``draws_to_bytes``."""
    dataset = xr.load_dataset(content, engine="netcdf4")
    published = dataset["published"]
    drawn = {name: dataset[name].astype(np.float64) for name in _DRAWN}
    for values in (*drawn.values(), published):
        values.attrs, values.name, values.encoding = {}, None, {}
    return IndicatorPaths(
        indicator=str(dataset.attrs["indicator"]),
        frequency=Frequency(dataset.attrs["frequency"]),
        growth=drawn["growth"],
        base_weight=drawn["base_weight"],
        cum_yoy=exact_where_published(drawn["cum_yoy"], published),
        published=published,
        ess=float(dataset.attrs["ess"]),
        diagnostics=Diagnostics(**json.loads(dataset.attrs["diagnostics"])),
    )


def order_to_bytes(order: Mapping[str, np.ndarray]) -> bytes:
    """A netCDF file: a variable an indicator, (draw,), the number of each draw in the indicator's fit."""
    data = {name: (DRAW, one.astype(np.int32)) for name, one in order.items()}
    return bytes(xr.Dataset(data).to_netcdf(engine="netcdf4", encoding={name: dict(_ENCODING) for name in data}))


def order_from_bytes(content: bytes) -> dict[str, np.ndarray]:
    """The orders of ``order_to_bytes``."""
    dataset = xr.load_dataset(content, engine="netcdf4")
    return {str(name): one.to_numpy().astype(np.intp) for name, one in dataset.data_vars.items()}
