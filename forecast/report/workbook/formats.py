"""Cell formats of the workbook: fonts, borders, digits, colours of the lights.

Invariant: a number is shown with the digits of its style (held by ``tests/test_report_workbook.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from forecast.tables.table import Kind
from forecast.texts import Lang

LIGHTS: Final = {"green": ("#C6E8CE", "#0B5A2A"), "yellow": ("#FFE9A8", "#6B4E00"), "red": ("#F9C9CC", "#8B1220")}
"""Fill and letters of a light: apart in grey as well, and the word stands in the cell."""
FONTS: Final[Mapping[Lang, tuple[str, str]]] = {"zh": ("黑体", "宋体"), "en": ("Arial", "Arial")}
"""Of titles and headings, and of everything else: fonts that Excel and WPS have in China."""
EDGE: Final = {"border": 1, "border_color": "#7F7F7F"}
HEAD_FILL: Final = "#DCE6F1"
QUIET: Final = "#1F4E79"


@dataclass(frozen=True, slots=True, eq=False)
class Formats:
    """Formats of one workbook, made once each.

    book : xlsxwriter's workbook
    size : points of the letters in cells
    """

    book: Any
    lang: Lang
    made: dict[tuple[object, ...], Any]

    @classmethod
    def of(cls, book: Any, lang: Lang) -> Formats:
        """Formats of a new workbook."""
        return cls(book, lang, {})

    def _get(self, key: tuple[object, ...], properties: Mapping[str, object]) -> Any:
        if key not in self.made:
            self.made[key] = self.book.add_format({"valign": "vcenter", **properties})
        return self.made[key]

    @property
    def _fonts(self) -> tuple[str, str]:
        return FONTS[self.lang]

    def title(self) -> Any:
        """Title across the table."""
        return self._get(
            ("title",), {"font_name": self._fonts[0], "font_size": 18, "align": "center", "text_wrap": True}
        )

    def subtitle(self) -> Any:
        """The line below the title."""
        return self._get(("subtitle",), {"font_name": self._fonts[1], "font_size": 10.5, "align": "right"})

    def mark(self) -> Any:
        """The mark of synthetic data: red, so that no copy of the page goes without it."""
        return self._get(
            ("mark",),
            {
                "font_name": self._fonts[0],
                "font_size": 11,
                "align": "center",
                "font_color": "#C00000",
                "text_wrap": True,
            },
        )

    def head(self) -> Any:
        """Headings of columns."""
        return self._get(
            ("head",),
            {
                **EDGE,
                "font_name": self._fonts[0],
                "font_size": 10,
                "align": "center",
                "text_wrap": True,
                "bg_color": HEAD_FILL,
            },
        )

    def note(self) -> Any:
        """Notes below the table."""
        return self._get(
            ("note",),
            {
                "font_name": self._fonts[1],
                "font_size": 9.5,
                "text_wrap": True,
                "valign": "top",
                "font_color": "#404040",
            },
        )

    def cell(self, kind: Kind, *, quiet: bool = False, total: bool = False) -> Any:
        """A cell of the table; quiet for what is expected and not published, total for the row of sums."""
        align = "left" if kind.left else "center" if kind.centred else "right"
        properties: dict[str, object] = {**EDGE, "font_name": self._fonts[1], "font_size": 10, "align": align}
        properties |= {"text_wrap": True}
        if kind.excel:
            properties["num_format"] = kind.excel
        if quiet:
            properties |= {"italic": True, "font_color": QUIET}
        if total:
            properties |= {"bold": True, "bg_color": "#F2F2F2"}
        return self._get(("cell", kind, quiet, total), properties)

    def light(self, colour: str) -> Any:
        """Conditional format of a light."""
        fill, letters = LIGHTS[colour]
        return self._get(("light", colour), {"bg_color": fill, "font_color": letters, "bold": True})
