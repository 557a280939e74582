"""``dabiao app``: the app in the browser."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Annotated, Final

import typer

from forecast.cli.options import Call, command

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
