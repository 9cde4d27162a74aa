"""The pages about one task each, titled as people ask."""
