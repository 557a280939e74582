"""One rounding: what people read is rounded once, from the number as it was computed; so is what files hold."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.answers.chances import Criterion, Status, Summary
from forecast.answers.evidence import Evidence, weakest
from forecast.report import prose
from forecast.report.files import csv_text
from forecast.runs.session import Session
from forecast.tables import words
from forecast.tables.attainment import attainment_frame, attainment_table
from forecast.tables.kind import Kind
from forecast.tables.makeup_words import alike
from forecast.tables.notes import notes
from forecast.tables.table import Provenance, Surface, View
from tests.app_runs import ROOT, ankang

ENDING_IN_5 = (-4.945, -4.95, -4.9549, 2.449, 2.45, 0.05, -0.05, -0.049, 14.949999, 14.95)
SOURCE = Provenance(run_id="r", data_hash="d", scenario_hash="0", model_version="0", seed=1)


def printed(value: float) -> str:
    """Halves away from zero at the first decimal of the number itself, by hand."""
    tenths = int(abs(value) * 10 + 0.5 + 1e-9)
    return f"{'-' if value < 0 and tenths else ''}{tenths // 10}.{tenths % 10}"


@pytest.fixture(scope="module")
def judged():
    found = ankang()[2].attainment
    return found, next(row for row in found.rows if row.status is Status.JUDGED and row.target.unit == "ankang")


@pytest.mark.parametrize("value", ENDING_IN_5)
def test_every_surface_prints_the_number_and_not_that_of_the_file(judged, value):
    attainment, row = judged
    ends = Summary(value, value - 1.0, value + 1.0)
    told = replace(row, forecast=ends, year_gap_pp=value)
    shown = {}
    for surface, name, gap in (
        (Surface.TERMINAL, "forecast", "year_gap_pp"),
        (Surface.PAGE, "forecast", "year_gap_pp"),
        (Surface.BRIEF, "year", ""),
    ):
        grid = attainment_table(attainment, [told]).grid(View(lang="zh", surface=surface))
        cells = dict(zip(grid.names, grid.rows[0], strict=True))
        shown[surface] = cells[name].text.split("（")[0].rstrip("%").lstrip("+")
        if gap:
            assert cells[gap].text.lstrip("+") == printed(value)
    table = attainment_table(attainment, [told])
    sheet = dict(zip((f.name for f in table.fields(Surface.CHANCES, "zh")),
                     table.values(View(lang="zh", surface=Surface.CHANCES))[0], strict=True))  # fmt: skip
    assert sheet["year"] == value  # a workbook holds the number, its format rounds it
    shown[Surface.CHANCES] = Kind.PERCENT.shown(sheet["year"], "zh")
    assert set(shown.values()) == {printed(value)}
    assert words.growth(value, "zh").strip("+%") == printed(value)
    said = prose.growth(value, "zh")
    assert printed(abs(value)) in said or said == "持平"
    frame = attainment_frame(replace(attainment, rows=(told,)), SOURCE)
    assert frame["forecast_growth_pct"].iloc[0] == value
    head, line = csv_text(frame, table="attainment").splitlines()
    filed = dict(zip(head.split(","), line.split(","), strict=True))["forecast_growth_pct"]
    assert abs(float(filed) - value) <= 0.005 + 1e-9


def test_kept_numbers_are_those_that_were_computed(judged):
    from forecast.runs.store import Store

    attainment, _ = judged
    home, _, run = ankang()
    kept = Store(home).open(run.run_id).table("attainment")
    made = attainment_frame(attainment, SOURCE)
    assert list(kept["forecast_growth_pct"].dropna()) == list(made["forecast_growth_pct"].dropna())


def test_the_joint_takes_the_step_of_its_weakest_part():
    run = ankang()[2]
    found = run.attainment
    city = run.dataset.config.city
    mine = [row for row in found.rows if row.target.unit == city and row.target.kind.value == "province_average"]
    parts = [row.evidence for row in mine if row.target.indicator in found.near.indicators]
    weak = weakest(parts)
    assert found.near.evidence is found.reach.evidence is weak
    for criterion in Criterion:
        joint = found.joint(criterion)
        assert words.probability(joint.p_all, "zh", evidence=weak) in notes(found, "zh")[0]
    under = Session(run).study([ROOT / "scenarios" / "restart.yaml"]).comparison.all
    assert {result.joint(c).evidence for result in under for c in Criterion} == {weak}
    thin = replace(
        found, near=replace(found.near, evidence=Evidence.THIN), reach=replace(found.reach, evidence=Evidence.THIN)
    )
    assert words.probability(found.near.p_all, "zh", evidence=Evidence.THIN) in notes(thin, "zh")[0]


@given(
    parts=st.lists(st.floats(-0.3, 0.3), min_size=1, max_size=7),
    before=st.floats(0.0, 1.0),
    evidence=st.sampled_from([Evidence.AMPLE, Evidence.LIMITED, Evidence.THIN]),
)
def test_parts_of_a_probability_sum_to_its_printed_change(parts, before, evidence):
    after = min(max(before + sum(parts), 0.0), 1.0)
    shares = words.level_shares(parts, after, before, evidence=evidence)
    step = 10 if evidence is Evidence.THIN else 5
    assert sum(shares) == words.level_points(after, before, evidence=evidence)
    assert all(share % step == 0 for share in shares)


@pytest.mark.parametrize(
    ("pp", "said"), [(0.43, "+0.4"), (-0.04, "-0.04"), (0.004, "+0.004"), (0.0004, "0"), (0.0, "0"), (4.95, "+5.0")]
)
def test_an_effect_has_as_many_decimals_as_show_it(pp, said):
    assert words.effect(pp) == said


def plan(name: str, *uses: float):
    used = tuple(SimpleNamespace(lever=SimpleNamespace(id=f"l{k}"), use=use) for k, use in enumerate(uses))
    return SimpleNamespace(name=name, makeup=SimpleNamespace(used=used))


def test_plans_that_are_alike_are_told_once():
    same = [plan(name, 1.0, 2.0) for name in ("floor", "strive", "sprint")]
    (told,) = alike(same, lambda _: "用足也只到40%")
    assert ([one.name for one in told[0]], told[1]) == (["floor", "strive", "sprint"], "用足也只到40%")
    assert len(alike([*same[:2], plan("sprint", 1.0, 3.0)], lambda _: "x")) == 2
    assert len(alike(same, lambda one: one.name)) == 3
