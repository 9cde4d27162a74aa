"""The nouns: plain frozen values with no I/O, no clock and no framework."""
