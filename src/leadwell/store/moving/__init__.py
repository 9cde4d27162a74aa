"""A whole hub moved to another database: copied in ranges of keys, then compared.

Nothing is converted on the way: both databases have the same tables (ADR 0012), and
what is compared afterwards is every row, as either database answers it.
"""
