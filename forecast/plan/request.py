"""What is asked of the solver: wishes as people write them, levers, a budget.

A wish is ``gdp>=0.3`` (P(reach) of the province's average), ``gdp:near>=50%``, ``fai.plan>=0.2`` (another kind of
target), ``gdp+ind_va:near>=0.2`` (all of them at once), ``2of:gdp+ind_va+fai>=0.3``, or ``count:near>=2.5`` (expected
number of the assessed indicators).

Invariant: all that is wrong with a request is told at once (held by ``tests/test_makeup_wishes.py``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from forecast.answers.chances import Case, Criterion
from forecast.data.dataset import Dataset
from forecast.data.reading.problems import near
from forecast.data.target import TargetKind
from forecast.dims import brief
from forecast.errors import UsageError
from forecast.plan.candidates import LeverOptions
from forecast.plan.wishes import Form, Wish
from forecast.scenario.actions import Family
from forecast.scenario.reader import Scenario
from forecast.texts import Lang, t

LEVELS: Final = (0.01, 0.99)
"""Probabilities that can be wished for: beyond, four thousand draws say little."""
DIFFICULTIES, CAPS = (1.0, 5.0), (0.1, 1000.0)
"""What difficulties and caps may be: 1 easy to 5 hard; points or 亿元."""
_WISH: Final = re.compile(
    r"\s*(?:(?P<least>\d+)of:)?(?P<names>[A-Za-z0-9_.+]+?)(?P<near>:near)?"
    r"\s*>=?\s*(?P<level>\d*\.?\d+)\s*(?P<pct>[%％]?)\s*"
)


class MakeupError(UsageError):
    """A request that cannot be met; ``lines`` are all that is wrong with it, as (code, params)."""

    def __init__(self, lines: Sequence[tuple[str, dict[str, object]]]) -> None:
        self.lines = tuple(lines)
        super().__init__("makeup")

    def text(self, lang: Lang) -> str:
        """What is off, and what to do, a line each."""
        return "\n".join(t(f"makeup.problem_{code}", lang, **params) for code, params in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeupRequest:
    """What to solve.

    budget : most effort that may be spent, None for any; fair : the largest burden of a county or sector counts first
    scenario : adopted already; the plan comes on top of it
    points : of the frontier; 0 leaves it out. again : solve again at other difficulties, and for fairness
    """

    wishes: tuple[Wish, ...]
    options: LeverOptions = field(default_factory=LeverOptions)
    budget: float | None = None
    fair: bool = False
    scenario: Scenario | None = None
    points: int = 10
    again: bool = True

    __repr__ = brief


def wish_text(wish: Wish) -> str:
    """A wish as it is written on the command line."""
    return f"{wish.id}>={wish.level:g}"


def parse_wishes(texts: Sequence[str], judged: Sequence[Case], *, city: str) -> tuple[Wish, ...]:
    """Wishes as written, about targets of the city that can be judged.

    Raises
    ------
    MakeupError
        Anything cannot be read, or names a target that cannot be judged; all of it is told.
    """
    mine = {(c.target.indicator, c.target.kind.value): c for c in judged if c.target.unit == city}
    assessed = tuple(c.key for c in judged if c.target.unit == city and c.in_assessment)
    problems: list[tuple[str, dict[str, object]]] = []
    found: list[Wish] = []
    for text in texts:
        parts = _WISH.fullmatch(text)
        if parts is None:
            problems.append(("wish_form", {"found": text}))
            continue
        level = float(parts["level"]) / (100.0 if parts["pct"] else 1.0)
        criterion = Criterion.NEAR if parts["near"] else Criterion.REACH
        if parts["names"] == "count":
            if not assessed:
                problems.append(("wish_none", {"found": text}))
            elif not 0.0 < level <= len(assessed):
                problems.append(("wish_count", {"found": text, "most": len(assessed)}))
            else:
                found.append(Wish(keys=assessed, criterion=criterion, level=level, form=Form.EXPECTED))
            continue
        keys = _keys(text, parts["names"], mine, problems)
        least = int(parts["least"]) if parts["least"] else 0
        if not LEVELS[0] <= level <= LEVELS[1]:
            problems.append(("wish_level", {"found": text, "low": LEVELS[0], "high": LEVELS[1]}))
        elif least > len(keys) or (parts["least"] and least == 0):
            problems.append(("wish_least", {"found": text, "most": len(keys)}))
        elif keys:
            form = Form.AT_LEAST if least else Form.ALL
            found.append(Wish(keys=keys, criterion=criterion, level=level, form=form, least=least))
    if problems:
        raise MakeupError(problems)
    return tuple(dict.fromkeys(found))


def _keys(
    text: str, names: str, mine: dict[tuple[str, str], Case], problems: list[tuple[str, dict[str, object]]]
) -> tuple[tuple[str, str, str], ...]:
    out = []
    for name in dict.fromkeys(names.split("+")):
        indicator, _, kind = name.partition(".")
        case = mine.get((indicator, kind or TargetKind.PROVINCE_AVERAGE.value))
        if case is None:
            known = [i if k == TargetKind.PROVINCE_AVERAGE.value else f"{i}.{k}" for i, k in mine]
            suggestion = near(name, known)
            code = "wish_near" if suggestion else "wish_unknown"
            problems.append(
                (code, {"found": text, "name": name, "suggestion": suggestion or "", "known": ", ".join(known)})
            )
            continue
        out.append(case.key)
    return tuple(out) if len(out) == len(dict.fromkeys(names.split("+"))) else ()


def wishes_of(texts: Sequence[str], judged: Sequence[Case], *, city: str) -> tuple[Wish, ...]:
    """Wishes as written, or the default one.

    Raises
    ------
    MakeupError
        Anything cannot be read, or there is nothing to wish for.
    """
    if texts:
        return parse_wishes(texts, judged, city=city)
    found = default_wish(judged, city=city)
    if found is None:
        raise MakeupError([("nothing", {})])
    return (found,)


def read_options(
    dataset: Dataset,
    *,
    families: str | None = None,
    singles: int = 0,
    difficulty: Sequence[str] = (),
    cap: Sequence[str] = (),
    without: Sequence[str] = (),
) -> LeverOptions:
    """Levers as a user writes them: ``restart,bond``, ``construction=2``.

    Raises
    ------
    MakeupError
        Anything cannot be read; all of it is told.
    """
    problems: list[tuple[str, dict[str, object]]] = []
    known = tuple(f.value for f in Family)
    asked = [word.strip() for word in families.split(",") if word.strip()] if families is not None else list(known)
    for word in asked:
        if word not in known:
            problems.append(("family", {"found": word, "known": ", ".join(known)}))
    if not asked:
        problems.append(("family", {"found": families, "known": ", ".join(known)}))
    difficulties = _pairs(difficulty, "difficulty", DIFFICULTIES, dataset, problems)
    caps = _pairs(cap, "cap", CAPS, dataset, problems)
    if problems:
        raise MakeupError(problems)
    chosen = tuple(f for f in Family if f.value in asked)
    return LeverOptions(families=chosen, singles=singles, difficulty=difficulties, cap=caps, without=tuple(without))


def settings_text(options: LeverOptions, *, budget: float | None = None, fair: bool = False) -> str:
    """Everything of a request but its wishes as one line, which ``parse_settings`` reads; empty for the usual."""
    parts = []
    if options.families != tuple(Family):
        parts.append(f"levers={','.join(one.value for one in options.families)}")
    parts += [f"singles={options.singles}"] if options.singles else []
    parts += [f"difficulty={name}={value:g}" for name, value in options.difficulty.items()]
    parts += [f"cap={name}={value:g}" for name, value in options.cap.items()]
    parts += [f"without={name}" for name in options.without]
    parts += [f"budget={budget:g}"] if budget is not None else []
    return ";".join([*parts, *(["fair=1"] if fair else [])])


def parse_settings(text: str, dataset: Dataset) -> tuple[LeverOptions, float | None, bool]:
    """Levers, budget and fairness of a line of ``settings_text``.

    Raises
    ------
    MakeupError
        Anything cannot be read; all of it is told.
    """
    pairs = [part.partition("=")[::2] for part in text.split(";") if part]

    def all_of(name: str) -> list[str]:
        return [value for key, value in pairs if key == name]

    options = read_options(
        dataset,
        families=next(iter(all_of("levers")), None),
        singles=int(next((n for n in all_of("singles") if n.isdecimal()), "0")),
        difficulty=all_of("difficulty"),
        cap=all_of("cap"),
        without=all_of("without"),
    )
    budgets = [float(n) for n in all_of("budget") if n.replace(".", "", 1).isdecimal()]
    return options, next(iter(budgets), None), "fair" in dict(pairs)


def _pairs(
    texts: Sequence[str],
    option: str,
    limits: tuple[float, float],
    dataset: Dataset,
    problems: list[tuple[str, dict[str, object]]],
) -> dict[str, float]:
    names = {*(f.value for f in Family), *map(str, dataset.panel.industries["industry"]), *dataset.panel.indicators}
    known = sorted(names)[:12]
    out: dict[str, float] = {}
    for text in texts:
        name, _, number = (part.strip() for part in text.partition("="))
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not limits[0] <= value <= limits[1]:
            problems.append((f"{option}_form", {"found": text, "low": f"{limits[0]:g}", "high": f"{limits[1]:g}"}))
        elif name not in names and "-" not in name:
            params: dict[str, object] = {
                "found": text,
                "suggestion": near(name, names) or ", ".join(known),
            }
            problems.append(("name", params))
        else:
            out[name] = value
    return out


def default_wish(judged: Sequence[Case], *, city: str) -> Wish | None:
    """The wish of the speech, one indicator at a time: GDP comes close to the average more likely than not.

    Where GDP cannot be judged, the first assessed indicator; None where there is none.
    """
    mine = [c for c in judged if c.target.unit == city and c.in_assessment]
    chosen = next((c for c in mine if c.target.indicator == "gdp"), mine[0] if mine else None)
    return None if chosen is None else Wish(keys=(chosen.key,), criterion=Criterion.NEAR, level=0.5)


def finite(value: float) -> float:
    """The same number; infinite distances, which no number of draws can show, as 0."""
    return value if math.isfinite(value) else 0.0
