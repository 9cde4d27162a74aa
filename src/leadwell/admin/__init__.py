"""The hub's pages for people: HTML, rendered here, usable without scripts."""
