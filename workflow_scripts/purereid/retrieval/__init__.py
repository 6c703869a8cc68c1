"""Ranking of a gallery for queries; knows arrays, not models."""
