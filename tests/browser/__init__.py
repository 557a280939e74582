"""Journeys through the app in a real browser, without its screen and without the network."""
