"""Scores of generated images; knows arrays and tensors, neither files nor generators."""
