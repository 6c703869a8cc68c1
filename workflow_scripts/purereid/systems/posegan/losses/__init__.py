"""Losses of the pose-guided generator, one per file."""
