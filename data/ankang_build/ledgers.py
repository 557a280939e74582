"""Synthetic ledgers with the published totals of Ankang in August 2020: projects, enterprises, the 五上 pipeline.

Only totals are published, so every row is invented, named 示例… and flagged ``synthetic``. ``generate`` draws
another ledger with the same totals for every seed.

Invariant: whatever the seed, counts and sums are the published ones (held by ``tests/test_data_ankang.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

__all__ = [
    "CITY_OUTPUT_2019_YI",
    "ENTERED",
    "GROUPS",
    "PLANS_WAN",
    "generate",
]

type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]

CITY_OUTPUT_2019_YI: Final = 1886.99
"""规模工业总产值 of 2019, 亿元 (gxj.ankang.gov.cn/Content-2130206.html): the base of every pull."""

PLANS_WAN: Final[Mapping[str, tuple[int, int]]] = {"continued": (132, 3_650_000), "new": (128, 1_550_000)}
"""Number and plan of the year, 万元, of continued and new projects (the city's plan of 2020)."""

GROUPS: Final[Mapping[str, tuple[int, float]]] = {
    "halted": (99, -9.6),
    "half_halted": (44, -4.4),
    "reduced": (68, -2.2),
}
"""Number and pull on output growth, points, of each group of enterprises, January to August (speech)."""

NORMAL: Final = 24
"""Enterprises that work as usual; nothing is published of them, they carry the scenarios of exits."""

ENTERED: Final = 132
"""Units newly in the 五上 statistics by the end of August (speech)."""

_SOURCE: Final = "示例台账"
_PLACES: Final = {
    "hanbin": 0.15, "gaoxin": 0.11, "hengkou": 0.05, "hanyin": 0.08, "shiquan": 0.07, "ningshan": 0.04,
    "ziyang": 0.08, "langao": 0.06, "pingli": 0.07, "zhenping": 0.04, "xunyang": 0.12, "baihe": 0.06,
}  # fmt: skip
_BEYOND: Final = {"shibenji": 0.05, "kuaxianqu": 0.03}
_TEAM: Final = {
    "agriculture": "农业稳增长专班",
    "industry": "工业稳增长专班",
    "infrastructure": "稳投资专班",
    "real_estate": "房地产和建筑业稳增长专班",
    "services": "消费服务业稳增长专班",
    "public": "稳投资专班",
}
_SECTOR_ZH: Final = {
    "agriculture": "农业", "industry": "工业", "infrastructure": "基础设施", "real_estate": "房地产",
    "services": "服务业", "public": "社会事业",
}  # fmt: skip
_SECTOR_SHARE: Final = {
    "agriculture": 0.12, "industry": 0.30, "infrastructure": 0.25, "real_estate": 0.08, "services": 0.13,
    "public": 0.12,
}  # fmt: skip
_FUNDS: Final = {"中央预算内": 0.18, "专项债券": 0.20, "抗疫特别国债": 0.08, "自筹": 0.36, "银行贷款": 0.18}
_PUBLIC_FUNDS: Final = ("中央预算内", "专项债券", "抗疫特别国债")
_BLOCKERS: Final = {"": 0.70, "用地": 0.11, "资金": 0.11, "手续": 0.08}
_CAUSES: Final = {
    "市场订单": 0.34, "资金": 0.20, "环保安全": 0.12, "用电原料": 0.10, "技改搬迁": 0.08, "用地": 0.05, "季节性": 0.05,
    "其他": 0.06,
}  # fmt: skip
_GROWTH_RANGE: Final = {
    "halted": (-96.0, -62.0), "half_halted": (-85.0, -50.0), "reduced": (-45.0, -10.0), "normal": (-6.0, 14.0),
}  # fmt: skip
"""Growth of output from January to August, percent, of a firm that did not stand still all year."""
_LAST_DAY: Final = {10: "2020-10-31", 11: "2020-11-30", 12: "2020-12-31"}
_BRANCHES: Final = {
    "food": ("富硒食品", 0.22),
    "materials": ("新型材料", 0.20),
    "mining": ("矿产采选", 0.14),
    "building_materials": ("建材", 0.14),
    "textile": ("纺织文创", 0.12),
    "equipment": ("装备制造", 0.10),
    "pharma": ("生物医药", 0.08),
}


def generate(seed: int) -> dict[str, pd.DataFrame]:
    """The three ledgers of a seed: ``projects``, ``enterprises``, ``pipeline``, every cell as text.

    Each ledger has a stream of its own, so that a change to one leaves the others as they are.
    """
    return {
        "projects": _projects(_rng(seed, 1)),
        "enterprises": _enterprises(_rng(seed, 2)),
        "pipeline": _pipeline(_rng(seed, 3)),
    }


def _rng(seed: int, stream: int) -> np.random.Generator:
    return np.random.default_rng([seed, stream])


def _lognormal(rng: np.random.Generator, size: int, sigma: float) -> Floats:
    """Skewed sizes; made from uniforms, whose stream is stable between versions of numpy."""
    return np.exp(sigma * ndtri(rng.random(size)))


def _between(rng: np.random.Generator, size: int, low: float, high: float) -> Floats:
    return low + (high - low) * rng.random(size)


def _apportion(weights: Floats, total: int) -> Ints:
    """Whole numbers near the weights that sum to ``total`` (largest remainder, the earlier first on a tie)."""
    exact = weights / weights.sum() * total
    whole = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def _labels(rng: np.random.Generator, shares: Mapping[str, float], size: int) -> list[str]:
    """Labels in the given shares, each at least once, in random order."""
    counts = 1 + _apportion(np.array(list(shares.values())), size - len(shares))
    labels = np.repeat(np.array(list(shares), dtype=object), counts)
    return [str(label) for label in labels[np.argsort(rng.random(size), kind="stable")]]


def _people(rng: np.random.Generator, size: int, units: int, persons: int) -> tuple[list[str], list[str]]:
    unit = np.floor(_between(rng, size, 1, units + 1)).astype(int)
    person = np.floor(_between(rng, size, 1, persons + 1)).astype(int)
    return [f"示例单位{k:02d}" for k in unit], [f"责任人{k:02d}" for k in person]


def _sized(rng: np.random.Generator, size: int, total_wan: int, *, sigma: float, step: int) -> Ints:
    """Plans in steps of ``step`` 万元 that sum to the total: lognormal, none below 500 万元 (the survey's floor)."""
    floor = 600
    spare = (total_wan - floor * size) // step
    return floor + step * _apportion(_lognormal(rng, size, sigma), spare)


def _projects(rng: np.random.Generator) -> pd.DataFrame:
    nature = [name for name, (count, _) in PLANS_WAN.items() for _ in range(count)]
    plan = np.concatenate([_sized(rng, n, total, sigma=1.0, step=10) for n, total in PLANS_WAN.values()])
    n = len(nature)
    new = np.array([name == "new" for name in nature])
    sector = _labels(rng, _SECTOR_SHARE, n)
    fund = _fund_sources(rng, sector)
    blocker = _labels(rng, _BLOCKERS, n)
    unstarted = _unstarted(rng, new, fund)
    for k in np.flatnonzero(unstarted):
        blocker[k] = blocker[k] or ("用地", "手续", "资金")[int(rng.random() * 3)]
    held = np.array([bool(text) for text in blocker])
    ytd = _ytd(rng, plan, new, held, unstarted)
    rest = _rest(rng, plan - ytd, unstarted)
    share = np.where(new, _between(rng, n, 0.30, 0.90), _between(rng, n, 0.18, 0.50))
    total_wan = np.ceil(plan / share / 100) * 100
    before = np.where(new, 0.0, _between(rng, n, 0.35, 0.95) * np.maximum(total_wan - plan, 0.0))
    progress = np.where(unstarted, 0.0, np.clip(100 * (before + ytd) / total_wan * _between(rng, n, 0.95, 1.08), 0, 99))
    probability = np.clip(_between(rng, n, 0.82, 0.98) - 0.18 * held - 0.15 * unstarted - 0.05 * new, 0.35, 0.98)
    delay = np.where(held, 1 + np.floor(3 * rng.random(n)), np.where(rng.random(n) < 0.12, 1, 0)).astype(int)
    in_library = ~unstarted & ~(new & (rng.random(n) < 0.12))
    unit, person = _people(rng, n, 40, 60)
    return pd.DataFrame(
        {
            "project": [f"p{k:03d}" for k in range(1, n + 1)],
            "name_zh": [f"示例项目{k:03d}" for k in range(1, n + 1)],
            "county": _labels(rng, {**_PLACES, **_BEYOND}, n),
            "sector": sector,
            "team_zh": [_TEAM[name] for name in sector],
            "nature": nature,
            "total_invest_yi": [f"{value / 1e4:.2f}" for value in total_wan],
            "plan_year_invest_wan": plan.astype(str),
            "ytd_invest_wan": ytd.astype(str),
            **{f"plan_m{month:02d}_wan": rest[:, k].astype(str) for k, month in enumerate((10, 11, 12), start=1)},
            "progress_pct": [f"{value:.1f}" for value in progress],
            "started": np.where(unstarted, "0", "1"),
            "start_plan": _start_months(rng, new, unstarted),
            "in_stat_library": np.where(in_library, "1", "0"),
            "fund_source": fund,
            "funded_pct": [f"{v:.0f}" for v in np.where(held, _between(rng, n, 20, 70), _between(rng, n, 55, 100))],
            "blocker": blocker,
            "completion_prob": [f"{value:.2f}" for value in probability],
            "delay_months": delay.astype(str),
            "resp_unit": unit,
            "resp_person": person,
            "row_status": "synthetic",
            "source": _SOURCE,
            "plan_m09_wan": rest[:, 0].astype(str),
            "sector_zh": [_SECTOR_ZH[name] for name in sector],
        }
    )


def _fund_sources(rng: np.random.Generator, sector: Sequence[str]) -> list[str]:
    """Where the money comes from: real estate and industry have no public bonds."""
    fund = _labels(rng, _FUNDS, len(sector))
    private = ["自筹", "银行贷款"]
    return [
        private[int(rng.random() < 0.35)] if name in ("real_estate", "industry") and source in _PUBLIC_FUNDS else source
        for name, source in zip(sector, fund, strict=True)
    ]


def _unstarted(rng: np.random.Generator, new: npt.NDArray[np.bool_], fund: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Three new projects on special bonds (speech), and nine others that wait."""
    order = np.argsort(rng.random(len(fund)), kind="stable")
    bond = [k for k in order if new[k] and fund[k] == "专项债券"][:3]
    others = [k for k in order if new[k] and fund[k] != "专项债券"][:9]
    waiting = np.zeros(len(fund), dtype=bool)
    waiting[[*bond, *others]] = True
    return waiting


def _ytd(
    rng: np.random.Generator,
    plan: Ints,
    new: npt.NDArray[np.bool_],
    held: npt.NDArray[np.bool_],
    unstarted: npt.NDArray[np.bool_],
) -> Ints:
    """Investment done by August, 万元: about 73 % of the plan of continued projects, ten points less of new ones."""
    raw = np.clip(0.78 + 0.13 * ndtri(rng.random(len(plan))) - 0.20 * held, 0.10, 0.97)
    raw[unstarted] = 0.0
    for of_group, aim in ((~new, 0.73), (new, 0.63)):
        for _ in range(60):
            done = (plan * raw)[of_group].sum() / plan[of_group].sum()
            raw[of_group & ~unstarted] = np.clip(raw[of_group & ~unstarted] * aim / done, 0.05, 0.985)
    return np.floor(plan * raw / 10).astype(np.int64) * 10


def _rest(rng: np.random.Generator, rest: Ints, unstarted: npt.NDArray[np.bool_]) -> Ints:
    """Plans of September to December, 万元, (project, month); they sum to the rest of the year's plan."""
    weights = np.array([0.24, 0.26, 0.26, 0.24]) * np.exp(0.25 * ndtri(rng.random((len(rest), 4))))
    weights[unstarted, 0] = 0.0
    return np.array([_apportion(row, int(left)) for row, left in zip(weights, rest, strict=True)])


def _start_months(rng: np.random.Generator, new: npt.NDArray[np.bool_], unstarted: npt.NDArray[np.bool_]) -> list[str]:
    months = []
    for is_new, waits, u in zip(new, unstarted, rng.random(len(new)), strict=True):
        if waits:
            months.append(f"2020-{10 + int(u * 2):02d}")
        elif is_new:
            months.append(f"2020-{3 + int(u * 6):02d}")
        else:
            months.append(f"{2017 + int(u * 3)}-{1 + int(u * 36) % 12:02d}")
    return months


def _enterprises(rng: np.random.Generator) -> pd.DataFrame:
    status = [name for name, (count, _) in GROUPS.items() for _ in range(count)] + ["normal"] * NORMAL
    n = len(status)
    growth = _growth(rng, status)
    base = _bases(rng, status, growth)
    cause = [text if name != "normal" else "" for text, name in zip(_labels(rng, _CAUSES, n), status, strict=True)]
    halted = np.array([name == "halted" for name in status])
    half = np.array([name == "half_halted" for name in status])
    normal = np.array([name == "normal" for name in status])
    recoverable = ~normal & (rng.random(n) >= np.where(halted, 0.22, np.where(half, 0.08, 0.02)))
    odds = np.array([0.2, 0.5, 0.8])[np.minimum(np.floor(3 * rng.random(n) + 0.5 * ~halted).astype(int), 2)]
    month = 10 + np.minimum(np.floor(3.0 * rng.random(n) ** (1.0 + 0.6 * ~halted)), 2).astype(int)
    ramp = np.where(halted, "0.3;0.6;0.8", np.where(half, "0.5;0.7;0.85", "0.8;0.9;1.0"))
    branch = _labels(rng, {name: share for name, (_, share) in _BRANCHES.items()}, n)
    unit, person = _people(rng, n, 40, 60)
    return pd.DataFrame(
        {
            "enterprise": [f"e{k:03d}" for k in range(1, n + 1)],
            "name_zh": [f"示例企业{k:03d}" for k in range(1, n + 1)],
            "county": _labels(rng, _PLACES | {"hanbin": 0.12, "xunyang": 0.17, "hanyin": 0.12, "pingli": 0.11}, n),
            "industry": branch,
            "status": status,
            "cause": cause,
            "recoverable": np.where(normal, "", np.where(recoverable, "1", "0")),
            "base_output_yi": [f"{value:.4f}" for value in base],
            "ytd_growth_pct": [f"{value:.1f}" for value in growth],
            "restart_month": [f"2020-{m}" if able else "" for m, able in zip(month, recoverable, strict=True)],
            "restart_prob": [f"{p:.1f}" if able else "" for p, able in zip(odds, recoverable, strict=True)],
            "ramp": np.where(recoverable, ramp, ""),
            "resp_unit": unit,
            "resp_person": person,
            "deadline": [
                f"2020-{m}-{31 if m % 2 == 0 else 30}" if able else ""
                for m, able in zip(month, recoverable, strict=True)
            ],
            "row_status": "synthetic",
            "source": _SOURCE,
            "team_zh": _TEAM["industry"],
            "industry_zh": [_BRANCHES[name][0] for name in branch],
        }
    )


def _growth(rng: np.random.Generator, status: Sequence[str]) -> Floats:
    """Output growth of January to August, percent, to one decimal: a firm that stopped later fell less."""
    u, stopped_all_year = rng.random(len(status)), rng.random(len(status)) < 0.7
    ranges = {
        "halted": (-96.0, -62.0),
        "half_halted": (-85.0, -50.0),
        "reduced": (-45.0, -10.0),
        "normal": (-6.0, 14.0),
    }
    low, high = np.array([ranges[name] for name in status]).T
    growth = low + (high - low) * u
    growth[stopped_all_year & np.array([name == "halted" for name in status])] = -100.0
    return np.round(growth, 1)


def _bases(rng: np.random.Generator, status: Sequence[str], growth: Floats) -> Floats:
    """Output of 2019, 亿元: lognormal, scaled until the pull of the group is the published one.

    Notes
    -----
    Pull of a group = sum of base share x growth. The rounding to 万元 is taken up by the largest firm, which leaves
    less than 1e-5 points.
    """
    size = _lognormal(rng, len(status), 1.1)
    names = np.array(status)
    base = np.zeros(len(status))
    for group, (_, pull) in GROUPS.items():
        rows = np.flatnonzero(names == group)
        wanted = pull / 100 * CITY_OUTPUT_2019_YI
        scaled = size[rows] * wanted / (size[rows] * growth[rows] / 100).sum()
        base[rows] = np.round(np.maximum(scaled, 0.05), 4)
        largest = rows[int(np.argmax(base[rows]))]
        short = wanted - (base[rows] * growth[rows] / 100).sum()
        base[largest] = round(float(base[largest] + short / (growth[largest] / 100)), 4)
    rows = np.flatnonzero(names == "normal")
    base[rows] = np.round(np.maximum(4.0 * size[rows], 0.2), 4)
    return base


_SECTORS_OF_PIPELINE: Final = {
    "industry": ("industry", "工业", "工业稳增长专班", 0.30, 420.0),
    "wholesale_retail": ("trade", "贸易业", "消费服务业稳增长专班", 0.30, 150.0),
    "hotel_catering": ("trade", "贸易业", "消费服务业稳增长专班", 0.10, 45.0),
    "profit_services": ("services", "服务业", "消费服务业稳增长专班", 0.14, 110.0),
    "construction": ("construction", "建筑业", "房地产和建筑业稳增长专班", 0.10, 320.0),
    "real_estate": ("real_estate", "房地产业", "房地产和建筑业稳增长专班", 0.06, 500.0),
}
_WATCHED: Final = ("xunyang", "pingli", "shiquan", "hanyin")
"""Counties where the speech fears further exits."""

_STAGES: Final = (("entered", ENTERED), ("filing_monthly", 40), ("filing_annual", 48))
"""Units already in, candidates of the year's two monthly windows, candidates of the annual window."""

_MONTHLY_WINDOWS: Final = (("2020-10-20", "2020-11"), ("2020-11-20", "2020-12"))
_ANNUAL_WINDOWS: Final = (("2020-11-30", "2021-02"), ("2020-12-25", "2021-02"))


def _pipeline(rng: np.random.Generator) -> pd.DataFrame:
    stage = [name for name, count in _STAGES for _ in range(count)]
    n = len(stage)
    industry = _labels(rng, {name: row[3] for name, row in _SECTORS_OF_PIPELINE.items()}, n)
    county = _labels(rng, {**_PLACES, "shibenji": 0.04}, n)
    size = _lognormal(rng, n, 0.8) * np.array([_SECTORS_OF_PIPELINE[name][4] for name in industry])
    risk = np.clip(_between(rng, n, 0.02, 0.16) + 0.12 * np.array([c in _WATCHED for c in county]), 0.0, 1.0)
    windows = [_window(name, u) for name, u in zip(stage, rng.random(n), strict=True)]
    unit, person = _people(rng, n, 40, 60)
    return pd.DataFrame(
        {
            "enterprise": [f"w{k:03d}" for k in range(1, n + 1)],
            "name_zh": [f"示例培育企业{k:03d}" for k in range(1, n + 1)],
            "county": county,
            "sector": [_SECTORS_OF_PIPELINE[name][0] for name in industry],
            "channel": ["annual" if name == "filing_annual" else "monthly" for name in stage],
            "filing_deadline": [deadline for deadline, _ in windows],
            "expected_monthly_output_wan": [f"{max(value, 20.0):.0f}" for value in size],
            "exit_risk": [f"{value:.2f}" for value in risk],
            "resp_unit": unit,
            "resp_person": person,
            "row_status": "synthetic",
            "source": _SOURCE,
            "team_zh": [_SECTORS_OF_PIPELINE[name][2] for name in industry],
            "industry": industry,
            "sector_zh": [_SECTORS_OF_PIPELINE[name][1] for name in industry],
            "first_report_month": [month for _, month in windows],
            "status": ["entered" if name == "entered" else "preparing" for name in stage],
        }
    )


def _window(stage: str, u: float) -> tuple[str, str]:
    """Filing deadline and first month reported; a unit files in a month and reports from the next."""
    if stage == "entered":
        month = 3 + int(u * 6)
        return f"2020-{month - 1:02d}-20", f"2020-{month:02d}"
    windows = _MONTHLY_WINDOWS if stage == "filing_monthly" else _ANNUAL_WINDOWS
    return windows[int(u * 2)]
