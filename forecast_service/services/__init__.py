"""Use cases, one file a resource: the only way from a view to forecasters and the store; no route, no SQL."""
