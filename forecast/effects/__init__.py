"""What actions do to draws: delivery is drawn, ledgers give amounts, couplings carry them to every indicator."""

from forecast.effects.applied import Effects, apply, year_end
from forecast.effects.evaluate import Evaluator
from forecast.effects.world import World

__all__ = ["Effects", "Evaluator", "World", "apply", "year_end"]
