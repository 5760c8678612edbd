"""The members and how they are pooled: draws, the learned trust, commitments, plans."""
