"""The database: one module for each resource. It knows no schemas, routes or forecasts."""
