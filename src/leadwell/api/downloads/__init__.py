"""Files made for who asks, to use with other tools."""
