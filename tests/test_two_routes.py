"""The sample that holds the routes beside each other: two regions a case, a table that replaces the last one."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def routes():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import two_routes

        yield two_routes
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def panels(tmp_path_factory) -> Path:
    """Eight years of monthly levels of four regions and their aggregate."""
    rng = np.random.default_rng(1)
    months = pd.period_range("2010-01", "2017-12", freq="M").astype(str)
    levels = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal((len(months), 4)), axis=0))
    rows = [
        {"region": f"r{j}", "aggregate": 0, "indicator": "one", "period": month, "value": levels[i, j]}
        for i, month in enumerate(months)
        for j in range(4)
    ]
    rows += [
        {"region": "all", "aggregate": 1, "indicator": "one", "period": month, "value": levels[i].sum()}
        for i, month in enumerate(months)
    ]
    folder = tmp_path_factory.mktemp("panels")
    pd.DataFrame(rows).to_csv(folder / "small.csv", index=False)
    return folder


def test_a_case_has_two_regions_and_the_aggregate_of_the_last_scored_year(routes, panels):
    found = routes._sample(panels)
    assert [case.origin for case in found] == [3, 8]
    assert {case.year for case in found} == {2017}
    for case in found:
        assert list(case.window.columns) == ["r0", "r1", "ALL"]


def test_both_routes_are_asked_the_same_question(routes, panels, monkeypatch):
    def same(history, measure, rng, *, method):
        return rng.normal(5.0, 2.0, (400, history.shape[1])) + (0.0 if method == "fast" else 1.0)

    monkeypatch.setattr(routes, "forecaster", same)
    rows, scores = routes._both(routes._sample(panels)[0])
    assert len(rows) == 3
    for row in rows:
        assert float(row[5]) == pytest.approx(-0.5, abs=0.06)  # one point at a spread of two
        assert row[6] == "1.00"
    assert rows[-1][-2:] == ("", "")
    assert rows[0][-1] == rows[0][-2]
    assert scores[0] != scores[1]


def test_a_table_replaces_the_last_one_and_nothing_else(routes, tmp_path):
    document = tmp_path / "model.md"
    document.write_text(f"before\n{routes.MARKS[0]}\nold\n{routes.MARKS[1]}\nafter\n", encoding="utf-8")
    for line in ("first", "second"):
        routes._insert(document, [line])
    text = document.read_text(encoding="utf-8")
    assert "old" not in text
    assert "first" not in text
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert text.count("second") == 1
