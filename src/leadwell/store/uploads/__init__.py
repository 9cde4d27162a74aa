"""Files that people load on the pages: how far each is, and what it has added."""
