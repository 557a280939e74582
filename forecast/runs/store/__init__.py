"""Kept runs: nothing lost, everything replayable."""

from forecast.runs.store.bundle import copy_to, export, import_bundle
from forecast.runs.store.contents import Answers
from forecast.runs.store.disk import ConflictError, StoreError
from forecast.runs.store.identity import Header, Identity, identity_of
from forecast.runs.store.kept import KeptRun, is_kept, opened
from forecast.runs.store.scenarios import Scenarios, ScenarioStatus, ScenarioVersion
from forecast.runs.store.store import Store, home

__all__ = [
    "Answers",
    "ConflictError",
    "Header",
    "Identity",
    "KeptRun",
    "ScenarioStatus",
    "ScenarioVersion",
    "Scenarios",
    "Store",
    "StoreError",
    "copy_to",
    "export",
    "home",
    "identity_of",
    "import_bundle",
    "is_kept",
    "opened",
]
