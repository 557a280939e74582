"""Proposals for naming and interviews: from published figures only, by the rule of the data set."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from forecast.data.panel import NamingRule, Stated
from forecast.data.target import TargetKind
from forecast.periods import AsOf, Month
from forecast.scenario.effects import Effects, year_end
from forecast.scenario.world import World
from forecast.tasks.county_lists import RankStatus, naming
from tests import handmade
from tests import scenario_world as sw

GROWTH = {"hanbin": -20.0, "xunyang": 5.0, "gaoxin": -3.0}


def world(figures=GROWTH, *, rule=None, city=-6.0, province=1.0, extra=(), period="2020-08", plans=()):
    """The small city with published growth of investment of some places."""
    rows = [handmade.observation(unit, "fai", period, value) for unit, value in figures.items()]
    rows += [handmade.observation("ankang", "fai", period, city)] if city is not None else []
    rows += [handmade.observation("shaanxi", "fai", period, province)] if province is not None else []
    one = sw.world(draws=300)
    panel = replace(one.dataset.panel, observations=handmade.panel([*rows, *extra]).observations)
    config = replace(one.dataset.config, naming=rule or NamingRule(least=3, name_last=1, interview_last=1))
    targets = (handmade.target("fai"), *plans)
    return World(paths=one.paths, dataset=replace(one.dataset, panel=panel, config=config, targets=targets))


def only(found):
    assert len(found.rankings) == 1
    return found.rankings[0]


def test_places_are_ranked_by_published_growth():
    ranking = only(naming(world()))
    assert [(s.unit, s.rank) for s in ranking.standings] == [("xunyang", 1), ("gaoxin", 2), ("hanbin", 3)]
    assert (ranking.status, ranking.published, ranking.of) == (RankStatus.RANKED, 3, 3)
    assert (ranking.city_pct, ranking.province_pct, ranking.period) == (-6.0, 1.0, Month(2020, 8))


def test_equal_growth_is_an_equal_rank():
    ranking = only(naming(world({"hanbin": 1.0, "xunyang": 1.0, "gaoxin": -3.0})))
    assert [s.rank for s in ranking.standings] == [1, 1, 3]


def test_gaps_are_to_the_city_and_to_the_plan():
    standing = only(naming(world(plans=[handmade.target("fai", kind=TargetKind.PLAN, value=1.0)]))).standings[2]
    assert standing.gap_city_pp == pytest.approx(-20.0 + 6.0)
    assert (standing.gap_plan_pp, standing.plan_unit) == (pytest.approx(-21.0), "ankang")


def test_a_places_pull_on_the_citys_gap_is_its_share_times_its_distance_to_the_province():
    one = world()
    standing = only(naming(one)).standings[2]
    share = float(one.share("hanbin", "fai").mean())
    assert standing.contribution_pp == pytest.approx(share * (-20.0 - 1.0))
    assert standing.contribution_share == pytest.approx(share * -21.0 / -7.0)


def test_a_zone_has_no_pull_of_its_own():
    zone = next(s for s in only(naming(world())).standings if s.unit == "gaoxin")
    assert (zone.within, zone.contribution_pp, zone.contribution_share) == ("hanbin", None, None)


def test_the_share_of_a_gap_that_is_hardly_there_is_not_told():
    standing = only(naming(world(city=0.8))).standings[2]
    assert standing.contribution_pp is not None
    assert standing.contribution_share is None


def test_too_few_published_places_are_listed_and_neither_ranked_nor_named():
    found = naming(world({"hanbin": -20.0}))
    ranking = only(found)
    assert ranking.status is RankStatus.TOO_FEW
    assert [(s.unit, s.growth_pct, s.rank) for s in ranking.standings] == [
        ("hanbin", -20.0, None),
        ("xunyang", None, None),
        ("gaoxin", None, None),
    ]
    assert found.named == ()
    assert found.proposed == ()


def test_an_unpublished_place_has_no_rank_and_is_on_no_list():
    rule = NamingRule(least=2, name_last=3, interview_last=3)
    found = naming(world({"hanbin": -20.0, "xunyang": -9.0}, rule=rule))
    zone = next(s for s in only(found).standings if s.unit == "gaoxin")
    assert (zone.growth_pct, zone.rank, zone.named, zone.p_last) == (None, None, False, None)
    assert {s.unit for s in found.named} == {"hanbin", "xunyang"}
    assert "gaoxin" not in {one.unit for one in found.interviews}


def test_an_older_figure_is_shown_with_its_own_month_and_not_ranked():
    old = handmade.observation("gaoxin", "fai", "2020-06", -30.0)
    rule = NamingRule(least=2, name_last=1, interview_last=1)
    found = naming(world({"hanbin": -20.0, "xunyang": 5.0}, extra=[old], rule=rule))
    zone = next(s for s in only(found).standings if s.unit == "gaoxin")
    assert (zone.growth_pct, zone.period, zone.rank) == (-30.0, Month(2020, 6), None)
    assert [s.unit for s in found.named] == ["hanbin"]


def test_only_places_behind_the_city_by_the_rule_are_named():
    rule = NamingRule(least=3, name_last=3, interview_last=3)
    assert {s.unit for s in naming(world(rule=rule)).named} == {"hanbin"}  # gaoxin at -3 is before the city's -6
    far = replace(rule, behind_pp=15.0)
    assert naming(world(rule=far)).named == ()


def test_interviews_go_to_the_worst_mean_place():
    found = naming(world())
    assert [one.unit for one in found.interviews] == ["hanbin", "gaoxin", "xunyang"]
    assert [one.unit for one in found.proposed] == ["hanbin"]
    assert found.interviews[0].mean_place == 1.0
    assert found.interviews[0].contribution_share == pytest.approx(only(found).standings[2].contribution_share)


def test_the_certainty_of_the_order_is_read_off_the_draws():
    """Against ranks counted one draw at a time."""
    one = world({"hanbin": -20.0, "xunyang": 5.0}, rule=NamingRule(least=2, name_last=1, interview_last=1))
    ends = {u: year_end(one.paths.indicators["fai"], u, Effects()) for u in ("hanbin", "xunyang")}
    last = np.mean([a < b for a, b in zip(ends["hanbin"], ends["xunyang"], strict=True)])
    standing = next(s for s in only(naming(one)).standings if s.unit == "hanbin")
    assert standing.p_last == pytest.approx(last)
    assert 1 <= standing.rank_p10 <= standing.rank_p90 <= 2


def test_naming_is_for_odd_and_interviews_for_even_months():
    found = naming(world())  # known on 30 September
    assert (found.naming_month, found.interview_month) == (Month(2020, 9), Month(2020, 10))
    later = world()
    paths = replace(later.paths, as_of=AsOf.parse("2020-09"))
    found = naming(replace(later, paths=paths))
    assert (found.naming_month, found.interview_month) == (Month(2020, 11), Month(2020, 10))


def test_what_was_said_of_places_is_quoted():
    said = Stated(unit="hanbin", indicator="fai", text="增速为负", source="讲话", released=dt.date(2020, 9, 28))
    assert naming(world(rule=NamingRule(stated=(said,)))).stated == (said,)
    later = replace(said, released=dt.date(2020, 10, 1))  # the day of knowledge is 30 September
    assert naming(world(rule=NamingRule(stated=(later,)))).stated == ()


def test_synthetic_figures_mark_the_lists():
    row = handmade.observation("hanbin", "fai", "2020-07", -20.0, status="synthetic")
    assert naming(world(extra=[row])).synthetic
    assert not naming(world()).synthetic
