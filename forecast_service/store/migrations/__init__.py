"""Alembic's migrations. A revision's name is the number that its file begins with: 0001, 0002, ..."""
