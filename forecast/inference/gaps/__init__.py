"""Figures with many gaps: a design of hyperparameters place by place, and its PyMC twin."""
