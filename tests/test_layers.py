"""Imports point one way: from answers to draws to data, never back."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "forecast"
LAYERS = tomllib.loads((PACKAGE.parent / "docs" / "layers.toml").read_text(encoding="utf-8"))["layers"]
LEVEL = {module: level for level, row in enumerate(LAYERS) for module in row}
HEAVY = {"pymc", "arviz", "nutpie", "pytensor"}


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__") or "forecast"


def room(module: str) -> str:
    """The entry of the layers that a module belongs to: itself, or the package that it lies in."""
    while module not in LEVEL and "." in module:
        module = module.rpartition(".")[0]
    return module


def imports(path: Path, *, top_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_only else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_has_a_layer_and_imports_only_from_its_own_or_above(path):
    module = name_of(path)
    if module == "forecast":
        return
    own = room(module)
    assert own in LEVEL, f"{module} is not in docs/layers.toml"
    for imported in imports(path):
        if imported.startswith("forecast."):
            other = room(imported.removeprefix("forecast."))
            assert LEVEL[other] <= LEVEL[own], f"{module} imports {imported} from a layer below its own"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_reference_route_knows_pymc(path):
    if name_of(path) not in ("inference.gaps.nuts", "inference.regular.nuts"):
        assert not {i.split(".")[0] for i in imports(path)} & HEAVY
    else:
        assert {i.split(".")[0] for i in imports(path)} & HEAVY


def test_every_layered_module_exists():
    names = {name_of(path) for path in MODULES}
    assert set(LEVEL) <= names | {name.split(".")[0] for name in names}


def test_no_cycles():
    graph = {
        name_of(p): {i.removeprefix("forecast.") for i in imports(p, top_only=True) if i.startswith("forecast.")}
        for p in MODULES
    }
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, f"cycle: {' -> '.join((*above, module))}"
        if module not in done:
            for other in graph.get(module, ()):
                visit(other, (*above, module))
            done.add(module)

    for module in graph:
        visit(module, ())
