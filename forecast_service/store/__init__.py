"""What the service keeps in SQL, one repository a resource; nothing here knows schemas, routes or forecasts."""
