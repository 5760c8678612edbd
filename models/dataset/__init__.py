"""Which countries, which figures, which vintage: tables, projections, checks, imports;
nothing is fitted or drawn here."""
