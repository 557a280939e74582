"""Random numbers come from keyed streams, one kind a purpose, made in two places."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from forecast.draws.streams import generator
from forecast.inference.sampling import stream

PACKAGE = Path(__file__).parent.parent / "forecast"
MADE_IN = {"inference/sampling.py", "draws/streams.py"}
"""Streams of fits, and streams of worlds and actions."""
SIMULATED = ("track_record/", "selftest/")
"""Rooms that simulate from seeds of their own."""


def makers(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = ("default_rng", "Philox", "PCG64", "RandomState", "SeedSequence")
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in named
    ]


def test_generators_are_made_in_two_modules_and_else_only_for_fixed_designs():
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        if name in MADE_IN or name.startswith(SIMULATED):
            continue
        for call in makers(path):
            assert all(isinstance(one, ast.Constant) for one in call.args), f"{name}, line {call.lineno}"
            assert call.args, f"{name}, line {call.lineno}: a generator without a seed"


@pytest.mark.parametrize("made", [generator, stream])
def test_a_stream_depends_on_the_seed_and_every_letter_of_its_names_and_on_nothing_else(made):
    first = made(7, "a", "bc").standard_normal(4)
    made(7, "other").standard_normal(100)
    np.testing.assert_array_equal(made(7, "a", "bc").standard_normal(4), first)
    for seed, names in ((8, ("a", "bc")), (7, ("ab", "c")), (7, ("a", "bd")), (7, ("a",)), (7, ("a", "bc", ""))):
        assert not np.array_equal(made(seed, *names).standard_normal(4), first)
