"""The tab Filters."""
