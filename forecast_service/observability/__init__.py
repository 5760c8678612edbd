"""Logs, metrics and traces, and their links to a request."""
