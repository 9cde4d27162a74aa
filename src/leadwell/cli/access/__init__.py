"""`leadwell token` and `share`: who may see what, by a secret or by a URL."""
