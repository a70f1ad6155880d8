"""The steps that bring a database up to date, one file a step in `versions`; Alembic runs them."""
