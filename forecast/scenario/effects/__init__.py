"""What actions do to draws: delivery is drawn, ledgers give amounts, couplings carry them to every indicator."""

from forecast.scenario.effects.couple import Effects, apply, year_end, year_ends
from forecast.scenario.effects.evaluate import Evaluator
from forecast.scenario.world import World

__all__ = ["Effects", "Evaluator", "World", "apply", "year_end", "year_ends"]
