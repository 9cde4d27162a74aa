"""The derived read index of a campaign: any page of any filter at constant cost.

It is made from the leads and followed by their sequence; it can be thrown away at any
time. Nothing here reads a database: `store.indexes` feeds it.
"""
