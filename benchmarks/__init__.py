"""What things cost, measured side by side. Nothing in the tests depends on speed."""
