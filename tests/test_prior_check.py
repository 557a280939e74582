"""The prior holds possible what has happened, and usual what is usual."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.track_record.sbc import RARE, USUAL, drawn, prior_checks

DRAWS = 600


@pytest.mark.parametrize("check", prior_checks(DRAWS), ids=lambda check: check.name)
def test_no_magnitude_of_the_record_is_impossible_under_the_prior(check):
    error = 3 * np.sqrt(USUAL / DRAWS)
    assert check.percentile > (USUAL if check.usual else RARE) - error
    assert check.passed


def test_growth_of_minus_thirty_is_possible_for_a_county_and_rare_for_the_nation():
    d = drawn(DRAWS)
    county, nation = ((d.at(level, 12) < -30).mean() for level in ("county", "nation"))
    assert 0.02 < county < 0.3
    assert nation < 0.05


def test_smaller_places_are_noisier():
    d = drawn(DRAWS)
    spread = [np.subtract(*np.quantile(d.at(level, 12), [0.75, 0.25])) for level in ("nation", "province", "city")]
    assert spread == sorted(spread)


def test_a_check_is_failed_by_what_the_prior_does_not_hold():
    from dataclasses import replace

    one = prior_checks(DRAWS)[0]
    assert replace(one, percentile=0.0).passed is False
    assert replace(one, percentile=0.01, usual=False).passed is True
    assert replace(one, percentile=0.01, usual=True).passed is False
