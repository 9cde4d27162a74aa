"""People: who signs in to the pages, and what is kept for them."""
