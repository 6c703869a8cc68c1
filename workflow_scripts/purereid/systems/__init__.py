"""Generators of person images: what they share, and one sub-package per published system."""
