"""Checks of a config beyond its schema, before any job is run."""
