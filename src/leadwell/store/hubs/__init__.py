"""What the hubs of one database tell each other through it."""
