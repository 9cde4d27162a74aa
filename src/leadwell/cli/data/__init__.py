"""`leadwell lead`, `backup` and `restore`: single leads, and all of them at once."""
