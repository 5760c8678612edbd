"""The statistics in a running service: forecasters, fits on demand, the current vintage; no route."""
