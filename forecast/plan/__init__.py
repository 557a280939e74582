"""What it would take: levers, wishes, the least effort that grants them, the monthly path a probability needs."""
