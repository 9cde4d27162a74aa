"""Tools with which AI assistants read leads, over the Model Context Protocol.

They ask the hub's own API with the bearer's token and know of no other way in, so that
nothing is checked or filtered twice (docs/decisions/0017).
"""
