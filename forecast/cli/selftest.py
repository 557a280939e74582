"""``dabiao selftest``: does the installed program work on this machine."""

from __future__ import annotations

from dataclasses import asdict

import typer

from forecast.cli.options import Json, LanguageOption, chosen, print_json
from forecast.texts import t


def selftest(lang: LanguageOption = None, json_: Json = False) -> None:
    """自检：已知答案的算例、一次小推演、所用程序库。Check the installation: known answers, a small run, versions."""
    words = chosen(lang)
    from forecast import __version__
    from forecast.selftest.run import Outcome
    from forecast.selftest.run import selftest as run_all

    def show(one: Outcome) -> None:
        mark = t("selftest.passed" if one.passed else "selftest.failed", words)
        text = t(f"selftest.check_{one.name}", words)
        print(t("selftest.line", words, mark=mark, text=text, detail=one.detail, seconds=f"{one.seconds:.1f}"))

    found = run_all(progress=show) if not json_ else run_all()
    failed = [one.name for one in found if not one.passed]
    if json_:
        document = {"ok": not failed, "version": __version__, "failed": failed}
        print_json(document | {"checks": [asdict(one) for one in found]})
    else:
        total = f"{sum(one.seconds for one in found):.0f}"
        key = "selftest.all_passed" if not failed else "selftest.some_failed"
        print(t(key, words, count=len(found), failed=len(failed), seconds=total))
    raise typer.Exit(1 if failed else 0)
