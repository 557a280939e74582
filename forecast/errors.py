"""The error tree, and the report of everything that is wrong with an input.

Invariant: a report never stops at the first problem, and every problem says in Chinese and in English what
was found where, what was expected and what to do (held by ``tests/test_errors.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from forecast.texts import Lang, catalogue, t, visible


class ForecastError(Exception):
    """Root of every error that a caller may handle."""

    def text(self, lang: Lang) -> str:  # noqa: ARG002
        """What is off, and what to do, in a language where the error knows it."""
        return str(self)


class UsageError(ForecastError):
    """The call itself is off: an option that cannot be read, a place that cannot be written.

    code : key of the message below ``problems`` in the catalogues; params : values for its placeholders
    """

    def __init__(self, code: str, **params: object) -> None:
        self.code = code
        self.params = params
        super().__init__(self.text("en"))

    def text(self, lang: Lang) -> str:
        """What is off, and what to do."""
        return visible(t(f"problems.{self.code}", lang, **self.params))


class NonFiniteError(ForecastError):
    """A draw is NaN or infinite where a number is required."""


_FILE = re.compile(r"(?<![，、])( ?)([a-z]+)\.csv(?:（工作簿为“\w+”表）)?( ?)")
_ID_WITH_WORD = re.compile(r"(?:(?<=填) )?\b[a-z][a-z_]*\s?[(（]([\u4e00-\u9fa5]+)[)）]")


def _as_sheets(text: str, lang: Lang) -> str:
    """A message about a workbook: its sheets by their names, and words without the ids beside them."""
    texts = catalogue(lang)

    def sheet(found: re.Match[str]) -> str:
        name = texts.get(f"problems.sheet_{found[2]}")
        if name is None:
            return found[0]
        return name if lang == "zh" else f"{found[1]}{name}{found[3]}"

    named = _FILE.sub(sheet, text)
    return _ID_WITH_WORD.sub(lambda m: m[1], named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with an input file.

    code : key of the message below ``problems`` in the catalogues
    file : name of the file as the user knows it, with the sheet for a workbook (``book.xlsx[进度数据]``)
    row : row or line as an editor or Excel counts it (the header is row 1), or None for the whole file
    column : column name, or cell address in a workbook (``C14``), or None
    params : values for the placeholders of the message
    """

    code: str
    file: str
    row: int | None = None
    column: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)

    def where(self, lang: Lang) -> str:
        """Place of the problem: file, row, column."""
        parts = [self.file]
        if self.row is not None:
            parts.append(t("problems.row", lang, row=self.row))
        if self.column is not None:
            parts.append(t("problems.column", lang, column=self.column))
        return t("problems.comma", lang).join(parts)

    def text(self, lang: Lang) -> str:
        """One line: where, what was found, what was expected, what to do."""
        told = t(f"problems.{self.code}", lang, **self.params)
        if "[" in self.file or "!" in (self.column or ""):
            told = _as_sheets(told, lang)
        return visible(f"{self.where(lang)}{t('problems.colon', lang)}{told}")


class InputError(ForecastError):
    """One or more input files are unusable; carries every problem that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.report("en"))

    def report(self, lang: Lang) -> str:
        """All problems, a line each, under a line that counts them."""
        lines = [t("problems.count", lang, n=len(self.problems))]
        lines += [f"  {i}. {problem.text(lang)}" for i, problem in enumerate(self.problems, 1)]
        return "\n".join(lines)
