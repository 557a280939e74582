"""Levers of a data set: what its sectors, ledgers and bonds allow.

Rows of a ledger form one lever by place (and state of the firms); the largest may stand alone. A lever's weight is its
share of what its family could bring, so that a whole ledger at full use counts as one sector does.

Invariant: no row of a ledger is in two levers of a family, nor in a lever of a family that the scenario already uses
it in (held by ``tests/test_levers.py``).

What an indicator does in the months that a decision can still affect.

Invariant: growth ahead is the base-weighted mean of the actionable periods (held by ``tests/test_levers.py``).

What a lever is.

Leaving the statistics, revising a base, another price or another path of the province change figures and not the
economy: they are never levers, and neither is anything that only harms, nor the entry of firms that work anyway; which
types are is said by the types themselves (``scenario.actions``).

Invariant: every action that a lever gives is of an allowed type (held by ``tests/test_levers.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import numpy as np
import pandas as pd

from forecast.answers.evidence import FEWEST_SPANS, Comparison, HistoryStatus, Published, compare, spans
from forecast.dims import DRAW, PERIOD, UNIT, Floats, brief, to_percent
from forecast.draws.paths import first_actionable, first_open
from forecast.scenario.actions import ACTIONS, LEVERS, Family, enterprises, places, projects
from forecast.scenario.actions.enterprises import DEFAULT_PROB, recoverable
from forecast.scenario.actions.places import DEFAULT_CAP_PP
from forecast.scenario.actions.projects import bond_gap
from forecast.scenario.ledger_rows import rows_picked
from forecast.scenario.reader import Scenario, scenario_of
from forecast.scenario.world import World


class CapEvidence(StrEnum):
    """What a cap rests on: rows of a ledger, what was achieved before, or nothing but a setting (设定值)."""

    LEDGER = "ledger"
    HISTORY = "history"
    SETTING = "setting"


class Unit(StrEnum):
    """What a use is counted in: points of single-month growth, 亿元, months of later work, or all of the rows."""

    POINTS = "pp"
    MONEY = "yi"
    MONTHS = "months"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """One lever.

    id : of the lever, unique
    acts_on : indicator that it moves first; industry : of GDP that it pulls through, "" for none
    place : id of the county or zone, 市本级, 跨县区, or the city
    state : of a group of firms; "" otherwise
    cap : largest use, in ``unit``; levels : uses that can be chosen, empty for any use up to the cap in ``step``
    difficulty : 1 to 5; weight : share of its family's capacity, 1 for a sector
    entities : rows of the ledger
    responsible, people : units and persons of the rows, as often as they have rows, most rows first
    fields : of the action, without those that depend on the use
    """

    id: str
    family: Family
    acts_on: str
    industry: str
    place: str
    cap: float
    unit: Unit
    difficulty: float
    evidence: CapEvidence
    fields: Mapping[str, Any]
    state: str = ""
    levels: tuple[float, ...] = ()
    step: float = 1.0
    weight: float = 1.0
    entities: tuple[str, ...] = ()
    team: str = ""
    responsible: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    synthetic: bool = False

    __repr__ = brief

    @property
    def effort(self) -> float:
        """Effort at full use: difficulty times weight."""
        return self.difficulty * self.weight

    @property
    def supported(self) -> bool:
        """Whether rows of a ledger stand behind it; otherwise 无项目支撑."""
        return bool(self.entities)

    def action_id(self, use: float) -> str:
        """Action that the lever is part of: levers of a ledger's family become one action, whose rows share a stream.

        A row's fate then does not depend on which other rows a plan takes.
        """
        if LEVERS[self.family].ledger is None:
            return f"makeup-{self.id}"
        return f"makeup-{self.family.value}" + (f"-{round(use)}" if self.unit is Unit.MONTHS else "")

    def action(self, use: float) -> dict[str, Any]:
        """Action of a scenario file at a use, in ``unit``."""
        kind = LEVERS[self.family]
        out: dict[str, Any] = {"type": kind.name, "id": self.action_id(use), **self.fields}
        if kind.use:
            out[kind.use] = round(use) if self.unit is Unit.MONTHS else round(use, 6)
        return out


def merged(levers: Sequence[Lever], uses: Mapping[str, float]) -> list[dict[str, Any]]:
    """Actions of the levers that are used, those of one family's ledger as one, in the order of the levers."""
    out: dict[str, dict[str, Any]] = {}
    for lever in levers:
        use = uses.get(lever.id, 0.0)
        if use <= 0.0:
            continue
        made = lever.action(use)
        known = out.setdefault(made["id"], made)
        for name in ("projects", "enterprises"):
            if known is not made and name in made:
                known[name] = sorted({*known[name], *made[name]})
    return list(out.values())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ahead:
    """The periods that are left to act in.

    periods : their number; growth_pct : what the printed months (medians) average at mean weights
    weight : mean share of last year's total that they hold
    """

    periods: int
    growth_pct: float
    weight: float


def ahead(world: World, indicator: str, unit: str) -> Ahead | None:
    """What the draws say of the actionable periods; None without draws or without such a period."""
    if not world.drawn(indicator, unit):
        return None
    one = world.paths.indicators[indicator]
    labels = [str(label) for label in one.cum_yoy[PERIOD].values]
    start = first_open(one.published.sel({UNIT: unit}).transpose(PERIOD).to_numpy())
    start = first_actionable(labels, open_from=start, action=world.dataset.config.first_action_month)
    if start >= len(labels):
        return None
    growth = one.growth.sel({UNIT: unit}).transpose(DRAW, PERIOD).to_numpy()[:, start:]
    weight: Floats = world.weight(indicator, unit)[:, start:]
    share = weight.sum(axis=1)
    expected = float(np.median(growth, axis=0) @ weight.mean(axis=0) / share.mean())
    return Ahead(periods=len(labels) - start, growth_pct=to_percent(expected), weight=float(np.mean(share)))


def history_of(
    growth_pct: float | None, published: Published, *, unit: str, indicator: str, periods: int
) -> Comparison:
    """Where a growth lies in the past; not applicable where there is none."""
    if growth_pct is None or indicator not in published.panel.indicators:
        return Comparison(status=HistoryStatus.NOT_APPLICABLE)
    return compare(growth_pct, published, unit=unit, indicator=indicator, periods=periods)


INDUSTRY, CONSTRUCTION = "industry", "construction"
"""Industries that output of enterprises and investment reach GDP through (``effects.couple``)."""
LEDGERED: Final = frozenset({"ind_va", "ind_output", "fai", "gdp", "constr"})
"""Indicators that levers of a ledger, or sectors, move."""
DEFAULT_DIFFICULTY: Final = 3.0
MOST_MONTHS: Final = 2
"""Months of later work that a project can do now, by the end of the year: a setting (设定值)."""
PUSH_PP: Final = 5.0
"""Most that an indicator can be pushed by where neither its past nor an industry of its gives a cap. A setting."""
BOND_FUNDS: Final = ("专项债", "国债", "债券")
"""Words of a source of funds that mean bonds."""
GRID_PP, GRID_YI = 0.01, 0.1
"""Steps that uses are written in."""
ENOUGH: Final = 0.005
"""Capacity of a group below which it is no lever, 亿元."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverOptions:
    """Which levers there are, and what a user says of them.

    families : to be used; all by default
    singles : number of the largest firms, and of the largest projects, that are levers of their own
    difficulty, cap : by id of a lever, by industry or by family; the first that fits
    without : ids of levers, industries or places to leave out
    """

    families: tuple[Family, ...] = tuple(Family)
    singles: int = 0
    difficulty: Mapping[str, float] = field(default_factory=dict)
    cap: Mapping[str, float] = field(default_factory=dict)
    without: tuple[str, ...] = ()

    __repr__ = brief


def candidates(
    world: World, options: LeverOptions, *, wanted: Iterable[str], scenario: Scenario | None = None
) -> tuple[Lever, ...]:
    """Levers that could serve wishes about some indicators, caps and difficulties as stated or overridden.

    Parameters
    ----------
    wanted : indicators of the wishes
    scenario : already adopted; rows and industries that it uses are no lever again
    """
    made = _Maker(world=world, options=options, scenario=scenario)
    found: list[Lever] = []
    if world.base_yi(world.city, "ind_output") is not None:
        found += made.restarts()
    if world.base_yi(world.city, "fai") is not None:
        found += [*made.completions(), *made.advances(), *made.starts(), *made.bonds()]
    pushes = made.pushes([name for name in wanted if name not in LEDGERED])
    if "gdp" in wanted:
        found += made.sectors({lever.acts_on for lever in pushes})
    found += pushes
    return tuple(made.stated(lever) for lever in found if made.allowed(lever))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Maker:
    world: World
    options: LeverOptions
    scenario: Scenario | None

    def allowed(self, lever: Lever) -> bool:
        named = {lever.id, lever.industry if lever.family is Family.SECTOR else "", lever.place, lever.family.value}
        return lever.family in self.options.families and not named & set(self.options.without)

    def stated(self, lever: Lever) -> Lever:
        """The lever with the cap and the difficulty that the user states."""
        names = (lever.id, lever.industry if lever.family is Family.SECTOR else lever.acts_on, lever.family.value)
        values = {f: getattr(lever, f) for f in lever.__dataclass_fields__}
        for name in names:
            if name in self.options.difficulty:
                values["difficulty"] = float(self.options.difficulty[name])
                break
        for name in names:
            if name in self.options.cap and lever.unit in (Unit.POINTS, Unit.MONEY):
                values |= {"cap": float(self.options.cap[name]), "evidence": CapEvidence.SETTING}
                if lever.family is Family.SECTOR:
                    values["fields"] = {**lever.fields, "cap_pp": values["cap"]}
                break
        return Lever(**values)

    def _used(self, family: Family) -> frozenset[str]:
        """Rows that the scenario uses in the same way."""
        if self.scenario is None:
            return frozenset()
        own = LEVERS[family]
        out: set[str] = set()
        for m in self.scenario.actions:
            ledger = ACTIONS[m.type].ledger
            if ledger is not None and ledger is own.ledger and (m.type == own.name or ledger is enterprises.LEDGER):
                out |= {str(name) for name in rows_picked(m, self.world.dataset)[ledger.key]}
        return frozenset(out)

    def _groups(
        self, family: Family, rows: pd.DataFrame, key: str, size: str, by: tuple[str, ...]
    ) -> list[tuple[str, pd.DataFrame]]:
        """Rows by lever: the largest alone, the rest by group; name of the lever and its rows."""
        rows = rows[~rows[key].isin(list(self._used(family)))]
        order = rows[size].fillna(0.0).to_numpy(dtype=np.float64)
        largest = np.argsort(-order, kind="stable")[: self.options.singles]
        alone = set(rows[key].iloc[largest])
        out = [(f"{family.value}-{name}", rows[rows[key] == name]) for name in rows[key].iloc[largest]]
        rest = rows[~rows[key].isin(list(alone))]
        for names, group in rest.groupby(list(by), sort=True):
            out.append(("-".join([family.value, *map(str, names)]), group))
        return out

    def _on_ledger(self, name: str, family: Family, rows: pd.DataFrame, key: str, **more: Any) -> Lever:
        table = "enterprises" if family is Family.RESTART else "projects"
        ids = tuple(str(one) for one in rows[key])
        counts = [_by_count(rows, column) for column in ("resp_unit", "resp_person")]
        values: dict[str, Any] = {
            "id": name,
            "family": family,
            "place": str(rows["county"].iloc[0]),
            "cap": 1.0,
            "unit": Unit.WHOLE,
            "levels": (1.0,),
            "evidence": CapEvidence.LEDGER,
            "fields": {table: list(ids)},
            "entities": ids,
            "team": next(iter(_by_count(rows, "team_zh")), ""),
            "responsible": counts[0],
            "people": counts[1],
            "synthetic": bool((rows["row_status"] == "synthetic").any()),
        }
        return Lever(**(values | more))

    def restarts(self) -> list[Lever]:
        """Firms that stand still or run below last year, by county and state."""
        rows = recoverable(self.world.dataset.ledger.enterprises)
        rows = rows[rows["status"] != "seasonal"]
        out = []
        for name, group in self._groups(Family.RESTART, rows, "enterprise", "base_output_yi", ("county", "status")):
            chance = group["restart_prob"].fillna(DEFAULT_PROB).to_numpy(dtype=np.float64)
            weight = group["base_output_yi"].fillna(0.0).to_numpy(dtype=np.float64)
            mean = float(np.average(chance, weights=weight)) if weight.sum() > 0.0 else float(chance.mean())
            out.append(
                self._on_ledger(
                    name,
                    Family.RESTART,
                    group,
                    "enterprise",
                    acts_on="ind_va",
                    industry=INDUSTRY,
                    state=str(group["status"].iloc[0]),
                    difficulty=_difficulty(mean),
                )
            )
        return out

    def _projects(self, *, started: bool) -> pd.DataFrame:
        rows = self.world.dataset.ledger.projects
        begun = rows["started"].map(lambda cell: cell is not False).to_numpy(dtype=bool)
        counted = rows["in_stat_library"].map(lambda cell: cell is not False).to_numpy(dtype=bool)
        return rows[begun & counted] if started else rows[~begun]

    def _on_projects(self, family: Family, rows: pd.DataFrame, **more: Any) -> list[Lever]:
        return [
            self._on_ledger(name, family, group, "project", acts_on="fai", industry=CONSTRUCTION, **more)
            for name, group in self._groups(family, rows, "project", "plan_year_invest_yi", ("county",))
        ]

    def completions(self) -> list[Lever]:
        """Projects do all of their monthly plans, not the usual part."""
        return self._on_projects(Family.COMPLETE, self._projects(started=True), difficulty=2.0)

    def advances(self) -> list[Lever]:
        """Projects do work of later years now, as many months of it as are left to act in."""
        months = min(MOST_MONTHS, 13 - self.world.first)
        levels = tuple(float(k) for k in range(1, months + 1))
        more: dict[str, Any] = {"cap": float(months), "unit": Unit.MONTHS, "levels": levels, "difficulty": 4.0}
        more["evidence"] = CapEvidence.SETTING
        return self._on_projects(Family.ADVANCE, self._projects(started=True), **more)

    def starts(self) -> list[Lever]:
        """Projects that have not started do."""
        return self._on_projects(Family.START, self._projects(started=False), difficulty=DEFAULT_DIFFICULTY)

    def bonds(self) -> list[Lever]:
        """Money of bonds for projects that are funded by them and lack it."""
        rows = self._projects(started=True)
        funded = rows["fund_source"].map(_by_bonds).to_numpy(dtype=bool)
        rows = rows[funded & ~rows["project"].isin(list(self._used(Family.BOND))).to_numpy()]
        if rows.empty:
            return []
        month = str(self.world.dataset.config.first_action_month)
        trial = {"type": projects.BOND.name, "projects": rows["project"].tolist(), "amount_yi": 1.0, "month": month}
        gap = bond_gap(self.world, scenario_of("trial", [trial], self.world.dataset).actions[0])[1]
        cap = float(np.floor(gap.sum() / GRID_YI + 1e-9) * GRID_YI)
        if cap < GRID_YI:
            return []
        one = self._on_ledger(
            "bond",
            Family.BOND,
            rows,
            "project",
            acts_on="fai",
            industry=CONSTRUCTION,
            place=self.world.city,
            cap=cap,
            unit=Unit.MONEY,
            levels=(),
            step=GRID_YI / cap,
            difficulty=DEFAULT_DIFFICULTY,
            fields={"projects": rows["project"].tolist(), "month": month},
        )
        return [one]

    def sectors(self, pushed: set[str]) -> list[Lever]:
        """Industries of GDP, unless one is pushed through its driver or filled by the scenario."""
        rows, city = self.world.dataset.panel.industries, self.world.city
        filled = (
            {m.action.industry for m in self.scenario.actions if m.type == places.FILL.name} if self.scenario else set()
        )
        out = []
        for row in rows.to_dict("records"):
            name, driver = str(row["industry"]), str(row["driver"]) if isinstance(row["driver"], str) else ""
            if name in filled or driver in pushed or self.world.base_yi(city, "gdp") is None:
                continue
            cap = float(row["cap_pp"])
            cap = DEFAULT_CAP_PP if np.isnan(cap) else cap
            indicator = self.world.dataset.panel.indicators.get(driver)
            known = self._achieved(driver)
            difficulty = float(row.get("difficulty", np.nan))
            out.append(
                Lever(
                    id=f"sector-{name}",
                    family=Family.SECTOR,
                    acts_on="gdp",
                    industry=name,
                    place=city,
                    cap=cap,
                    unit=Unit.POINTS,
                    step=GRID_PP / cap,
                    difficulty=DEFAULT_DIFFICULTY if np.isnan(difficulty) else difficulty,
                    evidence=CapEvidence.HISTORY if known is not None and cap <= known else CapEvidence.SETTING,
                    fields={"industry": name, "month": str(self.world.dataset.config.first_action_month)},
                    team=indicator.team_zh if indicator else "",
                    responsible=(indicator.department,) if indicator and indicator.department else (),
                    synthetic=row.get("status") == "synthetic",
                )
            )
        return out

    def _achieved(self, indicator: str) -> float | None:
        """How much faster than now expected the remaining periods grew in a good year: the 90th percentile, points."""
        left = ahead(self.world, indicator, self.world.city)
        if left is None:
            return None
        panel = self.world.dataset.panel
        published = Published.of(panel, self.world.paths.as_of, self.world.paths.target_year)
        figures = published.cumulative(self.world.city, indicator)
        seen = spans(figures, panel.indicators[indicator], periods=left.periods)
        if len(seen) < FEWEST_SPANS:
            return None
        return float(np.quantile([span.growth_pct for span in seen], 0.9)) - left.growth_pct

    def pushes(self, wanted: Iterable[str]) -> list[Lever]:
        """City indicators that no ledger moves are pushed as such; 无项目支撑."""
        panel, out = self.world.dataset.panel, []
        rows = panel.industries
        for name in dict.fromkeys(wanted):
            if not self.world.drawn(name, self.world.city):
                continue
            mine = rows[rows["driver"] == name].to_dict("records") if not rows.empty else []
            known, cap = self._achieved(name), PUSH_PP
            if known is not None and known >= 1.0:
                cap = round(known, 1)
            elif mine and mine[0]["cap_pp"] > 0.0:
                cap = round(float(mine[0]["cap_pp"]), 1)
            indicator = panel.indicators[name]
            stated = float(mine[0].get("difficulty", np.nan)) if mine else np.nan
            out.append(
                Lever(
                    id=f"push-{name}",
                    family=Family.PUSH,
                    acts_on=name,
                    industry=str(mine[0]["industry"]) if mine else "",
                    place=self.world.city,
                    cap=cap,
                    unit=Unit.POINTS,
                    step=GRID_PP / cap,
                    difficulty=DEFAULT_DIFFICULTY if np.isnan(stated) else stated,
                    evidence=CapEvidence.HISTORY if known is not None and known >= 1.0 else CapEvidence.SETTING,
                    fields={
                        "unit": self.world.city,
                        "indicator": name,
                        "month": str(self.world.dataset.config.first_action_month),
                    },
                    team=indicator.team_zh,
                    responsible=(indicator.department,) if indicator.department else (),
                )
            )
        return out


def _difficulty(chance: float) -> float:
    """1 (sure to come) to 5 (hardly): a firm with a chance of .8, .5, .2 counts 2, 3, 4."""
    return float(np.clip(np.round(1.0 + 4.0 * (1.0 - chance)), 1.0, 5.0))


def _by_bonds(source: object) -> bool:
    return any(word in str(source) for word in BOND_FUNDS)


def _by_count(rows: pd.DataFrame, column: str) -> tuple[str, ...]:
    """Values of a column, the most frequent first, then by name; empty ones left out."""
    if column not in rows:
        return ()
    counts = Counter(str(value) for value in rows[column].tolist() if isinstance(value, str) and value)
    return tuple(sorted(counts, key=lambda value: (-counts[value], value)))
