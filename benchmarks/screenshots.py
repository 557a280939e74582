"""Pictures of every page in Chinese, three widths, both themes: ``make screenshots``.

Serves the app on the run that comes with the program and on those of data/ankang-2020 and data/hunan, and writes small
PNGs to ``docs/images``: ``app-<page>-<width>-<theme>.png``. Needs Chromium; the network is not used.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
IMAGES: Final = ROOT / "docs" / "images"
WIDTHS: Final = (1440, 1024, 390)
THEMES: Final = ("light", "dark")
HEIGHT: Final = 900
TALLEST: Final = 2600
PORT: Final = 8931


def _contributions(page: Any) -> None:
    page.get_by_text("显示各项措施的贡献").click()
    page.wait_for_selector(".dabiao.contributions")


def _tab(name: str) -> Callable[[Any], None]:
    def act(page: Any) -> None:
        page.get_by_role("tab", name=name).click()

    return act


def _solved(page: Any) -> None:
    page.get_by_role("heading", name="目标与结果").wait_for(timeout=120_000)


def _nothing(page: Any) -> None:
    """The page as it opens."""


def _usual_place(page: Any) -> None:
    """The store's usual place instead of the passing one of the picture."""
    page.evaluate(
        """() => document.querySelectorAll('p').forEach(p => {
          p.innerText = p.innerText.replace(/\\S+empty/, '~/.local/share/dabiao'); })"""
    )


SHOTS: Final[tuple[tuple[str, str, str, Callable[[Any], None]], ...]] = (
    ("overview", "ankang", "?scenario=file:speech", _nothing),
    ("indicator", "ankang", "indicator?indicator=fai", _nothing),
    ("scenario", "ankang", "scenario?scenario=file:speech&compare=file:restart,file:sectors", _contributions),
    ("makeup", "example", "makeup?wish=gdp>=0.85", _solved),
    ("tasks", "ankang", "tasks", _nothing),
    ("ranks", "hunan", "ranks?rank_by=fai", _nothing),
    ("province", "hunan", "province", _nothing),
    ("track", "example", "track", _nothing),
    ("data", "ankang", "data", _tab("数字来源")),
)
"""Page, data set of the run, address, and what is done before the picture is taken."""


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a store with runs to show; made anew by default")
    parser.add_argument("--only", nargs="*", help="pages")
    asked = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        home = asked.home or _home(Path(scratch))
        with served(home, PORT) as address:
            _take(address, _runs(home), asked.only)
        if not asked.only or "first" in asked.only:
            _first(Path(scratch))


def _home(scratch: Path) -> Path:
    """A store with the bundled run and its track record, and runs of Hunan and Ankang."""
    from forecast.report.files import answers
    from forecast.runs.run import Request, run
    from forecast.runs.store import Store, import_bundle
    from forecast.ui.kept import example_run, unpack_example_record

    home = scratch / "home"
    store, bundle = Store(home), example_run()
    assert bundle is not None, "make bundle"
    for request in (Request(dataset=ROOT / "data" / "hunan"), Request(dataset=ROOT / "data" / "ankang-2020")):
        finished = run(request)
        store.keep(finished, answers(finished))
    import_bundle(store, bundle)
    unpack_example_record(home)
    return home


def _runs(home: Path) -> dict[str, str]:
    from forecast.runs.store import Store

    found: dict[str, str] = {}
    for header in Store(home).runs():
        found.setdefault(header.dataset.split("-")[0], header.run_id)
    return found


@contextmanager
def served(home: Path, port: int) -> Iterator[str]:
    env = os.environ | {"DABIAO_HOME": str(home), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", "from forecast.cli import main; main()", "app", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait()


@contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        sys.exit("no chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def _take(address: str, runs: dict[str, str], only: list[str] | None) -> None:
    with browser() as one:
        for name, dataset, path, act in SHOTS:
            if only and name not in only:
                continue
            run = f"{'&' if '?' in path else '?'}run={runs[dataset]}"
            for width in WIDTHS:
                for theme in THEMES:
                    _shoot(one, f"{address}/{path}{run}", width, theme, act, f"app-{name}-{width}-{theme}.png")


def _first(scratch: Path) -> None:
    """The first screen needs a store without a run."""
    with served(scratch / "empty", PORT + 1) as empty, browser() as one:
        for width in WIDTHS:
            for theme in THEMES:
                _shoot(one, empty, width, theme, _usual_place, f"app-first-{width}-{theme}.png")


def _shoot(one: Any, url: str, width: int, theme: str, act: Callable[[Any], None], name: str) -> None:
    context = one.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=theme, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(url)
    page.wait_for_selector(".dabiao-title, h1")
    _settle(page)
    act(page)
    _settle(page)
    tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(max(HEIGHT, tall + 8), TALLEST)})
    _settle(page)
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
    page.wait_for_timeout(700)
    page.screenshot(path=IMAGES / name)
    context.close()
    _shrink(IMAGES / name)
    print(name)


def _settle(page: Any) -> None:
    page.wait_for_timeout(400)
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    page.wait_for_timeout(400)


def _shrink(path: Path) -> None:
    """A picture of few colours is a third of the size and looks the same."""
    from PIL import Image  # comes with streamlit

    with Image.open(path) as picture:
        picture.convert("RGB").quantize(colors=160, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
