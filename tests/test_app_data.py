"""数据 and the first screen: nothing is kept before it is confirmed, everything that is wrong is told at once."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from openpyxl import Workbook
from streamlit.testing.v1 import AppTest

from forecast.data.dataset import read_dataset, summary
from forecast.data.reading.columns import TABLES
from forecast.data.starter import write_starter
from forecast.runs.datasets import Shelf, preview, whole
from forecast.runs.store import Store, identity_of, import_bundle
from forecast.tables.data import assumptions_table, figures_table, files_table, series_table
from forecast.tables.table import Surface, View
from forecast.ui import data as module
from forecast.ui.data import template_bytes
from forecast.ui.kept import example_run
from tests.app_pages import APP, filled_book, keep_main, kept_run, page, said
from tests.small_dataset import write_dataset

ROOT = Path(__file__).parent.parent
SHOWN = View(lang="zh", surface=Surface.PAGE)
HEAD = "unit,indicator,period,measure,value,released,status,source\n"
NEW = f"{HEAD}ankang,fai,2020-09,cum_yoy_pct,-10.1,2020-10-20,published,市统计局\n".encode()
BAD = f"{HEAD}ankan,fai,2020-09,cum_yoy_pct,很低,2020-10-20,published,市统计局\n".encode()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    return home, kept_run(home, draws=250)


@pytest.fixture
def home(made, monkeypatch, tmp_path):
    """A store of one run; its shelf is a test's own."""
    keep_main(monkeypatch)
    monkeypatch.setenv("DABIAO_HOME", str(made[0]))
    shelf = Shelf(tmp_path)
    for name in ("forecast.ui.data.Shelf", "forecast.ui.data.Shelf", "forecast.ui.choice.Shelf"):
        monkeypatch.setattr(name, lambda: shelf)
    return shelf


@pytest.fixture
def at(home):
    return page("data")


@pytest.fixture
def started(monkeypatch):
    """Runs that would have been started."""
    found = []
    monkeypatch.setattr(module, "start", lambda kind, folder, **more: found.append((kind, folder, more)))
    return found


@pytest.fixture
def empty(tmp_path, monkeypatch):
    keep_main(monkeypatch)
    monkeypatch.setenv("DABIAO_HOME", str(tmp_path / "none"))
    return AppTest.from_file(APP, default_timeout=60)


def give(at, name, content):
    at.file_uploader[0].set_value((name, content, "text/csv")).run()


def confirm(at, author="甲"):
    next(one for one in at.text_input if one.label == "操作人").set_value(author).run()
    next(one for one in at.button if one.label == "确认并入").click().run()


def shown_tables(at):
    return [one.value for one in at.dataframe]


def test_an_upload_is_shown_before_it_is_kept_and_can_be_taken_back(at, home, made):
    at.run()
    name = home.name_of(identity_of(made[1].dataset))
    give(at, "new.csv", NEW)
    assert not at.exception
    assert any("-10.1" in one.to_csv() for one in shown_tables(at))
    assert home.names() == []
    confirm(at)
    assert not at.exception
    assert home.current(name).version == 2
    after = read_dataset(home.folder(name, 2)).panel.observations
    assert ((after["period"].map(str) == "2020-09") & (after["value"] == -10.1)).any()
    next(one for one in at.button if one.label == "撤销第2版").click().run()
    assert home.current(name).version == 1
    assert home.current(name).data_hash == made[1].dataset.data_hash


def test_a_bad_file_is_told_in_full_and_changes_nothing(at, home):
    at.run()
    give(at, "bad.csv", BAD)
    told = shown_tables(at)[0].to_csv()
    assert "ankan" in told
    assert "很低" in told
    assert "第2行" in told
    assert not any(one.label == "确认并入" for one in at.button)
    assert home.names() == []
    give(at, "new.csv", NEW)
    assert any(one.label == "确认并入" for one in at.button)


def test_nobody_confirms_without_a_name(at):
    at.run()
    give(at, "new.csv", NEW)
    assert next(one for one in at.button if one.label == "确认并入").disabled


def test_newer_data_are_told_on_the_other_pages(at, home, made):
    home.add(whole(ROOT / "data" / "ankang-2020"), author="甲", based_on=0)
    name = home.name_of(identity_of(made[1].dataset))
    now = read_dataset(home.folder(name, 1))
    home.add(preview({"new.csv": NEW}, now), author="甲", based_on=1)
    app = AppTest.from_file(APP, default_timeout=60).run()
    assert any("第2版" in one.value for one in app.warning)


def test_a_newer_run_is_told_beside_an_older_one(tmp_path, monkeypatch):
    keep_main(monkeypatch)
    monkeypatch.setenv("DABIAO_HOME", str(tmp_path))
    small = write_dataset(tmp_path / "small")
    older, newer = (kept_run(tmp_path, seed=seed, draws=250, dataset=small) for seed in (2, 1))
    app = AppTest.from_file(APP, default_timeout=60).run()
    assert not any("较早的推演" in one.value for one in app.caption)
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params["run"] = older.run_id
    app.run()
    assert any("较早的推演" in one.value for one in app.caption)
    app.button(key="stale-open").click().run()
    assert app.selectbox(key="run").value == newer.run_id


def test_a_run_is_asked_for_as_the_form_says(at, started):
    at.session_state["data-tab"] = "推演"
    at.run()
    next(one for one in at.number_input if one.label == "种子").set_value(7)
    next(one for one in at.button if one.label == "开始推演").click().run()
    assert not at.exception
    kind, _, more = started[0]
    assert kind == "run"
    assert (more["seed"], more["as_of"], more["method"], more["draws"]) == (7, "2020-08", "fast", 4000)


def test_a_state_of_knowledge_that_cannot_be_read_is_told(at, started):
    at.session_state["data-tab"] = "推演"
    at.run()
    next(one for one in at.text_input if one.label == "数据截至").set_value("八月")
    next(one for one in at.button if one.label == "开始推演").click().run()
    assert "八月" in at.error[0].value
    assert started == []


@pytest.mark.parametrize("tab", ["数字来源", "假定与依据", "模板", "新建本市"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_part_of_the_page_opens(at, tab, lang):
    at.session_state["data-tab"] = tab
    if lang == "en":
        at.query_params["lang"] = "en"
    at.run()
    assert not at.exception
    assert not at.error


def test_every_figure_is_listed_with_its_file_and_row(made):
    panel = made[1].dataset.panel
    table = figures_table(panel, indicator=None, unit=None).screen(SHOWN)
    with (ROOT / "data" / "ankang-2020" / "observations.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(table) == len(rows)
    for shown in table.to_dict("records")[:: len(rows) // 40]:
        row = rows[shown["行"] - 2]
        assert float(row["value"]) == pytest.approx(shown["数值"])
        assert row["source"] == shown["来源"]
    some = figures_table(panel, indicator="fai", unit="ankang").screen(SHOWN)
    assert 0 < len(some) == sum(one["indicator"] == "fai" and one["unit"] == "ankang" for one in rows)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_page_and_terminal_tell_the_same_of_a_data_set(made, lang):
    dataset = made[1].dataset
    read = summary(dataset)
    page, screen = (View(lang=lang, surface=surface) for surface in (Surface.PAGE, Surface.TERMINAL))
    files = files_table(read)
    for row, cells in zip(files.screen(page).itertuples(index=False), files.grid(screen).rows, strict=True):
        told = [cell.text for cell in cells]
        assert [told[0], told[1]] == [row[1], str(row[2])]
        assert [one or "0" for one in told[3:]] == [str(one) for one in row[4:]]
    series = series_table(read, dataset.panel)
    for row, cells in zip(series.screen(page).itertuples(index=False), series.grid(screen).rows, strict=True):
        assert [cell.text for cell in cells] == [*map(str, row[:4]), f"{row[4]} – {row[5]}"]


def test_every_assumption_names_its_source(made):
    table = assumptions_table(made[1].dataset, "zh").screen(SHOWN)
    assert (table["来源"].str.len() > 0).all()
    assert (table["数值"].str.len() > 0).all()
    industries = made[1].dataset.panel.industries
    assert (table["假定"] == "行业弹性").sum() == len(industries)


@pytest.mark.parametrize("kind", ["observations", "projects", "enterprises"])
def test_a_template_has_the_columns_of_its_table(kind):
    head = template_bytes(kind).decode("utf-8-sig").strip().split(",")
    assert head == [column.name for column in TABLES[kind]]


# The first screen


def test_the_example_that_comes_with_the_program_opens_at_a_touch(empty):
    empty.run()
    assert not empty.exception
    empty.button(key="example").click().run()
    assert not empty.exception
    assert not empty.error
    assert empty.selectbox(key="run").value.startswith("example-")
    assert any("合成数据" in one.value for one in empty.html)


def test_the_example_is_small_and_whole_and_its_tables_are_those_of_its_draws(tmp_path):
    path = example_run()
    assert path is not None
    assert path.stat().st_size <= 3_000_000
    kept = import_bundle(Store(tmp_path), path)
    assert kept.damages() == ()
    assert kept.dataset().data_hash == read_dataset(ROOT / "data" / "example").data_hash
    table = kept.table("attainment")
    rows = {(one.target.indicator, one.target.unit, one.target.kind.value): one for one in kept.run().attainment.rows}
    for row in table.to_dict("records"):
        p = rows[row["indicator"], row["unit"], row["target_kind"]].p_reach
        assert (p is None) == (row["p_reach"] != row["p_reach"] or row["p_reach"] is None)
        assert p is None or p == pytest.approx(row["p_reach"], abs=5e-4)


def test_a_new_city_goes_from_its_workbook_to_a_run(empty, started, tmp_path):
    book = write_starter(tmp_path / "city", city_zh="甲市", province_zh="乙省", year=2020, as_of="2020-08").read_bytes()
    empty.run()
    give(empty, "进度数据.xlsx", filled_book(book, bad=True))
    told = shown_tables(empty)[0].to_csv()
    assert "进度数据!F" in told
    assert "进度数据!G" in told
    give(empty, "进度数据.xlsx", filled_book(book))
    assert any("甲市2020年" in one.value for one in empty.success)
    confirm(empty)
    assert not empty.exception
    kind, folder, more = started[0]
    assert (kind, more["name"]) == ("run", "甲市2020年")
    assert read_dataset(folder).config.name_zh == "甲市2020年"


def test_a_city_and_a_province_of_one_name_are_refused_in_words(empty):
    empty.run()
    empty.text_input(key="city-name").set_value("甲市")
    empty.text_input(key="city-province").set_value("甲市").run()
    assert "甲市" in said(empty)
    assert not empty.exception


def month_table(value: float) -> bytes:
    """A month's figures as an office sends them."""
    workbook = Workbook()
    for row in (["2020年1-9月安康市主要指标"], ["指标", "累计增速(%)"], ["固定资产投资", value], ["利用内资", 12.0]):
        workbook.active.append(row)
    target = io.BytesIO()
    workbook.save(target)
    return target.getvalue()


@pytest.mark.parametrize("name", ["9月.xlsx", "9月.et"])
def test_a_table_is_shown_as_it_was_understood_before_it_is_kept(at, home, name):
    at.run()
    give(at, name, month_table(-9.8))
    assert not at.exception
    (read, added) = [one.to_dict("records") for one in shown_tables(at)][:2]
    assert [(one["单元格"], one["地区"], one["截至月份"], one["数值"], one["原文"]) for one in read] == [
        ("B3", "安康市 (ankang)", "2020-09", "-9.8", "-9.8"),
        ("B4", "安康市 (ankang)", "2020-09", "12", "12"),
    ]
    assert [one["数值"] for one in added] == [-9.8]
    assert not at.checkbox
    assert home.names() == []


def test_a_figure_in_doubt_is_asked_about_with_its_cell_and_kept_as_confirmed(at, home, made):
    at.run()
    name = home.name_of(identity_of(made[1].dataset))
    give(at, "9月.xlsx", month_table(98.0))
    (box,) = [one for one in at.checkbox if "98" in one.label]
    assert "9月.xlsx" in box.label
    assert "Sheet!B3" in box.label
    assert "左右" in box.label
    confirm(at)
    unticked = read_dataset(home.folder(name, 2))
    assert [doubt.value for doubt in unticked.doubts] == [98.0]
    next(one for one in at.button if one.label == "撤销第2版").click().run()
    give(at, "9月.xlsx", month_table(98.0))
    next(one for one in at.checkbox if "98" in one.label).check().run()
    confirm(at)
    folder = home.folder(name, home.current(name).version)
    assert read_dataset(folder).doubts == ()
    assert "ankang,fai,2020-09,98" in (folder / "accepted.csv").read_text("utf-8-sig")
    after = home.add(
        preview({"new.csv": NEW.replace(b"fai", b"ind_va")}, read_dataset(folder)),
        author="乙",
        based_on=home.current(name).version,
    )
    assert 98.0 not in [doubt.value for doubt in read_dataset(home.folder(name, after.version)).doubts]  # it stays


def test_a_months_table_does_not_replace_a_data_set_that_is_a_workbook(tmp_path):
    book = write_starter(tmp_path / "city", city_zh="安康市", province_zh="陕西省", year=2020, as_of="2020-08")
    book.write_bytes(filled_book(book.read_bytes()))
    made = preview({"9月.xlsx": month_table(-9.8)}, read_dataset(book))
    assert made.prepared is not None
    assert [one.value for one in made.prepared.intake.additions] == [-9.8]
    assert made.read[0].figures[0].cell == "Sheet!B3"
