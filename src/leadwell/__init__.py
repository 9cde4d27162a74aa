"""Leadwell: a self-hosted lead hub, and the client that reads leads from it."""
