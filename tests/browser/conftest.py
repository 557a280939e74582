"""A browser, and the app served for it; skipped, with the reason, where either is missing."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0
OFFLINE = """\
import socket
_connect = socket.socket.connect
def connect(self, address):
    if isinstance(address, tuple) and str(address[0]) not in ("127.0.0.1", "::1", "localhost"):
        raise OSError(101, "the network is blocked")
    return _connect(self, address)
socket.socket.connect = connect
"""
"""Module that Python loads first of all: no process of the app reaches another machine."""


HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """Journeys have a command of their own; the hook is given the tests of every folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    path = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
    )
    if not path:
        pytest.skip("no chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """A page that reaches this machine alone, and that fails a test whose script fails."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN", accept_downloads=True)
    asked: list[str] = []

    def only_here(route):
        asked.append(route.request.url)
        route.continue_() if "//127.0.0.1" in route.request.url else route.abort()

    context.route("**/*", only_here)
    one = context.new_page()
    one.set_default_timeout(60_000)
    broken: list[str] = []
    one.on("pageerror", lambda error: broken.append(str(error)))
    yield one
    context.close()
    assert [url for url in asked if "//127.0.0.1" not in url and not url.startswith(("data:", "blob:"))] == []
    assert broken == []


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@contextmanager
def served(home: Path, cwd: Path, *, packages: Path | None = None) -> Iterator[str]:
    """The app, as ``dabiao app`` serves it, on a store; its address."""
    port = free_port()
    blocked = home.parent / f"offline-{port}"
    blocked.mkdir()
    (blocked / "sitecustomize.py").write_text(OFFLINE, encoding="utf-8")
    paths = [str(blocked), *([str(packages)] if packages else [])]
    env = os.environ | {"DABIAO_HOME": str(home), "PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1"}
    log = (home.parent / f"server-{port}.log").open("wb")
    command = [sys.executable, "-c", "from forecast.cli import main; main()", "app", "--port", str(port)]
    process = subprocess.Popen(command, cwd=cwd, env=env, stdout=log, stderr=log)
    try:
        until = time.time() + START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2):
                    break
            except (urllib.error.URLError, OSError):
                if time.time() > until or process.poll() is not None:
                    raise AssertionError(Path(log.name).read_text(encoding="utf-8", errors="replace")) from None
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()


@pytest.fixture(scope="session")
def installed(tmp_path_factory) -> Path:
    """The wheel, unpacked where nothing of the repository is."""
    place = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-c", "import shutil; print(shutil.which('uv') or '')"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    if not built:
        pytest.skip("no uv to build the wheel with")
    made = subprocess.run(
        [built, "build", "--wheel", "--offline", "-q", "-o", str(place), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    wheels = list(place.glob("*.whl"))
    if made.returncode or not wheels:
        pytest.skip(f"the wheel cannot be built offline: {made.stderr[-300:]}")
    packages = place / "packages"
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extractall(packages)
    return packages


@pytest.fixture(scope="session")
def example_home(tmp_path_factory) -> Path:
    """A store with the run that comes with the program."""
    from forecast.runs.store import Store, import_bundle
    from forecast.ui.kept import example_run

    home = tmp_path_factory.mktemp("example") / "home"
    path = example_run()
    assert path is not None
    import_bundle(Store(home), path)
    return home


@pytest.fixture
def own_home(example_home, tmp_path) -> Path:
    """A copy of that store, a test's own."""
    return Path(shutil.copytree(example_home, tmp_path / "home"))
