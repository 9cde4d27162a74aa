"""What the hub itself sends to others."""
