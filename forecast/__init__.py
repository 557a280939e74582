"""Dabiao (达标): how likely a city reaches its provincial average by the end of the year."""

__version__ = "0.1.0"
__all__ = ["__version__"]
