"""The sample that holds the routes beside each other: fixed cases, a table that replaces the last one."""

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


def test_the_sample_is_fixed_and_its_cases_are_whole(routes, panels):
    every, some, again = (routes._sample(panels, every=n) for n in (1, 3, 3))
    assert 0 < len(some) < len(every)
    assert [case.name for case in some] == [case.name for case in again]
    assert {case.name for case in some} < {case.name for case in every}
    assert all(list(case.window.columns) == ["r0", "r1", "r2", "r3", "ALL"] for case in every)
    assert routes._sample(panels, ["other"]) == []


def test_both_routes_are_asked_the_same_question(routes, panels, monkeypatch):
    def same(history, measure, rng, *, method):
        return rng.normal(5.0, 2.0, (400, history.shape[1])) + (0.0 if method == "fast" else 1.0)

    monkeypatch.setattr(routes, "forecaster", same)
    row, scores = routes._both(routes._sample(panels, every=1)[0])
    assert row[1] == "4"
    assert float(row[2]) == pytest.approx(0.5, abs=0.06)  # one point at a spread of two
    assert row[3] == "1.00 (1.00-1.00)"
    assert row[4] != row[5]  # one is further from the outcome
    assert row[6] == row[7]  # but the gap is the same
    assert {(one["forecaster"], one["region"]) for one in scores} == {
        (method, f"r{j}") for method in routes.ROUTES for j in range(4)
    }
    (said,) = routes._means(scores)
    assert said.startswith("Means over 4 regions")


def test_a_table_replaces_the_last_one_and_nothing_else(routes, tmp_path):
    document = tmp_path / "model.md"
    document.write_text(f"before\n{routes.MARKS[0]}\nold\n{routes.MARKS[1]}\nafter\n", encoding="utf-8")
    for line in ("first", "second"):
        routes.insert(document, [line], marks=routes.MARKS)
    text = document.read_text(encoding="utf-8")
    assert "old" not in text
    assert "first" not in text
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert text.count("second") == 1
