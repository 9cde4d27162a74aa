"""How long leads are kept: rules, what they are about, and carrying them out."""
