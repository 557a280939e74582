# ruff: noqa: E501 -- paragraphs of a Chinese document
"""The document of what is handed on, made from the sheets that the writers use: ``docs/reports.md``.

Invariant: ``docs/reports.md`` is what this module says (held by ``tests/test_report_docs.py``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from forecast.tables.table import Field, Kind, Sheet
from forecast.texts import t

_HEAD: Final = """# 对外材料：工作簿、专报、方案、图、数据

本页由程序按所写的表生成，与程序不一致时测试不通过。各项材料出自同一次推演的同一组抽样，同一数字在各处相同；同一次推演、同样的选项，
文件逐字节相同（文件日期取数据的知悉日，不取当天）。

```
dabiao report 推演 [--kind workbook|brief|scheme|charts|data|all] [--scenario 情景.yaml]… [--by team|county]
              [--since 此前推演] [--backtest 检验目录] [--template 模板.docx] [--to 主送] [--pdf] [--lang zh|en] [--out 目录]
```

推演可以是编号（可只写一部分）、`latest`、`latest~1` 或 `--out` 写出的目录。不写 `--kind` 时写工作簿和专报。程序里的同一入口是
`forecast.report.export.write_reports(run, out, ReportRequest(...))`。

*English summary: the workbook, the brief, the scheme, charts and data files are written from one dossier of one run; all
of them print the same tables, listed below with the fixed names of their columns. Same run, same bytes.*

| 文件 | 内容 |
|---|---|
| `…推演工作簿_….xlsx` | 下列各表，每表一页；分月路径和达标概率另有可编辑的图页，任务分解表后附各指标任务清单（`dabiao collect` 可收回） |
| `…研判专报_….docx` | 两页：总体判断、分指标、主要原因、情景与建议、风险与不确定性；表一张、走势图两幅 |
| `…互补互济建议方案（代拟稿）_….docx` | 六部分加附件，保底、争取、冲刺三个方案并列；不可及的方案注明剩余缺口 |
| `分专班任务清单/`、`分县区任务清单/` | `--by`：每个专班或县区一本，只有自己的任务 |
| `图/` | 每项指标的全年走势 `fan-*`、年末差距 `gap-*`，概率 `chances`，情景 `scenarios`；PNG、SVG、PDF |
| `数据/` | 下列各表的 CSV、Parquet，精确数的 `exact_*`，数据字典 `dictionary`，全部内容的 `report.json` |

## 口径

- 公布数、预测数不混：预测、推算一律斜体；没有的数打“—”，不是零；增速带截至月份。
- 概率在表和文字里取整到5%（资料薄弱的到10%），不写0%、100%；精确值在“达标概率表”末三列和“数据”页。
- 差距、合计、情景比基准等为公式，改动单元格即重算；公式的值与推演数相同。灯按单元格文字着色，规则印在表下。
- 名称、责任人等一律按文本写入，以 `=`、`+`、`-`、`@` 开头的也不会成为公式；CSV 中这样的文本前加半角撇号。
- 凡有合成数据或示例台账到达的页、图、文件，均标红注明，不得用于上报决策。

## 专报模板

`--template` 可用改过的模板。从程序自带的 `forecast/report/templates/brief.zh.docx` 另存后修改；双花括号里的名称：

| 名称 | 内容 |
|---|---|
| `mark` | 合成数据或示例台账的标注，没有则空 |
| `title`、`subtitle`、`to` | 标题、数据截至、主送 |
| `overall`、`causes`、`advice`、`risks` | 段落列表，用 `{%p for line in … %}` |
| `indicators` | 分组列表，每组有 `head`、`text` |
| `table_title`、`rows` | 表题；每行有 `indicator`、`ytd`、`province`、`gap`、`year`、`province_year`、`near`、`reach`、`required`、`light` |
| `figures`、`figure_title` | 走势图（两幅）、图题 |
| `source` | 推演编号、数据摘要、版本、方法、种子 |

## 字体

公文用方正小标宋简体、仿宋、楷体、黑体，计算机上没有时由办公软件换用相近字体。图用系统中含中文的字体（如 Noto Sans CJK、思源黑体、
微软雅黑），也可用环境变量 `DABIAO_FONTS` 指定字体目录，或安装带字体的 `mplfonts`；都没有时报错，不出空框。

## 各表的列

“格式”是印出的小数位数；JSON、Parquet 为未取整的数。列名中 `_s1`、`_s2` 依情景顺序，`_plan_floor`、`_plan_strive`、
`_plan_sprint` 依次为保底、争取、冲刺，`_m10` 一类是月份。
"""

_STYLES: Final = {
    Kind.TEXT: "文本",
    Kind.SHORT: "文本",
    Kind.CHANCE: "概率（取整）",
    Kind.LIGHT: "灯",
}


def _format(one: Field) -> str:
    if one.kind in _STYLES:
        return _STYLES[one.kind]
    places = one.kind.places
    return "整数" if places == 0 else f"{places}位小数"


def _general(name: str) -> str:
    """Name of a column without the month or the number of the scenario."""
    return re.sub(r"_s\d+$", "_s1", re.sub(r"(^|_)m\d\d$", r"\1m10", name))


def reports_document(sheets: Sequence[Sheet]) -> str:
    """Markdown of all sheets, Chinese.

    Parameters
    ----------
    sheets : of any dossier with a scenario; months and scenarios are shown once
    """
    lines = [_HEAD]
    for sheet in sheets:
        lines += [
            f"### {sheet.name}：{sheet.tab}",
            "",
            "| 列 | 表头 | 格式 | 单位 | 公式 | 含义 |",
            "|---|---|---|---|---|---|",
        ]
        seen: set[str] = set()
        for one in sheet.fields:
            name = _general(one.name)
            if name in seen:
                continue
            seen.add(name)
            group = t(f"reports.group_{one.group}", "zh", **one.params) if one.group else ""
            heading = f"{group}·{one.heading('zh')}" if group else one.heading("zh")
            formula = f"`{one.formula}`" if one.formula else ("合计" if one.total else "")
            lines.append(
                f"| `{name}` | {heading} | {_format(one)} | {one.kind.unit} | {formula} | {one.meaning('zh')} |"
            )
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"
