"""What is asked of the solver: wishes as people write them, levers, a budget.

A wish is ``gdp>=0.3`` (P(reach) of the province's average), ``gdp:near>=50%``, ``fai.plan>=0.2`` (another kind of
target), ``fai:rank<=6>=50%`` (a place among the first six), ``gdp+ind_va:near>=0.2`` (all of them at once),
``2of:gdp+ind_va+fai>=0.3``, or ``count:near>=2.5`` (expected number of the assessed indicators).

Invariant: all that is wrong with a request is told at once (held by ``tests/test_makeup_wishes.py``).

What is wished for, and how far draws are from it.

A wish is met when enough of its *scores* are not below zero: the slack of an indicator, the least slack of several that
are wanted together, the k-th largest where k of them will do, or the slacks of all for an expected number. How far
a wish is away is the one improvement, the same in every draw, that would just meet it.

Invariant: a wish is met exactly if its distance is not above zero (held by ``tests/test_makeup_solver.py``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np

from forecast.answers.chances import Case, Criterion, share_of
from forecast.data.dataset import Dataset
from forecast.data.reading.problems import near
from forecast.data.target import TargetKind
from forecast.dims import Floats, brief
from forecast.errors import UsageError
from forecast.plan.candidates import LeverOptions
from forecast.scenario.actions import Family
from forecast.scenario.reader import Scenario
from forecast.texts import Lang, t

type WishKey = tuple[str, str, str]
"""Indicator, unit and kind of a target."""

NARROWEST: Final = 1e-5
"""Least width of the neighbourhood of the boundary, fraction of growth: draws that are all alike have none."""


class Form(StrEnum):
    """How several indicators make one wish."""

    ALL = "all"
    AT_LEAST = "at_least"
    EXPECTED = "expected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wished for.

    keys : the targets it is about
    criterion : reach, or come close to
    level : probability in (0, 1); for ``EXPECTED`` the number of indicators attained on average
    least : of ``AT_LEAST``, how many of them; otherwise 0
    """

    keys: tuple[WishKey, ...]
    criterion: Criterion
    level: float
    form: Form = Form.ALL
    least: int = 0

    @property
    def id(self) -> str:
        """Short name for tables, as it is written on the command line without its level."""
        names = "+".join(target_word(key) for key in self.keys)
        near = ":near" if self.criterion is Criterion.NEAR else ""
        match self.form:
            case Form.EXPECTED:
                return f"count{near}"
            case Form.AT_LEAST:
                return f"{self.least}of:{names}{near}"
            case Form.ALL:
                return f"{names}{near}"


def target_word(key: WishKey) -> str:
    """A target as wishes name it: ``gdp``, ``fai.plan``, ``gdp@06`` for one that is due in June."""
    kind, at, month = key[2].partition("@")
    if kind.startswith(f"{TargetKind.RANK.value}<="):
        return f"{key[0]}:{kind}{at}{month}"
    return f"{key[0]}{'' if kind == TargetKind.PROVINCE_AVERAGE.value else f'.{kind}'}{at}{month}"


def scores(wish: Wish, slack: Floats) -> tuple[Floats, np.ndarray]:
    """Scores of a wish, and which case each of them is.

    Parameters
    ----------
    slack : (case, draw), of the wish's cases in their order; not below 0 where a case is attained

    Returns
    -------
    (row, draw), and as many positions of cases; one row unless the wish is an expected number.
    """
    if wish.form is Form.EXPECTED:
        return slack, np.broadcast_to(np.arange(len(slack))[:, None], slack.shape)
    rank = wish.least if wish.form is Form.AT_LEAST else len(slack)
    order = np.argsort(-slack, axis=0, kind="stable")[rank - 1]
    return slack[order, np.arange(slack.shape[1])][None], order[None]


def needed(wish: Wish, draws: int) -> int:
    """Scores that must not be below zero for the wish to be met, of ``draws`` draws.

    A probability is counted as it is reported, ``(k + 1/2) / (n + 1)``; an expected number as ``k / n``.
    """
    if wish.form is Form.EXPECTED:
        return max(math.ceil(wish.level * draws - 1e-9), 0)
    return max(math.ceil(wish.level * (draws + 1) - 0.5 - 1e-9), 0)


def value(wish: Wish, slack: Floats) -> float:
    """Probability of the wish, never 0 or 1; for an expected number that number."""
    hits = scores(wish, slack)[0] >= 0.0
    return int(hits.sum()) / slack.shape[1] if wish.form is Form.EXPECTED else share_of(hits[0])


def distance(wish: Wish, slack: Floats) -> float:
    """Least improvement of every slack that meets the wish, fraction; at most 0 where it is met.

    ``inf`` where no improvement would do: a level that the number of draws cannot show.
    """
    found = scores(wish, slack)[0].ravel()
    count = needed(wish, slack.shape[1])
    if count > found.size:
        return math.inf
    if count == 0:
        return -math.inf
    return -float(np.partition(found, found.size - count)[found.size - count])


def holds(wish: Wish, slack: Floats, goal: float) -> bool:
    """Whether a wish is no further away than ``goal``: ``distance(wish, slack) <= goal``, and quicker."""
    found = scores(wish, slack)[0]
    return int((found >= -goal).sum()) >= needed(wish, slack.shape[1])


def _near(found: Floats, at: float) -> tuple[Floats, float]:
    """Weights of the scores near a place, and the width of the neighbourhood (Silverman's rule)."""
    low, high = np.quantile(found, [0.25, 0.75])
    spread = min(float(found.std()), (float(high) - float(low)) / 1.349) or float(found.std())
    width = max(1.06 * spread * found.size**-0.2, NARROWEST)
    return np.exp(-0.5 * ((found - at) / width) ** 2), width


def slope(wish: Wish, slack: Floats, effects: Floats) -> Floats:
    """How much every column shortens the distance, per unit of its use, (column,).

    Parameters
    ----------
    effects : (case, column, draw), of the wish's cases

    Notes
    -----
    The derivative of a quantile is the mean effect among the draws at the quantile; draws nearby stand for them.
    """
    found, case = scores(wish, slack)
    at = -distance(wish, slack)
    if not math.isfinite(at):
        at = float(found.min())
    return _weighed(found, case, effects, at)[0]


def gain(wish: Wish, slack: Floats, effects: Floats) -> Floats:
    """How much every column raises the probability (or the expected number), per unit of its use, (column,)."""
    found, case = scores(wish, slack)
    mean, density = _weighed(found, case, effects, 0.0)
    return mean * density * len(found)


def _weighed(found: Floats, case: np.ndarray, effects: Floats, at: float) -> tuple[Floats, float]:
    """Mean effect near a place, (column,), and the density of the scores there."""
    weight, width = _near(found, at)
    density = float(weight.mean()) / (width * math.sqrt(2.0 * math.pi))
    if weight.sum() < 1e-12:
        weight = np.zeros_like(weight)
        weight.flat[int(np.argmin(np.abs(found - at)))] = 1.0
    total = np.zeros(effects.shape[1])
    for k in range(len(effects)):
        total += effects[k] @ np.where(case == k, weight, 0.0).sum(axis=0)
    return total / weight.sum(), density


LEVELS: Final = (0.01, 0.99)
"""Probabilities that can be wished for: beyond, four thousand draws say little."""
DIFFICULTIES, CAPS = (1.0, 5.0), (0.1, 1000.0)
"""What difficulties and caps may be: 1 easy to 5 hard; points or 亿元."""
SETTINGS: Final = ("levers", "singles", "difficulty", "cap", "without", "budget", "fair")
"""What a line of ``settings_text`` may hold."""
MOST_SINGLES: Final = 60
MOST_EFFORT: Final = 1e6
_WISH: Final = re.compile(
    r"\s*(?:(?P<least>\d+)of:)?(?P<names>(?:[A-Za-z0-9_.+@]|:rank<=)+?)(?P<near>:near)?"
    r"\s*>=?\s*(?P<level>\d*\.?\d+)\s*(?P<pct>[%％]?)\s*"
)


_RANK: Final = re.compile(r"([A-Za-z0-9_]+):rank<=(\d+)")


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
    mine = {(c.target.indicator, c.key[2]): c for c in judged if c.target.unit == city}
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
        named, at, month = name.replace(":", ".").partition("@")
        indicator, _, kind = named.partition(".")
        kind = kind or TargetKind.PROVINCE_AVERAGE.value
        if kind == TargetKind.RANK.value:
            kind = next((key for one, key in mine if one == indicator and key.startswith(f"{kind}<=")), kind)
        case = mine.get((indicator, f"{kind}{at}{month.zfill(2)}" if at else kind))
        if case is None:
            known = [target_word(one.key) for one in mine.values()]
            suggestion = near(name, known)
            code = "wish_near" if suggestion else "wish_unknown"
            problems.append(
                (code, {"found": text, "name": name, "suggestion": suggestion or "", "known": ", ".join(known)})
            )
            continue
        out.append(case.key)
    return tuple(out) if len(out) == len(dict.fromkeys(names.split("+"))) else ()


def asked_ranks(texts: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Indicators and ranks that wishes ask for: ``fai:rank<=6>=50%`` asks for fai to be sixth or better."""
    found = [(name, int(rank)) for text in texts for name, rank in _RANK.findall(text)]
    return tuple(dict.fromkeys(found))


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
    problems: list[tuple[str, dict[str, object]]] = []

    def all_of(name: str) -> list[str]:
        return [value for key, value in pairs if key == name]

    def one_of(name: str, most: float) -> float | None:
        found = next(iter(all_of(name)), None)
        value = _size(found, most)
        if found is not None and value is None:
            problems.append(("setting_form", {"found": f"{name}={found}", "most": f"{most:g}"}))
        return value

    for key, value in pairs:
        if key not in SETTINGS:
            problems.append(("setting", {"found": f"{key}={value}", "known": ", ".join(SETTINGS)}))
    singles, budget = one_of("singles", MOST_SINGLES), one_of("budget", MOST_EFFORT)
    try:
        options = read_options(
            dataset,
            families=next(iter(all_of("levers")), None),
            singles=round(singles or 0),
            difficulty=all_of("difficulty"),
            cap=all_of("cap"),
            without=all_of("without"),
        )
    except MakeupError as error:
        problems.extend(error.lines)
    if problems:
        raise MakeupError(problems)
    return options, budget, "fair" in dict(pairs)


def _size(text: str | None, most: float) -> float | None:
    """A number from 0 on; None where a text is none."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0.0 <= value <= most else None


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
