"""The databases there are, each behind the same `Database` protocol."""
