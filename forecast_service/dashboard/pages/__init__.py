"""The content of each view, from the API's answers. Every number is one of theirs."""
