"""Levers, scenarios, conflicts between levers, and targets."""
