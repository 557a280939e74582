"""``dabiao init``: start another city."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forecast.cli.options import Call, command


@command("as_of", "lang", "json")
def init(
    call: Call,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="argument_new")],
    city: Annotated[str | None, typer.Option("--city", metavar="NAME", help="option_city")] = None,
    province: Annotated[str | None, typer.Option("--province", metavar="NAME", help="option_province")] = None,
    year: Annotated[int | None, typer.Option("--year", metavar="YYYY", help="option_year")] = None,
) -> None:
    """Start another city with one workbook to fill in."""
    from forecast.data.starter import write_starter

    book = write_starter(folder, city_zh=city, province_zh=province, year=year, as_of=call.as_of, lang=call.lang)
    call.say({"book": str(book), "folder": str(folder)}, call.text("cli.started", book=book, folder=folder))
