"""Processes that compute for all workers of a replica: what a worker calls, and what such a process runs."""
