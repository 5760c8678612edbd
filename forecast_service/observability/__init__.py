"""Logs, metrics and traces, and what ties them to a request; nothing here decides anything."""
