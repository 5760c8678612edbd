"""Authenticates callers, checks scopes and tokens, and throttles the guessing of credentials."""
