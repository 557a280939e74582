"""Directories of results, written whole or not at all.

Invariant: a directory that is none of ours is never touched, and an earlier one stays until the new one is complete
(held by ``tests/test_report.py``, ``tests/test_collected.py`` and ``tests/test_backtest.py``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forecast.errors import UsageError


@contextmanager
def replaced(out: Path, *, manifest: str, refusal: str) -> Iterator[Path]:
    """A fresh directory that takes the place of ``out`` when the block ends well.

    Parameters
    ----------
    manifest : file by which a directory of this kind is known
    refusal : code of the message where ``out`` is something else

    Raises
    ------
    UsageError
        ``out`` exists and has no such manifest, or cannot be written.
    """
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / manifest).is_file())):
        raise UsageError(refusal, folder=out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".dabiao-") as scratch:
            fresh = Path(scratch) / "new"
            fresh.mkdir()
            yield fresh
            if out.exists():
                out.replace(Path(scratch) / "old")
            fresh.replace(out)
    except OSError as error:
        raise UsageError("usage_not_written", folder=out, reason=error.strerror or error) from error
