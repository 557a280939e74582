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


def known_world(**changed: object) -> pd.DataFrame:
    row = {
        "world": "older",
        "title": "an older province",
        "route": "fast",
        "worlds": 60,
        "root_rmse_over_sd": 1.0,
        "gap_rmse_over_sd": 1.0,
        "gap_covered50": 0.5,
        "gap_covered80": 0.8,
        "gap_covered90": 0.9,
        "mean_p": 0.5,
        "came_true": 0.5,
        "p_low": 0,
        "p_low_came_true": float("nan"),
        "p_high": 12,
        "p_high_came_true": 0.92,
        "brier": 0.1,
        "brier_unrounded": 0.12,
    }
    return pd.DataFrame([row | changed])


def test_worlds_of_a_known_structure_are_on_the_page_and_what_is_outside_is_marked(page, ranks):
    judged = {"adaptive": verdicts(ranks)}
    fine, off = (
        page.page_text(judged, [CHECK], about=ABOUT, failures=[], worlds=known_world(**changed))
        for changed in ({}, {"gap_covered80": 0.5, "root_rmse_over_sd": 2.4})
    )
    line = next(one for one in fine.splitlines() if "an older province" in one)
    assert "0.50 / 0.80 / 0.90" in line
    assert "12, 0.92" in line
    assert "**" not in line
    assert "**0.50**" in off
    assert "**2.40**" in off
    assert "Worlds of a known structure" not in page.page_text(judged, [CHECK], about=ABOUT, failures=[])


def test_ranks_that_are_kept_are_gone_on_with(page, tmp_path):
    import calibrate

    calibrate._chunk("structural", [0], 1, tmp_path)
    found = calibrate.kept_ranks("structural", 5, 1, tmp_path)
    assert list(found) == [0]
    assert found[0].keys() >= {"child_scale", "gap_year_end"}
    assert calibrate.kept_ranks("structural", 5, 2, tmp_path) == {}
    assert calibrate.kept_ranks("regular", 5, 1, tmp_path) == {}


def test_every_check_and_quantity_has_its_name(page):
    from forecast.track_record.sbc import prior_checks, ranks_of

    assert {check.name for check in prior_checks(50)} <= set(page.CHECKS)
    for quantity in ranks_of("structural", 0, seed=1):
        assert page._name(quantity) != quantity
        assert quantity.partition("_")[2] in page.QUANTITIES
