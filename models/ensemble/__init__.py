"""The members and how they are pooled: draws, learned weights, commitments."""
