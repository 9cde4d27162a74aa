"""The database. Every SQL statement of the server stands in this package."""
