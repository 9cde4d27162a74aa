"""Writing leads: one write is one campaign and one transaction, under one ticket."""
