"""Kept runs: nothing lost, everything replayable."""

from forecast.runs.store.disk import ConflictError, StoreError
from forecast.runs.store.kept import Answers, KeptRun, is_kept, opened
from forecast.runs.store.registry import Header, Identity, Scenarios, ScenarioStatus, ScenarioVersion, identity_of
from forecast.runs.store.store import Store, copy_to, export, home, import_bundle

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
