"""Least effort under chance constraints on draws: wishes, programs, the search, all on plain arrays."""

from forecast.solver.plans import Found, Problem, search
from forecast.solver.program import Columns, Program, kkt, least_effort, least_use
from forecast.solver.wishes import Form, Wish, distance, gain, value

__all__ = [
    "Columns",
    "Form",
    "Found",
    "Problem",
    "Program",
    "Wish",
    "distance",
    "gain",
    "kkt",
    "least_effort",
    "least_use",
    "search",
    "value",
]
