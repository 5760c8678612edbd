"""From figures to saved paths: fits, GDP, revisions, related spending, the store on disk."""
