"""`leadwell field`, `option` and `status`: change the schema of a living campaign."""
