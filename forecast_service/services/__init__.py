"""Use cases, one file a resource: between views and the forecasters and store; no route, no SQL."""
