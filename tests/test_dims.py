"""Percent outside, fractions inside, and one factor between 万元 and 亿元."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.dims import WAN_PER_YI, from_percent, to_percent


def test_percent_becomes_a_fraction() -> None:
    assert from_percent(-13.6) == pytest.approx(-0.136)
    assert to_percent(0.041) == pytest.approx(4.1)


@given(st.floats(-100.0, 1e4))
def test_percent_survives_there_and_back(growth: float) -> None:
    assert to_percent(from_percent(growth)) == pytest.approx(growth, abs=1e-9)


def test_arrays_keep_their_missing_values() -> None:
    fractions = from_percent(np.array([4.1, np.nan]))
    assert np.isnan(fractions[1])
    assert fractions[0] == pytest.approx(0.041)


def test_ten_thousand_wan_are_one_yi() -> None:
    assert WAN_PER_YI * 10_000 == 1e8  # both in 元: 1 万 = 10^4, 1 亿 = 10^8
