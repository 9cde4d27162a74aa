"""Sample data: one campaign and its leads, made up from a seed."""
