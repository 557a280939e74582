"""Units, indicators, observations and bases: what is accepted is what was published, and when."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.data.dataset import read_dataset
from forecast.data.panel import REVISION_SD_PP, Panel, known, release_rule
from forecast.data.reading.observations import OBSERVATION_COLUMNS, empty_table
from forecast.errors import InputError
from forecast.periods import AsOf, Month, last_day
from tests.small_dataset import FILES, write_dataset

KEYS = ["unit", "indicator", "period", "measure"]


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    return read_dataset(write_dataset(tmp_path_factory.mktemp("small"))).panel


def panel_of(rows: pd.DataFrame) -> Panel:
    return Panel(
        units={}, indicators={}, observations=rows, bases=empty_table("bases"), industries=empty_table("industries")
    )


def read_rows(tmp_path: Path, *rows: str) -> pd.DataFrame:
    header = FILES["observations.csv"].splitlines()[0]
    text = "\n".join([header, *rows]) + "\n"
    return read_dataset(write_dataset(tmp_path, {"observations.csv": text})).panel.observations


def test_units_keep_their_order_and_their_place_in_the_tree(panel: Panel) -> None:
    assert list(panel.units) == ["guojia", "dasheng", "xiaocheng", "dongxian", "xixian", "gaoxin"]
    assert panel.units["guojia"].parent is None
    assert panel.units["xiaocheng"].parent == "dasheng"
    assert panel.units["gaoxin"].counted_within == "dongxian"
    assert panel.units["dongxian"].counted_within is None


def test_a_profile_of_twelve_months_becomes_eleven_periods(panel: Panel) -> None:
    profile = panel.indicators["ind_va"].profile
    assert profile is not None
    assert len(profile) == 11
    assert sum(profile) == pytest.approx(1.0)
    stated = [0.06, 0.07, 0.085, 0.083, 0.085, 0.088, 0.082, 0.083, 0.087, 0.087, 0.092, 0.098]
    assert profile[0] == pytest.approx((stated[0] + stated[1]) / sum(stated))
    assert profile[-1] == pytest.approx(stated[-1] / sum(stated))


def test_what_an_indicator_leaves_out_has_a_stated_default(panel: Panel) -> None:
    assert panel.indicators["gdp"].profile is None
    assert panel.indicators["gdp"].revision_sd_pp == REVISION_SD_PP == 0.25
    assert panel.indicators["ind_va"].revision_sd_pp == 0.3
    assert panel.indicators["gdp"].decimals == 1


@pytest.mark.parametrize(("cell", "decimals"), [("2", 2), ("0", 0), ("", 1)])
def test_published_digits_are_read(tmp_path: Path, cell: str, decimals: int) -> None:
    written = {"indicators.csv": with_decimals(cell)}
    assert read_dataset(write_dataset(tmp_path, written)).panel.indicators["gdp"].decimals == decimals


@pytest.mark.parametrize("cell", ["4", "-1", "1.5"])
def test_published_digits_that_cannot_be_are_refused(tmp_path: Path, cell: str) -> None:
    with pytest.raises(InputError) as error:
        read_dataset(write_dataset(tmp_path, {"indicators.csv": with_decimals(cell)}))
    assert [problem.code for problem in error.value.problems] == ["decimals_bad"]


def with_decimals(cell: str) -> str:
    """Indicators with a last column, filled for the quarterly one."""
    head, *rows = FILES["indicators.csv"].splitlines()
    return "\n".join([f"{head},decimals", *(f"{row},{cell if row.startswith('gdp') else ''}" for row in rows)]) + "\n"


def test_every_row_of_the_file_is_there_masked_or_not(panel: Panel) -> None:
    rows = panel.observations
    assert tuple(rows.columns) == OBSERVATION_COLUMNS
    assert len(rows) == len(FILES["observations.csv"].splitlines()) - 1
    masked = rows[rows["value"].isna()]
    assert masked["row"].tolist() == [7]
    assert rows["value"].dtype == np.float64


def test_percent_signs_do_not_change_a_value(panel: Panel) -> None:
    rows = panel.observations
    assert rows.loc[rows["row"] == 8, "value"].item() == -13.6


def test_an_empty_release_day_is_the_usual_one_and_says_so(panel: Panel) -> None:
    row = panel.observations[panel.observations["row"] == 6].iloc[0]
    assert row["released"] == dt.date(2020, 3, 20)
    assert row["released_rule"]
    stated = panel.observations[panel.observations["row"] == 2].iloc[0]
    assert stated["released"] == dt.date(2020, 3, 18)
    assert not stated["released_rule"]


@given(st.builds(Month, st.integers(1990, 2090), st.integers(1, 12)))
def test_the_usual_release_day_follows_the_period(period: Month) -> None:
    assert last_day(period) < release_rule(period) <= last_day(period.plus(1))
    assert release_rule(period).day == 20


def test_a_revision_replaces_the_first_figure_only_when_it_is_out(panel: Panel) -> None:
    def figure(text: str) -> float:
        rows = known(panel, AsOf.parse(text))
        at = (rows["unit"] == "dasheng") & (rows["indicator"] == "ind_va") & (rows["period"] == Month(2020, 8))
        return float(rows.loc[at, "value"].item())

    assert figure("2020-08") == 0.8
    assert figure("2020-12-17") == 0.8
    assert figure("2020-12-18") == 0.9


def test_masked_figures_are_missing_not_zero(panel: Panel) -> None:
    rows = known(panel, AsOf.parse("2020-08"))
    at = (rows["unit"] == "xiaocheng") & (rows["period"] == Month(2020, 7)) & (rows["measure"] == "cum_yoy_pct")
    assert not at.any()


def test_a_later_masked_vintage_does_not_erase_a_figure(tmp_path: Path) -> None:
    rows = read_rows(
        tmp_path,
        "xixian,ind_va,2020-06,cum_yoy_pct,1.5,2020-07-20,published,局",
        "xixian,ind_va,2020-06,cum_yoy_pct,X,2020-08-20,published,局",
    )
    assert known(panel_of(rows), AsOf.parse("2020-12"))["value"].tolist() == [1.5]


@pytest.mark.parametrize(
    ("indicator", "period", "month"),
    [
        ("ind_va", "2020-02", 2),
        ("ind_va", "2020年1-2月", 2),
        ("gdp", "2020Q2", 6),
        ("gdp", "2020年上半年", 6),
        ("service_rev", "2020年1-8月", 8),
    ],
)
def test_spans_are_accepted_by_their_frequency(tmp_path: Path, indicator: str, period: str, month: int) -> None:
    rows = read_rows(tmp_path, f"xixian,{indicator},{period},cum_yoy_pct,1.5,,published,局")
    assert rows["period"].tolist() == [Month(2020, month)]


def test_names_in_chinese_become_ids(tmp_path: Path) -> None:
    rows = read_rows(tmp_path, "西县,规上工业增加值,2020年8月,累计同比,－４．１％,2020年9月18日,公布,局")
    row = rows.iloc[0]
    assert (row["unit"], row["indicator"], row["measure"], row["status"]) == (
        "xixian",
        "ind_va",
        "cum_yoy_pct",
        "published",
    )
    assert row["value"] == -4.1
    assert row["released"] == dt.date(2020, 9, 18)


def test_orderings_are_read(tmp_path: Path) -> None:
    rows = read_rows(
        tmp_path,
        "xixian,ind_va,2020-06,gap_sign,-1,,published,会议",
        "xixian,ind_va,2020-06,rank,2,,published,会议",
    )
    assert rows["value"].tolist() == [-1.0, 2.0]


def test_extra_columns_are_kept(tmp_path: Path) -> None:
    lines = FILES["observations.csv"].splitlines()
    text = "\n".join([lines[0] + ",摘录", *(line + ",见公报" for line in lines[1:])])
    rows = read_dataset(write_dataset(tmp_path, {"observations.csv": text})).panel.observations
    assert set(rows["摘录"]) == {"见公报"}


def test_figures_later_than_as_of_are_kept_and_not_seen(tmp_path: Path) -> None:
    rows = read_rows(
        tmp_path,
        "xixian,ind_va,2020-08,cum_yoy_pct,1.5,,published,局",
        "xixian,ind_va,2020-12,cum_yoy_pct,3.5,2021-01-18,published,局",
    )
    assert len(rows) == 2
    assert known(panel_of(rows), AsOf.parse("2020-08"))["value"].tolist() == [1.5]


def test_small_growth_with_one_decimal_is_percent(tmp_path: Path) -> None:
    rows = read_rows(tmp_path, *(f"xixian,ind_va,2020-{m:02d},cum_yoy_pct,0.{m},,published,局" for m in range(3, 9)))
    assert rows["value"].tolist() == pytest.approx([0.3, 0.4, 0.5, 0.6, 0.7, 0.8])


def test_small_growth_with_a_percent_sign_is_percent(tmp_path: Path) -> None:
    rows = read_rows(tmp_path, *(f"xixian,ind_va,2020-{m:02d},cum_yoy_pct,0.1{m}%,,published,局" for m in range(3, 9)))
    assert rows["value"].iloc[0] == pytest.approx(0.13)


def test_a_level_may_be_revised_down_with_its_predecessors(tmp_path: Path) -> None:
    rows = read_rows(
        tmp_path,
        "xixian,ind_va,2020-06,level_cum,100,2020-07-20,published,局",
        "xixian,ind_va,2020-06,level_cum,80,2020-08-10,published,局",
        "xixian,ind_va,2020-07,level_cum,90,2020-08-20,published,局",
        "xixian,ind_va,2021-02,level_cum,20,2021-03-20,published,局",
    )
    assert len(rows) == 4


# known: against a slow reading of its definition


def rows_of(cells: list[tuple[str, str, Month, str, int, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(cells, columns=[*KEYS, "late", "value"])
    released = [
        release_rule(p) + dt.timedelta(days=30 * late) for p, late in zip(frame["period"], frame["late"], strict=True)
    ]
    frame["released"] = pd.Series(released, dtype=object)
    return frame


CELLS = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.sampled_from("xy"),
        st.builds(Month, st.sampled_from([2019, 2020]), st.sampled_from([2, 6, 8])),
        st.sampled_from(["cum_yoy_pct", "level_cum"]),
        st.integers(0, 4),
        st.one_of(st.just(math.nan), st.floats(-50.0, 50.0)),
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda cell: cell[:5],
)


@given(CELLS, st.sampled_from(["2019-06", "2020-06", "2020-08", "2020-09-20", "2021-12"]))
def test_known_is_the_latest_vintage_that_is_out(
    cells: list[tuple[str, str, Month, str, int, float]], text: str
) -> None:
    frame, as_of = rows_of(cells), AsOf.parse(text)
    expected: dict[tuple[str, str, Month, str], tuple[dt.date, float]] = {}
    for row in frame.itertuples():
        if as_of.sees(row.period, row.released) and not math.isnan(row.value):
            key = (row.unit, row.indicator, row.period, row.measure)
            expected[key] = max(expected.get(key, (dt.date.min, 0.0)), (row.released, row.value))
    found = known(panel_of(frame), as_of)
    keys = list(found[KEYS].itertuples(index=False, name=None))
    assert keys == sorted(expected)
    assert found["value"].tolist() == [expected[key][1] for key in keys]


@given(CELLS, CELLS)
def test_known_never_depends_on_what_came_later(
    cells: list[tuple[str, str, Month, str, int, float]], later: list[tuple[str, str, Month, str, int, float]]
) -> None:
    as_of = AsOf.parse("2020-08")
    frame = rows_of(cells)
    hidden = rows_of(later)
    hidden = hidden[[not as_of.sees(p, r) for p, r in zip(hidden["period"], hidden["released"], strict=True)]]
    together = pd.concat([hidden, frame], ignore_index=True) if len(hidden) else frame
    pd.testing.assert_frame_equal(known(panel_of(together), as_of), known(panel_of(frame), as_of))


def test_known_of_nothing_is_nothing() -> None:
    frame = rows_of([("a", "x", Month(2020, 8), "cum_yoy_pct", 0, 1.0)])
    assert len(known(panel_of(frame), AsOf.parse("2019-01"))) == 0
    assert len(known(panel_of(frame.iloc[:0]), AsOf.parse("2020-08"))) == 0


# bases and industries


def test_shares_are_fractions_and_levels_are_yi(panel: Panel) -> None:
    assert panel.bases["share_of_parent"].tolist() == pytest.approx([0.045, 0.34])
    assert panel.bases["base_level_yi"].tolist() == [1182.0, 401.2]
    assert panel.bases["base_year"].tolist() == [2019, 2019]
    assert panel.industries[[f"share_q{q}" for q in range(1, 5)]].sum().tolist() == pytest.approx([1.0] * 4)
    assert panel.industries["driver"].tolist() == ["ind_va", ""]


def test_absent_tables_are_empty_with_their_columns(tmp_path: Path) -> None:
    read = read_dataset(write_dataset(tmp_path, {"bases.csv": None, "industries.csv": None})).panel
    assert len(read.bases) == len(read.industries) == 0
    assert {"unit", "base_level_yi", "share_of_parent", "file", "row"} <= set(read.bases.columns)
    assert read.bases["base_level_yi"].dtype == np.float64
