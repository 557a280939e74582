"""Levers: real activity that a plan can call for, with caps, difficulties, and what each brings on the draws."""

from forecast.levers.candidates import LeverOptions, candidates
from forecast.levers.kinds import FAMILIES, FORBIDDEN, CapEvidence, Family, Lever
from forecast.levers.worth import Worth, worth

__all__ = [
    "FAMILIES",
    "FORBIDDEN",
    "CapEvidence",
    "Family",
    "Lever",
    "LeverOptions",
    "Worth",
    "candidates",
    "worth",
]
