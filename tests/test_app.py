"""The app's pages: what they say is what the files say, and whatever is wrong is said."""

from __future__ import annotations

import csv
import importlib
import os
import re
import socket
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from forecast.answers.evidence import Evidence
from forecast.cli.options import Call
from forecast.report import html
from forecast.report.charts import fan_chart, gap_chart
from forecast.report.files import answers, write_run
from forecast.runs.run import Request, run
from forecast.runs.store import Store
from forecast.tables import words
from forecast.tables.monthly import Growth, of_indicator
from forecast.tables.table import Cell, Grid

commands = importlib.import_module("forecast.cli.runs")  # forecast.cli.runs, as a name, is the whole command line
ROOT = Path(__file__).parent.parent
APP = str(ROOT / "app.py")
HALF_A_DIGIT = 0.05 + 0.005 + 1e-9
"""Half a unit of what the page prints (one decimal) and of what the file does (two)."""


@pytest.fixture(autouse=True)
def _main_module_stays(monkeypatch):
    """AppTest leaves the page's script as ``__main__``, which processes spawned later would try to run again."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


class Rows(HTMLParser):
    """Cells of the rows of a table, each the texts in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[list[str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append([])

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1].append(data)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A store with two runs, the older one first; and the files of both."""
    home = tmp_path_factory.mktemp("home")
    store = Store(home)
    made = []
    for seed in (2, 1):
        finished = run(Request(dataset=ROOT / "data" / "ankang-2020", as_of="2020-08", seed=seed, draws=500))
        store.keep(finished, answers(finished))
        write_run(finished, home / "out" / str(seed))
        made.append(finished)
    return home, made


@pytest.fixture
def app(kept, monkeypatch):
    monkeypatch.setenv("DABIAO_HOME", str(kept[0]))
    return AppTest.from_file(APP, default_timeout=60)


@pytest.fixture
def indicator_page(kept, monkeypatch):
    monkeypatch.setenv("DABIAO_HOME", str(kept[0]))

    def script() -> None:
        from forecast.ui.choice import choose_lang
        from forecast.ui.indicator import indicator
        from forecast.ui.main import choose

        chosen = choose(choose_lang())
        assert chosen is not None
        indicator(chosen)

    return AppTest.from_function(script, default_timeout=60)


def table(at: AppTest, kind: str) -> list[list[list[str]]]:
    found = [one.value for one in at.html if f'class="dabiao {kind}"' in one.value]
    return Rows(found[0]).rows


def said(at: AppTest, kind: str) -> str:
    return next(one.value for one in at.html if f"dabiao-{kind}" in one.value and "<style>" not in one.value)


def attainment(home: Path, seed: int) -> list[dict[str, str]]:
    with (home / "out" / str(seed) / "attainment.csv").open(encoding="utf-8-sig") as file:
        return [row for row in csv.DictReader(file) if row["target_kind"] == "province_average"]


def numbers(texts: list[str]) -> list[float]:
    return [float(x) for x in re.findall(r"[+-]\d+\.\d|0\.0", " ".join(texts))]


def close(shown: float, written: str) -> bool:
    return abs(shown - float(written)) <= HALF_A_DIGIT


def test_the_first_page_opens_on_the_newest_run_without_a_complaint(app, kept):
    app.run()
    assert not app.exception
    assert not app.error
    assert not app.warning
    assert app.selectbox(key="run").value == kept[1][-1].run_id
    assert "截至8月，8项考核指标中4项可研判" in said(app, "sentence")
    assert kept[1][-1].run_id in app.caption[-1].value


def test_the_table_of_the_first_page_is_that_of_the_file(app, kept):
    rows = table(app.run(), "leaders")
    records = attainment(kept[0], 1)
    assert [head[0] for head in rows[0]][3] == "全年差距"
    assert len(rows[0]) == 8
    assert len(rows) == 1 + len(records)
    judged = 0
    for cells, record in zip(rows[1:], records, strict=True):
        _, ytd, forecast, gap, near, reach, required, light = cells
        assert (record["ytd_growth_pct"] == "") == (ytd[0] == "未公布")
        if record["ytd_growth_pct"]:
            assert close(numbers(ytd)[0], record["ytd_growth_pct"])
        if record["gap_pp"]:
            assert close(numbers(ytd)[-1], record["gap_pp"])
        if not record["p_reach"]:
            assert forecast == ["资料不足，暂不研判"]
            assert gap == near == reach == light == ["—"]
            continue
        judged += 1
        assert len(numbers(gap)) == 1
        assert close(numbers(gap)[0], record["year_gap_pp"])
        fields = ("forecast_growth_pct", "forecast_p10", "forecast_p90")
        assert all(close(x, record[f]) for x, f in zip(numbers(forecast), fields, strict=True))
        evidence = Evidence(record["evidence"])
        for cell, field in ((near, "p_near"), (reach, "p_reach")):
            p = float(record[field])
            word = [words.band(p, "zh", evidence=evidence)] if field == f"p_{record['criterion']}" else []
            assert cell == [words.probability(p, "zh", evidence=evidence), *word]
        if record["required_growth_pct"]:
            assert close(numbers(required[:1])[0], record["required_growth_pct"])
        assert light[0] == {"green": "绿", "yellow": "黄", "red": "红"}[record["light"]]
    assert judged >= 4


def test_sorting_by_risk_puts_the_least_likely_first_and_the_unjudged_last(app, kept):
    official = [cells[0][0] for cells in table(app.run(), "leaders")[1:]]
    app.segmented_control(key="sort").set_value("risk").run()
    by_risk = [cells[0][0] for cells in table(app, "leaders")[1:]]
    assert sorted(official) == sorted(by_risk)
    p = {r["name_zh"]: float(r["p_near"]) for r in attainment(kept[0], 1) if r["p_near"]}
    shown = [p[name] for name in by_risk[: len(p)]]
    assert shown == sorted(shown)
    assert not set(by_risk[len(p) :]) & set(p)


def test_the_rule_of_the_lights_stands_beside_them(app):
    app.run()
    assert "80%及以上为绿，50%至80%为黄，50%以下为红" in said(app, "rule")


def test_english_changes_words_and_no_number(app):
    chinese = table(app.run(), "leaders")
    app.segmented_control(key="lang").set_value("en").run()
    english = table(app, "leaders")
    assert english[0][0] == ["Indicator"]
    assert [[numbers(cell) for cell in row] for row in english] == [[numbers(cell) for cell in row] for row in chinese]
    assert not app.exception


def test_an_older_run_is_shown_when_it_is_chosen(app, kept):
    older = kept[1][0].run_id
    app.run()
    app.selectbox(key="run").set_value(older).run()
    assert older in app.caption[-1].value
    rows, records = table(app, "leaders"), attainment(kept[0], 2)
    assert all(
        close(numbers(r[2])[0], c["forecast_growth_pct"])
        for r, c in zip(rows[1:], records, strict=True)
        if c["p_reach"]
    )


def test_a_run_in_the_address_is_opened(app, kept):
    app.query_params["run"] = kept[1][0].run_id
    app.run()
    assert app.selectbox(key="run").value == kept[1][0].run_id
    assert not app.warning


@pytest.mark.parametrize(("key", "what"), [("sort", "排序"), ("lang", "语言")])
def test_what_the_address_asks_for_and_does_not_exist_is_named(app, kept, key, what):
    app.query_params[key] = "nowhere"
    app.run()
    assert [one.value for one in app.warning] == [f"链接中的{what}“nowhere”不存在，已改用默认选项。"]
    assert app.selectbox(key="run").value == kept[1][-1].run_id


def test_what_is_chosen_is_in_the_address_in_every_language(app, indicator_page, kept):
    app.run()
    assert app.query_params == {"run": kept[1][-1].run_id}  # a newer one is not opened by this link
    app.segmented_control(key="sort").set_value("risk").run()
    app.segmented_control(key="lang").set_value("en").run()
    app.selectbox(key="run").set_value(kept[1][0].run_id).run()
    assert app.query_params == {"sort": "risk", "lang": "en", "run": kept[1][0].run_id}
    app.selectbox(key="run").set_value(kept[1][1].run_id).run()
    assert app.query_params["run"] == kept[1][1].run_id
    indicator_page.query_params["indicator"] = "fai"
    indicator_page.query_params["lang"] = "en"
    indicator_page.run()
    assert indicator_page.selectbox(key="indicator").value == "fai"
    assert not indicator_page.warning


def test_without_a_run_the_first_screen_says_how_to_make_one(tmp_path, monkeypatch):
    monkeypatch.setenv("DABIAO_HOME", str(tmp_path))
    at = AppTest.from_file(APP, default_timeout=60).run()
    assert not at.exception
    assert at.title[0].value == "还没有推演结果"
    assert any("dabiao init" in one.value for one in at.code)


def test_a_damaged_run_is_an_error_in_words(kept, tmp_path, monkeypatch):
    store = Store(tmp_path)
    finished = kept[1][0]
    place = store.keep(finished, answers(finished)).folder
    (place / "coupling.nc").write_bytes(b"")
    monkeypatch.setenv("DABIAO_HOME", str(tmp_path))
    at = AppTest.from_file(APP, default_timeout=60).run()
    assert not at.exception
    assert "coupling.nc" in at.error[0].value


def test_the_page_of_an_indicator_shows_the_months_of_the_file(indicator_page, kept):
    indicator_page.query_params["indicator"] = "fai"
    indicator_page.run()
    assert not indicator_page.exception
    assert indicator_page.selectbox(key="indicator").value == "fai"
    with (kept[0] / "out" / "1" / "paths.csv").open(encoding="utf-8-sig") as file:
        records = {(r["unit"], r["period"]): r for r in csv.DictReader(file) if r["indicator"] == "fai"}
    rows = table(indicator_page, "months")
    periods = sorted({period for _, period in records})
    assert len(rows) == 1 + len(periods)
    for cells, period in zip(rows[1:], periods, strict=True):
        places = [records[unit, period] for unit in ("ankang", "shaanxi")]
        wanted = [(r, head) for head in ("cum_yoy_pct", "month_yoy_pct") for r in places]
        for cell, (record, head) in zip(cells[1:], wanted, strict=True):
            shown = numbers(cell)
            assert close(shown[0], record[f"{head}_p50"])
            if len(shown) == 3:
                assert close(shown[1], record[f"{head}_p10"])
                assert close(shown[2], record[f"{head}_p90"])
            else:
                assert record["status"] == "published"


def test_an_indicator_without_figures_says_what_to_add(indicator_page):
    indicator_page.run()
    indicator_page.selectbox(key="indicator").set_value("fdi").run()
    assert not indicator_page.exception
    assert "请补充" in indicator_page.info[0].value


def test_an_unknown_indicator_in_the_address_is_named(indicator_page):
    indicator_page.query_params["indicator"] = "煤炭"
    indicator_page.run()
    assert "煤炭" in indicator_page.warning[0].value


def test_a_fan_chart_holds_the_rows_it_was_given(kept):
    frame = answers(kept[1][-1]).tables["paths"]
    rows = of_indicator(frame, "fai", ["ankang", "shaanxi"])
    chart = fan_chart(
        rows, {"ankang": "安康市", "shaanxi": "陕西省"}, growth=Growth.CUMULATIVE, target_pct=1.0, lang="zh"
    ).to_dict()
    held = max(chart["datasets"].values(), key=len)
    assert [one["cum_yoy_pct_p05"] for one in held] == rows["cum_yoy_pct_p05"].tolist()
    assert {one["place"] for one in held} == {"安康市", "陕西省"}
    assert [v for v in chart["datasets"].values() if len(v) == 1] == [[{"y": 1.0, "text": "目标 +1.0%"}]]


def test_a_gap_chart_names_its_outcomes(kept):
    from forecast.answers.judgement import distribution, year_ends_of

    finished = kept[1][-1]
    row = next(r for r in finished.attainment.rows if r.target.indicator == "fai" and r.p_reach is not None)
    found = year_ends_of(row.target, finished.paths, panel=finished.dataset.panel, config=finished.dataset.config)
    assert found is not None
    shares = distribution(found)
    a_draw = 1 / found.own.shape[1]
    assert shares.reached.sum() == pytest.approx(row.p_reach, abs=a_draw)
    assert (shares.near + shares.reached).sum() == pytest.approx(row.p_near, abs=a_draw)
    chart = gap_chart(shares, tolerance_pp=row.target.tolerance_pp, criterion=row.criterion, lang="zh").to_dict()
    bars = max(chart["datasets"].values(), key=len)
    assert sum(one["share"] for one in bars) == pytest.approx(1.0)
    assert {one["结果"] for one in bars} <= {"未达到", "接近", "达到"}


def test_texts_of_a_data_set_are_escaped():
    odd = Cell("<script>1</script>", "a & b")
    shown = html.labelled(Grid(kind="leaders", caption="<i>", heads=(odd, odd), rows=((odd, odd),)))
    assert "<script>" not in shown
    assert "<i>" not in shown
    assert "&lt;script&gt;1&lt;/script&gt;" in shown


def test_looking_at_results_never_imports_pymc(kept):
    script = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"at = AppTest.from_file({APP!r}, default_timeout=60).run()\n"
        "assert not at.exception and not at.error and at.selectbox\n"
        "import forecast.report.charts, forecast.ui.indicator\n"
        "print(sorted({'pymc', 'pytensor', 'nutpie', 'arviz'} & set(sys.modules)))\n"
    )
    made = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"DABIAO_HOME": str(kept[0])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout.strip() == "[]"


def test_settings_are_the_same_from_a_checkout_and_installed():
    installed = ROOT / "forecast" / "ui" / ".streamlit" / "config.toml"
    assert installed.read_text(encoding="utf-8") == (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert "gatherUsageStats = false" in installed.read_text(encoding="utf-8")


def test_nothing_is_loaded_from_elsewhere():
    for file in (ROOT / "forecast" / "ui").rglob("*"):
        if file.suffix in {".py", ".css", ".toml"}:
            assert "http" not in file.read_text(encoding="utf-8"), file
    icon = (ROOT / "forecast" / "ui" / "icon.svg").read_text(encoding="utf-8")
    assert icon.count("http") == 1, "the name space alone"


def test_a_data_set_with_a_kept_run_is_not_run_again(kept, monkeypatch):
    monkeypatch.setenv("DABIAO_HOME", str(kept[0]))
    anew = SimpleNamespace(kept=SimpleNamespace(run_id="run anew"))
    monkeypatch.setattr(Call, "run", lambda *_: anew)
    assert commands._kept_run(Call(lang="zh"), ROOT / "data" / "ankang-2020") == kept[1][-1].run_id
    assert commands._kept_run(Call(lang="zh"), ROOT / "data" / "example") == "run anew"


def test_a_port_in_use_is_not_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert commands._free_port(port) is None
        free = commands._free_port(None)
    assert free is not None
    assert free != port
