"""Small made-up runs for tests of the store: no model behind them, contents that their number determines."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from forecast.runs.store.disk import Staging
from forecast.runs.store.kept import MANIFEST_SCHEMA


def made_header(number: int, *, dataset: str = "small") -> dict[str, Any]:
    return {
        "schema_version": MANIFEST_SCHEMA,
        "run_id": run_id(number),
        "kept_at": f"2020-10-01T00:00:00.{number:06d}+00:00",
        "dataset": dataset,
        "city": "xiaocheng",
        "as_of": "2020-08",
        "method": "fast",
        "seed": 1,
        "draws": 250,
        "data_hash": f"{number:016x}",
        "scenario_hash": "0" * 16,
        "model_version": "0.1.0",
        "fits": {"gdp": f"key{number % 3}"},
        "indicators": ["gdp"],
        "run": {"target_year": 2020},
    }


def run_id(number: int) -> str:
    return f"small-2020-08-fast-{number:08x}"


def made_files(number: int) -> dict[str, bytes]:
    """Five files of 1 to 20 kB."""
    out = {}
    for name in ("draws/gdp.nc", "coupling.nc", "tables/attainment.parquet", "inputs/dataset.toml", "run.json"):
        seed = hashlib.sha256(f"{number}{name}".encode()).digest()
        out[name] = seed * (32 + seed[0] % 20 * 32)
    return out


def made(number: int, **more: Any) -> Callable[[Staging], dict[str, Any]]:
    """What ``Store.put`` wants of made-up run ``number``."""

    def contents(staged: Staging) -> dict[str, Any]:
        for name, content in made_files(number).items():
            staged.add(name, content)
        return made_header(number, **more)

    return contents
