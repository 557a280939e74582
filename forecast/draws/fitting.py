"""The fit of one indicator as a piece of work, and the key under which its draws can be taken up again.

Invariant: the same key means the same draws, bit for bit: it covers every input, the code that fits and the versions
of the libraries below it (held by ``tests/test_fitting.py``).
"""

from __future__ import annotations

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np

from forecast.draws.joint import Ordering, condition
from forecast.draws.paths import IndicatorPaths, indicator_paths, single_precision
from forecast.errors import NonFiniteError
from forecast.inference.gaps.fast import Method
from forecast.inference.model import Measurements
from forecast.inference.sampling import fit, stream
from forecast.periods import Frequency


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FitTask:
    """Everything that the draws of an indicator depend on.

    remarks : what is known of its gaps without a number
    draws : how many
    """

    indicator: str
    frequency: Frequency
    target_year: int
    measurements: Measurements
    remarks: tuple[Ordering, ...]
    method: Method
    seed: int
    draws: int


def fit_indicator(task: FitTask) -> IndicatorPaths:
    """Draws of one indicator in the target year, before it is coupled with others; a pure function of the task.

    Draws are in single precision (as float64), as they are kept.

    Raises
    ------
    NonFiniteError
        A draw is NaN or infinite, or leaves the last period no weight at all.
    """
    posterior = fit(task.measurements, method=task.method, seed=task.seed, name=task.indicator, draws=task.draws)
    paths = indicator_paths(posterior, indicator=task.indicator, frequency=task.frequency, target_year=task.target_year)
    conditioned = condition(paths, task.remarks, stream(task.seed, task.indicator, "orderings"))
    if not (np.isfinite(conditioned.cum_yoy.values).all() and np.isfinite(conditioned.growth.values).all()):
        raise NonFiniteError(f"{task.indicator}: a draw is not a finite number")
    kept = single_precision(conditioned)
    if (kept.base_weight.values[..., :-1].sum(axis=-1) >= 1.0).any():
        raise NonFiniteError(f"{task.indicator}: a draw leaves the last period no weight")
    return kept


def fit_key(task: FitTask) -> str:
    """First 32 hex digits of the SHA-256 over the task, the code and the libraries that fit it."""
    return digest((task, code_hash(), sorted(library_versions(task.method).items())))[:32]


SECONDS_EACH: Final[Mapping[str, float]] = {"fast": 0.5, "auto": 0.5, "nuts": 12.0}
"""What the fit of an indicator takes on one core, roughly, by method; decides only where it is done."""
_SAMPLING: Final = ("numpy", "scipy", "pymc", "nutpie", "pytensor", "numba")
_LIBRARIES: Final[Mapping[str, tuple[str, ...]]] = {
    "fast": ("numpy", "scipy"),
    "auto": _SAMPLING,
    "nuts": _SAMPLING,
}
"""Libraries whose version may change the last digit of a draw, by method."""


def library_versions(method: Method) -> dict[str, str]:
    """Versions of the libraries that a method rests on."""
    return {name: _version(name) for name in _LIBRARIES[method]}


@cache
def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def digest(value: object) -> str:
    """SHA-256 of a value made of numbers, texts, arrays, enums, sequences, mappings and dataclasses.

    Raises
    ------
    TypeError
        Some part is of another type: it would have no stable form.
    """
    state = hashlib.sha256()
    for chunk in _chunks(value):
        state.update(len(chunk).to_bytes(8, "little") + chunk)
    return state.hexdigest()


def _chunks(value: Any) -> Iterable[bytes]:
    """Bytes that tell the value apart from every other one of its type, and types from each other."""
    yield type(value).__name__.encode()
    match value:
        case Enum():
            yield str(value.value).encode()
        case None | bool() | int() | float() | str():
            yield repr(value).encode()
        case np.generic():
            yield repr(value.item()).encode()
        case np.ndarray():
            yield f"{value.dtype.str}{value.shape}".encode()
            yield np.ascontiguousarray(value).tobytes()
        case tuple() | list():
            yield str(len(value)).encode()
            for one in value:
                yield from _chunks(one)
        case Mapping():
            yield str(len(value)).encode()
            for key in sorted(value, key=repr):
                yield from _chunks(key)
                yield from _chunks(value[key])
        case _ if is_dataclass(value):
            for field in fields(value):
                yield field.name.encode()
                yield from _chunks(getattr(value, field.name))
        case _:
            raise TypeError(f"no stable form: {type(value).__name__}")


@cache
def code_hash(start: Path = Path(__file__)) -> str:
    """First 16 hex digits of the SHA-256 over the code of a module and of all of the package that it imports.

    Comments, docstrings and blank lines are no code: a change of words renames no run and refits nothing.

    Parameters
    ----------
    start : file of the module; this one: what a fit depends on
    """
    state = hashlib.sha256()
    for path in sorted(_modules_below(start)):
        state.update(
            path.name.encode() + hashlib.sha256("\0".join(code_words(path.read_text("utf-8"))).encode()).digest()
        )
    return state.hexdigest()[:16]


def code_words(source: str) -> list[str]:
    """Words of a source that a program runs by: no comment, no blank line, no string that stands alone."""
    silent = (tokenize.COMMENT, tokenize.NL)
    words = [token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type not in silent]
    starts = (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    alone = {
        k
        for k, token in enumerate(words)
        if token.type == tokenize.STRING
        and (k == 0 or words[k - 1].type in starts)
        and words[k + 1].type == tokenize.NEWLINE
    }
    return [token.string for k, token in enumerate(words) if k not in alone and k - 1 not in alone]


def _modules_below(start: Path) -> set[Path]:
    """A module's file and those of the package's modules it imports, wherever in the text."""
    package = Path(__file__).parents[1]
    found, open_ = {start}, [start]
    while open_:
        for node in ast.walk(ast.parse(open_.pop().read_bytes())):
            for name in _imported(node):
                path = package.parent.joinpath(*name.split(".")).with_suffix(".py")
                if name.startswith(f"{package.name}.") and path.is_file() and path not in found:
                    found.add(path)
                    open_.append(path)
    return found


def _imported(node: ast.AST) -> list[str]:
    """Names that a statement imports as modules, or that may be modules."""
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom(module=str(module)):
            return [module, *(f"{module}.{alias.name}" for alias in node.names)]
    return []
