"""Poses of people: estimated from images, or given by the user."""
