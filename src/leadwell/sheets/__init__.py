"""Leads as files of typed cells: workbooks for Excel, and Parquet."""
