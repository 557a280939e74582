"""What is wrong with scenario files: every problem of every file at once, with line and column.

Invariant: reading never stops at the first problem (held by ``tests/test_scenario_bad.py``).
"""

from __future__ import annotations

from collections.abc import Iterable

from forecast.errors import InputError, Problem
from forecast.texts import Lang, t

__all__ = ["Notes", "ScenarioError", "ScenarioProblem"]


class ScenarioProblem(Problem):
    """One thing that is wrong with a scenario file; ``row`` is the line, ``column`` the position in it."""

    def where(self, lang: Lang) -> str:
        """Place of the problem: file, line and column."""
        if self.row is None:
            return self.file
        if self.column is None:
            return t("scenario.where_line", lang, file=self.file, line=self.row)
        return t("scenario.where", lang, file=self.file, line=self.row, position=self.column)

    def text(self, lang: Lang) -> str:
        """One line: where, what was found, what was expected, what to do."""
        message = t(f"scenario.problem_{self.code}", lang, **self.params)
        return f"{self.where(lang)}{t('problems.colon', lang)}{message}"


class ScenarioError(InputError):
    """One or more scenario files are unusable; carries every problem that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__(problems)

    def report(self, lang: Lang) -> str:
        """All problems, a line each, under a line that counts them."""
        lines = [t("scenario.problem_count", lang, n=len(self.problems))]
        lines += [f"  {i}. {problem.text(lang)}" for i, problem in enumerate(self.problems, 1)]
        return "\n".join(lines)


class Notes:
    """Collects the problems of scenario files; nothing is raised before ``check``."""

    def __init__(self) -> None:
        self._found: list[ScenarioProblem] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, code: str, file: str, line: int | None, column: int | None, /, **params: object) -> None:
        """Note one problem; ``params`` fill the placeholders of its message."""
        texts = {key: str(value) for key, value in params.items()}
        place = None if column is None else str(column)
        self._found.append(ScenarioProblem(code=code, file=file, row=line, column=place, params=texts))

    def check(self) -> None:
        """Report everything that was found, by file and line.

        Raises
        ------
        ScenarioError
            Anything was found.
        """
        if self._found:
            found = dict.fromkeys((p.file, p.row or 0, int(p.column or 0), p.text("en")) for p in self._found)
            unique = {(p.file, p.row or 0, int(p.column or 0), p.text("en")): p for p in self._found}
            raise ScenarioError([unique[key] for key in sorted(found)])
