"""Alembic's migrations. A revision is named for the number its file begins with: 0001, 0002, ..."""
