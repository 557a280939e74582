"""Who does what by when: need, carriers, exact margins, lists of counties, task lists read back."""
