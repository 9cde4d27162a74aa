"""Destinations that receive leads instead of keeping them: webhooks, CRMs, ERPs.

What was pulled, and what of it has still to be delivered, stands in a ledger
(docs/decisions/0021).
"""
