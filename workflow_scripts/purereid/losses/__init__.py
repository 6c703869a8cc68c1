"""Losses that several systems share, one per file."""
