"""Imports point one way: from answers to draws to data, never back."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

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


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def test_a_module_has_a_layer_and_imports_only_from_its_own_or_above():
    assert [name for name in MODULES if room(name) not in LEVEL and name != "forecast"] == []
    back = [
        f"{module} imports {imported}"
        for module, path in MODULES.items()
        for imported in imports(path)
        if module != "forecast" and imported.startswith("forecast.")
        if LEVEL[room(imported.removeprefix("forecast."))] > LEVEL[room(module)]
    ]
    assert back == []


def test_only_the_reference_route_knows_pymc():
    knowing = {name for name, path in MODULES.items() if {one.split(".")[0] for one in imports(path)} & HEAVY}
    assert knowing == {"inference.gaps.nuts", "inference.regular.nuts"}


COMPUTING = frozenset({"ui.scenario_edit"})
"""Pages that still do; one is taken off when it no longer does, none is put on."""


def test_no_page_computes():
    """What a page shows is made below it: no page has pandas or numpy at hand, or turns percent into shares."""
    tools = {"pandas", "numpy", "from_percent", "to_percent"}
    pages = {name: used(path) for name, path in MODULES.items() if room(name) == "ui"}
    assert {name for name, words in pages.items() if words & tools} == COMPUTING


def used(path: Path) -> set[str]:
    """Modules that a module imports when it runs, and names of what it calls."""
    found: set[str] = set()
    nodes: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.Call):
            found.add(getattr(node.func, "id", "") or getattr(node.func, "attr", ""))
        nodes += ast.iter_child_nodes(node)
    return found


def test_only_the_terminal_draws_a_table_for_a_terminal():
    assert {name for name, path in MODULES.items() if "add_column" in used(path)} == {"report.terminal"}


def test_every_layered_module_exists():
    assert set(LEVEL) <= set(MODULES) | {name.split(".")[0] for name in MODULES}


def test_no_cycles():
    graph = {
        name: {i.removeprefix("forecast.") for i in imports(path, top_only=True) if i.startswith("forecast.")}
        for name, path in MODULES.items()
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
