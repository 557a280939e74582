"""``dabiao selftest``: does the installed program work on this machine."""

from __future__ import annotations

from dataclasses import asdict

import typer

from forecast.cli.help import print_json
from forecast.cli.options import Call, command


@command("lang", "json")
def selftest(call: Call) -> None:
    """Check the installation: known answers, a small run, versions."""
    from forecast import __version__
    from forecast.selftest.run import Tested
    from forecast.selftest.run import selftest as run_all

    def show(one: Tested) -> None:
        mark = call.text("selftest.passed" if one.passed else "selftest.failed")
        text = call.text(f"selftest.check_{one.name}")
        print(call.text("selftest.line", mark=mark, text=text, detail=one.detail, seconds=f"{one.seconds:.1f}"))

    found = run_all() if call.json else run_all(progress=show)
    failed = [one.name for one in found if not one.passed]
    if call.json:
        document = {"ok": not failed, "version": __version__, "failed": failed}
        print_json(document | {"checks": [asdict(one) for one in found]})
    else:
        total = f"{sum(one.seconds for one in found):.0f}"
        key = "selftest.all_passed" if not failed else "selftest.some_failed"
        print(call.text(key, count=len(found), failed=len(failed), seconds=total))
    raise typer.Exit(1 if failed else 0)
