"""Ledgers of the invented city: key projects, enterprises and the 五上 pipeline, in scale with its levels.

Invariant: base outputs of enterprises sum to ``LEDGER_OUTPUT_SHARE`` of the city's industrial output, plans of
projects to ``LEDGER_PLAN_SHARE`` of its investment of last year (held by ``tests/test_data_example.py``).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from example_build.truth import COUNTIES, TARGET_YEAR, Floats, stream

ROW_STATUS, SOURCE = "synthetic", "示例台账"
VALUE_ADDED_RATE = 0.28
"""Industrial value added as a share of output; turns the one's level into the other's."""
GROUPS: Mapping[str, tuple[int, float, float, float]] = {
    # status: enterprises, share of the city's output, growth to date (percent), spread of growth
    "halted": (22, 0.032, -92.0, 8.0),
    "half_halted": (14, 0.024, -58.0, 8.0),
    "reduced": (26, 0.042, -24.0, 8.0),
    "seasonal": (8, 0.012, -15.0, 5.0),
    "normal": (80, 0.540, 11.0, 6.0),
}
LEDGER_OUTPUT_SHARE = sum(g[1] for g in GROUPS.values())
LEDGER_PLAN_SHARE = 0.62
PROJECTS, PIPELINE = 120, 60
BRANCHES: Mapping[str, str] = {
    "food": "食品加工",
    "building_materials": "建材",
    "pharma": "医药制造",
    "textile": "纺织服装",
    "materials": "新型材料",
    "equipment": "装备制造",
    "mining": "矿产采选",
}
CAUSES = ("市场订单", "资金", "环保安全", "用电原料", "用地", "技改搬迁", "其他")
INDUSTRY_TEAM, INVEST_TEAM = "工业稳增长专班", "稳投资专班"
SERVICE_TEAM, BUILDING_TEAM, FARM_TEAM = "消费服务业稳增长专班", "房地产和建筑业稳增长专班", "农业稳增长专班"
SECTORS: Mapping[str, tuple[float, str, str]] = {
    # sector: share of projects, name, team
    "industry": (0.30, "工业", INDUSTRY_TEAM),
    "infrastructure": (0.26, "基础设施", INVEST_TEAM),
    "agriculture": (0.12, "农业", FARM_TEAM),
    "services": (0.13, "服务业", SERVICE_TEAM),
    "real_estate": (0.09, "房地产", BUILDING_TEAM),
    "public": (0.10, "社会事业", INVEST_TEAM),
}
FUNDS = ("中央预算内", "专项债券", "抗疫特别国债", "自筹", "银行贷款")
BLOCKERS = ("用地", "资金", "手续", "征地拆迁", "施工力量")
PIPELINE_SECTORS: Mapping[str, tuple[float, str, str]] = {
    # sector: share of rows, name, team
    "industry": (0.36, "工业", INDUSTRY_TEAM),
    "trade": (0.34, "贸易业", SERVICE_TEAM),
    "services": (0.16, "服务业", SERVICE_TEAM),
    "construction": (0.08, "建筑业", BUILDING_TEAM),
    "real_estate": (0.06, "房地产业", BUILDING_TEAM),
}
WINDOWS: Mapping[str, tuple[tuple[str, str], ...]] = {
    # channel: filing deadline, first month reported
    "monthly": ((f"{TARGET_YEAR}-10-20", f"{TARGET_YEAR}-11"), (f"{TARGET_YEAR}-11-20", f"{TARGET_YEAR}-12")),
    "annual": ((f"{TARGET_YEAR}-11-30", f"{TARGET_YEAR + 1}-02"), (f"{TARGET_YEAR}-12-25", f"{TARGET_YEAR + 1}-02")),
}


def skewed(rng: np.random.Generator, n: int, *, total: float, sigma: float = 1.1) -> Floats:
    """Sizes, dims (n,), log-normal, that sum to ``total``."""
    size = np.exp(sigma * rng.standard_normal(n))
    return np.asarray(total * size / size.sum())


def places(rng: np.random.Generator, n: int, share: Mapping[str, float]) -> list[str]:
    """Counties of ``n`` rows: each at least once, the rest by share."""
    names, p = list(share), np.array(list(share.values()))
    drawn = [names[k] for k in rng.choice(len(names), size=n - len(COUNTIES), p=p / p.sum())]
    rows = [*COUNTIES, *drawn]
    return [rows[k] for k in rng.permutation(n)]


def flag(value: bool) -> str:
    """A truth value as the files write it."""
    return "true" if value else "false"


def person(k: int) -> str:
    """Name of the ``k``-th responsible person."""
    return f"责任人{k % 40 + 1:02d}"


def enterprise_row(rng: np.random.Generator, status: str) -> dict[str, str]:
    """Cells of an enterprise that depend on its status."""
    spread = GROUPS[status][3]
    row = {"status": status, "ytd_growth_pct": f"{max(-100.0, GROUPS[status][2] + spread * rng.standard_normal()):.1f}"}
    if status == "normal":
        return {
            **row,
            "cause": "",
            "recoverable": "true",
            "restart_month": "",
            "restart_prob": "",
            "ramp": "",
            "deadline": "",
        }
    month = 10 + int(rng.choice(3, p=(0.5, 0.3, 0.2)))
    recoverable = status != "halted" or bool(rng.random() < 0.77)
    return {
        **row,
        "cause": "季节性" if status == "seasonal" else str(rng.choice(CAUSES)),
        "recoverable": flag(recoverable),
        "restart_month": f"{TARGET_YEAR}-{month:02d}" if recoverable else "",
        "restart_prob": f"{rng.choice((0.2, 0.5, 0.8), p=(0.25, 0.45, 0.3)):.1f}" if recoverable else "",
        "ramp": "0.3;0.6;0.8" if recoverable else "",
        "deadline": f"{TARGET_YEAR}-{month:02d}-25" if recoverable else "",
    }


def enterprises(seed: int, names: Mapping[str, str], *, output_yi: float, share: Mapping[str, float]) -> pd.DataFrame:
    """Industrial enterprises; ``output_yi`` is the city's output of last year, ``share`` that of each county."""
    rng = stream(seed, "enterprises")
    status = [s for s, g in GROUPS.items() for _ in range(g[0])]
    size = np.concatenate([skewed(rng, g[0], total=g[1] * output_yi) for g in GROUPS.values()])
    county = places(rng, len(status), share)
    rows = []
    for k, n in enumerate(rng.permutation(len(status))):
        cells, branch = enterprise_row(rng, status[n]), str(rng.choice(list(BRANCHES)))
        head = {
            "enterprise": f"e{k + 1:03d}",
            "name_zh": f"示例企业{k + 1:03d}",
            "county": county[n],
            "industry": branch,
            "industry_zh": BRANCHES[branch],
            "team_zh": INDUSTRY_TEAM,
        }
        order = ("status", "cause", "recoverable", "base", "ytd_growth_pct", "restart_month", "restart_prob", "ramp")
        middle = {("base_output_yi" if c == "base" else c): cells.get(c, f"{size[n]:.4f}") for c in order}
        tail = {
            "resp_unit": f"{names[county[n]]}工业主管部门",
            "resp_person": person(k),
            "deadline": cells["deadline"],
            "row_status": ROW_STATUS,
            "source": SOURCE,
        }
        rows.append({**head, **middle, **tail})
    return pd.DataFrame(rows)


def project_progress(rng: np.random.Generator, plan: float, *, new: bool, unstarted: bool) -> dict[str, str]:
    """Money and progress of a project whose plan of the year is ``plan`` 万元, as of August."""
    pace = 0.0 if unstarted else float(np.clip(rng.beta(9, 5) - 0.08 * new, 0.05, 0.98))
    done = round(plan * pace)
    month = rng.dirichlet((20, 24, 24, 24)) * (plan - done)
    start = f"{TARGET_YEAR}-{10 + int(rng.integers(3)):02d}" if unstarted else ""
    return {
        "plan_year_invest_wan": f"{plan:.0f}",
        "ytd_invest_wan": f"{done:.0f}",
        **{f"plan_m{m}_wan": f"{x:.0f}" for m, x in zip(("09", "10", "11", "12"), month, strict=True)},
        "progress_pct": f"{100 * pace:.0f}",
        "started": flag(not unstarted),
        "start_plan": start,
        "in_stat_library": flag(not unstarted and bool(rng.random() < 0.92)),
    }


def projects(seed: int, names: Mapping[str, str], *, fai_yi: float, share: Mapping[str, float]) -> pd.DataFrame:
    """Key projects; ``fai_yi`` is the city's investment of last year, ``share`` that of each county."""
    rng = stream(seed, "projects")
    plan = np.round(skewed(rng, PROJECTS, total=LEDGER_PLAN_SHARE * fai_yi * 1e4, sigma=0.9))
    county = places(rng, PROJECTS, {**share, "shibenji": 0.06, "kuaxianqu": 0.04})
    sectors = rng.choice(list(SECTORS), size=PROJECTS, p=[s[0] for s in SECTORS.values()])
    idle = set(rng.choice(PROJECTS, size=8, replace=False).tolist())
    rows = []
    for k in range(PROJECTS):
        new = k in idle or bool(rng.random() < 0.45)
        sector, place = str(sectors[k]), county[k]
        risky = k in idle or bool(rng.random() < 0.3)
        rows.append(
            {
                "project": f"p{k + 1:03d}",
                "name_zh": f"示例项目{k + 1:03d}",
                "county": place,
                "sector": sector,
                "sector_zh": SECTORS[sector][1],
                "team_zh": SECTORS[sector][2],
                "nature": "new" if new else "continued",
                "total_invest_yi": f"{plan[k] / 1e4 * rng.uniform(1.1, 3.5):.2f}",
                **project_progress(rng, float(plan[k]), new=new, unstarted=k in idle),
                "fund_source": "专项债券" if k in idle else str(rng.choice(FUNDS)),
                "funded_pct": f"{100 * rng.beta(5, 2):.0f}",
                "blocker": str(rng.choice(BLOCKERS)) if risky else "",
                "completion_prob": f"{rng.uniform(0.4, 0.7) if risky else rng.uniform(0.75, 0.95):.2f}",
                "delay_months": str(int(rng.choice(4, p=(0.3, 0.4, 0.2, 0.1)))) if risky else "0",
                "resp_unit": f"{names.get(place, '市级')}项目主管部门",
                "resp_person": person(k + 7),
                "row_status": ROW_STATUS,
                "source": SOURCE,
            }
        )
    return pd.DataFrame(rows)


def pipeline(seed: int, names: Mapping[str, str], *, share: Mapping[str, float]) -> pd.DataFrame:
    """Enterprises on their way into the statistics, and what each would report a month."""
    rng = stream(seed, "pipeline")
    county = places(rng, PIPELINE, share)
    output = 900 * np.exp(0.8 * rng.standard_normal(PIPELINE))
    rows = []
    for k in range(PIPELINE):
        sector = str(rng.choice(list(PIPELINE_SECTORS), p=[s[0] for s in PIPELINE_SECTORS.values()]))
        channel = "monthly" if rng.random() < 0.55 else "annual"
        deadline, reports = WINDOWS[channel][int(rng.integers(2))]
        rows.append(
            {
                "enterprise": f"w{k + 1:03d}",
                "name_zh": f"示例培育企业{k + 1:03d}",
                "county": county[k],
                "sector": sector,
                "sector_zh": PIPELINE_SECTORS[sector][1],
                "team_zh": PIPELINE_SECTORS[sector][2],
                "status": "preparing",
                "channel": channel,
                "filing_deadline": deadline,
                "first_report_month": reports,
                "expected_monthly_output_wan": f"{output[k] * (1.8 if sector == 'industry' else 1.0):.0f}",
                "exit_risk": f"{rng.beta(1.5, 9):.2f}",
                "resp_unit": f"{names[county[k]]}统计部门",
                "resp_person": person(k + 19),
                "row_status": ROW_STATUS,
                "source": SOURCE,
            }
        )
    return pd.DataFrame(rows)
