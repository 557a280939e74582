"""What can be wrong with kept runs, in both languages."""

from __future__ import annotations

from forecast.errors import ForecastError
from forecast.texts import Lang, t

__all__ = ["ConflictError", "StoreError"]


class StoreError(ForecastError):
    """A run cannot be kept, found or read.

    code : key of the message below ``store`` in the catalogues; params : values for its placeholders
    """

    def __init__(self, code: str, **params: object) -> None:
        self.code = code
        self.params = params
        super().__init__(self.text("en"))

    def text(self, lang: Lang) -> str:
        """What is wrong, and what to do."""
        return t(f"store.error_{self.code}", lang, **self.params)


class ConflictError(StoreError):
    """Somebody else saved a newer version since this one was opened; nothing was overwritten."""
