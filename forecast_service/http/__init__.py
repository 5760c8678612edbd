"""HTTP: negotiation, cache, compression, limits, strict parsing, problems. Imports no forecaster, store or chart."""
