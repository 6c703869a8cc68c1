"""Scores of generated images by networks and by true pictures."""
