"""The brief: official form, two pages, and no number that is not in a table."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from functools import cache

import docx
import pytest
from docx.oxml.ns import qn

from forecast.errors import UsageError
from forecast.report import brief
from forecast.report.brief import brief_bytes, brief_context, template_bytes, template_path
from forecast.report.export import all_sheets
from forecast.report.word import ALTERNATIVES, numerals, office, repacked, to_pdf
from forecast.tables import words
from forecast.tables.notes import plain_name
from forecast.texts import LANGS, t
from tests.report_dossier import bare, dossier, synthetic

NUMBER = re.compile(r"\d+(?:\.\d+)?")


@cache
def content(lang="zh"):
    return brief_bytes(dossier(), lang)


def opened(made):
    return docx.Document(io.BytesIO(made))


def texts(document):
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return [p.text for p in document.paragraphs] + cells


def printed_numbers(found, lang):
    """Every number that a table of the dossier prints, without its sign."""
    numbers = set()
    for sheet in all_sheets(found, lang):
        for row in sheet.rows:
            for value, field in zip(row, sheet.fields, strict=True):
                numbers |= set(NUMBER.findall(field.kind.shown(value, lang)))
        numbers |= {n for note in sheet.notes for n in NUMBER.findall(note)}
    return numbers | {n.removesuffix(".0") for n in numbers}


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("found", [dossier, bare, synthetic])
def test_every_number_of_the_prose_is_printed_in_a_table(found, lang):
    context = brief_context(found(), lang)
    known = printed_numbers(found(), lang) | {str(k) for k in range(len(found().goals) + 1)}
    prose = [*context["overall"], *context["causes"], *context["advice"], *context["risks"]]
    prose += [group["text"] for group in context["indicators"]]
    numbers = [n for line in prose for n in NUMBER.findall(line)]
    assert len(numbers) > 15
    assert [n for n in numbers if n not in known] == []


def test_growth_to_date_and_the_provinces_are_of_one_month_and_subtract_as_printed():
    compared = {plain_name(g.average, "zh"): g.average for g in dossier().goals if g.average and g.average.compared}
    rows = {row["indicator"]: row for row in brief_context(dossier(), "zh")["rows"]}
    assert compared
    for name, judged in compared.items():
        row, month = rows[name], words.through(judged.gap_period, "zh")
        own, theirs = (float(row[k].removesuffix(f"（{month}）")) for k in ("ytd", "province"))
        assert own - theirs == pytest.approx(float(row["gap"]), abs=1e-9)


def test_the_table_of_the_brief_is_the_forecast_table():
    rows = {row["indicator"]: row for row in brief_context(dossier(), "zh")["rows"]}
    sheet = all_sheets(dossier(), "zh")[0]
    pairs = {"gap": "gap_pp", "near": "p_near", "reach": "p_reach"}
    pairs |= {"required": "required_pct", "light": "light", "province_year": "province_pct"}
    for record in sheet.records():
        for mine, theirs in pairs.items():
            style = sheet.fields[sheet.position(theirs)].kind
            assert rows[record["indicator"]][mine] == style.shown(record[theirs], "zh")


def test_the_sections_of_a_brief_stand_in_order():
    lines = [p.text for p in opened(content()).paragraphs]
    heads = [line for line in lines if re.match(r"[一二三四五]、", line)]
    assert heads == [
        t(f"reports.brief_head_{name}", "zh") for name in ("overall", "indicators", "causes", "advice", "risks")
    ]
    assert any(line.startswith("主送：") for line in lines)
    assert not any("{{" in text or "{%" in text for text in texts(opened(content())))


@pytest.mark.parametrize("lang", LANGS)
def test_every_run_names_its_east_asian_font(lang):
    with zipfile.ZipFile(io.BytesIO(content(lang))) as archive:
        assert "word/document.xml" in archive.namelist()
    document = opened(content(lang))
    roots = [document.element.body, *(s.footer._element for s in document.sections)]
    runs = [run for root in roots for run in root.iter(qn("w:r")) if any(t.text for t in run.findall(qn("w:t")))]
    assert len(runs) > 30
    for run in runs:
        fonts = run.find(qn("w:rPr")).find(qn("w:rFonts"))
        assert fonts.get(qn("w:eastAsia")) in ALTERNATIVES


def test_the_same_dossier_gives_the_same_bytes():
    assert brief_bytes(dossier(), "zh") == content()
    with zipfile.ZipFile(io.BytesIO(content())) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    core = opened(content()).core_properties
    assert core.created == core.modified
    assert core.created.isoformat().startswith("2020-09-30")


def test_fans_are_pictures_and_the_footer_says_where_numbers_come_from():
    document = opened(content())
    assert len(document.inline_shapes) == 2
    footer = "".join(p.text for p in document.sections[0].footer.paragraphs)
    source = dossier().provenance
    assert source.run_id in footer
    assert source.data_hash in footer


def test_synthetic_rows_are_marked_on_the_page():
    assert t("reports.mark_ledger", "zh") in texts(opened(content()))
    assert brief_context(replace(bare(), plans=()), "zh")["mark"] == ""
    assert brief_context(synthetic(), "zh")["mark"] == t("reports.mark_data", "zh")


@pytest.mark.parametrize("lang", LANGS)
def test_the_template_in_the_package_is_what_its_module_makes(lang):
    assert template_path(lang).read_bytes() == template_bytes(lang)


@pytest.fixture
def no_pictures(monkeypatch):
    """Pictures take a second each and do not matter to a template."""
    monkeypatch.setattr(brief, "_figures", lambda *_: [])


def test_a_template_that_the_user_changed_is_used(tmp_path, no_pictures):
    document = opened(template_bytes("zh"))
    document.add_paragraph("抄送：{{ to }}")
    path = tmp_path / "own.docx"
    document.save(path)
    assert "抄送：市长办公会" in texts(opened(brief_bytes(dossier(), "zh", template=path, to="市长办公会")))


@pytest.mark.parametrize("broken", ["{{ nothing_of_that.name }}", "{% for %}"])
def test_a_template_that_cannot_be_used_is_told(tmp_path, no_pictures, broken):
    document = opened(template_bytes("zh"))
    document.add_paragraph(broken)
    path = tmp_path / "own.docx"
    document.save(path)
    with pytest.raises(UsageError, match="cannot be used as a template"):
        brief_bytes(dossier(), "zh", template=path)
    path.write_bytes(b"no document")
    with pytest.raises(UsageError, match="cannot be used as a template"):
        brief_bytes(dossier(), "zh", template=path)


def test_numerals_and_archives():
    assert [numerals(n) for n in (1, 6, 10, 11, 20, 21)] == ["一", "六", "十", "十一", "二十", "二十一"]
    assert repacked(repacked(content())) == repacked(content())


@pytest.mark.skipif(office() is None, reason="LibreOffice is not installed")
def test_it_is_two_pages_and_its_pdf_is_the_same_every_time(tmp_path):
    paths = [tmp_path / f"{name}.docx" for name in ("brief", "again")]
    for path in paths:
        path.write_bytes(content())
    made = to_pdf(paths, when=dossier().run.paths.as_of.day)
    if not made:
        pytest.skip("this LibreOffice has no Writer")
    one, other = (path.read_bytes() for path in made)
    assert len(re.findall(rb"/Type\s*/Page\b", one)) == 2
    assert one == other
