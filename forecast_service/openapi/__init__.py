"""Makes the contract from schemas and views, with its security requirements and real examples."""
