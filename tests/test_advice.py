"""Which figure says most of the year-end gap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.answers.advice import LEAST_EXPLAINED, AdviceKind, Sharpening, best, sharpenings
from forecast.draws.paths import Paths, reordered
from forecast.periods import Frequency, default_profile
from forecast.tables.words import advice_text
from tests.handmade import YEAR, indicator_paths, panel, paths

AUGUST, SEPTEMBER = 6, 7  # positions among the eleven periods
DRAWS = 4000
WEIGHT = default_profile(Frequency.MONTHLY)


def shocks(rng: np.random.Generator, sd: dict[int, float]) -> np.ndarray:
    """Single-period growth, (draw, period), independent shocks of these sds at these positions."""
    growth = np.zeros((DRAWS, 11))
    for position, one in sd.items():
        growth[:, position] = one * rng.standard_normal(DRAWS)
    return growth


def case(
    city: dict[int, float], province: dict[int, float], *, known: int = AUGUST, late: int | None = None, seed: int = 7
) -> Paths:
    """Retail of city and province, published through position ``known``; the city's missing from ``late`` on."""
    rng = np.random.default_rng(seed)
    own = range((known if late is None else late - 1) + 1)
    one = indicator_paths(
        "retail",
        {"ankang": shocks(rng, city), "shaanxi": shocks(rng, province)},
        published={"ankang": dict.fromkeys(own, 0.0), "shaanxi": dict.fromkeys(range(known + 1), 0.0)},
    )
    return paths(one)


def first(these: Paths) -> Sharpening:
    found = best(these, unit="ankang", benchmark="shaanxi")
    assert found is not None
    return found


def test_next_release_explains_its_share_of_the_variance_that_is_left() -> None:
    """Shocks of September and of October to December are independent: shares of variance in closed form."""
    sd = dict.fromkeys(range(SEPTEMBER, 11), 0.05)
    found = first(case(sd, {}))
    variance = (WEIGHT[SEPTEMBER:] * 0.05) ** 2
    assert (found.kind, found.unit, found.period) == (AdviceKind.NEXT, "ankang", f"{YEAR}-09")
    share = variance[0] / variance.sum()
    assert found.explained == pytest.approx(share, abs=4 * 2 * np.sqrt(share / DRAWS))
    assert found.gap_sd_pp == pytest.approx(100 * np.sqrt(variance.sum()), rel=4 / np.sqrt(2 * DRAWS))
    assert found.gap_sd_after_pp == pytest.approx(found.gap_sd_pp * np.sqrt(1 - found.explained))


def test_explained_is_what_knowing_the_figure_takes_from_the_variance_in_bins() -> None:
    these = case({SEPTEMBER: 0.2, 10: 0.1}, {SEPTEMBER: 0.05})
    found = first(these)
    cum = these.indicators["retail"].cum_yoy
    gap = (cum.sel(unit="ankang") - cum.sel(unit="shaanxi")).isel(period=-1).to_numpy()
    figure = cum.sel(unit="ankang", period=found.period).to_numpy()
    bins = np.array_split(gap[np.argsort(figure)], 80)
    within = np.mean([part.var(ddof=1) for part in bins])
    assert found.explained == pytest.approx(1 - within / gap.var(), abs=0.02)


def test_a_figure_that_settles_the_gap_settles_the_probability() -> None:
    """All uncertainty is September's: P becomes 0 or 1, so that it moves by 2 p (1 - p) on average."""
    found = first(case({SEPTEMBER: 0.5}, {}))
    assert found.explained > 0.99
    p = found.p_reach
    assert p == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(DRAWS))
    assert found.p_change == pytest.approx(2 * p * (1 - p), abs=0.02)


def test_the_more_uncertain_place_is_asked_first() -> None:
    assert first(case({SEPTEMBER: 0.02}, {SEPTEMBER: 0.05})).unit == "shaanxi"
    assert first(case({SEPTEMBER: 0.05}, {SEPTEMBER: 0.02})).unit == "ankang"


def test_a_figure_that_is_due_goes_before_the_next_release() -> None:
    these = case({AUGUST: 0.05, SEPTEMBER: 0.2}, {}, late=AUGUST)
    found = sharpenings(these, unit="ankang", benchmark="shaanxi")
    assert [(one.kind, one.period) for one in found[:2]] == [
        (AdviceKind.DUE, f"{YEAR}-08"),
        (AdviceKind.NEXT, f"{YEAR}-09"),
    ]
    assert found[0].explained < found[1].explained


def test_weights_are_asked_where_they_decide() -> None:
    these = case({}, {})
    one = these.indicators["retail"]
    draws = one.base_weight.sizes["draw"]
    early = np.linspace(0.4, 0.8, draws)
    weight = one.base_weight.copy()
    own = np.concatenate([np.outer(early, np.full(7, 1 / 7)), np.outer(1 - early, np.full(4, 1 / 4))], axis=1)
    weight.loc[{"unit": "ankang"}] = own
    cum = one.cum_yoy.copy()
    cum.loc[{"unit": "ankang", "period": f"{YEAR}-12"}] = -0.1 * early
    changed = type(one)(
        **{name: getattr(one, name) for name in one.__slots__} | {"base_weight": weight, "cum_yoy": cum}
    )
    found = first(paths(changed))
    assert (found.kind, found.unit, found.period) == (AdviceKind.WEIGHTS, "ankang", f"{YEAR}-08")
    assert found.explained == pytest.approx(1.0, abs=1e-9)


def test_nothing_is_asked_where_nothing_would_help() -> None:
    assert best(case({}, {}), unit="ankang", benchmark="shaanxi") is None
    assert best(case({10: 0.1}, {}), unit="ankang", benchmark="shaanxi") is None


def test_indicators_without_draws_of_both_places_are_left_out() -> None:
    these = case({SEPTEMBER: 0.1}, {})
    assert sharpenings(these, unit="ankang", benchmark="china") == ()


def test_a_place_is_not_compared_with_itself() -> None:
    with pytest.raises(ValueError, match="must differ"):
        sharpenings(case({SEPTEMBER: 0.1}, {}), unit="ankang", benchmark="ankang")


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    sd=st.lists(st.floats(0.0, 0.3), min_size=4, max_size=4),
    theirs=st.floats(0.0, 0.3),
    late=st.sampled_from([None, AUGUST, AUGUST - 1]),
)
def test_shares_are_shares_published_figures_are_never_asked_and_the_order_of_draws_does_not_matter(
    seed: int, sd: list[float], theirs: float, late: int | None
) -> None:
    these = case(dict(enumerate(sd, AUGUST)), {SEPTEMBER: theirs}, late=late, seed=seed)
    found = sharpenings(these, unit="ankang", benchmark="shaanxi")
    published = these.indicators["retail"].published
    for one in found:
        assert LEAST_EXPLAINED <= one.explained <= 1.0
        assert 0.0 <= one.gap_sd_after_pp <= one.gap_sd_pp
        assert 0.0 <= one.p_change <= 1.0
        if one.kind is not AdviceKind.WEIGHTS:
            assert np.isnan(float(published.sel(unit=one.unit, period=one.period)))
    order = np.random.default_rng(seed).permutation(DRAWS)
    shuffled = paths(reordered(these.indicators["retail"], order, 1000.0))
    again = sharpenings(shuffled, unit="ankang", benchmark="shaanxi")
    assert [one.explained for one in again] == pytest.approx([one.explained for one in found])


def test_sentence_names_figure_place_and_effect() -> None:
    described = panel([])
    due = first(case({AUGUST: 0.05}, {}, late=AUGUST))
    text = advice_text(due, described.units, described.indicators, "zh")
    assert "安康市2020年1—8月社会消费品零售总额累计增速" in text
    assert "补上" in text
    following = first(case({SEPTEMBER: 0.05}, {}))
    assert "已公布数据齐全" in advice_text(following, described.units, described.indicators, "zh")
    english = advice_text(following, described.units, described.indicators, "en")
    assert "Ankang" in english
    assert "month 9 of 2020" in english
