"""Allies, figures and vintages: tables, projections, checks, imports."""
