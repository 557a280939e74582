"""Hypothesis for the whole suite: no clock in a verdict, no files beside the tests."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("dabiao", deadline=None, database=None)
settings.load_profile("dabiao")
