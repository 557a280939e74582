"""The page of the calibration says what its ranks say."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.track_record.sbc import Check, verdicts

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
ABOUT = {
    "date": "2020-09-30T00:00:00+00:00",
    "commit": "abc",
    "machine": "a machine",
    "seed": 1,
    "versions": {"dabiao": "0.1.0", "prophet": "absent"},
}
CHECK = Check(name="city_q1", observed=-29.6, low=-80.0, middle=5.0, high=300.0, percentile=0.08, usual=False)


@pytest.fixture(scope="module")
def page():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import calibration_page

        yield calibration_page
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def ranks() -> list[dict[str, float]]:
    rng = np.random.default_rng(0)
    return [
        {"root_year_end": rng.random(), "child_year_end": rng.beta(0.5, 0.5), "child_scale": rng.random() ** 2}
        for _ in range(300)
    ]


def test_everything_is_written_and_the_tables_are_the_ranks(page, ranks, tmp_path):
    found = {"adaptive": ranks}
    judged = {"adaptive": verdicts(ranks)}
    page.write_page(tmp_path, found, judged, [CHECK], about=ABOUT, failures=[])
    counts = pd.read_csv(tmp_path / "calibration" / "ranks.csv").set_index("quantity")
    expected = np.histogram([one["child_scale"] for one in ranks], bins=20, range=(0, 1))[0]
    np.testing.assert_array_equal(counts.loc["child_scale"].drop("route").astype(int), expected)
    summary = pd.read_csv(tmp_path / "calibration" / "summary.csv").set_index("quantity")
    assert summary["uniform"].to_dict() == {"root_year_end": 1, "child_year_end": 0, "child_scale": 0}
    assert summary.loc["child_year_end", "covered90"] < 0.8
    drawn = (tmp_path / "calibration" / "adaptive.svg").read_text(encoding="utf-8")
    assert "child: scale" in drawn
    text = (tmp_path / "calibration.md").read_text(encoding="utf-8")
    for name in ("calibration/adaptive.svg", "2020-09-30", "dabiao 0.1.0"):
        assert name in text
    assert "prophet" not in text


def test_what_is_not_uniform_is_named_with_how_it_fails(page, ranks):
    text = page.page_text({"adaptive": verdicts(ranks)}, [CHECK], about=ABOUT, failures=["adaptive 3: crashed"])
    verdict = next(line for line in text.splitlines() if "not uniform" in line)
    assert "child: year-end growth (too narrow)" in verdict
    assert "child: scale (posterior too high" in verdict
    assert "root: year-end growth (" not in verdict
    assert "adaptive 3: crashed" in text


def test_a_magnitude_that_the_prior_excludes_is_marked(page, ranks):
    from dataclasses import replace

    impossible = replace(CHECK, percentile=0.0)
    fine, marked = (
        page.page_text({"adaptive": verdicts(ranks)}, [one], about=ABOUT, failures=[]) for one in (CHECK, impossible)
    )
    assert "possible: yes" in fine
    assert "**possible: no**" in marked


def test_every_check_and_quantity_has_its_name(page):
    from forecast.track_record.sbc import prior_checks, ranks_of

    assert {check.name for check in prior_checks(50)} <= set(page.CHECKS)
    for quantity in ranks_of("structural", 0, seed=1):
        assert page._name(quantity) != quantity
        assert quantity.partition("_")[2] in page.QUANTITIES
