"""Readers of key-point files, one per format."""
