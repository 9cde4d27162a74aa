"""Every call of the API as a flow: what is sent, and how its answer is read."""
