"""Leads of one person: how they are found, and what is done about them."""
