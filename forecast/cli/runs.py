"""``dabiao runs``: the kept runs.

``dabiao app``: the app in the browser.

``dabiao selftest``: does the installed program work on this machine.
"""

from __future__ import annotations

import dataclasses
import json
import socket
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from forecast.cli.help import Command, Group, print_json
from forecast.cli.options import OUTPUT, Call, LangOption, RunArgument, command, page

if TYPE_CHECKING:
    from rich.console import RenderableType

    from forecast.runs.store import Header


@command("lang", "json")
def selftest(call: Call) -> None:
    """Check the installation: known answers, a small run, versions."""
    from forecast import __version__
    from forecast.selftest.checks import Tested
    from forecast.selftest.checks import selftest as run_all

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


ADDRESS: Final = "127.0.0.1"
FIRST_PORT: Final = 8501
PORTS: Final = 50
"""How many ports are tried where none is asked for."""

DatasetOption = Annotated[Path | None, typer.Argument(metavar="DATASET", help="argument_shown")]
Port = Annotated[int | None, typer.Option("--port", min=1, max=65535, metavar="N", help="option_port")]


@command("lang")
def app(call: Call, dataset: DatasetOption = None, port: Port = None) -> None:
    """Look at the results in a browser."""
    run_id = None if dataset is None else _kept_run(call, dataset)
    free = _free_port(port)
    if free is None:
        call.tell([call.text("ui.app_port", port=port or FIRST_PORT)])
        raise typer.Exit(1)
    query = f"?run={run_id}" if run_id else ""
    call.errors.print(call.text("ui.app_open", url=f"http://{ADDRESS}:{free}/{query}"), soft_wrap=True)
    _serve(free, run_id)


def _kept_run(call: Call, dataset: Path) -> str:
    """Id of the newest run that is kept of the data set as it is; one is made where there is none."""
    from forecast import __version__
    from forecast.data.dataset import read_dataset
    from forecast.runs.store import Store, identity_of

    read, store = read_dataset(dataset), Store()
    for header in store.runs(of=identity_of(read)):
        if header.data_hash == read.data_hash and header.model_version == __version__:
            return header.run_id
    call.tell([call.text("ui.app_running", dataset=read.config.name_zh)])
    kept = call.run(dataset).kept
    if kept is None:  # the reason was printed
        raise typer.Exit(1)
    return kept.run_id


def _free_port(wanted: int | None) -> int | None:
    """The port asked for, or the first free one; None where it is, or all are, taken."""
    for port in [wanted] if wanted else range(FIRST_PORT, FIRST_PORT + PORTS):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((ADDRESS, port))
            except OSError:
                continue
        return port
    return None


def _serve(port: int, run_id: str | None) -> None:
    """Serve until interrupted; other settings lie beside the script. The run is opened while the server starts."""
    from importlib.resources import files
    from threading import Thread

    from streamlit.web.cli import main as streamlit

    from forecast.ui.kept import warm  # before the first reader comes, who need not wait for it
    from forecast.ui.main import preload

    def ready() -> None:
        warm(run_id)
        preload()

    Thread(target=ready, daemon=True).start()

    script = str(files("forecast.ui").joinpath("main.py"))
    options = {"server.port": port, "server.address": ADDRESS, "server.headless": "true"}
    streamlit(["run", script, *(f"--{name}={value}" for name, value in options.items())], standalone_mode=False)


runs = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Dataset = Annotated[str | None, typer.Option("--dataset", metavar="NAME", help="option_dataset")]
Runs = Annotated[list[str] | None, typer.Argument(metavar="RUNS", help="argument_runs")]


def _fields(header: Header) -> dict[str, Any]:
    return dataclasses.asdict(header) | {"kept_at": header.kept_at.isoformat()}


def _size(headers: Sequence[Header], call: Call) -> str:
    return call.text("store.size", mib=f"{sum(h.bytes for h in headers) / 1024**2:.1f}")


@runs.callback()
def _runs(lang: LangOption = None) -> None:
    """The kept runs; ``Root`` has read the language already."""


@runs.command("list", cls=Command)
@command("lang", "json")
def list_runs(call: Call, dataset: Dataset = None) -> None:
    """List kept runs, newest first."""
    from forecast.runs.store import Store

    store = Store()
    headers = store.runs(dataset, every_status=True)
    if headers or call.json:
        document = {"store": str(store.root), "runs": [_fields(h) for h in headers]}
        call.finish(lambda: document, lambda: _listing(headers, store.root, call))
    else:
        print(call.text("store.none_kept", place=store.root))


def _listing(headers: Sequence[Header], place: Path, call: Call) -> RenderableType:
    from forecast.report.terminal import show
    from forecast.tables.data import kept_grid

    return show(kept_grid(headers, place, call.lang))


@runs.command(cls=Command)
@command("lang", "json")
def show(call: Call, run: RunArgument) -> None:
    """Show the table of a kept run."""
    from forecast.runs.store import Store

    kept = Store().open(run)
    if call.json:
        short = [name for name in kept.tables if name != "paths"]
        frames = {name: json.loads(kept.table(name).to_json(orient="records")) for name in short}
        print_json({**kept.summary, **frames, "kept": _fields(kept.header), "folder": str(kept.folder)})
        return
    from forecast.report.terminal import render  # brings the model

    page().print(render(kept.run().attainment, lang=call.lang, files=(str(kept.folder),)))


@runs.command(cls=Command)
@command("lang", "json")
def diff(call: Call, before: RunArgument, after: RunArgument) -> None:
    """What differs between two runs: probabilities, forecasts, new figures, revisions, ledgers."""
    from forecast.report.terminal import page as blocks
    from forecast.runs.difference import compare, vintage
    from forecast.runs.store import Store
    from forecast.tables.moved import moved_blocks, moved_document

    store = Store()
    sides = [vintage(store.open(one)) for one in (before, after)]
    moved = compare(*sides)
    call.finish(lambda: moved_document(moved), lambda: blocks(moved_blocks(moved, sides[1].dataset, call.lang)))


@runs.command(cls=Command)
@command("lang", "json")
def prune(
    call: Call,
    run: Runs = None,
    keep: Annotated[int | None, typer.Option("--keep", min=0, metavar="N", help="option_keep")] = None,
    dataset: Dataset = None,
    yes: Annotated[bool, typer.Option("--yes", help="option_yes")] = False,
) -> None:
    """Delete old runs; without ``--yes`` only say which."""
    from forecast.errors import UsageError
    from forecast.runs.store import Store

    if not run and keep is None:
        raise UsageError("usage_prune")
    store = Store()
    doomed = {h.run_id: h for h in store.surplus(keep=keep, dataset=dataset)} if keep is not None else {}
    doomed |= {(h := store.open(one).header).run_id: h for one in run or []}
    if yes:
        store.prune(doomed)
    headers = list(doomed.values())
    key = "store.prune_none" if not headers else "store.pruned" if yes else "store.prune_would"
    told = {"n": len(headers), "size": _size(headers, call), "list": call.text("glossary.and").join(doomed)}
    call.say({"deleted": yes, "runs": [_fields(h) for h in headers]}, call.text(key, **told))


@runs.command(cls=Command)
@command("lang", "json")
def verify(call: Call, run: Runs = None) -> None:
    """Check every file against its checksum; exit code 1 where one is damaged."""
    from forecast.runs.store import Store

    found = Store().verify(run or ())
    bad = {run_id: files for run_id, files in found.items() if files}
    lines = [
        call.text("store.damaged", run=run_id, files=call.text("glossary.and").join(files))
        for run_id, files in bad.items()
    ]
    lines.append(call.text("store.damaged_count" if bad else "store.verified", n=len(found), bad=len(bad)))
    document = {"ok": not bad, "runs": {run_id: list(files) for run_id, files in found.items()}}
    call.say(document, "\n".join(lines))
    if bad:
        raise typer.Exit(1)


@runs.command(cls=Command)
@command(*OUTPUT)
def export(call: Call, run: RunArgument) -> None:
    """Write a run into one file."""
    from forecast.runs.store import Store
    from forecast.runs.store import export as write

    path = write(Store().open(run), call.out or Path())
    call.say({"file": str(path)}, call.text("store.exported", path=path))


@runs.command("import", cls=Command)
@command("lang", "json")
def import_run(call: Call, file: Annotated[Path, typer.Argument(metavar="FILE", help="argument_exported")]) -> None:
    """Keep a run that was exported elsewhere."""
    from forecast.runs.store import Store, import_bundle

    kept = import_bundle(Store(), file)
    call.say(_fields(kept.header), call.text("store.imported", run=kept.run_id))
