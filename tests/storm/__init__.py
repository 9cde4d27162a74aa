"""Writers, an operator and readers that work on one campaign of a hub at once."""
