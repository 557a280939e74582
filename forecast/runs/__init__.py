"""A run, the session on its draws, the monthly update, and the store that keeps them."""
