"""Cursors: what they are bound to, where they stand, and how they are sealed."""
