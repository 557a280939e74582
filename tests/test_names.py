"""One thing has one name: a public type is called alike in two rooms only where that is meant."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "forecast"
FACES = ("cli", "ui")
"""Rooms whose commands and pages are called as what they show."""
MEANT = frozenset(
    {
        "Cell",
        "Column",
        "Comparison",
        "Draft",
        "Evidence",
        "Family",
        "Figure",
        "Form",
        "FrontierPoint",
        "Grid",
        "Group",
        "Judged",
        "Kind",
        "Method",
        "Order",
        "Part",
        "Places",
        "Ratio",
        "Row",
        "Rows",
        "Said",
        "Series",
        "Sheet",
        "Standing",
        "Summary",
        "Unit",
    }
)
"""Names that two rooms share for now; one may be taken off, none is put on."""


def named() -> dict[str, set[str]]:
    """Public types by name: the modules that define them."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        module = path.relative_to(PACKAGE).as_posix()
        if module.split("/")[0] in FACES:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found[node.name].add(module)
            elif isinstance(node, ast.TypeAlias):
                found[node.name.id].add(module)
    return {name: modules for name, modules in found.items() if not name.startswith("_")}


def test_a_public_name_is_one_thing():
    twice = {name: sorted(modules) for name, modules in named().items() if len(modules) > 1}
    assert {name: modules for name, modules in twice.items() if name not in MEANT} == {}


def test_types_of_the_flow_are_unique():
    """What stages hand on has one type, without exception."""
    flow = {"Dataset", "Posterior", "IndicatorPaths", "Paths", "Run", "Attainment", "Effects", "Session", "Case"}
    flow |= {"Outcome", "Status", "Identity", "Header", "Scenario", "Measure", "ActionType", "World", "LedgerPart"}
    assert {name for name in flow if len(named().get(name, ())) != 1} <= MEANT
