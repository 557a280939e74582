"""The documents of the file formats and of what is handed on, made from the columns that readers and writers use.

Invariant: ``docs/formats.md`` and ``docs/reports.md`` are what this module says (held by ``tests/test_formats.py`` and
``tests/test_report_docs.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from forecast.data.reading.columns import CHOICES, OPTIONAL_TABLES, TABLES
from forecast.tables.kind import Kind
from forecast.tables.schema import RUN, WRITTEN, schema
from forecast.tables.table import Field, Sheet
from forecast.texts import t

PROVENANCE = frozenset({"run_id", "data_hash", "scenario_hash", "model_version", "seed"})
"""Last columns of every result table."""

_HEAD = """# 文件格式

本页由程序按读写所用的列生成（`make docs`），与程序不一致时测试不通过。

一个数据集是一个目录：`dataset.toml` 加下列表格，CSV（UTF-8 有无 BOM 均可，GB18030 也可）或 XLSX（列名相同）。列名可用英文固定名，
也可用所列中文；金额列的单位写在表头括号里，如 年度计划投资(万元)、总投资（亿元），读入时统一换算一次。未公布的单元格留空，或填
X、X%、—，按缺失处理，绝不当作零。地区、指标写编码、全称、简称均可（安康、全市、规上工业、固投），各表认法相同；指标带单位的
（地区生产总值(亿元)）按总量读，与口径矛盾即报错。文件按内容识别，与扩展名无关。多出的列保留并显示。确认过的存疑数记在
`accepted.csv`（unit、indicator、period、value）。修订是 `released` 更晚的新行，不改旧行。1月不单列，1—2月记作 `YYYY-02`。

*English summary: a data set is a folder with `dataset.toml` and the tables below; the first column of each table lists the
fixed names, the second the Chinese headers that mean the same. Result files are described at the end.*

## dataset.toml

```toml
name = "ankang-2020"                # 标识
name_zh = "安康市2020年"
city = "ankang"                     # units.csv 中的编码
province = "shaanxi"
target_year = 2020
as_of = "2020-08"                   # YYYY-MM：该月数据已公布；YYYY-MM-DD：截至该日已公布
first_action_month = "2020-10"      # 决策还能影响的首月
synthetic = false                   # true：增速也是合成的
words = { "全省" = "各省平均" }       # 可省略：中文文字中换用的说法，用于对照的不是全省的数据集
criterion = "near"                  # 可省略：概率、说法、灯色、语句所指；near 达到或接近，reach 达到

[files]                             # 可省略；文件名与默认不同时写
observations = "observations.csv"

[lights.gap]                        # 预警规则，名称用于 targets.csv 的 light_rule
green_from = 0.8                    # 年终灯：criterion 所指的概率，及以上为绿
yellow_from = 0.5                   # 及以上为黄，以下为红；当前灯看已公布差距与接近幅度

[evidence]                          # 资料充分程度：本市本年已公布的期数
limited_from = 3                    # 不足为“薄弱”
ample_from = 6                      # 及以上为“充分”

[naming]                            # 可省略：点名约谈建议名单的规则
indicators = ["fai", "ind_va"]      # 参加排名的指标；省略：县区有公布数的各项目标指标
name_last = 3                       # 单月点名：每项指标末几位
interview_last = 3                  # 双月约谈：平均名次末几位
behind_pp = 0.0                     # 至少低于全市几个百分点才点名
least = 5                           # 同期至少几个县区有公布数才排名
[[naming.stated]]                   # 材料里说到而没有数的，可多条，只引用不排名
unit = "ningshan"
indicator = "fai"
text = "9月27日被省发改委约谈"
source = "讲话"
released = "2020-09-28"             # 此日以后才知道

[stock.opening]                     # 可省略：五上企业年初在库户数，按五上培育台账的行业
industry = 592
```

### 考核办法 `[assessment]`（可省略）

```toml
[assessment]
name = "某市考核办法"
source = "文号或网址"
total = 100                         # 各项分值之和，不符即报错
ties = "best"                       # 并列取靠前位次（1、1、3）；average 取平均（1.5、1.5、3）
shared = 0.0                        # 捆绑考核：上级得分所占份额；大于0时写 parent_score
classes = [{ name = "优秀", at_least = 85 }, { name = "未达标", at_least = 0 }]
items = [{ indicator = "fai", weight = 100, rule = "rank", parts = { 6 = 0.3, 12 = 0.7 } }]
events = [{ name = "点名", indicator = "fai", last = 3, months = [9, 11], points = -0.5, veto = false }]
```

`parts` 是各考核月所占份额（合计为1，缺省只看12月）。`rule` 及其计分（x 为公布位数的增速，t 为 `target`，可写数或 "province" 即全省平均；
w 为 `weight`；r 为同级位次），来源见[用户手册](guide-zh.md)：

| rule | 计分 |
|---|---|
| `met` | x ≥ t 得 w，否则不得分 |
| `met_then_rank` | x ≥ t 得 `basis`，再按位次加至 w：`basis` + (w − `basis`)·max(0, 1 − q(r − 1))，q 为 `quotient`，缺省0.05 |
| `completion` | x ≥ t 得 w，每高1个百分点加 `bonus`，至多加 `cap`；不足时 w·max(0, x/t)，t ≤ 0 或为全省平均时须写 `below`（每低1个百分点扣几分，或 "zero"） |
| `rank` | w·max(0, 1 − q(r − 1)) |
| `gap_steps` | w ± 各档内的百分点数·w/`divisor`，各档以 `to` 为上限；`floor`、`cap` 为下限、上限 |
| `gap_linear` | w ± `per_tenth`（每0.1个百分点）；`floor`、`cap` 为下限、上限 |
| `efficacy` | 功效系数：w·(60 + 40·(x − 最差)/(最好 − 最差))/100，最好最差取同级，或写 `best`、`worst`；`static` 为按总量计的份额 |

`events` 按各轮名单（该月累计增速居末 `last` 位）每次扣分；`veto = true` 的，等次落到最低一档，分数不变。
"""

_TAIL = """
## 结果文件

`dabiao run` 写出一个目录：下列 CSV（UTF-8 带 BOM，空单元格表示没有该数，不是零）和 `run.json`（数据、版本、诊断、所用假设）。
增速、分点以 `_pct`、`_pp` 结尾，单位为百分数、百分点；概率 `p_*` 为小数，不写作0或1。各表末列为来源：运行编号、数据哈希、情景哈希、
模型版本、随机种子（`run_id`、`data_hash`、`scenario_hash`、`model_version`、`seed`；其他命令的表同样有这五列，下面不再列出）。
净新增只有一个数：`breakdown_plans.level_yi`、`makeup_wishes.needed_yi`、`required_path` 提出要求各期 `extra_yi` 之和；`effect_yi` 为同一数的任务口径（工业为
产值），`total_yi` 为应安排（除以 `additionality`）。`label` 不空的行依据示例台账。

口径：`criterion` 一列写明 `light`（`attainment.csv`）、`change_points`（`news.csv`）所指，默认 `near`（达到或接近），
`--criterion reach` 或 `dataset.toml` 的 `criterion` 改为达到；`p_reach`、`p_near` 两个概率总是都有。文件的数由未取整的值写到各列的
小数位，给人看的数也由未取整的值取整，两者互不经手。`run.json` 的 `schema_version` 在列的含义改变时升高，现为3。
"""


def _rows(rows: Iterable[tuple[str, ...]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in rows]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [*_rows([head]), "|" + "---|" * len(head), *_rows(rows)]


def _choices(words: Mapping[str, tuple[str, ...]]) -> str:
    return "；".join(f"`{value}` {'、'.join(zh)}" for value, zh in words.items())


def _result(name: str) -> list[str]:
    """A result table: its columns but the provenance, which is the same in all."""
    own = [c for c in schema(name) if c.name not in PROVENANCE or name in WRITTEN[RUN]]
    rows = [(f"`{c.name}`", c.kind.unit, c.meaning("zh")) for c in own]
    return [f"### {name}.csv", "", *_table(("列", "单位", "含义"), rows), ""]


def formats_document() -> str:
    """Markdown of all formats, Chinese."""
    lines = [_HEAD]
    for name, columns in TABLES.items():
        optional = "（可省略）" if name in OPTIONAL_TABLES else ""
        lines += [f"## {name}.csv{optional}", ""]
        rows = [(f"`{c.name}`", "、".join(c.zh), "必有" if c.required else "可省略") for c in columns]
        lines += [*_table(("列", "中文表头", "是否必有"), rows), ""]
    lines += ["## 取值", "", *_table(("列", "取值与同义词"), [(f"`{k}`", _choices(v)) for k, v in CHOICES.items()])]
    lines.append(_TAIL)
    for command, tables in WRITTEN.items():
        lines += [f"## 结果文件：`dabiao {command}`", ""] if command != RUN else []
        for name in tables:
            lines += _result(name)
    return "\n".join(lines).rstrip() + "\n"


_REPORTS: Final = """# 对外材料：工作簿、专报、方案、图、数据

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
| `图/` | 每项指标的全年走势 `fan-*`、年末差距 `gap-*`，概率 `chances`，情景 `scenarios`，位次走势 `ranks-*`，考核得分 `score`；PNG、SVG、PDF |
| `数据/` | 下列各表的 CSV、Parquet，精确数的 `exact_*`，数据字典 `dictionary`，全部内容的 `report.json` |

## 口径

- 公布数、预测数不混：预测、推算一律斜体；没有的数打“—”，不是零；增速带截至月份。
- 概率在表和文字里取整到5%（资料薄弱的到10%），不写0%、100%；精确值在“达标概率表”末三列和“数据”页。
- 合计、折合金额、情景比基准等为公式，改动单元格即重算；公式的值与推演数相同。全年差距是逐次抽样配对后的中位数，为数值，不由两个增速相减。灯按单元格文字着色，规则印在表下。
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
    lines = [_REPORTS]
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


if __name__ == "__main__":
    import sys

    sys.stdout.write(formats_document())
