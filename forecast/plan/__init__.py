"""What it would take: levers, wishes, the least effort that grants them, and the monthly path that a probability needs."""
