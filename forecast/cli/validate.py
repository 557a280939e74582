"""``dabiao validate``: check a data set."""

from __future__ import annotations

from dataclasses import asdict

from forecast.cli.options import DatasetArgument, Json, LanguageOption, chosen, print_json, reported, screen


def validate(dataset: DatasetArgument, lang: LanguageOption = None, json_: Json = False) -> None:
    """检查数据集，一次列出全部问题。Check a data set; all problems at once."""
    words = chosen(lang)
    with reported(words, as_json=json_):
        from forecast.data.dataset import read_dataset, summary
        from forecast.report.checked import render_summary

        data = read_dataset(dataset)
        read = summary(data)
        if json_:
            print_json({"ok": True, "data_hash": data.data_hash} | asdict(read))
        else:
            screen().print(render_summary(data, read, lang=words))
