"""What actions do to draws: delivery is drawn, ledgers give amounts, couplings carry them to every indicator."""

from forecast.effects.evaluate import Effects, Evaluator, apply
from forecast.effects.world import World

__all__ = ["Effects", "Evaluator", "World", "apply"]
