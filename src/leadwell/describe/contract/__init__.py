"""The wire as data: one table of operations, and what is rendered from it."""
