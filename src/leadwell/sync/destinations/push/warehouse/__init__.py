"""Warehouses: what waits in a ledger goes there through dlt (docs/decisions/0024)."""
