"""Joint draws of growth in the target year, and what is put on them: orderings, conditions, GDP from its industries."""
