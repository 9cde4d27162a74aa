"""The nouns: frozen values that do no I/O."""
