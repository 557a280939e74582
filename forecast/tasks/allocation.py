"""Spreads an amount over cells: weights, caps, held sums, and whole units that add up in every margin.

Cells are the positions of one flat array; a group (a county, a month, a project, all) is the indices of its cells.
Nothing here knows what a cell stands for.

Invariant: the total and every held sum are met exactly in whole units, no cell exceeds its cap, and the order of cells
decides nothing but ties (held by ``tests/test_allocation.py``).

Sums that a breakdown must leave as they are: from the command line, or from a TOML, YAML or CSV file.

``hanbin:2020-11=3.2`` holds a place in a month, ``工业稳增长专班=8`` a team, ``2020-12=10`` a month and
``p017:2020-10=0.5`` a project; amounts are 亿元 unless they say 万元. ``fai/hanbin=6`` is for the breakdown of one
indicator.

Invariant: a hold is read as it stands or reported, never guessed (held by ``tests/test_holds.py``).
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import scipy.optimize
import scipy.sparse

from forecast.data.reading.problems import Problems, plain, quoted
from forecast.data.reading.textfiles import read_bytes
from forecast.dims import WAN_PER_YI, Floats
from forecast.errors import UsageError
from forecast.periods import Month

COMMAND_LINE: Final = "--hold"
_FORM: Final = re.compile(
    r"(?:(?P<indicator>[a-z0-9_]+)/)?(?P<key>[^=]*?)\s*=\s*(?P<amount>[+-]?\d+(?:\.\d+)?)\s*(?P<unit>亿元?|万元?)?"
)
_MONTH: Final = re.compile(r"(?:(?P<key>.*?)\s*:\s*)?(?P<month>\d{4}-\d{2})")
_IN_A_FILE: Final = {
    "usage_hold": "hold_form",
    "usage_hold_negative": "hold_negative",
    "usage_hold_parts": "hold_parts",
}
"""Problem of an entry of a file, by what the same text is told on the command line."""
_KEYS: Final = ("key", "month", "amount_yi", "amount_wan", "indicator", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A sum that must stay.

    key : place, team, sector, project or enterprise, by id or Chinese name; "" for everything
    month : of the sum; None: over all months
    amount_yi : 亿元, of a whole number of 万元
    indicator : whose breakdown it is for; None: of the only one
    file, row : where it stands
    """

    key: str
    month: Month | None
    amount_yi: float
    indicator: str | None = None
    note: str = ""
    file: str = COMMAND_LINE
    row: int | None = None

    @property
    def name(self) -> str:
        """The hold as it is written on the command line."""
        place = ":".join(part for part in (self.key, str(self.month) if self.month else "") if part)
        return f"{place}={self.amount_yi:g}"

    @property
    def amount_wan(self) -> int:
        """万元."""
        return round(self.amount_yi * WAN_PER_YI)


def hold_text(hold: Hold) -> str:
    """A hold as ``parse_hold`` reads it, with the indicator that it is for."""
    place = ":".join(part for part in (hold.key, str(hold.month) if hold.month else "") if part)
    return f"{hold.indicator + '/' if hold.indicator else ''}{place}={hold.amount_wan}万元"


def parse_hold(text: str) -> Hold:
    """Hold of a text such as ``hanbin:2020-11=3.2``.

    Raises
    ------
    UsageError
        It is none: no amount, no month, an amount below 0 or not of whole 万元.
    """
    found = _FORM.fullmatch(plain(text))
    if not found:
        raise UsageError("usage_hold", found=text)
    amount = float(found["amount"]) / (WAN_PER_YI if (found["unit"] or "").startswith("万") else 1.0)
    dated = _MONTH.fullmatch(found["key"])
    key = (dated["key"] or "" if dated else found["key"]).strip()
    try:
        month = Month.parse(dated["month"]) if dated else None
    except ValueError as error:
        raise UsageError("usage_hold", found=text) from error
    if not key and month is None:
        raise UsageError("usage_hold", found=text)
    hold = Hold(key=key, month=month, amount_yi=amount, indicator=found["indicator"])
    if (code := _off(amount)) is not None:
        raise UsageError(code, found=text)
    return hold


def _off(amount_yi: float) -> str | None:
    """What is wrong with an amount."""
    if amount_yi < 0.0:
        return "usage_hold_negative"
    wan = amount_yi * WAN_PER_YI
    return "usage_hold_parts" if abs(wan - round(wan)) > 1e-6 else None


def read_holds(path: Path) -> tuple[Hold, ...]:
    """Holds of a file: ``.toml`` and ``.yaml`` have a list ``holds`` of texts or tables, ``.csv`` the columns
    ``key,month,amount_yi`` (or ``amount_wan``), ``indicator`` and ``note`` where wanted.

    Raises
    ------
    InputError
        Anything in the file is no hold; it carries all problems.
    """
    problems = Problems()
    content = read_bytes(path, path.name, problems)
    holds: list[Hold] = []
    if content is not None:
        text = content.decode("utf-8-sig", errors="replace")
        for row, item in _items(path, text, problems):
            hold = _hold(item, path.name, row, problems)
            if hold is not None:
                holds.append(hold)
    problems.check()
    return tuple(holds)


def _items(path: Path, text: str, problems: Problems) -> Iterable[tuple[int, Any]]:
    """Entries of a file by their number (rows of a CSV as Excel counts)."""
    if path.suffix.lower() == ".csv":
        rows = csv.DictReader(io.StringIO(text))
        unknown = [name for name in rows.fieldnames or () if name not in _KEYS]
        for name in unknown:
            problems.add("hold_key", path.name, row=1, column=name, found=quoted(name), expected=", ".join(_KEYS))
        return [] if unknown else list(enumerate(rows, 2))
    try:
        document = tomllib.loads(text) if path.suffix.lower() == ".toml" else _yaml(text)
    except (tomllib.TOMLDecodeError, ValueError) as error:
        problems.add("hold_file", path.name, reason=quoted(str(error)))
        return []
    listed = document.get("holds") if isinstance(document, Mapping) else document
    if not isinstance(listed, list):
        problems.add("hold_list", path.name)
        return []
    return list(enumerate(listed, 1))


def _yaml(text: str) -> Any:
    from ruamel.yaml import YAML  # needed only where a YAML file is met
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise ValueError(str(error)) from error


def _hold(item: Any, file: str, row: int, problems: Problems) -> Hold | None:
    """One entry, or None with a problem."""
    if isinstance(item, Mapping):
        item = _text(item, file, row, problems)
    if not isinstance(item, str):
        if item is not None:
            problems.add("hold_form", file, row=row, found=quoted(str(item)))
        return None
    text, _, note = item.partition("#")
    try:
        return replace(parse_hold(text.strip()), file=file, row=row, note=note.strip())
    except UsageError as error:
        code = _IN_A_FILE[error.code]
        problems.add(code, file, row=row, found=quoted(text.strip()))
        return None


def _text(item: Mapping[str, Any], file: str, row: int, problems: Problems) -> str | None:
    """A table as the text that means the same."""
    unknown = [str(name) for name in item if name not in _KEYS]
    for name in unknown:
        problems.add("hold_key", file, row=row, found=quoted(name), expected=", ".join(_KEYS))
    filled = {k: str(v).strip() for k, v in item.items() if v is not None and str(v).strip()}
    if unknown:
        return None
    if ("amount_yi" in filled) == ("amount_wan" in filled):
        problems.add("hold_amount", file, row=row)
        return None
    amount = filled["amount_yi"] if "amount_yi" in filled else f"{filled['amount_wan']}万元"
    place = ":".join(filled[k] for k in ("key", "month") if k in filled)
    head = f"{filled['indicator']}/" if "indicator" in filled else ""
    note = f"#{filled['note']}" if "note" in filled else ""
    return f"{head}{place}={amount}{note}"


type Group = npt.NDArray[np.intp]
"""Indices of the cells of a group."""
type Whole = npt.NDArray[np.int64]

ROUNDS: Final = 400
"""Sweeps over the groups; crossing groups converge geometrically, nested ones are made disjoint before."""
SLACK: Final = 1e-9
"""Part of the total that a sum may miss before it counts as missed."""
TIE: Final = 1e-9
"""A remainder that binary cannot hold exactly is still a tie."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """A sum that must come out as stated.

    name : what a report calls it; cells : indices; amount : >= 0, in the unit of the total
    """

    name: str
    cells: Group
    amount: float


class ConflictKind(StrEnum):
    """Why a held sum cannot be."""

    CAP = "cap"
    NOTHING = "nothing"
    NESTED = "nested"
    TOTAL = "total"
    TOGETHER = "together"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A held sum that cannot be met.

    amount : as held; possible : the most (or, for TOGETHER, what the others leave) that could be held instead
    other : the held sum that it is at odds with, where it is one
    """

    kind: ConflictKind
    name: str
    amount: float
    possible: float
    other: str = ""


def conflicts(caps: Floats, *, total: float, held: Sequence[Held]) -> tuple[Conflict, ...]:
    """Held sums that no allocation can meet, each with its reason; empty where one exists.

    Parameters
    ----------
    caps : (cell,), >= 0, ``inf`` where there is none
    total : sum over all cells

    Notes
    -----
    First what is wrong with a sum by itself or with one other; only where nothing is, the least adjustment of all
    together (a linear program) names those that must give way.
    """
    everything = Held(name="", cells=np.arange(len(caps)), amount=total)
    found = [one for hold in held if (one := _alone(hold, caps, total)) is not None]
    for hold in held:
        for other in held:
            if other is not hold and hold.amount > other.amount + _slack(total) and _inside(hold.cells, other.cells):
                kind, possible = ConflictKind.NESTED, other.amount
                found.append(
                    Conflict(kind=kind, name=hold.name, amount=hold.amount, possible=possible, other=other.name)
                )
    if found:
        return tuple(found)
    return _together([*held, everything], caps)


def _slack(total: float) -> float:
    return SLACK * max(abs(total), 1.0)


def _inside(inner: Group, outer: Group) -> bool:
    return len(inner) <= len(outer) and bool(np.isin(inner, outer).all())


def _alone(hold: Held, caps: Floats, total: float) -> Conflict | None:
    room = float(caps[hold.cells].sum())
    if hold.amount > total + _slack(total):
        return Conflict(kind=ConflictKind.TOTAL, name=hold.name, amount=hold.amount, possible=total)
    if hold.amount > room + _slack(total):
        kind = ConflictKind.CAP if room > 0.0 else ConflictKind.NOTHING
        return Conflict(kind=kind, name=hold.name, amount=hold.amount, possible=room)
    return None


def _matrix(groups: Sequence[Group], cells: int) -> scipy.sparse.csr_array:
    rows = np.repeat(np.arange(len(groups)), [len(g) for g in groups])
    columns = np.concatenate(groups) if groups else np.zeros(0, dtype=np.intp)
    return scipy.sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(groups), cells))


def _together(held: Sequence[Held], caps: Floats) -> tuple[Conflict, ...]:
    """Least sum of adjustments; the total, which comes last, is adjusted only where nothing else helps."""
    n, k = len(caps), len(held)
    amounts = np.array([hold.amount for hold in held])
    cost = np.concatenate([np.zeros(n), np.ones(2 * k)])
    cost[[n + k - 1, n + 2 * k - 1]] = float(k + 1)
    sums = scipy.sparse.hstack(
        [_matrix([h.cells for h in held], n), scipy.sparse.eye_array(k), -scipy.sparse.eye_array(k)]
    )
    bounds = [(0.0, None if np.isinf(cap) else float(cap)) for cap in caps] + [(0.0, None)] * (2 * k)
    solved = scipy.optimize.linprog(cost, A_eq=sums.tocsr(), b_eq=amounts, bounds=bounds, method="highs")
    moved = solved.x[n : n + k] - solved.x[n + k :]
    return tuple(
        Conflict(kind=ConflictKind.TOGETHER, name=hold.name, amount=hold.amount, possible=hold.amount - float(move))
        for hold, move in zip(held, moved, strict=True)
        if abs(move) > max(_slack(amounts[-1]), 1e-7)
    )


def most(caps: Floats, cells: Group, *, total: float, held: Sequence[Held]) -> float:
    """Greatest sum that a group of cells can have beside the total and the held sums; these must be possible."""
    if not held:
        return min(float(caps[cells].sum()), total)
    cost = np.zeros(len(caps))
    cost[cells] = -1.0
    groups = [np.arange(len(caps)), *(h.cells for h in held)]
    solved = scipy.optimize.linprog(
        cost,
        A_eq=_matrix(groups, len(caps)),
        b_eq=np.array([total, *(h.amount for h in held)]),
        bounds=[(0.0, None if np.isinf(cap) else float(cap)) for cap in caps],
        method="highs",
    )
    return float(-solved.fun)


def spread(weights: Floats, *, total: float, caps: Floats | None = None, held: Sequence[Held] = ()) -> Floats:
    """Amounts nearest in shape to the weights, with the total and the held sums, none above its cap.

    Parameters
    ----------
    weights : (cell,), >= 0; a cell without weight gets something only if a held sum leaves no other way
    caps : (cell,), >= 0, ``inf`` for none; None: no caps
    held : must be possible (``conflicts`` is empty)

    Returns
    -------
    array (cell,), sums to ``total``. Where only some cells are held, the others keep the ratios of their weights.

    Notes
    -----
    Minimises the relative entropy to the weights under the sums and caps. Its solution has the form
    ``x = min(cap, weight * product of the factors of its groups)``; the factors are found group by group, each exactly
    (Bregman 1967; iterative proportional fitting is the case without caps).
    """
    room = np.full(len(weights), np.inf) if caps is None else np.asarray(caps, dtype=np.float64)
    base = np.where(room > 0.0, np.asarray(weights, dtype=np.float64), 0.0)
    groups = _disjoint([*held, Held(name="", cells=np.arange(len(base)), amount=total)])
    factor = np.ones(len(base))
    for _ in range(ROUNDS):
        for cells, amount in groups:
            factor[cells] *= _level(base[cells] * factor[cells], room[cells], amount)
        amounts = np.minimum(base * factor, room)
        if all(abs(amounts[cells].sum() - amount) <= _slack(total) for cells, amount in groups):
            return amounts
    return _nearest(amounts, room, groups)


def _disjoint(held: Sequence[Held]) -> list[tuple[Group, float]]:
    """Sums without those inside them: what is left of a county where one of its months is held."""
    order = sorted(held, key=lambda h: (len(h.cells), h.amount))
    left: list[tuple[Group, float]] = []
    for hold in order:
        cells, amount = hold.cells, hold.amount
        for inner, held_inside in sorted(left, key=lambda one: -len(one[0])):
            if len(inner) and np.isin(inner, cells).all():
                cells, amount = np.setdiff1d(cells, inner), amount - held_inside
        if len(cells):
            left.append((cells, max(amount, 0.0)))
    return left


def _level(values: Floats, caps: Floats, amount: float) -> float:
    """The factor at which values, cut at their caps, sum to an amount; the greatest useful one where they cannot."""
    positive = values > 0.0
    v, c = values[positive], caps[positive]
    if amount <= 0.0 or not len(v):
        return 0.0 if amount <= 0.0 else 1.0
    full = c / v  # the factor at which a cell is full
    order = np.argsort(full, kind="stable")
    v, c, full = v[order], c[order], full[order]
    below = np.concatenate([[0.0], np.cumsum(c[:-1])])
    rest = np.cumsum(v[::-1])[::-1]
    with np.errstate(invalid="ignore"):
        factor = (amount - below) / rest
    fits = np.flatnonzero(factor <= full * (1.0 + 1e-15))
    return float(factor[fits[0]]) if len(fits) else float(full[-1])


def _nearest(amounts: Floats, caps: Floats, groups: Sequence[tuple[Group, float]]) -> Floats:
    """Amounts with the sums at the least total distance; for sums that leave a cell no choice but to be empty."""
    n = len(amounts)
    sums = _matrix([cells for cells, _ in groups], n)
    up = np.where(np.isinf(caps), np.inf, np.maximum(caps - amounts, 0.0))
    bounds = [(0.0, None if np.isinf(u) else float(u)) for u in up] + [(0.0, float(a)) for a in amounts]
    solved = scipy.optimize.linprog(
        np.ones(2 * n),
        A_eq=scipy.sparse.hstack([sums, -sums]).tocsr(),
        b_eq=np.array([amount for _, amount in groups]) - sums @ amounts,
        bounds=bounds,
        method="highs",
    )
    moved: Floats = solved.x[:n] - solved.x[n:]
    return np.clip(amounts + moved, 0.0, caps)


def largest_remainder(amounts: Floats, total: int) -> Whole:
    """Whole amounts that sum to a whole total, each rounded down or up, up where the remainder is largest.

    Parameters
    ----------
    amounts : (cell,), >= 0, sum within one unit of ``total`` per cell; equal remainders: the earlier cell goes up

    References
    ----------
    Hamilton's method; Balinski and Young, Fair Representation (1982), ch. 2.
    """
    down = np.floor(amounts + TIE)
    extra = int(total - down.sum())
    if not 0 <= extra <= len(amounts):
        raise ValueError(f"amounts sum to {amounts.sum():g}, too far from {total}")
    order = np.argsort(-np.round(amounts - down, 9), kind="stable")
    down[order[:extra]] += 1.0
    return down.astype(np.int64)


def rounded(
    amounts: Floats,
    *,
    total: int,
    held: Sequence[tuple[Group, int]] = (),
    margins: Sequence[Group] = (),
    caps: Whole | None = None,
) -> Whole:
    """Whole amounts: the total and held sums exact, every margin rounded down or up, remainders as large as possible.

    Parameters
    ----------
    amounts : (cell,), of ``spread`` with the same total and held sums
    margins : groups whose sums should be the rounded sums of ``amounts``. Two families, each nested in itself
        (county in city, month in year), can always be met together (Bacharach 1966, controlled rounding); where more
        are asked for, or caps in whole units stand in the way, margins give way to totals and held sums.
    caps : (cell,), most in whole units; None: none

    Returns
    -------
    array (cell,) of whole numbers. With nothing but a total this is ``largest_remainder``.
    """
    room = np.full(len(amounts), np.iinfo(np.int64).max) if caps is None else caps
    if not held and not margins and bool((np.ceil(amounts - TIE) <= room).all()):
        return largest_remainder(amounts, total)
    exact = [(np.arange(len(amounts)), total), *held]
    for kept in (margins, ()):
        down = np.minimum(np.floor(amounts + TIE), room)
        found = _controlled(amounts, down, np.minimum(down + 1, room), exact, kept)
        if found is not None:
            return found
    return _whole(amounts, exact, room)


def _controlled(
    amounts: Floats, down: Floats, up: Floats, exact: Sequence[tuple[Group, int]], margins: Sequence[Group]
) -> Whole | None:
    """Cells rounded down or up so that sums are as wanted, largest remainders first; None where that cannot be."""
    n = len(amounts)
    remainder = np.round(amounts - down, 9)
    up = np.where(remainder > TIE, up, down)
    sums = _matrix([cells for cells, _ in exact], n)
    wanted = np.array([amount for _, amount in exact], dtype=np.float64) - sums @ down
    limits = [scipy.optimize.LinearConstraint(sums, wanted, wanted)]
    if margins:
        of = _matrix(margins, n)
        low, base = np.floor(of @ amounts + 1e-6), of @ down
        high = np.where(of @ amounts - low > 1e-6, low + 1.0, low)
        limits.append(scipy.optimize.LinearConstraint(of, low - base, high - base))
    solved = scipy.optimize.milp(
        -remainder, integrality=np.ones(n), bounds=scipy.optimize.Bounds(0.0, up - down), constraints=limits
    )
    return None if solved.x is None else (down + np.round(solved.x)).astype(np.int64)


def _whole(amounts: Floats, exact: Sequence[tuple[Group, int]], room: Whole) -> Whole:
    """Whole amounts with exact sums at the least total distance, wherever that takes a cell."""
    n = len(amounts)
    most_, middle = np.minimum(room, 2**53).astype(np.float64), np.minimum(np.round(amounts), room)
    sums = _matrix([cells for cells, _ in exact], n)
    wanted = np.array([amount for _, amount in exact], dtype=np.float64) - sums @ middle
    solved = scipy.optimize.milp(
        np.ones(2 * n),
        integrality=np.ones(2 * n),
        bounds=scipy.optimize.Bounds(0.0, np.concatenate([np.maximum(most_ - middle, 0.0), middle])),
        constraints=scipy.optimize.LinearConstraint(scipy.sparse.hstack([sums, -sums]).tocsr(), wanted, wanted),
    )
    if solved.x is None:
        raise ValueError("no whole amounts meet the total and the held sums within the caps")
    return (middle + np.round(solved.x[:n]) - np.round(solved.x[n:])).astype(np.int64)
