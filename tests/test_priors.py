"""Priors and constants of tuning stand in one module, each with its reason, and the document says the same."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from forecast.inference import priors

ROOM = Path(priors.__file__).parent
DOCUMENT = Path(__file__).parents[1] / "docs" / "model.md"


def _stated(path: Path) -> dict[str, ast.expr]:
    """Constants of a module and what they are set to."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    named = (node for node in body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name))
    return {node.target.id: node.value for node in named if isinstance(node.target, ast.Name) and node.value}


def _literal(value: ast.expr) -> bool:
    """Whether the value is a number, or a collection of some."""
    try:
        found = ast.literal_eval(value)
    except ValueError:
        return False
    return not isinstance(found, str)


def test_no_other_module_of_the_room_states_a_number_of_its_own() -> None:
    others = {path: _stated(path) for path in ROOM.rglob("*.py") if path.name != "priors.py"}
    own = {f"{path.name}: {name}" for path, found in others.items() for name, value in found.items() if _literal(value)}
    assert own == set()


def test_every_constant_says_what_it_is() -> None:
    body = ast.parse((ROOM / "priors.py").read_text(encoding="utf-8")).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign):
            said = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            assert said, ast.unparse(node.target)


def _row(part: str) -> str:
    """Row of the document's tables that begins with these words."""
    rows = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {part}")]
    assert len(rows) == 1, part
    return rows[0].replace("−", "-")


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("level", "level"),
        ("slope", "slope"),
        ("season", "season"),
        ("autoregression", "ar"),
        ("irregular", "irregular"),
        ("growth of its own", "growth"),
        ("restatement", "revision"),
    ],
)
def test_document_states_the_prior_of_every_shape(part: str, name: str) -> None:
    at = priors.SHAPE_NAMES.index(name)
    found = re.findall(r"(-?[\d.]+) ± ([\d.]+)", _row(part).split("|")[-2])[-1]
    assert [float(one) for one in found] == pytest.approx([priors.SHAPE_CENTRE[at], priors.SHAPE_SPREAD[at]])


def test_document_states_the_other_priors() -> None:
    level, pp = priors.SCALE_BY_LEVEL, [100 * one for one in priors.PROFILE_SD.values()]
    said = {
        "scale": ", ".join(f"{name} {100 * level[name]:g}" for name in ("nation", "province", "city", "county")),
        "root's long-run growth": f"{100 * priors.ROOT_TREND_A_YEAR:g} % ± {100 * priors.ROOT_TREND_SD_A_YEAR:g}",
        "base weights": f"levels ± {pp[0]:g} %; a stated profile ± {pp[1]:g} %; flat ± {pp[2]:g} %",
    }
    for part, words in said.items():
        assert words in _row(part)
    assert f"log sd {priors.SCALE_SD:g}, siblings {priors.UNIT_SCALE_SD:g}" in _row("scale")
    at = priors.SHAPE_NAMES.index("ar_logit")
    own, regular = priors.SHAPE_CENTRE[at], priors.DESIGN_CENTRE[at]
    spread = priors.SHAPE_SPREAD[at]
    assert f"a = {own:g} ± {spread:g} (regular figures: {regular:g} ± {spread:g})" in _row("autoregression")
