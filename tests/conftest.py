"""For the whole suite: no clock in a verdict, no files beside the tests, a store of kept runs of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("dabiao", deadline=None, database=None)
settings.load_profile("dabiao")


@pytest.fixture(autouse=True, scope="session")
def _store_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Runs that tests keep never reach the user's store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DABIAO_HOME", str(tmp_path_factory.mktemp("home")))
        yield
