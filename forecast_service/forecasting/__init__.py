"""The statistics as a running service holds them: forecasters, fits on demand, the current vintage; no route."""
