"""A data set in its other form says the same, and turned back it is what it was."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from forecast.data.convert import convert
from forecast.data.dataset import Dataset, read_dataset
from forecast.errors import UsageError
from forecast.runs.amend import apply
from forecast.runs.datasets import prepare
from tests.small_dataset import write_dataset
from tests.test_update_book import MONTH
from tests.test_workbook import PLAIN, save

ROOT = Path(__file__).parent.parent / "data"
ASIDE = ["file", "row", "cell_at", "source"]


def assert_same(one: Dataset, other: Dataset) -> None:
    assert one.panel.units == other.panel.units
    assert one.panel.indicators == other.panel.indicators
    assert one.targets == other.targets
    for a, b in (
        *((getattr(one.panel, name), getattr(other.panel, name)) for name in ("observations", "bases", "industries")),
        *((getattr(one.ledger, name), getattr(other.ledger, name)) for name in ("projects", "enterprises", "pipeline")),
    ):
        left, right = (frame.drop(columns=ASIDE[:3], errors="ignore") for frame in (a, b))
        pd.testing.assert_frame_equal(left, right)
    for name in (
        "name",
        "name_zh",
        "city",
        "province",
        "target_year",
        "as_of",
        "first_action_month",
        "lights",
        "naming",
    ):
        assert getattr(one.config, name) == getattr(other.config, name)


@pytest.mark.parametrize("name", ["ankang-2020", "hunan", ""])
def test_a_folder_as_a_workbook_and_back_is_what_it_was(tmp_path: Path, name: str) -> None:
    folder = ROOT / name if name else write_dataset(tmp_path / "small", {})
    usual = read_dataset(folder)
    convert(folder, tmp_path / "a" / "book.xlsx")
    assert_same(usual, read_dataset(tmp_path / "a" / "book.xlsx"))
    convert(tmp_path / "a" / "book.xlsx", tmp_path / "back")
    assert_same(usual, read_dataset(tmp_path / "back"))


def test_a_planners_workbook_as_a_folder_says_the_same(tmp_path: Path) -> None:
    book = save(tmp_path, PLAIN)
    convert(book, tmp_path / "folder")
    assert_same(read_dataset(book), read_dataset(tmp_path / "folder"))


def test_a_converted_workbook_takes_a_months_file(tmp_path: Path) -> None:
    convert(save(tmp_path, PLAIN), tmp_path / "folder")
    convert(tmp_path / "folder", tmp_path / "b" / "book.xlsx")
    (tmp_path / "m.csv").write_text(MONTH, encoding="utf-8")
    apply(prepare(tmp_path / "b" / "book.xlsx", [tmp_path / "m.csv"]).amendment)
    after = read_dataset(tmp_path / "b" / "book.xlsx")
    assert after.config.as_of == "2020-05"
    assert len(after.panel.observations) == 9


def test_what_is_there_is_never_overwritten_and_the_form_must_change(tmp_path: Path) -> None:
    book = save(tmp_path, PLAIN)
    with pytest.raises(UsageError, match="form of the source"):
        convert(book, tmp_path / "other.xlsx")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="not empty"):
        convert(book, tmp_path / "full")
