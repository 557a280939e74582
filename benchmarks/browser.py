"""How long a reader waits: ``python benchmarks/browser.py``.

Serves the app on a run of data/ankang-2020 as ``dabiao app`` does and measures in headless Chromium: from the start of
the server to the first table; a further reader's first table; from a key on a slider of 情景推演 to the new numbers.
Prints one JSON document, and keeps it with ``--out FILE``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from screenshots import ROOT, browser, served

PORT: Final = 8961
CHANGES: Final = 20
TABLE: Final = ".dabiao.leaders tbody tr"
RESULTS: Final = ".dabiao.scenario"
WAIT: Final = """() => new Promise(done => {
  const text = () => document.querySelector('.dabiao.scenario')?.innerText;
  const before = text(), start = performance.now();
  const watch = new MutationObserver(() => {
    const now = text();
    if (now && now !== before) { watch.disconnect(); window.waited = performance.now() - start; }
  });
  window.waited = null;
  watch.observe(document.body, {subtree: true, childList: true, characterData: true});
  done();
})"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        _run(home)
        started = time.perf_counter()
        with served(home, PORT) as address, browser() as one:
            up = time.perf_counter() - started
            first = _opened(one, address)
            further = [_opened(one, address) for _ in range(5)]
            page_of_scenarios, changes = _changes(one, address)
    document = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
        "server_up_s": round(up, 2),
        "first_reader_table_s": round(first, 2),
        "start_to_first_table_s": round(up + first, 2),
        "further_reader_table_s": round(statistics.median(further), 2),
        "scenario_page_s": round(page_of_scenarios, 2),
        "scenario_change_ms": {
            "median": round(statistics.median(changes)),
            "p90": round(statistics.quantiles(changes, n=10)[-1]),
            "most": round(max(changes)),
            "changes": len(changes),
        },
    }
    text = json.dumps(document, indent=2)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n", encoding="utf-8")


def _run(home: Path) -> None:
    from forecast.report.files import answers
    from forecast.runs.run import Request, run
    from forecast.runs.store import Store

    finished = run(Request(dataset=ROOT / "data" / "ankang-2020", as_of="2020-08"))
    Store(home).keep(finished, answers(finished))


def _opened(one: Any, address: str) -> float:
    """Seconds until a new reader sees the first table."""
    context = one.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    started = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(TABLE)
    took = time.perf_counter() - started
    context.close()
    return took


def _changes(one: Any, address: str) -> tuple[float, list[float]]:
    """Seconds until the page of scenarios stands; milliseconds from a key to new numbers, change by change."""
    context = one.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    started = time.perf_counter()
    page.goto(f"{address}/scenario?scenario=file:speech")
    page.wait_for_selector(RESULTS)
    took = time.perf_counter() - started
    page.get_by_role("tab", name="行业补位").click()
    page.wait_for_selector("[data-testid=stSlider]")
    page.wait_for_timeout(1500)
    found = []
    for k in range(CHANGES):
        page.locator("[data-testid=stSlider] input").nth(1).focus()
        page.evaluate(WAIT)
        page.keyboard.press("Home" if k % 2 == 0 else "End")  # far enough to change a printed digit
        page.wait_for_function("window.waited !== null")
        found.append(float(page.evaluate("window.waited")))
        page.wait_for_timeout(300)
    context.close()
    return took, found


if __name__ == "__main__":
    main()
