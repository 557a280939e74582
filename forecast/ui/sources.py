"""What stands on every page: what its numbers came from, and that synthetic data are synthetic.

Invariant: synthetic data say so on every page and on every print (held by ``tests/test_app_overview.py``).
"""

from __future__ import annotations

from forecast.texts import t
from forecast.ui.choice import Choice

__all__ = ["mark_text", "source_text"]


def mark_text(choice: Choice) -> str:
    """What synthetic data must say; empty for real figures."""
    return t("report.note_synthetic_all", choice.lang) if choice.run.config.synthetic else ""


def source_text(choice: Choice) -> str:
    """Run, data, model, method, seed, draws and time of what is shown."""
    header = choice.run.header
    return t(
        "ui.source",
        choice.lang,
        run=header.run_id,
        data=header.data_hash[:12],
        version=header.model_version,
        method=header.method,
        seed=header.seed,
        draws=header.draws,
        kept=f"{header.kept_at.astimezone():%Y-%m-%d %H:%M}",
    )
