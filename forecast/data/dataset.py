"""A data set: everything that was read of a city, or everything that is wrong with it.

Invariant: ``read_dataset`` returns only what every stage can use without a further check, and writes nothing
(held by ``tests/test_dataset.py`` and ``tests/test_bad_inputs.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from forecast.data.assessment import check_indicators
from forecast.data.ledger import Ledger, read_enterprises, read_pipeline, read_projects
from forecast.data.panel import Config, Indicator, Panel, Unit, known, read_indicators, read_units
from forecast.data.plausible import Doubt, doubted, read_accepted, warned
from forecast.data.reading.config import line_of
from forecast.data.reading.observations import empty_table, read_bases, read_industries, read_observations
from forecast.data.reading.problems import Problems, near
from forecast.data.reading.sheets import DATA, TABLE_SHEETS
from forecast.data.reading.source import Source, open_source
from forecast.data.target import Target, TargetKind, read_targets
from forecast.dims import brief
from forecast.errors import InputError, Problem, UsageError
from forecast.periods import AsOf, Month


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """What a data set says, checked.

    data_hash : first 16 hex digits of the SHA-256 over the contents of all files read, whatever their order
    remarks : what was left aside or understood in its own way, one a cause and file
    doubts : figures that look wrong beside their neighbours and were not confirmed
    """

    config: Config
    panel: Panel
    ledger: Ledger
    targets: tuple[Target, ...]
    data_hash: str
    remarks: tuple[Problem, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    __repr__ = brief

    def warnings(self) -> tuple[Problem, ...]:
        """Doubts and remarks, for a person to read before the figures are believed."""
        return (*warned(self.doubts, self.panel), *self.remarks)


def read_dataset(path: Path) -> Dataset:
    """Data set in a folder with ``dataset.toml``, or in one planner's workbook or the folder that holds only it.

    Raises
    ------
    InputError
        Anything is wrong; it carries the problems of all files, by file and row.
    """
    problems = Problems()
    source = open_source(Path(path), problems)
    if source is None:
        raise InputError(problems.listed())
    config, tables = source.config, source.tables
    units = read_units(tables["units"], problems) if "units" in tables else None
    indicators = read_indicators(tables["indicators"], problems) if "indicators" in tables else None
    if config is not None and units:
        _check_places(source, config, units, problems)
        _check_naming(source, config, units, indicators, problems)
        if config.assessment and indicators is not None:
            check_indicators(config.assessment, indicators, file=source.file, problems=problems)
    panel = _panel(source, problems, units, indicators)
    ledger = _ledger(source, problems, units)
    city = config.city if config else ""
    targets: tuple[Target, ...] = ()
    if "targets" in tables:
        below = _below(config.province, units) if config and units else None
        lights = config.lights if config else None
        targets = read_targets(
            tables["targets"],
            problems,
            units=units,
            indicators=indicators,
            lights=lights,
            below=below,
            city=city,
            year=config.target_year if config else None,
        )
    accepted = read_accepted(config.folder, problems) if config else frozenset()
    problems.check()
    if config is None:
        raise AssertionError("a configuration that could not be read is a problem")
    files = dict(sorted(source.files.items()))
    return Dataset(
        config=replace(config, files=files),
        panel=panel,
        ledger=ledger,
        targets=targets,
        data_hash=source.digest(),
        remarks=problems.remarks(),
        doubts=doubted(panel, AsOf.parse(config.as_of), accepted, synthetic=config.synthetic),
    )


def speaking_of(dataset: Dataset, criterion: Literal["near", "reach"] | None) -> Dataset:
    """The same data set, whose numbers, words and lights speak of a criterion; None: of its own."""
    if criterion is None or criterion == dataset.config.criterion:
        return dataset
    return replace(dataset, config=replace(dataset.config, criterion=criterion))


def retargeted(dataset: Dataset, *, unit: str | None = None, year: int | None = None) -> Dataset:
    """The same figures asked of another place or another year.

    Parameters
    ----------
    unit : id or Chinese name of the place that takes the city's part; None: the data set's own city
    year : target year; state of knowledge and first month of action move with it. A plan of the data set's own year
        is no target of another one.

    Raises
    ------
    UsageError
        No such place below the province, or no figure of the year before, so that nothing can be said.
    """
    config = dataset.config
    if unit is not None and unit != config.city:
        units = dataset.panel.units
        below = _below(config.province, units) or frozenset()
        found = unit if unit in below else next((u for u in sorted(below) if units[u].name_zh == unit), None)
        if found is None:
            names = [units[u].name_zh for u in units if u in below]
            raise UsageError(
                "usage_retarget_unit", found=unit, suggestion=near(unit, (*below, *names)) or ", ".join(names)
            )
        config = replace(
            config, city=found, name=f"{config.name}-{found}", name_zh=f"{config.name_zh}：{units[found].name_zh}"
        )
    targets = dataset.targets
    if year is not None and year != config.target_year:
        years = {period.year for period in dataset.panel.observations["period"]}
        if year - 1 not in years:
            raise UsageError("usage_retarget_year", found=year, first=min(years) + 1, last=max(years) + 1)
        later = year - config.target_year
        month, own = config.first_action_month, str(config.target_year)
        config = replace(
            config,
            name=config.name.replace(own, str(year)) if own in config.name else f"{config.name}-{year}",
            name_zh=config.name_zh.replace(own, str(year)),
            target_year=year,
            as_of=f"{int(config.as_of[:4]) + later}{config.as_of[4:]}",
            first_action_month=Month(month.year + later, month.month),
        )
        targets = tuple(target for target in targets if target.kind is not TargetKind.PLAN)
    return replace(dataset, config=config, targets=targets)


def _panel(
    source: Source,
    problems: Problems,
    units: Mapping[str, Unit] | None,
    indicators: Mapping[str, Indicator] | None,
) -> Panel:
    """Everything published; what could not be read is empty."""
    tables = source.tables
    city = source.config.city if source.config else ""
    observations, bases, industries = (empty_table(kind) for kind in ("observations", "bases", "industries"))
    if "observations" in tables:
        synthetic = source.config is None or source.config.synthetic
        observations = read_observations(
            tables["observations"], problems, units=units, indicators=indicators, synthetic=synthetic, city=city
        )
    if "bases" in tables:
        bases = read_bases(tables["bases"], problems, units=units, indicators=indicators, city=city)
    if "industries" in tables:
        industries = read_industries(tables["industries"], problems, indicators=indicators)
    return Panel(
        units=units or {},
        indicators=indicators or {},
        observations=observations,
        bases=bases,
        industries=industries,
    )


def _ledger(source: Source, problems: Problems, units: Mapping[str, Unit] | None) -> Ledger:
    """The ledgers; an absent file is an empty frame."""
    tables = source.tables
    year = source.config.target_year if source.config else None
    projects, enterprises, pipeline = (empty_table(kind) for kind in ("projects", "enterprises", "pipeline"))
    if "projects" in tables:
        projects = read_projects(tables["projects"], problems, units=units, year=year)
    if "enterprises" in tables:
        enterprises = read_enterprises(tables["enterprises"], problems, units=units, year=year)
    if "pipeline" in tables:
        pipeline = read_pipeline(tables["pipeline"], problems, units=units)
    return Ledger(projects=projects, enterprises=enterprises, pipeline=pipeline)


def _chain(unit: str, units: Mapping[str, Unit]) -> list[str]:
    """A unit's parents from below to the root; stops where parents form a cycle."""
    above: list[str] = []
    parent = units[unit].parent
    while parent is not None and parent in units and parent not in above:
        above.append(parent)
        parent = units[parent].parent
    return above


def _below(province: str, units: Mapping[str, Unit]) -> frozenset[str] | None:
    """Units below the province, or None where it is no unit."""
    return frozenset(u for u in units if province in _chain(u, units)) if province in units else None


def _check_places(source: Source, config: Config, units: Mapping[str, Unit], problems: Problems) -> None:
    """City and province are units, the one below the other."""
    known = True
    for key, unit in (("city", config.city), ("province", config.province)):
        if unit in units:
            continue
        known = False
        suggestion = near(unit, units)
        code = "place_unknown" if suggestion is None else "place_near"
        params = {"value": unit, "suggestion": suggestion or ""}
        problems.add_at(code, source.file, line_of(source.text, key), key, params)
    if known and config.province not in _chain(config.city, units):
        params = {"city": config.city, "province": config.province, "chain": " → ".join(_chain(config.city, units))}
        problems.add_at("province_not_above", source.file, line_of(source.text, "province"), "province", params)


def _check_naming(
    source: Source,
    config: Config,
    units: Mapping[str, Unit],
    indicators: Mapping[str, Indicator] | None,
    problems: Problems,
) -> None:
    """Places and indicators that the rules of 点名 and 约谈 name exist."""
    stated = config.naming.stated
    asked: list[tuple[str, str, Mapping[str, object]]] = [("naming.stated.unit", one.unit, units) for one in stated]
    if indicators is not None:
        asked += [("naming.indicators", name, indicators) for name in config.naming.indicators]
        asked += [("naming.stated.indicator", one.indicator, indicators) for one in stated if one.indicator]
    for key, name, known_names in asked:
        if name not in known_names:
            code = "unit_unknown" if known_names is units else "indicator_unknown"
            line = line_of(source.text, key.rpartition(".")[2])
            problems.add_at(code, source.file, line, key, {"value": name})


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSummary:
    """What one table holds.

    rows : entries; masked : without a figure; revisions : later vintages of a figure, both 0 but for observations
    statuses : status -> entries
    """

    table: str
    file: str
    rows: int
    statuses: Mapping[str, int]
    masked: int
    revisions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSummary:
    """What is known of one indicator of one unit as of the data set.

    figures : periods with cumulative growth; this_year : of the target year
    first_period, last_period : ``YYYY-MM``
    """

    unit: str
    indicator: str
    figures: int
    this_year: int
    first_period: str
    last_period: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What was read, for a person to compare with what they meant to supply."""

    files: tuple[FileSummary, ...]
    series: tuple[SeriesSummary, ...]


def summary(dataset: Dataset) -> Summary:
    """What was read: entries of every file, and the reach of every series as of the data set."""
    panel, ledger = dataset.panel, dataset.ledger
    frames = {
        "observations": panel.observations,
        "bases": panel.bases,
        "industries": panel.industries,
        "projects": ledger.projects,
        "enterprises": ledger.enterprises,
        "pipeline": ledger.pipeline,
    }
    counts = {"units": len(panel.units), "indicators": len(panel.indicators), "targets": len(dataset.targets)}
    files = tuple(
        _file_summary(kind, _table_name(kind, path), frames.get(kind), counts.get(kind, 0))
        for kind, path in dataset.config.files.items()
    )
    rows = known(panel, AsOf.parse(dataset.config.as_of))
    growth = rows[rows["measure"] == "cum_yoy_pct"]
    series = []
    for unit in panel.units:
        for indicator in panel.indicators:
            at = (growth["unit"] == unit) & (growth["indicator"] == indicator)
            periods = growth["period"][at].tolist()
            if periods:
                this_year = sum(period.year == dataset.config.target_year for period in periods)
                ends = {"first_period": str(periods[0]), "last_period": str(periods[-1])}
                series.append(
                    SeriesSummary(unit=unit, indicator=indicator, figures=len(periods), this_year=this_year, **ends)
                )
    return Summary(files=files, series=tuple(series))


def _table_name(kind: str, path: Path) -> str:
    """A file, with its sheet where it is a workbook of several."""
    if path.suffix.lower() != ".xlsx" or path.stem == kind:
        return path.name
    return f"{path.name}[{DATA if kind == 'observations' else TABLE_SHEETS[kind]}]"


def _file_summary(kind: str, file: str, frame: pd.DataFrame | None, count: int) -> FileSummary:
    if frame is None:
        return FileSummary(table=kind, file=file, rows=count, statuses={}, masked=0, revisions=0)
    column = "row_status" if "row_status" in frame.columns else "status"
    statuses = {str(status): int(n) for status, n in frame[column].value_counts().sort_index().items()}
    masked = revisions = 0
    if kind == "observations":
        masked = int(frame["value"].isna().sum())
        keys = frame[["unit", "indicator", "measure"]].assign(period=frame["period"].map(str))
        revisions = int(keys.duplicated().sum())
    return FileSummary(table=kind, file=file, rows=len(frame), statuses=statuses, masked=masked, revisions=revisions)
