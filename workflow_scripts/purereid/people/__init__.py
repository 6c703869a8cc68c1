"""Rendered people: the embedded data set."""
