"""Scenario files: the vocabulary of actions, read and checked against a data set."""
