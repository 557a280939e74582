"""Charts as pictures: the tables' numbers, Chinese without empty boxes, the same bytes every time."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from functools import cache

import pytest

from forecast.errors import UsageError
from forecast.report import report_charts as fonts
from forecast.report.report_charts import FORMATS, PIXEL_RATIO, chance_rows, drawn, fan, report_charts, small_fan
from forecast.texts import catalogue, t
from tests.report_dossier import bare, dossier, synthetic

MISSING = "\U0010fffd"


@cache
def charts(lang="zh"):
    return report_charts(dossier(), lang)


@cache
def files(name):
    return drawn(charts()[name], FORMATS)


def glyph(vl_convert, char, form="png"):
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">'
        f'<text x="4" y="32" font-size="30" font-family="{fonts.stack()}">{char}</text></svg>'
    )
    return vl_convert.svg_to_png(svg) if form == "png" else vl_convert.svg_to_pdf(svg)


def test_no_character_of_a_chart_is_an_empty_box():
    """Every character has a picture of its own, and none is that of a character that no font has."""
    vl_convert = pytest.importorskip("vl_convert")
    fonts.ready()
    words = [
        text for key, text in catalogue("zh").items() if key.startswith(("reports.chart", "ui.outcome", "ui.growth"))
    ]
    chars = {c for text in [*words, *(g.main.name_zh for g in dossier().goals)] for c in text if ord(c) > 0x2E7F}
    assert len(chars) >= 40
    pictures = {char: glyph(vl_convert, char) for char in chars}
    assert len(set(pictures.values())) == len(chars)
    assert glyph(vl_convert, MISSING) not in pictures.values()


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="pdftoppm is not installed")
def test_no_character_of_a_pdf_is_an_empty_box(tmp_path):
    vl_convert = pytest.importorskip("vl_convert")
    fonts.ready()
    pixels = set()
    for k, char in enumerate("达标推演增速"):
        path = tmp_path / f"{k}.pdf"
        path.write_bytes(glyph(vl_convert, char, "pdf"))
        made = subprocess.run(["pdftoppm", "-r", "72", str(path)], check=True, capture_output=True)
        pixels.add(made.stdout)
    blank = tmp_path / "blank.pdf"
    blank.write_bytes(glyph(vl_convert, MISSING, "pdf"))
    pixels.add(subprocess.run(["pdftoppm", "-r", "72", str(blank)], check=True, capture_output=True).stdout)
    assert len(pixels) == 7


def test_without_a_font_with_chinese_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(fonts, "_drawn", lambda: False)
    monkeypatch.setenv(fonts.FOLDER_VARIABLE, "nowhere")
    with pytest.raises(UsageError, match="fonts-noto-cjk"):
        fonts.ready()
    fonts._found.cache_clear()


def test_the_same_dossier_gives_the_same_bytes():
    row = next(g.main for g in dossier().goals if g.main.target.indicator == "fai")
    assert drawn(fan(row, dossier(), "zh"), FORMATS) == files("fan-fai")


def test_files_are_what_they_say_they_are():
    made = files("fan-fai")
    assert made["png"].startswith(b"\x89PNG")
    assert made["pdf"].startswith(b"%PDF")
    assert made["svg"].startswith(b"<svg")
    width, height = struct.unpack(">II", made["png"][16:24])
    assert width > 640 * PIXEL_RATIO
    assert height > 340 * PIXEL_RATIO
    assert b"CreationDate" not in made["pdf"]
    assert b"tIME" not in made["png"]


def test_bars_are_the_chances_of_the_attainment_table():
    frame = dossier().tables["attainment"]
    mine = frame[(frame["unit"] == "ankang") & (frame["target_kind"] == "province_average")].set_index("name_zh")
    rows = chance_rows(dossier(), "zh")
    assert len(rows) == 2 * len(mine)
    for row in rows:
        column = "p_near" if row["kind"] == "达到或接近" else "p_reach"
        assert row["p"] == mine.loc[row["name"], column]


def test_a_picture_says_as_of_when_from_which_run_and_what_is_synthetic():
    text = files("scenarios")["svg"].decode()
    assert "截至8月" in text
    assert dossier().run.run_id in text
    assert t("reports.mark_ledger", "zh") in text
    assert t("reports.mark_ledger", "zh") not in files("fan-fai")["svg"].decode()
    marked = drawn(fan(dossier().goals[0].main, synthetic(), "zh"), ("svg",))["svg"].decode()
    assert t("reports.mark_data", "zh") in marked


def test_names_of_files_are_those_of_indicators():
    assert all(re.fullmatch(r"(fan|gap)-\w+|chances|scenarios", name) for name in charts())
    assert "scenarios" not in report_charts(bare(), "zh")
    assert small_fan(dossier().goals[0].main, dossier(), "en")
