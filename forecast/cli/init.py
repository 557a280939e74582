"""``dabiao init``: start another city."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forecast.cli.options import AsOfOption, LanguageOption, chosen, reported
from forecast.texts import t


def init(
    folder: Annotated[Path, typer.Argument(help="新目录。New directory.")],
    city: Annotated[str | None, typer.Option("--city", help="市名，如 安康市。Name of the city.")] = None,
    province: Annotated[str | None, typer.Option("--province", help="省名。Name of the province.")] = None,
    year: Annotated[int | None, typer.Option("--year", help="目标年度。Target year.")] = None,
    as_of: AsOfOption = None,
    lang: LanguageOption = None,
) -> None:
    """为另一个市建工作簿，填表即可推演。Start another city with one workbook to fill in."""
    words = chosen(lang)
    with reported(words):
        from forecast.data.starter import write_starter

        book = write_starter(folder, city_zh=city, province_zh=province, year=year, as_of=as_of, lang=words)
        print(t("cli.started", words, book=book, folder=folder))
