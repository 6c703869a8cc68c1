"""Textures: what all of a person's surface looks like, unrolled; where they come from, and what they are good for."""
