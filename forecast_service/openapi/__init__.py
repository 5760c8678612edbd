"""The contract, made from schemas and views, with its security part and real examples; it serves nothing."""
