"""Use cases, one file per resource: they connect the views to the forecasters and the store; no route, no SQL."""
