"""Scenarios: files that say what could be done, read and checked against a data set.

A file is YAML (``document``) in the vocabulary of ``actions``. ``extends`` takes in the actions of
another file; ``a.yaml+b.yaml`` compounds several.

Invariant: the same actions in another order are the same scenario (held by ``tests/test_scenario.py``).

Checks of actions against a data set: names, months, selections, contradictions.

Invariant: an action that passes can be evaluated without a further check (held by ``tests/test_scenario_bad.py``).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd
from pydantic import ValidationError

from forecast.data.dataset import Dataset
from forecast.data.ledger import Assumptions
from forecast.data.reading.problems import near, quoted
from forecast.dims import brief
from forecast.periods import Month
from forecast.scenario.actions import ACTIONS, Measure, ScenarioHeader
from forecast.scenario.actions.kinds import COMPARISON, LedgerOf, PlacedAction, matches, picked, place_names
from forecast.scenario.document import Document, Notes, note_errors, parse_yaml

_SUM_SLACK: Final = 1e-6


def check_actions(actions: Sequence[PlacedAction], dataset: Dataset, notes: Notes) -> None:
    """Note everything that keeps actions from being evaluated on a data set."""
    for placed in actions:
        _check_months(placed, dataset, notes)
        _check_sums(placed, notes)
        _check_names(placed, dataset, notes)
        kind = ACTIONS[placed.action.type]
        if kind.ledger is not None:
            _check_selection(placed, kind.ledger, dataset, notes)
        if kind.check is not None:
            kind.check(placed, dataset, notes)
    _check_contradictions(actions, dataset, notes)


def _check_months(placed: PlacedAction, dataset: Dataset, notes: Notes) -> None:
    action, config = placed.action, dataset.config
    month: Month | None = getattr(action, "month", None)
    until: Month | None = getattr(action, "until", None)
    if month is not None:
        if not ACTIONS[action.type].free_months and month < config.first_action_month:
            placed.note(notes, "month_early", "month", value=month, first=config.first_action_month)
        elif month.year < config.target_year:
            placed.note(notes, "month_past", "month", value=month, year=config.target_year)
        elif month.year > config.target_year + 1:
            placed.note(notes, "month_far", "month", value=month, year=config.target_year)
    if month is not None and until is not None and until < month:
        placed.note(notes, "until_before", "until", value=until, month=month)


def _check_sums(placed: PlacedAction, notes: Notes) -> None:
    action = placed.action
    if (delay := getattr(action, "delay", None)) is not None and abs(sum(delay) - 1.0) > _SUM_SLACK:
        placed.note(notes, "delay_sum", "delay", found=f"{sum(delay):g}")
    if (shares := getattr(action, "disburse", None)) is not None and sum(shares) > 1.0 + _SUM_SLACK:
        placed.note(notes, "disburse_sum", "disburse", found=f"{sum(shares):g}")


def _check_names(placed: PlacedAction, dataset: Dataset, notes: Notes) -> None:
    panel = dataset.panel
    known = {
        "unit": list(panel.units),
        "indicator": list(panel.indicators),
        "industry": list(panel.industries["industry"]),
        "county": [*panel.units, "shibenji", "kuaxianqu"],
    }
    for name, ids in known.items():
        value = getattr(placed.action, name, None)
        if value is not None and value not in ids:
            suggestion = near(value, ids)
            code = f"{name}_near" if suggestion else f"{name}_unknown"
            placed.note(notes, code, name, value=quoted(value), suggestion=suggestion or "")


def _check_selection(placed: PlacedAction, ledger: LedgerOf, dataset: Dataset, notes: Notes) -> None:
    action, table, key, field = placed.action, ledger.table, ledger.key, ledger.ids
    frame: pd.DataFrame = getattr(dataset.ledger, table)
    ids, select = getattr(action, field), action.select
    if ids is None and select is None:
        if not ledger.optional:
            placed.note(notes, "select_missing", name=field)
        return
    if frame.empty:
        placed.note(notes, "ledger_missing", name=f"{table}.csv")
        return
    known = set(frame[key])
    before = len(notes)
    for k, name in enumerate(ids or ()):
        if name not in known:
            suggestion = near(name, known)
            code = "entity_near" if suggestion else "entity_unknown"
            shown = {"value": quoted(name), "suggestion": suggestion or "", "table": f"{table}.csv"}
            placed.note(notes, code, field, k, params=shown)
        elif name in (ids or ())[:k]:
            placed.note(notes, "entity_twice", field, k, value=quoted(name))
    for column, wanted in (select or {}).items():
        _check_selector(placed, frame, table, column, wanted, place_names(dataset), notes)
    if len(notes) == before and not len(picked(frame, key, ids, select, place_names(dataset))):
        placed.note(notes, "select_none", "select", table=f"{table}.csv")


def _check_selector(
    placed: PlacedAction, frame: pd.DataFrame, table: str, column: str, wanted: Any, names: dict[str, str], notes: Notes
) -> None:
    columns = [name for name in frame.columns if name not in ("file", "row")]
    if column not in columns:
        suggestion = near(column, columns)
        code = "column_near" if suggestion else "column_unknown"
        params = {"value": quoted(column), "suggestion": suggestion or "", "expected": ", ".join(columns)}
        placed.note(notes, code, "select", column, of_key=True, params={"table": f"{table}.csv", **params})
        return
    for option in wanted if isinstance(wanted, list | tuple) else [wanted]:
        if isinstance(option, str) and COMPARISON.fullmatch(option):
            if frame[column].map(lambda cell: isinstance(cell, str)).any():
                placed.note(notes, "select_text", "select", column, value=quoted(option), name=column)
        elif not matches(frame[column], option, names).any():
            cells = sorted({str(cell) for cell in frame[column]})
            suggestion = near(str(option), [*cells, *names.values()])
            params = {"value": quoted(str(option)), "name": column, "expected": quoted(", ".join(cells))}
            code = "select_value_near" if suggestion else "select_value"
            placed.note(notes, code, "select", column, params={"suggestion": suggestion or "", **params})


def _check_contradictions(actions: Sequence[PlacedAction], dataset: Dataset, notes: Notes) -> None:
    """No two paths of one benchmark, no two bases of one indicator, and what types say among themselves."""
    stated: dict[tuple[str, str, str], PlacedAction] = {}
    for placed in actions:
        once = ACTIONS[placed.action.type].once
        if once is None:
            continue
        indicator, unit = once(placed.action, dataset)
        key = (placed.action.type, indicator, unit)
        if key in stated:
            other = stated[key]
            params = {"indicator": indicator, "unit": unit, "line": other.spot().line}
            placed.note(notes, "fixed_twice", "indicator", params={"file": other.document.file, **params})
        stated.setdefault(key, placed)
    for among in dict.fromkeys(one.among for one in ACTIONS.values() if one.among):
        among(actions, dataset, notes)


BASELINE: Final = "0" * 16
"""Hash of the scenario without actions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What a scenario file says, checked.

    name, title : of the file, or of all files joined by ``+``
    files : names of all files read
    extends : name of the file that the (last) file extends, or None
    """

    name: str
    title: str
    description: str = ""
    author: str = ""
    as_of: str | None = None
    dataset: str | None = None
    extends: str | None = None
    assumptions: Assumptions = field(default_factory=Assumptions)
    actions: tuple[Measure, ...] = ()
    files: tuple[str, ...] = ()

    __repr__ = brief

    @property
    def hash(self) -> str:
        """Sixteen hex digits over actions and assumptions, whatever their order; zeros without actions."""
        if not self.actions:
            return BASELINE
        parts = sorted(f"{m.key}|{m.action.model_dump_json()}" for m in self.actions)
        text = "\n".join([*parts, self.assumptions.model_dump_json()])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def only(self, ids: Sequence[str]) -> Scenario:
        """The same scenario with only these actions, draws unchanged."""
        kept = tuple(m for m in self.actions if m.id in ids)
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Scenario(**(values | {"actions": kept}))


@dataclass(slots=True)
class _Loaded:
    """One file with those that it extends."""

    header: ScenarioHeader
    actions: list[PlacedAction]
    files: list[str]
    set_here: dict[str, Any]


def _named(dataset: Dataset) -> frozenset[str]:
    """What a scenario may call its data set: by name, by its Chinese name, by its city."""
    config = dataset.config
    city = dataset.panel.units.get(config.city)
    return frozenset({config.name, config.name_zh, city.name_zh if city is not None else config.name})


def read_scenario(path: str | Path, dataset: Dataset) -> Scenario:
    """Scenario of a file, or of several joined by ``+``, checked against a data set.

    Raises
    ------
    ScenarioError
        Anything is wrong with any of the files; it carries every problem, with line and column.
    """
    notes = Notes()
    paths = [Path(part) for part in str(path).split("+")]
    loaded = [one for p in paths if (one := _load(p, notes, ())) is not None]
    actions = [placed for one in loaded for placed in one.actions]
    coefficients = _merged(loaded, notes)
    check_actions(actions, dataset, notes)
    for one in loaded:
        for name in one.header.assumptions.elasticities:
            known = set(dataset.panel.industries["industry"])
            if name not in known:
                suggestion = near(name, known) or ""
                notes.add("industry_unknown", one.files[0], None, None, value=quoted(name), suggestion=suggestion)
        if one.header.dataset is not None and one.header.dataset not in _named(dataset):
            params = {"value": quoted(one.header.dataset), "expected": dataset.config.name}
            notes.add("dataset_other", one.files[0], None, None, **params)
    _check_ids(actions, notes)
    notes.check()
    headers = [one.header for one in loaded]
    return Scenario(
        name="+".join(h.name for h in headers),
        title=" + ".join(h.title for h in headers),
        description="\n".join(h.description for h in headers if h.description),
        author=", ".join(dict.fromkeys(h.author for h in headers if h.author)),
        as_of=next((h.as_of for h in headers if h.as_of), None),
        dataset=headers[0].dataset,
        extends=headers[-1].extends,
        assumptions=Assumptions.model_validate(coefficients),
        actions=_measures(actions),
        files=tuple(dict.fromkeys(name for one in loaded for name in one.files)),
    )


def scenario_of(name: str, actions: Sequence[Mapping[str, Any]], dataset: Dataset, **header: Any) -> Scenario:
    """Scenario built by a program from actions as a file would write them; checked alike.

    Raises
    ------
    ScenarioError
        Anything is wrong.
    """
    notes = Notes()
    value = {"name": name, "title": header.pop("title", name), **header, "actions": [dict(a) for a in actions]}
    document = Document(file=name, value=value, values={}, keys={})
    one = _from_document(document, Path(), notes, ())
    placed = one.actions if one else []
    check_actions(placed, dataset, notes)
    _check_ids(placed, notes)
    notes.check()
    if one is None:
        raise AssertionError("a scenario that could not be read is a problem")
    return Scenario(
        name=name,
        title=one.header.title,
        description=one.header.description or "",
        author=one.header.author or "",
        as_of=one.header.as_of,
        dataset=one.header.dataset,
        assumptions=one.header.assumptions,
        actions=_measures(placed),
        files=(name,),
    )


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a scenario file, as the reader understands it."""
    schema = ScenarioHeader.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dabiao scenario",
        "description": "情景文件。A scenario file of dabiao.",
        **{key: value for key, value in schema.items() if key not in ("title", "description")},
    }


def _load(path: Path, notes: Notes, chain: tuple[Path, ...]) -> _Loaded | None:
    if path.resolve() in chain:
        notes.add("extends_cycle", path.name, None, None, chain=" → ".join(p.name for p in (*chain, path)))
        return None
    if path.suffix.lower() not in (".yaml", ".yml"):
        notes.add("file_kind", str(path), None, None)
        return None
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        notes.add("file_missing", str(path), None, None)
        return None
    except OSError as error:
        notes.add("file_unreadable", str(path), None, None, reason=error.strerror or error)
        return None
    document = parse_yaml(content, path.name, notes)
    return None if document is None else _from_document(document, path, notes, (*chain, path.resolve()))


def _from_document(document: Document, path: Path, notes: Notes, chain: tuple[Path, ...]) -> _Loaded | None:
    raw = dict(document.value)
    listed = raw.pop("actions", None)
    header = _header(raw, document, notes)
    actions = _actions(listed, document, notes)
    extends = raw.get("extends")
    files, set_here = [document.file], dict(raw.get("assumptions") or {}) if header else {}
    if isinstance(extends, str) and extends:
        base = _load(path.parent / extends, notes, chain)
        if base is not None:
            actions = [*base.actions, *actions]
            files += base.files
            set_here = _overlaid(base.set_here, set_here)
    return None if header is None else _Loaded(header=header, actions=actions, files=files, set_here=set_here)


def _header(raw: Mapping[str, Any], document: Document, notes: Notes) -> ScenarioHeader | None:
    try:
        return ScenarioHeader.model_validate_json(json.dumps(raw), strict=True)
    except ValidationError as error:
        note_errors(error, ScenarioHeader, document, (), notes)
        return None


def _actions(listed: Any, document: Document, notes: Notes) -> list[PlacedAction]:
    """Actions that can be read; the others are noted."""
    if listed is None:
        return []
    if not isinstance(listed, list):
        spot = document.spot(("actions",))
        notes.add("type_list", document.file, spot.line, spot.column, name="actions", value=quoted(str(listed)))
        return []
    placed = []
    for k, raw in enumerate(listed):
        way = ("actions", k)
        spot = document.spot(way)
        if not isinstance(raw, dict):
            notes.add("type_mapping", document.file, spot.line, spot.column, name="actions", value=quoted(str(raw)))
            continue
        kind = raw.get("type")
        if not isinstance(kind, str) or kind not in ACTIONS:
            _note_type(kind, document, k, notes)
            continue
        model = ACTIONS[kind].model
        try:
            action = model.model_validate_json(json.dumps(raw), strict=True)
        except ValidationError as error:
            note_errors(error, model, document, way, notes)
            continue
        placed.append(PlacedAction(action=action, document=document, way=way))
    return placed


def _note_type(kind: Any, document: Document, k: int, notes: Notes) -> None:
    spot = document.spot(("actions", k, "type"))
    if kind is None:
        notes.add("action_untyped", document.file, spot.line, spot.column, expected=", ".join(ACTIONS))
        return
    suggestion = near(str(kind), ACTIONS)
    code = "action_near" if suggestion else "action_unknown"
    params = {"value": quoted(str(kind)), "suggestion": suggestion or "", "expected": ", ".join(ACTIONS)}
    notes.add(code, document.file, spot.line, spot.column, **params)


def _overlaid(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Coefficients of a file over those of the file that it extends."""
    out = dict(base) | dict(own)
    if isinstance(base.get("elasticities"), dict) and isinstance(own.get("elasticities"), dict):
        out["elasticities"] = base["elasticities"] | own["elasticities"]
    return out


def _merged(loaded: Sequence[_Loaded], notes: Notes) -> dict[str, Any]:
    """Coefficients of all files that compound; two different values of one are a contradiction."""
    merged: dict[str, Any] = {}
    for one in loaded:
        for name, value in one.set_here.items():
            if name in merged and merged[name] != value:
                notes.add("assumption_twice", one.files[0], None, None, name=name)
            merged[name] = value
    valid = ScenarioHeader.model_fields["assumptions"].annotation
    try:
        Assumptions.model_validate_json(json.dumps(merged), strict=True)
    except ValidationError:
        return {}
    return merged if valid is not None else {}


def _check_ids(actions: Sequence[PlacedAction], notes: Notes) -> None:
    first: dict[str, PlacedAction] = {}
    for placed in actions:
        name = placed.action.id
        if name is None:
            continue
        if name in first:
            spot = placed.spot("id")
            other = first[name].spot("id")
            params = {"value": quoted(name), "file": first[name].document.file, "line": other.line}
            notes.add("id_twice", placed.document.file, spot.line, spot.column, **params)
        first.setdefault(name, placed)


_ABOUT: Final = (
    "enterprises", "projects", "select", "unit", "indicator", "industry", "channel", "county", "price", "amount_yi",
)  # fmt: skip


def _measures(actions: Sequence[PlacedAction]) -> tuple[Measure, ...]:
    """Actions under unique names, with the keys of their streams."""
    counts: Counter[str] = Counter()
    keys: Counter[tuple[str, str]] = Counter()
    out = []
    for placed in actions:
        action, file = placed.action, placed.document.file
        counts[action.type] += 1
        about = {name: value for name in _ABOUT if (value := getattr(action, name, None)) is not None}
        key = action.id or f"{action.type}|{json.dumps(about, sort_keys=True, ensure_ascii=False, default=str)}"
        keys[(file, key)] += 1
        if keys[(file, key)] > 1:
            key += f"#{keys[(file, key)]}"
        share = action.additionality
        out.append(
            Measure(
                id=action.id or f"{action.type}#{counts[action.type]}",
                key=key,
                action=action,
                file=file,
                line=placed.spot().line,
                additionality=ACTIONS[action.type].additionality if share is None else share,
            )
        )
    return tuple(out)
