"""Losses of the reID model, one per file."""
