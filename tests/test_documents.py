"""Documents and docstrings name modules that are there, and the house keeps the measure that it states."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "forecast"
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("data/*/README.md"), *ROOT.glob("benchmarks/*.md")]
)
CURRENT = [path for path in DOCUMENTS if path.name != "CHANGELOG.md"]
"""The changelog names what was there then."""
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES = 600
MOST_ENTRIES = 28
TO_SPLIT = frozenset({"tables.attainment", "tables.table"})
"""Modules that are longer for now; none is added."""
RETIRED = frozenset(
    {"assignments", "delivery", "explored", "given", "joining", "kinds", "levers", "naming", "outlook", "posed"}
    | {"reading", "regenerated", "required_path", "shares", "shelf", "solver", "spreading", "study", "support"}
)
"""First words of references to modules that moved: ``reading.problems`` is ``data.reading.problems`` today."""


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


@cache
def names_in(path: Path) -> frozenset[str]:
    """Names that a module has at its top, those it imports, and the attributes of its classes."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.TypeAlias):
            found.add(node.name.id)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.Assign):
            found |= {one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name)}
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
    return frozenset(found)


BY_NAME = {dotted(path): path for path in MODULES}
ROOMS = {path.name for path in PACKAGE.iterdir() if path.is_dir() and (path / "__init__.py").exists()}


def resolves(reference: str) -> bool:
    """Whether a dotted reference whose first word is a room or a module leads somewhere."""
    words = reference.removeprefix("forecast.").split(".")
    for cut in range(len(words), 0, -1):
        start = ".".join(words[:cut])
        for name in [one for one in BY_NAME if one == start or one.endswith(f".{start}")]:
            rest = words[cut:]
            if not rest or rest[0] in names_in(BY_NAME[name]):
                return True
    return False


def about_modules(text: str) -> list[str]:
    """Dotted references to the program: the first word is a room, or the name of a module that is gone."""
    found = re.findall(r"``?((?:[a-z_]+\.)+[A-Za-z_]+)(?:\([^`]*\))?``?", text)
    return [one for one in found if one.removeprefix("forecast.").split(".")[0] in ROOMS | RETIRED]


OTHER_FILES = (".toml", ".csv", ".json", ".yaml")


def astray(text: str, *endings: str) -> list[str]:
    """References to modules that lead nowhere."""
    return [
        one for one in about_modules(text) if Path(one).suffix not in (*OTHER_FILES, *endings) and not resolves(one)
    ]


def test_documents_name_files_and_modules_and_link_to_files_that_are_there():
    rooms = {module.parent for module in MODULES}
    wrong: dict[str, list[str]] = {}
    for path in CURRENT:
        text = path.read_text(encoding="utf-8")
        places = (ROOT, path.parent, ROOT / "benchmarks", *rooms)
        named = sorted(set(re.findall(r"[\w./-]+\.py\b", text)))
        gone = [one for one in named if not any((place / one).is_file() for place in places)]
        links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
        gone += [one for one in links if not (path.parent / one).exists()]
        gone += [] if path.name == "api.md" else astray(text, ".py")  # its blocks run: what they name is there
        wrong |= {path.relative_to(ROOT).as_posix(): gone} if gone else {}
    assert wrong == {}


def test_docstrings_name_modules_and_tests_that_are_there():
    wrong: dict[str, list[str]] = {}
    for module, path in BY_NAME.items():
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        kinds = ast.Module | ast.ClassDef | ast.FunctionDef
        told = "\n".join(ast.get_docstring(node) or "" for node in nodes if isinstance(node, kinds))
        gone = [one for one in re.findall(r"``(tests/[\w/]+\.py)``", told) if not (ROOT / one).is_file()]
        gone += astray(told)
        wrong |= {module: gone} if gone else {}
    assert wrong == {}


def test_no_module_is_longer_than_the_measure():
    lines = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in BY_NAME.items()}
    assert {module: n for module, n in lines.items() if n > MOST_LINES and module not in TO_SPLIT} == {}


def test_the_house_has_few_entries():
    entries = {path.name for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert len(entries) <= MOST_ENTRIES


def test_every_document_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    missing = [
        path.name for path in (ROOT / "docs").glob("*.md") if path.name != "README.md" and path.name not in index
    ]
    assert missing == []


def test_every_room_is_in_the_architecture():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [room for room in sorted(ROOMS) if f"`{room}/`" not in text] == []
