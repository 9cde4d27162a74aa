"""How much one reader may ask for, and how much the hub takes on at once (ADR 0029)."""
