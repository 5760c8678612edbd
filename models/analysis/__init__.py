"""Analyses of many forecasts: alliance, requirement, sensitivity, sweep, change between vintages, freezing."""
