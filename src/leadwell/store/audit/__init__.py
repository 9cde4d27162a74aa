"""The audit log: who read, wrote and decided what, in chains that show tampering."""
