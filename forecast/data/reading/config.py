"""Reads ``dataset.toml``: which city, which year, known through which month, held to which rules.

Invariant: a key that is not understood is an error, never ignored (held by ``tests/test_dataset.py``).
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from forecast.data.assessment import assessment_of
from forecast.data.panel import Config, EvidenceRule, LightRule, NamingRule, Stated
from forecast.data.reading.columns import TABLES
from forecast.data.reading.problems import Problems, near, quoted
from forecast.errors import UsageError
from forecast.periods import AsOf, Month
from forecast.texts import visible

DEFAULT_LIGHTS: Final[Mapping[str, LightRule]] = {"gap": LightRule(rule="gap", green_from=0.8, yellow_from=0.5)}
"""Rule of the lights where dataset.toml has none."""

_KINDS: Final[Mapping[str, tuple[type, bool]]] = {
    "name": (str, True),
    "name_zh": (str, True),
    "city": (str, True),
    "province": (str, True),
    "target_year": (int, True),
    "as_of": (str, True),
    "first_action_month": (str, True),
    "action_lag_months": (int, False),
    "criterion": (str, False),
    "synthetic": (bool, False),
    "files": (dict, False),
    "lights": (dict, False),
    "evidence": (dict, False),
    "naming": (dict, False),
    "stock": (dict, False),
    "assessment": (dict, False),
    "words": (dict, False),
}
"""Keys of dataset.toml: type, and whether the key must be there."""

MOST_LAG: Final = 6
"""Months from the day of knowledge to the first that a decision can affect, at most: half a year."""

_TYPE_NAMES: Final[Mapping[type, str]] = {
    str: '"text"',
    int: "2020",
    float: "0.8",
    bool: "true / false",
    dict: "[table]",
    list: "[ ... ]",
}


def parse_toml(content: bytes, file: str, problems: Problems) -> dict[str, Any] | None:
    """Content of a TOML file; None with a problem that names line and position."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        problems.add("toml_encoding", file, row=row, found=f"0x{content[error.start]:02X}")
        return None
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+), column (\d+)", str(error))
        reason = str(error).partition(" (at")[0]
        row = int(place[1]) if place else text.count("\n") + 1
        problems.add("toml_broken", file, row=row, position=place[2] if place else "1", reason=reason)
        return None


def line_of(text: str, key: str) -> int | None:
    """First line of a TOML text that sets a key, or None."""
    found = re.search(rf"^[ \t]*{re.escape(key)}[ \t]*=", text, re.M)
    return text.count("\n", 0, found.start()) + 1 if found else None


@dataclass(frozen=True, slots=True)
class _Keys:
    """One table of the file, read key by key."""

    raw: Mapping[str, Any]
    file: str
    text: str
    problems: Problems
    prefix: str = ""

    def note(self, key: str, code: str, **params: object) -> None:
        """Note a problem with a key, on the line where the key stands, as far as that can be told."""
        texts: dict[str, object] = {"name": self.prefix + key} | params
        self.problems.add_at(code, self.file, line_of(self.text, key), self.prefix + key, texts)

    def check_known(self, known: Mapping[str, object]) -> None:
        """Every key is known."""
        for key in self.raw:
            if key in known:
                continue
            if (suggestion := near(key, known)) is not None:
                self.note(key, "toml_key_near", found=quoted(key), suggestion=suggestion)
            else:
                self.note(key, "toml_key_unknown", found=quoted(key), expected=", ".join(known))

    def get(self, key: str, kind: type, *, required: bool) -> Any:
        """Value of a key of the right type; None where absent or wrong."""
        value = self.raw.get(key)
        if value is None:
            if required:
                self.note(key, "toml_key_missing")
            return None
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind or not str(value).strip():
            self.note(key, "toml_type", value=quoted(str(value)), expected=_TYPE_NAMES[kind])
            return None
        return visible(value) if isinstance(value, str) else value


def config_of(raw: Mapping[str, Any], *, folder: Path, file: str, text: str, problems: Problems) -> Config | None:
    """Configuration of a parsed ``dataset.toml``; None where a problem was noted.

    Parameters
    ----------
    raw : the parsed file, or what a workbook says in its place
    file, text : name and text of the file, for the place of problems
    """
    before = len(problems)
    keys = _Keys(raw, file, text, problems)
    keys.check_known(_KINDS)
    values = {key: keys.get(key, kind, required=required) for key, (kind, required) in _KINDS.items()}
    as_of = values["as_of"]
    if as_of is not None:
        try:
            AsOf.parse(as_of)
        except UsageError:
            keys.note("as_of", "as_of_bad", value=quoted(as_of))
    year = values["target_year"]
    if year is not None and not 1990 <= year <= 2100:
        keys.note("target_year", "year_range", value=year, low=1990, high=2100)
    first = _first_action(keys, values["first_action_month"], year)
    lag, criterion = values["action_lag_months"], values["criterion"] or "near"
    if lag is not None and not 0 <= lag <= MOST_LAG:
        keys.note("action_lag_months", "action_lag_range", value=lag, high=MOST_LAG)
    if criterion not in ("near", "reach"):
        keys.note("criterion", "criterion_unknown", value=quoted(criterion))
    lights = _lights(keys, values["lights"])
    evidence = _evidence(keys, values["evidence"])
    naming = _naming(keys, values["naming"])
    opening = _opening(keys, values["stock"])
    files = _files(keys, values["files"], folder)
    rules = values["assessment"]
    assessment = assessment_of(rules, file=file, problems=problems) if rules else None
    if len(problems) > before or first is None:
        return None
    return Config(
        folder=folder,
        name=values["name"],
        name_zh=values["name_zh"],
        city=values["city"],
        province=values["province"],
        target_year=year,
        as_of=as_of,
        first_action_month=first,
        synthetic=bool(values["synthetic"]),
        action_lag_months=lag,
        criterion="reach" if criterion == "reach" else "near",
        lights=lights,
        evidence=evidence,
        files=files,
        naming=naming,
        opening_stock=opening,
        assessment=assessment,
        words={str(word): str(instead) for word, instead in (values["words"] or {}).items()},
    )


def _first_action(keys: _Keys, text: str | None, year: int | None) -> Month | None:
    """First month that a decision can still affect: one of the target year."""
    if text is None:
        return None
    try:
        month = Month.parse(text)
    except ValueError:
        keys.note("first_action_month", "month_bad", value=quoted(text))
        return None
    if year is not None and month.year != year:
        keys.note("first_action_month", "first_action_outside", value=month, year=year)
    return month


def _lights(keys: _Keys, raw: Mapping[str, Any] | None) -> Mapping[str, LightRule]:
    """Rules of the lights; the default one where the file has none."""
    if not raw:
        return DEFAULT_LIGHTS
    rules: dict[str, LightRule] = {}
    for name, table in raw.items():
        if not isinstance(table, dict):
            keys.note("lights", "toml_type", value=quoted(str(table)), expected=f"[lights.{name}]")
            continue
        inner = _Keys(table, keys.file, keys.text, keys.problems, f"lights.{name}.")
        inner.check_known({"green_from": 0, "yellow_from": 0})
        green = inner.get("green_from", float, required=True)
        yellow = inner.get("yellow_from", float, required=True)
        if green is None or yellow is None:
            continue
        if not 0.0 <= yellow <= green <= 1.0:
            inner.note("green_from", "lights_order", green=f"{green:g}", yellow=f"{yellow:g}")
        rules[name] = LightRule(rule=name, green_from=green, yellow_from=yellow)
    return rules


def _evidence(keys: _Keys, raw: Mapping[str, Any] | None) -> EvidenceRule:
    """Rule of the evidence gate; the default where the file has none."""
    default = EvidenceRule()
    if not raw:
        return default
    inner = _Keys(raw, keys.file, keys.text, keys.problems, "evidence.")
    inner.check_known({"limited_from": 0, "ample_from": 0})
    limited = inner.get("limited_from", int, required=False)
    ample = inner.get("ample_from", int, required=False)
    limited = default.limited_from if limited is None else limited
    ample = default.ample_from if ample is None else ample
    if not 1 <= limited <= ample:
        inner.note("limited_from", "evidence_order", limited=limited, ample=ample)
    return EvidenceRule(limited_from=limited, ample_from=ample)


def _naming(keys: _Keys, raw: Mapping[str, Any] | None) -> NamingRule:
    """Rule of the lists of 点名 and 约谈; the default where the file has none."""
    default = NamingRule()
    if not raw:
        return default
    inner = _Keys(raw, keys.file, keys.text, keys.problems, "naming.")
    whole = ("name_last", "interview_last", "least")
    inner.check_known(dict.fromkeys(("indicators", *whole, "behind_pp", "stated"), 0))
    counts = {key: inner.get(key, int, required=False) for key in whole}
    for key, value in counts.items():
        if value is not None and value < 1:
            inner.note(key, "naming_count", value=value)
    behind = inner.get("behind_pp", float, required=False)
    listed = inner.get("indicators", list, required=False) or []
    return NamingRule(
        indicators=tuple(str(name) for name in listed),
        behind_pp=default.behind_pp if behind is None else behind,
        stated=tuple(_stated(inner, one) for one in inner.get("stated", list, required=False) or []),
        **{key: getattr(default, key) if value is None else value for key, value in counts.items()},
    )


def _stated(keys: _Keys, raw: object) -> Stated:
    """One ``[[naming.stated]]``: what was said of a place."""
    inner = _Keys(raw if isinstance(raw, dict) else {}, keys.file, keys.text, keys.problems, "naming.stated.")
    inner.check_known(dict.fromkeys(("unit", "indicator", "text", "source", "released"), 0))
    needed = {key: inner.get(key, str, required=True) or "" for key in ("unit", "text", "source")}
    day = inner.get("released", str, required=True)
    try:
        released = dt.date.fromisoformat(day or "2000-01-01")
    except ValueError:
        inner.note("released", "toml_type", value=quoted(day), expected='"2020-09-28"')
        released = dt.date.min
    return Stated(indicator=inner.get("indicator", str, required=False) or "", released=released, **needed)


def _opening(keys: _Keys, raw: Mapping[str, Any] | None) -> Mapping[str, int]:
    """Units of the 五上 stock at the start of the year, by sector, as ``[stock.opening]`` says."""
    if not raw:
        return {}
    inner = _Keys(raw, keys.file, keys.text, keys.problems, "stock.")
    inner.check_known({"opening": 0})
    table = inner.get("opening", dict, required=False) or {}
    sectors = _Keys(table, keys.file, keys.text, keys.problems, "stock.opening.")
    found = {sector: sectors.get(sector, int, required=True) for sector in table}
    for sector, value in found.items():
        if value is not None and value < 0:
            sectors.note(sector, "stock_count", value=value)
    return {sector: value for sector, value in found.items() if value is not None}


def _files(keys: _Keys, raw: Mapping[str, Any] | None, folder: Path) -> Mapping[str, Path]:
    """Files that have another name than their table."""
    if not raw:
        return {}
    inner = _Keys(raw, keys.file, keys.text, keys.problems, "files.")
    inner.check_known(TABLES)
    names = {kind: inner.get(kind, str, required=False) for kind in raw if kind in TABLES}
    return {kind: folder / name for kind, name in names.items() if name is not None}
