"""Fuzzing, kills and concurrent writers."""
