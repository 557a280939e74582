"""Random inputs through the readers of files: ``make fuzz``.

Sheets of words that planners use, numbers in words, plans in words, damaged old workbooks and broken text files. Every
one must be read or refused with a problem; anything else is printed with its seed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from forecast.data.intake import understand
from forecast.data.reading.problems import Problems
from forecast.data.reading.source import sheets_of
from forecast.data.reading.spoken import WordsError, said_of, spoken_goal, spoken_number

ROOT: Final = Path(__file__).parents[1]
CASES: Final = ROOT / "tests" / "data" / "cases"
WORDS: Final = (
    *("", "", "", "指标", "地区", "时间", "单位", "口径", "安康市", "全国", "全市", "陕西省"),
    *("第一产业", "固定资产投资", "国内生产总值指数(上年同期=100)累计值", "社会消费品零售总额:当月同比"),
    *("2021年", "2021年1-8月", "1-8月", "8", "8月", "2021-08-31", "202108", "第三季度", "增速(%)"),
    *("绝对额(亿元)", "万元", "位次", "合计", "数据库：月度数据", "频率", "目录", "序号", "1", "2"),
    *("6.5", "-3.2", "1,234.5", "X", "持平", "下降3.2%", "（3.2）", "6.5-7", "8%以上", "520.1 亿元"),
    *("663.6/+6.3%", "—", "注：本表为快报数", "数据来源：国家统计局", "nan", "1e9", "∞", "=A1", "±", "%"),
)
SPOKEN: Final = "增长下降持平约左右以上以下力争确保负至到的%％.．,，-－+（）()8765.0 个百分点≥~亿元X—快报"


def _sheet(rng: random.Random, folder: Path) -> None:
    rows = [[rng.choice(WORDS) for _ in range(rng.randint(1, 7))] for _ in range(rng.randint(1, 12))]
    path = folder / rng.choice(("a.csv", "安康市2021年1-8月.csv", "全国.csv"))
    path.write_text("\n".join(rng.choice((",", "\t")).join(row) for row in rows), encoding="utf-8")
    for problem in (*(read := understand(path)).problems, *read.remarks):
        problem.text("zh")


def _spoken(rng: random.Random, _: Path) -> None:
    text = "".join(rng.choice(SPOKEN) for _ in range(rng.randint(0, 12)))
    said_of(text)
    spoken_goal(text)
    try:
        spoken_number(text)
    except WordsError:
        return


def _damaged(rng: random.Random, name: str) -> bytes:
    content = bytearray((CASES / name).read_bytes())
    for _ in range(rng.randint(1, 6)):
        content[rng.choice((rng.randrange(min(512, len(content))), rng.randrange(len(content))))] = rng.randrange(256)
    return bytes(content[: rng.randrange(len(content))] if rng.random() < 0.2 else content)


def _old_workbook(rng: random.Random, _: Path) -> None:
    problems = Problems()
    if sheets_of(_damaged(rng, "percent-formats.xls"), "a.xls", problems) is None and not len(problems):
        raise AssertionError("refused without a problem")


def _text_file(rng: random.Random, folder: Path) -> None:
    path = folder / "b.csv"
    path.write_bytes(_damaged(rng, rng.choice(("nbs-months.csv", "vendor-series.csv", "no-place.csv"))))
    understand(path)


KINDS: Final[dict[str, Callable[[random.Random, Path], None]]] = {
    "sheets": _sheet,
    "spoken numbers": _spoken,
    "old workbooks": _old_workbook,
    "text files": _text_file,
}


def main() -> int:
    """Run all kinds; how many inputs, how many broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=2000, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    done: Counter[str] = Counter()
    broken = 0
    with tempfile.TemporaryDirectory() as scratch:
        for name, kind in KINDS.items():
            for seed in range(asked.seed, asked.seed + asked.inputs):
                done[name] += 1
                try:
                    kind(random.Random(f"{name} {seed}"), Path(scratch))
                except Exception:  # whatever a reader raises is what is looked for
                    broken += 1
                    print(f"{name}, seed {seed}:", file=sys.stderr)
                    traceback.print_exc(limit=-3)
    print(", ".join(f"{n} {name}" for name, n in done.items()) + f": {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
