"""What the service keeps in SQL: scenarios with all their versions, and what was answered about them."""
