"""``dabiao runs``: the kept runs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast.cli.options import Json, LanguageOption, Out, chosen, print_json, reported, screen
from forecast.texts import Lang, t

if TYPE_CHECKING:
    from forecast.runs.store import Header


runs = typer.Typer(
    help="历次推演存档：查看、比较、清理、校验、导出、导入。Kept runs.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

RunArgument = Annotated[
    str,
    typer.Argument(help="推演编号（可只写一部分）、latest、latest~1 或结果目录。Id or part of it, or a directory."),
]
Dataset = Annotated[str | None, typer.Option("--dataset", help="只看一个数据集。Of one data set, by its name.")]


def _fields(header: Header) -> dict[str, Any]:
    return dataclasses.asdict(header) | {"kept_at": header.kept_at.isoformat()}


def _size(headers: Sequence[Header], lang: Lang) -> str:
    return t("store.size", lang, mib=f"{sum(h.bytes for h in headers) / 1024**2:.1f}")


@runs.command("list")
def list_runs(dataset: Dataset = None, lang: LanguageOption = None, json_: Json = False) -> None:
    """列出历次推演，新的在前。List kept runs, newest first."""
    words = chosen(lang)
    with reported(words, as_json=json_):
        from forecast.runs.store import Store

        store = Store()
        headers = store.runs(dataset, every_status=True)
        if json_:
            print_json({"store": str(store.root), "runs": [_fields(h) for h in headers]})
            return
        if not headers:
            print(t("store.none_kept", words, place=store.root))
            return
        screen().print(_listing(headers, store.root, words))


def _listing(headers: Sequence[Header], place: Path, lang: Lang) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title=t("store.list_title", lang, place=place), box=box.SIMPLE_HEAD)
    for name in ("run", "kept_at", "as_of", "status"):
        table.add_column(t(f"store.head_{name}", lang), no_wrap=True)
    for one in headers:
        at = one.kept_at.astimezone().strftime("%Y-%m-%d %H:%M")
        status = t(f"store.status_{one.status}", lang)
        table.add_row(one.run_id, at, one.as_of, status)
    return table


@runs.command()
def show(run: RunArgument, lang: LanguageOption = None, json_: Json = False) -> None:
    """显示一次推演的结果表。Show the table of a kept run."""
    words = chosen(lang)
    with reported(words, as_json=json_):
        from forecast.runs.store import Store

        kept = Store().open(run)
        if json_:
            short = [name for name in kept.tables if name != "paths"]
            frames = {name: json.loads(kept.table(name).to_json(orient="records")) for name in short}
            print_json({**kept.summary, **frames, "kept": _fields(kept.header), "folder": str(kept.folder)})
            return
        from forecast.report.terminal import render  # brings the model

        made = kept.run()
        screen().print(render(made.attainment, lang=words, files=(str(kept.folder),)))


@runs.command()
def diff(before: RunArgument, after: RunArgument, lang: LanguageOption = None, json_: Json = False) -> None:
    """比较两次推演：概率、预测、新数据、修订、台账。What differs between two runs."""
    words = chosen(lang)
    with reported(words, as_json=json_):
        from forecast.report.moved import moved_document, render_moved
        from forecast.runs.difference import compare, vintage
        from forecast.runs.store import Store

        store = Store()
        sides = [vintage(store.open(one)) for one in (before, after)]
        moved = compare(*sides)
        if json_:
            print_json(moved_document(moved))
            return
        screen().print(render_moved(moved, sides[1].dataset, lang=words))


@runs.command()
def prune(
    run: Annotated[list[str] | None, typer.Argument(help="要删除的推演。Runs to delete.")] = None,
    keep: Annotated[int | None, typer.Option("--keep", min=0, help="每个数据集保留几次。How many a data set.")] = None,
    dataset: Dataset = None,
    yes: Annotated[bool, typer.Option("--yes", help="确认删除。Do it.")] = False,
    lang: LanguageOption = None,
    json_: Json = False,
) -> None:
    """删除旧的推演；不加 --yes 只预览。Delete old runs; without --yes only say which."""
    words = chosen(lang)
    with reported(words, as_json=json_):
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
        if json_:
            print_json({"deleted": yes, "runs": [_fields(h) for h in headers]})
        elif not headers:
            print(t("store.prune_none", words))
        elif yes:
            print(t("store.pruned", words, n=len(headers), size=_size(headers, words)))
        else:
            listed = t("glossary.and", words).join(doomed)
            print(t("store.prune_would", words, n=len(headers), size=_size(headers, words), list=listed))


@runs.command()
def verify(
    run: Annotated[list[str] | None, typer.Argument(help="默认全部。All unless named.")] = None,
    lang: LanguageOption = None,
    json_: Json = False,
) -> None:
    """按校验和检查存档，指出损坏的文件；有损坏则退出码为1。Check every file against its checksum."""
    words = chosen(lang)
    with reported(words, as_json=json_):
        from forecast.runs.store import Store

        found = Store().verify(run or ())
        bad = {run_id: files for run_id, files in found.items() if files}
        if json_:
            print_json({"ok": not bad, "runs": {run_id: list(files) for run_id, files in found.items()}})
        elif bad:
            for run_id, files in bad.items():
                print(t("store.damaged", words, run=run_id, files=t("glossary.and", words).join(files)))
            print(t("store.damaged_count", words, n=len(found), bad=len(bad)))
        else:
            print(t("store.verified", words, n=len(found)))
        if bad:
            raise typer.Exit(1)


@runs.command()
def export(run: RunArgument, out: Out = None, lang: LanguageOption = None, json_: Json = False) -> None:
    """把一次推演导出成一个文件（.dabiao.zip）。Write a run into one file."""
    words = chosen(lang)
    with reported(words, as_json=json_):
        from forecast.runs.store import Store
        from forecast.runs.store import export as write

        path = write(Store().open(run), out or Path())
        if json_:
            print_json({"file": str(path)})
        else:
            print(t("store.exported", words, path=path))


@runs.command("import")
def import_run(
    file: Annotated[Path, typer.Argument(help="导出的文件。An exported file.")],
    lang: LanguageOption = None,
    json_: Json = False,
) -> None:
    """导入别处导出的推演。Keep a run that was exported elsewhere."""
    words = chosen(lang)
    with reported(words, as_json=json_):
        from forecast.runs.store import Store, import_bundle

        kept = import_bundle(Store(), file)
        if json_:
            print_json(_fields(kept.header))
        else:
            print(t("store.imported", words, run=kept.run_id))
