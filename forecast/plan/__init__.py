"""What it would take: levers, wishes, the least effort that grants them, and the path that a probability needs."""
