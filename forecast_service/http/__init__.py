"""The protocol: negotiation, cache, compression, limits, strict parsing,
problems; no forecaster, store or chart is known here."""
