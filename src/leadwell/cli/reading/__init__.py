"""Commands of those who read leads: they ask a hub, and need no server packages."""
