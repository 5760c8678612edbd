"""What may be assumed and what is asked: levers, scenarios, conflicts, targets; nothing is fitted here."""
