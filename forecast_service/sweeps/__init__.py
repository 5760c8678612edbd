"""Sweeps as jobs: document, task (without Flask and SQL), executors, and the worker that leases chunks."""
