"""The installed program tests itself: fixtures with known answers, a small run from files to tables, versions."""
