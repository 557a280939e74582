"""The document of the file formats, made from the columns that the readers and writers use.

Invariant: ``docs/formats.md`` is what this module says (held by ``tests/test_formats.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from forecast.data.reading.columns import CHOICES, OPTIONAL_TABLES, TABLES
from forecast.tables.schema import MORE_TABLES, schema
from forecast.tables.schema import TABLES as RESULTS

PROVENANCE = frozenset({"run_id", "data_hash", "scenario_hash", "model_version", "seed"})
"""Last columns of every result table."""

_HEAD = """# 文件格式

本页由程序按读写所用的列生成（`make docs`），与程序不一致时测试不通过。

一个数据集是一个目录：`dataset.toml` 加下列表格，CSV（UTF-8 有无 BOM 均可，GB18030 也可）或 XLSX（列名相同）。列名可用英文固定名，
也可用所列中文；金额列的单位写在表头括号里，如 年度计划投资(万元)、总投资（亿元），读入时统一换算一次。未公布的单元格留空，或填
X、X%、—，按缺失处理，绝不当作零。多出的列保留并显示。修订是 `released` 更晚的新行，不改旧行。1月不单列，1—2月记作 `YYYY-02`。

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

[files]                             # 可省略；文件名与默认不同时写
observations = "observations.csv"

[lights.gap]                        # 预警规则，名称用于 targets.csv 的 light_rule
green_from = 0.8                    # 年终灯：达到的概率，及以上为绿
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
"""

_TAIL = """
## 结果文件

`dabiao run` 写出一个目录：下列 CSV（UTF-8 带 BOM，空单元格表示没有该数，不是零）和 `run.json`（数据、版本、诊断、所用假设）。
增速、分点以 `_pct`、`_pp` 结尾，单位为百分数、百分点；概率 `p_*` 为小数，不写作0或1。各表末列为来源：运行编号、数据哈希、情景哈希、
模型版本、随机种子（`run_id`、`data_hash`、`scenario_hash`、`model_version`、`seed`；其他命令的表同样有这五列，下面不再列出）。
"""


def _rows(rows: Iterable[tuple[str, ...]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in rows]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [*_rows([head]), "|" + "---|" * len(head), *_rows(rows)]


def _choices(words: Mapping[str, tuple[str, ...]]) -> str:
    return "；".join(f"`{value}` {'、'.join(zh)}" for value, zh in words.items())


def _result(name: str) -> list[str]:
    """A result table: its columns but the provenance, which is the same in all."""
    own = [c for c in schema(name) if c.name not in PROVENANCE or name in RESULTS]
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
    for name in RESULTS:
        lines += _result(name)
    for command, tables in MORE_TABLES.items():
        lines += [f"## 结果文件：`dabiao {command}`", ""]
        for name in tables:
            lines += _result(name)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(formats_document())
