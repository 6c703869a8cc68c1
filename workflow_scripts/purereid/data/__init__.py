"""Data sets on disk: the index, its readers, images, features."""
