"""Connections of readers: how they are listened to, and for how long."""
