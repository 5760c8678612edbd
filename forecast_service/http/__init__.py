"""The protocol: negotiation, cache, compression, limits, strict parsing, problems; nothing here knows of forecasts."""
