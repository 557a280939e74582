"""A data set as a whole: its configuration, its files in every form, its hash and its summary."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

import forecast
from forecast.data.dataset import Dataset, read_dataset, summary
from forecast.data.panel import known
from forecast.errors import InputError
from forecast.periods import AsOf, Month
from tests.small_dataset import FILES, TOML, edited, write_dataset

DATA = Path(forecast.__file__).parent.parent / "data"
TABLES = [name for name in FILES if name.endswith(".csv")]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return read_dataset(write_dataset(tmp_path_factory.mktemp("small")))


def frames(dataset: Dataset) -> dict[str, pd.DataFrame]:
    """All frames, without the name of their file."""
    panel, ledger = dataset.panel, dataset.ledger
    read = {
        "observations": panel.observations,
        "bases": panel.bases,
        "industries": panel.industries,
        "projects": ledger.projects,
        "enterprises": ledger.enterprises,
        "pipeline": ledger.pipeline,
    }
    return {name: frame.drop(columns="file") for name, frame in read.items()}


def assert_same(one: Dataset, other: Dataset) -> None:
    assert one.panel.units == other.panel.units
    assert one.panel.indicators == other.panel.indicators
    assert one.targets == other.targets
    for name, frame in frames(one).items():
        pd.testing.assert_frame_equal(frame, frames(other)[name], obj=name)


def as_book(text: str, *, typed: bool) -> bytes:
    """A table as a workbook, its numbers and days as such where ``typed``."""
    book = Workbook()
    for cells in csv.reader(io.StringIO(text)):
        row: list[object] = list(cells)
        if typed:
            row = [_typed(cell) for cell in cells]
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _typed(cell: str) -> object:
    try:
        return float(cell)
    except ValueError:
        pass
    try:
        return dt.datetime.fromisoformat(cell) if len(cell) == 10 else cell
    except ValueError:
        return cell


# configuration


def test_the_configuration_is_read(small: Dataset) -> None:
    config = small.config
    assert (config.name, config.name_zh, config.city, config.province) == (
        "small",
        "小城2020年",
        "xiaocheng",
        "dasheng",
    )
    assert (config.target_year, config.as_of, config.first_action_month) == (2020, "2020-08", Month(2020, 10))
    assert config.lights["gap"].green_from == 0.8
    assert (config.evidence.limited_from, config.evidence.ample_from) == (3, 6)
    assert not config.synthetic
    assert set(config.files) == {Path(name).stem for name in TABLES}


def test_rules_that_are_left_out_have_defaults(tmp_path: Path) -> None:
    text = TOML.partition("[lights")[0] + "synthetic = true\n[evidence]\nample_from = 9\n"
    config = read_dataset(write_dataset(tmp_path, {"dataset.toml": text})).config
    assert config.synthetic
    assert (config.lights["gap"].green_from, config.lights["gap"].yellow_from) == (0.8, 0.5)
    assert (config.evidence.limited_from, config.evidence.ample_from) == (3, 9)


def test_a_file_may_have_another_name(tmp_path: Path, small: Dataset) -> None:
    changes = {
        "projects.csv": None,
        "项目台账.csv": FILES["projects.csv"],
        "dataset.toml": TOML + '\n[files]\nprojects = "项目台账.csv"\n',
    }
    read = read_dataset(write_dataset(tmp_path, changes))
    assert_same(read, small)
    assert set(read.ledger.projects["file"]) == {"项目台账.csv"}


def test_a_day_of_knowledge_is_a_state_of_knowledge(tmp_path: Path) -> None:
    assert (
        read_dataset(write_dataset(tmp_path, edited("dataset.toml", "2020-08", "2020-09-20"))).config.as_of
        == "2020-09-20"
    )


def test_windows_line_ends_and_a_bom_change_nothing(tmp_path: Path, small: Dataset) -> None:
    changes = {name: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() for name, text in FILES.items()}
    assert_same(read_dataset(write_dataset(tmp_path, changes)), small)


# forms of a file


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_encodings_change_nothing(tmp_path: Path, small: Dataset, encoding: str) -> None:
    changes = {name: FILES[name].encode(encoding) for name in TABLES}
    assert_same(read_dataset(write_dataset(tmp_path, changes)), small)


@pytest.mark.parametrize("typed", [False, True])
def test_workbooks_with_the_same_columns_change_nothing(tmp_path: Path, small: Dataset, typed: bool) -> None:
    changes: dict[str, str | bytes | None] = dict.fromkeys(TABLES)
    for name in TABLES:
        changes[name.replace(".csv", ".xlsx")] = as_book(FILES[name], typed=typed)
    assert_same(read_dataset(write_dataset(tmp_path, changes)), small)


def test_the_sheet_of_the_table_is_chosen_among_several(tmp_path: Path, small: Dataset) -> None:
    book = Workbook()
    book.active["A1"] = "说明"
    sheet = book.create_sheet("units")
    for cells in csv.reader(io.StringIO(FILES["units.csv"])):
        sheet.append(cells)
    buffer = io.BytesIO()
    book.save(buffer)
    read = read_dataset(write_dataset(tmp_path, {"units.csv": None, "units.xlsx": buffer.getvalue()}))
    assert read.panel.units == small.panel.units


def test_the_configuration_file_itself_may_be_named(tmp_path: Path, small: Dataset) -> None:
    assert_same(read_dataset(write_dataset(tmp_path) / "dataset.toml"), small)


# hash


def test_the_hash_is_of_the_contents_alone(tmp_path: Path, small: Dataset) -> None:
    assert read_dataset(write_dataset(tmp_path / "elsewhere")).data_hash == small.data_hash
    assert len(small.data_hash) == 16
    assert set(small.data_hash) <= set("0123456789abcdef")


@pytest.mark.parametrize("name", list(FILES))
def test_any_change_of_any_file_changes_the_hash(tmp_path: Path, small: Dataset, name: str) -> None:
    assert read_dataset(write_dataset(tmp_path, {name: FILES[name] + "\n"})).data_hash != small.data_hash


def test_files_that_are_not_read_do_not_count(tmp_path: Path, small: Dataset) -> None:
    folder = write_dataset(tmp_path, {"README.md": "说明", "truth.parquet": b"\x00\x01"})
    assert read_dataset(folder).data_hash == small.data_hash


# summary


def test_the_summary_counts_what_was_read(small: Dataset) -> None:
    files = {file.table: file for file in summary(small).files}
    assert files["observations"].rows == 11
    assert files["observations"].masked == 1
    assert files["observations"].revisions == 1
    assert files["observations"].statuses == {"derived": 1, "published": 10}
    assert files["projects"].statuses == {"synthetic": 2}
    assert {table: file.rows for table, file in files.items() if table in ("units", "indicators", "targets")} == {
        "units": 6,
        "indicators": 3,
        "targets": 4,
    }


def test_the_summary_tells_how_far_every_series_reaches(small: Dataset) -> None:
    series = {(s.unit, s.indicator): s for s in summary(small).series}
    assert set(series) == {
        ("dasheng", "ind_va"),
        ("dasheng", "service_rev"),
        ("xiaocheng", "ind_va"),
        ("xiaocheng", "gdp"),
    }
    reach = series["xiaocheng", "ind_va"]
    assert (reach.figures, reach.this_year, reach.first_period, reach.last_period) == (2, 2, "2020-02", "2020-08")


# bundled data sets


@pytest.mark.parametrize("folder", sorted(path.parent for path in DATA.glob("*/dataset.toml")), ids=lambda p: p.name)
def test_bundled_data_sets_are_accepted(folder: Path) -> None:
    dataset = read_dataset(folder)
    rows = known(dataset.panel, AsOf.parse(dataset.config.as_of))
    assert dataset.config.city in set(rows["unit"])
    assert dataset.targets
    if not dataset.config.synthetic:
        assert "synthetic" not in set(dataset.panel.observations["status"])


def test_the_same_problem_is_told_for_a_workbook_as_for_a_csv(tmp_path: Path) -> None:
    text = FILES["observations.csv"].replace("-30.1", "-130.1")
    changes: dict[str, str | bytes | None] = {"observations.csv": None, "observations.xlsx": as_book(text, typed=True)}
    with pytest.raises(InputError, match=r"growth -130\.1 is impossible") as caught:
        read_dataset(write_dataset(tmp_path, changes))
    assert [(p.file, p.row, p.column) for p in caught.value.problems] == [("observations.xlsx", 6, "value")]
