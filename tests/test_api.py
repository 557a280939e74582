"""The Python face: what it shows, how fast it comes, that its page is true, and that no type floods a notebook."""

from __future__ import annotations

import doctest
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from html import escape
from pathlib import Path

import pandas as pd
import pytest

import forecast
from forecast import api
from forecast.dims import LONGEST_REPR, brief
from forecast.errors import UsageError
from forecast.report import html
from forecast.runs.session import Session, Wanted
from forecast.tables.dossier import gather, tables
from forecast.tables.leaders import leaders
from forecast.tables.notes import notes
from tests import assignment_run as ar
from tests.app_runs import DRAWS, ROOT, ankang


def fresh(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.strip()


def test_what_the_import_shows_is_what_it_lists():
    assert dir(forecast) == sorted(forecast.__all__)
    for name in forecast.__all__:
        assert getattr(forecast, name) is not None
    shown = fresh("import forecast; print(sorted(n for n in dir(forecast)))")
    assert shown == str(sorted(forecast.__all__))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        forecast.nothing  # noqa: B018


def test_every_name_of_the_face_is_declared_for_type_checkers():
    source = (ROOT / "forecast" / "__init__.py").read_text(encoding="utf-8")
    declared = source.partition("if TYPE_CHECKING:")[2].partition("__version__")[0]
    for name in set(forecast.__all__) - {"__version__"}:
        assert name in declared


def test_the_import_brings_nothing_but_itself():
    loaded = fresh("import sys; before = set(sys.modules); import forecast; print(sorted(set(sys.modules) - before))")
    brought = {name.split(".")[0] for name in loaded.strip("[]").replace("'", "").split(", ")}
    assert not brought & {"numpy", "pandas", "xarray", "rich", "typer", "typing", "tomllib", "scipy"}
    assert "forecast.api" not in loaded


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> Path:
    """A folder that looks like the repository's, to write into."""
    place = tmp_path_factory.mktemp("notebook")
    for name in ("data", "scenarios"):
        (place / name).symlink_to(ROOT / name, target_is_directory=True)
    return place


def test_every_block_of_the_page_is_true(here, monkeypatch):
    monkeypatch.setenv("DABIAO_HOME", str(ankang()[0]))
    monkeypatch.setattr(api, "DRAWS", DRAWS)  # of the runs that lie in the store: nothing is fitted again
    monkeypatch.chdir(here)
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    test = doctest.DocTestParser().get_doctest(
        (ROOT / "docs" / "api.md").read_text(encoding="utf-8"), {}, "docs/api.md", "docs/api.md", 0
    )
    assert len(test.examples) > 20
    said: list[str] = []
    failed = doctest.DocTestRunner(optionflags=flags).run(test, out=said.append)
    assert not failed.failed, "".join(said)


def test_the_page_names_every_name_of_the_face_and_every_question():
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for name in ("compare", "makeup", "path", "tasks", "news", "check", "report", "save", "table", "draws"):
        assert hasattr(api.Results, name)
        assert f"run.{name}(" in page
    assert "city.backtest(" in page
    assert "fc.open(" in page


@pytest.fixture(scope="module")
def results() -> api.Results:
    return api.Results(ar.finished(), lang="en")


def test_tables_are_those_of_the_files(results):
    for name, frame in tables(results.run).items():
        pd.testing.assert_frame_equal(results.table(name), frame)
    with pytest.raises(UsageError, match=", ".join(tables(results.run))):
        results.table("nothing")


def test_answers_are_those_of_the_session(results):
    again = Session(results.run)
    wish = results.makeup("fai:near>=50%")
    assert [w.wish.keys[0][0] for w in wish.value.wishes] == ["fai"]
    assert wish.value.effort == again.plan(wish.value.request).effort
    tasks = results.tasks("fai", near=0.6)
    expected = again.assignments(Wanted(indicators=("fai",), wish=0.6))
    assert [t.due_wan for t in tasks.value.breakdowns[0].tasks] == [t.due_wan for t in expected.breakdowns[0].tasks]
    assert {one.case.target.indicator for one in results.path("fai", reach=0.5).value} == {"fai"}


def test_a_notebook_sees_what_the_terminal_shows(results):
    for shown in (results.tasks("fai"), results.path("fai", near=0.5), results.makeup("fai:near>=50%")):
        page = shown._repr_html_()
        assert "<table>" in page
        assert "<pre" not in page
        words = [word for word in str(shown).split() if word.isalpha() and word.isascii()]
        assert words
        assert all(word in page for word in words)


def test_a_notebook_sees_of_a_run_the_page_for_leaders_and_its_notes(results):
    found, page = results.run.attainment, results._repr_html_()
    grid = leaders(found, found.config.city, "en", average=True)
    assert grid.rows
    for cell in (*grid.heads, *(cell for row in grid.rows for cell in row)):
        assert html.content(cell) in page
    assert all(escape(text).replace("\n", "<br>") in page for text in notes(found, "en"))


def test_an_answer_is_written_as_its_tables(results, tmp_path):
    answer = results.tasks("fai")
    written = answer.save(tmp_path / "tasks")
    assert [path.stem for path in written] == list(answer.tables)
    assert all(path.is_file() for path in written)


def reached(value: object, found: dict[type, int], depth: int = 0) -> None:
    """The longest representation of every type of the package within a value."""
    if type(value).__module__.startswith("forecast") and is_dataclass(value):
        found[type(value)] = max(found.get(type(value), 0), len(repr(value)))
    if depth == 8:
        return
    within: list[object] = []
    if is_dataclass(value):
        within = [getattr(value, field.name) for field in fields(value)]
    elif isinstance(value, Mapping):
        within = list(value.values())[:4]
    elif isinstance(value, (tuple, list)):
        within = list(value)[:4]
    for one in within:
        reached(one, found, depth + 1)


def test_no_type_takes_more_than_a_line_of_a_notebook(results):
    found: dict[type, int] = {}
    city = api.City(path=Path("x"), dataset=results.dataset)
    for value in (results, city, gather(results), results.world, results.makeup("fai:near>=50%"), results.tasks("fai")):
        reached(value, found)
    assert len(found) > 40
    assert {t.__name__: n for t, n in found.items() if n > LONGEST_REPR} == {}


def test_a_representation_says_the_kind_and_the_sizes(results):
    said = repr(results.run)
    assert said.startswith("<Run run_id='small'")
    assert "dict(" in said
    assert brief(results.run.attainment.rows[0]).startswith("<Row ")
