"""Sums that a breakdown must leave as they are: from the command line, or from a TOML, YAML or CSV file.

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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from forecast.data.reading.problems import Problems, plain, quoted
from forecast.data.reading.textfiles import read_bytes
from forecast.dims import WAN_PER_YI
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
