"""The tab API documentation: tokens, their links, and how their readers fare."""
