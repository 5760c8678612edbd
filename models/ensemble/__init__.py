"""The members and how they are pooled: draws, learned weights, commitments;
scenarios and answers are not known here."""
