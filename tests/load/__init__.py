"""More than a hub can answer: who sends it, and what the hub's processes hold."""
