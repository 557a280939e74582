"""Regular figures: one factorisation for all hyperparameters, closed forms, and their PyMC twin."""
