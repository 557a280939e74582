"""Kept runs: nothing lost, everything replayable."""

from forecast.store.bundle import copy_to, export, import_bundle
from forecast.store.contents import Answers
from forecast.store.errors import ConflictError, StoreError
from forecast.store.kept import Header, KeptRun, is_kept, opened
from forecast.store.store import Store, home
from forecast.store.versions import Scenarios, ScenarioStatus, ScenarioVersion

__all__ = [
    "Answers",
    "ConflictError",
    "Header",
    "KeptRun",
    "ScenarioStatus",
    "ScenarioVersion",
    "Scenarios",
    "Store",
    "StoreError",
    "copy_to",
    "export",
    "home",
    "import_bundle",
    "is_kept",
    "opened",
]
