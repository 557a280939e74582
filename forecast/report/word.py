"""Official documents: page, fonts, spacing and numbering after GB/T 9704, tables that fit the page, PDF of them.

GB/T 9704-2012: A4, margins 37 / 35 / 28 / 26 mm, title 小标宋 二号, body 仿宋 三号 at 28 points, headings of the first
level 黑体, of the second 楷体, numbered 一、（一）1.（1）, page number － 1 － at the outer side below.

Invariant: a table is as wide as its page, whatever is in it; every run names its East Asian font; the bytes
depend on nothing but what is said; without LibreOffice no PDF is written and nothing fails (held by
``tests/test_report_scheme.py``, ``tests/test_report_brief.py``, ``tests/test_report_export.py``).
"""

from __future__ import annotations

import datetime as dt
import io
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from docx import Document
from docx.document import Document as Documented
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from forecast.files import write_whole
from forecast.tables.dossier import Dossier
from forecast.tables.kind import text_width
from forecast.tables.table import Cell, Grid
from forecast.texts import Lang, t, visible

MARGINS_MM: Final = (37, 35, 28, 26)
"""Top, bottom, left, right."""
CELL_MARGIN_MM: Final = 0.8
RED: Final = "C00000"
ALTERNATIVES: Final[Mapping[str, str]] = {
    "方正小标宋简体": "华文中宋;Noto Serif CJK SC",
    "仿宋": "仿宋_GB2312;FangSong;Noto Serif CJK SC",
    "楷体": "楷体_GB2312;KaiTi;Noto Serif CJK SC",
    "黑体": "SimHei;Noto Sans CJK SC",
    "宋体": "SimSun;Noto Serif CJK SC",
}
"""What a program may take where it has no such font."""


@dataclass(frozen=True, slots=True)
class Face:
    """Letters of one kind of paragraph.

    spacing : points from line to line, exactly; 0: as the letters need
    indent : characters of the first line
    """

    east_asian: str
    size: float
    bold: bool = False
    spacing: float = 28.0
    indent: int = 2
    centred: bool = False
    colour: str = ""


type Kind = str

FACES: Final[Mapping[Kind, Face]] = {
    "title": Face("方正小标宋简体", 22, spacing=34, indent=0, centred=True),
    "subtitle": Face("楷体", 16, indent=0, centred=True),
    "mark": Face("黑体", 14, indent=0, centred=True, colour=RED),
    "to": Face("仿宋", 16, indent=0),
    "head1": Face("黑体", 16),
    "head2": Face("楷体", 16),
    "body": Face("仿宋", 16),
    "caption": Face("黑体", 12, spacing=22, indent=0, centred=True),
    "note": Face("仿宋", 10.5, spacing=16, indent=0),
    "warning": Face("仿宋", 10.5, spacing=16, indent=0, colour=RED),
    "resting": Face("黑体", 10.5, spacing=16, indent=0, centred=True, colour=RED),
}
"""Of the official form: 二号 is 22 points, 三号 16."""
LATIN: Final[Mapping[Lang, str]] = {"zh": "Times New Roman", "en": "Times New Roman"}


def new_document(*, landscape: bool = False) -> Documented:
    """An empty document of the official page."""
    document = Document()
    section = document.sections[0]
    top, bottom, left, right = (Mm(mm) for mm in MARGINS_MM)
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = top, bottom, left, right
    section.header_distance, section.footer_distance = Mm(15), Mm(25)
    if landscape:
        lay_across(section)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Times New Roman", Pt(16)
    _fonts(normal.element.get_or_add_rPr(), "仿宋", "Times New Roman")
    normal.paragraph_format.space_after = Pt(0)
    _alternatives(document)
    _language(document)
    return document


def lay_across(section: Any) -> None:
    """Turn the page of a section on its side."""
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = (
        Mm(28),
        Mm(26),
        Mm(25),
        Mm(25),
    )


def _fonts(properties: Any, east_asian: str, latin: str) -> None:
    fonts = properties.find(qn("w:rFonts"))
    if fonts is None:
        fonts = OxmlElement("w:rFonts")
        properties.insert(0, fonts)
    for name in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{name}"), latin)
    fonts.set(qn("w:eastAsia"), east_asian)
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:hint"), "eastAsia")


def _language(document: Documented) -> None:
    """Say that the text is Chinese, so that a program that lacks a font takes one with Chinese shapes."""
    named = [*document.styles.element.iter(qn("w:lang")), *document.settings.element.iter(qn("w:themeFontLang"))]
    for language in named:
        language.set(qn("w:eastAsia"), "zh-CN")


def _alternatives(document: Documented) -> None:
    """Name other fonts for a program that lacks the official ones."""
    part = next((p for p in document.part.package.iter_parts() if str(p.partname).endswith("fontTable.xml")), None)
    if part is None:
        return
    added = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:charset w:val="86"/></w:font>'
        for name, other in ALTERNATIVES.items()
    )
    part._blob = part.blob.replace(b"</w:fonts>", added.encode("utf-8") + b"</w:fonts>")


def add_text(place: Any, text: str, face: Face, *, lang: Lang = "zh", paragraph: Any = None) -> Any:
    """Add a paragraph with the letters of a face to a document or a cell; ``paragraph``: to that one instead."""
    paragraph = place.add_paragraph() if paragraph is None else paragraph
    form = paragraph.paragraph_format
    form.space_before = form.space_after = Pt(0)
    if face.spacing:
        form.line_spacing = Pt(face.spacing)
    if face.indent:
        _indent(paragraph, face)
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER if face.centred else WD_ALIGN_PARAGRAPH.JUSTIFY
    run = paragraph.add_run(text)
    style_run(run, face, lang=lang)
    return paragraph


def style_run(run: Any, face: Face, *, lang: Lang = "zh") -> None:
    """Give a run the letters of a face."""
    run.font.size, run.font.bold = Pt(face.size), face.bold
    run.font.name = LATIN[lang]
    _fonts(run._element.get_or_add_rPr(), face.east_asian, LATIN[lang])
    if face.colour:
        run.font.color.rgb = RGBColor.from_string(face.colour)


def _indent(paragraph: Any, face: Face) -> None:
    """Indent the first line by characters, so that it stays so when the letters change."""
    paragraph.paragraph_format.first_line_indent = Pt(face.size * face.indent)
    paragraph._p.get_or_add_pPr().find(qn("w:ind")).set(qn("w:firstLineChars"), str(100 * face.indent))


def number_pages(section: Any, source: str, *, lang: Lang) -> None:
    """Footer: － 1 － in the middle, and where the numbers come from."""
    footer = section.footer
    footer.is_linked_to_previous = False
    paragraph = footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    face = Face("宋体", 14, spacing=0, indent=0)
    style_run(paragraph.add_run("－ "), face, lang=lang)
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = paragraph.add_run()
        style_run(run, face, lang=lang)
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark = OxmlElement("w:instrText")
            mark.set(qn("xml:space"), "preserve")
            mark.text = text
        run._r.append(mark)
    style_run(paragraph.add_run(" －"), face, lang=lang)
    add_text(footer, source, Face("仿宋", 8, spacing=0, indent=0, centred=True, colour="595959"), lang=lang)


def mark_pages(section: Any, mark: str, *, lang: Lang) -> None:
    """Header of all pages of a section: what must stand on them because numbers rest on synthetic rows."""
    header = section.header
    header.is_linked_to_previous = False
    if mark:
        add_text(header, mark, FACES["resting"], lang=lang, paragraph=header.paragraphs[0])


def official_table(place: Any, rows: int, columns: int, widths_mm: list[float]) -> Any:
    """A table with thin lines all around, of fixed widths, in the middle of the page."""
    table = place.add_table(rows=rows, cols=columns)
    table.style = "Table Grid"
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    _cell_margins(table, CELL_MARGIN_MM)
    for k, width in enumerate(widths_mm):
        table.columns[k].width = Mm(width)
        for cell in table.columns[k].cells:
            cell.width = Mm(width)
    return table


def _cell_margins(table: Any, margin_mm: float) -> None:
    """Leave as little beside the letters as a table of many columns can bear."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        one = OxmlElement(f"w:{side}")
        one.set(qn("w:w"), str(round(margin_mm / 25.4 * 1440)))
        one.set(qn("w:type"), "dxa")
        margins.append(one)
    properties = table._tbl.tblPr
    look = properties.find(qn("w:tblLook"))
    properties.insert(list(properties).index(look), margins) if look is not None else properties.append(margins)


def repeat_head(row: Any) -> None:
    """Repeat a row of headings on every page, and keep it whole."""
    properties = row._tr.get_or_add_trPr()
    for name in ("w:tblHeader", "w:cantSplit"):
        properties.append(OxmlElement(name))


def keep_whole(row: Any) -> None:
    """Never break a row over two pages."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def shade(cell: Any, fill: str) -> None:
    """Fill a cell with a colour."""
    shading = OxmlElement("w:shd")
    shading.set(qn("w:val"), "clear")
    shading.set(qn("w:fill"), fill)
    cell._tc.get_or_add_tcPr().append(shading)


def fixed(document: Any, *, title: str, subject: str, author: str, when: dt.datetime) -> bytes:
    """A document as bytes that depend on nothing but what it says: no clock in its properties or in its archive."""
    core = document.core_properties
    core.title, core.subject, core.author, core.last_modified_by = title, subject, author, author
    core.created = core.modified = core.last_printed = when
    core.revision, core.comments, core.keywords, core.category = 1, "", "", ""
    buffer = io.BytesIO()
    document.save(buffer)
    return repacked(buffer.getvalue())


def repacked(archive: bytes) -> bytes:
    """An archive with all its files dated alike."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            new.writestr(entry, old.read(name))
    return out.getvalue()


def numerals(number: int) -> str:
    """Chinese numeral of a heading, up to 99: 十二."""
    digits = "零一二三四五六七八九"
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else f"{digits[tens]}十")
    return head + (digits[ones] if ones or not tens else "")


UPRIGHT_MM: Final = 156.0
ACROSS_MM: Final = 247.0
"""Width of the text on an upright page and on one that lies across."""
CELL: Final = Face("仿宋", 10.5, spacing=15, indent=0, centred=True)
CELL_HEAD: Final = Face("黑体", 10.5, spacing=15, indent=0, centred=True)
SMALL: Final = Face("仿宋", 9, spacing=12, indent=0, centred=True)
SMALL_HEAD: Final = Face("黑体", 9, spacing=12, indent=0, centred=True)


def table(document: Any, grid: Grid, *, lang: Lang, width_mm: float = UPRIGHT_MM, small: bool = False) -> None:
    """A table in a document: its caption, what must be read first, then columns as wide as what is in them needs."""

    def lined(cell: Cell) -> str:
        return visible(f"{cell.text}\n{cell.below}" if cell.below else cell.text)

    for kind, text in (("caption", grid.caption), ("warning", grid.warning), ("resting", grid.mark)):
        if text:
            paragraph = add_text(document, visible(text), FACES[kind], lang=lang)
            paragraph.paragraph_format.keep_with_next = True
    head, rows = [lined(cell) for cell in grid.heads], [[lined(cell) for cell in row] for row in grid.rows]
    face, head_face = (SMALL, SMALL_HEAD) if small else (CELL, CELL_HEAD)
    made = official_table(document, len(rows) + 1, len(head), widths(head, rows, width_mm, face.size))
    repeat_head(made.rows[0])
    for k, text in enumerate(head):
        cell = made.cell(0, k)
        shade(cell, "E7EDF5")
        add_text(cell, text, head_face, lang=lang, paragraph=cell.paragraphs[0])
    for row, values in zip(made.rows[1:], rows, strict=True):
        keep_whole(row)
        for cell, text in zip(row.cells, values, strict=True):
            add_text(cell, text, face, lang=lang, paragraph=cell.paragraphs[0])


@dataclass(slots=True, kw_only=True, eq=False)
class Draft:
    """The document being written.

    resting : what must stand on the pages of the section at hand, because something on them rests on synthetic rows
    """

    document: Any
    dossier: Dossier
    lang: Lang
    resting: str = ""

    def say(self, key: str, **params: object) -> str:
        """A text of the scheme."""
        return t(f"reports.scheme_{key}", self.lang, **params)

    def add(self, kind: str, text: str) -> None:
        """A paragraph in the letters of its kind."""
        paragraph = add_text(self.document, visible(text), FACES[kind], lang=self.lang)
        paragraph.paragraph_format.keep_with_next = kind in ("head1", "head2", "caption", "resting")

    def rest(self, mark: str) -> None:
        """Say of the sentences that follow that they rest on synthetic rows, and keep it for the pages."""
        if mark:
            self.add("resting", mark)
            self.resting = mark

    def show(self, grid: Grid, *, number: int = 0, width_mm: float = UPRIGHT_MM, small: bool = False) -> None:
        """A table, numbered where it has a number; its mark is kept for the pages."""
        caption = self.say("table", number=number, title=grid.caption) if number else ""
        table(self.document, replace(grid, caption=caption), lang=self.lang, width_mm=width_mm, small=small)
        self.resting = grid.mark or self.resting

    def close(self, section: Any) -> None:
        """End a section: its pages are marked where something on them asked for it."""
        mark_pages(section, self.resting, lang=self.lang)
        self.resting = ""

    def section(self, number: int, key: str) -> None:
        """Heading of the first level."""
        head = self.say(f"head_{key}")
        self.add("head1", f"{numerals(number)}、{head}" if self.lang == "zh" else f"{number}. {head}")

    def part(self, number: int, text: str) -> None:
        """Heading of the second level."""
        self.add("head2", f"（{numerals(number)}）{text}" if self.lang == "zh" else f"({number}) {text}")

    def points(self, lines: Sequence[str]) -> None:
        """Paragraphs numbered 1. 2. 3.; a single one without number."""
        for k, line in enumerate(lines, 1):
            self.add("body", f"{k}.{line}" if len(lines) > 1 else line)


def widths(head: Sequence[str], rows: Sequence[Sequence[str]], width_mm: float, size: float) -> list[float]:
    """Short columns as wide as they need, the others sharing what is left in proportion to theirs.

    size : points of the letters; half of it is the width of a digit
    """
    half_mm = size / 2.0 * 25.4 / 72.0
    needs = []
    for k, title in enumerate(head):
        longest = max((text_width(row[k]) for row in rows), default=0.0)
        word = max(text_width(line) for line in title.split("\n")) / 3.0
        needs.append(max(longest, word, 4.0) * half_mm + 2.4)
    if sum(needs) <= width_mm:
        return [need / sum(needs) * width_mm for need in needs]
    fair = width_mm / len(needs)
    short = {k for k, need in enumerate(needs) if need <= fair}
    left, rest = width_mm - sum(needs[k] for k in short), sum(need for k, need in enumerate(needs) if k not in short)
    return [need if k in short else need / rest * left for k, need in enumerate(needs)]


SECONDS: Final = 120
"""LibreOffice starts slowly on a busy machine; beyond this it hangs."""


def office() -> str | None:
    """LibreOffice's program; None where it is not installed."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def to_pdf(documents: Sequence[Path], *, when: dt.date) -> list[Path]:
    """Documents as PDF beside them; none without LibreOffice, or where it fails.

    when : day that the files say they were made on
    """
    program = office()
    if program is None:
        return []
    return [made for document in documents if (made := _converted(program, document, when)) is not None]


def _converted(program: str, document: Path, when: dt.date) -> Path | None:
    """One document by a process of its own: what a process did before shows in the names of a PDF's fonts."""
    with tempfile.TemporaryDirectory(prefix="dabiao-") as scratch:
        profile = Path(scratch) / "profile"  # a profile of its own: an open LibreOffice is not disturbed
        command = [program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", "pdf"]
        try:
            subprocess.run(
                [*command, "--outdir", scratch, str(document)], check=True, capture_output=True, timeout=SECONDS
            )
        except (subprocess.SubprocessError, OSError):
            return None
        found = Path(scratch) / f"{document.stem}.pdf"
        if not found.is_file():
            return None
        target = document.with_suffix(".pdf")
        write_whole(target, undated(found.read_bytes(), when))
        return target


def undated(pdf: bytes, when: dt.date) -> bytes:
    """A PDF of LibreOffice as if made on a day: its date, and the numbers drawn from the clock, same length."""
    day = f"/CreationDate(D:{when:%Y%m%d}000000".encode()
    pdf = re.sub(rb"/CreationDate\(D:\d{14}", day, pdf)
    return re.sub(rb"(?<=[<\/])[0-9A-F]{32}(?=>|\s)", b"0" * 32, pdf)
