"""Commands that copy leads elsewhere: they ask a hub, and need no server packages."""
