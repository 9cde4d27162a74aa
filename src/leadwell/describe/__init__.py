"""Documents made from a campaign or from the code itself. Pure."""
