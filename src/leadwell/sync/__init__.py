"""The incremental sync: a copy of a campaign's leads that follows the change feed."""
