"""PostgreSQL: a schema of a database as a copy."""
