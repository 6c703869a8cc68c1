"""Digests: of values and files, and of the code that can change a result."""
